package oauth_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/oauth"
	"usher/persistence"
	"usher/persistence/storetest"
)

// scene is a connection with a client, and the endpoint.
type scene struct {
	*testing.T
	store          *persistence.Store
	clock          *storetest.Clock
	tenant         storetest.Tenant
	administration *domain.Administration
	directory      *domain.Directory
	who            domain.Administrator
	client         domain.OAuthClient
	secret         string
	handler        http.Handler
}

func each(t *testing.T, test func(s *scene)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		clock := storetest.NewClock()
		env := clock.Environment()
		s := &scene{
			T: t, store: store, clock: clock, tenant: storetest.NewTenant(t, store, "acme", -1),
			administration: domain.NewAdministration(store, env, rand.Reader), directory: domain.NewDirectory(store, env),
		}
		s.who = domain.Administrator{Organisation: s.tenant.Organisation.ID, Actor: domain.ActorOperator(), Owner: true}
		s.client, s.secret = s.newClient(domain.OAuthClientSpec{})
		s.handler = s.endpoint(nil)
		test(s)
	})
}

func (s *scene) endpoint(limiter oauth.Limiter) http.Handler {
	s.Helper()
	h, err := oauth.New(oauth.Config{
		OAuth: domain.NewOAuth(s.store, s.clock.Environment(), rand.Reader), Limiter: limiter, Now: s.clock.Now,
		Log: slog.New(slog.NewJSONHandler(io.Discard, nil)), RequestID: func(context.Context) string { return "r-1" },
	})
	require.NoError(s, err)
	return h
}

func (s *scene) newClient(spec domain.OAuthClientSpec) (domain.OAuthClient, string) {
	s.Helper()
	c, secret, err := s.administration.CreateOAuthClient(s.Context(), s.who, s.tenant.Connection.ID, spec)
	require.NoError(s, err)
	return c, secret
}

// form is the body of a good request.
func (s *scene) form() url.Values {
	return url.Values{"grant_type": {"client_credentials"}, "client_id": {s.client.ID.String()}, "client_secret": {s.secret}}
}

// ask sends a request and decodes the answer.
func (s *scene) ask(change func(*http.Request), body string) (*httptest.ResponseRecorder, map[string]any) {
	s.Helper()
	r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, oauth.Path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	require.Equal(s, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(s, "no-cache", w.Header().Get("Pragma"))
	require.Equal(s, "application/json;charset=UTF-8", w.Header().Get("Content-Type"))
	var v map[string]any
	require.NoError(s, json.Unmarshal(w.Body.Bytes(), &v), w.Body.String())
	return w, v
}

// token gets a token.
func (s *scene) token() string {
	s.Helper()
	w, v := s.ask(nil, s.form().Encode())
	require.Equal(s, http.StatusOK, w.Code, w.Body.String())
	return v["access_token"].(string)
}

// authenticate shows a token to the directory.
func (s *scene) authenticate(text string) (domain.Caller, error) {
	s.Helper()
	b, err := domain.ParseBearer(text)
	require.NoError(s, err)
	return s.directory.Authenticate(s.Context(), b)
}

func (s *scene) tokens() []domain.Token {
	s.Helper()
	var all []domain.Token
	require.NoError(s, s.store.Read(s.Context(), func(tx domain.Tx) (err error) {
		all, err = tx.OAuthClients().Tokens(s.client.Organisation, s.client.ID)
		return err
	}))
	return all
}

// The answers of RFC 6749: sections 2.3.1, 3.2, 4.4, 5.1 and 5.2.
func TestProtocol(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		whole := s.form()
		without := func(names ...string) url.Values {
			v := s.form()
			for _, name := range names {
				v.Del(name)
			}
			return v
		}
		with := func(name, value string) url.Values { v := s.form(); v.Set(name, value); return v }
		basic := func(id, secret string) func(*http.Request) {
			return func(r *http.Request) { r.SetBasicAuth(id, secret) }
		}
		plain := without("client_id", "client_secret")
		id := s.client.ID.String()
		never := "01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"
		_, foreign := s.newClient(domain.OAuthClientSpec{})
		for name, c := range map[string]struct {
			change func(*http.Request)
			body   url.Values
			status int
			code   string
		}{
			"post":                 {nil, whole, 200, ""},
			"basic":                {basic(id, s.secret), plain, 200, ""},
			"basic with its id":    {basic(id, s.secret), without("client_secret"), 200, ""},
			"with a scope":         {nil, with("scope", "anything"), 200, ""},
			"both ways":            {basic(id, s.secret), whole, 400, "invalid_request"},
			"two ids":              {basic(id, s.secret), url.Values{"grant_type": {"client_credentials"}, "client_id": {never}}, 401, "invalid_client"},
			"nobody":               {nil, plain, 401, "invalid_client"},
			"no secret":            {nil, without("client_secret"), 401, "invalid_client"},
			"unknown id":           {nil, with("client_id", never), 401, "invalid_client"},
			"id of no form":        {nil, with("client_id", "x"), 401, "invalid_client"},
			"another's secret":     {nil, with("client_secret", foreign), 401, "invalid_client"},
			"secret of no form":    {nil, with("client_secret", "x"), 401, "invalid_client"},
			"bearer":               {func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, plain, 401, "invalid_client"},
			"no grant":             {nil, without("grant_type"), 400, "invalid_request"},
			"another grant":        {nil, with("grant_type", "password"), 400, "unsupported_grant_type"},
			"twice":                {nil, url.Values{"grant_type": {"client_credentials", "x"}}, 400, "invalid_request"},
			"too long":             {nil, with("x", strings.Repeat("y", 9000)), 413, "invalid_request"},
			"JSON":                 {func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, whole, 400, "invalid_request"},
			"GET":                  {func(r *http.Request) { r.Method = http.MethodGet }, whole, 405, "invalid_request"},
			"secret in an address": {func(r *http.Request) { r.URL.RawQuery = "client_secret=" + s.secret }, plain, 400, "invalid_request"},
		} {
			w, v := s.ask(c.change, c.body.Encode())
			require.Equal(s, c.status, w.Code, "%s: %s", name, w.Body.String())
			require.Equal(s, c.status == http.StatusUnauthorized, w.Header().Get("WWW-Authenticate") == `Basic realm="usher"`, name)
			if c.code != "" {
				require.Equal(s, c.code, v["error"], name)
				require.NotEmpty(s, v["error_description"], name)
				require.NotContains(s, w.Body.String(), s.secret, name)
				continue
			}
			require.Equal(s, []any{"Bearer", 3600.0, "scim"}, []any{v["token_type"], v["expires_in"], v["scope"]}, name)
			caller, err := s.authenticate(v["access_token"].(string))
			require.NoError(s, err)
			require.Equal(s, s.tenant.Connection.ID, caller.Connection)
		}
		_, unknown := s.ask(nil, with("client_id", never).Encode())
		_, wrong := s.ask(nil, with("client_secret", foreign).Encode())
		require.Equal(s, unknown, wrong, "who asks does not learn which ids there are")
	})
}

// A token ends at its time, and at once with its client, connection or organisation.
func TestTokenEnds(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		ctx, of := s.Context(), s.tenant.Connection.ID
		refused := func(text string, kind domain.Kind) {
			s.Helper()
			_, err := s.authenticate(text)
			require.True(s, domain.IsKind(err, kind), "%v", err)
		}
		short := s.token()
		s.clock.Move(time.Hour - time.Second)
		_, err := s.authenticate(short)
		require.NoError(s, err)
		s.clock.Move(time.Second)
		refused(short, domain.Unauthenticated)

		token := s.token()
		require.Len(s, s.tokens(), 1, "what has ended is forgotten")
		_, err = s.administration.SetConnectionDisabled(ctx, s.who, of, true, domain.IfMatch{})
		require.NoError(s, err)
		refused(token, domain.Forbidden)
		w, v := s.ask(nil, s.form().Encode())
		require.Equal(s, []any{400, "unauthorized_client"}, []any{w.Code, v["error"]})
		_, err = s.administration.SetConnectionDisabled(ctx, s.who, of, false, domain.IfMatch{})
		require.NoError(s, err)
		require.NoError(s, s.store.Write(ctx, func(tx domain.Tx) error { return tx.Organisations().Suspend(s.who.Organisation, s.clock.Now()) }))
		refused(token, domain.Forbidden)
		w, v = s.ask(nil, s.form().Encode())
		require.Equal(s, []any{400, "unauthorized_client"}, []any{w.Code, v["error"]})
		require.NoError(s, s.store.Write(ctx, func(tx domain.Tx) error { return tx.Organisations().Suspend(s.who.Organisation, time.Time{}) }))

		_, err = s.authenticate(token)
		require.NoError(s, err)
		for range 2 { // the second time changes nothing
			gone, err := s.administration.RevokeOAuthClient(ctx, s.who, s.client.ID, domain.IfMatch{})
			require.NoError(s, err)
			require.False(s, gone.RevokedAt.IsZero())
		}
		refused(token, domain.Unauthenticated)
		w, v = s.ask(nil, s.form().Encode())
		require.Equal(s, []any{401, "invalid_client"}, []any{w.Code, v["error"]})
		counts := map[domain.EventType]int{}
		var events []domain.Event
		require.NoError(s, s.store.Read(ctx, func(tx domain.Tx) (err error) {
			events, err = tx.Events().List(s.who.Organisation, domain.EventID{}, 100)
			return err
		}))
		for _, e := range events {
			counts[e.Type]++
		}
		require.Equal(s, []int{1, 1, 1}, []int{counts[domain.OAuthClientCreated], counts[domain.OAuthClientRevoked], counts[domain.TokenRevoked]})
	})
}

// A secret is replaced with overlap or at once, and a token never outlives what obtained it.
func TestRotate(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		s.client, s.secret = s.newClient(domain.OAuthClientSpec{Lifetime: 100 * time.Hour, TokenLifetime: 6 * time.Hour})
		rotate := func(overlap time.Duration) (domain.OAuthClient, string) {
			c, secret, err := s.administration.RotateOAuthClient(s.Context(), s.who, s.client.ID, overlap, domain.IfMatch{})
			require.NoError(s, err)
			return c, secret
		}
		expiresIn := func(secret string) any {
			form := s.form()
			form.Set("client_secret", secret)
			_, v := s.ask(nil, form.Encode())
			return v["expires_in"]
		}
		old := s.secret
		require.InDelta(s, 6*3600, expiresIn(old), 0)
		s.clock.Move(10 * time.Hour)
		was := s.client.Version()
		c, second := rotate(2 * time.Hour)
		require.NotEqual(s, was, c.Version())
		require.Equal(s, s.clock.Now().Add(100*time.Hour).UnixMilli(), c.ExpiresAt.UnixMilli())
		require.InDelta(s, 2*3600, expiresIn(old), 0, "as long as the secret")
		require.InDelta(s, 6*3600, expiresIn(second), 0)
		s.clock.Move(2 * time.Hour)
		require.Nil(s, expiresIn(old))
		s.secret = second
		token := s.token()
		_, third := rotate(0)
		_, err := s.authenticate(token)
		require.True(s, domain.IsKind(err, domain.Unauthenticated), "a secret that leaked leaves nothing behind")
		require.Nil(s, expiresIn(second))
		s.clock.Move(98 * time.Hour)
		require.InDelta(s, 2*3600, expiresIn(third), 0, "as long as the client")
		s.clock.Move(2 * time.Hour)
		require.Nil(s, expiresIn(third))
		_, _, err = s.administration.RotateOAuthClient(s.Context(), s.who, s.client.ID, 0, domain.IfMatch{})
		require.True(s, domain.IsCode(err, domain.CodeInvalidValue), "%v", err)
	})
}

// Of more tokens than a client may have in force the oldest ends; a connection keeps room for those made by hand.
func TestTokensAreBounded(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		first := s.token()
		second := s.token()
		for range domain.MaxOAuthTokens - 1 {
			s.token()
		}
		_, err := s.authenticate(first)
		require.True(s, domain.IsKind(err, domain.Unauthenticated), "%v", err)
		_, err = s.authenticate(second)
		require.NoError(s, err)
		require.LessOrEqual(s, len(s.tokens()), domain.MaxOAuthTokens+1)
		_, _, err = s.administration.CreateToken(s.Context(), s.who, s.tenant.Connection.ID, 0)
		require.NoError(s, err)
	})
}

// Whoever revokes a client while it asks leaves no token that works.
func TestRevokeWhileAsking(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		var running sync.WaitGroup
		o := domain.NewOAuth(s.store, s.clock.Environment(), rand.Reader)
		faults := make(chan error, 8)
		for range 4 {
			running.Go(func() {
				for range 20 {
					if _, _, err := o.Token(s.Context(), s.client.ID.String(), s.secret, domain.Visitor{}); err != nil {
						faults <- err
						return
					}
				}
			})
		}
		_, err := s.administration.RevokeOAuthClient(s.Context(), s.who, s.client.ID, domain.IfMatch{})
		running.Wait()
		close(faults)
		require.NoError(s, err)
		for err := range faults {
			require.True(s, domain.IsKind(err, domain.Unauthenticated), "%v", err)
		}
		for _, token := range s.tokens() {
			require.False(s, token.InForce(s.clock.Now()))
		}
	})
}

// stopped is a limiter that has counted enough.
type stopped struct{ scope domain.Scope }

func (l *stopped) Take(_ context.Context, scope domain.Scope) domain.Allowance {
	l.scope = scope
	return domain.Allowance{Reset: 300 * time.Millisecond}
}

func TestLimited(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		var limiter stopped
		s.handler = s.endpoint(&limiter)
		w, v := s.ask(nil, s.form().Encode())
		require.Equal(s, []any{429, "temporarily_unavailable", "1"}, []any{w.Code, v["error"], w.Header().Get("Retry-After")})
		require.Equal(s, domain.Scope{Organisation: s.client.Organisation, Connection: s.client.Connection}, limiter.scope)
		require.Empty(s, s.tokens())
	})
}

// cut is a store that cannot be reached, or fails.
type cut struct {
	domain.Store
	err error
}

func (c cut) Read(context.Context, func(domain.Tx) error) error { return c.err }

func TestFaultsStayInside(t *testing.T) {
	t.Parallel()
	s := &scene{T: t, clock: storetest.NewClock(), secret: "x"}
	for code, err := range map[string]error{
		"server_error": errors.New("relation does not exist"), "temporarily_unavailable": &domain.Error{Kind: domain.Unavailable, Code: domain.CodeUnavailable},
	} {
		failure := err
		h, err := oauth.New(oauth.Config{
			OAuth: domain.NewOAuth(cut{err: failure}, s.clock.Environment(), rand.Reader), Now: s.clock.Now, Log: slog.New(slog.NewJSONHandler(io.Discard, nil)),
		})
		require.NoError(t, err)
		s.handler = h
		w, v := s.ask(nil, s.form().Encode())
		require.GreaterOrEqual(t, w.Code, 500)
		require.Equal(t, code, v["error"])
		require.NotContains(t, w.Body.String(), "relation")
	}
}
