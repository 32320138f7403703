package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// Access is everything that one person is given.
type Access struct {
	Role       *given      `json:"role" doc:"null: nobody has decided."`
	Profile    *given      `json:"profile" doc:"null: nobody has decided."`
	Team       *given      `json:"team" doc:"null: nobody has decided."`
	Queues     []given     `json:"queues" nullable:"false"`
	Granted    permissions `json:"granted"`
	Revoked    permissions `json:"revoked"`
	Owner      bool        `json:"owner" doc:"A system owner, who may do everything."`
	Licence    string      `json:"licence" doc:"The licence type, which says what modules the person reaches at all."`
	ModifiedAt *time.Time  `json:"modified_at" doc:"null: nothing was ever given."`
}

// given is one thing that a person was given, and by whom.
type given struct {
	ID     *string    `json:"id" format:"uuid" doc:"null: it was decided that the person has none."`
	Source string     `json:"source" enum:"administrator,extension,roles,mapping,default" doc:"Who gave it: an administrator or application, the SCIM extension of Usher, SCIM roles and entitlements, a group, the defaults of the organisation."`
	Locked bool       `json:"locked" doc:"Nothing from the directory overrules it."`
	Since  *time.Time `json:"since" doc:"Of a default, since when it is the default; null: it was not noted."`
}

// changedAccess is the outcome of a change.
type changedAccess struct {
	Access

	Warning *string `json:"warning" doc:"The change was made and is probably not what was meant; null: none."`
}

// effective is what a person may do when all is counted together.
type effective struct {
	Permissions permissions `json:"permissions"`
}

type changeAccess struct {
	Matching

	Body struct {
		RoleID    choice      `json:"role_id,omitzero"`
		ProfileID choice      `json:"profile_id,omitzero"`
		TeamID    choice      `json:"team_id,omitzero"`
		QueueIDs  idTexts     `json:"queue_ids,omitzero" doc:"In place of the queues that administrators gave; null: none."`
		Granted   permissions `json:"granted,omitzero" nullable:"true"`
		Revoked   permissions `json:"revoked,omitzero" nullable:"true"`
		Locked    bool        `json:"locked,omitempty" doc:"Nothing from the directory overrules what this gives."`
	}
}

type copyAccess struct {
	Matching

	Body struct {
		From string `json:"from" doc:"The id of the person who has it already." minLength:"1" maxLength:"36"`
	}
}

func (s *service) addAccess() {
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/access", id: "get-user-access", tag: "Access", summary: "Read what a person is given",
		description: "The defaults of the organisation are included. Its ETag is one of its own.", needs: "users:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*one[Access], error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		u, err := s.Administration.UserAccess(ctx, who, id)
		return &one[Access]{ETag: tag(u.Version), Body: showAccess(u)}, err
	})
	add(s, operation{
		method: http.MethodPatch, path: "/users/{id}/access", id: "change-user-access", tag: "Access", summary: "Change what a person is given",
		description: "What is not sent stays, and null takes away (RFC 7396). granted and revoked take the place of those there were. Nobody gives what they do not hold.", needs: "users:edit",
	}, s.changeAccess)
	add(s, operation{
		method: http.MethodPost, path: "/users/{id}/access/copy", id: "copy-user-access", tag: "Access", summary: "Give a person what another one has",
		description: "Role, profile, team, queues and own permissions. Needs users:view on the other one, too. Nobody gives what they do not hold.", needs: "users:edit",
	}, s.copyAccess)
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/permissions", id: "get-user-permissions", tag: "Access", summary: "Read what a person may do",
		description: "The profile, the baselines and what the person was granted, without what was revoked, as far as the licence reaches; for a system owner everything in the catalogue. " +
			"Of who may not come in at the moment, inactive or blocked, it is what they hold and would do again, an owner's as anybody's: without the baselines where they are not active. " +
			"They do nothing with it now, which access-decision says.",
		needs: "users:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*plain[effective], error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		held, err := s.Administration.Effective(ctx, who, id)
		return &plain[effective]{Body: effective{showPermissions(held)}}, err
	})
}

func (s *service) changeAccess(ctx context.Context, who domain.Administrator, in *changeAccess) (*one[changedAccess], error) {
	id, err := identified[domain.User](in.ID, "user")
	if err != nil {
		return nil, err
	}
	change, err := in.change()
	if err != nil {
		return nil, err
	}
	outcome, err := s.Administration.Assign(ctx, who, id, ifMatch(in.IfMatch), change)
	return oneChanged(outcome), respelt(err, "role", "role_id", "profile", "profile_id", "team", "team_id", "queues", "queue_ids")
}

func (in *changeAccess) change() (domain.AccessChange, error) {
	c := domain.AccessChange{Locked: in.Body.Locked}
	var err error
	if c.Role, err = chosen[domain.Role]("role_id", in.Body.RoleID); err != nil {
		return c, err
	}
	if c.Profile, err = chosen[domain.Profile]("profile_id", in.Body.ProfileID); err != nil {
		return c, err
	}
	if c.Team, err = chosen[domain.Team]("team_id", in.Body.TeamID); err != nil {
		return c, err
	}
	if c.Queues, err = identifiedAll[domain.Queue]("queue_ids", in.Body.QueueIDs); err != nil {
		return c, err
	}
	if c.Granted, err = in.Body.Granted.readIfSent("granted"); err != nil {
		return c, err
	}
	c.Revoked, err = in.Body.Revoked.readIfSent("revoked")
	return c, err
}

func (s *service) copyAccess(ctx context.Context, who domain.Administrator, in *copyAccess) (*one[changedAccess], error) {
	to, err := identified[domain.User](in.ID, "user")
	if err != nil {
		return nil, err
	}
	from, err := filtered[domain.User]("from", in.Body.From)
	if err != nil {
		return nil, err
	}
	outcome, err := s.Administration.CopyAccess(ctx, who, from, to, ifMatch(in.IfMatch))
	// What is at fault is something that the other person has.
	return oneChanged(outcome), respelt(err, "role", "from", "profile", "from", "granted", "from", "revoked", "from")
}

func oneChanged(outcome domain.Assigned) *one[changedAccess] {
	return &one[changedAccess]{ETag: tag(outcome.Version), Body: changedAccess{Access: showAccess(outcome.UserAccess), Warning: orNil(outcome.Warning)}}
}

func showAccess(u domain.UserAccess) Access {
	shown := Access{
		Role: showGiven(u.Role), Profile: showGiven(u.Profile), Team: showGiven(u.Team), Queues: []given{},
		Granted: showPermissions(u.Granted), Revoked: showPermissions(u.Revoked), Owner: u.Owner, Licence: u.Licence, ModifiedAt: moment(u.ModifiedAt),
	}
	for _, q := range u.Queues {
		if g := showGiven(q); g != nil {
			shown.Queues = append(shown.Queues, *g)
		}
	}
	return shown
}

func showGiven[Noun any](g domain.Given[Noun]) *given {
	if g.Source == "" {
		return nil
	}
	return &given{ID: idOr(g.ID), Source: string(g.Source), Locked: g.Locked, Since: moment(g.At)}
}
