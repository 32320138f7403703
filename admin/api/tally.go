package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// count is how often the same thing happened on a connection.
type count struct {
	Kind      string    `json:"kind" enum:"refused,straightened,turned_away" doc:"refused: a directory's request; straightened: a habit of the directory that was put right; turned_away: somebody whom the OpenID provider knows."`
	What      string    `json:"what" example:"POST /Users 409 user_name_taken" doc:"Of a request its method, resource, status and code; the name of the habit; the reason. other: what is beyond a thousand different things."`
	Count     int64     `json:"count"`
	FirstAt   time.Time `json:"first_at"`
	LastAt    time.Time `json:"last_at"`
	Detail    *string   `json:"detail" doc:"What the directory was told the last time; null: nothing."`
	RequestID *string   `json:"request_id" doc:"Of the last time, by which the log has it; null: not known."`
}

type countsInput struct {
	ByID

	Kind  string `query:"kind" doc:"Only these." enum:"refused,straightened,turned_away"`
	Limit int    `query:"limit" doc:"At most so many of each kind, the most frequent ones." minimum:"1" maximum:"1001" default:"100"`
}

type counts struct {
	Items []count `json:"items" nullable:"false"`
}

func (s *service) addCounts() {
	add(s, operation{
		method: http.MethodGet, path: "/connections/{id}/counts", id: "list-connection-counts", tag: "Connections",
		summary: "Count what a connection was refused",
		description: "What its directory was refused, which of its habits were put right, and who was turned away at sign-in: by kind, the most frequent first, since the " +
			"connection was made. What a replica has just counted comes a few seconds later.",
		needs: "directory:view",
	}, func(ctx context.Context, who domain.Administrator, in *countsInput) (*plain[counts], error) {
		id, err := identified[domain.Connection](in.ID, "connection")
		if err != nil {
			return nil, err
		}
		all, err := s.Administration.Counts(ctx, who, id, domain.TallyKind(in.Kind), in.Limit)
		if err != nil {
			return nil, err
		}
		shown := counts{Items: make([]count, len(all))}
		for i, t := range all {
			shown.Items[i] = count{
				Kind: string(t.Kind), What: t.What, Count: t.Count, FirstAt: t.FirstAt, LastAt: t.LastAt, Detail: orNil(t.Detail), RequestID: orNil(t.RequestID),
			}
		}
		return &plain[counts]{Body: shown}, nil
	})
}
