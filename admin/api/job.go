package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// job applies a change of groups, mappings or limits to many people.
type job struct {
	ID         string     `json:"id" format:"uuid"`
	AboutKind  string     `json:"about_kind" enum:"group,mapping,connection" doc:"What was changed."`
	AboutID    string     `json:"about_id" format:"uuid"`
	Phase      string     `json:"phase" enum:"take,give,done,superseded" doc:"First what people lose, then what they get. superseded: a later change of the same takes care of it."`
	People     int        `json:"people" doc:"Whom each phase looks at; 0 until it has begun."`
	LookedAt   int        `json:"looked_at" doc:"In this phase."`
	Changed    int        `json:"changed" doc:"People for whom something changed."`
	CreatedAt  time.Time  `json:"created_at"`
	FinishedAt *time.Time `json:"finished_at" doc:"null: it is under way."`
}

func (s *service) addJobs() {
	add(s, operation{
		method: http.MethodGet, path: "/jobs", id: "list-jobs", tag: "Mappings", summary: "List the changes that are applied to many people",
		description: "The latest first, those that are finished included.", needs: "directory:view",
	}, s.listJobs)
	add(s, operation{
		method: http.MethodGet, path: "/jobs/{id}", id: "get-job", tag: "Mappings", summary: "Read how far a job has come", needs: "directory:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*plain[job], error) {
		id, err := identified[domain.Job](in.ID, "job")
		if err != nil {
			return nil, err
		}
		j, err := s.Administration.Job(ctx, who, id)
		return &plain[job]{Body: showJob(j)}, err
	})
}

func (s *service) listJobs(ctx context.Context, who domain.Administrator, in *Paged) (*page[job], error) {
	x := exchangeOf(ctx)
	query := []string{"jobs", who.Organisation.String()}
	at, err := x.openPosition(in.Cursor, query...)
	if err != nil {
		return nil, err
	}
	var before domain.JobID
	if at != nil {
		before.UUID = at.ID
	}
	found, err := s.Administration.Jobs(ctx, who, before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	var next *domain.Position
	if len(found) > in.Limit {
		found = found[:in.Limit]
		next = &domain.Position{ID: found[in.Limit-1].ID.UUID}
	}
	return newPage(x, found, showJob, x.sealPosition(next, query...)), nil
}

func showJob(j domain.Job) job {
	return job{
		ID: j.ID.String(), AboutKind: j.About.Kind, AboutID: j.About.ID.String(), Phase: string(j.Phase), People: j.People, LookedAt: j.LookedAt,
		Changed: j.Changed, CreatedAt: j.CreatedAt.UTC(), FinishedAt: moment(j.FinishedAt),
	}
}
