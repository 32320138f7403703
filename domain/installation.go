package domain

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// Installation is what whoever runs it, the operator, can do: make, stop and erase organisations, and give identity
// providers access to them. Organisations are named by their slug, connections by their name. Every change is one unit
// of work and appends one event per thing it made or changed; what is so already changes nothing and appends none.
type Installation struct {
	store  Store
	env    Environment
	random io.Reader // of the secrets of tokens
	jobs   pace
}

// NewInstallation makes the use cases over a store. random must be a cryptographic source.
func NewInstallation(store Store, env Environment, random io.Reader) *Installation {
	return &Installation{store: store, env: env, random: random}
}

// change runs a unit of work on one organisation.
func (in *Installation) change(ctx context.Context, slug string, fn func(tx Tx, o Organisation) error) error {
	return in.store.Write(ctx, func(tx Tx) error {
		o, err := tx.Organisations().BySlug(slug)
		if err != nil {
			return err
		}
		return fn(tx, o)
	})
}

// event prepares the record of something the operator does.
func (in *Installation) event(org OrganisationID, what EventType, subjectKind string, subject uuid.UUID, at time.Time) (Event, error) {
	return in.author(Organisation{ID: org}).event(what, subjectKind, subject, at)
}

// record appends an event with what is so afterwards.
func (in *Installation) record(tx Tx, org OrganisationID, what EventType, subjectKind string, subject uuid.UUID, at time.Time, after attribute.Value) error {
	return in.author(Organisation{ID: org}).record(tx, what, subjectKind, subject, at, attribute.Value{}, after)
}

// label checks the name that people read of an organisation or connection: one line, not blank, at most 100 characters.
func label(field, s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" || utf8.RuneCountInString(s) > 100 || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return "", InvalidField(field, "use 1 to 100 characters on one line")
	}
	return s, nil
}

// texts makes a flat tree of names and texts; empty texts are left out.
func texts(pairs ...string) attribute.Value {
	var members []attribute.Member
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			members = append(members, attribute.Member{Name: pairs[i], Value: attribute.NewString(pairs[i+1])})
		}
	}
	return attribute.NewComplex(members...)
}

// numbers makes a flat tree of names and numbers.
func numbers(pairs ...any) attribute.Value {
	var members []attribute.Member
	for i := 0; i+1 < len(pairs); i += 2 {
		members = append(members, attribute.Member{Name: fmt.Sprint(pairs[i]), Value: attribute.NewNumber(fmt.Sprint(pairs[i+1]))})
	}
	return attribute.NewComplex(members...)
}

// timestamp is an instant as events spell it; empty for the zero time.
func timestamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}
