package domain_test

import (
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

// attributesOf decodes a person's document.
func (s *scene) attributesOf(u domain.User) attribute.Value {
	s.Helper()
	tree, err := u.Attributes()
	require.NoError(s, err)
	return tree
}

// scimActive: active is false exactly for those who are inactive, whatever is sent or left out.
func scimActive(s *scene) {
	active := func(u domain.User) bool {
		truth := s.attributesOf(u).Get("active")
		require.Equal(s, attribute.Bool, truth.Kind())
		require.Equal(s, u.Status != domain.Inactive, truth.Truth())
		require.Equal(s, u.Document, s.user(u.ID).Document)
		return truth.Truth()
	}
	require.True(s, active(s.provision("omitted@acme.test")))
	u := s.provision("on@acme.test", storetest.Truth("active", true))
	require.True(s, active(u))
	require.False(s, active(s.provision("off@acme.test", storetest.Truth("active", false))))
	require.False(s, active(s.setActive(u.ID, false)))
	require.False(s, active(s.change(u.ID, storetest.Clearing("active"))), "left out, it stays as it is")
	require.False(s, active(s.change(u.ID, storetest.Setting(storetest.Text("title", "x")))))
	require.True(s, active(s.setActive(u.ID, true)))
	require.True(s, active(s.change(u.ID, storetest.Clearing("active"))))
	s.caller.Activation = domain.ActivateByInvitation
	require.True(s, active(s.provision("pending@acme.test")), "pending is active: true to the directory")
}

// provisionActivation: the connection's policy says when a pushed person becomes active.
func provisionActivation(s *scene) {
	for activation, status := range map[domain.Activation]domain.Status{
		domain.ActivateAtOnce: domain.Active, domain.ActivateOnFirstAccess: domain.Pending, domain.ActivateByInvitation: domain.Pending,
	} {
		s.caller.Activation = activation
		u := s.provision(string(activation) + "@acme.test")
		require.Equal(s, status, u.Status, activation)
		require.Equal(s, status == domain.Active, u.AcceptedAt.Equal(s.clock.Now()), activation)
		require.Equal(s, u.AcceptedAt, s.user(u.ID).AcceptedAt)
		off := s.provision("off-"+string(activation)+"@acme.test", storetest.Truth("active", false))
		require.Equal(s, domain.Inactive, off.Status, activation)
		require.True(s, off.AcceptedAt.IsZero())
		on := s.setActive(off.ID, true)
		require.Equal(s, status, on.Status, activation)
		require.Equal(s, status == domain.Active, !on.AcceptedAt.IsZero())
	}
}

// provisionDefaults: a pushed person has the licence full and is no owner, and nothing in the body says otherwise
// (security 10).
func provisionDefaults(s *scene) {
	accessDefaults(s)
	forged := uuid.NewString()
	sent := []attribute.Member{
		storetest.Text("id", forged), storetest.Text("organisation", forged), storetest.Truth("owner", true),
		storetest.Text("password", "correct horse battery"), storetest.Text("licence", "simulator"), storetest.Text("status", "inactive"),
		{Name: "schemas", Value: attribute.NewList(attribute.NewString("urn:forged"))},
		{Name: "meta", Value: attribute.NewComplex(storetest.Text("created", "1970-01-01T00:00:00Z"), storetest.Text("version", "9"))},
		{Name: "groups", Value: attribute.NewList(attribute.NewComplex(storetest.Text("value", forged)))},
		storetest.Text("nickName", "kept"),
	}
	u := s.provision("ana@acme.test", sent...)
	check := func(u domain.User) {
		require.Equal(s, domain.LicenceFull, u.Licence)
		require.False(s, u.Owner)
		require.Equal(s, domain.Active, u.Status)
		require.Equal(s, s.tenant.Connection.ID, u.Connection)
		require.NotEqual(s, forged, u.ID.String())
		require.Equal(s, s.clock.Now(), u.CreatedAt)
		tree := s.attributesOf(u)
		require.Equal(s, u.ID.String(), tree.Get("id").Text())
		require.Equal(s, domain.URNUser, tree.Get("schemas").Item(0).Text())
		require.Equal(s, 1, tree.Get("schemas").Len())
		require.Equal(s, "kept", tree.Get("nickName").Text())
		require.False(s, tree.Has("meta"))
		require.False(s, tree.Has("groups"))
	}
	require.EqualValues(s, 1, u.Version)
	check(u)
	check(s.change(u.ID, storetest.Setting(sent...)))
	check(s.user(u.ID))
}

// provisionPassword: a pushed password is kept nowhere.
func provisionPassword(s *scene) {
	const password = "correct horse battery staple"
	u := s.provision("ana@acme.test", storetest.Text("password", password), storetest.Text("Password", password))
	s.change(u.ID, storetest.Setting(storetest.Text("password", password+"2"), storetest.Text("title", "x")))
	db := storetest.Raw(s, s.store)
	for table, column := range map[string]string{"users": "document", "event_values": "COALESCE(before_values, '') || COALESCE(after_values, '')"} {
		n := storetest.Count(s, db, "SELECT count(*) FROM "+table+" WHERE organisation_id = $1 AND "+column+" LIKE '%horse%'", s.org().String())
		require.Zero(s, n, "a password in %s", table)
	}
}

// suspendOrganisation: everything of a suspended organisation is refused with the reason, nothing is lost, and it works
// again as it was; the same for a disabled connection.
func suspendOrganisation(s *scene) {
	u := s.provision("ana@acme.test")
	bearer := s.tenant.Bearer
	stop := func(code string, fn func(tx domain.Tx, at time.Time) error) {
		recalled, ok := s.directory.Recall(bearer)
		if !ok {
			_, err := s.directory.Authenticate(s.Context(), bearer)
			require.NoError(s, err)
			recalled, ok = s.directory.Recall(bearer)
		}
		require.True(s, ok)
		require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error { return fn(tx, s.clock.Now()) }))
		made := s.eventsSince(func() {
			caller, err := s.directory.Authenticate(s.Context(), bearer)
			storetest.Refused(s, err, domain.Forbidden, code)
			require.Equal(s, s.org(), caller.Organisation, "whom it concerns is known, for the log")
			_, err = s.directory.User(s.Context(), recalled, u.ID)
			storetest.Refused(s, err, domain.Forbidden, code)
			_, err = s.directory.Group(s.Context(), recalled, domain.GroupID{UUID: uuid.New()})
			storetest.Refused(s, err, domain.Forbidden, code)
			_, _, err = s.directory.OpenUser(s.Context(), recalled, u.ID)
			storetest.Refused(s, err, domain.Forbidden, code)
			_, err = s.directory.Provision(s.Context(), recalled, storetest.Person("b@acme.test"))
			storetest.Refused(s, err, domain.Forbidden, code)
			_, err = s.directory.ChangeUser(s.Context(), recalled, u.ID, domain.IfMatch{}, &u, storetest.Setting(storetest.Text("title", "x")))
			storetest.Refused(s, err, domain.Forbidden, code)
			storetest.Refused(s, s.directory.Deprovision(s.Context(), recalled, u.ID, domain.IfMatch{}), domain.Forbidden, code)
			_, err = s.directory.CreateGroup(s.Context(), recalled, storetest.GroupNamed("g"), nil)
			storetest.Refused(s, err, domain.Forbidden, code)
			_, err = s.directory.ChangeGroup(s.Context(), recalled, domain.GroupID{UUID: uuid.New()}, domain.IfMatch{}, nil)
			storetest.Refused(s, err, domain.Forbidden, code)
			storetest.Refused(s, s.directory.DeleteGroup(s.Context(), recalled, domain.GroupID{UUID: uuid.New()}, domain.IfMatch{}), domain.Forbidden, code)
		})
		require.Empty(s, made)
		require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error { return fn(tx, time.Time{}) }))
		caller, err := s.directory.Authenticate(s.Context(), bearer)
		require.NoError(s, err)
		kept, err := s.directory.User(s.Context(), caller, u.ID)
		require.NoError(s, err)
		require.Equal(s, u, kept)
	}
	stop(domain.CodeOrganisationStopped, func(tx domain.Tx, at time.Time) error { return tx.Organisations().Suspend(s.org(), at) })
	stop(domain.CodeConnectionDisabled, func(tx domain.Tx, at time.Time) error {
		return tx.Connections().Disable(s.org(), s.tenant.Connection.ID, at)
	})
}

// deactivateKeeps: beyond the seat nothing goes: groups, names and attributes stay, and are there again on activation.
func deactivateKeeps(s *scene) {
	u := s.provision("ana@acme.test", storetest.Emails("ana@mail.test"), storetest.Text("externalId", "e1"), storetest.Text("title", "Dr"))
	g := s.group("Everybody", u.ID.UUID)
	off := s.setActive(u.ID, false)
	require.Equal(s, domain.Inactive, off.Status)
	require.Equal(s, []domain.GroupRef{{ID: g.ID, Display: "Everybody"}}, s.user(u.ID).Groups)
	require.Equal(s, []uuid.UUID{u.ID.UUID}, s.members(g.ID))
	require.Equal(s, g.Version, s.readGroup(g.ID).Version)
	require.True(s, domain.IsCode(s.tryProvision("ana@acme.test"), domain.CodeUserNameTaken))
	require.True(s, domain.IsCode(s.tryProvision("b@acme.test", storetest.Text("externalId", "e1")), domain.CodeExternalIDTaken))
	on := s.setActive(u.ID, true)
	require.Equal(s, u.Document, on.Document)
	require.Equal(s, u.AcceptedAt, on.AcceptedAt)
}

// changeNothing: when nothing differs, nothing is written: no event, no version, no lastModified.
func changeNothing(s *scene) {
	u := s.provision("ana@acme.test", storetest.Emails("a@mail.test", "b@mail.test"), storetest.Name("Ana", "Lu"), storetest.Text("title", "Dr"))
	tree := s.attributesOf(u)
	s.clock.Move(time.Hour)
	reversed := func(current attribute.Value) (attribute.Value, error) { //nolint:unparam // a change may fail, this one does not
		members := current.Members()
		turned := make([]attribute.Member, 0, len(members))
		for i := range members {
			turned = append(turned, members[len(members)-1-i])
		}
		return attribute.NewComplex(turned...), nil
	}
	for name, change := range map[string]func(attribute.Value) (attribute.Value, error){
		"as it was":          func(current attribute.Value) (attribute.Value, error) { return current, nil },
		"the same again":     storetest.Setting(tree.Members()...),
		"in another order":   reversed,
		"active left out":    storetest.Clearing("active"),
		"nothing cleared":    storetest.Clearing("nickName"),
		"null added":         storetest.Setting(attribute.Member{Name: "nickName"}),
		"empty list added":   storetest.Setting(attribute.Member{Name: "photos", Value: attribute.NewList()}),
		"meta and id":        storetest.Setting(storetest.Text("id", "x"), storetest.Text("meta", "x")),
		"password":           storetest.Setting(storetest.Text("password", "x")),
		"groups":             storetest.Setting(attribute.Member{Name: "groups", Value: attribute.NewList()}),
		"schemas":            storetest.Clearing("schemas"),
		"empty extension":    storetest.Setting(attribute.Member{Name: domain.URNEnterprise, Value: attribute.NewComplex()}),
		"manager without id": storetest.Setting(storetest.Manager("")),
	} {
		var got domain.User
		made := s.eventsSince(func() { got = s.change(u.ID, change) })
		require.Empty(s, made, name)
		require.Equal(s, u.Version, got.Version, name)
		require.Equal(s, u.ModifiedAt, got.ModifiedAt, name)
		require.Equal(s, u.Version, s.user(u.ID).Version, name)
	}
	reason := errors.New("a reason of the caller's")
	made := s.eventsSince(func() {
		_, err := s.tryChange(u.ID, func(attribute.Value) (attribute.Value, error) { return attribute.Value{}, reason })
		require.ErrorIs(s, err, reason)
	})
	require.Empty(s, made)
}

// changeEvents: each change appends one event with who, what, and what it was before and after.
func changeEvents(s *scene) {
	s.caller.RequestID = "request-1"
	u := s.provision("ana@acme.test", storetest.Text("title", "Dr"))
	for _, step := range []struct {
		what          domain.EventType
		change        []attribute.Member
		before, after string
	}{
		{domain.UserUpdated, []attribute.Member{storetest.Text("title", "Prof")}, `{"title":"Dr"}`, `{"title":"Prof"}`},
		{domain.UserUpdated, []attribute.Member{{Name: "title"}, storetest.Text("nickName", "A")}, `{"title":"Prof"}`, `{"nickName":"A"}`},
		{domain.UserDeactivated, []attribute.Member{storetest.Truth("active", false)}, `{"active":true}`, `{"active":false}`},
		{domain.UserUpdated, []attribute.Member{storetest.Text("userName", "anna@acme.test")}, `{"userName":"ana@acme.test"}`, `{"userName":"anna@acme.test"}`},
		{domain.UserActivated, []attribute.Member{storetest.Truth("active", true)}, `{"active":false}`, `{"active":true}`},
	} {
		s.clock.Move(time.Second)
		made := s.eventsSince(func() { s.change(u.ID, storetest.Setting(step.change...)) })
		require.Len(s, made, 1)
		e := made[0]
		require.Equal(s, step.what, e.Type)
		require.Equal(s, step.before, string(attribute.AppendJSON(nil, e.Before)))
		require.Equal(s, step.after, string(attribute.AppendJSON(nil, e.After)))
		require.Equal(s, domain.Actor{Kind: "connection", ID: s.tenant.Connection.ID.UUID}, e.Actor)
		require.Equal(s, u.ID.UUID, e.Subject)
		require.Equal(s, "user", e.SubjectKind)
		require.Equal(s, "request-1", e.RequestID)
		require.Equal(s, s.clock.Now(), e.At)
	}
	made := s.eventsSince(func() { s.deprovision(u.ID) })
	require.Len(s, made, 1)
	require.Equal(s, domain.UserDeleted, made[0].Type)
	require.Equal(s, "anna@acme.test", made[0].Before.Get("userName").Text())
	require.False(s, made[0].After.Assigned())
}

// changeClockBackwards: versions and lastModified move on where the clock does not, or goes back (security 53).
func changeClockBackwards(s *scene) {
	u := s.provision("ana@acme.test")
	g := s.group("Everybody")
	modified, groupModified := u.ModifiedAt, g.ModifiedAt
	for i, title := range []string{"a", "b", "c", "d"} {
		s.clock.Move(-time.Duration(i) * time.Hour)
		changed := s.change(u.ID, storetest.Setting(storetest.Text("title", title)))
		require.Equal(s, u.Version+1, changed.Version)
		require.True(s, changed.ModifiedAt.After(modified), "lastModified moves on")
		require.Equal(s, changed.ModifiedAt, s.user(u.ID).ModifiedAt)
		u, modified = changed, changed.ModifiedAt
		step := domain.GroupStep{Add: []uuid.UUID{u.ID.UUID}}
		if i%2 == 1 {
			step = domain.GroupStep{Remove: []uuid.UUID{u.ID.UUID}}
		}
		touched := s.changeGroup(g.ID, step)
		require.Equal(s, g.Version+1, touched.Version)
		require.True(s, touched.ModifiedAt.After(groupModified))
		require.Equal(s, touched, s.readGroup(g.ID))
		g, groupModified = touched, touched.ModifiedAt
	}
	s.changeGroup(g.ID, domain.GroupStep{Add: []uuid.UUID{u.ID.UUID}})
	s.deprovision(u.ID)
	require.True(s, s.readGroup(g.ID).ModifiedAt.After(groupModified.Add(time.Millisecond-1)))
}
