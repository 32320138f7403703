package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
)

// Extension is the extension of Usher with a telephone extension.
func Extension(number string) attribute.Member {
	return attribute.Member{Name: domain.URNUsher, Value: attribute.NewComplex(Text("extension", number))}
}

// userFields: extensions are taken once in an organisation and free again with their person; the lowest gap is found.
func userFields(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	org, elsewhere := tenant.Organisation.ID, NewTenant(t, store, Slug(t)+"-2", -1)
	free := func(org domain.OrganisationID) string {
		var extension string
		write(t, store, func(tx domain.Tx) error {
			found, ok, err := tx.UserFields().FreeExtension(org)
			require.True(t, ok)
			extension = found
			return err
		})
		return extension
	}
	require.Equal(t, "0000", free(org))
	first := insertUser(t, store, DraftUser(t, tenant.Caller, Person("first@acme.test", Extension("0000"))))
	require.Equal(t, "0001", free(org))
	insertUser(t, store, DraftUser(t, tenant.Caller, Person("second@acme.test", Extension("0002"))))
	require.Equal(t, "0001", free(org), "the first gap")
	require.Equal(t, "0000", free(elsewhere.Organisation.ID))
	insertUser(t, store, DraftUser(t, elsewhere.Caller, Person("first@acme.test", Extension("0000"))))
	taken := DraftUser(t, tenant.Caller, Person("third@acme.test", Extension("0002")))
	Refused(t, writing(store, func(tx domain.Tx) error { return addUser(tx, taken) }), domain.Conflict, domain.CodeExtensionTaken)

	was, is := DraftChange(t, tenant.Caller, first, Setting(Extension("0002")))
	Refused(t, writing(store, func(tx domain.Tx) error { return tx.Users().Save(was, is) }), domain.Conflict, domain.CodeExtensionTaken)
	was, is = DraftChange(t, tenant.Caller, first, Setting(Extension("0007")))
	write(t, store, func(tx domain.Tx) error { return tx.Users().Save(was, is) })
	require.Equal(t, "0000", free(org))

	truth := false
	settings := domain.Communication{
		TelephonyLanguage: "es-ES", AutoAnswer: &truth, LogLevel: domain.LogDebug, AudioCodecs: []string{"opus", "PCMU"},
		VideoCodecs: []string{"H264"}, SIPTransport: domain.SIPOverWSS,
	}
	communication := func(org domain.OrganisationID) domain.Communication {
		return reading(t, store, func(tx domain.Tx) (domain.Communication, error) { return tx.UserFields().Communication(org, first.ID) })
	}
	put := func(c domain.Communication) {
		write(t, store, func(tx domain.Tx) error { return tx.UserFields().PutCommunication(org, first.ID, c) })
	}
	require.Equal(t, domain.Communication{}, communication(org))
	put(settings)
	require.Equal(t, settings, communication(org))
	require.Equal(t, domain.Communication{}, communication(elsewhere.Organisation.ID))
	put(domain.Communication{})
	require.Equal(t, domain.Communication{}, communication(org))
	require.Equal(t, "0000", free(org), "who has which extension stays")
	Refused(t, writing(store, func(tx domain.Tx) error {
		third := taken
		third.Extension = "0007"
		return addUser(tx, third)
	}), domain.Conflict, domain.CodeExtensionTaken)
}
