package domain_test

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

func (s *scene) adoptable(id domain.UserID, by domain.ConnectionID) {
	s.Helper()
	_, err := s.admin.MakeAdoptable(s.Context(), s.boss(), id, by)
	require.NoError(s, err)
	s.again()
}

// linkAdoptMarked: a marked account shows to the connection it is marked for and to no other, and its first write links
// it, by one event; what a version in If-Match says is the account as it was read.
func linkAdoptMarked(s *scene) {
	local, other := s.local("local@acme.test"), s.local("other@acme.test")
	second := s.another("second")
	made := s.eventsSince(func() { s.adoptable(local.ID, s.caller.Connection) })
	require.Equal(s, []domain.EventType{domain.UserAdoptable}, eventTypes(made))
	require.True(s, s.caller.Adopts)
	require.Equal(s, local.ID, s.user(local.ID).ID)
	_, err := s.directory.User(s.Context(), second, local.ID)
	storetest.Gone(s, err)
	_, err = s.directory.User(s.Context(), s.caller, other.ID)
	storetest.Gone(s, err)
	_, err = s.directory.ChangeUser(s.Context(), second, local.ID, domain.IfMatch{}, nil, storetest.Setting(storetest.Text("title", "x")))
	storetest.Gone(s, err)

	_, err = s.directory.ChangeUser(s.Context(), s.caller, local.ID, domain.IfMatch{Set: true, Versions: []int64{7}}, nil, storetest.Setting(storetest.Text("title", "x")))
	storetest.Refused(s, err, domain.Precondition, domain.CodeVersionMismatch)
	require.True(s, s.found(local.ID).Connection.IsZero())
	var is domain.User
	made = s.eventsSince(func() {
		is, err = s.directory.ChangeUser(s.Context(), s.caller, local.ID, domain.IfMatch{Set: true, Versions: []int64{1}}, nil, storetest.Setting(storetest.Text("title", "x")))
	})
	require.NoError(s, err)
	require.ElementsMatch(s, []domain.EventType{domain.UserLinked, domain.UserUpdated}, eventTypes(made))
	require.EqualValues(s, 3, is.Version)
	require.Equal(s, s.caller.Connection, s.found(local.ID).Connection)
	require.Equal(s, 2, s.held(), "who is linked keeps the seat")
	s.again()
	require.False(s, s.caller.Adopts, "the mark went with it")
	require.Empty(s, s.eventsSince(func() {
		s.change(local.ID, storetest.Setting(storetest.Text("title", "x")))
	}))

	// Taken back, it is gone again; a change that fails links nobody.
	s.adoptable(other.ID, s.caller.Connection)
	_, err = s.tryChange(other.ID, storetest.Setting(storetest.Text("userName", "local@acme.test")))
	storetest.Refused(s, err, domain.Conflict, domain.CodeUserNameTaken)
	require.True(s, s.found(other.ID).Connection.IsZero())
	known := s.user(other.ID)
	require.NoError(s, s.admin.Unadoptable(s.Context(), s.boss(), other.ID))
	_, err = s.directory.ChangeUser(s.Context(), s.caller, other.ID, domain.IfMatch{}, &known, storetest.Setting(storetest.Text("title", "x")))
	storetest.Gone(s, err)
	s.again()
	_, err = s.directory.User(s.Context(), s.caller, other.ID)
	storetest.Gone(s, err)
}

// linkAdoptByDomain: all accounts of a proved domain, those made later as well, those of owners and of other domains not.
func linkAdoptByDomain(s *scene) {
	early := s.local("early@acme.example")
	s.local("early@sub.acme.example")
	s.local("early@notacme.example")
	owner := storetest.Account(s, s.store, s.tenant, "owner@acme.example", func(u *domain.User) { u.Owner = true })
	s.prove("acme.example")
	_, err := s.admin.MakeDomainAdoptable(s.Context(), s.boss(), "ACME.example.", domain.IfMatch{}, s.caller.Connection)
	require.NoError(s, err)
	s.again()
	late := s.add("late@acme.example")
	page, err := s.directory.Users(s.Context(), s.caller, domain.Query{Limit: 10, Total: true})
	require.NoError(s, err)
	var ids []domain.UserID
	for _, u := range page.Items {
		ids = append(ids, u.ID)
	}
	require.ElementsMatch(s, []domain.UserID{early.ID, late.ID}, ids)
	require.Equal(s, 2, page.Total)
	made := s.eventsSince(func() { s.change(late.ID, storetest.Setting(storetest.Text("title", "x"))) })
	require.ElementsMatch(s, []domain.EventType{domain.UserLinked, domain.UserUpdated}, eventTypes(made))
	_, err = s.directory.User(s.Context(), s.caller, owner.ID)
	storetest.Gone(s, err)
	s.adoptable(owner.ID, s.caller.Connection)
	require.Equal(s, owner.ID, s.user(owner.ID).ID, "an owner is marked one by one")
	require.NoError(s, s.admin.RemoveEmailDomain(s.Context(), s.boss(), "acme.example", domain.IfMatch{}))
	s.again()
	_, err = s.directory.User(s.Context(), s.caller, early.ID)
	storetest.Gone(s, err)
}

// linkAdoptGroups: who is made a member of a group of the connection is linked by that.
func linkAdoptGroups(s *scene) {
	a, b, c := s.local("a@acme.test"), s.local("b@acme.test"), s.local("c@acme.test")
	g := s.group("G")
	for _, u := range []domain.User{a, b, c} {
		s.adoptable(u.ID, s.caller.Connection)
	}
	made := s.eventsSince(func() {
		s.changeGroup(g.ID, domain.GroupStep{Add: []uuid.UUID{a.ID.UUID}})
		s.changeGroup(g.ID, domain.GroupStep{Replace: true, Members: []uuid.UUID{b.ID.UUID}})
		s.group("H", c.ID.UUID)
	})
	linked := slices.DeleteFunc(eventTypes(made), func(of domain.EventType) bool { return of != domain.UserLinked })
	require.Len(s, linked, 3)
	require.Equal(s, []uuid.UUID{b.ID.UUID}, s.members(g.ID))
	for _, u := range []domain.User{a, b, c} {
		require.Equal(s, s.caller.Connection, s.found(u.ID).Connection)
	}
}

// escalationOfAdoption: nobody leaves to a directory whom they could not give what that person holds.
func escalationOfAdoption(s *scene) {
	clerk := s.clerk("directory:edit", "users:edit")
	clerk.Actor.Kind = "api_key"
	strong := s.local("strong@acme.test")
	owner := storetest.Account(s, s.store, s.tenant, "owner@acme.test", func(u *domain.User) { u.Owner = true })
	granted := s.clerk("profiles:edit").Permissions
	_, err := s.admin.Assign(s.Context(), s.boss(), strong.ID, domain.IfMatch{}, domain.AccessChange{Granted: &granted})
	require.NoError(s, err)
	made := s.eventsSince(func() {
		_, err := s.admin.MakeAdoptable(s.Context(), clerk, strong.ID, s.caller.Connection)
		storetest.Refused(s, err, domain.Forbidden, domain.CodeEscalation)
		_, err = s.admin.MakeAdoptable(s.Context(), clerk, owner.ID, s.caller.Connection)
		storetest.Refused(s, err, domain.Forbidden, domain.CodeOwnerOnly)
		_, err = s.admin.MakeAdoptable(s.Context(), s.clerk("directory:edit"), strong.ID, s.caller.Connection)
		storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
	})
	require.Empty(s, made)
	weak := s.local("weak@acme.test")
	_, err = s.admin.MakeAdoptable(s.Context(), clerk, weak.ID, s.caller.Connection)
	require.NoError(s, err)
}

// proofs is a resolver that knows what is to be proved.
type proofs map[string]string

// TXT implements domain.Resolver.
func (p proofs) TXT(_ context.Context, name string) ([]string, error) {
	return []string{"v=spf1 -all", p[name]}, nil
}

func (s *scene) prove(name string) domain.EmailDomain {
	s.Helper()
	e, err := s.admin.AddEmailDomain(s.Context(), s.boss(), name)
	require.NoError(s, err)
	e, err = s.admin.VerifyEmailDomain(s.Context(), s.boss(), proofs{e.Record(): e.Challenge}, name, domain.IfMatch{})
	require.NoError(s, err)
	return e
}

// domainsOfOne: of many organisations that prove a domain at once, one has it; the operator's word counts like DNS.
func domainsOfOne(s *scene) {
	const rivals = 8
	name := "x" + s.org().String() + ".example"
	admins := make([]domain.Administrator, rivals)
	for i := range admins {
		admins[i] = s.boss()
		if i > 0 {
			admins[i].Organisation = storetest.NewTenant(s, s.store, storetest.Slug(s)+"-"+string(rune('a'+i)), -1).Organisation.ID
		}
		_, err := s.admin.AddEmailDomain(s.Context(), admins[i], name)
		require.NoError(s, err, "a domain that nobody has proved may be asked for by many")
	}
	errs := concurrently(rivals, func(i int) error {
		e, err := s.admin.EmailDomain(s.Context(), admins[i], name)
		if err != nil {
			return err
		}
		own := proofs{e.Record(): e.Challenge}
		_, err = s.admin.VerifyEmailDomain(s.Context(), admins[i], own, name, domain.IfMatch{})
		return err
	})
	have := 0
	for i, err := range errs {
		e, read := s.admin.EmailDomain(s.Context(), admins[i], name)
		require.NoError(s, read)
		if err == nil {
			have++
			require.Equal(s, domain.ProofDNS, e.VerifiedBy)
			continue
		}
		storetest.Refused(s, err, domain.Conflict, domain.CodeDomainTaken)
		require.True(s, e.VerifiedAt.IsZero())
	}
	require.Equal(s, 1, have)
	in := newInstallation(s.store, newClock())
	_, err := in.VouchForEmailDomain(s.Context(), storetest.Slug(s)+"-b", name)
	if errs[1] == nil {
		require.NoError(s, err)
	} else {
		storetest.Refused(s, err, domain.Conflict, domain.CodeDomainTaken)
	}
	_, err = in.AddEmailDomain(s.Context(), s.tenant.Organisation.Slug, "vouched-"+name)
	require.NoError(s, err)
	made := s.eventsSince(func() {
		for range 2 {
			e, err := in.VouchForEmailDomain(s.Context(), s.tenant.Organisation.Slug, "vouched-"+name)
			require.NoError(s, err)
			require.Equal(s, domain.ProofOperator, e.VerifiedBy)
		}
	})
	require.Equal(s, []domain.EventType{domain.DomainVerified}, eventTypes(made))
}

// deletedConnection: its people stay with status, seat and names, those who waited as well; groups and memberships go; who
// was given something by a mapping of its groups loses it; what a push under way leaves behind is swept up.
func deletedConnection(s *scene) {
	u, inactive := s.provision("ana@acme.test", storetest.Text("externalId", "e1")), s.provision("off@acme.test", storetest.Truth("active", false))
	g := s.group("G", u.ID.UUID)
	s.group("H", g.ID.UUID)
	before := s.rowOf(u)
	made := s.eventsSince(func() {
		require.NoError(s, s.admin.DeleteConnection(s.Context(), s.boss(), s.caller.Connection, domain.IfMatch{}))
	})
	require.Equal(s, []domain.EventType{domain.ConnectionDeleted}, eventTypes(made))
	require.JSONEq(s, `{"name":"default","kind":"generic","activation":"immediate","people":2,"groups":2}`, string(attribute.AppendJSON(nil, made[0].Before)))
	require.Equal(s, before, s.rowOf(u))
	require.True(s, s.found(u.ID).Connection.IsZero())
	require.Equal(s, domain.Inactive, s.found(inactive.ID).Status)
	require.Equal(s, u.ID, s.signsInBy("ana@acme.test"))
	require.Equal(s, 1, s.held())
	require.Empty(s, s.found(u.ID).Groups)
	storetest.Gone(s, s.admin.DeleteConnection(s.Context(), s.boss(), s.caller.Connection, domain.IfMatch{}))

	// The caller as it was looked up before the deletion pushes once more.
	stray, err := s.directory.Provision(s.Context(), s.caller, storetest.Person("stray@acme.test"))
	require.NoError(s, err)
	require.Equal(s, s.caller.Connection, s.found(stray.ID).Connection)
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error { return tx.Connections().Strays(s.org(), s.clock.Now()) }))
	require.True(s, s.found(stray.ID).Connection.IsZero())
}

// ownerLastConnection: the connection by which the last owner signs in is neither disabled nor deleted, by no door, and the
// refusal is an event; another way in lets it go.
func ownerLastConnection(s *scene) {
	owner := storetest.Account(s, s.store, s.tenant, "owner@acme.test", func(u *domain.User) { u.Owner = true })
	second := s.another("second")
	link := func(connection domain.ConnectionID) {
		s.registered(connection, "https://id.test")
		require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
			if _, err := tx.SignIns().Hold(s.org(), owner.ID); err != nil {
				return err
			}
			return tx.Identities().Link(domain.Identity{
				Organisation: s.org(), Connection: connection, Issuer: "https://id.test", Subject: "1", User: owner.ID, LinkedAt: s.clock.Now(),
			})
		}))
	}
	link(s.caller.Connection)
	in := newInstallation(s.store, newClock())
	slug, name := s.tenant.Organisation.Slug, s.tenant.Connection.Name
	for _, lose := range []func() error{
		func() error {
			_, err := s.admin.SetConnectionDisabled(s.Context(), s.boss(), s.caller.Connection, true, domain.IfMatch{})
			return err
		},
		func() error {
			return s.admin.DeleteConnection(s.Context(), s.boss(), s.caller.Connection, domain.IfMatch{})
		},
		func() error { _, err := in.DisableConnection(s.Context(), slug, name); return err },
		func() error { _, err := in.DeleteConnection(s.Context(), slug, name); return err },
	} {
		made := s.eventsSince(func() { storetest.Refused(s, lose(), domain.Forbidden, domain.CodeLastOwner) })
		require.Equal(s, []domain.EventType{domain.OwnerProtected}, eventTypes(made))
		require.Equal(s, s.caller.Connection.UUID, made[0].Subject)
		s.again()
	}
	link(second.Connection)
	_, err := s.admin.SetConnectionDisabled(s.Context(), s.boss(), s.caller.Connection, true, domain.IfMatch{})
	require.NoError(s, err)
	_, err = in.DeleteConnection(s.Context(), slug, name)
	require.NoError(s, err)
	_, err = in.DisableConnection(s.Context(), slug, "second")
	storetest.Refused(s, err, domain.Forbidden, domain.CodeLastOwner)
}
