package domain_test

import (
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

// linkScope: a connection sees and changes what it owns; everything else answers like an id that never existed
// (security 4, 5).
func linkScope(s *scene) {
	u, g := s.provision("ana@acme.test", storetest.Text("externalId", "e1")), s.group("Everybody")
	second := s.another("second")
	elsewhere := storetest.NewTenant(s, s.store, storetest.Slug(s)+"-2", -1)
	hidden := []struct {
		caller domain.Caller
		user   domain.UserID
		group  domain.GroupID
	}{
		{s.caller, domain.UserID{UUID: uuid.New()}, domain.GroupID{UUID: uuid.New()}},
		{s.caller, domain.UserID{UUID: g.ID.UUID}, domain.GroupID{UUID: u.ID.UUID}},
		{second, u.ID, g.ID},
		{elsewhere.Caller, u.ID, g.ID},
		{s.caller, s.local("local@acme.test").ID, domain.GroupID{}},
	}
	var never [8]error
	made := s.eventsSince(func() {
		for i, h := range hidden {
			var got [8]error
			_, got[0] = s.directory.User(s.Context(), h.caller, h.user)
			_, got[1] = s.directory.ChangeUser(s.Context(), h.caller, h.user, domain.IfMatch{}, nil, storetest.Setting(storetest.Text("title", "x")))
			got[2] = s.directory.Deprovision(s.Context(), h.caller, h.user, domain.IfMatch{})
			_, got[3] = s.directory.Group(s.Context(), h.caller, h.group)
			_, got[4] = s.directory.ChangeGroup(s.Context(), h.caller, h.group, domain.IfMatch{}, []domain.GroupStep{{Replace: true}})
			got[5] = s.directory.DeleteGroup(s.Context(), h.caller, h.group, domain.IfMatch{})
			_, got[6] = s.directory.ChangeUser(s.Context(), h.caller, h.user, domain.IfMatch{Set: true, Versions: []int64{1}}, nil, storetest.Clearing("title"))
			_, _, got[7] = s.directory.OpenUser(s.Context(), h.caller, h.user)
			for _, err := range got {
				storetest.Gone(s, err)
			}
			if i == 0 {
				never = got
			}
			require.Equal(s, never, got)
		}
	})
	require.Empty(s, made)

	theirs, err := s.directory.Provision(s.Context(), second, storetest.Person("b@acme.test", storetest.Text("externalId", "e1")))
	require.NoError(s, err, "a connection has external ids of its own")
	foreign, err := s.directory.Provision(s.Context(), elsewhere.Caller, storetest.Person("ana@acme.test", storetest.Text("externalId", "e1")))
	require.NoError(s, err, "a user name taken only in another organisation (security 7)")
	for _, stranger := range []uuid.UUID{theirs.ID.UUID, foreign.ID.UUID, hidden[4].user.UUID} {
		made := s.eventsSince(func() {
			for _, step := range []domain.GroupStep{{Add: []uuid.UUID{u.ID.UUID, stranger}}, {Replace: true, Members: []uuid.UUID{stranger}}} {
				_, err := s.directory.ChangeGroup(s.Context(), s.caller, g.ID, domain.IfMatch{}, []domain.GroupStep{step})
				require.Equal(s, domain.UnknownMember(stranger.String()), err)
			}
			_, err := s.directory.CreateGroup(s.Context(), s.caller, storetest.GroupNamed("G"), []uuid.UUID{stranger})
			require.Equal(s, domain.UnknownMember(stranger.String()), err)
		})
		require.Empty(s, made)
		require.Empty(s, s.members(g.ID))
		report := s.change(u.ID, storetest.Setting(storetest.Manager(stranger.String())))
		require.Nil(s, report.ManagerRef, "a manager nobody here can see is a text")
		require.Equal(s, stranger.String(), s.attributesOf(report).Get(domain.URNEnterprise).Get("manager").Get("value").Text())
	}
	storetest.Consistent(s, s.store, elsewhere.Organisation.ID)
}

// linkAdopt: an account that the directory does not own is never adopted by its name or address, only refused
// (security 12).
func linkAdopt(s *scene) {
	local := s.local("local@acme.test")
	u := s.provision("ana@acme.test")
	before := s.rowOf(local)
	for _, err := range []error{
		s.tryProvision("LOCAL@acme.test"),
		func() error {
			_, err := s.tryChange(u.ID, storetest.Setting(storetest.Text("userName", "local@ACME.test")))
			return err
		}(),
	} {
		storetest.Refused(s, err, domain.Conflict, domain.CodeUserNameTaken)
		require.Contains(s, err.Error(), "administrator")
	}
	s.change(u.ID, storetest.Setting(storetest.Emails("local@acme.test")))
	pushed := s.provision("b@acme.test", storetest.Emails("local@acme.test"))
	require.Equal(s, local.ID, s.signsInBy("local@acme.test"), "the address stays whose it was")
	require.Equal(s, "local@acme.test", s.attributesOf(pushed).Get("emails").Item(0).Get("value").Text(), "what was sent is kept")
	require.Equal(s, before, s.rowOf(local))
}

// emailUnique: two people may be pushed with one address; the account that had it first keeps it for signing in.
func emailUnique(s *scene) {
	first := s.provision("a@acme.test", storetest.Emails("shared@acme.test"))
	second := s.provision("b@acme.test", storetest.Emails("Shared@ACME.test"))
	require.Equal(s, first.ID, s.signsInBy("shared@acme.test"))
	s.change(second.ID, storetest.Setting(storetest.Emails("shared@acme.test", "other@acme.test")))
	require.Equal(s, first.ID, s.signsInBy("shared@acme.test"))
	s.change(first.ID, storetest.Setting(storetest.Emails("mine@acme.test")))
	require.True(s, s.signsInBy("shared@acme.test").IsZero(), "who had it not does not inherit it")
	require.Equal(s, first.ID, s.signsInBy("mine@acme.test"))
	s.change(second.ID, storetest.Setting(storetest.Emails("other@acme.test", "shared@acme.test")))
	require.Equal(s, second.ID, s.signsInBy("other@acme.test"), "the primary address, else the first")

	// A user name of one's own that is also one's address is one name, whichever comes and goes.
	own := s.provision("own@acme.test", storetest.Emails("own@acme.test"))
	s.change(own.ID, storetest.Setting(storetest.Text("userName", "renamed@acme.test")))
	require.Equal(s, own.ID, s.signsInBy("own@acme.test"))
	s.change(own.ID, storetest.Setting(storetest.Text("userName", "own@acme.test")))
	s.change(own.ID, storetest.Clearing("emails"))
	require.Equal(s, own.ID, s.signsInBy("own@acme.test"))

	// Nobody takes by a user name what somebody else signs in by, of whatever connection they are.
	for _, caller := range []domain.Caller{s.caller, s.another("second")} {
		_, err := s.directory.Provision(s.Context(), caller, storetest.Person("MINE@acme.test"))
		storetest.Refused(s, err, domain.Conflict, domain.CodeUserNameTaken)
	}
	s.change(first.ID, storetest.Clearing("emails"))
	s.provision("mine@acme.test")
	require.NotEqual(s, first.ID, s.signsInBy("mine@acme.test"), "given up, it is anybody's")

	// Nobody's name is what is no address.
	odd := s.provision("odd@acme.test", storetest.Emails("not an address"))
	require.True(s, s.signsInBy("not an address").IsZero())
	require.Equal(s, odd.ID, s.signsInBy("odd@acme.test"))
}

// emailUniqueReset: of two people whom a directory gives one address, the one who had it first gets what is mailed to choose a
// new password by; the other, who signs in by user name, would have theirs sent to somebody else's.
func emailUniqueReset(s *visit) {
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.PasswordSync = domain.PasswordKeep })
	first := s.pushPassword("first", storetest.Emails("shared@acme.test"))
	second := s.pushPassword("second", storetest.Emails("Shared@acme.test"))
	s.in("second")
	require.Equal(s, first.ID, s.in("shared@acme.test").Session.User)
	require.Equal(s, []domain.PersonRef{{ID: first.ID, Display: "first"}}, s.explain(second.ID).Lookalikes)
	require.Equal(s, []domain.PersonRef{{ID: second.ID, Display: "second"}}, s.explain(first.ID).Lookalikes)
	asked := func(name string) []domain.Event {
		return s.eventsSince(func() { s.forgot(name) })
	}
	require.Empty(s, asked("second"))
	for _, name := range []string{"first", "SHARED@acme.test"} {
		require.Equal(s, first.ID.UUID, only(s, asked(name), domain.PasswordResetRequested).Subject, name)
	}
	err := s.admin.ResetPassword(s.Context(), s.boss(), second.ID, domain.IfMatch{})
	s.refused("invalid_value email", err)
	require.ErrorContains(s, err, "another account")
	require.NoError(s, s.admin.ResetPassword(s.Context(), s.boss(), first.ID, domain.IfMatch{}))

	s.change(second.ID, storetest.Setting(storetest.Emails("second@acme.test")))
	require.Equal(s, second.ID.UUID, only(s, asked("second"), domain.PasswordResetRequested).Subject, "an address of their own")
}

// signsInBy finds who signs in by a name; the zero id for nobody.
func (s *scene) signsInBy(name string) domain.UserID {
	s.Helper()
	rows, err := storetest.Raw(s, s.store).Query("SELECT CAST(user_id AS text) FROM sign_in_names WHERE organisation_id = $1 AND name_key = $2",
		s.org().String(), attribute.Fold(name))
	require.NoError(s, err)
	defer func() { _ = rows.Close() }()
	var text string
	for rows.Next() {
		require.NoError(s, rows.Scan(&text))
	}
	require.NoError(s, rows.Err())
	id, _ := domain.ParseID[domain.User](text)
	return id
}

// rowOf is all that is stored of a person, as text.
func (s *scene) rowOf(u domain.User) string {
	s.Helper()
	var row string
	require.NoError(s, storetest.Raw(s, s.store).QueryRow(`SELECT status || licence || user_name || document || CAST(version AS text) || CAST(modified_at AS text)
FROM users WHERE organisation_id = $1 AND user_id = $2`, u.Organisation.String(), u.ID.String()).Scan(&row))
	return row
}
