package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

// fillLife gives somebody a row in every table about the life of a person; another one waits for a seat.
func fillLife(tx domain.Tx, u, waits domain.User) error {
	org, now := u.Organisation, u.CreatedAt
	waits.Licence, waits.Status, waits.AcceptedAt = "none", domain.Pending, time.Time{}
	if err := tx.Seats().Plan(org, domain.SeatPlan{Licence: waits.Licence}); err != nil {
		return err
	}
	if err := tx.Users().Insert(waits); err != nil {
		return err
	}
	is := domain.DefaultPolicy()
	is.Version++
	window, err := domain.WindowSpec{ValidFrom: "2026-01-01"}.Window()
	if err != nil {
		return err
	}
	sweep, err := tx.Sweeps().Claim(org, domain.SweepInactivity, now)
	for _, err := range []error{
		err,
		tx.Sweeps().Move(sweep),
		tx.Policies().Save(org, domain.DefaultPolicy(), is),
		tx.Blocks().Put(domain.Block{}, domain.Block{Organisation: org, User: u.ID, Reason: domain.BlockedByInactivity, Since: now}),
		tx.Suspensions().Put(domain.Suspension{Organisation: org, User: u.ID, Since: now}),
		tx.Suspensions().Remember(u),
		tx.StatusSteps().Put(domain.StatusStep{Organisation: org, User: u.ID, Event: domain.UserConfirmed, By: domain.ActorOperator(), At: now}),
		tx.Windows().Put(org, u.ID, window),
		tx.UserFields().PutCommunication(org, u.ID, domain.Communication{LogLevel: domain.LogWarn}),
		tx.Managers().Choose(org, u.ID, waits.ID),
		tx.Ownerships().Put(domain.Ownership{Organisation: org, User: u.ID, By: domain.ActorOperator(), Since: now}),
		tx.Waiting().Join(domain.WaitingPlace{Organisation: org, User: waits.ID, Licence: waits.Licence, Next: domain.Active, Since: now}),
		tx.Inactivity().Accessed(org, u.ID, now),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// stale requires that a unit of work is run again, since something has changed since it was read. It is not run for ever.
func stale(t testing.TB, store domain.Store, fn func(domain.Tx) error) {
	t.Helper()
	enough := domain.UnknownMember("enough")
	attempts := 0
	require.Equal(t, enough, writing(store, func(tx domain.Tx) error {
		if attempts++; attempts > 2 { // an optimistic attempt, a careful one
			return enough
		}
		return fn(tx)
	}))
}

// ownerships: what is noted of owners, until they are one no more.
func ownerships(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	org := tenant.Organisation.ID
	ana, ben := Account(t, store, tenant, "ana@acme.test", nil), Account(t, store, tenant, "ben@acme.test", nil)
	of := func(org domain.OrganisationID, users ...domain.UserID) []domain.Ownership {
		return reading(t, store, func(tx domain.Tx) ([]domain.Ownership, error) { return tx.Ownerships().Of(org, users) })
	}
	is := domain.Ownership{Organisation: org, User: ana.ID, By: domain.ActorOperator(), Since: time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)}
	require.Empty(t, of(org, ana.ID))
	for _, by := range []domain.Actor{is.By, {Kind: "user", ID: newUUID(t)}} {
		is.By, is.Since = by, is.Since.Add(time.Hour)
		write(t, store, func(tx domain.Tx) error { return tx.Ownerships().Put(is) })
		require.Equal(t, []domain.Ownership{is}, of(org, ana.ID, ben.ID))
	}
	require.Empty(t, of(org, ben.ID))
	require.Empty(t, of(org))
	require.Empty(t, of(domain.OrganisationID{UUID: newUUID(t)}, ana.ID))
	write(t, store, func(tx domain.Tx) error { return tx.Ownerships().End(org, ana.ID) })
	require.Empty(t, of(org, ana.ID))
}

func policies(t *testing.T, store *persistence.Store) {
	org, other := OwnTenant(t, store, -1).Organisation.ID, NewTenant(t, store, Slug(t)+"-2", -1).Organisation.ID
	get := func(org domain.OrganisationID) domain.Policy {
		return reading(t, store, func(tx domain.Tx) (domain.Policy, error) { return tx.Policies().Get(org) })
	}
	was := get(org)
	require.Equal(t, domain.DefaultPolicy(), was)
	is := domain.Policy{
		InactivityDays: 30, InactivityWarningDays: 0, Suspension: domain.DirectoryWins, EmailChange: domain.EmailChangeNever,
		SeatOverflow: domain.SeatOverflowWait, Version: 1,
		Required: domain.RequiredFields{Profile: true, Language: true}, ExtensionAuto: true,
	}
	save := func(was, is domain.Policy) error {
		return writing(store, func(tx domain.Tx) error { return tx.Policies().Save(org, was, is) })
	}
	require.NoError(t, save(was, is))
	require.Equal(t, is, get(org))
	require.Equal(t, was, get(other))
	stale(t, store, func(tx domain.Tx) error { return tx.Policies().Save(org, was, is) })
	again := is
	again.InactivityDays, again.Version = 31, 2
	require.NoError(t, save(is, again))
	require.Equal(t, again, get(org))
}

func blocks(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	u := insertUser(t, store, DraftUser(t, tenant.Caller, Person("ana@acme.test")))
	at := time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)
	block := domain.Block{Organisation: u.Organisation, User: u.ID, Reason: domain.BlockedByFailedSignIns, Since: at, By: domain.ActorSystem()}
	get := func() (b domain.Block, found bool) {
		require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
			b, found, err = tx.Blocks().Get(u.Organisation, u.ID)
			return err
		}))
		return b, found
	}
	_, found := get()
	require.False(t, found)
	put := func(was, is domain.Block) error {
		return writing(store, func(tx domain.Tx) error { return tx.Blocks().Put(was, is) })
	}
	require.NoError(t, put(domain.Block{}, block))
	stale(t, store, func(tx domain.Tx) error { return tx.Blocks().Put(domain.Block{}, block) })
	is := block
	is.Reason, is.By = domain.BlockedByAdministrator, domain.Actor{Kind: "user", ID: newUUID(t)}
	require.NoError(t, put(block, is))
	got, found := get()
	require.True(t, found)
	require.Equal(t, is, got)
	of := func(org domain.OrganisationID, users ...domain.UserID) []domain.Block {
		return reading(t, store, func(tx domain.Tx) ([]domain.Block, error) { return tx.Blocks().Of(org, users) })
	}
	require.Equal(t, []domain.Block{is}, of(u.Organisation, domain.UserID{UUID: newUUID(t)}, u.ID))
	require.Empty(t, of(u.Organisation))
	require.Empty(t, of(domain.OrganisationID{UUID: newUUID(t)}, u.ID))
	stale(t, store, func(tx domain.Tx) error { return tx.Blocks().Lift(block) })
	write(t, store, func(tx domain.Tx) error { return tx.Blocks().Lift(is) })
	_, found = get()
	require.False(t, found)
}

func suspensions(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	_, _, second := NewConnection(t, store, tenant.Organisation.ID, "second")
	elsewhere := NewTenant(t, store, Slug(t)+"-2", -1)
	u := insertUser(t, store, DraftUser(t, tenant.Caller, Person("Ana@acme.test", Emails("a@mail.test", "b@mail.test"), Text("externalId", "E1"))))
	suspension := domain.Suspension{
		Organisation: u.Organisation, User: u.ID, Since: time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC), By: domain.Actor{Kind: "user", ID: newUUID(t)},
	}
	write(t, store, func(tx domain.Tx) error { return tx.Suspensions().Put(suspension) })
	match := func(by domain.User) bool {
		found := false
		write(t, store, func(tx domain.Tx) (err error) {
			var s domain.Suspension
			if s, found, err = tx.Suspensions().Match(by); found {
				require.Equal(t, suspension, s)
			}
			return err
		})
		return found
	}
	person := func(caller domain.Caller, name string, external string, emails ...string) domain.User {
		return DraftUser(t, caller, Person(name, Emails(emails...), Text("externalId", external)))
	}
	require.False(t, match(person(tenant.Caller, "ana@acme.test", "E1")), "who is here is nobody's predecessor")
	write(t, store, func(tx domain.Tx) error { return tx.Suspensions().Remember(u) })
	for name, by := range map[string]domain.User{
		"user name":            person(second, "ANA@acme.test", ""),
		"e-mail":               person(second, "x", "", "B@mail.test"),
		"e-mail as user name":  person(tenant.Caller, "a@mail.test", ""),
		"user name as e-mail":  person(tenant.Caller, "x", "", "c@mail.test", "ana@ACME.test"),
		"external id":          person(tenant.Caller, "x", "E1"),
		"one of many":          person(tenant.Caller, "x", "E1", "n@mail.test", "a@mail.test"),
		"and something broken": person(tenant.Caller, "a@mail.test", "\"]'"),
	} {
		require.True(t, match(by), name)
	}
	for name, by := range map[string]domain.User{
		"another external id":              person(tenant.Caller, "x", "e1"),
		"the external id of another":       person(second, "x", "E1"),
		"another organisation":             person(elsewhere.Caller, "Ana@acme.test", "E1", "a@mail.test"),
		"a name that is an external id":    person(tenant.Caller, "E1", ""),
		"an external id that is a name":    person(tenant.Caller, "x", "a@mail.test"),
		"nothing in common, \" ' ] quoted": person(tenant.Caller, "\"'],", "', \"]"),
	} {
		require.False(t, match(by), name)
	}
	write(t, store, func(tx domain.Tx) error { return tx.Suspensions().End(u.Organisation, u.ID) })
	require.False(t, match(person(tenant.Caller, "Ana@acme.test", "E1")))
}

func statusSteps(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	elsewhere := NewTenant(t, store, Slug(t)+"-2", -1)
	u := insertUser(t, store, DraftUser(t, tenant.Caller, Person("ana@acme.test")))
	get := func(org domain.OrganisationID) (s domain.StatusStep, found bool) {
		require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
			s, found, err = tx.StatusSteps().Get(org, u.ID)
			return err
		}))
		return s, found
	}
	_, found := get(u.Organisation)
	require.False(t, found, "who was created by a directory has taken none")
	step := domain.StatusStep{
		Organisation: u.Organisation, User: u.ID, Event: domain.UserConfirmed, By: domain.Actor{Kind: "user", ID: newUUID(t)},
		At: time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC),
	}
	for _, s := range []domain.StatusStep{
		step,
		{Organisation: u.Organisation, User: u.ID, Event: domain.UserDeactivated, By: domain.ActorOperator(), At: step.At.Add(time.Hour)},
	} {
		write(t, store, func(tx domain.Tx) error { return tx.StatusSteps().Put(s) })
		got, found := get(u.Organisation)
		require.True(t, found)
		require.Equal(t, s, got, "the latest in place of the one before")
	}
	_, found = get(elsewhere.Organisation.ID)
	require.False(t, found, "of another organisation there is nothing")
}

func windows(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	u := insertUser(t, store, DraftUser(t, tenant.Caller, Person("ana@acme.test")))
	get := func() domain.Window {
		return reading(t, store, func(tx domain.Tx) (domain.Window, error) { return tx.Windows().Get(u.Organisation, u.ID) })
	}
	require.Equal(t, domain.Window{}, get())
	for _, spec := range []domain.WindowSpec{
		{TimeZone: "Europe/Madrid", ValidFrom: "2026-01-02", ValidUntil: "2026-12-31", Schedule: "mon 09:00-17:00, fri 22:00-06:00"},
		{ValidUntil: "2027-01-01", TimeZone: "UTC"},
	} {
		w, err := spec.Window()
		require.NoError(t, err)
		write(t, store, func(tx domain.Tx) error { return tx.Windows().Put(u.Organisation, u.ID, w) })
		require.Equal(t, w, get())
	}
	write(t, store, func(tx domain.Tx) error { return tx.Windows().Put(u.Organisation, u.ID, domain.Window{}) })
	require.Equal(t, domain.Window{}, get())
}

func waiting(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, 0)
	org := tenant.Organisation.ID
	var line []domain.WaitingPlace
	for _, name := range []string{"a", "b", "c"} {
		u := DraftUser(t, tenant.Caller, Person(name+"@acme.test"))
		u.Status, u.AcceptedAt = domain.Pending, time.Time{}
		p := domain.WaitingPlace{Organisation: org, User: u.ID, Licence: u.Licence, Next: domain.Active, Since: u.CreatedAt}
		write(t, store, func(tx domain.Tx) error {
			if err := tx.Users().Insert(u); err != nil {
				return err
			}
			return tx.Waiting().Join(p)
		})
		line = append(line, p)
	}
	of := func(org domain.OrganisationID, users ...domain.UserID) []domain.WaitingPlace {
		return reading(t, store, func(tx domain.Tx) ([]domain.WaitingPlace, error) { return tx.Waiting().Of(org, users) })
	}
	require.ElementsMatch(t, line[1:], of(org, line[2].User, line[1].User, domain.UserID{UUID: newUUID(t)}))
	require.Empty(t, of(org))
	require.Empty(t, of(domain.OrganisationID{UUID: newUUID(t)}, line[0].User))
	for ahead, p := range line {
		require.Equal(t, ahead, reading(t, store, func(tx domain.Tx) (int, error) { return tx.Waiting().Ahead(p) }))
	}
	wished := false
	first := func() (p domain.WaitingPlace, found bool) {
		write(t, store, func(tx domain.Tx) (err error) {
			p, found, wished, err = tx.Waiting().First(org, domain.LicenceFull)
			return err
		})
		return p, found
	}
	wish := func(of domain.WaitingPlace, licence string) {
		write(t, store, func(tx domain.Tx) error {
			return tx.Dossiers().Wish(org, of.User, domain.LicenceWish{Licence: licence, Since: of.Since})
		})
	}
	wish(line[0], domain.LicenceFull)
	wish(line[1], "simulator")
	for _, want := range line {
		p, found := first()
		require.True(t, found)
		require.False(t, wished, "while somebody waits nobody asks for it")
		require.Equal(t, want, p)
		require.Equal(t, want, reading(t, store, func(tx domain.Tx) (domain.WaitingPlace, error) {
			p, _, err := tx.Waiting().Get(org, want.User)
			return p, err
		}))
		write(t, store, func(tx domain.Tx) error { return tx.Waiting().Leave(org, want.User) })
	}
	_, found := first()
	require.False(t, found)
	require.True(t, wished)
	wish(line[0], "")
	_, found = first()
	require.False(t, found)
	require.False(t, wished)
	write(t, store, func(tx domain.Tx) error { return tx.Waiting().Leave(org, line[0].User) }) // who is in none
}

func inactivity(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	org := tenant.Organisation.ID
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return began.Add(time.Duration(n) * 24 * time.Hour) }
	add := func(name string, with func(*domain.User)) domain.UserID {
		return Account(t, store, tenant, name, func(u *domain.User) {
			if u.AcceptedAt = began; with != nil {
				with(u)
			}
		}).ID
	}
	a, b, c := add("a@acme.test", func(u *domain.User) { u.Owner = true }), add("b@acme.test", nil), add("c@acme.test", nil)
	write(t, store, func(tx domain.Tx) error { return tx.Inactivity().Accessed(org, a, began.Add(-time.Hour)) })
	write(t, store, func(tx domain.Tx) error {
		held, err := tx.SignIns().Hold(org, c)
		if err != nil {
			return err
		}
		held.Password = "$test$x"
		return tx.SignIns().Save(held)
	})
	add("pending@acme.test", func(u *domain.User) { u.Status, u.AcceptedAt = domain.Pending, time.Time{} })
	blocked := add("blocked@acme.test", nil)
	write(t, store, func(tx domain.Tx) error {
		for _, err := range []error{
			tx.Blocks().Put(domain.Block{}, domain.Block{Organisation: org, User: blocked, Reason: domain.BlockedByInactivity, Since: began}),
			tx.Inactivity().Accessed(org, b, day(5)),
			tx.Inactivity().Accessed(org, b, day(4)), // a replica whose clock is behind
			tx.Inactivity().Restart(org, c, day(7)),
			tx.Inactivity().Restart(org, c, day(6)),
			tx.Inactivity().Warned(org, c, day(3)),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	idle := func(since time.Time, after domain.UserID, limit int) []domain.Idle {
		return reading(t, store, func(tx domain.Tx) ([]domain.Idle, error) { return tx.Inactivity().Idle(org, since, after, limit) })
	}
	all := []domain.Idle{{User: a, Owner: true, Since: began}, {User: b, Since: day(5)}, {User: c, Since: day(7), WarnedAt: day(3)}}
	require.Equal(t, all, idle(day(7), domain.UserID{}, 10))
	require.Equal(t, all[:2], idle(day(7), domain.UserID{}, 2))
	require.Equal(t, all[1:], idle(day(7), a, 10))
	require.Equal(t, all[:2], idle(day(6), domain.UserID{}, 10))
	require.Equal(t, all[:1], idle(day(4), domain.UserID{}, 10))
	add("never@acme.test", nil) // has no way in
	require.Equal(t, all, idle(day(7), domain.UserID{}, 10))
}

// plans: Hold, Resize and what Usage says of it.
func plans(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, 2)
	org := tenant.Organisation.ID
	a := insertUser(t, store, DraftUser(t, tenant.Caller, Person("a@acme.test")))
	insertUser(t, store, DraftUser(t, tenant.Caller, Person("b@acme.test")))
	resize := func(is domain.SeatPlan) error {
		return writing(store, func(tx domain.Tx) error {
			was, found, err := tx.Seats().Hold(org, is.Licence)
			if err != nil {
				return err
			}
			require.True(t, found)
			return tx.Seats().Resize(org, was, is)
		})
	}
	full := func(n int) domain.SeatPlan { return domain.SeatPlan{Licence: domain.LicenceFull, Limit: n} }
	unlimited := domain.SeatPlan{Licence: domain.LicenceFull, Unlimited: true}
	check := func(plan domain.SeatPlan) {
		usage := reading(t, store, func(tx domain.Tx) ([]domain.SeatUsage, error) { return tx.Seats().Usage(org) })
		require.Equal(t, []domain.SeatUsage{{SeatPlan: plan, Held: 2}}, usage)
		rowsAgree(t, store, org)
	}
	require.Equal(t, domain.SeatsHeld("full", 2, 1), resize(full(1)))
	check(full(2))
	for _, plan := range []domain.SeatPlan{full(7), full(3), full(2), unlimited, full(5), unlimited, full(2)} {
		require.NoError(t, resize(plan))
		check(plan)
	}
	require.NoError(t, resize(unlimited))
	require.Equal(t, domain.SeatsHeld("full", 2, 1), resize(full(1)))
	check(unlimited)
	write(t, store, func(tx domain.Tx) error {
		_, found, err := tx.Seats().Hold(org, "unheard-of")
		require.False(t, found)
		return err
	})
	require.True(t, domain.IsKind(writing(store, func(tx domain.Tx) error { return tx.Seats().Share(org, "unheard-of") }), domain.Invalid))
	require.NoError(t, writing(store, func(tx domain.Tx) error { return tx.Seats().Share(a.Organisation, a.Licence) }))
}

// people: as administrators find them.
func people(t *testing.T, store *persistence.Store) {
	tenant, other := OwnTenant(t, store, -1), NewTenant(t, store, Slug(t)+"-2", -1)
	org := tenant.Organisation.ID
	local := Account(t, store, tenant, "local@acme.test", nil)
	pushed := insertUser(t, store, DraftUser(t, tenant.Caller, Person("ana@acme.test", Emails("a@mail.test", "b@mail.test"), Text("displayName", "Ana"))))
	find := func(org domain.OrganisationID, id domain.UserID) (domain.User, error) {
		return tryReading(store, func(tx domain.Tx) (domain.User, error) { return tx.Users().Find(org, id) })
	}
	archived := func(org domain.OrganisationID, id domain.UserID) (domain.User, error) {
		return tryReading(store, func(tx domain.Tx) (domain.User, error) { return tx.Users().Archived(org, id) })
	}
	for _, u := range []domain.User{local, pushed} {
		got, err := find(org, u.ID)
		require.NoError(t, err)
		require.Equal(t, u.Document, got.Document)
		require.Equal(t, u.Connection, got.Connection)
		_, err = find(other.Organisation.ID, u.ID)
		Gone(t, err)
		_, err = archived(org, u.ID)
		Gone(t, err)
	}
	has := func(key string, but domain.UserID) bool {
		return reading(t, store, func(tx domain.Tx) (bool, error) { return tx.Users().HasEmail(org, key, but) })
	}
	require.True(t, has("b@mail.test", domain.UserID{}), "an address that nobody signs in by")
	require.True(t, has("ana@acme.test", domain.UserID{}), "a user name")
	require.False(t, has("c@mail.test", domain.UserID{}))
	require.False(t, has("b@mail.test", pushed.ID), "their own")
	require.True(t, has("b@mail.test", local.ID))
	keep := func(u domain.User, address string) error {
		return writing(store, func(tx domain.Tx) error { return tx.Users().KeepEmail(u, domain.NewName(address)) })
	}
	require.NoError(t, keep(pushed, "a@mail.test"))
	require.Equal(t, domain.EmailTaken(), keep(local, "a@mail.test"))
	require.Equal(t, domain.EmailTaken(), keep(pushed, "b@mail.test"))

	purge := func() error {
		return writing(store, func(tx domain.Tx) error { return tx.Users().Purge(org, pushed.ID) })
	}
	Gone(t, purge())
	is := pushed
	is.Status, is.ArchivedAt, is.Version = domain.Inactive, pushed.CreatedAt.Add(time.Hour), 2
	write(t, store, func(tx domain.Tx) error {
		if err := tx.Users().Archive(is); err != nil {
			return err
		}
		return tx.Seats().Release(org, is.ID)
	})
	_, err := find(org, pushed.ID)
	Gone(t, err)
	got, err := archived(org, pushed.ID)
	require.NoError(t, err)
	require.Equal(t, is.ArchivedAt, got.ArchivedAt)
	require.Equal(t, "ana@acme.test", got.UserName.Text)
	require.False(t, got.Purged())
	require.NoError(t, purge())
	got, err = archived(org, pushed.ID)
	require.NoError(t, err)
	require.True(t, got.Purged())
	require.Empty(t, got.UserName.Text+got.DisplayName+got.ExternalID)
	rowsAgree(t, store, org)
}
