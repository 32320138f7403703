package domain

import (
	"context"
	"errors"
)

// AccessRefusal is the refusal of somebody who has proved who they are: why, what would change it, and how to tell them. It
// is, and wraps, an [Error] with the code AccessRefused, whose Field is the reason.
type AccessRefusal struct { //nolint:errname // a refusal, in the words of the house
	Decision

	Language string // that the person prefers (BCP 47); empty: not known
	Zone     Zone   // in which the person is told times

	refusal *Error
}

// Error is for logs.
func (r *AccessRefusal) Error() string { return r.refusal.Error() }

// Unwrap gives the error of the house.
func (r *AccessRefusal) Unwrap() error { return r.refusal }

// accessRefused tells somebody who has proved who they are why they may not come in (rule access.window).
func accessRefused(d Decision) error {
	return &AccessRefusal{Decision: d, refusal: &Error{
		Kind: Forbidden, Code: CodeAccessRefused, Field: d.Reason, Message: d.Sentence + "; what changes it: " + d.Remedy,
	}}
}

// addressed adds to a refusal how its person is told: in which language, and in which zone.
func (e *Entrance) addressed(ctx context.Context, org OrganisationID, user UserID, err error) error {
	var refusal *AccessRefusal
	if !errors.As(err, &refusal) {
		return err
	}
	lost := e.store.Read(ctx, func(tx Tx) error {
		u, err := tx.Users().Find(org, user)
		if err != nil {
			return err
		}
		tree, err := u.Attributes()
		if err != nil {
			return err
		}
		window, err := tx.Windows().Get(org, user)
		if err != nil {
			return err
		}
		refusal.Language, refusal.Zone = FieldsOf(tree).Language, zoneOf(window, tree)
		return nil
	})
	if lost != nil && !IsKind(lost, NotFound) {
		return lost
	}
	return err
}
