package signin

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/internal/secret"
	"usher/oidc"
	"usher/oidc/assertion"
	"usher/persistence"
	"usher/persistence/storetest"
)

// gate is an organisation with an application, and the door that its proxy asks.
type gate struct {
	*testing.T
	store     *persistence.Store
	clock     *storetest.Clock
	tenant    storetest.Tenant
	admin     *domain.Administration
	entrance  *domain.Entrance
	directory *domain.Directory
	signer    *assertion.Signer
	issuer    string // of the last replica
	door      *Handler
	staff     domain.Role
}

const (
	gatePassword = "a mule on the harbour"
	gateBase     = "https://usher.acme.test"
	crmOrigin    = "https://crm.acme.test"
)

func newGate(t *testing.T, store *persistence.Store) *gate {
	t.Helper()
	clock := storetest.NewClock()
	g := &gate{
		T: t, store: store, clock: clock, tenant: storetest.OwnTenant(t, store, -1), admin: domain.NewAdministration(store, clock.Environment(), rand.Reader),
		entrance: domain.NewEntrance(store, clock.Environment(), rand.Reader), directory: domain.NewDirectory(store, clock.Environment()),
	}
	g.door = g.replica()
	g.app("CRM", crmOrigin)
	var err error
	g.staff, err = g.admin.CreateRole(t.Context(), g.boss(), domain.RoleSpec{Name: "Agent", Sees: domain.SeesOwn})
	require.NoError(t, err)
	return g
}

// replica is the door as one more process has it.
func (g *gate) replica() *Handler {
	g.Helper()
	return g.replicaAt(gateBase)
}

// replicaAt is one that people reach at an address of its own.
func (g *gate) replicaAt(base string) *Handler {
	g.Helper()
	g.issuer = base
	key, err := secret.Parse("a-secret-key-for-tests-0123456789abcdef")
	require.NoError(g, err)
	log := slog.New(slog.NewJSONHandler(io.Discard, nil))
	g.signer, err = assertion.New(assertion.Config{
		Keys: domain.NewInstallation(g.store, g.clock.Environment(), rand.Reader).SigningKeys, Issuer: base, Now: g.clock.Now, Log: log,
		Seal: func(text, place []byte) ([]byte, error) { return key.Seal("assertion", text, place) },
		Open: func(sealed, place []byte) ([]byte, error) { return key.Open("assertion", sealed, place) },
	})
	require.NoError(g, err)
	door, err := New(Config{
		Entrance: domain.NewEntrance(g.store, g.clock.Environment(), rand.Reader), Party: new(oidc.RelyingParty), Signer: g.signer, BaseURL: base,
		Seal: func(text, place []byte) ([]byte, error) { return key.Seal("people", text, place) },
		Open: func(sealed, place []byte) ([]byte, error) { return key.Open("people", sealed, place) },
		Now:  g.clock.Now, Random: rand.Reader, Log: log, RequestID: func(*http.Request) string { return "r-7" },
		ClientAddress: peer,
	})
	require.NoError(g, err)
	return door
}

// peer is the address of who asks, where no proxy is in between.
func peer(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return host
}

func (g *gate) org() domain.OrganisationID { return g.tenant.Organisation.ID }

// boss may do everything.
func (g *gate) boss() domain.Administrator {
	return domain.Administrator{Organisation: g.org(), Actor: domain.ActorOperator(), Owner: true}
}

func (g *gate) app(name, origin string, modules ...string) domain.Application {
	g.Helper()
	a, err := g.admin.CreateApplication(g.Context(), g.boss(), domain.ApplicationSpec{Name: name, Origins: []string{origin}, Modules: modules})
	require.NoError(g, err)
	return a
}

// member is somebody active with a password, a role and nothing else.
func (g *gate) member(email string) domain.User {
	g.Helper()
	u, err := g.admin.Add(g.Context(), g.boss(), domain.NewPerson{GivenName: "Ana", FamilyName: "Łuk", Email: email, Role: g.staff.ID})
	require.NoError(g, err)
	g.accept(u)
	return u
}

// accept answers somebody's invitation.
func (g *gate) accept(u domain.User) {
	g.Helper()
	var open []domain.Link
	require.NoError(g, g.store.Read(g.Context(), func(tx domain.Tx) (err error) {
		open, err = tx.Links().Open(g.org(), u.ID)
		return err
	}))
	require.Len(g, open, 1)
	_, err := g.entrance.AcceptInvitation(g.Context(), storetest.Links().Token(g.org(), domain.LinkInvitation, open[0].ID), gatePassword, domain.Visitor{})
	require.NoError(g, err)
}

// session signs somebody in and gives the token.
func (g *gate) session(email string) string {
	g.Helper()
	in, err := g.entrance.SignIn(g.Context(), g.org(), email, gatePassword, domain.Visitor{Address: "192.0.2.1"})
	require.NoError(g, err)
	return in.Token
}

// ask is a request of a proxy: each pair is a header.
func (g *gate) ask(path, token string, headers ...string) *httptest.ResponseRecorder {
	g.Helper()
	return ask(g.door, path, token, headers...)
}

func ask(door http.Handler, path, token string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	if token != "" {
		r.AddCookie(&http.Cookie{Name: "__Host-usher_session", Value: token})
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	return w
}

// nginx asks as nginx is configured to.
func (g *gate) nginx(token string) *httptest.ResponseRecorder {
	g.Helper()
	return g.ask(checkPath, token, "X-Original-URL", crmOrigin+"/deals?id=1", "Accept", "text/html")
}

// claimed verifies an assertion as an application does.
func (g *gate) claimed(token, audience string) map[string]any {
	g.Helper()
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256})
	require.NoError(g, err)
	var set jose.JSONWebKeySet
	document, err := g.signer.KeySet(g.Context())
	require.NoError(g, err)
	require.NoError(g, json.Unmarshal(document, &set))
	keys := set.Key(parsed.Headers[0].KeyID)
	require.Len(g, keys, 1)
	var registered jwt.Claims
	all := map[string]any{}
	require.NoError(g, parsed.Claims(keys[0].Key, &registered, &all))
	require.NoError(g, registered.ValidateWithLeeway(jwt.Expected{Issuer: g.issuer, AnyAudience: jwt.Audience{audience}, Time: g.clock.Now()}, time.Second))
	return all
}
