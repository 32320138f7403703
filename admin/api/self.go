package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// self is who a key is.
type self struct {
	Kind           string     `json:"kind" enum:"api_key"`
	ID             string     `json:"id" format:"uuid"`
	Name           string     `json:"name"`
	OrganisationID string     `json:"organisation_id" format:"uuid"`
	Permissions    []string   `json:"permissions" nullable:"false" doc:"Each as module:action, on all objects."`
	ExpiresAt      *time.Time `json:"expires_at" doc:"null: never."`
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
		method: http.MethodGet, path: "/me", id: "get-me", tag: "Organisation", summary: "Who the key is and what it may do",
	}, func(ctx context.Context, who domain.Administrator, _ *struct{}) (*one[self], error) {
		k, err := s.Administration.Self(ctx, who)
		return &one[self]{Body: self{
			Kind: who.Actor.Kind, ID: k.ID.String(), Name: k.Name, OrganisationID: k.Organisation.String(),
			Permissions: spelt(k.Permissions), ExpiresAt: moment(k.ExpiresAt),
		}}, err
	})
	add(s, operation{
		method: http.MethodGet, path: "/organisation", id: "get-organisation", tag: "Organisation", summary: "The organisation that the key belongs to",
	}, func(ctx context.Context, who domain.Administrator, _ *struct{}) (*one[organisation], error) {
		o, err := s.Administration.Organisation(ctx, who)
		if err != nil {
			return nil, err
		}
		plan, err := s.Administration.Plan(ctx, who)
		return &one[organisation]{Body: organisation{ID: o.ID.String(), Slug: o.Slug, Name: o.Name, Plan: string(plan), CreatedAt: o.CreatedAt.UTC()}}, err
	})
}

// spelt is a set of permissions in order, each as module:action.
func spelt(set domain.Permissions) []string {
	words := make([]string, 0, len(set))
	for _, of := range set.List() {
		words = append(words, of.String())
	}
	return words
}
