package persistence_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// held is a store whose writer is kept busy, so that what comes meanwhile makes one group.
type held struct {
	*testing.T
	store   *persistence.Store
	tenant  storetest.Tenant
	release chan struct{}
	ended   sync.WaitGroup
}

// hold keeps the writer busy until release is closed.
func hold(t *testing.T) *held {
	t.Helper()
	store := storetest.SQLite(t)
	h := &held{T: t, store: store, tenant: storetest.OwnTenant(t, store, -1), release: make(chan struct{})}
	busy := make(chan struct{})
	var once sync.Once
	h.ended.Go(func() {
		_ = store.Write(context.Background(), func(domain.Tx) error {
			once.Do(func() { close(busy) })
			<-h.release
			return nil
		})
	})
	<-busy
	return h
}

// enqueue lets a unit of work wait for the writer, behind those that wait already, and gives where its outcome will be.
func (h *held) enqueue(ctx context.Context, fn func(domain.Tx) error) *error { //nolint:gocritic // the outcome is written later
	h.Helper()
	outcome := new(error)
	before := h.store.Stat().Queue
	h.ended.Go(func() { *outcome = h.store.Write(ctx, fn) })
	require.Eventually(h, func() bool { return h.store.Stat().Queue == before+1 }, 30*time.Second, 100*time.Microsecond)
	return outcome
}

// run lets the group go, and waits for all outcomes.
func (h *held) run() {
	close(h.release)
	h.ended.Wait()
}

func (h *held) person(name string) domain.User {
	h.Helper()
	return storetest.DraftUser(h, h.tenant.Caller, storetest.Person(name))
}

func insert(u domain.User) func(domain.Tx) error {
	return func(tx domain.Tx) error { return tx.Users().Insert(u) }
}

func (h *held) exists(u domain.User) bool {
	h.Helper()
	err := h.store.Read(h.Context(), func(tx domain.Tx) error {
		_, err := tx.Users().Get(h.tenant.Caller.Scope(), u.ID)
		return err
	})
	if err != nil {
		storetest.Gone(h, err)
	}
	return err == nil
}

// A unit of work that fails among others that share its commit undoes itself alone, whatever it had done and however it
// fails; the others run at most once more.
func TestGroupCommitUndoesOneAlone(t *testing.T) {
	t.Parallel()
	own := errors.New("its own reason")
	for name, failing := range map[string]struct {
		fn   func(tx domain.Tx, u domain.User) error
		want func(t *testing.T, err error)
	}{
		"before it wrote": {
			func(domain.Tx, domain.User) error { return own },
			func(t *testing.T, err error) { t.Helper(); require.ErrorIs(t, err, own) },
		},
		"after it wrote": {
			func(tx domain.Tx, u domain.User) error { return errors.Join(tx.Users().Insert(u), own) },
			func(t *testing.T, err error) { t.Helper(); require.ErrorIs(t, err, own) },
		},
		"by a key that is taken": {
			func(tx domain.Tx, u domain.User) error {
				twin := u
				twin.ID = domain.UserID{UUID: twin.Organisation.UUID}
				return errors.Join(tx.Users().Insert(u), tx.Users().Insert(twin))
			},
			func(t *testing.T, err error) {
				t.Helper()
				storetest.Refused(t, err, domain.Conflict, domain.CodeUserNameTaken)
			},
		},
		"and does not say so": {
			func(tx domain.Tx, u domain.User) error {
				twin := u
				twin.ID = domain.UserID{UUID: twin.Organisation.UUID}
				_, _ = tx.Users().Insert(u), tx.Users().Insert(twin)
				return nil
			},
			func(t *testing.T, err error) {
				t.Helper()
				storetest.Refused(t, err, domain.Conflict, domain.CodeUserNameTaken)
			},
		},
		"in a panic before it wrote": {
			func(domain.Tx, domain.User) error { panic("a mistake") },
			func(t *testing.T, err error) {
				t.Helper()
				storetest.Refused(t, err, domain.Internal, domain.CodeInternal)
			},
		},
		"in a panic after it wrote": {
			func(tx domain.Tx, u domain.User) error {
				_ = tx.Users().Insert(u)
				panic("a mistake")
			},
			func(t *testing.T, err error) {
				t.Helper()
				storetest.Refused(t, err, domain.Internal, domain.CodeInternal)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := hold(t)
			const others = 9
			var outcomes []*error
			var people []domain.User
			var runs [others]int
			for i := range others {
				u := h.person(fmt.Sprintf("u%d@acme.test", i))
				people = append(people, u)
				outcomes = append(outcomes, h.enqueue(t.Context(), func(tx domain.Tx) error {
					runs[i]++
					return tx.Users().Insert(u)
				}))
				if i == others/2 {
					bad := h.person("bad@acme.test")
					people = append(people, bad)
					outcomes = append(outcomes, h.enqueue(t.Context(), func(tx domain.Tx) error { return failing.fn(tx, bad) }))
				}
			}
			h.run()
			for i, u := range people {
				if u.UserName.Text == "bad@acme.test" {
					failing.want(t, *outcomes[i])
					require.False(t, h.exists(u))
					continue
				}
				require.NoError(t, *outcomes[i])
				require.True(t, h.exists(u))
			}
			for _, n := range runs {
				require.LessOrEqual(t, n, 2)
			}
		})
	}
}

// Units of work take effect in the order in which they came, within a group and from group to group, and each sees what
// those before it did.
func TestGroupCommitKeepsOrder(t *testing.T) {
	t.Parallel()
	h := hold(t)
	const many = 150 // more than share a commit
	var outcomes []*error
	var order []int
	for i := range many {
		u := h.person(fmt.Sprintf("u%d@acme.test", i%7))
		outcomes = append(outcomes, h.enqueue(t.Context(), func(tx domain.Tx) error {
			if err := tx.Users().Insert(u); err != nil {
				return err
			}
			order = append(order, i)
			return nil
		}))
	}
	h.run()
	for i, outcome := range outcomes {
		if i < 7 {
			require.NoError(t, *outcome, "the first of its name: %d", i)
			continue
		}
		storetest.Refused(t, *outcome, domain.Conflict, domain.CodeUserNameTaken)
	}
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6}, order[len(order)-7:])
}

// A caller who leaves while the unit waits is told what becomes of it all the same: it is done or it is not.
func TestGroupCommitTellsWhoLeft(t *testing.T) {
	t.Parallel()
	h := hold(t)
	ctx, leave := context.WithCancel(t.Context())
	u := h.person("left@acme.test")
	outcome := h.enqueue(ctx, insert(u))
	leave()
	h.run()
	require.Equal(t, *outcome == nil, h.exists(u))
}

// A writer that is full makes others wait, and lets go those who will not.
func TestGroupCommitQueueIsBounded(t *testing.T) {
	t.Parallel()
	h := hold(t)
	const most = 256
	var outcomes []*error
	for i := range most {
		outcomes = append(outcomes, h.enqueue(t.Context(), insert(h.person(fmt.Sprintf("u%d@acme.test", i)))))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	late := h.person("late@acme.test")
	storetest.Refused(t, h.store.Write(ctx, insert(late)), domain.Unavailable, domain.CodeUnavailable)
	h.run()
	for _, outcome := range outcomes {
		require.NoError(t, *outcome)
	}
	require.False(t, h.exists(late))
}

// Two processes on one file: a command beside a server. Each waits for the other, and neither loses anything.
func TestTwoStoresOnOneFile(t *testing.T) {
	t.Parallel()
	storetest.EachDialectURL(t, func(t *testing.T, databaseURL string) {
		first, second := storetest.Open(t, databaseURL), storetest.Open(t, databaseURL)
		tenant := storetest.OwnTenant(t, first, -1)
		var group sync.WaitGroup
		for i, store := range []*persistence.Store{first, second} {
			directory := domain.NewDirectory(store, storetest.Environment())
			for client := range 3 {
				group.Go(func() {
					for n := range 10 {
						_, err := directory.Provision(context.Background(), tenant.Caller, storetest.Person(fmt.Sprintf("u%d-%d-%d@acme.test", i, client, n)))
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
		group.Wait()
		require.Equal(t, 60, storetest.Count(t, storetest.Raw(t, first), "SELECT count(*) FROM users WHERE organisation_id = $1", tenant.Organisation.ID.String()))
		storetest.Consistent(t, second, tenant.Organisation.ID)
	})
}
