package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"usher/domain"
)

// mapping says what members of a group get.
type mapping struct {
	ID         string   `json:"id" format:"uuid"`
	GroupID    string   `json:"group_id" format:"uuid"`
	GroupName  *string  `json:"group_name" doc:"As it is or was; null: not known any more."`
	Priority   int      `json:"priority" doc:"The lowest wins; of equal ones the older mapping."`
	RoleID     *string  `json:"role_id" format:"uuid"`
	ProfileID  *string  `json:"profile_id" format:"uuid"`
	TeamID     *string  `json:"team_id" format:"uuid"`
	QueueIDs   []string `json:"queue_ids" nullable:"false"`
	Licence    *string  `json:"licence"`
	Orphan     bool     `json:"orphan" doc:"The group is gone: nobody gets anything until the mapping is bound to another one."`
	Candidates []Group  `json:"rebind_candidates" nullable:"false" doc:"Of an orphan: groups of the same connection with the same name, external id or value of claims, 20 at most."`
	JobID      *string  `json:"job_id" format:"uuid" doc:"The job that applies a change of it; null: none is under way."`

	CreatedAt  time.Time `json:"created_at"`
	ModifiedAt time.Time `json:"modified_at"`
}

// MappingGrants is what a mapping gives. What is left out or null it does not give.
type MappingGrants struct {
	RoleID    textOrNull `json:"role_id,omitzero" minLength:"1" maxLength:"36"`
	ProfileID textOrNull `json:"profile_id,omitzero" minLength:"1" maxLength:"36"`
	TeamID    textOrNull `json:"team_id,omitzero" minLength:"1" maxLength:"36"`
	QueueIDs  idTexts    `json:"queue_ids,omitzero"`
	Licence   textOrNull `json:"licence,omitzero" doc:"One of the organisation's licence types." minLength:"1" maxLength:"63"`
}

type newMapping struct {
	Body struct {
		MappingGrants

		GroupID  string `json:"group_id" minLength:"1" maxLength:"36"`
		Priority int    `json:"priority,omitempty" doc:"The lowest wins; of equal ones the older mapping." minimum:"1" maximum:"1000000" default:"100"`
	}
}

type changeMapping struct {
	Matching

	Body struct {
		MappingGrants

		Priority int `json:"priority" doc:"The lowest wins; of equal ones the older mapping." minimum:"1" maximum:"1000000"`
	}
}

type rebindMapping struct {
	Matching

	Body struct {
		GroupID string `json:"group_id" doc:"The group that the mapping is bound to from now on." minLength:"1" maxLength:"36"`
	}
}

// read gives what a mapping is to give.
func (w MappingGrants) read() (domain.MappingGrants, error) {
	grants := domain.MappingGrants{Licence: w.Licence.text}
	var err error
	if grants.Role, err = filtered[domain.Role]("role_id", w.RoleID.text); err != nil {
		return grants, err
	}
	if grants.Profile, err = filtered[domain.Profile]("profile_id", w.ProfileID.text); err != nil {
		return grants, err
	}
	if grants.Team, err = filtered[domain.Team]("team_id", w.TeamID.text); err != nil {
		return grants, err
	}
	queues, err := identifiedAll[domain.Queue]("queue_ids", w.QueueIDs)
	if queues != nil {
		grants.Queues = *queues
	}
	return grants, err
}

// mappingFields are the fields of a mapping that the domain calls otherwise. That it gives nothing is no single field's
// fault.
var mappingFields = map[string]string{
	"mapping": "mapping_id", "group": "group_id", "role": "role_id", "profile": "profile_id", "team": "team_id", "queues": "queue_ids", "grants": "body",
}

func (s *service) addMappings() {
	add(s, operation{
		method: http.MethodGet, path: "/mappings", id: "list-mappings", tag: "Mappings", summary: "List what members of groups get",
		description: "In order of creation. Those whose group is gone name the groups that they could be bound to.", needs: "directory:view",
	}, func(ctx context.Context, who domain.Administrator, in *Paged) (*page[mapping], error) {
		all, err := s.Administration.Mappings(ctx, who)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "mappings", *in, all, func(m domain.MappingView) string { return m.ID.String() }, showMapping)
	})
	add(s, operation{
		method: http.MethodPost, path: "/mappings", id: "create-mapping", tag: "Mappings", summary: "Give the members of a group something",
		description: "It holds at once, or, for more than 1,000 people, when the job is done that the answer names. Nobody maps what they could not give by hand.",
		needs:       "directory:edit", status: http.StatusCreated,
	}, s.createMapping)
	add(s, operation{
		method: http.MethodGet, path: "/mappings/{id}", id: "get-mapping", tag: "Mappings", summary: "Read one mapping", needs: "directory:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*one[mapping], error) {
		id, err := identified[domain.Mapping](in.ID, "mapping")
		if err != nil {
			return nil, err
		}
		return oneMapping(s.Administration.Mapping(ctx, who, id))
	})
	add(s, operation{
		method: http.MethodPut, path: "/mappings/{id}", id: "update-mapping", tag: "Mappings", summary: "Change what a mapping gives",
		description: "All of it: what is not sent it does not give any more. Its group stays. It holds as a new one does.", needs: "directory:edit",
	}, s.updateMapping)
	add(s, operation{
		method: http.MethodDelete, path: "/mappings/{id}", id: "delete-mapping", tag: "Mappings", summary: "End a mapping",
		description: "Everybody in the group loses what nothing else gives them.", needs: "directory:edit", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *Matching) (*struct{}, error) {
		id, err := identified[domain.Mapping](in.ID, "mapping")
		if err != nil {
			return nil, err
		}
		return nil, s.Administration.DeleteMapping(ctx, who, id, ifMatch(in.IfMatch))
	})
	add(s, operation{
		method: http.MethodPost, path: "/mappings/{id}/rebind", id: "rebind-mapping", tag: "Mappings", summary: "Bind a mapping to another group",
		description: "Such as the one that took the place of a group that was deleted.", needs: "directory:edit",
	}, func(ctx context.Context, who domain.Administrator, in *rebindMapping) (*one[mapping], error) {
		id, err := identified[domain.Mapping](in.ID, "mapping")
		if err != nil {
			return nil, err
		}
		group, err := filtered[domain.Group]("group_id", in.Body.GroupID)
		if err != nil {
			return nil, err
		}
		return oneMapping(s.Administration.RebindMapping(ctx, who, id, ifMatch(in.IfMatch), group))
	})
}

func (s *service) createMapping(ctx context.Context, who domain.Administrator, in *newMapping) (*created[mapping], error) {
	spec := domain.MappingSpec{Priority: in.Body.Priority}
	var err error
	if spec.Group, err = filtered[domain.Group]("group_id", in.Body.GroupID); err != nil {
		return nil, err
	}
	if spec.Grants, err = in.Body.read(); err != nil {
		return nil, err
	}
	m, err := s.Administration.CreateMapping(ctx, who, spec)
	if err != nil {
		return nil, spelled(err, mappingFields)
	}
	return &created[mapping]{Location: Prefix + "/mappings/" + m.ID.String(), ETag: tag(m.Version), Body: showMapping(m)}, nil
}

func (s *service) updateMapping(ctx context.Context, who domain.Administrator, in *changeMapping) (*one[mapping], error) {
	id, err := identified[domain.Mapping](in.ID, "mapping")
	if err != nil {
		return nil, err
	}
	g, err := in.Body.read()
	if err != nil {
		return nil, err
	}
	return oneMapping(s.Administration.EditMapping(ctx, who, id, ifMatch(in.IfMatch), domain.MappingChange{
		Priority: &in.Body.Priority, Role: &g.Role, Profile: &g.Profile, Team: &g.Team, Queues: &g.Queues, Licence: &g.Licence,
	}))
}

func oneMapping(m domain.MappingView, err error) (*one[mapping], error) {
	if err != nil {
		return nil, spelled(err, mappingFields)
	}
	return &one[mapping]{ETag: tag(m.Version), Body: showMapping(m)}, nil
}

func showMapping(m domain.MappingView) mapping {
	g := m.Grants
	shown := mapping{
		ID: m.ID.String(), GroupID: m.Group.String(), GroupName: orNil(m.GroupName), Priority: m.Priority, RoleID: idOr(g.Role), ProfileID: idOr(g.Profile),
		TeamID: idOr(g.Team), QueueIDs: []string{}, Licence: orNil(g.Licence), Orphan: m.Orphan, Candidates: []Group{}, JobID: idOr(m.Job),
		CreatedAt: m.CreatedAt.UTC(), ModifiedAt: m.ModifiedAt.UTC(),
	}
	for _, q := range g.Queues {
		shown.QueueIDs = append(shown.QueueIDs, q.String())
	}
	for _, candidate := range m.Candidates {
		shown.Candidates = append(shown.Candidates, showGroup(candidate))
	}
	return shown
}

// parts spell a mapping out, for the cursor of a question about it.
func parts(spec domain.MappingSpec) []string {
	g := spec.Grants
	list := []string{spec.Group.String(), strconv.Itoa(spec.Priority), g.Role.String(), g.Profile.String(), g.Team.String(), g.Licence}
	for _, q := range g.Queues {
		list = append(list, q.String())
	}
	return list
}
