package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// selfPath is the only path at which people are known beside keys.
const selfPath = "/me"

// self is who asks: a key, or a person.
type self struct {
	Kind           string     `json:"kind" enum:"api_key,person"`
	ID             string     `json:"id" format:"uuid"`
	Name           string     `json:"name"`
	OrganisationID string     `json:"organisation_id" format:"uuid"`
	Permissions    []string   `json:"permissions" nullable:"false" doc:"Each as module:action, on all objects."`
	ExpiresAt      *time.Time `json:"expires_at" doc:"Of a key; null: never."`
	Person         *person    `json:"person,omitempty" doc:"What there is to know of a person; only there for one."`
}

// person is what people are told about themselves, and applications about who signed in.
type person struct {
	UserName     string       `json:"user_name"`
	GivenName    *string      `json:"given_name"`
	FamilyName   *string      `json:"family_name"`
	Email        *string      `json:"email" doc:"The one that the person can sign in with; null: none."`
	Language     *string      `json:"language" doc:"As RFC 5646 spells it."`
	TimeZone     *string      `json:"time_zone"`
	Owner        bool         `json:"owner" doc:"A system owner, who may do everything."`
	Role         *heldThing   `json:"role" doc:"null: none."`
	Profile      *heldThing   `json:"profile" doc:"null: none."`
	Team         *heldThing   `json:"team" doc:"null: none."`
	Queues       []heldThing  `json:"queues" nullable:"false" doc:"By name."`
	Licence      string       `json:"licence"`
	Objects      permissions  `json:"objects" doc:"The permissions that are on some objects only, which permissions does not list."`
	Organisation personsHouse `json:"organisation"`
}

// heldThing is a role, profile, team or queue of a person.
type heldThing struct {
	ID   string `json:"id" format:"uuid"`
	Name string `json:"name"`
}

// personsHouse is the organisation of a person.
type personsHouse struct {
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// organisation is the tenant that a key belongs to.
type organisation struct {
	ID        string    `json:"id" format:"uuid"`
	Slug      string    `json:"slug"`
	Name      string    `json:"name"`
	Plan      string    `json:"plan" enum:"standard,professional,pro_plus" doc:"What was bought beside seats; the last two include call statistics."`
	CreatedAt time.Time `json:"created_at"`
}

// one is an answer with one thing in it.
type one[Item any] struct {
	ETag string `header:"ETag" doc:"The version, for If-Match."`
	Body Item
}

func (s *service) addSelf() {
	add(s, operation{
		method: http.MethodGet, path: selfPath, id: "get-me", tag: "Organisation", summary: "Who asks, and what they may do",
		description: "A key; or a person, by the cookie of their session or by an assertion for one of the organisation's applications in place of a key, for as long as they are signed in.",
	}, func(ctx context.Context, who domain.Administrator, _ *struct{}) (*plain[self], error) {
		if g := exchangeOf(ctx).guest; g != nil {
			return showGuest(*g)
		}
		k, err := s.Administration.Self(ctx, who)
		return &plain[self]{Body: self{
			Kind: who.Actor.Kind, ID: k.ID.String(), Name: k.Name, OrganisationID: k.Organisation.String(),
			Permissions: spelt(k.Permissions), ExpiresAt: moment(k.ExpiresAt),
		}}, err
	})
	add(s, operation{
		method: http.MethodGet, path: "/organisation", id: "get-organisation", tag: "Organisation", summary: "The organisation that the key belongs to",
	}, func(ctx context.Context, who domain.Administrator, _ *struct{}) (*plain[organisation], error) {
		o, err := s.Administration.Organisation(ctx, who)
		if err != nil {
			return nil, err
		}
		plan, err := s.Administration.Plan(ctx, who)
		return &plain[organisation]{Body: organisation{ID: o.ID.String(), Slug: o.Slug, Name: o.Name, Plan: string(plan), CreatedAt: o.CreatedAt.UTC()}}, err
	})
}

// showGuest is a person as they are told.
func showGuest(g domain.Guest) (*plain[self], error) {
	d, err := g.Details()
	if err != nil {
		return nil, err
	}
	whole, some := domain.Permissions{}, domain.Permissions{}
	for of, objects := range g.Permissions() {
		if objects.All && len(objects.IDs) == 0 {
			whole[of] = objects
		} else {
			some[of] = objects
		}
	}
	p := &person{
		UserName: g.User.UserName.Text, GivenName: orNil(d.GivenName), FamilyName: orNil(d.FamilyName), Email: orNil(d.Email), Language: orNil(d.Language),
		TimeZone: orNil(d.TimeZone), Owner: g.Owner, Role: showHeld(g.Role), Profile: showHeld(g.Profile), Team: showHeld(g.Team), Queues: []heldThing{},
		Licence: g.User.Licence, Objects: showPermissions(some), Organisation: personsHouse{g.OrganisationSlug, g.OrganisationName},
	}
	for _, q := range g.Queues {
		p.Queues = append(p.Queues, *showHeld(q))
	}
	return &plain[self]{Body: self{
		Kind: "person", ID: g.User.ID.String(), Name: d.Name, OrganisationID: g.User.Organisation.String(), Permissions: spelt(whole), Person: p,
	}}, nil
}

func showHeld(n domain.Named) *heldThing {
	if n == (domain.Named{}) {
		return nil
	}
	return &heldThing{n.ID.String(), n.Name}
}

// spelt is a set of permissions in order, each as module:action.
func spelt(set domain.Permissions) []string {
	words := make([]string, 0, len(set))
	for _, of := range set.List() {
		words = append(words, of.String())
	}
	return words
}
