package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
)

// Tenant is an organisation with one connection and a token of it.
type Tenant struct {
	Organisation domain.Organisation
	Connection   domain.Connection
	Bearer       domain.Bearer
	Token        string // the text of the token
	Caller       domain.Caller
}

// NewTenant adds an organisation with one connection that activates at once, a token, and seats: unlimited for seats
// below 0.
func NewTenant(t testing.TB, store domain.Store, slug string, seats int) Tenant {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Millisecond)
	org := domain.Organisation{ID: domain.OrganisationID{UUID: newUUID(t)}, Slug: slug, Name: slug, CreatedAt: now}
	var tenant Tenant
	tenant.Organisation = org
	require.NoError(t, store.Write(context.Background(), func(tx domain.Tx) error {
		if err := tx.Organisations().Insert(org); err != nil {
			return err
		}
		return tx.Seats().Plan(org.ID, domain.SeatPlan{Licence: domain.LicenceFull, Unlimited: seats < 0, Limit: max(seats, 0)})
	}))
	tenant.Connection, tenant.Token, tenant.Caller = NewConnection(t, store, org.ID, "default")
	tenant.Bearer, _ = domain.ParseBearer(tenant.Token)
	return tenant
}

// NewConnection adds a connection with a token to an organisation.
func NewConnection(t testing.TB, store domain.Store, org domain.OrganisationID, name string, with ...func(*domain.Connection)) (domain.Connection, string, domain.Caller) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Millisecond)
	connection := domain.Connection{
		ID: domain.ConnectionID{UUID: newUUID(t)}, Organisation: org, Name: name, Kind: domain.KindGeneric,
		Activation: domain.ActivateAtOnce, CreatedAt: now,
	}
	for _, change := range with {
		change(&connection)
	}
	var secret [32]byte
	_, err := rand.Read(secret[:])
	require.NoError(t, err)
	text, hash := domain.NewDirectoryToken(org, secret)
	var caller domain.Caller
	require.NoError(t, store.Write(context.Background(), func(tx domain.Tx) error {
		if err := tx.Connections().Insert(connection); err != nil {
			return err
		}
		return tx.Tokens().Insert(domain.Token{
			ID: domain.TokenID{UUID: newUUID(t)}, Organisation: org, Connection: connection.ID, Hash: hash, CreatedAt: now,
		})
	}))
	require.NoError(t, store.Read(context.Background(), func(tx domain.Tx) (err error) {
		caller, err = tx.Tokens().Caller(domain.Bearer{Organisation: org, Hash: hash}, now)
		return err
	}))
	return connection, text, caller
}

func newUUID(t testing.TB) uuid.UUID {
	t.Helper()
	id, err := uuid.NewV7()
	require.NoError(t, err)
	return id
}

// Slug is a short name for an organisation that no other test has.
func Slug(t testing.TB) string {
	t.Helper()
	sum := sha256.Sum256([]byte(t.Name()))
	readable := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, t.Name()[max(0, len(t.Name())-40):]), "-")
	return readable + "-" + hex.EncodeToString(sum[:4])
}

// OwnTenant is NewTenant under a name that no other test has.
func OwnTenant(t testing.TB, store domain.Store, seats int) Tenant {
	t.Helper()
	return NewTenant(t, store, Slug(t), seats)
}

// Account adds a person as an administrator would, of no directory and active, or as with makes them; with their seat and
// the event.
func Account(t testing.TB, store domain.Store, tenant Tenant, userName string, with func(*domain.User)) domain.User {
	t.Helper()
	u := DraftUser(t, tenant.Caller, Person(userName, Emails(userName)))
	u.Connection = domain.ConnectionID{}
	if with != nil {
		with(&u)
	}
	after, err := u.Attributes()
	require.NoError(t, err)
	event := domain.Event{
		ID: domain.EventID{UUID: newUUID(t)}, Organisation: u.Organisation, Type: domain.UserCreated, Actor: domain.ActorOperator(),
		SubjectKind: "user", Subject: u.ID.UUID, At: u.CreatedAt, After: after,
	}
	require.NoError(t, store.Write(context.Background(), func(tx domain.Tx) error {
		if err := tx.Users().Insert(u); err != nil {
			return err
		}
		if err := tx.Events().Append(event); err != nil {
			return err
		}
		return tx.Seats().Take(u.Organisation, u.Licence, u.ID)
	}))
	return u
}

// SendResets does what people of one organisation asked for who forgot their password, as a server does by itself.
func SendResets(t testing.TB, store domain.Store, org domain.OrganisationID, entrance *domain.Entrance) {
	t.Helper()
	for _, r := range WaitingResets(t, store, org) {
		require.NoError(t, entrance.SendReset(context.Background(), r))
	}
}

// WaitingResets are the requests of one organisation that nobody has looked at.
func WaitingResets(t testing.TB, store domain.Store, org domain.OrganisationID) []domain.ResetRequest {
	t.Helper()
	var list []domain.ResetRequest
	require.NoError(t, store.Read(context.Background(), func(tx domain.Tx) (err error) {
		list, err = tx.ResetRequests().Waiting(100_000)
		return err
	}))
	return slices.DeleteFunc(list, func(r domain.ResetRequest) bool { return r.Organisation != org })
}

// EveryPermission spells the permissions there are, but for those that applications register.
func EveryPermission() []string {
	var list []string
	for _, m := range domain.BuiltInModules() {
		for _, action := range m.Actions {
			list = append(list, m.ID+":"+action)
		}
	}
	return list
}
