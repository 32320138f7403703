package domain_test

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// accessImmediateSession: what happens to a person holds for their session's next request.
func accessImmediateSession(s *visit) {
	u := s.member("ana@acme.test")
	in := s.in("ana@acme.test")
	require.NoError(s, s.admin.Block(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	require.Equal(s, "access_refused blocked", s.verdict(in))
	require.NoError(s, s.admin.Unblock(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	require.Empty(s, s.verdict(in))
	p, err := s.entrance.Verify(s.Context(), in.Token)
	require.NoError(s, err)
	require.False(s, p.Owner)
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	p, err = s.entrance.Verify(s.Context(), in.Token)
	require.NoError(s, err)
	require.True(s, p.Owner)
	require.NoError(s, s.admin.EndSessions(s.Context(), s.clerk("users:edit"), u.ID, domain.IfMatch{}))
	require.Equal(s, "unauthenticated", s.verdict(in))
}

// accessWindowSession: a session opens nothing while the window is shut.
func accessWindowSession(s *visit) {
	u := s.member("ana@acme.test")
	in := s.in("ana@acme.test")
	until := s.clock.Now().Format(time.DateOnly)
	_, err := s.admin.SetWindow(s.Context(), s.boss(), u.ID, domain.IfMatch{}, domain.WindowSpec{ValidUntil: until})
	require.NoError(s, err)
	require.Empty(s, s.verdict(in))
	midnight := s.clock.Now().Truncate(24 * time.Hour).Add(24 * time.Hour)
	s.policy(func(p *domain.Policy) { p.SessionIdleHours = 100 })
	s.clock.Move(midnight.Sub(s.clock.Now()))
	require.Equal(s, "access_refused no_longer_valid", s.verdict(in))
	_, err = s.signIn("ana@acme.test", goodPassword)
	s.refused("access_refused no_longer_valid", err)

	// What ended does not begin again when the window opens again, though no sweep has come by meanwhile.
	monday := time.Date(2035, 6, 4, 12, 0, 0, 0, time.UTC)
	s.clock.Move(monday.Sub(s.clock.Now()))
	s.policy(func(p *domain.Policy) { p.PasswordDays = 0 })
	_, err = s.admin.SetWindow(s.Context(), s.boss(), u.ID, domain.IfMatch{}, domain.WindowSpec{Schedule: "mon 09:00-13:00, mon 15:00-18:00"})
	require.NoError(s, err)
	in = s.in("ana@acme.test")
	s.clock.Move(time.Hour - time.Millisecond)
	require.Empty(s, s.verdict(in))
	s.clock.Move(time.Millisecond)
	require.Equal(s, "access_refused outside_schedule", s.verdict(in))
	s.clock.Move(2*time.Hour - time.Millisecond)
	require.Equal(s, "access_refused outside_schedule", s.verdict(in))
	s.clock.Move(time.Millisecond)
	require.Equal(s, "unauthenticated", s.verdict(in))
	require.Empty(s, s.verdict(s.in("ana@acme.test")), "they sign in again")

	// Nor does it when somebody opens the window by hand.
	window := func(spec domain.WindowSpec) {
		_, err := s.admin.SetWindow(s.Context(), s.boss(), u.ID, domain.IfMatch{}, spec)
		require.NoError(s, err)
	}
	in = s.in("ana@acme.test")
	window(domain.WindowSpec{ValidUntil: "2035-06-03"})
	require.Equal(s, "access_refused no_longer_valid", s.verdict(in), "with the reason")
	window(domain.WindowSpec{ValidUntil: "2035-06-02"})
	require.Equal(s, "access_refused no_longer_valid", s.verdict(in))
	ended := []domain.EventType{domain.AccessWindowChanged, domain.SessionEnded, domain.SessionEnded, domain.SessionEnded} // with those from before
	require.Equal(s, ended, eventTypes(s.eventsSince(func() {
		window(domain.WindowSpec{})
	})))
	require.Equal(s, "unauthenticated", s.verdict(in))
	window(domain.WindowSpec{Schedule: "mon 09:00-15:30, mon 15:45-18:00"})
	in = s.in("ana@acme.test")
	s.clock.Move(time.Hour)
	fresh := s.in("ana@acme.test")
	window(domain.WindowSpec{Schedule: "mon 09:00-18:00"})
	require.Equal(s, "unauthenticated", s.verdict(in), "it was closed for a while, and nobody looked")
	require.Empty(s, s.verdict(fresh))
	window(domain.WindowSpec{Schedule: "mon 10:00-18:00"})
	require.Empty(s, s.verdict(fresh))
}

func suspendOrganisationSession(s *visit) {
	s.member("ana@acme.test")
	in := s.in("ana@acme.test")
	suspend := func(at time.Time) {
		require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error { return tx.Organisations().Suspend(s.org(), at) }))
	}
	suspend(s.clock.Now())
	require.Equal(s, "access_refused organisation_suspended", s.verdict(in))
	_, err := s.signIn("ana@acme.test", goodPassword)
	s.refused("access_refused organisation_suspended", err)
	suspend(time.Time{})
	require.Empty(s, s.verdict(in), "all is as it was")
}

// presence: a session's use is noted, to the minute, and is access as the clock of inactivity counts it.
func presence(s *visit) {
	u := s.member("ana@acme.test")
	in := s.in("ana@acme.test")
	seen := func() time.Time {
		list, err := s.admin.Sessions(s.Context(), s.boss(), u.ID)
		require.NoError(s, err)
		return list[0].SeenAt
	}
	began := s.clock.Now()
	require.Equal(s, began, seen())
	s.clock.Move(59 * time.Second)
	require.Empty(s, s.verdict(in))
	require.Equal(s, began, seen(), "once a minute")
	s.clock.Move(time.Second)
	require.Empty(s, s.verdict(in))
	require.Equal(s, s.clock.Now(), seen())
	person, err := s.admin.Person(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.Equal(s, s.clock.Now(), person.LastSeenAt)
	require.True(s, person.Online)
	s.clock.Move(5 * time.Minute)
	person, err = s.admin.Person(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.True(s, person.Online)
	s.clock.Move(time.Millisecond)
	person, err = s.admin.Person(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.False(s, person.Online)
}

// sessionLimits: idle for 12 hours or a week old, by policy, a session has ended; and one whose steps are not taken in time.
func sessionLimits(s *visit) {
	s.member("ana@acme.test")
	in := s.in("ana@acme.test")
	s.clock.Move(12*time.Hour - time.Millisecond)
	require.Empty(s, s.verdict(in))
	s.clock.Move(12 * time.Hour)
	require.Equal(s, "unauthenticated", s.verdict(in), "idle")
	in = s.in("ana@acme.test")
	for range 16 {
		s.clock.Move(10 * time.Hour)
		require.Empty(s, s.verdict(in))
	}
	s.clock.Move(8 * time.Hour)
	require.Equal(s, "unauthenticated", s.verdict(in), "a week old")
	s.policy(func(p *domain.Policy) { p.SessionIdleHours, p.MFA = 1, domain.MFARequired })
	in = s.in("ana@acme.test")
	s.clock.Move(15 * time.Minute)
	require.Equal(s, "unauthenticated", s.verdict(in), "unfinished")
}

// sessionToken: a session is found by its token alone, other sessions of the person are listed and ended, signing out ends it,
// and a changed password ends the others.
func sessionToken(s *visit) {
	u := s.member("ana@acme.test")
	a, b, c := s.in("ana@acme.test"), s.in("ana@acme.test"), s.in("ana@acme.test")
	require.True(s, strings.HasPrefix(a.Token, domain.SessionTokenPrefix))
	for _, wrong := range []string{"", a.Token + "A", a.Token[:len(a.Token)-3] + "AAA", strings.Replace(a.Token, "session", "api", 1)} {
		require.Equal(s, "unauthenticated", s.verdict(domain.SignedIn{Token: wrong}))
	}
	list, err := s.entrance.Sessions(s.Context(), a.Token)
	require.NoError(s, err)
	require.Len(s, list, 4, "one began with the invitation")
	require.Equal(s, "Firefox ", list[0].Agent)
	require.NoError(s, s.entrance.EndSession(s.Context(), a.Token, b.Session.ID, s.from))
	require.Equal(s, "unauthenticated", s.verdict(b))
	storetest.Gone(s, s.entrance.EndSession(s.Context(), a.Token, b.Session.ID, s.from))
	foreign := s.member("bo@acme.test")
	other := s.in("bo@acme.test")
	storetest.Gone(s, s.entrance.EndSession(s.Context(), a.Token, other.Session.ID, s.from))
	storetest.Gone(s, s.admin.EndSession(s.Context(), s.boss(), foreign.ID, a.Session.ID))
	made := s.eventsSince(func() {
		require.NoError(s, s.entrance.SignOut(s.Context(), c.Token, s.from))
		require.NoError(s, s.entrance.SignOut(s.Context(), c.Token, s.from))
	})
	require.Equal(s, []domain.EventType{domain.SessionEnded}, eventTypes(made))
	require.Equal(s, "unauthenticated", s.verdict(c))
	d := s.in("ana@acme.test")
	changed, err := s.entrance.ChangePassword(s.Context(), a.Token, goodPassword, otherPassword, s.from)
	require.NoError(s, err)
	require.Equal(s, []string{"unauthenticated", "unauthenticated", ""}, []string{s.verdict(a), s.verdict(d), s.verdict(changed)})
	require.NoError(s, s.admin.EndSession(s.Context(), s.boss(), u.ID, changed.Session.ID))
	require.Equal(s, "unauthenticated", s.verdict(changed))
}

// signInSaysNothing: whoever is not in learns nothing: one refusal for all, whatever is wrong.
func signInSaysNothing(s *visit) {
	s.member("ana@acme.test")
	off := s.member("off@acme.test")
	s.deactivate(off.ID)
	gone := s.member("gone@acme.test")
	require.NoError(s, s.admin.Delete(s.Context(), s.boss(), gone.ID, domain.IfMatch{}))
	s.add("pending@acme.test")
	s.provision("directory@acme.test")
	var texts []string
	for _, name := range []string{"ana@acme.test", "off@acme.test", "gone@acme.test", "pending@acme.test", "directory@acme.test", "nobody@acme.test", "", "'; --"} {
		for _, password := range []string{wrongPassword, "", "null"} {
			s.from.Address = uuid.NewString()
			_, err := s.signIn(name, password)
			s.refused("sign_in_refused", err)
			texts = append(texts, err.Error())
		}
	}
	_, err := s.entrance.SignIn(s.Context(), domain.OrganisationID{UUID: uuid.New()}, "ana@acme.test", goodPassword, s.from)
	texts = append(texts, err.Error())
	_, err = s.signIn("off@acme.test", goodPassword)
	texts = append(texts, err.Error())
	for _, text := range texts {
		require.Equal(s, texts[0], text)
	}
}

// secretsNowhere: no token and no password is in any row.
func secretsNowhere(s *visit) {
	u := s.add("ana@acme.test")
	token := s.invitation(u)
	in, err := s.entrance.AcceptInvitation(s.Context(), token, goodPassword, s.from)
	require.NoError(s, err)
	enrolled, err := s.entrance.Enrol(s.Context(), in.Token, seed("ana"), s.from)
	require.NoError(s, err)
	code := strings.ReplaceAll(enrolled.RecoveryCodes[0], "-", "")
	in, device := s.known("ana@acme.test")
	s.forgot("ana@acme.test")
	reset := s.letter(u.ID, domain.PasswordResetRequested)
	s.nowhere(token[:20], in.Token[:20], device[:20], reset[:20], goodPassword[:20], code, strings.ToUpper(code), enrolled.RecoveryCodes[0])
}
