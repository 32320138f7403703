package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

// Concurrency lets many clients of a directory do at once what must come out as if they had come one after the other.
// No client may ever learn that the database gave up on a transaction: that is retried. open gives a fresh, migrated
// store.
func Concurrency(t *testing.T, open func(testing.TB) *persistence.Store) {
	t.Helper()
	store := open(t)
	for name, part := range map[string]func(*crowd){
		"SameUserName":          sameUserName,
		"SameExternalID":        sameExternalID,
		"SameNewName":           sameNewName,
		"SwappedNames":          swappedNames,
		"NameChurn":             nameChurn,
		"DisjointMembers":       disjointMembers,
		"OverlappingMembers":    overlappingMembers,
		"RenameWhileJoining":    renameWhileJoining,
		"DeleteWhileJoining":    deleteWhileJoining,
		"DeleteGroupOfMembers":  deleteGroupOfMembers,
		"DeleteMany":            deleteMany,
		"ActivateAndDeactivate": activateAndDeactivate,
		"DisableWhilePushing":   disableWhilePushing,
		"Histories":             histories,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &crowd{T: t, store: store, directory: domain.NewDirectory(store, Environment())}
			c.tenant = OwnTenant(t, store, -1)
			c.caller = c.tenant.Caller
			part(c)
			if !t.Failed() {
				Consistent(t, store, c.tenant.Organisation.ID)
			}
		})
	}
}

// crowd is many clients of one directory.
type crowd struct {
	*testing.T
	store     *persistence.Store
	directory *domain.Directory
	tenant    Tenant
	caller    domain.Caller
}

// all runs fn for n clients at once and counts the codes of what they were told; "" is success.
func (c *crowd) all(n int, fn func(client int) error) map[string]int {
	c.Helper()
	errs := make([]error, n)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	group.Wait()
	codes := map[string]int{}
	for _, err := range errs {
		codes[c.code(err)]++
	}
	return codes
}

// code is that of an error a client may be told: a rule's, not the database's.
func (c *crowd) code(err error) string {
	if err == nil {
		return ""
	}
	var refusal *domain.Error
	require.ErrorAs(c, err, &refusal)
	require.NotEqual(c, domain.Internal, refusal.Kind, "%v", err)
	require.NotEqual(c, domain.Unavailable, refusal.Kind, "%v", err)
	return refusal.Code
}

func (c *crowd) provision(userName string, more ...string) (domain.User, error) {
	tree := Person(userName)
	if len(more) > 0 {
		tree = Person(userName, Text("externalId", more[0]))
	}
	return c.directory.Provision(context.Background(), c.caller, tree)
}

func (c *crowd) people(n int) []uuid.UUID {
	c.Helper()
	ids := make([]uuid.UUID, n)
	for i := range ids {
		u, err := c.provision(fmt.Sprintf("u%d@acme.test", i))
		require.NoError(c, err)
		ids[i] = u.ID.UUID
	}
	return ids
}

func (c *crowd) group(name string) domain.GroupID {
	c.Helper()
	g, err := c.directory.CreateGroup(context.Background(), c.caller, GroupNamed(name), nil)
	require.NoError(c, err)
	return g.ID
}

func (c *crowd) step(id domain.GroupID, steps ...domain.GroupStep) error {
	_, err := c.directory.ChangeGroup(context.Background(), c.caller, id, domain.IfMatch{}, steps)
	return err
}

func (c *crowd) rename(id uuid.UUID, userName string) error {
	_, err := c.directory.ChangeUser(context.Background(), c.caller, domain.UserID{UUID: id}, domain.IfMatch{}, nil, Setting(Text("userName", userName)))
	return err
}

func (c *crowd) members(id domain.GroupID) []uuid.UUID {
	c.Helper()
	list, err := c.directory.Members(context.Background(), c.caller, id, uuid.Nil, 10_000)
	require.NoError(c, err)
	ids := make([]uuid.UUID, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	return ids
}

func sameUserName(c *crowd) {
	codes := c.all(64, func(client int) error {
		name := "ana@acme.test"
		if client%2 == 0 {
			name = "ANA@acme.test"
		}
		_, err := c.provision(name)
		return err
	})
	require.Equal(c, map[string]int{"": 1, domain.CodeUserNameTaken: 63}, codes)
}

func sameExternalID(c *crowd) {
	codes := c.all(64, func(client int) error {
		_, err := c.provision(fmt.Sprintf("u%d@acme.test", client), "e1")
		return err
	})
	require.Equal(c, map[string]int{"": 1, domain.CodeExternalIDTaken: 63}, codes)
	codes = c.all(32, func(client int) error {
		_, err := c.directory.CreateGroup(context.Background(), c.caller, GroupNamed(fmt.Sprint(client), Text("externalId", "e1")), nil)
		return err
	})
	require.Equal(c, map[string]int{"": 1, domain.CodeExternalIDTaken: 31}, codes)
	var ids []uuid.UUID
	for i := range 16 {
		u, err := c.provision(fmt.Sprintf("later%d@acme.test", i))
		require.NoError(c, err)
		ids = append(ids, u.ID.UUID)
	}
	codes = c.all(16, func(client int) error {
		_, err := c.directory.ChangeUser(context.Background(), c.caller, domain.UserID{UUID: ids[client]}, domain.IfMatch{}, nil, Setting(Text("externalId", "e2")))
		return err
	})
	require.Equal(c, map[string]int{"": 1, domain.CodeExternalIDTaken: 15}, codes)
}

// sameNewName: of many who would be called the same, one is.
func sameNewName(c *crowd) {
	ids := c.people(32)
	codes := c.all(len(ids), func(client int) error { return c.rename(ids[client], "wanted@acme.test") })
	require.Equal(c, map[string]int{"": 1, domain.CodeUserNameTaken: 31}, codes)
}

// swappedNames: two who take each other's name at once cannot both have it, and neither waits for ever.
func swappedNames(c *crowd) {
	for range 15 {
		ids := c.people(2)
		codes := c.all(2, func(client int) error { return c.rename(ids[client], fmt.Sprintf("u%d@acme.test", 1-client)) })
		require.LessOrEqual(c, codes[""], 1)
		require.Equal(c, 2, codes[""]+codes[domain.CodeUserNameTaken])
		// A name given up and taken at once: the second one gets it or does not.
		codes = c.all(2, func(client int) error {
			if client == 0 {
				return c.rename(ids[0], "free@acme.test")
			}
			return c.rename(ids[1], "u0@acme.test")
		})
		require.GreaterOrEqual(c, codes[""], 1)
		for _, id := range ids {
			require.NoError(c, c.directory.Deprovision(context.Background(), c.caller, domain.UserID{UUID: id}, domain.IfMatch{}))
		}
	}
}

// nameChurn: one name that comes and goes belongs to one person at a time.
func nameChurn(c *crowd) {
	var here atomic.Int32
	c.all(8, func(int) error {
		for range 12 {
			u, err := c.provision("ana@acme.test", "e1")
			if err != nil {
				require.Contains(c, []string{domain.CodeUserNameTaken, domain.CodeExternalIDTaken}, c.code(err))
				continue
			}
			require.EqualValues(c, 1, here.Add(1), "two people have one name")
			here.Add(-1)
			if err := c.directory.Deprovision(context.Background(), c.caller, u.ID, domain.IfMatch{}); err != nil {
				return err
			}
		}
		return nil
	})
}

// disjointMembers: 32 clients that add and remove members of their own leave exactly the right set (security 48).
func disjointMembers(c *crowd) {
	const clients, own = 32, 4
	ids := c.people(clients * own)
	g := c.group("Everybody")
	codes := c.all(clients, func(client int) error {
		mine := ids[client*own : (client+1)*own]
		for _, step := range []domain.GroupStep{{Add: mine}, {Remove: mine[1:3]}, {Add: mine[:2]}, {Remove: mine[:1]}} {
			if err := c.step(g, step); err != nil {
				return err
			}
		}
		return nil
	})
	require.Equal(c, map[string]int{"": clients}, codes)
	var want []uuid.UUID
	for client := range clients {
		want = append(want, ids[client*own+1], ids[client*own+3])
	}
	require.Equal(c, uuids(want...), c.members(g))
}

// overlappingMembers: who is added or removed by several is in or out once, in whatever order they name them.
func overlappingMembers(c *crowd) {
	const clients = 32
	ids := c.people(clients + 8)
	g := c.group("Everybody")
	some := func(client int) []uuid.UUID {
		list := slices.Clone(ids[client : client+8])
		if client%2 == 0 {
			slices.Reverse(list)
		}
		return list
	}
	require.Equal(c, map[string]int{"": clients}, c.all(clients, func(client int) error { return c.step(g, domain.GroupStep{Add: some(client)}) }))
	require.Equal(c, uuids(slices.Clone(ids[:clients+7])...), c.members(g))
	require.Equal(c, map[string]int{"": clients}, c.all(clients, func(client int) error {
		if client == 0 {
			return nil
		}
		return c.step(g, domain.GroupStep{Remove: some(client)})
	}))
	require.Equal(c, uuids(ids[0]), c.members(g))
	// Replacements at once: the outcome is one of them.
	require.Equal(c, map[string]int{"": 8}, c.all(8, func(client int) error {
		return c.step(g, domain.GroupStep{Replace: true, Members: some(client * 4)})
	}))
	require.True(c, slices.ContainsFunc([]int{0, 1, 2, 3, 4, 5, 6, 7}, func(client int) bool {
		return slices.Equal(uuids(some(client*4)...), c.members(g))
	}), "the members are of no one replacement: %v", c.members(g))
}

// renameWhileJoining: a change of attributes, which demands the version it has read, goes through beside many changes of
// members, which do not.
func renameWhileJoining(c *crowd) {
	ids := c.people(24)
	g := c.group("Everybody")
	codes := c.all(len(ids)+2, func(client int) error {
		if client >= len(ids) {
			return c.step(g, domain.GroupStep{Attributes: Setting(Text(fmt.Sprintf("note%d", client), "changed"))})
		}
		return c.step(g, domain.GroupStep{Add: ids[client : client+1]})
	})
	require.Equal(c, map[string]int{"": len(ids) + 2}, codes)
	require.Len(c, c.members(g), len(ids))
	got, err := c.directory.Group(context.Background(), c.caller, g)
	require.NoError(c, err)
	require.EqualValues(c, 1+len(ids)+2, got.Version)
	tree, err := got.Attributes()
	require.NoError(c, err)
	require.Equal(c, "changed", tree.Get("note24").Text())
	require.Equal(c, "changed", tree.Get("note25").Text())
}

// deleteWhileJoining: who is deleted while they are added to groups is in none of them.
func deleteWhileJoining(c *crowd) {
	var groups []domain.GroupID
	for i := range 4 {
		groups = append(groups, c.group(fmt.Sprint("G", i)))
	}
	for round := range 6 {
		u, err := c.provision(fmt.Sprintf("u%d@acme.test", round))
		require.NoError(c, err)
		codes := c.all(2*len(groups)+1, func(client int) error {
			switch {
			case client == 0:
				return c.directory.Deprovision(context.Background(), c.caller, u.ID, domain.IfMatch{})
			case client%2 == 0:
				return c.step(groups[client/2-1], domain.GroupStep{Remove: []uuid.UUID{u.ID.UUID}})
			}
			err := c.step(groups[client/2], domain.GroupStep{Add: []uuid.UUID{u.ID.UUID}})
			if domain.IsKind(err, domain.Invalid) {
				return nil // gone already
			}
			return err
		})
		require.Equal(c, map[string]int{"": 2*len(groups) + 1}, codes)
		for _, g := range groups {
			require.Empty(c, c.members(g))
			n, err := c.directory.MemberCount(context.Background(), c.caller, g, 10)
			require.NoError(c, err)
			require.Zero(c, n)
		}
	}
}

// deleteGroupOfMembers: a group that is deleted while people join it keeps none, and tells those who come too late.
func deleteGroupOfMembers(c *crowd) {
	ids := c.people(8)
	for range 6 {
		g := c.group("Everybody")
		codes := c.all(len(ids)+1, func(client int) error {
			if client == len(ids) {
				return c.directory.DeleteGroup(context.Background(), c.caller, g, domain.IfMatch{})
			}
			return c.step(g, domain.GroupStep{Add: ids[client : client+1]})
		})
		require.Equal(c, len(ids)+1, codes[""]+codes[domain.CodeNotFound])
		require.GreaterOrEqual(c, codes[""], 1)
	}
	for _, id := range ids {
		u, err := c.directory.User(context.Background(), c.caller, domain.UserID{UUID: id})
		require.NoError(c, err)
		require.Empty(c, u.Groups)
	}
}

// deleteMany: people of the same groups who all go at once do not block each other.
func deleteMany(c *crowd) {
	ids := c.people(16)
	var groups []domain.GroupID
	for i := range 6 {
		groups = append(groups, c.group(fmt.Sprint("G", i)))
		require.NoError(c, c.step(groups[i], domain.GroupStep{Add: ids}))
	}
	codes := c.all(len(ids), func(client int) error {
		return c.directory.Deprovision(context.Background(), c.caller, domain.UserID{UUID: ids[client]}, domain.IfMatch{})
	})
	require.Equal(c, map[string]int{"": len(ids)}, codes)
	for _, g := range groups {
		require.Empty(c, c.members(g))
		got, err := c.directory.Group(context.Background(), c.caller, g)
		require.NoError(c, err)
		require.EqualValues(c, 2+len(ids), got.Version)
	}
}

// activateAndDeactivate: a person pulled both ways is one or the other, with the seat that belongs to it.
func activateAndDeactivate(c *crowd) {
	c.tenant = NewTenant(c, c.store, Slug(c)+"-seats", 2)
	c.caller = c.tenant.Caller
	ids := c.people(2)
	codes := c.all(24, func(client int) error {
		_, err := c.directory.ChangeUser(context.Background(), c.caller, domain.UserID{UUID: ids[client%2]}, domain.IfMatch{}, nil,
			Setting(Truth("active", client%3 == 0)))
		return err
	})
	require.Equal(c, map[string]int{"": 24}, codes)
}

// disableWhilePushing: from the moment a connection is disabled nothing that begins is let in, and whatever was
// acknowledged before is there.
func disableWhilePushing(c *crowd) {
	var disabled atomic.Bool
	var acknowledged sync.Map
	pushed := make(chan struct{}, 1000)
	go func() {
		for range 20 { // so that it happens in the middle of things
			<-pushed
		}
		err := c.store.Write(context.Background(), func(tx domain.Tx) error {
			return tx.Connections().Disable(c.tenant.Organisation.ID, c.tenant.Connection.ID, time.Now())
		})
		if err == nil {
			disabled.Store(true)
		}
	}()
	codes := c.all(8, func(client int) error {
		for i := 0; ; i++ {
			before := disabled.Load()
			caller, err := c.directory.Authenticate(context.Background(), c.tenant.Bearer)
			if before {
				require.Error(c, err, "let in after the connection was disabled")
			}
			if err != nil {
				return err
			}
			name := fmt.Sprintf("u%d-%d@acme.test", client, i)
			u, err := c.directory.Provision(context.Background(), caller, Person(name))
			if err != nil {
				return err
			}
			acknowledged.Store(u.ID, true)
			pushed <- struct{}{}
		}
	})
	require.Equal(c, map[string]int{domain.CodeConnectionDisabled: 8}, codes)
	acknowledged.Range(func(id, _ any) bool {
		_, err := c.directory.User(context.Background(), c.caller, id.(domain.UserID))
		require.NoError(c, err)
		return true
	})
}
