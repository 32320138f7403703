package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

// fillBridge gives an organisation an application and a look of its own.
func fillBridge(t testing.TB, tx domain.Tx, org domain.OrganisationID) error {
	t.Helper()
	if err := tx.Applications().Insert(draftApplication(t, org, "CRM", "https://crm.acme.test")); err != nil {
		return err
	}
	return tx.Appearances().Save(domain.Appearance{Organisation: org}, domain.Appearance{Organisation: org, Accent: "#010203", Version: 1}, nil)
}

func draftApplication(t testing.TB, org domain.OrganisationID, name string, origins ...domain.Origin) domain.Application {
	t.Helper()
	return domain.Application{
		Entry: draftEntry[domain.Application](t, org, name), Origins: origins, Audience: "audience of " + name, Algorithm: domain.SignedEdDSA,
	}
}

func applications(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	other := NewTenant(t, store, Slug(t)+"-2", -1)
	org := tenant.Organisation.ID
	crm := draftApplication(t, org, "CRM", "https://a.test", "https://b.test:8443")
	crm.Modules = []string{"campaigns", "users"}
	same := draftApplication(t, other.Organisation.ID, "CRM", "https://a.test")
	write(t, store, func(tx domain.Tx) error { return tx.Applications().Insert(crm) })
	write(t, store, func(tx domain.Tx) error { return tx.Applications().Insert(same) })

	get := func(org domain.OrganisationID, id domain.ApplicationID) (domain.Application, error) {
		return tryReading(store, func(tx domain.Tx) (domain.Application, error) { return tx.Applications().Get(org, id) })
	}
	got, err := get(org, crm.ID)
	require.NoError(t, err)
	require.Equal(t, crm, got)
	_, err = get(other.Organisation.ID, crm.ID)
	Gone(t, err)

	reached := func(org domain.OrganisationID, at domain.Origin) bool {
		return reading(t, store, func(tx domain.Tx) (bool, error) { return tx.Applications().Reached(org, at) })
	}
	require.True(t, reached(org, "https://b.test:8443"))
	require.False(t, reached(other.Organisation.ID, "https://b.test:8443"))
	require.False(t, reached(org, "https://b.test"))

	registrant := func(at domain.Origin) (domain.OrganisationID, bool) {
		var found bool
		org := reading(t, store, func(tx domain.Tx) (org domain.OrganisationID, err error) {
			org, found, err = tx.Applications().Registrant(at)
			return org, err
		})
		return org, found
	}
	mine := domain.Origin("https://" + newUUID(t).String() + ".test") // and in no other part of the contract
	for _, of := range []domain.OrganisationID{org, other.Organisation.ID} {
		_, found := registrant(mine)
		require.Equal(t, of == other.Organisation.ID, found, "none, then one")
		if found {
			got, _ := registrant(mine)
			require.Equal(t, org, got)
		}
		write(t, store, func(tx domain.Tx) error {
			return tx.Applications().Insert(draftApplication(t, of, "Registered", mine, mine+":8443"))
		})
	}
	_, found := registrant(mine)
	require.False(t, found, "two")

	for name, taken := range map[string]domain.Application{
		"name":    draftApplication(t, org, "crm", "https://c.test"),
		"origins": draftApplication(t, org, "Another", "https://c.test", "https://a.test"),
	} {
		err := writing(store, func(tx domain.Tx) error { return tx.Applications().Insert(taken) })
		Refused(t, err, domain.Conflict, domain.CodeNameTaken)
		require.ErrorContains(t, err, name)
		require.False(t, reached(org, "https://c.test"), "nothing half done")
	}
	is := crm
	is.Origins, is.Algorithm, is.Modules, is.Version = []domain.Origin{"https://c.test"}, domain.SignedES256, nil, 2
	write(t, store, func(tx domain.Tx) error { return tx.Applications().Save(crm, is) })
	got, err = get(org, crm.ID)
	require.NoError(t, err)
	require.Equal(t, is, got)
	require.False(t, reached(org, "https://a.test"))
	require.True(t, reached(org, "https://c.test"))
	require.True(t, reached(other.Organisation.ID, "https://a.test"))
	stale(t, store, func(tx domain.Tx) error { return tx.Applications().Save(crm, is) })
	stale(t, store, func(tx domain.Tx) error { return tx.Applications().Delete(crm) })
	write(t, store, func(tx domain.Tx) error { return tx.Applications().Delete(is) })
	_, err = get(org, crm.ID)
	Gone(t, err)
	require.False(t, reached(org, "https://c.test"))
}

func appearancesOf(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	o := tenant.Organisation
	get := func(org domain.OrganisationID, slug string) (domain.Appearance, error) {
		return tryReading(store, func(tx domain.Tx) (domain.Appearance, error) { return tx.Appearances().Get(org, slug) })
	}
	logo := func(slug string) (domain.Logo, error) {
		return tryReading(store, func(tx domain.Tx) (domain.Logo, error) { return tx.Appearances().Logo(slug) })
	}
	was := domain.Appearance{Organisation: o.ID, Slug: o.Slug, Name: o.Name}
	for _, key := range []struct {
		org  domain.OrganisationID
		slug string
	}{{o.ID, ""}, {domain.OrganisationID{}, o.Slug}} {
		got, err := get(key.org, key.slug)
		require.NoError(t, err)
		require.Equal(t, was, got)
	}
	_, err := get(domain.OrganisationID{}, "nobody")
	Gone(t, err)
	_, err = logo(o.Slug)
	Gone(t, err)

	is := was
	is.Accent, is.Language, is.Version, is.Logo = "#010203", "es", 1, "abc"
	picture := domain.Logo{Type: "image/png", Content: []byte{0, 1, 255}, Tag: "abc"}
	write(t, store, func(tx domain.Tx) error { return tx.Appearances().Save(was, is, &picture) })
	got, err := get(o.ID, "")
	require.NoError(t, err)
	require.Equal(t, is, got)
	kept, err := logo(o.Slug)
	require.NoError(t, err)
	require.Equal(t, picture, kept)
	stale(t, store, func(tx domain.Tx) error { return tx.Appearances().Save(was, is, nil) })

	last := is
	last.Accent, last.Version = "", 2
	write(t, store, func(tx domain.Tx) error { return tx.Appearances().Save(is, last, nil) })
	got, err = get(o.ID, "")
	require.NoError(t, err)
	require.Equal(t, last, got, "the logo stays")
	is, last.Version, last.Logo = last, 3, ""
	write(t, store, func(tx domain.Tx) error { return tx.Appearances().Save(is, last, &domain.Logo{}) })
	_, err = logo(o.Slug)
	Gone(t, err)
}

// guestsOf: one read finds the person, what they are given and may do, and the application, by any name of session and
// application, and nothing across organisations.
func guestsOf(t *testing.T, store *persistence.Store) {
	tenant, u := doorstep(t, store)
	other := NewTenant(t, store, Slug(t)+"-2", -1)
	org, at := u.Organisation, time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)
	session := domain.Session{
		ID: domain.SessionID{UUID: newUUID(t)}, Organisation: org, User: u.ID, Hash: hash(t), Method: domain.ByPassword, CreatedAt: at, SeenAt: at,
		Steps: []domain.SignInStep{domain.StepEnrol},
	}
	role := domain.Role{Entry: draftEntry[domain.Role](t, org, "Agent"), Sees: domain.SeesOwn}
	fallback := domain.Role{Entry: draftEntry[domain.Role](t, org, "Nobody"), Sees: domain.SeesOwn}
	profile := domain.Profile{Entry: draftEntry[domain.Profile](t, org, "Seller"), Grants: domain.Permissions{{Module: "users", Action: "view"}: domain.AllObjects()}}
	baseline := domain.Profile{
		Entry: draftEntry[domain.Profile](t, org, "All"), Baseline: true, Grants: domain.Permissions{{Module: "teams", Action: "view"}: domain.TheseObjects("1")},
	}
	team := domain.Team{Entry: draftEntry[domain.Team](t, org, "Blå")}
	sales, care := domain.Queue{Entry: draftEntry[domain.Queue](t, org, "Sales")}, domain.Queue{Entry: draftEntry[domain.Queue](t, org, "Care")}
	crm := draftApplication(t, org, "CRM", "https://a.test", "https://b.test")
	crm.Modules = []string{"users"}
	foreign := draftApplication(t, other.Organisation.ID, "Foreign", "https://foreign.test")
	write(t, store, func(tx domain.Tx) error {
		for _, err := range []error{
			tx.Sessions().Insert(session), tx.Roles().Insert(role), tx.Roles().Insert(fallback), tx.Profiles().Insert(profile), tx.Profiles().Insert(baseline),
			tx.Teams().Insert(team), tx.Queues().Insert(sales), tx.Queues().Insert(care), tx.Applications().Insert(crm), tx.Applications().Insert(foreign),
			tx.Modules().Insert(domain.Module{Organisation: org, ID: "campaigns", Name: "C", Actions: []string{"view", "create", "edit", "delete", "dial"}, Version: 1}),
			tx.Assignments().SaveDefaults(org, domain.Defaults{}, domain.Defaults{Role: fallback.ID, Version: 1}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	find := func(org domain.OrganisationID, session domain.SessionKey, of domain.ApplicationKey) (domain.Guest, error) {
		return tryReading(store, func(tx domain.Tx) (domain.Guest, error) { return tx.Guests().Find(org, session, of) })
	}
	byHash := domain.SessionKey{Hash: session.Hash}
	bare, err := find(org, byHash, domain.ApplicationKey{})
	require.NoError(t, err)
	presented := reading(t, store, func(tx domain.Tx) (domain.Presented, error) { return tx.Sessions().Find(org, session.Hash) })
	require.Equal(t, presented, bare.Presented)
	require.Equal(t, session, bare.Session)
	require.Equal(t, []any{tenant.Organisation.Slug, tenant.Organisation.Name}, []any{bare.OrganisationSlug, bare.OrganisationName})
	require.Equal(t, domain.Named{ID: fallback.ID.UUID, Name: "Nobody"}, bare.Role, "the default")
	require.Equal(t, []any{domain.Named{}, domain.Named{}, domain.Application{}}, []any{bare.Profile, bare.Team, bare.Application})
	require.Empty(t, bare.Queues)
	require.Empty(t, bare.Registered, "of no account for who is no owner")
	require.Equal(t, u.UserName, bare.User.UserName)
	require.JSONEq(t, string(u.Document), string(bare.User.Document))
	require.Equal(t, u.Licence, bare.User.Licence)

	write(t, store, func(tx domain.Tx) error {
		was, err := tx.Assignments().Of(org, u.ID)
		if err != nil {
			return err
		}
		is := was
		is.Role = domain.Given[domain.Role]{ID: role.ID, Source: domain.SourceAdministrator, At: at}
		is.Profile = domain.Given[domain.Profile]{ID: profile.ID, Source: domain.SourceAdministrator, At: at}
		is.Team = domain.Given[domain.Team]{ID: team.ID, Source: domain.SourceAdministrator, At: at}
		is.Queues = []domain.Given[domain.Queue]{{ID: sales.ID, Source: domain.SourceAdministrator, At: at}, {ID: care.ID, Source: domain.SourceAdministrator, At: at}}
		domain.SortQueues(is.Queues)
		is.Granted = domain.Permissions{{Module: "queues", Action: "edit"}: domain.TheseObjects("2")}
		is.Version, is.ModifiedAt = was.Version+1, at
		return tx.Assignments().Save(was, is)
	})
	for _, key := range []domain.SessionKey{byHash, {ID: session.ID}} {
		for _, of := range []domain.ApplicationKey{{Origin: "https://b.test"}, {Audience: crm.Audience}, {Audience: crm.Audience, Origin: "https://nowhere.test"}} {
			g, err := find(org, key, of)
			require.NoError(t, err)
			require.Equal(t, domain.Named{ID: role.ID.UUID, Name: "Agent"}, g.Role)
			require.Equal(t, domain.Named{ID: profile.ID.UUID, Name: "Seller"}, g.Profile)
			require.Equal(t, domain.Named{ID: team.ID.UUID, Name: "Blå"}, g.Team)
			require.Equal(t, []domain.Named{{ID: care.ID.UUID, Name: "Care"}, {ID: sales.ID.UUID, Name: "Sales"}}, g.Queues, "by name")
			access := reading(t, store, func(tx domain.Tx) (domain.Access, error) { return tx.Assignments().Access(org, u.ID) })
			require.Equal(t, access, g.Access)
			require.Equal(t, []any{crm.ID, crm.Organisation, crm.Name, crm.Origins, crm.Audience, crm.Algorithm, crm.Modules}, []any{
				g.Application.ID, g.Application.Organisation, g.Application.Name, g.Application.Origins, g.Application.Audience, g.Application.Algorithm, g.Application.Modules,
			})
		}
	}
	for _, of := range []domain.ApplicationKey{{Origin: "https://foreign.test"}, {Audience: foreign.Audience}, {Origin: "https://nowhere.test"}, {Audience: "x", Origin: "https://a.test"}} {
		g, err := find(org, byHash, of)
		require.NoError(t, err)
		require.Zero(t, g.Application)
	}
	for name, key := range map[string]domain.SessionKey{"another": {Hash: hash(t)}, "none": {}, "an id": {ID: domain.SessionID{UUID: newUUID(t)}}} {
		_, err := find(org, key, domain.ApplicationKey{})
		require.True(t, domain.IsKind(err, domain.Unauthenticated), name)
	}
	for _, key := range []domain.SessionKey{byHash, {ID: session.ID}} {
		_, err := find(other.Organisation.ID, key, domain.ApplicationKey{})
		require.True(t, domain.IsKind(err, domain.Unauthenticated))
	}
}
