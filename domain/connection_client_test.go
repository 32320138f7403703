package domain_test

import (
	"slices"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// changeClient changes what a connection is at its provider, as an owner.
func (s *visit) changeClient(d doorway, change domain.OIDCChange) domain.Connection {
	s.Helper()
	c, err := s.admin.ChangeConnectionClient(s.Context(), s.boss(), d.connection.ID, domain.IfMatch{}, change)
	require.NoError(s, err)
	return c
}

func sealing(text string) func(domain.OrganisationID, domain.ConnectionID) ([]byte, error) {
	return func(domain.OrganisationID, domain.ConnectionID) ([]byte, error) { return []byte(text), nil }
}

// connectionClient: a client id and a secret change and nobody notices; with another issuer the secret is forgotten, sessions
// end and people are strangers, until the connection has the old issuer again.
func connectionClient(s *visit) {
	p, other := s.provider("idp"), s.provider("other")
	s.settings(p, func(p *domain.ProviderSettings) { p.LinksExternalID = true })
	ana, ben := s.pushedBy(p, "ana@acme.test", "e1"), s.pushedBy(other, "ben@acme.test", "e2")
	s.linked(p, "ana", ana.ID)
	s.linked(other, "ben", ben.ID)
	in, err := s.arrive(p.says("ana"))
	require.NoError(s, err)
	elsewhere, err := s.arrive(other.says("ben"))
	require.NoError(s, err)

	before, err := s.admin.Connection(s.Context(), s.boss(), p.connection.ID)
	require.NoError(s, err)
	client, issuer := "another", "https://login.test"
	directory := s.clerk("directory:edit", "directory:view")
	made := s.eventsSince(func() {
		c, err := s.admin.ChangeConnectionClient(s.Context(), directory, p.connection.ID, domain.IfMatch{}, domain.OIDCChange{ClientID: &client, Seal: sealing("sealed")})
		require.NoError(s, err)
		require.Equal(s, domain.OIDCClient{Issuer: "https://idp.test", ClientID: "another", SealedSecret: []byte("sealed")}, c.OIDC)
		require.NotEqual(s, before.Version(), c.Version())
	})
	told := only(s.scene, made, domain.ConnectionClientChanged)
	require.Equal(s, []string{"usher", "another", "new", ""}, []string{
		told.Before.Get("clientId").Text(), told.After.Get("clientId").Text(), told.After.Get("secret").Text(), told.After.Get("issuer").Text(),
	})
	require.Len(s, made, 1)
	require.Empty(s, s.verdict(in), "a session stays")
	require.Empty(s, s.eventsSince(func() { s.changeClient(p, domain.OIDCChange{ClientID: &client}) }), "nothing differs")
	made = s.eventsSince(func() { s.changeClient(p, domain.OIDCChange{Seal: sealing("sealed anew")}) })
	require.Equal(s, "new", only(s.scene, made, domain.ConnectionClientChanged).After.Get("secret").Text())

	_, err = s.admin.ChangeConnectionClient(s.Context(), s.boss(), p.connection.ID, domain.IfMatch{Set: true, Versions: []int64{before.Version()}}, domain.OIDCChange{Issuer: &issuer})
	storetest.Refused(s, err, domain.Precondition, domain.CodeVersionMismatch)
	_, err = s.admin.ChangeConnectionClient(s.Context(), directory, p.connection.ID, domain.IfMatch{}, domain.OIDCChange{Issuer: &issuer})
	storetest.Refused(s, err, domain.Forbidden, domain.CodeEscalation)
	_, err = s.admin.ChangeConnectionClient(s.Context(), s.clerk("directory:view"), p.connection.ID, domain.IfMatch{}, domain.OIDCChange{ClientID: &client})
	storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
	for _, bad := range []string{"http://login.test", "login.test", "https://login.test/?a=b"} {
		_, err = s.admin.ChangeConnectionClient(s.Context(), s.boss(), p.connection.ID, domain.IfMatch{}, domain.OIDCChange{Issuer: &bad})
		storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
	}

	made = s.eventsSince(func() {
		require.Equal(s, domain.OIDCClient{Issuer: issuer, ClientID: "another"}, s.changeClient(p, domain.OIDCChange{Issuer: &issuer}).OIDC, "no other issuer is shown the secret")
	})
	told = only(s.scene, made, domain.ConnectionClientChanged)
	require.Equal(s, []string{"https://idp.test", issuer, "1"}, []string{told.Before.Get("issuer").Text(), told.After.Get("issuer").Text(), told.After.Get("sessions").Text()})
	require.Equal(s, []string{"unauthenticated", ""}, []string{s.verdict(in), s.verdict(elsewhere)}, "the old provider could not end it any more")
	moved := p
	moved.connection.OIDC.Issuer = issuer
	_, err = s.arrive(moved.says("ana"))
	s.refused("no_account unknown", err)
	_, err = s.arrive(p.says("ana"))
	s.refused("connection_shut", err)
	again := moved.says("ana")
	again.ExternalID = "e1"
	_, err = s.arrive(again)
	require.NoError(s, err, "who comes is looked for as at the first time")
	require.Len(s, s.identities(ana.ID), 2)

	old := "https://idp.test"
	s.changeClient(p, domain.OIDCChange{Issuer: &old})
	_, err = s.arrive(p.says("ana"))
	require.NoError(s, err, "who they were counts again")

	none := ""
	require.Equal(s, domain.OIDCClient{}, s.changeClient(p, domain.OIDCChange{Issuer: &none}).OIDC)
	_, err = s.arrive(p.says("ana"))
	s.refused("connection_shut", err)
	c, err := s.operator().ChangeConnectionClient(s.Context(), s.tenant.Organisation.Slug, "IDP", domain.OIDCChange{Issuer: &old, ClientID: &client})
	require.NoError(s, err)
	require.Equal(s, domain.OIDCClient{Issuer: old, ClientID: client}, c.OIDC)
}

// ownerLastIssuer: the issuer by which alone the last owner signs in is not changed, and who they are at an issuer that a
// connection no longer has is no way in.
func ownerLastIssuer(s *visit) {
	p := s.provider("idp")
	boss := s.done(s.admin.Confirm(s.Context(), s.boss(), s.add("boss@acme.test").ID, domain.IfMatch{}))
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), boss.ID, domain.IfMatch{}))
	s.linked(p, "boss", boss.ID)
	issuer, client := "https://login.test", "another"
	for name, change := range map[string]func() error{
		"administrator": func() error {
			_, err := s.admin.ChangeConnectionClient(s.Context(), s.boss(), p.connection.ID, domain.IfMatch{}, domain.OIDCChange{Issuer: &issuer})
			return err
		},
		"operator": func() error {
			_, err := s.operator().ChangeConnectionClient(s.Context(), s.tenant.Organisation.Slug, "idp", domain.OIDCChange{Issuer: &issuer})
			return err
		},
	} {
		made := s.eventsSince(func() { storetest.Refused(s, change(), domain.Forbidden, domain.CodeLastOwner) })
		require.Equal(s, []domain.EventType{domain.OwnerProtected}, eventTypes(made), name)
	}
	s.changeClient(p, domain.OIDCChange{ClientID: &client})

	other := s.member("other@acme.test")
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), other.ID, domain.IfMatch{}))
	s.changeClient(p, domain.OIDCChange{Issuer: &issuer})
	storetest.Refused(s, s.admin.Delete(s.Context(), s.boss(), other.ID, domain.IfMatch{}), domain.Forbidden, domain.CodeLastOwner)
	require.True(s, slices.ContainsFunc(s.identities(boss.ID), func(i domain.Identity) bool { return i.Subject == "boss" }), "they are kept, for when it is so again")
}
