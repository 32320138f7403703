package persistence

import (
	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
)

type events struct{ session }

const (
	insertEventSQL = `INSERT INTO events (organisation_id, event_id, type, actor_kind, actor_id, subject_kind, subject_id, request_id, occurred_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
	insertEventValuesSQL = `INSERT INTO event_values (organisation_id, subject_id, event_id, before_values, after_values, address, person_id) VALUES (?, ?, ?, ?, ?, ?, ?)`
)

func (t events) Append(e domain.Event) error {
	err := t.exec(insertEventSQL, e.Organisation.UUID, e.ID.UUID, string(e.Type), e.Actor.Kind, e.Actor.ID, e.SubjectKind,
		e.Subject, e.RequestID, e.At.UnixMilli())
	if err != nil || !e.Before.Assigned() && !e.After.Assigned() && e.From == "" {
		return err
	}
	return t.exec(insertEventValuesSQL, e.Organisation.UUID, e.Subject, e.ID.UUID, valuesOrNull(e.Before), valuesOrNull(e.After), textOrNull(e.From), e.Person.UUID)
}

func valuesOrNull(v attribute.Value) any {
	if !v.Assigned() {
		return nil
	}
	return string(attribute.AppendJSON(nil, v))
}

const (
	eventColumns = `e.event_id, e.type, e.actor_kind, e.actor_id, e.subject_kind, e.subject_id, e.request_id, e.occurred_at,
COALESCE(v.before_values, ''), COALESCE(v.after_values, ''), COALESCE(v.address, ''), v.person_id`
	eventFrom = " FROM events e LEFT JOIN event_values v ON v.organisation_id = e.organisation_id AND v.subject_id = e.subject_id AND v.event_id = e.event_id"
)

func (t events) List(org domain.OrganisationID, after domain.EventID, limit int) ([]domain.Event, error) {
	var list []domain.Event
	err := t.query("SELECT "+eventColumns+eventFrom+" WHERE e.organisation_id = ? AND e.event_id > ? ORDER BY e.event_id LIMIT ?",
		[]any{org.UUID, idOrLowest(after.UUID), limit}, func(r row) error {
			e, err := scanEvent(r, org)
			list = append(list, e)
			return err
		})
	return list, err
}

func (t events) Get(org domain.OrganisationID, id domain.EventID) (domain.Event, error) {
	var e domain.Event
	found := false
	err := t.query("SELECT "+eventColumns+eventFrom+" WHERE e.organisation_id = ? AND e.event_id = ?", []any{org.UUID, id.UUID}, func(r row) (err error) {
		found = true
		e, err = scanEvent(r, org)
		return err
	})
	if err == nil && !found {
		err = notFound("event")
	}
	return e, err
}

func (t events) Position(org domain.OrganisationID, id domain.EventID) (domain.EventPosition, error) {
	at := domain.EventPosition{ID: id}
	found, err := fetch(t, "SELECT commit_order FROM events WHERE organisation_id = ? AND event_id = ?", []any{org.UUID, id.UUID}, &at.Commit)
	if err == nil && !found {
		err = notFound("event")
	}
	return at, err
}

// scanEvent reads eventColumns, and what follows them into more.
func scanEvent(r row, org domain.OrganisationID, more ...any) (domain.Event, error) {
	e := domain.Event{Organisation: org}
	var kind, before, after string
	var at int64
	dest := append([]any{&e.ID.UUID, &kind, &e.Actor.Kind, &e.Actor.ID, &e.SubjectKind, &e.Subject, &e.RequestID, &at, &before, &after, &e.From, &e.Person.UUID}, more...)
	if err := r.Scan(dest...); err != nil {
		return e, err
	}
	e.Type, e.At = domain.EventType(kind), instant(at)
	var err error
	if e.Before, err = storedValues(before); err != nil {
		return e, err
	}
	e.After, err = storedValues(after)
	return e, err
}

func storedValues(text string) (attribute.Value, error) {
	if text == "" {
		return attribute.Value{}, nil
	}
	return attribute.Read([]byte(text), attribute.Bounds{Depth: 64, Nodes: 50_000_000})
}

// idOrLowest is an identifier to begin after; the zero one is before all others (and must not become NULL).
func idOrLowest(id uuid.UUID) any {
	if id == uuid.Nil {
		return id.String()
	}
	return id
}
