package storetest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

// unitOfWork: all of it or nothing of it, by its own account.
func unitOfWork(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	own := errors.New("a reason of its own")
	exists := func(u domain.User) bool {
		_, err := tryReading(store, func(tx domain.Tx) (domain.User, error) { return tx.Users().Get(tenant.Caller.Scope(), u.ID) })
		if err != nil {
			Gone(t, err)
		}
		return err == nil
	}

	t.Run("an error undoes it and comes back as it is", func(t *testing.T) {
		u := DraftUser(t, tenant.Caller, Person("undone@acme.test"))
		err := writing(store, func(tx domain.Tx) error {
			if err := addUser(tx, u); err != nil {
				return err
			}
			return &domain.Error{Kind: domain.Forbidden, Code: domain.CodeLastOwner, Message: "no", Err: own}
		})
		require.ErrorIs(t, err, own)
		Refused(t, err, domain.Forbidden, domain.CodeLastOwner)
		require.False(t, exists(u))
	})
	t.Run("an error that it ignores undoes it all the same", func(t *testing.T) {
		first := insertUser(t, store, DraftUser(t, tenant.Caller, Person("first@acme.test")))
		u := DraftUser(t, tenant.Caller, Person("ignorant@acme.test"))
		taken := DraftUser(t, tenant.Caller, Person(first.UserName.Text))
		err := writing(store, func(tx domain.Tx) error {
			if err := addUser(tx, u); err != nil {
				return err
			}
			_ = tx.Users().Insert(taken)
			return nil
		})
		Refused(t, err, domain.Conflict, domain.CodeUserNameTaken)
		require.False(t, exists(u))
	})
	t.Run("an error of any noun that it ignores undoes it all the same", func(t *testing.T) {
		same := tenant.Connection
		same.ID = domain.ConnectionID{UUID: newUUID(t)}
		schema := domain.Schema{Organisation: tenant.Organisation.ID, URN: "urn:acme:once", Definition: []byte("{}")}
		write(t, store, func(tx domain.Tx) error { return tx.Schemas().Insert(schema) })
		for name, ignored := range map[string]func(tx domain.Tx) error{
			"connection":   func(tx domain.Tx) error { return tx.Connections().Insert(same) },
			"schema":       func(tx domain.Tx) error { return tx.Schemas().Insert(schema) },
			"organisation": func(tx domain.Tx) error { return tx.Organisations().Insert(tenant.Organisation) },
			"token": func(tx domain.Tx) error {
				return tx.Tokens().Insert(domain.Token{ID: domain.TokenID{UUID: newUUID(t)}, Organisation: tenant.Organisation.ID})
			},
		} {
			for _, last := range []bool{false, true} {
				u := DraftUser(t, tenant.Caller, Person(name+"@acme.test"))
				err := writing(store, func(tx domain.Tx) error {
					if last {
						_ = addUser(tx, u)
					}
					if err := ignored(tx); err == nil {
						return errors.New("it was no error")
					}
					if !last {
						_ = addUser(tx, u)
					}
					return nil
				})
				require.Error(t, err, "%s, last: %t", name, last)
				require.False(t, exists(u), "%s, last: %t", name, last)
			}
		}
	})
	t.Run("it reads what it has written", func(t *testing.T) {
		u := DraftUser(t, tenant.Caller, Person("own-writes@acme.test"))
		var seen domain.User
		write(t, store, func(tx domain.Tx) (err error) {
			if err := addUser(tx, u); err != nil {
				return err
			}
			seen, err = tx.Users().Get(tenant.Caller.Scope(), u.ID)
			return err
		})
		require.Equal(t, u.Document, seen.Document)
		require.True(t, exists(u))
	})
	t.Run("a panic undoes it, and the store works on", func(t *testing.T) {
		u := DraftUser(t, tenant.Caller, Person("panicked@acme.test"))
		err := func() (err error) {
			defer func() {
				if p := recover(); p != nil { // either way will do: a caller's own recovery, or an error
					err = &domain.Error{Kind: domain.Internal, Code: domain.CodeInternal, Message: "a panic"}
				}
			}()
			return writing(store, func(tx domain.Tx) error {
				if err := addUser(tx, u); err != nil {
					return err
				}
				panic("a mistake of ours")
			})
		}()
		Refused(t, err, domain.Internal, domain.CodeInternal)
		require.False(t, exists(u))
		insertUser(t, store, u)
		require.True(t, exists(u))
	})
	t.Run("a read cannot write", func(t *testing.T) {
		u := DraftUser(t, tenant.Caller, Person("read@acme.test"))
		err := store.Read(context.Background(), func(tx domain.Tx) error { return tx.Users().Insert(u) })
		Refused(t, err, domain.Internal, domain.CodeInternal)
		require.False(t, exists(u))
	})
	t.Run("nothing is done for a caller who has left before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		u := DraftUser(t, tenant.Caller, Person("left@acme.test"))
		for range 20 { // which way is taken must not be a matter of chance
			err := store.Write(ctx, func(tx domain.Tx) error { return addUser(tx, u) })
			Refused(t, err, domain.Unavailable, domain.CodeUnavailable)
		}
		err := store.Read(ctx, func(tx domain.Tx) error {
			_, err := tx.Users().Get(tenant.Caller.Scope(), u.ID)
			return err
		})
		Refused(t, err, domain.Unavailable, domain.CodeUnavailable)
		require.False(t, exists(u))
	})
	t.Run("a unit that always finds its row changed ends", func(t *testing.T) {
		u := insertUser(t, store, DraftUser(t, tenant.Caller, Person("moving@acme.test")))
		was, is := DraftChange(t, tenant.Caller, u, Setting(Text("displayName", "Moving")))
		was.Version, is.Version = 7, 8 // it never was
		var attempts atomic.Int32
		err := writing(store, func(tx domain.Tx) error {
			attempts.Add(1)
			return tx.Users().Save(was, is)
		})
		Refused(t, err, domain.Unavailable, domain.CodeUnavailable)
		require.Greater(t, attempts.Load(), int32(2), "it was given no second chance")
		require.LessOrEqual(t, attempts.Load(), int32(64))
	})
	t.Run("instants are kept to the millisecond", func(t *testing.T) {
		u := DraftUser(t, tenant.Caller, Person("instants@acme.test"))
		u.CreatedAt = time.Date(1971, 2, 3, 4, 5, 6, 789e6, time.UTC)
		u.ModifiedAt = time.Date(2200, 2, 3, 4, 5, 6, 1e6, time.UTC)
		insertUser(t, store, u)
		got := reading(t, store, func(tx domain.Tx) (domain.User, error) { return tx.Users().Get(tenant.Caller.Scope(), u.ID) })
		require.Equal(t, u.CreatedAt, got.CreatedAt)
		require.Equal(t, u.ModifiedAt, got.ModifiedAt)
		require.Equal(t, u.AcceptedAt, got.AcceptedAt)
	})
	rowsAgree(t, store, tenant.Organisation.ID)
}
