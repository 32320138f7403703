package domain_test

import (
	"crypto/rand"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// blockFailedInSession: whoever has somebody's session, and not their password, learns it by no number of tries: once the
// account is blocked, or the last owner slowed, the right one is refused as any other, and nothing is changed by it.
func blockFailedInSession(s *visit) {
	u := s.member("ana@acme.test")
	in := s.in("ana@acme.test")
	try := func(password string) error {
		_, err := s.entrance.ChangePassword(s.Context(), in.Token, password, otherPassword, s.from)
		return err
	}
	for range 6 {
		s.refused("sign_in_refused", try(wrongPassword))
	}
	block, blocked, err := s.admin.BlockOf(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.True(s, blocked)
	require.Equal(s, domain.BlockedByFailedSignIns, block.Reason)
	require.Empty(s, s.verdict(in), "who is in stays in (rule block.no-lockout-dos)")
	require.Empty(s, s.eventsSince(func() { s.refused("sign_in_refused", try(goodPassword)) }))
	require.NoError(s, s.admin.Unblock(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	require.NoError(s, try(goodPassword))
}

// meanwhile has something happen while a password is being compared, which takes a while.
type meanwhile struct {
	domain.Passwords
	happens func()
}

func (m meanwhile) Matches(hash, password string) (bool, error) {
	m.happens()
	return m.Passwords.Matches(hash, password)
}

// blockFailedMeanwhile: tries that are made at the same moment get round the block no more than others. Who gives the right
// password among too many wrong ones is not told that it was right.
func blockFailedMeanwhile(s *visit) {
	s.member("ana@acme.test")
	in := s.in("ana@acme.test")
	blocking := func() *domain.Entrance {
		env, begun := s.clock.Environment(), false
		env.Passwords = meanwhile{env.Passwords, func() {
			if begun {
				return
			}
			begun = true
			for range 6 {
				_, err := s.signIn("ana@acme.test", wrongPassword)
				s.refused("sign_in_refused", err)
			}
		}}
		return domain.NewEntrance(s.store, env, rand.Reader)
	}
	_, err := blocking().SignIn(s.Context(), s.org(), "ana@acme.test", goodPassword, s.from)
	s.refused("sign_in_refused", err)
	u := s.signsInBy("ana@acme.test")
	require.NoError(s, s.admin.Unblock(s.Context(), s.boss(), u, domain.IfMatch{}))
	_, err = blocking().ChangePassword(s.Context(), in.Token, goodPassword, otherPassword, s.from)
	s.refused("sign_in_refused", err)
	require.NoError(s, s.admin.Unblock(s.Context(), s.boss(), u, domain.IfMatch{}))
	s.in("ana@acme.test")
}

// deactivateEndsKeysOfKeys: what somebody's key has made is theirs, whatever it says, so that it permits no more than they may
// and ends when they do.
func deactivateEndsKeysOfKeys(s *visit) {
	u, other := s.provision("ana"), s.provision("bo")
	s.assign(u.ID, domain.AccessChange{Granted: new(permitted("users:view", "directory:edit"))})
	_, text, err := s.operator().CreateAPIKeyOf(s.Context(), s.tenant.Organisation.Slug, "ana", keySpec(s, "users:view", "directory:edit"))
	require.NoError(s, err)
	who, err := s.presents(text)
	require.NoError(s, err)
	var keys []string
	for _, of := range []domain.UserID{{}, u.ID, other.ID} {
		spec := keySpec(s, "users:view")
		spec.User = of
		k, text, err := s.administration().CreateAPIKey(s.Context(), who, spec)
		require.NoError(s, err)
		require.Equal(s, u.ID, k.User)
		keys = append(keys, text)
	}
	s.assign(u.ID, domain.AccessChange{Granted: new(permitted("directory:edit"))})
	for _, text := range keys {
		who, err := s.presents(text)
		require.NoError(s, err)
		require.Empty(s, who.Permissions, "no more than she may herself")
	}
	s.deactivate(u.ID)
	for _, text := range keys {
		_, err := s.presents(text)
		require.Equal(s, "unauthenticated", verdict(s.T, err))
	}
}

// escalationOfAddress: a letter to choose a password goes to the address on file, so whoever changes that can come to be the
// person, and must not be able to do less: of an owner owners change it.
func escalationOfAddress(s *visit) {
	s.policy(func(p *domain.Policy) { p.EmailChange = domain.EmailChangeAdministrator })
	clerk := s.clerk("users:edit")
	owner, strong, weak := s.member("owner@acme.test"), s.member("strong@acme.test"), s.member("weak@acme.test")
	owner = s.done(s.admin.MakeOwner(s.Context(), s.boss(), owner.ID, domain.IfMatch{}))
	s.assign(strong.ID, domain.AccessChange{Granted: new(permitted("profiles:edit"))})
	address := func(who domain.Administrator, u domain.User) error {
		mine := "clerk+" + u.UserName.Text
		_, err := s.admin.Edit(s.Context(), who, u.ID, domain.IfMatch{}, domain.PersonChange{Email: &mine})
		return err
	}
	made := s.eventsSince(func() {
		storetest.Refused(s, address(clerk, owner), domain.Forbidden, domain.CodeOwnerOnly)
		storetest.Refused(s, address(clerk, strong), domain.Forbidden, domain.CodeEscalation)
	})
	require.Empty(s, made)
	title := "Lead"
	s.done(s.admin.Edit(s.Context(), clerk, owner.ID, domain.IfMatch{}, domain.PersonChange{Title: &title}))
	require.NoError(s, address(clerk, weak))
	require.NoError(s, address(s.clerk("users:edit", "profiles:edit"), strong))
	require.NoError(s, address(s.boss(), owner))
}

// escalationOfCredentials: who has a directory's credentials can push another address to anybody of its people and have a link to
// choose a password sent there, so nobody makes any who may do less than anybody.
func escalationOfCredentials(s *visit) {
	ctx, org := s.Context(), s.caller.Connection
	clerk, all := s.clerk("directory:edit", "directory:view", "users:edit"), s.application(storetest.EveryPermission()...)
	token, _, err := s.admin.CreateToken(ctx, all, org, 0)
	require.NoError(s, err)
	client, _, err := s.admin.CreateOAuthClient(ctx, all, org, domain.OAuthClientSpec{TokenLifetime: time.Hour})
	require.NoError(s, err)
	made := s.eventsSince(func() {
		_, text, err := s.admin.CreateToken(ctx, clerk, org, 0)
		storetest.Refused(s, err, domain.Forbidden, domain.CodeEscalation)
		require.Empty(s, text)
		_, text, err = s.admin.RotateToken(ctx, clerk, token.ID, time.Hour, domain.IfMatch{})
		storetest.Refused(s, err, domain.Forbidden, domain.CodeEscalation)
		require.Empty(s, text)
		_, text, err = s.admin.CreateOAuthClient(ctx, clerk, org, domain.OAuthClientSpec{TokenLifetime: time.Hour})
		storetest.Refused(s, err, domain.Forbidden, domain.CodeEscalation)
		require.Empty(s, text)
		_, text, err = s.admin.RotateOAuthClient(ctx, clerk, client.ID, time.Hour, domain.IfMatch{})
		storetest.Refused(s, err, domain.Forbidden, domain.CodeEscalation)
		require.Empty(s, text)
	})
	require.Empty(s, made)
	_, _, err = s.admin.RotateToken(ctx, all, token.ID, time.Hour, domain.IfMatch{})
	require.NoError(s, err)
	_, _, err = s.admin.RotateOAuthClient(ctx, all, client.ID, time.Hour, domain.IfMatch{})
	require.NoError(s, err)
	_, err = s.admin.RevokeToken(ctx, clerk, token.ID, domain.IfMatch{})
	require.NoError(s, err, "to end one takes nothing more")
}
