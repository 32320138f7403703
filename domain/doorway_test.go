package domain_test

import (
	"slices"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// doorway is a connection that pushes a directory and signs people in.
type doorway struct {
	connection domain.Connection
	caller     domain.Caller
}

func (s *visit) provider(name string) doorway {
	s.Helper()
	c, _, caller := storetest.NewConnection(s, s.store, s.org(), name, func(c *domain.Connection) {
		c.Activation = domain.ActivateOnFirstAccess
		c.OIDC = domain.OIDCClient{Issuer: "https://idp.test", ClientID: "usher"}
	})
	return doorway{connection: c, caller: caller}
}

// says is somebody who comes back from the provider.
func (d doorway) says(subject string) domain.Arriving {
	return domain.Arriving{Identity: domain.Identity{
		Organisation: d.connection.Organisation, Connection: d.connection.ID, Issuer: d.connection.OIDC.Issuer, Subject: subject,
	}}
}

// tells is somebody of whom the provider tells a name and an address that it verified.
func (d doorway) tells(subject, userName, email string) domain.Arriving {
	a := d.says(subject)
	a.UserName, a.Email, a.EmailVerified = userName, email, email != ""
	a.Told = domain.Told{Name: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace", Language: "en-gb"}
	return a
}

func (s *visit) arrive(a domain.Arriving) (domain.SignedIn, error) {
	return s.entrance.FirstAccess(s.Context(), a, s.from)
}

// linked makes an identity somebody's, as if it had been long ago.
func (s *visit) linked(d doorway, subject string, user domain.UserID) {
	s.Helper()
	i := d.says(subject).Identity
	i.User, i.LinkedAt, i.LinkedBy = user, s.clock.Now(), domain.LinkedByInvitation
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
		if _, err := tx.SignIns().Hold(s.org(), user); err != nil {
			return err
		}
		return tx.Identities().Link(i)
	}))
}

func (s *visit) settings(d doorway, change func(*domain.ProviderSettings)) {
	s.Helper()
	_, err := s.admin.ChangeProviderSettings(s.Context(), s.boss(), d.connection.ID, domain.IfMatch{}, nil, func(p domain.ProviderSettings) domain.ProviderSettings {
		change(&p)
		return p
	})
	require.NoError(s, err)
}

// proved makes a domain the organisation's, and connections trusted for it.
func (s *visit) proved(name string, trusted ...doorway) {
	s.Helper()
	e, err := s.admin.AddEmailDomain(s.Context(), s.boss(), name)
	require.NoError(s, err)
	_, err = s.admin.VerifyEmailDomain(s.Context(), s.boss(), proofs{e.Record(): e.Challenge}, name, domain.IfMatch{})
	require.NoError(s, err)
	ids := []domain.ConnectionID{}
	for _, d := range trusted {
		ids = append(ids, d.connection.ID)
	}
	_, err = s.admin.TrustConnections(s.Context(), s.boss(), name, domain.IfMatch{}, ids)
	require.NoError(s, err)
}

// ownDomain is an e-mail domain that no other test has.
func (s *visit) ownDomain() string { return storetest.Slug(s) + ".test" }

func (s *visit) pushedBy(d doorway, userName string, externalID string, emails ...string) domain.User {
	s.Helper()
	u, err := s.directory.Provision(s.Context(), d.caller, storetest.Person(userName, storetest.Text("externalId", externalID), storetest.Emails(emails...)))
	require.NoError(s, err)
	return u
}

func (s *visit) identities(u domain.UserID) []domain.Identity {
	s.Helper()
	var list []domain.Identity
	require.NoError(s, s.store.Read(s.Context(), func(tx domain.Tx) (err error) {
		list, err = tx.Identities().List(s.org(), u)
		return err
	}))
	return list
}

// held counts the seats of a licence that somebody holds.
func (s *visit) held(licence string) int {
	s.Helper()
	for _, u := range usage(s.T, s.store, s.org()) {
		if u.Licence == licence {
			return u.Held
		}
	}
	return 0
}

// names are what somebody is called, and their language.
func (s *visit) names(id domain.UserID) []string {
	s.Helper()
	u := s.found(id)
	tree, err := u.Attributes()
	require.NoError(s, err)
	name := tree.Get("name")
	return []string{
		u.UserName.Text, u.DisplayName, name.Get("givenName").Text(), name.Get("familyName").Text(), tree.Get("preferredLanguage").Text(),
	}
}

// address is the first e-mail of somebody.
func (s *visit) address(id domain.UserID) string {
	s.Helper()
	u := s.found(id)
	tree, err := u.Attributes()
	require.NoError(s, err)
	for _, email := range tree.Get("emails").Items() {
		return email.Get("value").Text()
	}
	return ""
}

func (s *visit) raiseSeats(limit int) {
	s.Helper()
	require.NoError(s, s.admin.SetSeats(s.Context(), s.boss(), domain.IfMatch{}, domain.SeatPlan{Licence: domain.LicenceFull, Limit: limit}))
}

// changes are the events of a person's attributes.
func changes(all []domain.Event) int {
	return len(slices.DeleteFunc(slices.Clone(all), func(e domain.Event) bool { return e.Type != domain.UserUpdated }))
}
