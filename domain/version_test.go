package domain_test

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

// changeVersion: a person's version begins at 1 and grows by one with every change, and lastModified with it.
func changeVersion(s *scene) {
	u := s.provision("ana@acme.test")
	require.EqualValues(s, 1, u.Version)
	require.Equal(s, s.clock.Now(), u.ModifiedAt)
	for _, title := range []string{"a", "b"} {
		s.clock.Move(time.Minute)
		changed := s.change(u.ID, storetest.Setting(storetest.Text("title", title)))
		require.Equal(s, u.Version+1, changed.Version)
		require.Equal(s, s.clock.Now(), changed.ModifiedAt)
		require.Equal(s, u.CreatedAt, changed.CreatedAt)
		read := s.user(u.ID)
		require.Equal(s, changed.Document, read.Document)
		require.Equal(s, changed.Version, read.Version)
		require.Equal(s, changed.ModifiedAt, read.ModifiedAt)
		u = changed
	}
	other := storetest.Setting(storetest.Text("title", "over what was read"))
	stale := u
	u = s.change(u.ID, storetest.Setting(storetest.Text("nickName", "meanwhile")))
	calls := 0
	outcome, err := s.directory.ChangeUser(s.Context(), s.caller, u.ID, domain.IfMatch{}, &stale, func(current attribute.Value) (attribute.Value, error) {
		calls++
		return other(current)
	})
	require.NoError(s, err)
	require.Equal(s, 2, calls, "what was read before has changed: it is read again")
	require.Equal(s, "meanwhile", s.attributesOf(outcome).Get("nickName").Text())
	require.Equal(s, u.Version+1, outcome.Version)
}

// changeIfMatch: a change that names versions is made over one of those, or refused; of 64 at once that name the same
// one exactly one is made (security 48).
func changeIfMatch(s *scene) {
	u := s.provision("ana@acme.test")
	g := s.group("Everybody")
	when := func(versions ...int64) domain.IfMatch { return domain.IfMatch{Set: true, Versions: versions} }
	change := func(match domain.IfMatch, title string) error {
		_, err := s.directory.ChangeUser(s.Context(), s.caller, u.ID, match, nil, storetest.Setting(storetest.Text("title", title)))
		return err
	}
	made := s.eventsSince(func() {
		for _, match := range []domain.IfMatch{when(), when(2), when(0, 7)} {
			storetest.Refused(s, change(match, "refused"), domain.Precondition, domain.CodeVersionMismatch)
			storetest.Refused(s, s.directory.Deprovision(s.Context(), s.caller, u.ID, match), domain.Precondition, domain.CodeVersionMismatch)
			storetest.Refused(s, s.directory.DeleteGroup(s.Context(), s.caller, g.ID, match), domain.Precondition, domain.CodeVersionMismatch)
			_, err := s.directory.ChangeGroup(s.Context(), s.caller, g.ID, match, []domain.GroupStep{{Add: []uuid.UUID{u.ID.UUID}}})
			storetest.Refused(s, err, domain.Precondition, domain.CodeVersionMismatch)
		}
	})
	require.Empty(s, made)
	require.NoError(s, change(when(5, 1), "one of several"))
	require.NoError(s, change(domain.IfMatch{Set: true, Any: true}, "any"))
	storetest.Gone(s, s.directory.Deprovision(s.Context(), s.caller, domain.UserID{UUID: uuid.New()}, domain.IfMatch{Set: true, Any: true}))

	now := s.user(u.ID)
	counts := outcomes(s.T, concurrently(64, func(i int) error {
		var known *domain.User
		if i%2 == 0 {
			read := now
			known = &read
		}
		_, err := s.directory.ChangeUser(s.Context(), s.caller, u.ID, when(now.Version), known, storetest.Setting(storetest.Text("title", string(rune('a'+i)))))
		return err
	}))
	require.Equal(s, map[string]int{"": 1, domain.CodeVersionMismatch: 63}, counts)
	require.Equal(s, now.Version+1, s.user(u.ID).Version)

	group := s.readGroup(g.ID)
	joining := make([]uuid.UUID, 16)
	for i := range joining {
		joining[i] = s.provision("joining" + string(rune('a'+i)) + "@acme.test").ID.UUID
	}
	counts = outcomes(s.T, concurrently(len(joining), func(i int) error {
		_, err := s.directory.ChangeGroup(s.Context(), s.caller, g.ID, when(group.Version), []domain.GroupStep{{Add: joining[i : i+1]}})
		return err
	}))
	require.Equal(s, map[string]int{"": 1, domain.CodeVersionMismatch: len(joining) - 1}, counts)
	require.Len(s, s.members(g.ID), 1)
	require.NoError(s, s.directory.DeleteGroup(s.Context(), s.caller, g.ID, when(group.Version+1)))
	require.NoError(s, s.directory.Deprovision(s.Context(), s.caller, u.ID, when(now.Version+1)))
}

// changeGroupVersion: a group's version grows with every change of its attributes or members.
func changeGroupVersion(s *scene) {
	u := s.provision("ana@acme.test")
	g := s.group("Everybody")
	require.EqualValues(s, 1, g.Version)
	rename := func(name string) func(attribute.Value) (attribute.Value, error) {
		return storetest.Setting(storetest.Text("displayName", name))
	}
	for _, step := range []domain.GroupStep{
		{Add: []uuid.UUID{u.ID.UUID}}, {Remove: []uuid.UUID{u.ID.UUID}}, {Replace: true, Members: []uuid.UUID{u.ID.UUID}},
		{RemoveWhere: new(domain.Predicate)}, {Attributes: rename("All")}, {Attributes: rename("ALL")},
	} {
		s.clock.Move(time.Minute)
		var changed domain.Group
		made := s.eventsSince(func() { changed = s.changeGroup(g.ID, step) })
		require.Len(s, made, 1)
		require.Equal(s, domain.GroupUpdated, made[0].Type)
		require.Equal(s, g.Version+1, changed.Version)
		require.Equal(s, s.clock.Now(), changed.ModifiedAt)
		require.Equal(s, changed, s.readGroup(g.ID))
		g = changed
	}
	_, err := s.directory.ChangeGroup(s.Context(), s.caller, g.ID, domain.IfMatch{}, []domain.GroupStep{{Attributes: storetest.Clearing("displayName")}})
	storetest.Refused(s, err, domain.Invalid, domain.CodeRequired)
}

// changeGroupNothing: when nothing differs in a group, nothing is written.
func changeGroupNothing(s *scene) {
	a, b := s.provision("a@acme.test").ID.UUID, s.provision("b@acme.test").ID.UUID
	g := s.group("Everybody", a)
	s.clock.Move(time.Hour)
	nobody := domain.Predicate(domain.Or{})
	for name, steps := range map[string][]domain.GroupStep{
		"no steps":            nil,
		"there already":       {{Add: []uuid.UUID{a, a}}},
		"not there":           {{Remove: []uuid.UUID{b, uuid.New()}}},
		"the same members":    {{Replace: true, Members: []uuid.UUID{a}}},
		"selects nobody":      {{RemoveWhere: &nobody}},
		"in and out":          {{Add: []uuid.UUID{b}}, {Remove: []uuid.UUID{b}}},
		"out and in":          {{Remove: []uuid.UUID{a}}, {Add: []uuid.UUID{a}}},
		"out, in, out and in": {{Remove: []uuid.UUID{a}}, {Add: []uuid.UUID{a}}, {Remove: []uuid.UUID{a}}, {Replace: true, Members: []uuid.UUID{a}}},
		"the same name":       {{Attributes: storetest.Setting(storetest.Text("displayName", "Everybody"))}},
		"members as attribute": {{Attributes: storetest.Setting(attribute.Member{
			Name: "members", Value: attribute.NewList(attribute.NewComplex(storetest.Text("value", b.String()))),
		})}},
	} {
		var got domain.Group
		made := s.eventsSince(func() { got = s.changeGroup(g.ID, steps...) })
		require.Empty(s, made, name)
		require.Equal(s, g, got, name)
		require.Equal(s, g, s.readGroup(g.ID), name)
		require.Equal(s, []uuid.UUID{a}, s.members(g.ID), name)
	}
}

// groupSteps: steps are applied in order, all or none, and the event says what they come to.
func groupSteps(s *scene) {
	var ids []uuid.UUID
	for _, name := range []string{"a", "b", "c", "d"} {
		ids = append(ids, s.provision(name+"@acme.test").ID.UUID)
	}
	a, b, c, d := ids[0], ids[1], ids[2], ids[3]
	g := s.group("Everybody", a, b)
	made := s.eventsSince(func() {
		s.changeGroup(g.ID, domain.GroupStep{Add: []uuid.UUID{c}}, domain.GroupStep{Remove: []uuid.UUID{a}},
			domain.GroupStep{Attributes: storetest.Setting(storetest.Text("displayName", "Some"))}, domain.GroupStep{Add: []uuid.UUID{d}},
			domain.GroupStep{Remove: []uuid.UUID{c, d}}, domain.GroupStep{Add: []uuid.UUID{d, a}}, domain.GroupStep{Remove: []uuid.UUID{a}})
	})
	require.Equal(s, []uuid.UUID{b, d}, s.members(g.ID))
	require.Len(s, made, 1)
	require.Equal(s, `{"displayName":"Everybody","members":["`+a.String()+`"]}`, string(attribute.AppendJSON(nil, made[0].Before)))
	require.Equal(s, `{"displayName":"Some","members":["`+d.String()+`"]}`, string(attribute.AppendJSON(nil, made[0].After)))

	before := s.readGroup(g.ID)
	made = s.eventsSince(func() {
		_, err := s.directory.ChangeGroup(s.Context(), s.caller, g.ID, domain.IfMatch{}, []domain.GroupStep{
			{Add: []uuid.UUID{a}}, {Attributes: storetest.Setting(storetest.Text("displayName", "Half way"))}, {Add: []uuid.UUID{uuid.New()}},
		})
		require.True(s, domain.IsKind(err, domain.Invalid))
	})
	require.Empty(s, made)
	require.Equal(s, before, s.readGroup(g.ID))
	require.Equal(s, []uuid.UUID{b, d}, s.members(g.ID))
}

// tokenExpiry: a token is in force until the moment it expires, by the injected clock (security 53).
func tokenExpiry(s *scene) {
	secret := [32]byte{1, 2, 3}
	text, hash := domain.NewDirectoryToken(s.org(), secret)
	bearer, err := domain.ParseBearer(text)
	require.NoError(s, err)
	require.Equal(s, hash, bearer.Hash)
	u := s.provision("ana@acme.test")
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
		return tx.Tokens().Insert(domain.Token{
			ID: domain.TokenID{UUID: uuid.New()}, Organisation: s.org(), Connection: s.tenant.Connection.ID, Hash: hash,
			CreatedAt: s.clock.Now(), ExpiresAt: s.clock.Now().Add(time.Minute),
		})
	}))
	_, err = s.directory.Authenticate(s.Context(), bearer)
	require.NoError(s, err)
	s.clock.Move(time.Minute - time.Millisecond)
	caller, err := s.directory.Authenticate(s.Context(), bearer)
	require.NoError(s, err)
	recalled, ok := s.directory.Recall(bearer)
	require.True(s, ok)
	s.clock.Move(time.Millisecond)
	_, err = s.directory.Authenticate(s.Context(), bearer)
	require.Equal(s, domain.UnknownToken(), err)
	_, err = s.directory.User(s.Context(), recalled, u.ID)
	require.Equal(s, domain.UnknownToken(), err, "one that is only remembered proves itself with every read")
	_, err = s.directory.Users(s.Context(), recalled, domain.Query{Limit: 10})
	require.Equal(s, domain.UnknownToken(), err)
	_, err = s.directory.ChangeUser(s.Context(), recalled, u.ID, domain.IfMatch{}, &u, storetest.Setting(storetest.Text("title", "x")))
	require.Equal(s, domain.UnknownToken(), err)
	_, err = s.directory.Provision(s.Context(), recalled, storetest.Person("b@acme.test"))
	require.Equal(s, domain.UnknownToken(), err)
	_, ok = s.directory.Recall(bearer)
	require.False(s, ok)
	s.clock.Move(-time.Hour)
	_, err = s.directory.Authenticate(s.Context(), bearer)
	require.NoError(s, err, "the clock decides, wherever it goes")
	require.Equal(s, s.tenant.Connection.ID, caller.Connection)
}

// tokenRecall: who was here a moment ago is remembered for the reads that prove the token themselves, and not for long.
func tokenRecall(s *scene) {
	u := s.provision("ana@acme.test")
	_, ok := s.directory.Recall(s.tenant.Bearer)
	require.False(s, ok, "nobody is remembered who was not here")
	_, err := s.directory.Authenticate(s.Context(), s.tenant.Bearer)
	require.NoError(s, err)
	caller, ok := s.directory.Recall(s.tenant.Bearer)
	require.True(s, ok)
	known, writer, err := s.directory.OpenUser(s.Context(), caller, u.ID)
	require.NoError(s, err)
	changed, err := s.directory.ChangeUser(s.Context(), writer, u.ID, domain.IfMatch{}, &known, storetest.Setting(storetest.Text("title", "x")))
	require.NoError(s, err)
	require.Equal(s, u.Version+1, changed.Version)

	_, ok = s.directory.Recall(domain.Bearer{Organisation: domain.OrganisationID{UUID: uuid.New()}, Hash: s.tenant.Bearer.Hash})
	require.False(s, ok, "a hash belongs to its organisation")
	s.clock.Move(time.Minute)
	_, ok = s.directory.Recall(s.tenant.Bearer)
	require.False(s, ok, "what is remembered grows old")
	s.clock.Move(-2 * time.Minute)
	_, ok = s.directory.Recall(s.tenant.Bearer)
	require.False(s, ok, "and a clock that went back says nothing about its age")

	s.clock.Move(time.Minute)
	caller, ok = s.directory.Recall(s.tenant.Bearer)
	require.True(s, ok)
	_, _, neighbour := storetest.NewConnection(s, s.store, s.org(), "neighbour")
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
		return tx.Connections().Disable(s.org(), neighbour.Connection, time.Now())
	}))
	read, err := s.directory.User(s.Context(), caller, u.ID)
	require.NoError(s, err, "what happens to somebody else's access keeps nobody out")
	require.Equal(s, changed.Version, read.Version)
	page, err := s.directory.Users(s.Context(), caller, domain.Query{Limit: 10, Total: true})
	require.NoError(s, err)
	require.Len(s, page.Items, 1)
	page, err = s.directory.Users(s.Context(), caller, domain.Query{Total: true})
	require.NoError(s, err)
	require.Equal(s, 1, page.Total)

	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
		tokens, err := tx.Tokens().List(s.org())
		if err != nil {
			return err
		}
		own := slices.IndexFunc(tokens, func(t domain.Token) bool { return t.Connection == s.tenant.Connection.ID })
		return tx.Tokens().Revoke(s.org(), tokens[own].ID, time.Now())
	}))
	for i, attempt := range []func() error{
		func() error { _, err := s.directory.User(s.Context(), caller, u.ID); return err },
		func() error { _, _, err := s.directory.OpenUser(s.Context(), caller, u.ID); return err },
		func() error {
			_, err := s.directory.Users(s.Context(), caller, domain.Query{Limit: 10})
			return err
		},
		func() error {
			_, err := s.directory.Provision(s.Context(), caller, storetest.Person("b@acme.test"))
			return err
		},
		func() error { return s.directory.Deprovision(s.Context(), caller, u.ID, domain.IfMatch{}) },
	} {
		require.Equal(s, domain.UnknownToken(), attempt(), "attempt %d", i)
	}
	_, ok = s.directory.Recall(s.tenant.Bearer)
	require.False(s, ok, "a revoked token is not remembered")
}
