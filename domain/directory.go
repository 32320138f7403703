package domain

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Directory is what an identity provider can do: push people and groups, and read them back. Every method returns an
// *Error, and answers NotFound for whatever the caller's connection does not own (rule link.scope).
type Directory struct {
	store Store
	env   Environment

	callers sync.Map // TokenHash → remembered, see Recall
}

// remembered is a caller as it was at a time.
type remembered struct {
	caller Caller
	at     time.Time
}

// recallFor bounds the age of what a recalled caller says beside its token: the kind and policies of its connection,
// the version of its schemas.
const recallFor = time.Second

// NewDirectory makes the use cases over a store.
func NewDirectory(store Store, env Environment) *Directory {
	return &Directory{store: store, env: env}
}

// Authenticate finds who a bearer is. Unauthenticated; Forbidden where the organisation or connection is stopped: then
// the Caller is known all the same, for the log.
func (d *Directory) Authenticate(ctx context.Context, b Bearer) (Caller, error) {
	var caller Caller
	err := d.store.Read(ctx, func(tx Tx) (err error) {
		caller, err = tx.Tokens().Caller(b, d.env.instant())
		return err
	})
	if err != nil {
		d.callers.Delete(b.Hash)
		return Caller{}, err
	}
	if err := caller.admitted(); err != nil {
		d.callers.Delete(b.Hash)
		return caller, err
	}
	d.callers.Store(b.Hash, remembered{caller: caller, at: d.env.instant()})
	return caller, nil
}

// Recall remembers who a bearer was when it was last admitted here. It saves the round trip before a read, and is safe
// because it proves nothing: every read on behalf of a recalled caller verifies in its own statement that nobody's
// access changed since (see [Standing]).
// A recalled caller writes only after [Directory.OpenUser], or after the full look-up that every write makes for it.
func (d *Directory) Recall(b Bearer) (Caller, bool) {
	found, ok := d.callers.Load(b.Hash)
	if !ok {
		return Caller{}, false
	}
	known, ok := found.(remembered)
	if !ok || known.caller.Organisation != b.Organisation {
		return Caller{}, false
	}
	now := d.env.instant()
	if age := now.Sub(known.at); age < 0 || age > recallFor {
		return Caller{}, false
	}
	if known.caller.expired(now) {
		return Caller{}, false
	}
	caller := known.caller
	caller.recalled = true
	return caller, true
}

// verified is the caller after a full look-up, where it was only recalled.
func (d *Directory) verified(ctx context.Context, caller Caller) (Caller, error) {
	if !caller.recalled {
		return caller, nil
	}
	checked, err := d.Authenticate(ctx, Bearer{Organisation: caller.Organisation, Hash: caller.Token})
	checked.RequestID, checked.From = caller.RequestID, caller.From
	return checked, err
}

// scope of a read, with the standing that a recalled caller must prove in it.
func (d *Directory) scope(ctx context.Context, caller Caller) (Scope, error) {
	scope := caller.Scope()
	if !caller.recalled {
		return scope, nil
	}
	if caller.expired(d.env.instant()) {
		_, err := d.verified(ctx, caller)
		return scope, err
	}
	scope.Standing = &Standing{AccessVersion: caller.AccessVersion}
	return scope, nil
}

// User reads one person, with groups and manager. NotFound.
func (d *Directory) User(ctx context.Context, caller Caller, id UserID) (User, error) {
	user, _, err := readOne(ctx, d, caller, func(tx Tx, scope Scope) (User, error) { return tx.Users().Get(scope, id) })
	return user, err
}

// OpenUser reads one person whom the caller goes on to change: as User, and with the caller as that read has proved it,
// who may write without being looked up again. NotFound.
func (d *Directory) OpenUser(ctx context.Context, caller Caller, id UserID) (User, Caller, error) {
	user, caller, err := readOne(ctx, d, caller, func(tx Tx, scope Scope) (User, error) { return tx.Users().Get(scope, id) })
	if err == nil {
		caller.recalled = false
	}
	return user, caller, err
}

// Self reads a person of an organisation for themselves, with groups and manager, and who they are to the adapter: somebody
// of no connection. NotFound.
func (d *Directory) Self(ctx context.Context, org OrganisationID, id UserID) (User, Caller, error) {
	var user User
	caller := Caller{Organisation: org}
	err := d.store.Read(ctx, func(tx Tx) (err error) {
		if user, err = tx.Users().Find(org, id); err != nil {
			return err
		}
		_, caller.SchemaVersion, err = tx.Schemas().List(org)
		return err
	})
	return user, caller, err
}

// Group reads one group, without members. NotFound.
func (d *Directory) Group(ctx context.Context, caller Caller, id GroupID) (Group, error) {
	group, _, err := readOne(ctx, d, caller, func(tx Tx, scope Scope) (Group, error) { return tx.Groups().Get(scope, id) })
	return group, err
}

// Users reads the people a query asks for; its scope is set here.
func (d *Directory) Users(ctx context.Context, caller Caller, q Query) (Page[User], error) {
	return readPage(ctx, d, caller, q, func(tx Tx, q Query) (Page[User], error) { return tx.Users().Page(q) })
}

// Groups reads the groups a query asks for, without members; its scope is set here.
func (d *Directory) Groups(ctx context.Context, caller Caller, q Query) (Page[Group], error) {
	return readPage(ctx, d, caller, q, func(tx Tx, q Query) (Page[Group], error) { return tx.Groups().Page(q) })
}

// Members reads up to limit members of a group after the given id, in order of id. The caller must have read the group
// in the same request, which is where a recalled token was verified.
func (d *Directory) Members(ctx context.Context, caller Caller, group GroupID, after uuid.UUID, limit int) ([]Member, error) {
	var members []Member
	err := d.store.Read(ctx, func(tx Tx) (err error) {
		members, err = tx.Groups().Members(caller.Scope(), group, after, limit)
		return err
	})
	return members, err
}

// MemberCount counts the members of a group, but not beyond limit. As for Members, the group was read before.
func (d *Directory) MemberCount(ctx context.Context, caller Caller, group GroupID, limit int) (int, error) {
	var n int
	err := d.store.Read(ctx, func(tx Tx) (err error) {
		n, err = tx.Groups().MemberCount(caller.Scope(), group, limit)
		return err
	})
	return n, err
}

// Schemas reads the custom schemas of the caller's organisation and their version.
func (d *Directory) Schemas(ctx context.Context, caller Caller) ([]Schema, int64, error) {
	var schemas []Schema
	var version int64
	err := d.store.Read(ctx, func(tx Tx) (err error) {
		schemas, version, err = tx.Schemas().List(caller.Organisation)
		return err
	})
	return schemas, version, err
}

// readOne reads for a caller, and gives the caller as the read has found them to be. Where nothing was found for a
// recalled one, that may be because somebody's access, or what a connection may do, changed: the full look-up tells
// whether it was the caller's, and if not, the read is made again.
func readOne[T any](ctx context.Context, d *Directory, caller Caller, read func(Tx, Scope) (T, error)) (T, Caller, error) {
	var found T
	scope, err := d.scope(ctx, caller)
	if err != nil {
		return found, caller, err
	}
	err = d.store.Read(ctx, func(tx Tx) (err error) {
		found, err = read(tx, scope)
		return err
	})
	if !caller.recalled || !IsKind(err, NotFound) {
		return found, caller, err
	}
	checked, errCaller := d.verified(ctx, caller)
	if errCaller != nil {
		return found, caller, errCaller
	}
	if checked.AccessVersion == caller.AccessVersion {
		return found, caller, err
	}
	return readOne(ctx, d, checked, read)
}

// readPage is readOne for a page: an empty one says nothing about the caller.
func readPage[T any](ctx context.Context, d *Directory, caller Caller, q Query, read func(Tx, Query) (Page[T], error)) (Page[T], error) {
	var page Page[T]
	var err error
	if q.Scope, err = d.scope(ctx, caller); err != nil {
		return page, err
	}
	err = d.store.Read(ctx, func(tx Tx) (err error) {
		page, err = read(tx, q)
		return err
	})
	if !caller.recalled || err != nil || len(page.Items) > 0 {
		return page, err
	}
	checked, err := d.verified(ctx, caller)
	if err != nil {
		return Page[T]{}, err
	}
	if checked.AccessVersion == caller.AccessVersion {
		return page, nil
	}
	return readPage(ctx, d, checked, q, read)
}
