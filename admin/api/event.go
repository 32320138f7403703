package api

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"usher/domain"
)

// event is something that happened.
type event struct {
	ID        string          `json:"id" format:"uuid"`
	Type      string          `json:"type" example:"user.created"`
	Version   int             `json:"version" doc:"Of the payload of this type."`
	Actor     participant     `json:"actor" doc:"Who did it."`
	Subject   participant     `json:"subject" doc:"To whom or what."`
	RequestID *string         `json:"request_id"`
	From      *string         `json:"from" example:"192.0.2.7" doc:"From where: the network address of who asked, or the name of the machine on which the operator did it; null: it was Usher itself, or it is not known or erased with the person who acted."`
	At        time.Time       `json:"at"`
	Before    json.RawMessage `json:"before" doc:"What changed, as it was; null: nothing, or erased."`
	After     json.RawMessage `json:"after" doc:"And as it is."`

	payload []byte
}

// MarshalJSON implements json.Marshaler: the form is the domain's, which webhooks have as well. The fields describe it.
func (e event) MarshalJSON() ([]byte, error) { return e.payload, nil }

type participant struct {
	Kind string  `json:"kind" example:"user"`
	ID   *string `json:"id" format:"uuid" doc:"null for the operator of the service."`
}

type eventsInput struct {
	Limit   int       `query:"limit" doc:"At most so many items." minimum:"1" maximum:"1000" default:"100"`
	Cursor  string    `query:"cursor" doc:"Where to go on: next_cursor of the page before, or of a snapshot." maxLength:"4096"`
	Types   []string  `query:"type,explode" doc:"Only these types (docs/events.md): several times, or with commas between; at most 50." maxItems:"50"`
	Subject string    `query:"subject" doc:"Only what happened to the one with this id." maxLength:"36"`
	Since   time.Time `query:"since" doc:"Only what happened then or later (RFC 3339)."`
}

const maxTypes = 50

// feed is a page of events. Unlike other lists it has no end: there is a cursor always.
type feed struct {
	Link string `header:"Link" doc:"rel=\"next\": the next page, where there is more at this moment."`
	Body struct {
		Items      []event `json:"items" nullable:"false"`
		NextCursor string  `json:"next_cursor" doc:"Where to go on, now or later; it does not expire."`
		More       bool    `json:"more" doc:"There is more at this moment."`
	}
}

type snapshot struct {
	Body struct {
		NextCursor string `json:"next_cursor" doc:"Where events of now and later begin."`
	}
}

func (s *service) addEvents() {
	add(s, operation{
		method: http.MethodGet, path: "/events", id: "list-events", tag: "Events", summary: "Follow what happens",
		description: "In the order in which it was committed: who follows next_cursor misses nothing and sees nothing twice. The filters may change from page to page.",
		needs:       "audit:view",
	}, s.listEvents)
	add(s, operation{
		method: http.MethodGet, path: "/events/snapshot", id: "snapshot-events", tag: "Events", summary: "Begin to follow at this moment",
		description: "Take the cursor first, then read people and groups, then follow: what changed while you read comes as an event.",
		needs:       "audit:view",
	}, s.snapshotEvents)
}

func (s *service) listEvents(ctx context.Context, who domain.Administrator, in *eventsInput) (*feed, error) {
	x := exchangeOf(ctx)
	q := domain.EventQuery{Since: in.Since, Limit: in.Limit}
	for _, list := range in.Types {
		for of := range strings.SplitSeq(list, ",") {
			q.Types = append(q.Types, domain.EventType(of))
		}
	}
	if len(q.Types) > maxTypes {
		return nil, domain.InvalidField("type", "ask for at most 50 types; without any all come")
	}
	if in.Subject != "" {
		id, err := filtered[domain.User]("subject", in.Subject)
		if err != nil {
			return nil, err
		}
		q.Subject = id.UUID
	}
	if in.Cursor != "" {
		says, err := x.cursors.open(in.Cursor, eventQuery(who)...)
		if err != nil {
			return nil, err
		}
		q.After.Commit = int64(binary.BigEndian.Uint64(says))
		copy(q.After.ID.UUID[:], says[8:])
	}
	found, err := s.Administration.Events(ctx, who, q)
	if err != nil {
		return nil, err
	}
	out := &feed{}
	out.Body.Items = make([]event, 0, len(found.Events))
	for _, e := range found.Events {
		out.Body.Items = append(out.Body.Items, showEvent(e))
	}
	out.Body.NextCursor, out.Body.More = x.sealEvent(found.Next), found.More
	if found.More {
		_, out.Link = x.pageOf(out.Body.NextCursor)
	}
	return out, nil
}

func (s *service) snapshotEvents(ctx context.Context, who domain.Administrator, _ *struct{}) (*snapshot, error) {
	at, err := s.Administration.PresentEvent(ctx, who)
	out := &snapshot{}
	out.Body.NextCursor = exchangeOf(ctx).sealEvent(at)
	return out, err
}

// eventQuery is what a cursor of events belongs to.
func eventQuery(who domain.Administrator) []string {
	return []string{"events", who.Organisation.String()}
}

func (x *exchange) sealEvent(at domain.EventPosition) string {
	says := binary.BigEndian.AppendUint64(nil, uint64(at.Commit))
	return x.cursors.seal(append(says, at.ID.UUID[:]...), eventQuery(x.who)...)
}

func showEvent(e domain.Event) event { return event{payload: e.AppendPayload(nil)} }

func idOrNil(id uuid.UUID) *string {
	if id == uuid.Nil {
		return nil
	}
	return orNil(id.String())
}
