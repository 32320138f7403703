package api

import (
	"crypto/rand"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// The rules of what people get in by, as they show at this door.
func TestRulesOfDoors(t *testing.T) {
	t.Parallel()
	tell(t, map[string]func(*scene){
		"invite.mail":               inviteMail,
		"invite.resend":             inviteResend,
		"invite.once":               inviteOnce,
		"invite.temporary-password": inviteTemporaryPassword,
		"invite.accept":             inviteAccept,
		"password.policy":           passwordPolicy,
		"password.reset":            passwordReset,
		"mfa.reset":                 mfaReset,
		"mapping.apply-declared":    mappingApplyDeclared,
		"identity.unlink":           unlinkIdentity,
		"access.mfa":                accessMFA,
		"deactivate.doors":          deactivateDoors,
		"presence":                  presenceOfSession,
		"access.immediate":          sessionsEnd,
		"block.unblock":             unblockClears,
	})
}

const goodPassword = "a mule on the harbour"

func (s *scene) entrance() *domain.Entrance {
	return domain.NewEntrance(s.store, s.clock.Environment(), rand.Reader)
}

// invited is the token of the invitation that this door tells of.
func (s *scene) invited(user string) string {
	s.Helper()
	id, ok := domain.ParseID[domain.Link](s.get(user+"/invitation").text(s, "id"))
	require.True(s, ok)
	return storetest.Links().Token(s.tenant.Organisation.ID, domain.LinkInvitation, id)
}

// member is the path of somebody active with a password, and a session of theirs.
func (s *scene) member(email string) (user string, in domain.SignedIn) {
	s.Helper()
	user = s.added(s.newUser(email))
	in, err := s.entrance().AcceptInvitation(s.Context(), s.invited(user), goodPassword, domain.Visitor{Agent: "Firefox", Address: "192.0.2.1"})
	require.NoError(s, err)
	return user, in
}

func (s *scene) signIn(email, password string) (domain.SignedIn, error) {
	return s.entrance().SignIn(s.Context(), s.tenant.Organisation.ID, email, password, domain.Visitor{})
}

func inviteMail(s *scene) {
	refused(s, s.get("/users/"+uuid.NewString()+"/invitation"), http.StatusNotFound, domain.CodeNotFound, "")
	user := s.added(s.newUser("ana@acme.test"))
	g := s.get(user + "/invitation")
	require.Equal(s, "open", g.text(s, "state"))
	require.Nil(s, s.ok(g)["ended_at"])
	require.Equal(s, s.clock.Now().Add(7*24*time.Hour).Format(time.RFC3339Nano), g.text(s, "expires_at"))
	require.NotContains(s, g.body, domain.LinkTokenPrefix)
	s.answered(g, http.StatusOK)
	pushed := "/users/" + s.provision("bo@acme.test").ID.String()
	refused(s, s.get(pushed+"/invitation"), http.StatusNotFound, domain.CodeNotFound, "")
	require.Equal(s, 1, s.events()[domain.UserInvited])
}

func inviteResend(s *scene) {
	user := s.added(s.newUser("ana@acme.test"))
	first := s.get(user+"/invitation").text(s, "id")
	for range 5 {
		g := s.post(user+"/invite", "")
		s.answered(g, http.StatusOK)
		require.NotEqual(s, first, g.text(s, "id"))
	}
	refused(s, s.post(user+"/invite", ""), http.StatusTooManyRequests, domain.CodeRateLimited, "")
	refused(s, s.post(user+"/invite", "", "If-Match", `W/"7"`), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	refused(s, s.as(s.key("users:view"), http.MethodPost, user+"/invite", ""), http.StatusForbidden, domain.CodePermissionMissing, "users:invite")
	refused(s, s.post("/users/x/invite", ""), http.StatusNotFound, domain.CodeNotFound, "id")
	active, _ := s.member("bo@acme.test")
	refused(s, s.post(active+"/invite", ""), http.StatusConflict, domain.CodeAlreadyAccepted, "")
	s.ok(s.post(active+"/deactivate", ""))
	refused(s, s.post(active+"/invite", ""), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "status")
}

func inviteOnce(s *scene) {
	user := s.added(s.newUser("ana@acme.test"))
	token := s.invited(user)
	s.ok(s.post(user+"/deactivate", ""))
	require.Equal(s, "revoked", s.get(user+"/invitation").text(s, "state"))
	s.ok(s.post(user+"/activate", ""))
	require.Equal(s, "revoked", s.get(user+"/invitation").text(s, "state"), "none is sent unless that is asked for")
	s.ok(s.post(user+"/deactivate", ""))
	refused(s, s.as(s.key("users:activate"), http.MethodPost, user+"/activate?invite=true", ""), http.StatusForbidden, domain.CodePermissionMissing, "users:invite")
	s.ok(s.post(user+"/activate?invite=true", ""))
	require.Equal(s, "open", s.get(user+"/invitation").text(s, "state"))
	_, err := s.entrance().AcceptInvitation(s.Context(), token, goodPassword, domain.Visitor{})
	storetest.Refused(s, err, domain.NotFound, domain.CodeLinkNotGood)
	s.clock.Move(7 * 24 * time.Hour)
	require.Equal(s, "expired", s.get(user+"/invitation").text(s, "state"), "before any sweep")
}

func inviteTemporaryPassword(s *scene) {
	role := s.role("Agent", domain.SeesOwn)
	body := func(email, password string) string {
		return `{"full_name":"Bo","email":"` + email + `","role_id":"` + role + `","temporary_password":"` + password + `"}`
	}
	refused(s, s.post("/users", body("bo@acme.test", "short")), http.StatusUnprocessableEntity, domain.CodePasswordRefused, "temporary_password")
	user := s.added(s.post("/users", body("bo@acme.test", goodPassword)))
	require.Equal(s, "pending", s.get(user).text(s, "status"))
	in, err := s.signIn("bo@acme.test", goodPassword)
	require.NoError(s, err)
	require.Equal(s, []domain.SignInStep{domain.StepPassword}, in.Session.Steps)
	list := s.get(user + "/sessions").items(s)
	require.Equal(s, false, list[0]["finished"])
	_, err = s.entrance().ChangePassword(s.Context(), in.Token, goodPassword, "nine lanterns in snow", domain.Visitor{})
	require.NoError(s, err)
	require.Equal(s, "active", s.get(user).text(s, "status"))
}

func inviteAccept(s *scene) {
	user, _ := s.member("ana@acme.test")
	require.Equal(s, "active", s.get(user).text(s, "status"))
	g := s.get(user + "/invitation")
	require.Equal(s, "accepted", g.text(s, "state"))
	require.Equal(s, s.clock.Now().Format(time.RFC3339Nano), g.text(s, "ended_at"))
}

func passwordPolicy(s *scene) {
	role := s.role("Agent", domain.SeesOwn)
	for _, bad := range []string{"elevenchars", "password for everybody", "my bo@acme.test is it"} {
		body := `{"full_name":"Bo","email":"bo@acme.test","role_id":"` + role + `","temporary_password":"` + bad + `"}`
		refused(s, s.post("/users", body), http.StatusUnprocessableEntity, domain.CodePasswordRefused, "temporary_password")
	}
	require.Empty(s, s.get("/users").items(s))
}

func passwordReset(s *scene) {
	user, in := s.member("ana@acme.test")
	s.done(s.post(user+"/reset-password", ""))
	require.Equal(s, 1, s.events()[domain.PasswordResetRequested])
	_, err := s.entrance().Verify(s.Context(), in.Token)
	require.NoError(s, err, "not before the link is used")
	for range 4 {
		s.done(s.post(user+"/reset-password", ""))
	}
	refused(s, s.post(user+"/reset-password", ""), http.StatusTooManyRequests, domain.CodeRateLimited, "")
	pending := s.added(s.newUser("bo@acme.test"))
	refused(s, s.post(pending+"/reset-password", ""), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "status")
	refused(s, s.post("/users/"+uuid.NewString()+"/reset-password", ""), http.StatusNotFound, domain.CodeNotFound, "")
}

func mfaReset(s *scene) {
	user, in := s.member("ana@acme.test")
	s.done(s.post(user+"/reset-mfa", ""))
	require.Zero(s, s.events()[domain.SecondFactorReset], "there is none")
	done, err := s.entrance().Enrol(s.Context(), in.Token, domain.SecondFactor{Kind: domain.FactorTOTP, Sealed: []byte("x")}, domain.Visitor{})
	require.NoError(s, err)
	s.done(s.post(user+"/reset-mfa", ""))
	require.Equal(s, 1, s.events()[domain.SecondFactorReset])
	require.Equal(s, true, s.get(user + "/factors").object(s)["must_enrol"])
	_, err = s.entrance().Verify(s.Context(), done.Token)
	storetest.Refused(s, err, domain.Unauthenticated, domain.CodeUnauthenticated)
	require.Empty(s, s.get(user+"/sessions").items(s))
	id, _ := domain.ParseID[domain.User](user[len("/users/"):])
	_, err = s.service.Administration.MakeOwner(s.Context(), s.boss(), id, domain.IfMatch{})
	require.NoError(s, err)
	refused(s, s.post(user+"/reset-mfa", ""), http.StatusForbidden, domain.CodeOwnerOnly, "")
}

// accessMFA: who administers sees what proves people beside a password and which browsers are remembered, but no secret, and
// can forget a browser.
func accessMFA(s *scene) {
	user, in := s.member("ana@acme.test")
	g := s.get(user + "/factors")
	s.answered(g, http.StatusOK)
	require.Equal(s, "optional", s.get("/policy").text(s, "mfa"))
	require.JSONEq(s, `{"totp_since":null,"recovery_codes":0,"recovery_codes_of":null,"passkeys":[],"required":false,"must_enrol":false}`, g.body)
	entrance, ctx, from := s.entrance(), s.Context(), domain.Visitor{Agent: "Firefox"}
	done, err := entrance.Enrol(ctx, in.Token, domain.SecondFactor{Kind: domain.FactorTOTP, Sealed: []byte("a seed")}, from)
	require.NoError(s, err)
	challenge, err := entrance.NewChallenge()
	require.NoError(s, err)
	_, err = entrance.AddPasskey(ctx, done.Token, domain.Passkey{Credential: []byte{1}, PublicKey: []byte("a key"), Name: "Phone"}, challenge, from)
	require.NoError(s, err)
	in, err = s.signIn("ana@acme.test", goodPassword)
	require.NoError(s, err)
	in, err = entrance.AnswerRecovery(ctx, in.Token, done.RecoveryCodes[0], from)
	require.NoError(s, err)
	_, err = entrance.RememberDevice(ctx, in.Token, from)
	require.NoError(s, err)

	g = s.get(user + "/factors")
	now := s.clock.Now().Format(time.RFC3339Nano)
	require.Equal(s, []any{now, 9.0, now}, []any{g.object(s)["totp_since"], g.object(s)["recovery_codes"], g.object(s)["recovery_codes_of"]})
	for _, secret := range []string{"seed", "sealed", "key\"", "AQ=="} {
		require.NotContains(s, g.body, secret)
	}
	require.Contains(s, g.body, `"name":"Phone"`)
	require.Equal(s, "recovery_code", s.get(user + "/sessions").items(s)[0]["factor"])
	list := s.get(user + "/devices")
	s.answered(list, http.StatusOK)
	require.Equal(s, "Firefox", list.items(s)[0]["agent"])
	device := user + "/devices/" + list.items(s)[0]["id"].(string)
	refused(s, s.as(s.key("users:view"), http.MethodDelete, device, ""), http.StatusForbidden, domain.CodePermissionMissing, "users:edit")
	s.done(s.remove(device))
	refused(s, s.remove(device), http.StatusNotFound, domain.CodeNotFound, "")
	refused(s, s.remove(user+"/devices/x"), http.StatusNotFound, domain.CodeNotFound, "device")
	require.Empty(s, s.get(user+"/devices").items(s))
	for _, path := range []string{"/factors", "/devices", "/identities"} {
		refused(s, s.as(s.key("teams:view"), http.MethodGet, user+path, ""), http.StatusForbidden, domain.CodePermissionMissing, "users:view")
		refused(s, s.get("/users/"+uuid.NewString()+path), http.StatusNotFound, domain.CodeNotFound, "")
		refused(s, s.get("/users/x"+path), http.StatusNotFound, domain.CodeNotFound, "id")
	}
}

// unlinkIdentity: the sign-ins of a person are listed and taken one by one, as far as the key may.
func unlinkIdentity(s *scene) {
	user, _ := s.member("ana@acme.test")
	ana, ok := domain.ParseID[domain.User](user[len("/users/"):])
	require.True(s, ok)
	require.Empty(s, s.get(user+"/identities").items(s))
	link := func(of domain.UserID, subject string) {
		require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
			if _, err := tx.SignIns().Hold(s.tenant.Organisation.ID, of); err != nil {
				return err
			}
			return tx.Identities().Link(domain.Identity{
				Organisation: s.tenant.Organisation.ID, Connection: s.tenant.Connection.ID, Issuer: "https://idp.test", Subject: subject, User: of,
				LinkedAt: s.clock.Now(), LinkedBy: domain.LinkedByInvitation,
			})
		}))
	}
	link(ana, "a1")
	list := s.get(user + "/identities")
	s.answered(list, http.StatusOK)
	one := list.items(s)[0]
	require.Equal(s, []any{"https://idp.test", "a1", "invitation", nil, s.tenant.Connection.Name},
		[]any{one["issuer"], one["subject"], one["by"], one["last_used_at"], one["connection"].(map[string]any)["display_name"]})
	identity := user + "/identities/" + one["id"].(string)
	refused(s, s.as(s.key("users:view"), http.MethodDelete, identity, ""), http.StatusForbidden, domain.CodePermissionMissing, "users:edit")
	ben, _ := s.member("ben@acme.test")
	refused(s, s.remove(ben+"/identities/"+one["id"].(string)), http.StatusNotFound, domain.CodeNotFound, "identity")
	s.done(s.remove(identity))
	refused(s, s.remove(identity), http.StatusNotFound, domain.CodeNotFound, "identity")
	refused(s, s.remove(user+"/identities/x"), http.StatusNotFound, domain.CodeNotFound, "identity")
	require.Empty(s, s.get(user+"/identities").items(s))
	require.Equal(s, []string{"user.identity_unlinked"}, s.settled("/events?type=user.identity_unlinked", 1).values(s, "type"))
}

func deactivateDoors(s *scene) {
	user, in := s.member("ana@acme.test")
	require.Len(s, s.get(user+"/sessions").items(s), 1)
	s.ok(s.post(user+"/deactivate", ""))
	require.Empty(s, s.get(user+"/sessions").items(s))
	_, err := s.entrance().Verify(s.Context(), in.Token)
	storetest.Refused(s, err, domain.Unauthenticated, domain.CodeUnauthenticated)
	require.Equal(s, 1, s.events()[domain.SessionEnded])
}

func presenceOfSession(s *scene) {
	pending := s.added(s.newUser("bo@acme.test"))
	require.Equal(s, []any{nil, false}, []any{s.ok(s.get(pending))["last_seen_at"], s.ok(s.get(pending))["online"]})
	user, in := s.member("ana@acme.test")
	s.clock.Move(time.Minute)
	_, err := s.entrance().Verify(s.Context(), in.Token)
	require.NoError(s, err)
	seen := s.clock.Now().Format(time.RFC3339Nano)
	s.clock.Move(5 * time.Minute)
	require.Equal(s, []any{seen, true}, []any{s.ok(s.get(user))["last_seen_at"], s.ok(s.get(user))["online"]})
	s.clock.Move(time.Millisecond)
	require.Equal(s, []any{seen, false}, []any{s.ok(s.get(user))["last_seen_at"], s.ok(s.get(user))["online"]})
}

// sessionsEnd: sessions are listed page by page, and end one by one or all.
func sessionsEnd(s *scene) {
	user, in := s.member("ana@acme.test")
	for range 2 {
		_, err := s.signIn("ana@acme.test", goodPassword)
		require.NoError(s, err)
	}
	first := s.get(user + "/sessions?limit=2")
	s.answered(first, http.StatusOK)
	require.Len(s, first.items(s), 2)
	second := s.get(user + "/sessions?limit=2&cursor=" + first.text(s, "next_cursor"))
	require.Equal(s, []string{in.Session.ID.String()}, second.values(s, "id"))
	require.Equal(s, []any{"password", "Firefox", "192.0.2.1", true}, []any{
		second.items(s)[0]["method"], second.items(s)[0]["agent"], second.items(s)[0]["address"], second.items(s)[0]["finished"],
	})
	one := user + "/sessions/" + in.Session.ID.String()
	refused(s, s.as(s.key("users:view"), http.MethodDelete, one, ""), http.StatusForbidden, domain.CodePermissionMissing, "users:edit")
	s.done(s.remove(one))
	_, err := s.entrance().Verify(s.Context(), in.Token)
	storetest.Refused(s, err, domain.Unauthenticated, domain.CodeUnauthenticated)
	refused(s, s.remove(one), http.StatusNotFound, domain.CodeNotFound, "")
	refused(s, s.remove(user+"/sessions/x"), http.StatusNotFound, domain.CodeNotFound, "session")
	s.done(s.post(user+"/end-sessions", ""))
	s.done(s.post(user+"/end-sessions", ""))
	require.Empty(s, s.get(user+"/sessions").items(s))
	require.Equal(s, 3, s.events()[domain.SessionEnded])
}

func unblockClears(s *scene) {
	user, _ := s.member("ana@acme.test")
	for range 6 {
		_, err := s.signIn("ana@acme.test", "no lantern in the snow")
		storetest.Refused(s, err, domain.Unauthenticated, domain.CodeSignInRefused)
	}
	require.Equal(s, "failed_sign_ins", s.get(user).text(s, "block", "reason"))
	s.done(s.post(user+"/unblock", ""))
	_, err := s.signIn("ana@acme.test", goodPassword)
	require.NoError(s, err)
}
