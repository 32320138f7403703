package traffic_test

import (
	"crypto/rand"
	"io"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/bench/load"
	"usher/bench/seed"
	"usher/bench/traffic"
	"usher/domain"
	"usher/persistence/storetest"
	"usher/scim"
)

const users = 230

// place is Usher with a seeded organisation.
type place struct {
	traffic.Organisation

	address string
	store   domain.Store
	groups  int
}

func newPlace(t *testing.T) place {
	t.Helper()
	url := "sqlite:" + t.TempDir() + "/usher.db"
	store := storetest.Open(t, url)
	require.NoError(t, store.Migrate(t.Context()))
	env := domain.Environment{Now: time.Now, NewID: uuid.NewV7}
	made, err := domain.NewInstallation(store, env, rand.Reader).CreateOrganisation(t.Context(), domain.OrganisationSpec{Slug: "acme"})
	require.NoError(t, err)
	groups := seed.Teams(users, 50)
	p := place{store: store, groups: len(groups)}
	p.People, err = seed.Fill(t.Context(), url, made.TokenText, seed.Plan{Company: "acme", Users: users, Groups: groups})
	require.NoError(t, err)
	handler, err := scim.New(scim.Config{
		Directory: domain.NewDirectory(store, env), BaseURL: func() string { return "http://usher.test/scim/v2" },
		CursorKey: make([]byte, 32), Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	p.address = server.Listener.Addr().String()
	p.Form = load.NewForm(p.address, "/scim/v2", made.TokenText)
	return p
}

// run sends so many requests from every worker; each looks at its answers.
func (p place) run(t *testing.T, most int64, workers ...load.Worker) load.Result {
	t.Helper()
	result, err := load.Run(t.Context(), load.Config{Address: p.address, Workers: workers, For: time.Minute, Most: most})
	require.NoError(t, err)
	return result
}

// count is how many people or groups there are that satisfy a predicate of the store's own.
func (p place) count(t *testing.T, status domain.Status) (n int) {
	t.Helper()
	for i := range users {
		require.NoError(t, p.store.Read(t.Context(), func(tx domain.Tx) error {
			u, err := tx.Users().Get(p.People.Caller.Scope(), p.People.User(i))
			if u.Status == status {
				n++
			}
			return err
		}))
	}
	return n
}

func (p place) members(t *testing.T, group string) (n int) {
	t.Helper()
	id, ok := domain.ParseID[domain.Group](group)
	require.True(t, ok)
	require.NoError(t, p.store.Read(t.Context(), func(tx domain.Tx) (err error) {
		n, err = tx.Groups().MemberCount(p.People.Caller.Scope(), id, 1_000_000)
		return err
	}))
	return n
}

func (p place) total(t *testing.T) int {
	t.Helper()
	var page domain.Page[domain.User]
	require.NoError(t, p.store.Read(t.Context(), func(tx domain.Tx) (err error) {
		page, err = tx.Users().Page(domain.Query{Scope: p.People.Caller.Scope(), Total: true})
		return err
	}))
	return page.Total
}

func TestReadsFindWhatWasSeeded(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for name, workers := range map[string][]load.Worker{
		"get": p.Gets(3), "eq": p.Equals(3), "list": p.Lists(3), "totals": p.Totals(3), "group": p.ReadGroups(3, p.People.Group(1).String()),
	} {
		result := p.run(t, 20, workers...)
		require.EqualValues(t, 60, result.Requests(), name)
	}
	for _, s := range traffic.Searches() {
		result := p.run(t, 20, p.Searches(2, s)...)
		require.EqualValues(t, 40, result.Requests(), s.Name)
	}
}

func TestCreatesNeverMeetEachOther(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.run(t, 10, p.Creates(4, "r1")...)
	p.run(t, 10, p.Creates(4, "r2")...)
	require.Equal(t, users+80, p.total(t))
}

func TestPatchesSwitchOffAndOnAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	patches := p.Patches()
	p.run(t, 10, patches.Workers(3)...)
	require.Equal(t, 30, p.count(t, domain.Inactive))
	p.run(t, 10, patches.Workers(3)...)
	require.Equal(t, users, p.count(t, domain.Active), "a second run remembers who is off")
	p.run(t, users/2+7, patches.Workers(1)...)
	require.Equal(t, users/2-7, p.count(t, domain.Inactive), "who has been everywhere begins anew")
}

func TestJoinsLeaveTheGroupAsItWas(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	group := p.People.Group(0).String()
	result := p.run(t, 10, p.Joins(2, group, users-1)...)
	require.EqualValues(t, 10, result.Kinds[traffic.Join].Count())
	require.EqualValues(t, 10, result.Kinds[traffic.Leave].Count())
	require.Equal(t, 50, p.members(t, group))
	p.run(t, 1, p.Joins(2, group, users-1)...)
	require.Equal(t, 52, p.members(t, group))
}

func TestGroupsArePushed(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	made := &traffic.Once{Steps: []traffic.Step{p.CreateGroup("Pushed")}}
	p.run(t, 0, made)
	group, err := traffic.ID(made.Answers[0])
	require.NoError(t, err)
	for _, step := range []struct {
		traffic.Step

		want int
	}{
		{p.ReplaceMembers(group, "Pushed", 0, 120), 120}, {p.ReplaceMembers(group, "Pushed", 60, 180), 120}, {p.AddMembers(group, 0, 100), 180},
	} {
		p.run(t, 0, &traffic.Once{Steps: []traffic.Step{step.Step}})
		require.Equal(t, step.want, p.members(t, group))
	}
}

func TestAWalkReadsEverybody(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for name, walk := range map[string]*traffic.Walk{
		"by index": p.Walk(false, 50), "by cursor": p.Walk(true, 50), "whole pages only": p.Walk(true, 46), "one page": p.Walk(true, 500),
	} {
		p.run(t, 0, walk)
		require.Equal(t, users, walk.Seen, name)
		first, last := walk.Ends()
		require.Positive(t, first, name)
		require.Positive(t, last, name)
	}
}

func TestAnotherAnswerThanExpectedIsAnError(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.Form = load.NewForm(p.address, "/scim/v2", "wrong")
	for name, workers := range map[string][]load.Worker{
		"create": p.Creates(1, "r1"), "get": p.Gets(1), "walk": {p.Walk(true, 10)}, "once": {&traffic.Once{Steps: []traffic.Step{p.CreateGroup("x")}}},
	} {
		_, err := load.Run(t.Context(), load.Config{Address: p.address, Workers: workers, For: time.Minute})
		require.ErrorContains(t, err, "answered 401", name)
	}
}
