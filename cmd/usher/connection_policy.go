package main

import (
	"context"
	"strconv"
	"strings"

	"usher/domain"
)

type connectionPolicy struct {
	connectionFlags
	Activation   string   `enum:",first_access,immediate,invite" default:"" placeholder:"WHEN" help:"When pushed people become active: first_access, immediate or invite."`
	PasswordSync string   `enum:",drop,keep" default:"" placeholder:"WHAT" help:"What becomes of pushed passwords: drop, or keep (people sign in by them)."`
	SeatOverflow string   `enum:",refuse,wait,organisation" default:"" placeholder:"WHAT" help:"What becomes of a push without a free seat: refuse, wait, or what the organisation decided."`
	Suspension   string   `enum:",administrator_wins,directory_wins,organisation" default:"" placeholder:"WHO" help:"Whether the directory brings back whom an administrator deactivated: administrator_wins, directory_wins, or what the organisation decided."`
	EmailChange  string   `enum:",never,directory,organisation" default:"" placeholder:"WHO" help:"Whether the directory changes user names and e-mails: never, directory (it does), or what the organisation decided."`
	Successor    string   `enum:",manager,fallback,leave" default:"" placeholder:"WHO" help:"Who takes over records of people who go: manager (else the fallback), fallback, or leave them."`
	Fallback     string   `aliases:"successor_fallback_id" placeholder:"ID" help:"Id of the person who takes over records where nobody else does; none takes it back."`
	Adoption     string   `enum:",marked,never" default:"" placeholder:"WHAT" help:"Which older accounts the connection adopts: those marked for it, or never any."`
	Roles        []string `aliases:"limits.roles" placeholder:"ID" help:"Roles that the directory may give, by id, with commas between; any for no restriction, none for no role."`
	Profiles     []string `aliases:"limits.profiles" placeholder:"ID" help:"Profiles that the directory may give; as --roles."`
	Licences     []string `aliases:"limits.licences" placeholder:"TYPE" help:"Licences that the directory may give; as --roles."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (connectionPolicy) Help() string {
	return `Shows what a connection may do; what is given is changed first, and holds from the directory's next request on.

Examples:

  usher connection policy --org acme --name okta
  usher connection policy --org acme --name okta --activation first_access --seat-overflow wait
  usher connection policy --org acme --name okta --licences full,simulator --roles none`
}

// shownConnectionPolicy is a policy as JSON. null stands for what the organisation decided, and for no restriction.
type shownConnectionPolicy struct {
	Activation          string   `json:"activation"`
	PasswordSync        string   `json:"password_sync"`
	SeatOverflow        *string  `json:"seat_overflow"`
	Suspension          *string  `json:"suspension"`
	EmailChange         *string  `json:"email_change"`
	Successor           string   `json:"successor"`
	SuccessorFallbackID *string  `json:"successor_fallback_id"`
	Adoption            string   `json:"adoption"`
	Roles               []string `json:"roles"`
	Profiles            []string `json:"profiles"`
	Licences            []string `json:"licences"`
	Version             int64    `json:"version"`
}

// Run shows or changes it.
func (c *connectionPolicy) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		policy, err := in.ChangeConnectionPolicy(ctx, c.Org, c.Name, c.apply)
		if err != nil {
			return err
		}
		shown := showConnectionPolicy(policy)
		return c.print(p, shown, func() string {
			as := func(s *string) string {
				if s == nil {
					return "as the organisation"
				}
				return *s
			}
			list := func(names []string) string {
				switch {
				case names == nil:
					return "any"
				case len(names) == 0:
					return "none"
				}
				return strings.Join(names, ", ")
			}
			rows := [][]string{
				{"activation", shown.Activation}, {"password sync", shown.PasswordSync}, {"seat overflow", as(shown.SeatOverflow)},
				{"suspension", as(shown.Suspension)}, {"e-mail change", as(shown.EmailChange)}, {"successor", shown.Successor},
				{"fallback", orNone(shown.SuccessorFallbackID)}, {"adoption", shown.Adoption}, {"roles", list(shown.Roles)},
				{"profiles", list(shown.Profiles)}, {"licences", list(shown.Licences)}, {"version", strconv.FormatInt(shown.Version, 10)},
			}
			return table([]string{"POLICY", "VALUE"}, rows, "")
		})
	})
}

func orNone(s *string) string {
	if s == nil {
		return "none"
	}
	return *s
}

// apply makes the new policy of the current one.
func (c *connectionPolicy) apply(p domain.ConnectionPolicy) (domain.ConnectionPolicy, error) {
	choose(&p.Activation, c.Activation)
	choose(&p.PasswordSync, c.PasswordSync)
	choose(&p.SeatOverflow, c.SeatOverflow)
	choose(&p.Suspension, c.Suspension)
	choose(&p.EmailChange, c.EmailChange)
	choose(&p.Successor.Kind, c.Successor)
	choose(&p.Adoption, c.Adoption)
	switch c.Fallback {
	case "":
	case "none":
		p.Successor.Fallback = domain.UserID{}
	default:
		id, ok := domain.ParseID[domain.User](c.Fallback)
		if !ok {
			return p, wrong("fallback", "this is no id of a person")
		}
		p.Successor.Fallback = id
	}
	if err := limit("roles", &p.Limits.Roles, c.Roles); err != nil {
		return p, err
	}
	if err := limit("profiles", &p.Limits.Profiles, c.Profiles); err != nil {
		return p, err
	}
	if names, given := listed(c.Licences); given {
		p.Limits.Licences = names
	}
	return p, nil
}

// choose sets a field for which there is a flag; organisation makes it empty.
func choose[Text ~string](field *Text, flag string) {
	switch flag {
	case "":
	case "organisation":
		*field = ""
	default:
		*field = Text(flag)
	}
}

// listed reads a list flag: any is nil, none is empty.
func listed(flag []string) (names []string, given bool) {
	switch {
	case len(flag) == 0:
		return nil, false
	case len(flag) == 1 && flag[0] == "any":
		return nil, true
	case len(flag) == 1 && flag[0] == "none":
		return []string{}, true
	}
	return flag, true
}

// limit reads a list of identifiers.
func limit[Noun any](flag string, ids *[]domain.ID[Noun], words []string) error {
	names, given := listed(words)
	if !given {
		return nil
	}
	if *ids = nil; names == nil {
		return nil
	}
	list := make([]domain.ID[Noun], len(names))
	for i, name := range names {
		id, ok := domain.ParseID[Noun](name)
		if !ok {
			return wrong(flag, "%q is no id; use ids with commas between, or any, or none", name)
		}
		list[i] = id
	}
	*ids = list
	return nil
}

func showConnectionPolicy(p domain.ConnectionPolicy) shownConnectionPolicy {
	shown := shownConnectionPolicy{
		Activation: string(p.Activation), PasswordSync: string(p.PasswordSync), SeatOverflow: orNull(string(p.SeatOverflow)),
		Suspension: orNull(string(p.Suspension)), EmailChange: orNull(string(p.EmailChange)), Successor: string(p.Successor.Kind),
		Adoption: string(p.Adoption), Roles: idNames(p.Limits.Roles), Profiles: idNames(p.Limits.Profiles), Licences: p.Limits.Licences,
		Version: p.Version,
	}
	if !p.Successor.Fallback.IsZero() {
		shown.SuccessorFallbackID = orNull(p.Successor.Fallback.String())
	}
	return shown
}

// idNames are identifiers as texts; nil for nil.
func idNames[Noun any](ids []domain.ID[Noun]) []string {
	if ids == nil {
		return nil
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = id.String()
	}
	return names
}
