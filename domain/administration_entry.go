package domain

import (
	"context"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// listing is what differs between the lists of roles, profiles, teams and queues: everything else about them is the same.
type listing[Noun any] struct {
	module string // whose permissions are asked for
	noun   string // in events and messages
	kind   GivenKind
	most   int

	created, updated, deleted EventType

	list  func(Tx) Entries[Noun]
	entry func(*Noun) *Entry[Noun]
	tree  func(Noun) attribute.Value
	kept  func(Noun) bool // nil: any of them can be deleted

	// allowed refuses that somebody gives it to people (rule owner.escalation); nil: everybody may.
	allowed func(ad *Administration, tx Tx, who Administrator, field string, n Noun) error
}

// create adds an entry once it has passed the check of its kind, which may complete it. NameTaken, Invalid, TooMany, Forbidden.
func create[Noun any](ctx context.Context, ad *Administration, who Administrator, l listing[Noun], n Noun, check func(Tx, *Noun) error) (Noun, error) {
	e := l.entry(&n)
	id, err := newID[Noun](ad.env)
	if err != nil {
		return n, err
	}
	e.ID, e.Organisation, e.Version = id, who.Organisation, 1
	err = ad.change(ctx, who, l.module, ActionCreate, "", func(tx Tx, now time.Time) error {
		e.CreatedAt, e.ModifiedAt = now, now
		if err := tx.Assignments().Lock(who.Organisation); err != nil {
			return err
		}
		known, err := l.list(tx).List(who.Organisation)
		if err != nil {
			return err
		}
		if len(known) >= l.most {
			return tooMany("name", "there are as many "+l.noun+"s as one organisation can have; delete one first")
		}
		if err := check(tx, &n); err != nil {
			return err
		}
		if err := l.list(tx).Insert(n); err != nil {
			return err
		}
		return ad.record(tx, who, l.created, l.noun, id.UUID, now, attribute.Value{}, l.tree(n))
	})
	return n, err
}

// edit changes an entry. When nothing differs nothing is written, and the answer is the entry as it was. NotFound,
// Precondition, NameTaken, Invalid, Forbidden.
func edit[Noun any](ctx context.Context, ad *Administration, who Administrator, l listing[Noun], id ID[Noun], match IfMatch, change func(tx Tx, was Noun) (Noun, error)) (Noun, error) {
	var outcome Noun
	err := ad.change(ctx, who, l.module, ActionEdit, id.String(), func(tx Tx, now time.Time) error {
		was, err := locked(tx, who, l, id, match)
		if err != nil {
			return err
		}
		is, err := change(tx, was)
		if err != nil {
			return err
		}
		outcome, err = save(tx, ad, who, l, was, is, now)
		return err
	})
	return outcome, err
}

// locked reads an entry that is about to change.
func locked[Noun any](tx Tx, who Administrator, l listing[Noun], id ID[Noun], match IfMatch) (Noun, error) {
	var none Noun
	if err := tx.Assignments().Lock(who.Organisation); err != nil {
		return none, err
	}
	was, err := l.list(tx).Get(who.Organisation, id)
	if err != nil {
		return none, err
	}
	err = match.admits(l.entry(&was).Version)
	return was, err
}

// save writes an entry that has changed, with its event.
func save[Noun any](tx Tx, ad *Administration, who Administrator, l listing[Noun], was, is Noun, now time.Time) (Noun, error) {
	before, after := l.tree(was), l.tree(is)
	if attribute.Equal(before, after) {
		return was, nil
	}
	e := l.entry(&is)
	e.Version, e.ModifiedAt = e.Version+1, later(now, e.ModifiedAt)
	if err := l.list(tx).Save(was, is); err != nil {
		return was, err
	}
	before, after = attribute.Diff(before, after)
	return is, ad.record(tx, who, l.updated, l.noun, e.ID.UUID, now, before, after)
}

// remove deletes an entry (rule profile.delete): who holds it gets the replacement, which the input names as field
// replacement; with none, it must not be held. leave lets go of what else hangs on it. NotFound, Precondition, InUse,
// Invalid, Forbidden.
func remove[Noun any](ctx context.Context, ad *Administration, who Administrator, l listing[Noun], id ID[Noun], match IfMatch, replacement ID[Noun], leave func(Tx, Noun, time.Time) error) error {
	return ad.change(ctx, who, l.module, ActionDelete, id.String(), func(tx Tx, now time.Time) error {
		n, err := locked(tx, who, l, id, match)
		if err != nil {
			return err
		}
		if l.kept != nil && l.kept(n) {
			return &Error{Kind: Forbidden, Code: CodeSystemKept, Message: "this " + l.noun + " belongs to the system and cannot be deleted; edit it instead"}
		}
		if err := takeOver(tx, ad, who, l, id, replacement, now); err != nil {
			return err
		}
		if err := leave(tx, n, now); err != nil {
			return err
		}
		if err := l.list(tx).Delete(n); err != nil {
			return err
		}
		return ad.record(tx, who, l.deleted, l.noun, id.UUID, now, l.tree(n), attribute.Value{})
	})
}

// takeOver gives everybody who holds an entry the replacement, and so whom a directory said should have it and who may have that by its
// connection's limits, if not what it took the place of (rule provision.limits).
func takeOver[Noun any](tx Tx, ad *Administration, who Administrator, l listing[Noun], id, replacement ID[Noun], now time.Time) error {
	defaults, err := tx.Assignments().Defaults(who.Organisation)
	if err != nil {
		return err
	}
	isDefault := id.UUID == defaults.Role.UUID || id.UUID == defaults.Profile.UUID
	if replacement.IsZero() {
		held, err := tx.Assignments().Held(who.Organisation, l.kind, id.UUID)
		switch {
		case err != nil:
			return err
		case held > 0:
			return inUse("this " + l.noun + " is held by people; name another one that they get in its place")
		case isDefault:
			return inUse("this " + l.noun + " is what people get by default; name another one in its place, or choose another default first")
		}
	} else {
		if replacement == id {
			return InvalidField("replacement", "name another "+l.noun+" than the one that goes")
		}
		heir, err := refer(l.list(tx), who.Organisation, replacement, "replacement", l.noun)
		if err != nil {
			return err
		}
		if l.allowed != nil {
			if err := l.allowed(ad, tx, who, "replacement", heir); err != nil {
				return err
			}
		}
	}
	said, err := tx.Claims().Meaning(who.Organisation, l.kind, id.UUID)
	if err != nil {
		return err
	}
	if err := ad.remap(tx, who, l.kind, l.noun, id.UUID, replacement.UUID, now); err != nil {
		return err
	}
	if err := ad.reassign(tx, who, l.kind, id.UUID, replacement.UUID, now); err != nil {
		return err
	}
	if len(said) > 0 && !replacement.IsZero() {
		if err := recompute(tx, who.Organisation, said, now, ad.scribe(who)); err != nil {
			return err
		}
	}
	if !isDefault {
		return nil
	}
	is := defaults
	if l.kind == GivenRole {
		is.Role = RoleID(replacement)
	} else {
		is.Profile = ProfileID(replacement)
	}
	_, err = ad.saveDefaults(tx, who, defaults, is, now)
	return err
}

// reassign moves people from one thing to another, with an event for each of them.
func (ad *Administration) reassign(tx Tx, who Administrator, kind GivenKind, id, by uuid.UUID, now time.Time) error {
	moved, err := tx.Assignments().Replace(who.Organisation, kind, id, by, now)
	if err != nil {
		return err
	}
	before, after := reassigned(kind, id), reassigned(kind, by)
	for _, user := range moved {
		if err := ad.record(tx, who, UserAccessChanged, "user", user.UUID, now, before, after); err != nil {
			return err
		}
	}
	return nil
}

// reassigned is what a person had or has, in the shape of UserAccess.tree.
func reassigned(kind GivenKind, id uuid.UUID) attribute.Value {
	if id == uuid.Nil {
		return attribute.Value{}
	}
	name, one := string(kind), texts("id", id.String())
	if kind == GivenQueue {
		name, one = "queues", attribute.NewList(one)
	}
	return attribute.NewComplex(attribute.Member{Name: name, Value: one})
}

func inUse(message string) *Error {
	return &Error{Kind: Conflict, Code: CodeInUse, Field: "replacement", Message: message}
}

// read gives one entry. NotFound.
func read[Noun any](ctx context.Context, ad *Administration, who Administrator, l listing[Noun], id ID[Noun]) (Noun, error) {
	var found Noun
	err := ad.look(ctx, who, l.module, ActionView, id.String(), func(tx Tx) (err error) {
		found, err = l.list(tx).Get(who.Organisation, id)
		return err
	})
	return found, err
}

// readAll gives the entries that somebody may view, by name.
func readAll[Noun any](ctx context.Context, ad *Administration, who Administrator, l listing[Noun]) ([]Noun, error) {
	var list []Noun
	err := ad.look(ctx, who, l.module, ActionView, "", func(tx Tx) error {
		all, err := l.list(tx).List(who.Organisation)
		list = make([]Noun, 0, len(all))
		for _, n := range all {
			if who.May(Permission{Module: l.module, Action: ActionView}, l.entry(&n).ID.String()) {
				list = append(list, n)
			}
		}
		return err
	})
	return list, err
}

// leaveNothing is for what nothing else hangs on.
func leaveNothing[Noun any](Tx, Noun, time.Time) error { return nil }
