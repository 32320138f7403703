package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// block is why somebody may not come in.
type block struct {
	Reason string      `json:"reason" enum:"failed_sign_ins,inactivity,administrator"`
	Since  time.Time   `json:"since"`
	By     participant `json:"by" doc:"Who blocked them; a null id: the service itself, or its operator."`
}

// waiting is somebody's place in the line for a seat.
type waiting struct {
	Since time.Time `json:"since"`
}

type userBlock struct {
	Block *block `json:"block" doc:"null: the person is not blocked."`
}

// window is when somebody may come in.
type window struct {
	TimeZone   string  `json:"time_zone" doc:"By which dates and schedule are read." example:"Europe/Madrid"`
	ValidFrom  *string `json:"valid_from" doc:"The first day; null: from the beginning." format:"date"`
	ValidUntil *string `json:"valid_until" doc:"The last day; null: without an end." format:"date"`
	Schedule   *string `json:"schedule" doc:"The spans of a week; null: always." example:"mon 09:00-17:00, fri 22:00-06:00"`
}

type setWindow struct {
	Matching

	Body struct {
		TimeZone   string `json:"time_zone,omitempty" doc:"A name of the IANA time zone database; UTC unless given." example:"Europe/Madrid" maxLength:"64"`
		ValidFrom  string `json:"valid_from,omitempty" doc:"The first day, such as 2026-12-31." maxLength:"10"`
		ValidUntil string `json:"valid_until,omitempty" doc:"The last day." maxLength:"10"`
		Schedule   string `json:"schedule,omitempty" doc:"At most 70 spans; one that ends at or before its beginning goes on until then on the next day." example:"mon 09:00-17:00, fri 22:00-06:00" maxLength:"2240"`
	}
}

// Decision is whether somebody may come in.
type Decision struct {
	Allowed     bool       `json:"allowed"`
	Reason      *string    `json:"reason" doc:"One stable word; null where access is allowed."`
	Sentence    *string    `json:"sentence" doc:"For the person."`
	Remedy      *string    `json:"remedy" doc:"What would change it, and who can."`
	NextOpening *time.Time `json:"next_opening" doc:"When it opens by itself: the access window, or after a pause; null: it does not."`
}

type decisionInput struct {
	ByID

	Method string `query:"method" doc:"How the person would come in." enum:"password,single_sign_on,session" default:"password"`
}

func (s *service) addDecisions() {
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/block", id: "get-block", tag: "Access", summary: "Read why a person is blocked", needs: "users:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*plain[userBlock], error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		b, _, err := s.Administration.BlockOf(ctx, who, id)
		return &plain[userBlock]{Body: userBlock{Block: showBlock(b)}}, err
	})
	add(s, operation{
		method: http.MethodPost, path: "/users/{id}/block", id: "block-user", tag: "Access", summary: "Refuse a person every door",
		description: "Status and seat are kept. It ends by unblock alone.", needs: "users:deactivate", status: http.StatusNoContent,
	}, s.without(s.Administration.Block))
	add(s, operation{
		method: http.MethodPost, path: "/users/{id}/unblock", id: "unblock-user", tag: "Access", summary: "End a block, whatever its reason",
		needs: "users:unblock", status: http.StatusNoContent,
	}, s.without(s.Administration.Unblock))
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/window", id: "get-window", tag: "Access", summary: "Read when a person may come in", needs: "users:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*one[window], error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		w, err := s.Administration.WindowOf(ctx, who, id)
		return oneWindow(w), err
	})
	add(s, operation{
		method: http.MethodPut, path: "/users/{id}/window", id: "set-window", tag: "Access", summary: "Say when a person may come in",
		description: "It takes the place of what was said before: what is not sent is no limit.", needs: "users:edit",
	}, func(ctx context.Context, who domain.Administrator, in *setWindow) (*one[window], error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		w, err := s.Administration.SetWindow(ctx, who, id, ifMatch(in.IfMatch), domain.WindowSpec{
			TimeZone: in.Body.TimeZone, ValidFrom: in.Body.ValidFrom, ValidUntil: in.Body.ValidUntil, Schedule: in.Body.Schedule,
		})
		return oneWindow(w), err
	})
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/access-decision", id: "get-access-decision", tag: "Access", summary: "Explain whether a person may come in",
		description: "The answer is the one that sign-in would give at this moment.", needs: "users:view",
	}, s.decide)
}

func oneWindow(w domain.Window) *one[window] {
	return &one[window]{ETag: tag(w.Version()), Body: showWindow(w)}
}

// plain is an answer with something that has no version.
type plain[Item any] struct {
	Body Item
}

func (s *service) decide(ctx context.Context, who domain.Administrator, in *decisionInput) (*plain[Decision], error) {
	id, err := identified[domain.User](in.ID, "user")
	if err != nil {
		return nil, err
	}
	if _, err := s.Administration.Person(ctx, who, id); err != nil {
		return nil, err // of nobody there is nothing to explain
	}
	d, err := s.Administration.Access(ctx, who, id, domain.AccessMethod(in.Method))
	return &plain[Decision]{Body: showDecision(d)}, err
}

// showBlock shows a block; nil for the zero one.
func showBlock(b domain.Block) *block {
	if b.Reason == "" {
		return nil
	}
	return &block{Reason: string(b.Reason), Since: b.Since, By: participant{b.By.Kind, idOrNil(b.By.ID)}}
}

func showWindow(w domain.Window) window {
	return window{
		TimeZone: w.Zone.Name(), ValidFrom: orNil(string(w.ValidFrom)), ValidUntil: orNil(string(w.ValidUntil)), Schedule: orNil(w.Schedule.String()),
	}
}
