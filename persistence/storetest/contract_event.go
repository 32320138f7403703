package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
)

// erasure: of somebody who is purged, what events say about them goes, and from where they acted, themselves or by a key; the
// events stay, and what others did from where.
func erasure(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	other := NewTenant(t, store, Slug(t)+"-2", -1)
	org := tenant.Organisation.ID
	gone := insertUser(t, store, DraftUser(t, tenant.Caller, Person("gone@acme.test")))
	stays := insertUser(t, store, DraftUser(t, tenant.Caller, Person("stays@acme.test")))
	is := gone
	is.Status, is.ArchivedAt, is.Version = domain.Inactive, gone.CreatedAt.Add(time.Hour), 2
	write(t, store, func(tx domain.Tx) error { return tx.Users().Archive(is) })

	values := attribute.NewComplex(Text("title", "Dr"))
	done := func(by domain.Actor, person domain.UserID, from string, about domain.UserID) domain.Event {
		return domain.Event{
			ID: domain.EventID{UUID: newUUID(t)}, Organisation: org, Type: domain.UserUpdated, Actor: by, SubjectKind: "user",
			Subject: about.UUID, At: gone.CreatedAt, From: from, Person: person, After: values,
		}
	}
	self := func(u domain.User) domain.Actor { return domain.Actor{Kind: "user", ID: u.ID.UUID} }
	key := domain.Actor{Kind: domain.ActorAPIKey, ID: newUUID(t)}
	byThem, byKey := done(self(gone), gone.ID, "192.0.2.1", stays.ID), done(key, gone.ID, "192.0.2.2", stays.ID)
	byOther, toThem := done(self(stays), stays.ID, "192.0.2.3", stays.ID), done(self(stays), stays.ID, "192.0.2.4", gone.ID)
	byOperator, elsewhere := done(domain.ActorOperator(), domain.UserID{}, "console-1", stays.ID), done(self(gone), gone.ID, "192.0.2.5", stays.ID)
	elsewhere.Organisation = other.Organisation.ID
	bare := done(self(gone), gone.ID, "192.0.2.6", stays.ID)
	bare.After = attribute.Value{}
	all := []*domain.Event{&byThem, &byKey, &byOther, &toThem, &byOperator, &elsewhere, &bare}
	agree := func() {
		t.Helper()
		for i, e := range all {
			got := reading(t, store, func(tx domain.Tx) (domain.Event, error) { return tx.Events().Get(e.Organisation, e.ID) })
			require.Equal(t, *e, got, i)
		}
	}
	write(t, store, func(tx domain.Tx) error {
		for _, e := range all {
			if err := tx.Events().Append(*e); err != nil {
				return err
			}
		}
		return nil
	})
	agree()

	write(t, store, func(tx domain.Tx) error { return tx.Users().Purge(org, gone.ID) })
	for _, e := range []*domain.Event{&byThem, &byKey, &bare, &toThem} {
		e.From, e.Person = "", domain.UserID{}
	}
	toThem.After = attribute.Value{}
	agree()
}
