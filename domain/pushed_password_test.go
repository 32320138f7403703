package domain_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

// pushPassword provisions somebody with a good password.
func (s *visit) pushPassword(userName string, more ...attribute.Member) domain.User {
	s.Helper()
	u, err := s.directory.ProvisionWith(s.Context(), s.caller, storetest.Person(userName, more...), pushed(goodPassword))
	require.NoError(s, err)
	return u
}

func pushed(password string) domain.PushedPassword {
	return domain.PushPassword(attribute.NewString(password))
}

// repush changes somebody as the directory does, with a password.
func (s *visit) repush(u domain.User, password domain.PushedPassword, set ...attribute.Member) (domain.User, error) {
	return s.directory.ChangeUserWith(s.Context(), s.caller, u.ID, domain.IfMatch{}, nil, storetest.Setting(set...), password)
}

// provisionPasswordKept: where the connection's policy keeps pushed passwords, one becomes the person's as if they had chosen
// it, if rule password.policy lets it; the same one again changes nothing, and another connection's are dropped.
func provisionPasswordKept(s *visit) {
	dropped := s.pushPassword("dropped@acme.test")
	_, err := s.signIn("dropped@acme.test", goodPassword)
	s.refused("sign_in_refused", err)
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.PasswordSync = domain.PasswordKeep })
	other := s.another("other")
	_, err = s.directory.ProvisionWith(s.Context(), other, storetest.Person("other@acme.test"), pushed("short"))
	require.NoError(s, err)

	made := s.eventsSince(func() { s.pushPassword("ana@acme.test", storetest.Emails("ana@acme.test")) })
	require.Equal(s, []domain.EventType{domain.UserCreated, domain.PasswordChanged}, eventTypes(made))
	require.Equal(s, "pushed", made[1].After.Get("how").Text())
	require.Equal(s, s.caller.Connection.UUID, made[1].Actor.ID)
	in := s.in("ana@acme.test")
	require.Empty(s, s.verdict(in), "it is not temporary")

	ana := s.user(in.Session.User)
	made = s.eventsSince(func() {
		for _, same := range []domain.PushedPassword{pushed(goodPassword), pushed(""), domain.PushPassword(attribute.Value{}), {}} {
			is, err := s.repush(ana, same)
			require.NoError(s, err)
			require.Equal(s, ana.Version, is.Version)
		}
	})
	require.Empty(s, made)
	require.Empty(s, s.verdict(in))

	// Bad ones are refused, and nothing else of the push is done.
	for _, bad := range []string{
		"short", strings.Repeat("x", 257), strings.Repeat("x", 1<<20), "password1234567", "broken \xff utf-8 of somebody",
	} {
		made = s.eventsSince(func() {
			_, err = s.repush(ana, pushed(bad), storetest.Text("title", "x"))
			storetest.Refused(s, err, domain.Invalid, domain.CodePasswordRefused)
			_, err = s.directory.ProvisionWith(s.Context(), s.caller, storetest.Person("new@acme.test"), pushed(bad))
			storetest.Refused(s, err, domain.Invalid, domain.CodePasswordRefused)
		})
		require.Empty(s, made, "%.20q", bad)
	}
	made = s.eventsSince(func() {
		_, err = s.repush(ana, pushed("my ana@acme.test here"), storetest.Text("title", "x"))
		storetest.Refused(s, err, domain.Invalid, domain.CodePasswordRefused)
		_, err = s.directory.ProvisionWith(s.Context(), s.caller, storetest.Person("newcomer"), pushed("I am the Newcomer"))
		storetest.Refused(s, err, domain.Invalid, domain.CodePasswordRefused)
	})
	require.Empty(s, made, "with the user name in it")
	for _, bad := range []attribute.Value{attribute.NewBool(true), attribute.NewList(attribute.NewString(goodPassword)), attribute.NewComplex()} {
		_, err = s.repush(ana, domain.PushPassword(bad))
		storetest.Refused(s, err, domain.Invalid, domain.CodePasswordRefused)
	}
	require.Empty(s, s.verdict(in))

	// Another one ends the sessions and the links to choose one, and the user name of the same push counts.
	require.NoError(s, s.admin.ResetPassword(s.Context(), s.boss(), ana.ID, domain.IfMatch{}))
	link := s.letter(ana.ID, domain.PasswordResetRequested)
	_, err = s.repush(ana, pushed(otherPassword), storetest.Text("userName", "lanterns"))
	storetest.Refused(s, err, domain.Invalid, domain.CodePasswordRefused)
	made = s.eventsSince(func() {
		is, err := s.repush(ana, pushed(otherPassword))
		require.NoError(s, err)
		require.Equal(s, ana.Version, is.Version, "a password is no attribute that shows")
	})
	require.ElementsMatch(s, []domain.EventType{domain.SessionEnded, domain.PasswordResetRevoked, domain.PasswordChanged}, eventTypes(made))
	require.Equal(s, "unauthenticated", s.verdict(in))
	s.refused("link_not_good revoked", s.entrance.ResetPassword(s.Context(), link, goodPassword, s.from))
	_, err = s.signIn("ana@acme.test", goodPassword)
	s.refused("sign_in_refused", err)
	_, err = s.signIn("ana@acme.test", otherPassword)
	require.NoError(s, err)

	// Who was dropped before has one now; a foreign id and a stale version are what they are without a password.
	_, err = s.repush(dropped, pushed(goodPassword))
	require.NoError(s, err)
	s.in("dropped@acme.test")
	_, err = s.directory.ChangeUserWith(s.Context(), other, ana.ID, domain.IfMatch{}, nil, storetest.Setting(), pushed(goodPassword))
	storetest.Gone(s, err)
	_, err = s.directory.ChangeUserWith(s.Context(), s.caller, ana.ID, domain.IfMatch{Set: true, Versions: []int64{77}}, nil, storetest.Setting(), pushed(goodPassword))
	storetest.Refused(s, err, domain.Precondition, domain.CodeVersionMismatch)

	// It expires like any other, and lifts no block.
	for range 6 {
		_, err = s.signIn("dropped@acme.test", wrongPassword)
		s.refused("sign_in_refused", err)
	}
	_, err = s.repush(dropped, pushed(otherPassword))
	require.NoError(s, err)
	_, err = s.signIn("dropped@acme.test", otherPassword)
	s.refused("sign_in_refused", err)
	s.clock.Move(120 * 24 * time.Hour)
	in, err = s.signIn("ana@acme.test", otherPassword)
	require.NoError(s, err)
	require.Equal(s, "step_missing change_password", s.verdict(in))

	for _, shown := range []string{pushed(goodPassword).String(), fmt.Sprintf("%+v", pushed(goodPassword)), fmt.Sprintf("%#v", pushed(goodPassword))} {
		require.NotContains(s, shown, "mule")
	}
}

// provisionPasswordAtOnce: of several passwords at the same moment one is the person's afterwards.
func provisionPasswordAtOnce(s *visit) {
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.PasswordSync = domain.PasswordKeep })
	u := s.pushPassword("ana@acme.test")
	const pushes = 4
	require.Equal(s, map[string]int{"": pushes}, outcomes(s.T, concurrently(pushes, func(i int) error {
		_, err := s.repush(u, pushed(fmt.Sprintf("%s, the %d", otherPassword, i)))
		return err
	})))
	right := 0
	for i := range pushes {
		if _, err := s.signIn("ana@acme.test", fmt.Sprintf("%s, the %d", otherPassword, i)); err == nil {
			right++
		}
	}
	require.Equal(s, 1, right)
}
