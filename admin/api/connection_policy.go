package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"usher/domain"
)

// ConnectionPolicy is what a connection may do, and how what it pushes is taken.
type ConnectionPolicy struct {
	Activation          string  `json:"activation" enum:"first_access,immediate,invite" doc:"When a pushed person becomes active: with the first sign-in, at once, or by accepting an invitation."`
	PasswordSync        string  `json:"password_sync" enum:"drop,keep" doc:"What becomes of a password that the directory pushes: it is dropped, or it becomes the person's, who can sign in here by it."`
	SeatOverflow        *string `json:"seat_overflow" doc:"refuse or wait; null: as the organisation decided."`
	Suspension          *string `json:"suspension" doc:"administrator_wins or directory_wins; null: as the organisation decided."`
	EmailChange         *string `json:"email_change" doc:"never or directory; null: as the organisation decided."`
	Successor           string  `json:"successor" enum:"manager,fallback,leave" doc:"Who takes over the records of a person whom the directory deactivates or deletes: the manager, else the fallback; the fallback; nobody."`
	SuccessorFallbackID *string `json:"successor_fallback_id" format:"uuid" doc:"null: nobody."`
	Adoption            string  `json:"adoption" enum:"marked,never" doc:"Which accounts that were there before it the connection adopts: those marked for it, or none."`
	Limits              limits  `json:"limits"`
}

// limits are what a directory may give.
type limits struct {
	RoleIDs    []string `json:"role_ids" doc:"The roles it may give; null: any."`
	ProfileIDs []string `json:"profile_ids" doc:"The profiles it may give; null: any."`
	Licences   []string `json:"licences" doc:"The licences it may give; null: any."`
}

type changeConnectionPolicy struct {
	Matching

	Body struct {
		Activation          *domain.Activation     `json:"activation,omitempty" enum:"first_access,immediate,invite"`
		PasswordSync        *domain.PasswordSync   `json:"password_sync,omitempty" enum:"drop,keep"`
		SeatOverflow        textOrNull             `json:"seat_overflow,omitzero" enum:"refuse,wait" doc:"null: as the organisation decides."`
		Suspension          textOrNull             `json:"suspension,omitzero" enum:"administrator_wins,directory_wins" doc:"null: as the organisation decides."`
		EmailChange         textOrNull             `json:"email_change,omitzero" enum:"never,directory" doc:"null: as the organisation decides."`
		Successor           *domain.SuccessorKind  `json:"successor,omitempty" enum:"manager,fallback,leave"`
		SuccessorFallbackID textOrNull             `json:"successor_fallback_id,omitzero" minLength:"1" maxLength:"36" doc:"null: nobody."`
		Adoption            *domain.AdoptionPolicy `json:"adoption,omitempty" enum:"marked,never"`
		Limits              struct {
			RoleIDs    textsOrNull `json:"role_ids,omitzero" doc:"null: any."`
			ProfileIDs textsOrNull `json:"profile_ids,omitzero" doc:"null: any."`
			Licences   textsOrNull `json:"licences,omitzero" doc:"null: any."`
		} `json:"limits,omitzero"`
	}
}

// textOrNull is a text that may be left out. What is not sent, null and a text are three different things (RFC 7396).
type textOrNull struct {
	sent bool
	text string // empty: null
}

// Schema implements huma.SchemaProvider.
func (textOrNull) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Nullable: true}
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *textOrNull) UnmarshalJSON(raw []byte) error {
	t.sent = true
	return json.Unmarshal(raw, &t.text)
}

// changeTo sets a field that was sent; null makes it empty.
func changeTo[Text ~string](field *Text, t textOrNull) {
	if t.sent {
		*field = Text(t.text)
	}
}

// textsOrNull is a list of texts that may be left out.
type textsOrNull struct {
	sent  bool
	texts []string // nil: null
}

const maxLimits = 500 // in one list

// Schema implements huma.SchemaProvider.
func (textsOrNull) Schema(huma.Registry) *huma.Schema {
	list := idList(maxLimits)
	list.Nullable = true
	return list
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *textsOrNull) UnmarshalJSON(raw []byte) error {
	t.sent = true
	return json.Unmarshal(raw, &t.texts)
}

// limited reads the identifiers of a list that was sent.
func limited[Noun any](ids *[]domain.ID[Noun], field string, sent textsOrNull) error {
	if !sent.sent {
		return nil
	}
	if *ids = nil; sent.texts == nil {
		return nil
	}
	list := make([]domain.ID[Noun], len(sent.texts))
	for i, text := range sent.texts {
		id, err := filtered[Noun](field, text)
		if err != nil {
			return err
		}
		list[i] = id
	}
	*ids = list
	return nil
}

func (s *service) addConnectionPolicies() {
	add(s, operation{
		method: http.MethodGet, path: "/connections/{id}/policy", id: "get-connection-policy", tag: "Connections", summary: "Read what a connection may do",
		description: "Its ETag is one of its own.", needs: "directory:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*one[ConnectionPolicy], error) {
		id, err := identified[domain.Connection](in.ID, "connection")
		if err != nil {
			return nil, err
		}
		p, err := s.Administration.ConnectionPolicy(ctx, who, id)
		return oneConnectionPolicy(p), err
	})
	add(s, operation{
		method: http.MethodPatch, path: "/connections/{id}/policy", id: "change-connection-policy", tag: "Connections", summary: "Change what a connection may do",
		description: "What is not sent stays (RFC 7396). It holds from the directory's next request on. Nobody lifts limits further than what they could give themselves.",
		needs:       "directory:edit",
	}, func(ctx context.Context, who domain.Administrator, in *changeConnectionPolicy) (*one[ConnectionPolicy], error) {
		id, err := identified[domain.Connection](in.ID, "connection")
		if err != nil {
			return nil, err
		}
		p, err := s.Administration.ChangeConnectionPolicy(ctx, who, id, ifMatch(in.IfMatch), in.apply)
		return oneConnectionPolicy(p), respelt(err, "limits.roles", "limits.role_ids", "limits.profiles", "limits.profile_ids")
	})
}

// apply makes the new policy of the current one.
func (in *changeConnectionPolicy) apply(p domain.ConnectionPolicy) (domain.ConnectionPolicy, error) {
	b := &in.Body
	change(&p.Activation, b.Activation)
	change(&p.PasswordSync, b.PasswordSync)
	changeTo(&p.SeatOverflow, b.SeatOverflow)
	changeTo(&p.Suspension, b.Suspension)
	changeTo(&p.EmailChange, b.EmailChange)
	change(&p.Successor.Kind, b.Successor)
	change(&p.Adoption, b.Adoption)
	if sent := b.SuccessorFallbackID; sent.sent {
		p.Successor.Fallback = domain.UserID{}
		if sent.text != "" {
			id, err := filtered[domain.User]("successor_fallback_id", sent.text)
			if err != nil {
				return p, err
			}
			p.Successor.Fallback = id
		}
	}
	if err := limited(&p.Limits.Roles, "limits.role_ids", b.Limits.RoleIDs); err != nil {
		return p, err
	}
	if err := limited(&p.Limits.Profiles, "limits.profile_ids", b.Limits.ProfileIDs); err != nil {
		return p, err
	}
	if b.Limits.Licences.sent {
		p.Limits.Licences = b.Limits.Licences.texts
	}
	return p, nil
}

func oneConnectionPolicy(p domain.ConnectionPolicy) *one[ConnectionPolicy] {
	return &one[ConnectionPolicy]{ETag: tag(p.Version), Body: ConnectionPolicy{
		Activation: string(p.Activation), PasswordSync: string(p.PasswordSync), SeatOverflow: orNil(string(p.SeatOverflow)),
		Suspension: orNil(string(p.Suspension)), EmailChange: orNil(string(p.EmailChange)), Successor: string(p.Successor.Kind),
		SuccessorFallbackID: idOr(p.Successor.Fallback), Adoption: string(p.Adoption),
		Limits: limits{RoleIDs: idTextsOf(p.Limits.Roles), ProfileIDs: idTextsOf(p.Limits.Profiles), Licences: p.Limits.Licences},
	}}
}

// idTextsOf are identifiers as they are answered; nil for nil.
func idTextsOf[Noun any](ids []domain.ID[Noun]) []string {
	if ids == nil {
		return nil
	}
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = id.String()
	}
	return list
}
