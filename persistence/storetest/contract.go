package storetest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

// Contract holds a store to what the ports of package domain promise, method by method, error by error. open gives a
// fresh, migrated store; every part of the contract works in an organisation of its own.
func Contract(t *testing.T, open func(testing.TB) *persistence.Store) {
	t.Helper()
	store := open(t)
	for name, part := range map[string]func(*testing.T, *persistence.Store){
		"UnitOfWork":    unitOfWork,
		"Organisations": organisations,
		"Connections":   connections,
		"Tokens":        tokens,
		"Schemas":       schemas,
		"Users":         users,
		"Groups":        groups,
		"Members":       members,
		"Seats":         seats,
		"Erasure":       erasure,
		"Events":        events,
		"Tallies":       tallies,
		"Rates":         rates,
		"Modules":       modules,
		"Roles":         roles,
		"Profiles":      profiles,
		"Teams":         teams,
		"Queues":        queues,
		"LicenceTypes":  licenceTypes,
		"LicencesGo":    licencesGo,
		"Assignments":   assignments,
		"Access":        access,
		"Mappings":      mappings,
		"Reaches":       reaches,
		"Claims":        claims,
		"Jobs":          jobs,
		"Admission":     admission,
		"Policies":      policies,
		"Blocks":        blocks,
		"Suspensions":   suspensions,
		"StatusSteps":   statusSteps,
		"Windows":       windows,
		"Waiting":       waiting,
		"Inactivity":    inactivity,
		"Sweeps":        sweeps,
		"UserFields":    userFields,
		"Managers":      managers,
		"Ownerships":    ownerships,
		"Above":         above,
		"Plans":         plans,
		"People":        people,
		"Records":       records,
		"APIKeys":       apiKeys,
		"Answers":       answers,
		"Feed":          feed,
		"Whole":         whole,
		"Webhooks":      webhooks,
		"Deliveries":    deliveries,
		"Letters":       letters,
		"Cursors":       cursors,

		"ConnectionPolicies": connectionPolicies,
		"SigningKeys":        signingKeys,
		"OAuthClients":       oauthClients,
		"Applications":       applications,
		"Appearances":        appearancesOf,
		"Guests":             guestsOf,
		"Commons":            commons,
		"UsedTokens":         usedTokens,
		"ProviderSettings":   providerSettings,
		"Arrivals":           arrivals,
		"DeclaredGroups":     declaredGroups,
		"SignIns":            signIns,
		"ResetRequests":      resetRequests,
		"Links":              links,
		"Sessions":           sessions,
		"Devices":            devices,
		"SecondFactors":      secondFactors,
		"RecoveryCodes":      recoveryCodes,
		"Passkeys":           passkeys,
		"Identities":         identities,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part(t, store)
		})
	}
	t.Run("Sole", func(t *testing.T) { // where nobody else makes organisations
		t.Parallel()
		sole(t, open(t))
	})
}

// write runs a unit of work that must succeed.
func write(t testing.TB, store domain.Store, fn func(domain.Tx) error) {
	t.Helper()
	require.NoError(t, store.Write(context.Background(), fn))
}

// writing runs a unit of work and gives its outcome.
func writing(store domain.Store, fn func(domain.Tx) error) error {
	return store.Write(context.Background(), fn)
}

// reading gives what one read finds.
func reading[T any](t testing.TB, store domain.Store, get func(domain.Tx) (T, error)) T {
	t.Helper()
	found, err := tryReading(store, get)
	require.NoError(t, err)
	return found
}

func tryReading[T any](store domain.Store, get func(domain.Tx) (T, error)) (T, error) {
	var found T
	err := store.Read(context.Background(), func(tx domain.Tx) (err error) {
		found, err = get(tx)
		return err
	})
	return found, err
}

// Refused requires an error of the domain with this kind and code, and a message for the person who reads it.
func Refused(t testing.TB, err error, kind domain.Kind, code string) {
	t.Helper()
	var refusal *domain.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, code, refusal.Code, "%v", err)
	require.Equal(t, kind, refusal.Kind, "%v", err)
	require.NotEmpty(t, refusal.Message, "%v", err)
}

// Gone requires NotFound.
func Gone(t testing.TB, err error) {
	t.Helper()
	Refused(t, err, domain.NotFound, domain.CodeNotFound)
}

// insertUser stores a person as the directory would have them stored, seat included, without an event.
func insertUser(t testing.TB, store domain.Store, u domain.User) domain.User {
	t.Helper()
	write(t, store, func(tx domain.Tx) error { return addUser(tx, u) })
	return u
}

func addUser(tx domain.Tx, u domain.User) error {
	if err := tx.Users().Insert(u); err != nil {
		return err
	}
	return tx.Seats().Take(u.Organisation, u.Licence, u.ID)
}

func insertGroup(t testing.TB, store domain.Store, g domain.Group) domain.Group {
	t.Helper()
	write(t, store, func(tx domain.Tx) error { return tx.Groups().Insert(g) })
	return g
}
