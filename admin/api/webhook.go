package api

import (
	"context"
	"encoding/binary"
	"net/http"
	"time"

	"usher/domain"
)

// Webhook is an address to which events are sent.
type Webhook struct {
	ID                string     `json:"id" format:"uuid"`
	URL               string     `json:"url"`
	Description       string     `json:"description"`
	Types             []string   `json:"types" nullable:"false" doc:"Only events of these types; empty: all."`
	CreatedAt         time.Time  `json:"created_at"`
	ModifiedAt        time.Time  `json:"modified_at"`
	DisabledAt        *time.Time `json:"disabled_at" doc:"null: it works."`
	DisabledReason    *string    `json:"disabled_reason" enum:"administrator,failing,gone" doc:"failing: nothing could be delivered for 3 days; gone: the receiver answered 410."`
	FailingSince      *time.Time `json:"failing_since" doc:"The first failure since the last success; null: the last delivery succeeded."`
	FormerSecretUntil *time.Time `json:"former_secret_until" doc:"Until then the secret before signs as well; null: it does not."`
}

// newWebhook is a webhook with its secret.
type newWebhook struct {
	Webhook

	Secret string `json:"secret" doc:"Signs what is sent (Standard Webhooks). It is shown this once." example:"whsec_…"`
}

type createWebhook struct {
	Body struct {
		URL         string   `json:"url" doc:"https, on the public network, unless the operator lets other addresses pass." minLength:"1" maxLength:"2000"`
		Description string   `json:"description,omitempty" maxLength:"1000"`
		Types       []string `json:"types,omitempty" doc:"Only events of these types (docs/events.md); empty: all." maxItems:"50" nullable:"false"`
	}
}

type editWebhook struct {
	Matching

	Body struct {
		URL         *string   `json:"url,omitempty" minLength:"1" maxLength:"2000"`
		Description *string   `json:"description,omitempty" maxLength:"1000"`
		Types       *[]string `json:"types,omitempty" maxItems:"50"`
		Disabled    *bool     `json:"disabled,omitempty" doc:"false: it works again, and what was queued is sent; what happened meanwhile is not, see replay."`
	}
}

type replayWebhook struct {
	ByID

	Body struct {
		FromEventID string `json:"from_event_id" doc:"The first event to send again; all that happened after it follow." minLength:"36" maxLength:"36"`
	}
}

// accepted is an answer to what will be done soon.
type accepted struct {
	Body struct {
		EventID string `json:"event_id" format:"uuid" doc:"The id of the event that is sent, which is its webhook-id."`
	}
}

// delivery is one event on its way to a webhook.
type delivery struct {
	EventID       string     `json:"event_id" format:"uuid"`
	Type          string     `json:"type"`
	SubjectID     string     `json:"subject_id" format:"uuid" doc:"Deliveries about one subject are made one after the other, in the order of events."`
	State         string     `json:"state" enum:"queued,delivered,failed" doc:"failed: given up after 3 days."`
	Attempts      int        `json:"attempts"`
	FirstAttempt  *time.Time `json:"first_attempt_at"`
	LatestAttempt *time.Time `json:"latest_attempt_at"`
	Status        *int       `json:"status" doc:"The receiver's latest answer; null: there was none."`
	Problem       *string    `json:"problem" doc:"What went wrong last."`
	QueuedAt      time.Time  `json:"queued_at"`
	DoneAt        *time.Time `json:"done_at"`
}

type deliveriesInput struct {
	ByID
	Paged

	State string `query:"state" enum:"queued,delivered,failed" doc:"Only these."`
}

func (s *service) addWebhooks() {
	add(s, operation{
		method: http.MethodGet, path: "/webhooks", id: "list-webhooks", tag: "Webhooks", summary: "List the webhooks", needs: "audit:view",
	}, func(ctx context.Context, who domain.Administrator, in *Paged) (*page[Webhook], error) {
		all, err := s.Administration.Webhooks(ctx, who)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "webhooks", *in, all, func(w domain.Webhook) string { return w.ID.String() }, s.showWebhook)
	})
	add(s, operation{
		method: http.MethodPost, path: "/webhooks", id: "create-webhook", tag: "Webhooks", summary: "Make a webhook",
		description: "It is sent what happens from then on, signed after Standard Webhooks; docs/webhooks.md says how to receive it. Who may say where the log goes may read it.",
		needs:       "audit:edit", status: http.StatusCreated,
	}, func(ctx context.Context, who domain.Administrator, in *createWebhook) (*created[newWebhook], error) {
		w, secret, err := s.Administration.CreateWebhook(ctx, who, s.Webhooks, domain.WebhookSpec{
			URL: in.Body.URL, Description: in.Body.Description, Types: eventTypes(in.Body.Types),
		})
		return s.madeWebhook(w, secret), err
	})
	add(s, operation{
		method: http.MethodGet, path: "/webhooks/{id}", id: "get-webhook", tag: "Webhooks", summary: "Read one webhook", needs: "audit:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*one[Webhook], error) {
		id, err := identified[domain.Webhook](in.ID, "webhook")
		if err != nil {
			return nil, err
		}
		w, err := s.Administration.Webhook(ctx, who, id)
		return &one[Webhook]{ETag: tag(w.Version), Body: s.showWebhook(w)}, err
	})
	add(s, operation{
		method: http.MethodPatch, path: "/webhooks/{id}", id: "edit-webhook", tag: "Webhooks", summary: "Change, stop or start a webhook", needs: "audit:edit",
	}, func(ctx context.Context, who domain.Administrator, in *editWebhook) (*one[Webhook], error) {
		id, err := identified[domain.Webhook](in.ID, "webhook")
		if err != nil {
			return nil, err
		}
		change := domain.WebhookChange{URL: in.Body.URL, Description: in.Body.Description, Disabled: in.Body.Disabled}
		if in.Body.Types != nil {
			types := eventTypes(*in.Body.Types)
			change.Types = &types
		}
		w, err := s.Administration.EditWebhook(ctx, who, s.Webhooks, id, ifMatch(in.IfMatch), change)
		return &one[Webhook]{ETag: tag(w.Version), Body: s.showWebhook(w)}, err
	})
	add(s, operation{
		method: http.MethodDelete, path: "/webhooks/{id}", id: "delete-webhook", tag: "Webhooks", summary: "Delete a webhook",
		description: "With what is queued for it.", needs: "audit:edit", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *Matching) (*struct{}, error) {
		id, err := identified[domain.Webhook](in.ID, "webhook")
		if err != nil {
			return nil, err
		}
		return nil, s.Administration.DeleteWebhook(ctx, who, id, ifMatch(in.IfMatch))
	})
	s.addWebhookActions()
}

func (s *service) addWebhookActions() {
	add(s, operation{
		method: http.MethodPost, path: "/webhooks/{id}/rotate", id: "rotate-webhook", tag: "Webhooks", summary: "Give a webhook another secret",
		description: "Until the overlap is over everything is signed with both.", needs: "audit:edit",
	}, func(ctx context.Context, who domain.Administrator, in *rotateToken) (*created[newWebhook], error) {
		id, err := identified[domain.Webhook](in.ID, "webhook")
		if err != nil {
			return nil, err
		}
		overlap := defaultOverlap
		if in.Body != nil && in.Body.OverlapHours != nil {
			overlap = time.Duration(*in.Body.OverlapHours) * time.Hour
		}
		w, secret, err := s.Administration.RotateWebhook(ctx, who, s.Webhooks, id, overlap, ifMatch(in.IfMatch))
		return s.madeWebhook(w, secret), err
	})
	add(s, operation{
		method: http.MethodPost, path: "/webhooks/{id}/test", id: "test-webhook", tag: "Webhooks", summary: "Send a test to a webhook",
		description: "An event of the type webhook.tested, by the way that all take; the deliveries say what became of it.", needs: "audit:edit", status: http.StatusAccepted,
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*accepted, error) {
		id, err := identified[domain.Webhook](in.ID, "webhook")
		if err != nil {
			return nil, err
		}
		event, err := s.Administration.TestWebhook(ctx, who, id)
		out := &accepted{}
		out.Body.EventID = event.String()
		return out, err
	})
	add(s, operation{
		method: http.MethodPost, path: "/webhooks/{id}/replay", id: "replay-webhook", tag: "Webhooks", summary: "Send events again",
		description: "From an event on to the present one, in their order and under the ids they had, those that were delivered as well.", needs: "audit:edit", status: http.StatusAccepted,
	}, func(ctx context.Context, who domain.Administrator, in *replayWebhook) (*struct{}, error) {
		id, err := identified[domain.Webhook](in.ID, "webhook")
		if err != nil {
			return nil, err
		}
		from, err := filtered[domain.Event]("from_event_id", in.Body.FromEventID)
		if err != nil {
			return nil, err
		}
		return nil, s.Administration.ReplayWebhook(ctx, who, id, from)
	})
	add(s, operation{
		method: http.MethodGet, path: "/webhooks/{id}/deliveries", id: "list-deliveries", tag: "Webhooks", summary: "List the deliveries to a webhook",
		description: "The latest events first. What is done is forgotten after 7 days.", needs: "audit:view",
	}, s.listDeliveries)
}

func (s *service) listDeliveries(ctx context.Context, who domain.Administrator, in *deliveriesInput) (*page[delivery], error) {
	x := exchangeOf(ctx)
	id, err := identified[domain.Webhook](in.ID, "webhook")
	if err != nil {
		return nil, err
	}
	query := []string{"deliveries", who.Organisation.String(), in.ID, in.State}
	var after domain.EventPosition
	if in.Cursor != "" {
		says, err := x.cursors.open(in.Cursor, query...)
		if err != nil {
			return nil, err
		}
		after.Commit = int64(binary.BigEndian.Uint64(says))
		copy(after.ID.UUID[:], says[8:])
	}
	found, err := s.Administration.Deliveries(ctx, who, id, domain.DeliveryState(in.State), after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(found) > in.Limit {
		found = found[:in.Limit]
		last := found[in.Limit-1].Position
		next = x.cursors.seal(append(binary.BigEndian.AppendUint64(nil, uint64(last.Commit)), last.ID.UUID[:]...), query...)
	}
	return newPage(x, found, showDelivery, next), nil
}

func eventTypes(words []string) []domain.EventType {
	types := make([]domain.EventType, len(words))
	for i, of := range words {
		types[i] = domain.EventType(of)
	}
	return types
}

func (s *service) madeWebhook(w domain.Webhook, secret string) *created[newWebhook] {
	return &created[newWebhook]{
		Location: Prefix + "/webhooks/" + w.ID.String(), ETag: tag(w.Version), Body: newWebhook{Webhook: s.showWebhook(w), Secret: secret},
	}
}

func (s *service) showWebhook(w domain.Webhook) Webhook {
	types := make([]string, len(w.Types))
	for i, of := range w.Types {
		types[i] = string(of)
	}
	out := Webhook{
		ID: w.ID.String(), URL: w.URL, Description: w.Description, Types: types, CreatedAt: w.CreatedAt.UTC(), ModifiedAt: w.ModifiedAt.UTC(),
		DisabledAt: moment(w.DisabledAt), DisabledReason: orNil(string(w.DisabledReason)), FailingSince: moment(w.FailingSince),
	}
	if s.Now().Before(w.FormerUntil) {
		out.FormerSecretUntil = moment(w.FormerUntil)
	}
	return out
}

func showDelivery(d domain.Delivery) delivery {
	out := delivery{
		EventID: d.Event.String(), Type: string(d.Type), SubjectID: d.Subject.String(), State: string(d.State), Attempts: d.Attempts,
		FirstAttempt: moment(d.FirstAt), LatestAttempt: moment(d.LastAt), Problem: orNil(d.Problem), QueuedAt: d.CreatedAt.UTC(), DoneAt: moment(d.DoneAt),
	}
	if d.Status != 0 {
		out.Status = &d.Status
	}
	return out
}
