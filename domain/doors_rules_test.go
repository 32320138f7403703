package domain_test

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// The rules of what people get in by, each under its name, over every database.
func TestRulesOfDoors(t *testing.T) {
	t.Parallel()
	each := storetest.Shared(t)
	for name, rule := range map[string]func(*visit){
		"invite.mail":                    inviteMail,
		"invite.once":                    inviteOnce,
		"invite.sso":                     inviteSSO,
		"first-access":                   firstAccess,
		"first-access.email":             firstAccessByEmail,
		"first-access.external-id":       firstAccessByExternalID,
		"first-access.just-in-time":      firstAccessJustInTime,
		"first-access.name":              firstAccessNames,
		"first-access.seat":              firstAccessSeat,
		"first-access.at-once":           firstAccessAtOnce,
		"first-access.turned-away":       firstAccessTurnedAway,
		"first-access.groups":            firstAccessGroups,
		"mapping.apply-declared":         mappingApplyDeclared,
		"mapping.rebind-declared":        mappingRebindDeclared,
		"mapping.apply-declared-at-once": mappingApplyDeclaredAtOnce,
		"first-access.refresh":           firstAccessRefresh,
		"first-access.suspended":         firstAccessSuspended,
		"access.mfa-single-sign-on":      accessMFASingleSignOn,
		"access.decision-hindrances":     accessDecisionHindrances,
		"connection.disabled":            connectionDisabledSessions,
		"session.provider-logout":        sessionProviderLogout,
		"local-sign-in":                  localSignIn,
		"owner.last-local-sign-in":       ownerLastLocalSignIn,
		"doorway":                        doorways,
		"invite.resend":                  inviteResend,
		"invite.accept":                  inviteAccept,
		"invite.confirm":                 inviteConfirmEndsLink,
		"invite.temporary-password":      inviteTemporaryPassword,
		"provision.activation":           provisionActivationInvite,
		"provision.password-kept":        provisionPasswordKept,
		"provision.password-at-once":     provisionPasswordAtOnce,
		"password.policy":                passwordPolicy,
		"password.expiry":                passwordExpiry,
		"email.unique-reset":             emailUniqueReset,
		"password.reset":                 passwordReset,
		"password.reset-afterwards":      resetAfterwards,
		"password.reset-waits-once":      resetWaitsOnce,
		"block.failed":                   blockFailed,
		"block.failed-at-once":           blockFailedAtOnce,
		"block.failed-anyhow":            blockFailedAnyhow,
		"block.failed-in-session":        blockFailedInSession,
		"block.failed-meanwhile":         blockFailedMeanwhile,
		"block.unblock":                  blockUnblockClears,
		"block.no-lockout-dos":           blockNoLockoutDOS,
		"block.failed-codes":             blockFailedCodes,
		"mfa.reset":                      mfaReset,
		"access.mfa":                     accessMFA,
		"access.mfa-person":              accessMFAOfPerson,
		"access.mfa-factors":             accessMFAFactors,
		"access.mfa-no-way-round":        accessMFANoWayRound,
		"access.mfa-code-once":           accessMFACodeOnce,
		"access.mfa-recovery":            accessMFARecovery,
		"access.mfa-device":              accessMFADevice,
		"access.mfa-passkey":             accessMFAPasskey,
		"access.mfa-remove":              accessMFARemove,
		"access.mfa-others-end":          accessMFAOthersEnd,
		"session.proof":                  sessionProof,
		"access.immediate":               accessImmediateSession,
		"access.window":                  accessWindowSession,
		"seat.wait-invited":              seatWaitInvited,
		"invite.resend-by-directory":     inviteResendByDirectory,
		"invite.resend-anew":             inviteResendAnew,
		"seat.wait-doors":                seatWaitDoors,
		"deactivate.doors":               deactivateDoors,
		"deactivate.doors-keys":          deactivateEndsKeys,
		"deactivate.doors-made-keys":     deactivateEndsKeysOfKeys,
		"owner.escalation-address":       escalationOfAddress,
		"owner.escalation-credentials":   escalationOfCredentials,
		"suspend.organisation":           suspendOrganisationSession,
		"presence":                       presence,
		"owner.last":                     ownerLastSlowed,
		"owner.last-way-in":              ownerLastWayIn,
		"owner.last-identity":            ownerLastIdentity,
		"owner.last-issuer":              ownerLastIssuer,
		"owner.last-temporary":           ownerLastTemporary,
		"connection.client":              connectionClient,
		"identity.unlink":                unlinkIdentity,
		"session.limits":                 sessionLimits,
		"session.token":                  sessionToken,
		"sign-in.says-nothing":           signInSaysNothing,
		"secrets.nowhere-in-clear":       secretsNowhere,
		"delete.purge":                   purgeDoors,
		"delete.purge-everywhere":        purgeEverywhere,
		"delete.purge-from-where":        purgeFromWhere,
		"delete.names":                   archivedIdentity,
		"invite.accept-at-once":          acceptAtOnce,
		"password.reset-once":            resetAtOnce,
		"provision.activation-email":     readdressedLink,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, store *persistence.Store) {
				s := newVisit(newScene(t, store, -1))
				rule(s)
				if !t.Failed() {
					storetest.Consistent(t, store, s.org())
				}
			})
		})
	}
}

// visit is a scene with its entrance.
type visit struct {
	*scene
	entrance *domain.Entrance
	from     domain.Visitor
}

func newVisit(s *scene) *visit {
	return &visit{
		scene: s, entrance: domain.NewEntrance(s.store, s.clock.Environment(), rand.Reader),
		from: domain.Visitor{Address: "192.0.2.7", Agent: "Firefox\n", RequestID: "r-7"},
	}
}

const (
	goodPassword  = "a mule on the harbour"
	otherPassword = "nine lanterns in snow"
	wrongPassword = "no lantern in the snow"
)

// forgot asks for a new password by a name, and lets the server do what follows.
func (s *visit) forgot(name string) {
	s.Helper()
	require.NoError(s, s.entrance.RequestReset(s.Context(), s.org(), name, s.from))
	storetest.SendResets(s, s.store, s.org(), s.entrance)
}

// letter is the token of the last link of a kind that an event told of.
func (s *visit) letter(u domain.UserID, what domain.EventType) string {
	s.Helper()
	kind := domain.LinkInvitation
	if what == domain.PasswordResetRequested {
		kind = domain.LinkReset
	}
	all := s.events()
	for _, event := range slices.Backward(all) {
		if event.Type == what && event.Subject == u.UUID {
			id, ok := domain.ParseID[domain.Link](event.After.Get("link").Text())
			require.True(s, ok)
			return storetest.Links().Token(s.org(), kind, id)
		}
	}
	s.Fatal("no such letter")
	return ""
}

func (s *visit) invitation(u domain.User) string {
	s.Helper()
	return s.letter(u.ID, domain.UserInvited)
}

// member is somebody active with a password.
func (s *visit) member(email string) domain.User {
	s.Helper()
	u := s.add(email)
	_, err := s.entrance.AcceptInvitation(s.Context(), s.invitation(u), goodPassword, s.from)
	require.NoError(s, err)
	return s.found(u.ID)
}

func (s *visit) signIn(name, password string) (domain.SignedIn, error) {
	return s.entrance.SignIn(s.Context(), s.org(), name, password, s.from)
}

func (s *visit) in(name string) domain.SignedIn {
	s.Helper()
	in, err := s.signIn(name, goodPassword)
	require.NoError(s, err)
	return in
}

// verdict of a session: empty where it opens, else code and field.
func (s *visit) verdict(in domain.SignedIn) string {
	s.Helper()
	_, err := s.entrance.Verify(s.Context(), in.Token)
	return verdict(s.T, err)
}

func verdict(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var refusal *domain.Error
	require.ErrorAs(t, err, &refusal)
	require.NotEqual(t, domain.Internal, refusal.Kind, "%v", err)
	return strings.TrimSuffix(refusal.Code+" "+refusal.Field, " ")
}

func (s *visit) refused(code string, err error) {
	s.Helper()
	require.Error(s, err)
	require.Equal(s, code, verdict(s.T, err))
}

// inviteMail: adding by hand sends an invitation, of which the event has no token; the person is pending and cannot sign in.
func inviteMail(s *visit) {
	u := s.add("ana@acme.test")
	require.Equal(s, domain.Pending, u.Status)
	token := s.invitation(u)
	for _, e := range s.events() {
		require.NotContains(s, e.After.Text(), domain.LinkTokenPrefix)
	}
	for _, password := range []string{"", "null", goodPassword} {
		_, err := s.signIn("ana@acme.test", password)
		s.refused("sign_in_refused", err)
	}
	invitation, err := s.admin.Invitation(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.Equal(s, domain.LinkOpen, invitation.State)
	require.Equal(s, s.clock.Now().Add(7*24*time.Hour), invitation.ExpiresAt)
	opened, err := s.entrance.OpenLink(s.Context(), domain.LinkInvitation, token)
	require.NoError(s, err)
	require.Equal(s, domain.Opened{Organisation: s.org(), Locally: true, User: u.ID, UserName: "ana@acme.test", Display: "Ana Łuk", ExpiresAt: invitation.ExpiresAt}, opened)
	require.Equal(s, domain.Pending, s.found(u.ID).Status, "opening it, as a mail scanner does, changes nothing")
	off := s.done(s.admin.Add(s.Context(), s.boss(), domain.NewPerson{FullName: "Off", Email: "off@acme.test", Role: s.staff(), Disabled: true}))
	_, err = s.admin.Invitation(s.Context(), s.boss(), off.ID)
	storetest.Gone(s, err)
}

// inviteOnce: an invitation works once, ends in time, and ends with a newer one, a changed address, a deactivation and
// another way in; whoever has an expired one can ask for a new one.
func inviteOnce(s *visit) {
	accept := func(token string) error {
		_, err := s.entrance.AcceptInvitation(s.Context(), token, goodPassword, s.from)
		return err
	}
	u := s.add("once@acme.test")
	token := s.invitation(u)
	require.NoError(s, accept(token))
	s.refused("link_not_good accepted", accept(token))
	s.refused("link_not_good", accept(token[:len(token)-2]+"AA"))
	s.refused("link_not_good", accept(storetest.Links().Token(s.org(), domain.LinkReset, domain.LinkID{UUID: uuid.New()})))
	s.refused("link_not_good", accept(storetest.Links().Token(s.org(), domain.LinkInvitation, domain.LinkID{UUID: uuid.New()})))

	for how, end := range map[string]func(u domain.User){
		"newer": func(u domain.User) {
			_, err := s.admin.Invite(s.Context(), s.boss(), u.ID, domain.IfMatch{})
			require.NoError(s, err)
		},
		"deactivated": func(u domain.User) { s.deactivate(u.ID) },
		"in":          func(u domain.User) { s.done(s.admin.Confirm(s.Context(), s.boss(), u.ID, domain.IfMatch{})) },
		"address": func(u domain.User) {
			s.policy(func(p *domain.Policy) { p.EmailChange = domain.EmailChangeAdministrator })
			address := "new." + u.UserName.Text
			s.done(s.admin.Edit(s.Context(), s.boss(), u.ID, domain.IfMatch{}, domain.PersonChange{Email: &address}))
		},
		"deleted": func(u domain.User) {
			require.NoError(s, s.admin.Delete(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
		},
	} {
		u := s.add(how + "@acme.test")
		token := s.invitation(u)
		made := s.eventsSince(func() { end(u) })
		require.Contains(s, eventTypes(made), domain.UserInvitationRevoked, how)
		s.refused("link_not_good revoked", accept(token))
		require.NoError(s, s.entrance.AskAgain(s.Context(), token, s.from))
		if how != "newer" {
			require.NotContains(s, eventTypes(s.eventsSince(func() { require.NoError(s, s.entrance.AskAgain(s.Context(), token, s.from)) })), domain.UserInvited, how)
		}
	}

	late := s.add("late@acme.test")
	token = s.invitation(late)
	require.Empty(s, s.eventsSince(func() { require.NoError(s, s.entrance.AskAgain(s.Context(), token, s.from)) }), "it is still good")
	s.clock.Move(7*24*time.Hour - time.Millisecond)
	_, err := s.entrance.OpenLink(s.Context(), domain.LinkInvitation, token)
	require.NoError(s, err)
	s.clock.Move(time.Millisecond)
	s.refused("link_not_good expired", accept(token))
	made := s.eventsSince(func() { require.NoError(s, s.entrance.AskAgain(s.Context(), token, s.from)) })
	require.Equal(s, []domain.EventType{domain.UserInvitationExpired, domain.UserInvited}, eventTypes(made))
	require.Equal(s, late.ID.UUID, made[1].Subject)
	require.NoError(s, accept(s.invitation(late)))
}

// inviteSSO: the open link binds the identity that comes with it, and only then is the person found by it.
func inviteSSO(s *visit) {
	p, second := s.provider("idp"), s.provider("second")
	u, v := s.add("ana@acme.test"), s.add("bo@acme.test")
	_, err := s.arrive(p.says("00u1"))
	s.refused("no_account unknown", err)
	coming := p.says("00u1")
	coming.Invitation = s.invitation(u)
	var in domain.SignedIn
	made := s.eventsSince(func() {
		in, err = s.arrive(coming)
		require.NoError(s, err)
	})
	require.Equal(s, []domain.EventType{domain.IdentityLinked, domain.UserInvitationAccepted, domain.SignedInEvent}, eventTypes(made))
	require.Equal(s, "invitation", made[0].After.Get("by").Text())
	require.Equal(s, "single_sign_on", made[1].After.Get("method").Text())
	require.Equal(s, p.connection.ID.String(), made[2].After.Get("connection").Text())
	require.Empty(s, s.verdict(in))
	require.Equal(s, domain.Active, s.found(u.ID).Status)
	again, err := s.arrive(p.says("00u1"))
	require.NoError(s, err)
	require.Equal(s, u.ID, again.Session.User)

	coming.Invitation = s.invitation(v)
	in, err = s.arrive(coming)
	require.NoError(s, err)
	require.Equal(s, u.ID, in.Session.User, "an identity that is somebody's stays theirs")
	require.Equal(s, domain.Pending, s.found(v.ID).Status, "and the invitation open")
	_, err = s.arrive(second.says("00u1"))
	s.refused("no_account unknown", err)
	coming = second.says("00u1")
	coming.Invitation = s.invitation(v)
	in, err = s.arrive(coming)
	require.NoError(s, err)
	require.Equal(s, v.ID, in.Session.User, "the same subject by another connection is somebody else")
	for _, wrong := range []domain.Arriving{p.says(""), p.says(strings.Repeat("x", 256))} {
		wrong.Invitation = s.invitation(s.add(uuid.NewString() + "@acme.test"))
		_, err = s.arrive(wrong)
		s.refused("invalid_value subject", err)
	}
	pushed, err := s.directory.Provision(s.Context(), second.caller, storetest.Person("foreign@acme.test", storetest.Emails("foreign@acme.test")))
	require.NoError(s, err)
	_, err = s.admin.Invite(s.Context(), s.boss(), pushed.ID, domain.IfMatch{})
	require.NoError(s, err)
	coming = p.says("00u9")
	coming.Invitation = s.invitation(pushed)
	_, err = s.arrive(coming)
	s.refused("no_account foreign", err)

	other := s.add("cleo@acme.test")
	coming.Invitation = s.invitation(other)
	s.clock.Move(7 * 24 * time.Hour)
	_, err = s.arrive(coming)
	s.refused("no_account unknown", err)
	require.Equal(s, domain.Pending, s.found(other.ID).Status, "an invitation whose time is over is none")
}

// inviteAccept: who accepts with a password that meets the policy is active and in.
func inviteAccept(s *visit) {
	u := s.add("ana@acme.test")
	token := s.invitation(u)
	_, err := s.entrance.AcceptInvitation(s.Context(), token, "too short", s.from)
	s.refused("password_refused password", err)
	var in domain.SignedIn
	made := s.eventsSince(func() {
		in, err = s.entrance.AcceptInvitation(s.Context(), token, goodPassword, s.from)
		require.NoError(s, err)
	})
	require.Equal(s, []domain.EventType{domain.UserInvitationAccepted, domain.SignedInEvent}, eventTypes(made))
	require.Equal(s, domain.Actor{Kind: "user", ID: u.ID.UUID}, made[0].Actor)
	require.Equal(s, "r-7", made[0].RequestID)
	require.Empty(s, s.verdict(in))
	after := s.found(u.ID)
	require.Equal(s, domain.Active, after.Status)
	require.Equal(s, s.clock.Now(), after.AcceptedAt)
	is := s.explain(u.ID).Status
	require.Equal(s, []any{"invite.accept", domain.SourcePerson, made[0].Actor, made[0].At}, []any{is.Rule, is.Source, is.By, is.Since}, "Explain tells it")
	s.in("ana@acme.test")
	s.in("ANA@acme.test")

	// Where a second factor is required, its set-up follows, and until then nothing opens.
	s.policy(func(p *domain.Policy) { p.MFA = domain.MFARequired })
	v := s.add("bo@acme.test")
	in, err = s.entrance.AcceptInvitation(s.Context(), s.invitation(v), goodPassword, s.from)
	require.NoError(s, err)
	require.Equal(s, "step_missing enrol", s.verdict(in))
	done, err := s.entrance.Enrol(s.Context(), in.Token, domain.SecondFactor{Kind: "totp", Sealed: []byte("sealed")}, s.from)
	require.NoError(s, err)
	require.Empty(s, s.verdict(done.SignedIn))
	require.Equal(s, "unauthenticated", s.verdict(in), "it has another token")

	w := s.add("waits@acme.test")
	token = s.invitation(w)
	require.NoError(s, s.admin.Block(s.Context(), s.boss(), w.ID, domain.IfMatch{}))
	_, err = s.entrance.AcceptInvitation(s.Context(), token, goodPassword, s.from)
	s.refused("access_refused blocked", err)
	require.Equal(s, domain.Pending, s.found(w.ID).Status)
}

// acceptAtOnce: of many who accept one invitation at the same moment one does.
func acceptAtOnce(s *visit) {
	u := s.add("ana@acme.test")
	token := s.invitation(u)
	require.Equal(s, map[string]int{"": 1, domain.CodeLinkNotGood: 7}, outcomes(s.T, concurrently(8, func(int) error {
		_, err := s.entrance.AcceptInvitation(s.Context(), token, goodPassword, s.from)
		return err
	})))
	sessions, err := s.admin.Sessions(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.Len(s, sessions, 1)
}

func inviteConfirmEndsLink(s *visit) {
	u := s.add("ana@acme.test")
	token := s.invitation(u)
	s.done(s.admin.Confirm(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	_, err := s.entrance.AcceptInvitation(s.Context(), token, goodPassword, s.from)
	s.refused("link_not_good revoked", err)
	require.NoError(s, s.admin.ResetPassword(s.Context(), s.boss(), u.ID, domain.IfMatch{}), "which is how they get a password")
	require.NoError(s, s.entrance.ResetPassword(s.Context(), s.letter(u.ID, domain.PasswordResetRequested), goodPassword, s.from))
	s.in("ana@acme.test")
}
