package domain

import (
	"context"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// Adoption is the mark by which an administrator lets a connection adopt an account that no connection has (rule
// link.adopt). It goes with the first write of the connection, which links the account.
type Adoption struct {
	Organisation OrganisationID
	User         UserID
	Connection   ConnectionID
	Since        time.Time
}

// Adoptions is the store of what connections may adopt. Whoever an [EmailDomain] makes adoptable has no mark.
type Adoptions interface {
	// Of reads the mark of an account; found is false where it has none.
	Of(org OrganisationID, user UserID) (a Adoption, found bool, err error)
	// Mark puts a mark in place of the one there may be. From the next request on the connection sees the account.
	Mark(a Adoption) error
	// Unmark takes the mark away, if there is one.
	Unmark(org OrganisationID, user UserID) error
	// Among gives those of a list whom a connection may adopt, in order of id.
	Among(scope Scope, ids []uuid.UUID) ([]UserID, error)
	// Link makes an account its Connection's, over the version before its Version; the unit of work runs again when that
	// is no longer the current one, or the account may not be adopted any more.
	Link(u User) error
}

// link makes an account that the caller may adopt its own, before it does to it what it came for (rule link.adopt).
func (d *Directory) link(tx Tx, caller Caller, was User, now time.Time) (User, error) {
	is := was
	is.Connection = caller.Connection
	is.Version, is.ModifiedAt = was.Version+1, later(now, was.ModifiedAt)
	if err := tx.Adoptions().Link(is); err != nil {
		return was, err
	}
	event, err := d.event(caller, UserLinked, "user", is.ID.UUID, now)
	if err != nil {
		return was, err
	}
	event.After = texts("connection", caller.Connection.String())
	return is, tx.Events().Append(event)
}

// linkMembers links those whom the caller may adopt and now makes members: that is its first write about them.
func (d *Directory) linkMembers(tx Tx, caller Caller, now time.Time, lists ...[]uuid.UUID) error {
	if !caller.Adopts {
		return nil
	}
	var ids []uuid.UUID
	for _, list := range lists {
		ids = append(ids, list...)
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := tx.Adoptions().Among(caller.Scope(), ids)
	if err != nil {
		return err
	}
	for _, id := range found {
		was, err := tx.Users().Find(caller.Organisation, id)
		if err != nil {
			return err
		}
		if _, err := d.link(tx, caller, was, now); err != nil {
			return err
		}
	}
	return nil
}

// stepMembers are all whom steps make members.
func stepMembers(steps []GroupStep) []uuid.UUID {
	var ids []uuid.UUID
	for _, s := range steps {
		ids = append(append(ids, s.Add...), s.Members...)
	}
	return ids
}

// MakeAdoptable lets a connection adopt an account that no connection has: it shows in the connection's look-ups, and its
// first write links it (rule link.adopt). It needs directory:edit and users:edit on the person. Who could then be reached by
// the directory must not be able to do more than the administrator, the defaults included: an owner is marked by owners. NotFound, Conflict.
func (ad *Administration) MakeAdoptable(ctx context.Context, who Administrator, user UserID, by ConnectionID) (Adoption, error) {
	var outcome Adoption
	if err := who.need(ModuleUsers, ActionEdit, user.String()); err != nil {
		return outcome, err
	}
	err := ad.change(ctx, who, ModuleDirectory, ActionEdit, "", func(tx Tx, now time.Time) error {
		if err := demandConnection(tx, who.Organisation, by, "connection_id"); err != nil {
			return err
		}
		u, err := tx.Users().Find(who.Organisation, user)
		if err != nil {
			return err
		}
		if !u.Connection.IsZero() {
			return &Error{Kind: Conflict, Code: CodeLinked, Message: "this account belongs to a connection already; nothing is to be adopted"}
		}
		if err := who.mayBecome(tx, "id", u); err != nil {
			return err
		}
		if err := ad.mayLetDefault(tx, who, user); err != nil {
			return err
		}
		was, found, err := tx.Adoptions().Of(who.Organisation, user)
		if err != nil {
			return err
		}
		if outcome = was; found && was.Connection == by {
			return nil
		}
		outcome = Adoption{Organisation: who.Organisation, User: user, Connection: by, Since: now}
		if err := tx.Adoptions().Mark(outcome); err != nil {
			return err
		}
		return ad.record(tx, who, UserAdoptable, "user", user.UUID, now, was.tree(), outcome.tree())
	})
	return outcome, err
}

// mayLetDefault refuses to make somebody one of a directory's people, who have the defaults where nobody has decided, to whoever
// could not give them those (rule owner.escalation).
func (ad *Administration) mayLetDefault(tx Tx, who Administrator, user UserID) error {
	was, err := tx.Assignments().Of(who.Organisation, user)
	if err != nil {
		return err
	}
	defaults, err := tx.Assignments().Defaults(who.Organisation)
	if err != nil {
		return err
	}
	is := was
	is.Directory = true
	return ad.mayAssign(tx, who, was, is.With(defaults))
}

// Unadoptable takes back that an account may be adopted. It needs directory:edit and users:edit on the person. NotFound.
func (ad *Administration) Unadoptable(ctx context.Context, who Administrator, user UserID) error {
	if err := who.need(ModuleUsers, ActionEdit, user.String()); err != nil {
		return err
	}
	return ad.change(ctx, who, ModuleDirectory, ActionEdit, "", func(tx Tx, now time.Time) error {
		if _, err := tx.Users().Find(who.Organisation, user); err != nil {
			return err
		}
		was, found, err := tx.Adoptions().Of(who.Organisation, user)
		if err != nil || !found {
			return err
		}
		if err := tx.Adoptions().Unmark(who.Organisation, user); err != nil {
			return err
		}
		return ad.record(tx, who, UserAdoptable, "user", user.UUID, now, was.tree(), attribute.Value{})
	})
}

// Adoptable reads which connection may adopt an account because it is marked; found is false for none. It needs
// directory:view. NotFound.
func (ad *Administration) Adoptable(ctx context.Context, who Administrator, user UserID) (a Adoption, found bool, err error) {
	err = ad.look(ctx, who, ModuleDirectory, ActionView, "", func(tx Tx) error {
		if _, err := tx.Users().Find(who.Organisation, user); err != nil {
			return err
		}
		a, found, err = tx.Adoptions().Of(who.Organisation, user)
		return err
	})
	return a, found, err
}

func (a Adoption) tree() attribute.Value {
	if a.Connection.IsZero() {
		return attribute.Value{}
	}
	return texts("connection", a.Connection.String())
}
