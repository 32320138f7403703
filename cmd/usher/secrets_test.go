package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"usher/admin/api"
	"usher/domain"
	"usher/oauth"
	"usher/oidc"
	"usher/oidc/oidctest"
	"usher/persistence/storetest"
)

// vault is an installation in which every kind of secret is made, and all that it says and keeps is looked at.
type vault struct {
	*testing.T
	app     *App
	client  *http.Client
	cookies map[string]string
	key     string // an API key that may do everything
	who     domain.Administrator
	mail    *guardedInbox

	secrets map[string]string // by what they are
	hidden  map[string]string // those that nobody but this server and a mail server or database is shown
	codes   map[string]string // of six digits, which numbers could be by chance
	told    strings.Builder   // every answer that is not the one in which a secret is given
	places  strings.Builder   // where answers sent the browser, here
}

// Security 43: each kind of secret is made and used, also at doors that are not its own; none is in a line of the log, an
// event, an address, a metric, another answer, a webhook, or a column of the database. What a letter carries is in the letter.
//
//race:without one request after the other, and every password hashed for real: a minute of work
func TestSecurity43EveryKindOfSecret(t *testing.T) {
	t.Parallel()
	storetest.EachDialectURL(t, func(t *testing.T, databaseURL string) {
		log := &logbook{}
		c := appConfig(databaseURL, log)
		c.MetricsListen, c.WebhookAllowPrivate, c.Demo = "127.0.0.1:0", true, true
		v := &vault{T: t, cookies: map[string]string{}, secrets: map[string]string{}, hidden: map[string]string{}, codes: map[string]string{}}
		c.Database.URL = v.databasePassword(databaseURL)
		c.Mail = v.mailServer()
		v.app = NewApp(c)
		require.NoError(t, v.app.Start(t.Context()))
		v.client = &http.Client{
			Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		v.hide("key of the installation", scriptKey)

		hooks := v.machines()
		v.people()
		v.provider()
		v.keys()
		v.mailServerRepeats()
		v.everywhere()

		require.Eventually(t, func() bool { return hooks.count() > 10 }, time.Minute, 10*time.Millisecond)
		v.lists()
		metrics := do(t, http.MethodGet, v.app.MetricsURL(), "", "").body
		require.NoError(t, v.app.Stop(t.Context()))
		require.Contains(t, v.told.String(), string(domain.SignedInEvent), "the events are among what is looked at")
		database := dump(t, databaseURL)
		for kind, prefix := range map[string]string{
			"directory token": "usher_scim_", "API key": "usher_api_", "secret of an OAuth client": "usher_oauth_", "session by single sign-on": "usher_session_",
			"remembered device": "usher_device_", "link of an invitation": "usher_link_",
		} {
			secret := v.secrets[kind]
			require.True(t, strings.HasPrefix(secret, prefix), "a %s is known by its beginning", kind)
			require.GreaterOrEqual(t, len(secret)-len(prefix), 43, "a %s has 256 bits", kind)
			if kind != "remembered device" { // which the reset has made forgotten
				sum := sha256.Sum256([]byte(secret))
				require.Contains(t, database, string(sum[:]), "of a %s its SHA-256 is kept", kind)
			}
		}
		database = unwrapped(database)
		require.Contains(t, database, "ada@acme.test")
		require.Greater(t, len(v.secrets), 35, v.secrets)
		require.Len(t, v.hidden, 7, "the installation's key, two that sign, a client's, the passwords of mail server and database, a link: %v", v.hidden)
		require.Len(t, v.codes, 4)
		places := map[string]string{
			"log": unwrapped(log.String()), "database": database, "metrics": metrics, "answers": v.told.String(), "addresses": v.places.String(), "webhooks": hooks.text(),
		}
		for _, text := range places {
			require.NotEmpty(t, text)
		}
		v.search(places)
	})
}

// keep notes a secret.
func (v *vault) keep(kind, secret string) {
	v.Helper()
	require.NotEmpty(v, secret, kind)
	require.Empty(v, v.secrets[kind], kind)
	v.secrets[kind] = secret
}

// hide notes a secret that is shown at no door.
func (v *vault) hide(kind, secret string) {
	v.Helper()
	require.NotEmpty(v, secret, kind)
	require.Empty(v, v.hidden[kind], kind)
	v.hidden[kind] = secret
}

// code notes one of six digits, and gives it.
func (v *vault) code(kind, code string) string {
	v.Helper()
	require.Regexp(v, `^[0-9]{6}$`, code)
	v.codes[kind] = code
	return code
}

// machines makes what programs get in by.
func (v *vault) machines() *received {
	v.keep("directory token", organisation(v.T, v.app, "globex"))
	v.key = application(v.T, v.app, "globex")
	v.keep("API key of the operator", v.key)
	all, err := v.app.Installation.ListOrganisations(v.Context())
	require.NoError(v, err)
	v.who = domain.Administrator{Organisation: all[0].ID, Actor: domain.ActorOperator(), Owner: true}

	hooks := &received{}
	receiver := httptest.NewServer(hooks)
	v.Cleanup(receiver.Close)
	made := do(v.T, http.MethodPost, v.app.URL()+api.Prefix+"/webhooks", v.key, `{"url":"`+receiver.URL+`"}`)
	require.Equal(v, http.StatusCreated, made.status, made.body)
	var hook struct{ ID, Secret string }
	require.NoError(v, json.Unmarshal([]byte(made.body), &hook))
	v.keep("secret of a webhook", strings.TrimPrefix(hook.Secret, "whsec_"))
	v.keep("next secret of a webhook", strings.TrimPrefix(v.call(http.MethodPost, "/webhooks/"+hook.ID+"/rotate", `{}`, "secret"), "whsec_"))

	// The same request twice: its answer, and so the key, is kept for the second time.
	again := []string{"Idempotency-Key", "one"}
	key := v.call(http.MethodPost, "/api-keys", `{"name":"crm","permissions":["users:view"]}`, "api_key", again...)
	require.Equal(v, key, v.call(http.MethodPost, "/api-keys", `{"name":"crm","permissions":["users:view"]}`, "api_key", again...))
	v.keep("API key", key)

	connections, err := v.app.Installation.ListConnections(v.Context(), "globex")
	require.NoError(v, err)
	path := "/connections/" + connections[0].ID.String()
	v.keep("another directory token", v.call(http.MethodPost, path+"/tokens", `{}`, "token"))
	made = do(v.T, http.MethodPost, v.app.URL()+api.Prefix+path+"/oauth-clients", v.key, "")
	var client struct {
		ID     string `json:"id"`
		Secret string `json:"client_secret"`
	}
	require.NoError(v, json.Unmarshal([]byte(made.body), &client))
	v.keep("secret of an OAuth client", client.Secret)
	for _, secret := range []string{client.Secret, client.Secret[:len(client.Secret)-1] + "_"} {
		response, err := v.client.PostForm(v.app.URL()+oauth.Path, url.Values{"grant_type": {"client_credentials"}, "client_id": {client.ID}, "client_secret": {secret}})
		require.NoError(v, err)
		var answer map[string]any
		require.NoError(v, json.NewDecoder(response.Body).Decode(&answer))
		require.NoError(v, response.Body.Close())
		if response.StatusCode == http.StatusOK {
			v.keep("access token", answer["access_token"].(string))
		}
	}
	require.NotEmpty(v, v.secrets["access token"])

	const dropped = "a password for nobody"
	v.keep("password that is not kept", dropped)
	push := func(method, path, body string) answered {
		got := do(v.T, method, v.app.scimURL()+path, v.secrets["directory token"], body)
		v.told.WriteString(got.body)
		require.Less(v, got.status, 300, got.body)
		return got
	}
	push(http.MethodPost, "/Users", strings.TrimSuffix(user("di@acme.test"), "}")+`,"password":"`+dropped+`"}`)
	_, err = v.app.Administration.ChangeConnectionPolicy(v.Context(), v.who, connections[0].ID, domain.IfMatch{}, func(p domain.ConnectionPolicy) (domain.ConnectionPolicy, error) {
		p.PasswordSync = domain.PasswordKeep
		return p, nil
	})
	require.NoError(v, err)
	const pushed, next, last = "a password from afar", "another from afar", "the third from afar"
	v.keep("password that a directory pushed", pushed)
	v.keep("password that a directory patched", next)
	v.keep("password that a directory put", last)
	id := idOf(v.T, push(http.MethodPost, "/Users", strings.TrimSuffix(user("cy@acme.test"), "}")+`,"password":"`+next+`"}`).body)
	push(http.MethodPut, "/Users/"+id, strings.TrimSuffix(user("cy@acme.test"), "}")+`,"password":"`+last+`"}`)
	push(http.MethodPatch, "/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"password","value":"`+pushed+`"}]}`)
	v.send(http.MethodPost, "/sign-in/globex", "name", "cy@acme.test", "password", pushed)
	require.NotEmpty(v, v.cookies["usher_session"], "the password was kept")
	v.keep("session of a pushed person", v.cookies["usher_session"])
	return hooks
}

// people makes what people get in by.
func (v *vault) people() {
	const first, second, third, temporary, wrong = "a mule on the harbour", "nine lanterns in snow", "the orchard by night", "only until tomorrow", "what was it again"
	roles, err := v.app.Administration.Roles(v.Context(), v.who)
	require.NoError(v, err)
	add := func(email, more string) {
		v.Helper()
		v.call(http.MethodPost, "/users", `{"full_name":"Somebody","email":"`+email+`","role_id":"`+roles[0].ID.String()+`"`+more+`}`, "id")
	}
	v.cookies = map[string]string{}
	v.keep("temporary password", temporary)
	v.keep("password that was chosen", second)
	add("bo@acme.test", `,"temporary_password":"`+temporary+`"`)
	v.send(http.MethodGet, "/sign-in/globex")
	v.to(v.send(http.MethodPost, "/sign-in/globex", "name", "bo@acme.test", "password", temporary), "/sign-in/password")
	v.keep("session before the password is changed", v.cookies["usher_session"])
	v.to(v.send(http.MethodPost, "/sign-in/password", "current", temporary, "password", second, "again", second), "/account?changed=password")
	v.keep("session", v.cookies["usher_session"])
	v.send(http.MethodGet, "/account")
	v.send(http.MethodGet, "/account/security")

	v.cookies = map[string]string{}
	v.call(http.MethodPatch, "/policy", `{"mfa":"required"}`, "")
	add("ana@acme.test", "")
	invitation := "/invitation/" + v.link("invitation", "ana@acme.test")
	v.keep("link of an invitation", strings.TrimPrefix(invitation, "/invitation/"))
	v.keep("password of an invitation", first)
	v.send(http.MethodGet, "/sign-in/globex")
	v.send(http.MethodGet, invitation)
	v.keep("password that was refused", "abcdefghijk") // eleven characters
	v.send(http.MethodPost, invitation, "password", "abcdefghijk", "again", "abcdefghijk")
	v.to(v.send(http.MethodPost, invitation, "password", first, "again", first), "/sign-in/enrol")
	v.keep("session before a second factor", v.cookies["usher_session"])
	enrol := v.send(http.MethodGet, "/sign-in/enrol")
	seed := strings.ReplaceAll(enrol.Find(".seed").Text(), " ", "")
	v.keep("seed of an app", seed)
	pending := enrol.Find("input[name=pending]").AttrOr("value", "")
	v.send(http.MethodPost, "/sign-in/enrol", "pending", pending, "code", v.code("wrong code", "271828"))
	codes := v.send(http.MethodPost, "/sign-in/enrol", "pending", pending, "code", v.code("code", codeOf(v.T, seed))).Find(".codes li")
	require.Equal(v, 10, codes.Length())
	codes.Each(func(i int, li *goquery.Selection) { v.keep(fmt.Sprint("recovery code ", i), li.Text()) })
	v.keep("session with a second factor", v.cookies["usher_session"])
	v.send(http.MethodGet, "/account/security")
	v.send(http.MethodGet, invitation) // once more
	v.send(http.MethodPost, invitation, "password", first, "again", first)

	v.keep("wrong password", wrong)
	v.send(http.MethodPost, "/sign-out")
	v.send(http.MethodPost, "/sign-in/globex", "name", "ana@acme.test", "password", wrong)
	v.send(http.MethodPost, "/sign-in/globex", "name", wrong, "password", wrong) // in the wrong field
	v.to(v.send(http.MethodPost, "/sign-in/globex", "name", "ana@acme.test", "password", first), "/sign-in/factor")
	v.send(http.MethodPost, "/sign-in/factor", "code", v.codes["code"]) // which was used
	v.send(http.MethodPost, "/sign-in/factor", "code", v.code("wrong code at the door", "161803"))
	v.send(http.MethodPost, "/sign-in/factor/recovery", "recovery", "0000-0000-0000-0000")
	v.to(v.send(http.MethodPost, "/sign-in/factor/recovery", "recovery", " "+strings.ToUpper(strings.ReplaceAll(v.secrets["recovery code 3"], "-", "")), "remember", "1"), "/account")
	v.keep("remembered device", v.cookies["usher_device"])
	v.send(http.MethodPost, "/account/prove", "password", wrong)

	application, err := v.app.Administration.CreateApplication(v.Context(), v.who, domain.ApplicationSpec{Name: "crm", Origins: []string{"https://crm.acme.test"}})
	require.NoError(v, err)
	v.keep("assertion", v.assertion(application.Audience))

	v.cookies = map[string]string{}
	v.send(http.MethodGet, "/sign-in/globex")
	v.send(http.MethodPost, "/reset", "organisation", "globex", "name", "ana@acme.test", "asked", "1")
	reset := "/reset/" + v.link("reset", "ana@acme.test")
	v.keep("link of a reset", strings.TrimPrefix(reset, "/reset/"))
	v.keep("password after a reset", third)
	v.send(http.MethodGet, reset)
	v.send(http.MethodPost, reset, "password", "abcdefghijk", "again", "abcdefghijk")
	v.send(http.MethodPost, reset, "password", third, "again", third)
	v.send(http.MethodGet, reset)
	v.send(http.MethodGet, "/sign-in/globex")
	v.to(v.send(http.MethodPost, "/sign-in/globex", "name", "ana@acme.test", "password", third), "/sign-in/factor")
	v.send(http.MethodPost, "/sign-in/factor/recovery", "recovery", v.code("wrong code in the wrong field", "141421"))
	v.send(http.MethodPost, "/sign-in/factor", "code", v.secrets["recovery code 5"])
}

// codeOf is what the app of a seed shows now.
func codeOf(t *testing.T, seed string) string {
	t.Helper()
	code, err := totp.GenerateCode(seed, time.Now())
	require.NoError(t, err)
	return code
}

// assertion is what an application is told of who is signed in.
func (v *vault) assertion(audience string) string {
	v.Helper()
	r, err := http.NewRequestWithContext(v.Context(), http.MethodGet, v.app.URL()+"/auth/assertion?application="+url.QueryEscape(audience), http.NoBody)
	require.NoError(v, err)
	r.Header.Set("Origin", "https://crm.acme.test")
	r.AddCookie(&http.Cookie{Name: "usher_session", Value: v.cookies["usher_session"]})
	response, err := v.client.Do(r)
	require.NoError(v, err)
	defer response.Body.Close()
	var answer map[string]any
	require.NoError(v, json.NewDecoder(response.Body).Decode(&answer))
	require.Equal(v, http.StatusOK, response.StatusCode, answer)
	return answer["assertion"].(string)
}

// provider signs somebody in who comes by an OpenID provider.
func (v *vault) provider() {
	p := oidctest.Unstarted()
	server := httptest.NewServer(p)
	v.Cleanup(server.Close)
	p.Issuer = server.URL
	signIns := 0
	p.Answer = func(tokens map[string]any) {
		signIns++
		v.keep(fmt.Sprint("ID token ", signIns), tokens["id_token"].(string))
		v.keep(fmt.Sprint("access token of the provider ", signIns), tokens["access_token"].(string))
	}
	v.keep("secret of the client at the provider", oidctest.ClientSecret)
	key, err := v.app.config.Key.key()
	require.NoError(v, err)
	made, err := v.app.Installation.CreateConnection(v.Context(), "globex", domain.ConnectionSpec{Name: "idp", Kind: domain.KindGeneric, OIDC: domain.OIDCSpec{
		Issuer: p.Issuer, ClientID: oidctest.ClientID, OnThisMachine: true, Seal: func(org domain.OrganisationID, id domain.ConnectionID) ([]byte, error) {
			return key.Seal(sealPurpose, []byte(oidctest.ClientSecret), sealPlace(org, id))
		},
	}})
	require.NoError(v, err)
	id, connection := made.ID, made.ID.String()
	const another = "what-okta-shows-once"
	v.keep("secret of another client", another)
	v.call(http.MethodPatch, "/connections/"+v.call(http.MethodPost, "/connections", `{"name":"okta","kind":"okta"}`, "id"),
		`{"oidc_issuer":"https://acme.okta.test","oidc_client_id":"0oa1","oidc_client_secret":"`+another+`"}`, "")
	v.call(http.MethodPatch, "/connections/"+connection+"/provider", `{"just_in_time":true}`, "")
	p.Redirect = v.app.URL() + oidc.CallbackPath(id)

	v.cookies = map[string]string{}
	v.send(http.MethodGet, "/sign-in/globex")
	away := v.send(http.MethodGet, "/oidc/"+connection+"/start")
	require.Equal(v, http.StatusSeeOther, away.status, away.Text())
	asked, err := url.Parse(away.location)
	require.NoError(v, err)
	v.keep("state", asked.Query().Get("state"))
	v.keep("nonce", asked.Query().Get("nonce"))
	for name, value := range v.cookies {
		if strings.HasPrefix(name, "usher_oidc_") {
			v.keep("cookie of a sign-in that has begun", value)
		}
	}
	back := p.Visit(away.location)
	v.keep("authorization code", back.Get("code"))
	callback := "/oidc/" + connection + "/callback?" + back.Encode()
	came := v.send(http.MethodGet, callback)
	require.Equal(v, http.StatusSeeOther, came.status, came.Text())
	v.keep("proof key", p.Posted()[0].Get("code_verifier"))
	v.keep("session that a logout token ends", v.cookies["usher_session"])
	v.send(http.MethodGet, "/account")
	v.send(http.MethodGet, callback) // once more
	v.cookies = map[string]string{"usher_session": v.cookies["usher_session"]}
	v.send(http.MethodGet, callback) // and in another browser

	left := p.Logout(oidctest.Subject, "").Compact()
	v.keep("logout token", left)
	require.Equal(v, http.StatusOK, v.send(http.MethodPost, "/oidc/"+connection+"/logout", "logout_token", left).status)
	v.send(http.MethodPost, "/oidc/"+connection+"/logout", "logout_token", left) // once more

	// The client shows who it is by a key that is made here.
	got := do(v.T, http.MethodPatch, v.app.URL()+api.Prefix+"/connections/"+connection+"/provider", v.key, `{"authentication":"private_key_jwt"}`)
	require.Equal(v, http.StatusOK, got.status, got.body)
	v.told.WriteString(got.body)
	var public struct {
		Key json.RawMessage `json:"public_key"`
	}
	require.NoError(v, json.Unmarshal([]byte(got.body), &public))
	require.NoError(v, p.RegisterClient(public.Key))
	p.ClientKey = &oidctest.Key{Algorithm: "ES256"}
	v.cookies = map[string]string{}
	v.send(http.MethodGet, "/sign-in/globex")
	back = p.Visit(v.send(http.MethodGet, "/oidc/"+connection+"/start").location)
	came = v.send(http.MethodGet, "/oidc/"+connection+"/callback?"+back.Encode())
	require.Equal(v, http.StatusSeeOther, came.status, came.Text())
	posted := p.Posted()
	v.keep("assertion of the client", posted[len(posted)-1].Get("client_assertion"))
	v.keep("session by single sign-on", v.cookies["usher_session"])
}

// everywhere shows every secret at doors where it is not good for anything, or no more, or well.
func (v *vault) everywhere() {
	for _, secret := range v.secrets {
		for _, path := range []string{"/scim/v2/Users", "/scim/v2/Users/x", "/scim/v2/Me", api.Prefix + "/me", api.Prefix + "/users/x"} {
			r, err := http.NewRequestWithContext(v.Context(), http.MethodGet, v.app.URL()+path, http.NoBody)
			require.NoError(v, err)
			r.Header["Authorization"] = []string{"Bearer " + secret}
			r.AddCookie(&http.Cookie{Name: "usher_session", Value: secret})
			r.AddCookie(&http.Cookie{Name: "usher_device", Value: secret})
			response, err := v.client.Do(r)
			require.NoError(v, err)
			text, err := io.ReadAll(response.Body)
			require.NoError(v, err)
			require.NoError(v, response.Body.Close())
			v.told.Write(text)
		}
		response, err := v.client.PostForm(v.app.URL()+oauth.Path, url.Values{"grant_type": {"client_credentials"}, "client_id": {secret}, "client_secret": {secret}})
		require.NoError(v, err)
		text, err := io.ReadAll(response.Body)
		require.NoError(v, err)
		require.NoError(v, response.Body.Close())
		v.told.Write(text)

		v.cookies = map[string]string{"usher_session": secret, "usher_device": secret, "usher_name": secret, "usher_invitation": secret, "usher_left": secret}
		v.send(http.MethodGet, "/account")
		for _, path := range []string{"/invitation/", "/reset/"} {
			v.send(http.MethodGet, path+url.PathEscape(secret))
		}
		v.send(http.MethodPost, "/sign-in/factor", "code", secret)
		v.send(http.MethodPost, "/sign-in/enrol", "code", secret, "pending", secret)
		v.send(http.MethodPost, "/account/prove", "password", secret)
	}
}
