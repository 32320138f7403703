package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"usher/domain"
)

// Group is what a directory calls a group, or what administrators declared as one.
type Group struct {
	ID           string    `json:"id" format:"uuid"`
	DisplayName  string    `json:"display_name"`
	ConnectionID string    `json:"connection_id" format:"uuid"`
	ExternalID   *string   `json:"external_id" doc:"As the directory sent it."`
	ClaimValue   *string   `json:"claim_value" doc:"What claims call it, of a group that an administrator declared; null: a directory's group."`
	CreatedAt    time.Time `json:"created_at"`
	ModifiedAt   time.Time `json:"modified_at"`
}

// fullGroup is a group with everything the directory sent.
type fullGroup struct {
	Group

	Attributes json.RawMessage `json:"attributes" doc:"The resource of SCIM (RFC 7643) without members and meta."`
}

// member of a group.
type member struct {
	ID          string `json:"id" format:"uuid"`
	Kind        string `json:"kind" enum:"user,group"`
	DisplayName string `json:"display_name"`
}

type groupsInput struct {
	Paged

	Search     string `query:"q" doc:"Part of the display name, without case." maxLength:"800"`
	Connection string `query:"connection" doc:"Only groups of this connection." maxLength:"36"`
}

type membersInput struct {
	ByID
	Paged
}

func (s *service) addGroups() {
	add(s, operation{
		method: http.MethodGet, path: "/groups", id: "list-groups", tag: "Groups", summary: "Search groups of the whole organisation",
		needs: "directory:view",
	}, s.listGroups)
	add(s, operation{
		method: http.MethodGet, path: "/groups/{id}", id: "get-group", tag: "Groups", summary: "Read one group, without members",
		needs: "directory:view",
	}, s.getGroup)
	add(s, operation{
		method: http.MethodGet, path: "/groups/{id}/members", id: "list-group-members", tag: "Groups", summary: "List the direct members of a group",
		needs: "directory:view",
	}, s.listMembers)
}

func (s *service) listGroups(ctx context.Context, who domain.Administrator, in *groupsInput) (*page[Group], error) {
	x := exchangeOf(ctx)
	q := domain.GroupQuery{Search: in.Search, Limit: in.Limit}
	var err error
	if q.Connection, err = filtered[domain.Connection]("connection", in.Connection); err != nil {
		return nil, err
	}
	query := []string{"groups", who.Organisation.String(), in.Search, in.Connection}
	if q.After, err = x.openPosition(in.Cursor, query...); err != nil {
		return nil, err
	}
	found, err := s.Administration.Groups(ctx, who, q)
	if err != nil {
		return nil, err
	}
	return newPage(x, found.Items, showGroup, x.sealPosition(found.Next, query...)), nil
}

func (s *service) getGroup(ctx context.Context, who domain.Administrator, in *ByID) (*one[fullGroup], error) {
	id, err := identified[domain.Group](in.ID, "group")
	if err != nil {
		return nil, err
	}
	g, err := s.Administration.Group(ctx, who, id)
	if err != nil {
		return nil, err
	}
	return &one[fullGroup]{ETag: tag(g.Version), Body: fullGroup{Group: showGroup(g), Attributes: json.RawMessage(g.Document)}}, nil
}

func (s *service) listMembers(ctx context.Context, who domain.Administrator, in *membersInput) (*page[member], error) {
	x := exchangeOf(ctx)
	id, err := identified[domain.Group](in.ID, "group")
	if err != nil {
		return nil, err
	}
	query := []string{"members", who.Organisation.String(), in.ID}
	at, err := x.openPosition(in.Cursor, query...)
	if err != nil {
		return nil, err
	}
	var after uuid.UUID
	if at != nil {
		after = at.ID
	}
	found, err := s.Administration.GroupMembers(ctx, who, id, after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	var next *domain.Position
	if len(found) > in.Limit {
		found = found[:in.Limit]
		next = &domain.Position{ID: found[in.Limit-1].ID}
	}
	return newPage(x, found, showMember, x.sealPosition(next, query...)), nil
}

func showGroup(g domain.Group) Group {
	return Group{
		ID: g.ID.String(), DisplayName: g.DisplayName.Text, ConnectionID: g.Connection.String(), ExternalID: orNil(g.ExternalID),
		ClaimValue: orNil(g.ClaimValue),
		CreatedAt:  g.CreatedAt, ModifiedAt: g.ModifiedAt,
	}
}

func showMember(m domain.Member) member {
	shown := member{ID: m.ID.String(), Kind: "user", DisplayName: m.Display}
	if m.Kind == domain.MemberGroup {
		shown.Kind = "group"
	}
	return shown
}
