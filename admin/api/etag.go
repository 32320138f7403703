package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"usher/domain"
)

// tag is the entity tag of a version (RFC 9110 section 8.8.3).
func tag(version int64) string { return `W/"` + strconv.FormatInt(version, 10) + `"` }

// oneIfMatch joins the lines of If-Match to the one that is read (RFC 9110 section 5.3). Lines that say nothing become an empty
// list, which matches nothing: a header without tags is not the same as none.
func oneIfMatch(h http.Header) http.Header {
	lines := h["If-Match"]
	if len(lines) == 0 {
		return h
	}
	h = h.Clone()
	line := strings.Join(lines, ", ")
	if strings.TrimSpace(line) == "" {
		line = ","
	}
	h.Set("If-Match", line)
	return h
}

// ifMatch reads an If-Match header. One that is not a list of tags matches nothing, so that a write under a malformed
// one is refused (412) instead of carried out unconditionally.
func ifMatch(header string) domain.IfMatch {
	header = strings.TrimSpace(header)
	if header == "" {
		return domain.IfMatch{}
	}
	m := domain.IfMatch{Set: true, Any: header == "*"}
	for part := range strings.SplitSeq(header, ",") {
		text := strings.TrimPrefix(strings.TrimSpace(part), "W/")
		number, ok := strings.CutPrefix(text, `"`)
		if number, ok = cutSuffix(number, ok); !ok {
			continue
		}
		if v, err := strconv.ParseInt(number, 10, 64); err == nil && strconv.FormatInt(v, 10) == number {
			m.Versions = append(m.Versions, v)
		}
	}
	return m
}

func cutSuffix(text string, quoted bool) (string, bool) {
	inner, ended := strings.CutSuffix(text, `"`)
	return inner, quoted && ended
}

// moment is an instant as it is answered; nil for the zero time.
func moment(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

// orNil is a text as it is answered; nil for an empty one.
func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
