package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// claimedGroup is a group of a connection that no directory pushes, known by what the claims of sign-ins call it.
type claimedGroup struct {
	ID           string    `json:"id" format:"uuid" doc:"What mappings name as group_id."`
	ConnectionID string    `json:"connection_id" format:"uuid"`
	Value        string    `json:"value" doc:"What the claim says, exactly."`
	Name         string    `json:"name" doc:"What people read; no claim is compared with it."`
	CreatedAt    time.Time `json:"created_at"`
}

type declareGroup struct {
	ByID

	Body struct {
		Value string `json:"value" doc:"What the claim says, exactly: such as the object id of the group at Entra." minLength:"1" maxLength:"1000"`
		Name  string `json:"name" doc:"What people read." minLength:"1" maxLength:"400"`
	}
}

type claimedGroupInput struct {
	ByID

	Group string `path:"group" doc:"The group's identifier." maxLength:"100"`
}

// addClaimedGroups are the operations about groups that only the claims of sign-ins name.
func (s *service) addClaimedGroups() {
	add(s, operation{
		method: http.MethodGet, path: "/connections/{id}/claimed-groups", id: "list-claimed-groups", tag: "Groups",
		summary: "List the groups of a connection that administrators declared", description: "In the order in which they were.", needs: "directory:view",
	}, func(ctx context.Context, who domain.Administrator, in *membersInput) (*page[claimedGroup], error) {
		id, err := identified[domain.Connection](in.ID, "connection")
		if err != nil {
			return nil, err
		}
		all, err := s.Administration.DeclaredGroups(ctx, who, id)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "claimed groups "+in.ID, in.Paged, all, func(g domain.Group) string { return g.ID.String() }, showClaimedGroup)
	})
	add(s, operation{
		method: http.MethodPost, path: "/connections/{id}/claimed-groups", id: "declare-claimed-group", tag: "Groups",
		summary: "Declare a group of a connection that no directory pushes",
		description: "Mappings name it as any group, and whoever signs in from then on with a claim that says its value has what they give, where the connection " +
			"says applies_groups. No directory sees it.",
		needs: "directory:edit", status: http.StatusCreated,
	}, func(ctx context.Context, who domain.Administrator, in *declareGroup) (*created[claimedGroup], error) {
		id, err := identified[domain.Connection](in.ID, "connection")
		if err != nil {
			return nil, err
		}
		g, err := s.Administration.DeclareGroup(ctx, who, id, domain.DeclaredGroupSpec{Value: in.Body.Value, Name: in.Body.Name})
		if err != nil {
			return nil, err
		}
		return &created[claimedGroup]{
			Location: Prefix + "/groups/" + g.ID.String(), ETag: tag(g.Version), Body: showClaimedGroup(g),
		}, nil
	})
	add(s, operation{
		method: http.MethodDelete, path: "/connections/{id}/claimed-groups/{group}", id: "remove-claimed-group", tag: "Groups",
		summary:     "Remove a group that was declared",
		description: "Its people lose what it gave. Mappings of it stay, as orphans, and can be bound to another group.",
		needs:       "directory:edit", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *claimedGroupInput) (*struct{}, error) {
		id, err := identified[domain.Connection](in.ID, "connection")
		if err != nil {
			return nil, err
		}
		group, err := identified[domain.Group](in.Group, "group")
		if err != nil {
			return nil, spelled(err, map[string]string{"id": "group"})
		}
		return nil, s.Administration.RemoveDeclaredGroup(ctx, who, id, group)
	})
}

func showClaimedGroup(g domain.Group) claimedGroup {
	return claimedGroup{ID: g.ID.String(), ConnectionID: g.Connection.String(), Value: g.ClaimValue, Name: g.DisplayName.Text, CreatedAt: g.CreatedAt}
}
