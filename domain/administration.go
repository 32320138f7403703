package domain

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// Administration is what can be done inside one organisation by those who run it, within what they are permitted: people
// in the console, applications with an API key. Every method takes who asks first, returns an *Error, and answers
// Forbidden with [CodePermissionMissing] for what they may not do. Every change is one unit of work and appends one event
// per thing that changed; what is so already changes nothing and appends none.
type Administration struct {
	store  Store
	env    Environment
	random io.Reader // of the secrets of keys and links
}

// NewAdministration makes the use cases over a store. random must be a cryptographic source.
func NewAdministration(store Store, env Environment, random io.Reader) *Administration {
	return &Administration{store: store, env: env, random: random}
}

// Administrator is who asks, as authentication found them for this one request (rule access.immediate).
type Administrator struct {
	Organisation OrganisationID
	Actor        Actor
	Owner        bool        // a system owner, who may do everything
	Permissions  Permissions // effective
	RequestID    string
	From         string // the network address of who asks; empty: not known

	credential TokenHash // of an API key
	person     UserID    // whose key it is; zero: nobody's, or it is no key
}

// May reports whether an action is permitted on an object of a module; with object "" on any.
func (a Administrator) May(of Permission, object string) bool {
	return a.Owner || a.Permissions.Allows(of, object)
}

// need refuses what is not permitted.
func (a Administrator) need(module, action, object string) error {
	of := Permission{Module: module, Action: action}
	if a.May(of, object) {
		return nil
	}
	return &Error{
		Kind: Forbidden, Code: CodePermissionMissing, Field: of.String(),
		Message: "this needs the permission " + of.String() + "; ask somebody who has it to grant it",
	}
}

// change runs a unit of work for somebody who may do the action.
func (ad *Administration) change(ctx context.Context, who Administrator, module, action, object string, fn func(tx Tx, now time.Time) error) error {
	if err := who.need(module, action, object); err != nil {
		return err
	}
	now := ad.env.instant()
	return ad.store.Write(ctx, func(tx Tx) error { return fn(tx, now) })
}

// look reads for somebody who may.
func (ad *Administration) look(ctx context.Context, who Administrator, module, action, object string, fn func(tx Tx) error) error {
	if err := who.need(module, action, object); err != nil {
		return err
	}
	return ad.store.Read(ctx, fn)
}

// record appends an event about a subject: what changed, as it was and as it is.
func (ad *Administration) record(tx Tx, who Administrator, what EventType, subjectKind string, subject uuid.UUID, at time.Time, before, after attribute.Value) error {
	return ad.author(who).record(tx, what, subjectKind, subject, at, before, after)
}
