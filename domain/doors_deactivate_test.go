package domain_test

import (
	"strings"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// eventTypesOf pads a list to so many of a type, where there are fewer.
func eventTypesOf(made []domain.Event, of domain.EventType, n int) []domain.EventType {
	for _, e := range made {
		if e.Type == of {
			n--
		}
	}
	var more []domain.EventType
	for range n {
		more = append(more, of)
	}
	return more
}

// deactivateDoors: sessions, devices, invitations and reset links end with the deactivation, by hand, by a directory, and by
// deletion; what ended does not come back with the person.
func deactivateDoors(s *visit) {
	for how, off := range map[string]func(domain.User){
		"hand":    func(u domain.User) { s.deactivate(u.ID) },
		"push":    func(u domain.User) { s.setActive(u.ID, false) },
		"delete":  func(u domain.User) { s.deprovision(u.ID) },
		"by hand": func(u domain.User) { require.NoError(s, s.admin.Delete(s.Context(), s.boss(), u.ID, domain.IfMatch{})) },
	} {
		s.caller.Activation = domain.ActivateByInvitation
		email := strings.ReplaceAll(how, " ", "-") + "@acme.test"
		u := s.provision(email, storetest.Emails(email))
		_, err := s.entrance.AcceptInvitation(s.Context(), s.invitation(u), goodPassword, s.from)
		require.NoError(s, err)
		in, device := s.known(email)
		s.forgot(email)
		reset := s.letter(u.ID, domain.PasswordResetRequested)
		made := eventTypes(s.eventsSince(func() { off(u) }))
		require.Subset(s, made, []domain.EventType{domain.SessionEnded, domain.DevicesForgotten, domain.PasswordResetRevoked}, how)
		require.Equal(s, "unauthenticated", s.verdict(in), how)
		_, err = s.signIn(email, goodPassword)
		s.refused("sign_in_refused", err)
		s.refused("link_not_good revoked", s.entrance.ResetPassword(s.Context(), reset, otherPassword, s.from))
		if how == "delete" || how == "by hand" {
			continue
		}
		s.activate(u.ID)
		require.Equal(s, "unauthenticated", s.verdict(in), how)
		s.refused("link_not_good revoked", s.entrance.ResetPassword(s.Context(), reset, otherPassword, s.from))
		require.Equal(s, "step_missing second_factor", s.verdict(s.in(email)), "the password works again, as does the second factor")
		require.NoError(s, s.store.Read(s.Context(), func(tx domain.Tx) error {
			devices, err := tx.Devices().List(s.org(), u.ID, s.clock.Now())
			require.Empty(s, devices)
			return err
		}))
		s.from.Device = device
		require.Equal(s, "step_missing second_factor", s.verdict(s.in(email)), how)
		s.from.Device = ""
	}
}

// deactivateEndsKeys: API keys of a person end with a deactivation by anybody and with their deletion; those of others and of
// nobody stay. While the person may not come in, their keys open nothing.
func deactivateEndsKeys(s *visit) {
	slug := s.tenant.Organisation.Slug
	key := func(person string) string {
		s.Helper()
		_, text, err := s.operator().CreateAPIKeyOf(s.Context(), slug, person, keySpec(s, "users:view", "teams:view"))
		require.NoError(s, err)
		return text
	}
	presented := func(text string) string {
		s.Helper()
		_, err := s.presents(text)
		return verdict(s.T, err)
	}
	nobodys := key("")
	for name, end := range map[string]func(u domain.User) error{
		"by hand": func(u domain.User) error {
			_, err := s.admin.Deactivate(s.Context(), s.boss(), u.ID, domain.IfMatch{})
			return err
		},
		"pushed": func(u domain.User) error {
			_, err := s.tryChange(u.ID, storetest.Setting(storetest.Truth("active", false)))
			return err
		},
		"deleted": func(u domain.User) error { return s.admin.Delete(s.Context(), s.boss(), u.ID, domain.IfMatch{}) },
		"deleted by push": func(u domain.User) error {
			return s.directory.Deprovision(s.Context(), s.caller, u.ID, domain.IfMatch{})
		},
	} {
		u, other := s.provision(name+" ana"), s.provision(name+" bo")
		s.assign(u.ID, domain.AccessChange{Granted: new(permitted("users:view"))})
		hers, his := key(name+" ana"), key(other.ID.String())
		who, err := s.presents(hers)
		require.NoError(s, err)
		require.Equal(s, permitted("users:view"), who.Permissions, "no more than she may herself")
		require.NoError(s, s.admin.Block(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
		require.Equal(s, "access_refused blocked", presented(hers))
		require.NoError(s, s.admin.Unblock(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
		made := s.eventsSince(func() { require.NoError(s, end(u)) })
		require.Contains(s, eventTypes(made), domain.APIKeyRevoked, name)
		require.Equal(s, "unauthenticated", presented(hers), name)
		require.Empty(s, presented(his))
		if name == "by hand" {
			s.activate(u.ID)
			require.Equal(s, "unauthenticated", presented(hers), "for good")
		}
	}
	require.Empty(s, presented(nobodys))
	gone := s.provision("gone")
	s.setActive(gone.ID, false)
	_, _, err := s.operator().CreateAPIKeyOf(s.Context(), slug, "gone", keySpec(s, "users:view"))
	s.refused("invalid_value user_id", err)
	_, _, err = s.operator().CreateAPIKeyOf(s.Context(), slug, "nobody", keySpec(s, "users:view"))
	require.True(s, domain.IsKind(err, domain.NotFound), "%v", err)

	// What a person makes is theirs.
	maker := s.provision("maker")
	by := domain.Administrator{Organisation: s.org(), Actor: domain.Actor{Kind: "user", ID: maker.ID.UUID}, Permissions: permitted("directory:edit").Union(permitted("users:view"))}
	k, _, err := s.administration().CreateAPIKey(s.Context(), by, keySpec(s, "users:view"))
	require.NoError(s, err)
	require.Equal(s, maker.ID, k.User)
}

// archivedIdentity: who is deleted leaves their identity to the account that comes after them.
func archivedIdentity(s *visit) {
	p := s.provider("idp")
	for range 2 {
		u := s.add("ana@acme.test")
		coming := p.says("1")
		coming.Invitation = s.invitation(u)
		in, err := s.arrive(coming)
		require.NoError(s, err)
		require.Equal(s, u.ID, in.Session.User)
		require.NoError(s, s.admin.Delete(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
		_, err = s.arrive(p.says("1"))
		s.refused("no_account unknown", err)
	}
}

// purgeDoors: nothing of how a purged person signed in is left.
func purgeDoors(s *visit) {
	u := s.member("ana@acme.test")
	in, _ := s.known("ana@acme.test")
	s.withPasskey(in)
	require.NoError(s, s.admin.Delete(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	require.NoError(s, s.admin.Purge(s.Context(), s.boss(), u.ID))
	db := storetest.Raw(s, s.store)
	for _, table := range []string{"sign_ins", "links", "sessions", "devices", "second_factors", "recovery_codes", "passkeys", "identities"} {
		require.Zero(s, storetest.Count(s, db, "SELECT count(*) FROM "+table+" WHERE organisation_id = $1 AND user_id = $2", s.org().String(), u.ID.String()), table)
	}
}
