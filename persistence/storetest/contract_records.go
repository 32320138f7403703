package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

// fillRecords puts a row into every table of what the application tells.
func fillRecords(tx domain.Tx, org domain.OrganisationID, user domain.UserID) error {
	now := time.Now()
	key := domain.RecordKey{Kind: "deals", ID: "1"}
	for _, err := range []error{
		tx.Records().Put(org, []domain.Record{{RecordKey: key, Owner: user, Since: now}}),
		tx.Records().SetShares(org, key, nil, []domain.RecordShare{{User: user, May: domain.RecordView}}),
		tx.Records().Leave(org, user, now),
		tx.Plans().Set(org, domain.PlanProPlus),
		tx.Calls().Put(org, []domain.CallDay{{User: user, Day: "2026-01-01", Handled: 1}}),
		tx.Onboarding().SaveTemplate(org, domain.DefaultOnboarding(), domain.OnboardingTemplate{Version: 1}),
		tx.Onboarding().Tick(org, user, domain.OnboardingTick{Item: "badge", At: now}),
		tx.Reviews().SavePlan(org, domain.DefaultReviewPlan(), domain.ReviewPlan{Every: domain.ReviewNever, Version: 1}),
		fillReview(tx, org, user, now),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func fillReview(tx domain.Tx, org domain.OrganisationID, user domain.UserID, now time.Time) error {
	r := domain.Review{ID: domain.ReviewID{UUID: uuid.New()}, Organisation: org, DueAt: now, OpenedAt: now, Version: 1}
	if _, err := tx.Reviews().Open(r); err != nil {
		return err
	}
	return tx.Reviews().Put(org, r.ID, []domain.ReviewFinding{{User: user, Finding: domain.FindingOwner}})
}

func records(t *testing.T, store *persistence.Store) {
	tenant, other := OwnTenant(t, store, -1), NewTenant(t, store, Slug(t)+"-2", -1)
	org, elsewhere := tenant.Organisation.ID, other.Organisation.ID
	ana := insertUser(t, store, DraftUser(t, tenant.Caller, Person("ana@acme.test", Text("displayName", "Ana")))).ID
	bob := insertUser(t, store, DraftUser(t, tenant.Caller, Person("bob@acme.test"))).ID
	foreign := insertUser(t, store, DraftUser(t, other.Caller, Person("ana@acme.test"))).ID
	at := time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)
	strange := strings.Repeat("~", 100) + `"'\%_?*[]{}`
	record := func(kind, id string, owner domain.UserID) domain.Record {
		return domain.Record{RecordKey: domain.RecordKey{Kind: kind, ID: id}, Owner: owner, Since: at}
	}
	put := func(org domain.OrganisationID, list ...domain.Record) {
		t.Helper()
		write(t, store, func(tx domain.Tx) error { return tx.Records().Put(org, list) })
	}
	differing := func(list ...domain.Record) [2]int {
		t.Helper()
		return reading(t, store, func(tx domain.Tx) ([2]int, error) {
			created, moved, err := tx.Records().Differing(org, list)
			return [2]int{created, moved}, err
		})
	}
	told := []domain.Record{record("deals", "1", ana), record("deals", "10", ana), record("deals", "2", bob), record("deals", "A", ana), record("deals", "a", ana), record("tickets", strange, ana)}
	require.Equal(t, [2]int{6, 0}, differing(told...))
	put(org, told...)
	put(elsewhere, record("deals", "1", foreign))
	require.Equal(t, [2]int{0, 0}, differing(told...))
	require.Equal(t, [2]int{1, 1}, differing(record("deals", "1", bob), record("deals", "2", bob), record("deals", "3", bob)))

	got := reading(t, store, func(tx domain.Tx) (domain.Record, error) { return tx.Records().Get(org, told[5].RecordKey) })
	require.Equal(t, told[5], got)
	_, err := tryReading(store, func(tx domain.Tx) (domain.Record, error) { return tx.Records().Get(elsewhere, told[1].RecordKey) })
	Gone(t, err)

	of := func(kind string, after domain.RecordKey, limit int) []domain.Record {
		return reading(t, store, func(tx domain.Tx) ([]domain.Record, error) { return tx.Records().Of(org, ana, kind, after, limit) })
	}
	require.Equal(t, []domain.Record{told[0], told[1], told[3], told[4], told[5]}, of("", domain.RecordKey{}, 9), "by kind and id, byte by byte")
	require.Equal(t, []domain.Record{told[3], told[4]}, of("", told[1].RecordKey, 2))
	require.Equal(t, []domain.Record{told[5]}, of("tickets", domain.RecordKey{}, 9))
	require.Empty(t, of("", told[5].RecordKey, 9))
	counts := func(owner domain.UserID) domain.RecordCounts {
		return reading(t, store, func(tx domain.Tx) (domain.RecordCounts, error) { return tx.Records().Counts(org, owner) })
	}
	require.Equal(t, domain.RecordCounts{Total: 5, Kinds: []domain.RecordCount{{Kind: "deals", N: 4}, {Kind: "tickets", N: 1}}}, counts(ana))
	require.Equal(t, domain.RecordCounts{}, counts(foreign))

	owns := func(user domain.UserID) (owns bool) {
		write(t, store, func(tx domain.Tx) (err error) {
			owns, err = tx.Records().Owns(org, user)
			return err
		})
		return owns
	}
	require.True(t, owns(ana))
	require.False(t, owns(foreign))

	gone := DraftUser(t, tenant.Caller, Person("gone@acme.test"))
	insertUser(t, store, gone)
	write(t, store, func(tx domain.Tx) error {
		is := gone
		is.Status, is.ArchivedAt, is.Version = domain.Inactive, at, 2
		return tx.Users().Archive(is)
	})
	write(t, store, func(tx domain.Tx) error {
		held, err := tx.Records().Share(org, []domain.UserID{gone.ID, ana, foreign})
		require.Equal(t, []domain.HeldPerson{{ID: ana, Status: domain.Active}, {ID: gone.ID}}, held)
		return err
	})
	write(t, store, func(tx domain.Tx) error {
		held, err := tx.Records().Hold(org, ana)
		require.Equal(t, domain.HeldPerson{ID: ana, Status: domain.Active}, held)
		return err
	})
	Gone(t, writing(store, func(tx domain.Tx) error { _, err := tx.Records().Hold(org, foreign); return err }))

	left := func(after domain.UserID) []domain.LeftRecords {
		return reading(t, store, func(tx domain.Tx) ([]domain.LeftRecords, error) { return tx.Records().Left(org, after, 9) })
	}
	put(org, record("notes", "9", gone.ID))
	write(t, store, func(tx domain.Tx) error {
		if err := tx.Records().Leave(org, ana, at); err != nil { // who is active is not gone
			return err
		}
		return tx.Records().Leave(org, gone.ID, at.Add(time.Hour))
	})
	waiting := left(domain.UserID{})
	require.Len(t, waiting, 1)
	require.Equal(t, []any{gone.ID, at, at.Add(time.Hour), 1}, []any{waiting[0].User.ID, waiting[0].User.ArchivedAt, waiting[0].Since, waiting[0].Counts.Total})
	require.Empty(t, left(gone.ID))
	transfer := func(from, to domain.UserID) {
		write(t, store, func(tx domain.Tx) error { return tx.Records().Transfer(org, from, to, at.Add(time.Minute)) })
	}
	transfer(gone.ID, bob)
	require.Empty(t, left(domain.UserID{}))
	require.Equal(t, 2, counts(bob).Total)

	recordShares(t, store, tenant, told, ana, bob)

	transfer(ana, bob)
	require.False(t, owns(ana))
	require.Equal(t, 7, counts(bob).Total)
	moved := reading(t, store, func(tx domain.Tx) (domain.Record, error) { return tx.Records().Get(org, told[0].RecordKey) })
	require.Equal(t, at.Add(time.Minute), moved.Since)
	kept := reading(t, store, func(tx domain.Tx) (domain.Record, error) { return tx.Records().Get(elsewhere, told[0].RecordKey) })
	require.Equal(t, foreign, kept.Owner, "another organisation has records of its own")
	write(t, store, func(tx domain.Tx) error {
		n, err := tx.Records().Remove(org, []domain.RecordKey{told[0].RecordKey, told[5].RecordKey, {Kind: "deals", ID: "nobody's"}})
		require.Equal(t, 2, n)
		return err
	})
	require.Equal(t, 5, counts(bob).Total)
}

// recordShares: shares are kept in order and end with their record and their team; what decides is read by one statement.
func recordShares(t *testing.T, store *persistence.Store, tenant Tenant, told []domain.Record, ana, bob domain.UserID) {
	t.Helper()
	org, key := tenant.Organisation.ID, told[0].RecordKey
	team := domain.TeamID{UUID: newUUID(t)}
	shares := func(key domain.RecordKey) []domain.RecordShare {
		return reading(t, store, func(tx domain.Tx) ([]domain.RecordShare, error) { return tx.Records().Shares(org, key) })
	}
	set := func(key domain.RecordKey, was, is []domain.RecordShare) {
		t.Helper()
		write(t, store, func(tx domain.Tx) error { return tx.Records().SetShares(org, key, was, is) })
	}
	first := []domain.RecordShare{{Team: team, May: domain.RecordView}, {User: bob, May: domain.RecordView}}
	set(key, nil, first)
	require.Equal(t, first, shares(key))
	require.Empty(t, shares(told[1].RecordKey))
	second := []domain.RecordShare{{User: ana, May: domain.RecordView}, {User: bob, May: domain.RecordEdit}}
	set(key, first, second)
	require.Equal(t, second, shares(key))
	set(told[5].RecordKey, nil, first)

	standing := func(key domain.RecordKey, viewer domain.UserID) domain.RecordStanding {
		return reading(t, store, func(tx domain.Tx) (domain.RecordStanding, error) { return tx.Records().Standing(org, key, viewer) })
	}
	require.Equal(t, domain.RecordStanding{
		Viewer: domain.Place{User: bob}, Status: domain.Active, Owner: domain.Place{User: ana}, Known: true, ByUser: domain.RecordEdit,
	}, standing(key, bob))
	role, fallback := domain.RoleID{UUID: newUUID(t)}, domain.RoleID{UUID: newUUID(t)}
	write(t, store, func(tx domain.Tx) error {
		was, err := tx.Assignments().Of(org, bob)
		if err != nil {
			return err
		}
		is := was
		is.Version, is.ModifiedAt = 1, told[0].Since
		is.Role = domain.Given[domain.Role]{ID: role, Source: domain.SourceAdministrator}
		is.Team = domain.Given[domain.Team]{ID: team, Source: domain.SourceAdministrator}
		if err := tx.Assignments().Save(was, is); err != nil {
			return err
		}
		return tx.Assignments().SaveDefaults(org, domain.Defaults{}, domain.Defaults{Role: fallback, Version: 1})
	})
	require.Equal(t, domain.RecordStanding{
		Viewer: domain.Place{User: bob, Role: role, Team: team}, Status: domain.Active, Owner: domain.Place{User: ana, Role: fallback}, Known: true,
		ByUser: domain.RecordView, ByTeam: domain.RecordView,
	}, standing(told[5].RecordKey, bob))
	require.Equal(t, domain.RecordStanding{Viewer: domain.Place{User: ana, Role: fallback}, Status: domain.Active}, standing(domain.RecordKey{Kind: "deals", ID: "nobody's"}, ana))
	_, err := tryReading(store, func(tx domain.Tx) (domain.RecordStanding, error) {
		return tx.Records().Standing(org, key, domain.UserID{UUID: newUUID(t)})
	})
	Gone(t, err)
	sharedWith := func(limit int) []domain.RecordKey {
		return reading(t, store, func(tx domain.Tx) ([]domain.RecordKey, error) { return tx.Records().SharedWith(org, team, limit) })
	}
	require.Equal(t, []domain.RecordKey{told[5].RecordKey}, sharedWith(10))
	set(key, second, first)
	require.Len(t, sharedWith(10), 2)
	require.Len(t, sharedWith(1), 1)
	set(key, first, second)
	set(told[5].RecordKey, first, nil)
	require.Empty(t, sharedWith(10))
	require.Equal(t, second, shares(key))
}
