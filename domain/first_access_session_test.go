package domain_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// accessMFASingleSignOn: a single sign-on counts as it is, unless the connection asks for proof.
func accessMFASingleSignOn(s *visit) {
	p := s.provider("idp")
	u := s.member("ana@acme.test")
	s.linked(p, "1", u.ID)
	s.policy(func(set *domain.Policy) { set.MFA = domain.MFARequired })
	in, err := s.arrive(p.says("1"))
	require.NoError(s, err)
	require.Empty(s, s.verdict(in), "as it is")
	strong := p.says("1")
	strong.Context, strong.Methods = "urn:acme:gold", []string{"pwd", "otp"}
	for _, demand := range []struct {
		proof   domain.ProofDemand
		missing string
	}{
		{domain.ProofDemand{Contexts: []string{"urn:acme:silver", "urn:acme:gold"}}, "acr"},
		{domain.ProofDemand{Methods: []string{"mfa", "otp"}}, "amr"},
		{domain.ProofDemand{Contexts: []string{"urn:acme:gold"}, Methods: []string{"otp"}}, "acr"},
	} {
		s.settings(p, func(set *domain.ProviderSettings) { set.Proof = demand.proof })
		s.clock.Move(time.Hour) // or it would be told no more
		made := s.eventsSince(func() {
			_, err = s.arrive(p.says("1"))
			s.refused("sign_in_too_weak "+demand.missing, err)
		})
		require.Equal(s, []domain.EventType{domain.FirstAccessRefused}, eventTypes(made))
		_, err = s.arrive(strong)
		require.NoError(s, err)
	}
	weak := strong
	weak.Context = "urn:acme:gold "
	_, err = s.arrive(weak)
	s.refused("sign_in_too_weak acr", err)

	// When they proved it is known as far as the provider tells.
	s.settings(p, func(set *domain.ProviderSettings) { set.Proof = domain.ProofDemand{} })
	in, err = s.arrive(p.says("1"))
	require.NoError(s, err)
	require.True(s, in.Session.ProvedAt.IsZero(), "the provider does not tell")
	told := p.says("1")
	for at, want := range map[time.Duration]time.Duration{-time.Hour: -time.Hour, 30 * time.Second: 0} {
		told.SignedInAt = s.clock.Now().Add(at)
		in, err = s.arrive(told)
		require.NoError(s, err)
		require.WithinDuration(s, s.clock.Now().Add(want), in.Session.ProvedAt, time.Millisecond)
	}
	require.WithinDuration(s, s.clock.Now(), s.in("ana@acme.test").Session.ProvedAt, time.Millisecond, "by a password, now")
}

// connectionDisabledSessions: disabling a connection, or deleting it, ends what began by it with the next request, and nobody
// comes in by it meanwhile; what began otherwise goes on.
func connectionDisabledSessions(s *visit) {
	p, other := s.provider("idp"), s.provider("other")
	u := s.member("ana@acme.test")
	s.linked(p, "1", u.ID)
	s.linked(other, "1", u.ID)
	come := func(d doorway) domain.SignedIn {
		in, err := s.arrive(d.says("1"))
		require.NoError(s, err)
		return in
	}
	first, second, local := come(p), come(other), s.in("ana@acme.test")
	disable := func(disabled bool) domain.Event {
		all := s.eventsSince(func() {
			_, err := s.admin.SetConnectionDisabled(s.Context(), s.boss(), p.connection.ID, disabled, domain.IfMatch{})
			require.NoError(s, err)
		})
		require.Len(s, all, 1)
		return all[0]
	}
	require.Equal(s, "1", disable(true).After.Get("sessions").Text())
	require.Equal(s, []string{"unauthenticated", "", ""}, []string{s.verdict(first), s.verdict(second), s.verdict(local)})
	_, err := s.arrive(p.says("1"))
	s.refused("connection_shut", err)
	disable(false)
	require.Equal(s, "unauthenticated", s.verdict(first), "for good")

	// One that begins while the connection is being disabled is refused all the same.
	first = come(p)
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
		return tx.Connections().Disable(s.org(), p.connection.ID, s.clock.Now())
	}))
	require.Equal(s, "unauthenticated", s.verdict(first))
	require.NoError(s, s.admin.DeleteConnection(s.Context(), s.boss(), other.connection.ID, domain.IfMatch{}))
	require.Equal(s, "unauthenticated", s.verdict(second))
	require.Empty(s, s.verdict(local))
	changed := p.says("1")
	changed.Identity.Issuer = "https://another.test"
	disable(false)
	_, err = s.arrive(changed)
	s.refused("connection_shut", err)
}

// sessionProviderLogout: what the provider ends is exactly those sessions.
func sessionProviderLogout(s *visit) {
	p, other := s.provider("idp"), s.provider("other")
	ana, bo := s.member("ana@acme.test"), s.member("bo@acme.test")
	s.linked(p, "1", ana.ID)
	s.linked(p, "2", bo.ID)
	s.linked(other, "1", ana.ID)
	come := func(d doorway, subject, sid string) domain.SignedIn {
		a := d.says(subject)
		a.ProviderSession, a.LogoutHint = sid, []byte("sealed "+sid)
		in, err := s.arrive(a)
		require.NoError(s, err)
		require.Equal(s, []byte("sealed "+sid), in.Session.LogoutHint)
		return in
	}
	says := func(sid, subject string) domain.ProviderEnding {
		return domain.ProviderEnding{
			Organisation: s.org(), Connection: p.connection.ID, Issuer: "https://idp.test", ProviderSession: sid, Subject: subject,
			Token: uuid.NewString(), Until: s.clock.Now().Add(11 * time.Minute),
		}
	}
	end := func(sid, subject string) int {
		n, err := s.entrance.EndByProvider(s.Context(), says(sid, subject), s.from)
		require.NoError(s, err)
		return n
	}
	a1, a2, a3, b1, elsewhere, local := come(p, "1", "s1"), come(p, "1", "s2"), come(p, "1", "s3"), come(p, "2", "s1"), come(other, "1", "s1"), s.in("ana@acme.test")
	alive := func() (list []bool) {
		for _, in := range []domain.SignedIn{a1, a2, a3, b1, elsewhere, local} {
			list = append(list, s.verdict(in) == "")
		}
		return list
	}
	require.Equal(s, []int{0, 0, 0, 0}, []int{end("", ""), end("s4", ""), end("s1", "3"), end("", "3")})
	require.Equal(s, []bool{true, true, true, true, true, true}, alive())
	made := s.eventsSince(func() { require.Equal(s, 1, end("s1", "1")) })
	require.Equal(s, []domain.EventType{domain.SessionEnded}, eventTypes(made))
	require.Equal(s, []any{"connection", ana.ID.UUID}, []any{made[0].Actor.Kind, made[0].Subject})
	require.Equal(s, []bool{false, true, true, true, true, true}, alive())
	require.Equal(s, 1, end("s2", ""))
	require.Equal(s, 1, end("", "1"))
	require.Equal(s, []bool{false, false, false, true, true, true}, alive(), "of this person, by this connection")
	require.Equal(s, 0, end("s1", "1"))

	// A token comes once, for as long as it would be taken; one whose work was not done may come again.
	token := says("s1", "2")
	_, err := domain.NewEntrance(halfway{s.store}, s.clock.Environment(), rand.Reader).EndByProvider(s.Context(), token, s.from)
	require.ErrorIs(s, err, errHalfway)
	require.Empty(s, s.verdict(b1))
	n, err := s.entrance.EndByProvider(s.Context(), token, s.from)
	require.NoError(s, err)
	require.Equal(s, 1, n)
	b1 = come(p, "2", "s1")
	_, err = s.entrance.EndByProvider(s.Context(), token, s.from)
	s.refused("token_replayed", err)
	require.Empty(s, s.verdict(b1))
	elsewhere = come(other, "1", "s9")
	foreign := token
	foreign.Connection, foreign.ProviderSession, foreign.Subject = other.connection.ID, "s9", "1"
	n, err = s.entrance.EndByProvider(s.Context(), foreign, s.from)
	require.NoError(s, err)
	require.Equal(s, 1, n, "what one provider calls a token says nothing of another's")
	require.NotEmpty(s, s.verdict(elsewhere))
	s.clock.Move(12 * time.Minute)
	token.Until = s.clock.Now().Add(11 * time.Minute)
	_, err = s.entrance.EndByProvider(s.Context(), token, s.from)
	require.NoError(s, err)
}

// halfway is a store in which the connection breaks before a unit of work is committed.
type halfway struct{ domain.Store }

var errHalfway = errors.New("the database went away")

func (h halfway) Write(ctx context.Context, do func(domain.Tx) error) error {
	return h.Store.Write(ctx, func(tx domain.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		return errHalfway
	})
}

// localSignIn: where local sign-in is off, passwords open something for owners alone, and whoever is not one is told so only
// once they have shown who they are.
func localSignIn(s *visit) {
	p := s.provider("idp")
	owner, ana := s.member("owner@acme.test"), s.member("ana@acme.test")
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), owner.ID, domain.IfMatch{}))
	invited := s.add("new@acme.test")
	s.forgot("ana@acme.test")
	reset := s.letter(ana.ID, domain.PasswordResetRequested)
	session, kept := s.in("ana@acme.test"), s.in("owner@acme.test")
	session = s.withPasskey(session).SignedIn
	s.policy(func(set *domain.Policy) { set.LocalSignIn = domain.LocalSignInOwnersOnly })
	require.Equal(s, []string{"unauthenticated", ""}, []string{s.verdict(session), s.verdict(kept)})
	_, err := s.signIn("ana@acme.test", goodPassword)
	s.refused("sign_in_refused", err)
	_, err = s.byPasskey(ana.ID, 5)
	s.refused("sign_in_refused", err)
	require.Empty(s, s.verdict(s.in("owner@acme.test")), "the way in for when all else is broken")
	opened, err := s.entrance.OpenLink(s.Context(), domain.LinkInvitation, s.invitation(invited))
	require.NoError(s, err)
	require.False(s, opened.Locally)
	_, err = s.entrance.AcceptInvitation(s.Context(), s.invitation(invited), goodPassword, s.from)
	s.refused("local_sign_in_off", err)
	s.refused("local_sign_in_off", s.entrance.ResetPassword(s.Context(), reset, otherPassword, s.from))
	require.Empty(s, s.eventsSince(func() { s.forgot("ana@acme.test") }))
	require.NotEmpty(s, s.eventsSince(func() { s.forgot("owner@acme.test") }))
	s.linked(p, "1", ana.ID)
	in, err := s.arrive(p.says("1"))
	require.NoError(s, err)
	_, err = s.entrance.ChangePassword(s.Context(), in.Token, goodPassword, otherPassword, s.from)
	s.refused("local_sign_in_off", err)
	_, err = s.admin.Add(s.Context(), s.boss(), domain.NewPerson{FullName: "T P", Email: "t@acme.test", Role: s.staff(), TemporaryPassword: goodPassword})
	s.refused("invalid_value temporary_password", err)
	coming := p.says("2")
	coming.Invitation = s.invitation(invited)
	_, err = s.arrive(coming)
	require.NoError(s, err, "invited people come by single sign-on")
}

// ownerLastLocalSignIn: switching local sign-in off keeps the owners' own way, which then counts when their connection goes;
// and it is refused where nobody else could come in.
func ownerLastLocalSignIn(s *visit) {
	off := func() error {
		_, err := s.admin.ChangePolicy(s.Context(), s.boss(), domain.IfMatch{}, func(set domain.Policy) (domain.Policy, error) {
			set.LocalSignIn = domain.LocalSignInOwnersOnly
			return set, nil
		})
		return err
	}
	s.refused("invalid_value local_sign_in", off())
	p := s.provider("idp")
	disable := func(disabled bool) error {
		_, err := s.admin.SetConnectionDisabled(s.Context(), s.boss(), p.connection.ID, disabled, domain.IfMatch{})
		return err
	}
	require.NoError(s, disable(true))
	s.refused("invalid_value local_sign_in", off())
	require.NoError(s, disable(false))
	owner := s.pushedBy(p, "owner", "e1", "owner@acme.test")
	s.linked(p, "1", owner.ID)
	_, err := s.arrive(p.says("1"))
	require.NoError(s, err)
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), owner.ID, domain.IfMatch{}))
	require.NoError(s, off())
	made := s.eventsSince(func() { s.refused("last_owner", disable(true)) })
	require.Equal(s, []domain.EventType{domain.OwnerProtected}, eventTypes(made), "the only way in of the only owner")
	second := s.add("second@acme.test")
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), second.ID, domain.IfMatch{}))
	_, err = s.entrance.AcceptInvitation(s.Context(), s.invitation(second), goodPassword, s.from)
	require.NoError(s, err)
	require.NoError(s, disable(true), "another owner's password is a way in, though nobody else's is")
	require.Empty(s, s.verdict(s.in("second@acme.test")))
}

// doorways: the ways in of an organisation, by its short name or the domain of an address, whoever has that address or not.
func doorways(s *visit) {
	p, untrusted := s.provider("idp"), s.provider("second")
	s.proved(s.ownDomain(), p)
	of := func(r domain.Doorway) (names []string) {
		for _, way := range r.Ways {
			names = append(names, way.Name)
		}
		return names
	}
	realm, err := s.entrance.DoorwayBySlug(s.Context(), s.tenant.Organisation.Slug)
	require.NoError(s, err)
	require.Equal(s, []string{"idp", "second"}, of(realm))
	require.True(s, realm.Locally)
	_, err = s.entrance.DoorwayBySlug(s.Context(), "no-such")
	storetest.Gone(s, err)
	s.member("ana@" + s.ownDomain())
	known, err := s.entrance.DoorwaysByEmail(s.Context(), " ana@"+strings.ToUpper(s.ownDomain()))
	require.NoError(s, err)
	unknown, err := s.entrance.DoorwaysByEmail(s.Context(), "nobody@"+s.ownDomain())
	require.NoError(s, err)
	require.Equal(s, known, unknown, "nobody learns who has an account")
	require.Len(s, known, 1)
	require.Equal(s, []any{s.org(), []string{"idp"}}, []any{known[0].Organisation.ID, of(known[0])})
	for _, text := range []string{"", "ana", "@" + s.ownDomain(), "ana@", "ana@elsewhere.test", "ana@x." + s.ownDomain()} {
		none, err := s.entrance.DoorwaysByEmail(s.Context(), text)
		require.NoError(s, err)
		require.Empty(s, none, text)
	}
	_, err = s.admin.SetConnectionDisabled(s.Context(), s.boss(), untrusted.connection.ID, true, domain.IfMatch{})
	require.NoError(s, err)
	s.policy(func(set *domain.Policy) { set.LocalSignIn = domain.LocalSignInOwnersOnly })
	realm, err = s.entrance.Doorway(s.Context(), s.org())
	require.NoError(s, err)
	require.Equal(s, []string{"idp"}, of(realm))
	require.False(s, realm.Locally)
	door, err := s.entrance.Door(s.Context(), untrusted.connection.ID)
	require.NoError(s, err)
	require.False(s, door.Connection.DisabledAt.IsZero())
	_, err = s.entrance.Door(s.Context(), domain.ConnectionID{UUID: uuid.New()})
	storetest.Gone(s, err)
}
