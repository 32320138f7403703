package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// role is a place in the hierarchy, which decides whose data people see.
type role struct {
	ID          string    `json:"id" format:"uuid"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	ParentID    *string   `json:"parent_id" format:"uuid" doc:"The role above it; null: it stands at the top."`
	Sees        string    `json:"sees" enum:"own,team,subtree,all" doc:"Whose data its people see: their own, also their team's, also that of everybody whose role is below, everybody's."`
	CreatedAt   time.Time `json:"created_at"`
	ModifiedAt  time.Time `json:"modified_at"`
}

// writeRole is a role as it is to be.
type writeRole struct {
	Name        string  `json:"name" doc:"Unique among the roles of the organisation, without case." minLength:"1" maxLength:"100"`
	Description string  `json:"description,omitempty" doc:"Any number of lines; empty where it is left out." maxLength:"1000"`
	ParentID    *string `json:"parent_id" doc:"The id of the role above it; null: at the top." minLength:"1" maxLength:"36"`
	Sees        string  `json:"sees" enum:"own,team,subtree,all" doc:"Each shows what the one before it shows, and more; none more than the own role shows."`
}

func (w writeRole) spec() (domain.RoleSpec, error) {
	parent, err := chosenID[domain.Role]("parent_id", w.ParentID)
	return domain.RoleSpec{Name: w.Name, Description: w.Description, Parent: parent, Sees: domain.Sight(w.Sees)}, err
}

type seesInput struct {
	ByID

	Other string `path:"other" doc:"The identifier of the person whose data it is about." maxLength:"100"`
}

// seen says whether somebody sees another's data.
type seen struct {
	Sees bool `json:"sees"`
}

func (s *service) addRoles() {
	add(s, operation{
		method: http.MethodGet, path: "/roles", id: "list-roles", tag: "Roles", summary: "List the roles",
		description: "By name: those that the key may view. Each names its parent, which makes the tree.", needs: "roles:view",
	}, func(ctx context.Context, who domain.Administrator, in *Paged) (*page[role], error) {
		all, err := s.Administration.Roles(ctx, who)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "roles", *in, all, func(r domain.Role) string { return r.ID.String() }, showRole)
	})
	addEntries(s, entries[domain.Role, writeRole, writeRole, role]{
		noun: "role", plural: "roles", tag: "Roles",
		making:   "It shows no more than the one who asks sees; a key sees everything where it holds roles:edit.",
		changing: "Where it moves, what is below it goes along.",
		get:      s.Administration.Role, remove: s.Administration.DeleteRole, show: showRole,
		entry: func(r domain.Role) domain.Entry[domain.Role] { return r.Entry },
		create: func(ctx context.Context, who domain.Administrator, in writeRole) (domain.Role, error) {
			spec, err := in.spec()
			if err != nil {
				return domain.Role{}, err
			}
			r, err := s.Administration.CreateRole(ctx, who, spec)
			return r, respelt(err, "parent", "parent_id")
		},
		edit: func(ctx context.Context, who domain.Administrator, id domain.RoleID, match domain.IfMatch, in writeRole) (domain.Role, error) {
			spec, err := in.spec()
			if err != nil {
				return domain.Role{}, err
			}
			r, err := s.Administration.EditRole(ctx, who, id, match, spec)
			return r, respelt(err, "parent", "parent_id")
		},
	})
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/sees/{other}", id: "user-sees", tag: "Access", summary: "Whether one person may see another's data",
		description: "By the role of the first: it shows their own data, their team's, that of everybody whose role is below, or everybody's. Who is inactive sees nobody's.",
		needs:       "users:view",
	}, s.sees)
}

func (s *service) sees(ctx context.Context, who domain.Administrator, in *seesInput) (*plain[seen], error) {
	viewer, err := identified[domain.User](in.ID, "user")
	if err != nil {
		return nil, err
	}
	of, err := identified[domain.User](in.Other, "user")
	if err != nil {
		return nil, respelt(err, "id", "other")
	}
	sees, err := s.Administration.Sees(ctx, who, viewer, of)
	return &plain[seen]{Body: seen{Sees: sees}}, err
}

func showRole(r domain.Role) role {
	return role{
		ID: r.ID.String(), Name: r.Name.Text, Description: r.Description, ParentID: idOr(r.Parent), Sees: string(r.Sees),
		CreatedAt: r.CreatedAt.UTC(), ModifiedAt: r.ModifiedAt.UTC(),
	}
}
