package domain

import (
	"context"
	"time"

	"usher/domain/attribute"
)

// Block refuses a person every door until somebody unblocks them; status, seat and everything else is kept. Who is blocked
// for another reason is now blocked by an administrator. Needs users:deactivate. NotFound, LastOwner, Precondition.
func (ad *Administration) Block(ctx context.Context, who Administrator, id UserID, match IfMatch) error {
	_, err := ad.alter(ctx, who, ActionDeactivate, id, match, func(tx Tx, was User, now time.Time) (User, error) {
		if err := demandOwner(tx, was); err != nil {
			return User{}, err
		}
		current, found, err := tx.Blocks().Get(was.Organisation, was.ID)
		if err != nil || found && current.Reason == BlockedByAdministrator {
			return was, err
		}
		block := Block{Organisation: was.Organisation, User: was.ID, Reason: BlockedByAdministrator, Since: now, By: who.Actor}
		if err := tx.Blocks().Put(current, block); err != nil {
			return User{}, err
		}
		before := attribute.Value{}
		if found {
			before = current.tree()
		}
		return was, ad.record(tx, who, UserBlocked, "user", id.UUID, now, before, block.tree())
	})
	return err
}

// Unblock ends a block, whatever its reason, clears the counter of wrong passwords and restarts the clock of inactivity (rule
// block.unblock). Whom wrong passwords slow, because they are the last owner, waits no longer; who is neither stays as they are. Needs users:unblock. NotFound, Precondition.
func (ad *Administration) Unblock(ctx context.Context, who Administrator, id UserID, match IfMatch) error {
	_, err := ad.alter(ctx, who, ActionUnblock, id, match, func(tx Tx, was User, now time.Time) (User, error) {
		block, found, err := tx.Blocks().Get(was.Organisation, was.ID)
		if err != nil {
			return User{}, err
		}
		if !found {
			if slowed, err := isSlowed(tx, was); err != nil || !slowed {
				return was, err
			}
		} else if err := tx.Blocks().Lift(block); err != nil {
			return User{}, err
		}
		if err := tx.Inactivity().Restart(was.Organisation, was.ID, now); err != nil {
			return User{}, err
		}
		if err := forgive(tx, was); err != nil {
			return User{}, err
		}
		before := attribute.Value{}
		if found {
			before = block.tree()
		}
		return was, ad.record(tx, who, UserUnblocked, "user", id.UUID, now, before, attribute.Value{})
	})
	return err
}

// BlockOf reads somebody's block; found is false for who has none. Needs users:view. NotFound.
func (ad *Administration) BlockOf(ctx context.Context, who Administrator, id UserID) (block Block, found bool, err error) {
	err = ad.look(ctx, who, ModuleUsers, ActionView, id.String(), func(tx Tx) (err error) {
		if _, err := tx.Users().Find(who.Organisation, id); err != nil {
			return err
		}
		block, found, err = tx.Blocks().Get(who.Organisation, id)
		return err
	})
	return block, found, err
}

// WindowSpec describes an access window as it is typed: see ParseZone, ParseDate and ParseSchedule. All empty: always.
type WindowSpec struct {
	TimeZone   string // empty: UTC
	ValidFrom  string
	ValidUntil string
	Schedule   string
}

// Window checks a description. Invalid.
func (s WindowSpec) Window() (w Window, err error) {
	if s.TimeZone != "" {
		if w.Zone, err = ParseZone(s.TimeZone); err != nil {
			return w, err
		}
	}
	if w.ValidFrom, err = ParseDate("valid_from", s.ValidFrom); err != nil {
		return w, err
	}
	if w.ValidUntil, err = ParseDate("valid_until", s.ValidUntil); err != nil {
		return w, err
	}
	if w.Schedule, err = ParseSchedule(s.Schedule); err != nil {
		return w, err
	}
	return w, w.check()
}

// SetWindow says when a person may come in (rule access.window). The last owner is given no date on which they end (rule
// owner.last). match is a condition on the window. Needs users:edit. NotFound, Invalid, Precondition, LastOwner.
func (ad *Administration) SetWindow(ctx context.Context, who Administrator, id UserID, match IfMatch, spec WindowSpec) (Window, error) {
	is, err := spec.Window()
	if err != nil {
		return Window{}, err
	}
	if is.IsZero() {
		is = Window{}
	}
	_, err = ad.alter(ctx, who, ActionEdit, id, IfMatch{}, func(tx Tx, u User, now time.Time) (User, error) {
		was, err := tx.Windows().Get(u.Organisation, u.ID)
		if err != nil {
			return User{}, err
		}
		if err := match.admits(was.Version()); err != nil {
			return User{}, err
		}
		if is.ValidUntil != "" || is.ValidFrom != "" {
			if err := demandOwner(tx, u); err != nil {
				return User{}, err
			}
		}
		if attribute.Equal(was.tree(), is.tree()) {
			return u, nil
		}
		return u, moveWindow(tx, ad.scribe(who), u, was, is, now)
	})
	return is, err
}

// WindowOf reads when a person may come in. Needs users:view. NotFound.
func (ad *Administration) WindowOf(ctx context.Context, who Administrator, id UserID) (Window, error) {
	var w Window
	err := ad.look(ctx, who, ModuleUsers, ActionView, id.String(), func(tx Tx) (err error) {
		if _, err := tx.Users().Find(who.Organisation, id); err != nil {
			return err
		}
		w, err = tx.Windows().Get(who.Organisation, id)
		return err
	})
	return w, err
}
