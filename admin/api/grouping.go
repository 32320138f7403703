package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// grouping is a team or a queue.
type grouping struct {
	ID          string    `json:"id" format:"uuid"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	CreatedAt   time.Time `json:"created_at"`
	ModifiedAt  time.Time `json:"modified_at"`
}

// writeGrouping is a team or a queue as it is to be.
type writeGrouping struct {
	Name        string `json:"name" doc:"Unique among its kind in the organisation, without case." minLength:"1" maxLength:"100"`
	Description string `json:"description,omitempty" doc:"Any number of lines; empty where it is left out." maxLength:"1000"`
}

func (w writeGrouping) spec() domain.GroupingSpec {
	return domain.GroupingSpec{Name: w.Name, Description: w.Description}
}

func (s *service) addTeams() {
	add(s, operation{
		method: http.MethodGet, path: "/teams", id: "list-teams", tag: "Teams", summary: "List the teams", description: "By name: those that the key may view.", needs: "teams:view",
	}, func(ctx context.Context, who domain.Administrator, in *Paged) (*page[grouping], error) {
		all, err := s.Administration.Teams(ctx, who)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "teams", *in, all, func(t domain.Team) string { return t.ID.String() }, showTeam)
	})
	addEntries(s, entries[domain.Team, writeGrouping, writeGrouping, grouping]{
		noun: "team", plural: "teams", tag: "Teams", making: "A person is in one team at most.",
		get: s.Administration.Team, remove: s.Administration.DeleteTeam, show: showTeam,
		entry: func(t domain.Team) domain.Entry[domain.Team] { return t.Entry },
		create: func(ctx context.Context, who domain.Administrator, in writeGrouping) (domain.Team, error) {
			return s.Administration.CreateTeam(ctx, who, in.spec())
		},
		edit: func(ctx context.Context, who domain.Administrator, id domain.TeamID, match domain.IfMatch, in writeGrouping) (domain.Team, error) {
			return s.Administration.EditTeam(ctx, who, id, match, in.spec())
		},
	})
}

func (s *service) addQueues() {
	add(s, operation{
		method: http.MethodGet, path: "/queues", id: "list-queues", tag: "Queues", summary: "List the queues", description: "By name: those that the key may view.", needs: "queues:view",
	}, func(ctx context.Context, who domain.Administrator, in *Paged) (*page[grouping], error) {
		all, err := s.Administration.Queues(ctx, who)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "queues", *in, all, func(q domain.Queue) string { return q.ID.String() }, showQueue)
	})
	addEntries(s, entries[domain.Queue, writeGrouping, writeGrouping, grouping]{
		noun: "queue", plural: "queues", tag: "Queues", making: "A person is in any number of queues.",
		get: s.Administration.Queue, remove: s.Administration.DeleteQueue, show: showQueue,
		entry: func(q domain.Queue) domain.Entry[domain.Queue] { return q.Entry },
		create: func(ctx context.Context, who domain.Administrator, in writeGrouping) (domain.Queue, error) {
			return s.Administration.CreateQueue(ctx, who, in.spec())
		},
		edit: func(ctx context.Context, who domain.Administrator, id domain.QueueID, match domain.IfMatch, in writeGrouping) (domain.Queue, error) {
			return s.Administration.EditQueue(ctx, who, id, match, in.spec())
		},
	})
}

func showTeam(t domain.Team) grouping { return showGrouping(t.Entry) }

func showQueue(q domain.Queue) grouping { return showGrouping(q.Entry) }

func showGrouping[Noun any](e domain.Entry[Noun]) grouping {
	return grouping{ID: e.ID.String(), Name: e.Name.Text, Description: e.Description, CreatedAt: e.CreatedAt.UTC(), ModifiedAt: e.ModifiedAt.UTC()}
}
