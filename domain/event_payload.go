package domain

import (
	"strconv"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// AppendPayload appends the event as it is told to others, as JSON, the same by every way: a page of the feed, a webhook,
// the catalogue in docs/events.md. Its members are always there, and null where there is nothing to say:
//
//	{"id": "…", "type": "user.updated", "version": 1, "actor": {"kind": "connection", "id": "…"},
//	 "subject": {"kind": "user", "id": "…"}, "request_id": "…", "from": "192.0.2.7",
//	 "at": "2026-01-02T15:04:05.678Z", "before": {"title": "Agent"}, "after": {"title": "Head"}}
//
// version is the one of the payload of this type, as the catalogue has it; 0 for a type that it does not know.
func (e Event) AppendPayload(dst []byte) []byte {
	entry, _ := LookUpEvent(e.Type)
	dst = attribute.AppendString(append(dst, `{"id":`...), e.ID.String())
	dst = attribute.AppendString(append(dst, `,"type":`...), string(e.Type))
	dst = strconv.AppendInt(append(dst, `,"version":`...), int64(entry.Version), 10)
	dst = appendParticipant(append(dst, `,"actor":`...), e.Actor.Kind, e.Actor.ID)
	dst = appendParticipant(append(dst, `,"subject":`...), e.SubjectKind, e.Subject)
	dst = appendTextOrNull(append(dst, `,"request_id":`...), e.RequestID)
	dst = appendTextOrNull(append(dst, `,"from":`...), e.From)
	dst = attribute.AppendString(append(dst, `,"at":`...), timestamp(e.At))
	dst = appendValuesOrNull(append(dst, `,"before":`...), e.Before)
	dst = appendValuesOrNull(append(dst, `,"after":`...), e.After)
	return append(dst, '}')
}

func appendParticipant(dst []byte, kind string, id uuid.UUID) []byte {
	text := ""
	if id != uuid.Nil {
		text = id.String()
	}
	dst = attribute.AppendString(append(dst, `{"kind":`...), kind)
	dst = appendTextOrNull(append(dst, `,"id":`...), text)
	return append(dst, '}')
}

func appendTextOrNull(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, "null"...)
	}
	return attribute.AppendString(dst, s)
}

func appendValuesOrNull(dst []byte, v attribute.Value) []byte {
	if !v.Assigned() {
		return append(dst, "null"...)
	}
	return attribute.AppendJSON(dst, v)
}
