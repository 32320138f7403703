package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/internal/secret"
	"usher/oidc"
	"usher/persistence"
	"usher/persistence/storetest"
)

// scene is an organisation with a directory, and a server in front of its administration.
type scene struct {
	*testing.T
	store        *persistence.Store
	clock        *storetest.Clock
	installation *domain.Installation
	directory    *domain.Directory
	tenant       storetest.Tenant
	service      *service
	url          string
	all          string // a key that may do everything this package asks for
}

// each runs a test over every database.
func each(t *testing.T, test func(s *scene)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) { test(newScene(t, store, nil)) })
}

// tell runs rules over every database, each in an organisation of its own. What a rule leaves behind must be consistent.
func tell(t *testing.T, rules map[string]func(*scene)) {
	t.Helper()
	each := storetest.Shared(t)
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, store *persistence.Store) {
				s := newScene(t, store, nil)
				rule(s)
				if !t.Failed() {
					storetest.Consistent(t, store, s.tenant.Organisation.ID)
				}
			})
		})
	}
}

func newScene(t *testing.T, store *persistence.Store, configure func(*Config)) *scene {
	t.Helper()
	clock := storetest.NewClock()
	s := &scene{
		T: t, store: store, clock: clock, tenant: storetest.OwnTenant(t, store, 10),
		installation: domain.NewInstallation(store, clock.Environment(), rand.Reader),
		directory:    domain.NewDirectory(store, clock.Environment()),
	}
	c := config(t, store, clock)
	if configure != nil {
		configure(&c)
	}
	var err error
	s.service, err = newService(c)
	require.NoError(t, err)
	server := httptest.NewServer(s.service)
	t.Cleanup(server.Close)
	s.url = server.URL + Prefix
	s.all = s.key(storetest.EveryPermission()...)
	return s
}

func config(t *testing.T, store domain.Store, clock *storetest.Clock) Config {
	t.Helper()
	key, err := secret.Parse("a-secret-key-for-tests-0123456789abcdef")
	require.NoError(t, err)
	cursors, err := key.Derive("api cursor")
	require.NoError(t, err)
	party, err := oidc.New(oidc.Config{Now: clock.Now})
	require.NoError(t, err)
	t.Cleanup(party.Close)
	return Config{
		Administration: domain.NewAdministration(store, clock.Environment(), rand.Reader), CursorKey: cursors, Now: clock.Now,
		Checker: oidc.Checker{Party: party},
		Clients: oidc.Clients{BaseURL: "https://usher.acme.test", Random: rand.Reader, SealKey: func(_ domain.OrganisationID, _ domain.ConnectionID, plain []byte) ([]byte, error) {
			return key.Seal("client key", plain, nil)
		}, SealPlain: func(_ domain.OrganisationID, id domain.ConnectionID, plain []byte) ([]byte, error) {
			return key.Seal("client secret", plain, id.UUID[:])
		}},
		Log:       slog.New(slog.NewJSONHandler(io.Discard, nil)),
		Seal:      func(text, place []byte) ([]byte, error) { return key.Seal("api answer", text, place) },
		Open:      func(sealed, place []byte) ([]byte, error) { return key.Open("api answer", sealed, place) },
		Webhooks:  domain.WebhookTerms{Seal: func(text, place []byte) ([]byte, error) { return key.Seal("webhook", text, place) }},
		RequestID: func(context.Context) string { return "request-1" },
	}
}

// needed is every permission that an operation asks for, as the document says.
func (s *scene) needed() []string {
	needed := map[string]bool{}
	for _, item := range s.service.api.OpenAPI().Paths {
		for _, op := range operationsOf(item) {
			if of := permissionOf(op); of != "" {
				needed[of] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(needed))
}

// permissionOf an operation; empty where every key may.
func permissionOf(op *huma.Operation) string {
	_, rest, _ := strings.Cut(op.Description, "Needs the permission `")
	needed, _, _ := strings.Cut(rest, "`")
	return needed
}

// key makes an API key of the organisation.
func (s *scene) key(permissions ...string) string { return s.keyOf(s.slug(), permissions...) }

// stranger is another organisation beside that of the scene.
func (s *scene) stranger() storetest.Tenant {
	s.Helper()
	return storetest.NewTenant(s, s.store, storetest.Slug(s)+"-beta", -1)
}

// slug is what the organisation is called in addresses.
func (s *scene) slug() string { return s.tenant.Organisation.Slug }

func (s *scene) keyOf(slug string, permissions ...string) string {
	s.Helper()
	spec := domain.APIKeySpec{Name: "test"}
	for _, text := range permissions {
		of, err := domain.ParsePermission(text)
		require.NoError(s, err)
		spec.Permissions = append(spec.Permissions, of)
	}
	_, text, err := s.installation.CreateAPIKey(s.Context(), slug, spec)
	require.NoError(s, err)
	return text
}

// got is an answer, read to its end.
type got struct {
	status int
	header http.Header
	body   string
}

// object decodes the body.
func (g got) object(t testing.TB) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(g.body), &v), g.body)
	return v
}

// text is the text at a path of names in the body; empty where it is null.
func (g got) text(t testing.TB, path ...string) string {
	t.Helper()
	var v any = g.object(t)
	for _, name := range path {
		v = v.(map[string]any)[name]
	}
	if v == nil {
		return ""
	}
	return v.(string)
}

// items are the elements of a list.
func (g got) items(t testing.TB) []map[string]any {
	t.Helper()
	require.Equal(t, http.StatusOK, g.status, g.body)
	var v struct {
		Items []map[string]any `json:"items"`
	}
	require.NoError(t, json.Unmarshal([]byte(g.body), &v), g.body)
	return v.Items
}

// values are what a list has under one name.
func (g got) values(t testing.TB, name string) []string {
	t.Helper()
	values := []string{}
	for _, item := range g.items(t) {
		values = append(values, item[name].(string))
	}
	return values
}

// as sends a request with a key; header is NAME, VALUE, ….
func (s *scene) as(key, method, path, body string, header ...string) got {
	s.Helper()
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return s.with(h, key, method, path, body)
}

// with sends a request with a header of which a name may have several lines.
func (s *scene) with(header http.Header, key, method, path, body string) got {
	s.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, s.url+path, bytes.NewReader([]byte(body)))
	require.NoError(s, err)
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	maps.Copy(r.Header, header)
	response, err := http.DefaultClient.Do(r)
	require.NoError(s, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s, err)
	g := got{response.StatusCode, response.Header, string(text)}
	s.documented(method, path, g)
	return g
}

func (s *scene) get(path string) got { s.Helper(); return s.as(s.all, http.MethodGet, path, "") }

func (s *scene) post(path, body string, header ...string) got {
	s.Helper()
	return s.as(s.all, http.MethodPost, path, body, header...)
}

func (s *scene) put(path, body string, header ...string) got {
	s.Helper()
	return s.as(s.all, http.MethodPut, path, body, header...)
}

func (s *scene) patch(path, body string, header ...string) got {
	s.Helper()
	return s.as(s.all, http.MethodPatch, path, body, header...)
}

func (s *scene) remove(path string, header ...string) got {
	s.Helper()
	return s.as(s.all, http.MethodDelete, path, "", header...)
}

// made sends a request that makes something, and gives its id.
func (s *scene) made(path, body string) string {
	s.Helper()
	g := s.post(path, body)
	require.Equal(s, http.StatusCreated, g.status, g.body)
	return g.text(s, "id")
}

// refused requires a problem in the form of RFC 9457 and gives it.
func refused(t testing.TB, g got, status int, code, field string) map[string]any {
	t.Helper()
	require.Equal(t, status, g.status, g.body)
	require.Equal(t, problemMedia, g.header.Get("Content-Type"))
	p := g.object(t)
	require.Equal(t, code, p["code"], g.body)
	require.Equal(t, "urn:usher:problem:"+code, p["type"])
	require.EqualValues(t, status, p["status"])
	require.NotEmpty(t, p["title"])
	require.NotEmpty(t, p["detail"])
	if code == domain.CodePermissionMissing {
		require.NotContains(t, p, "field", "no field is at fault")
		require.NotEmpty(t, p["permission"], g.body)
		if field != "" {
			require.Equal(t, field, p["permission"], g.body)
		}
	} else if field != "" {
		require.Equal(t, field, p["field"], g.body)
	}
	return p
}

func (s *scene) provision(userName string, more ...attribute.Member) domain.User {
	s.Helper()
	u, err := s.directory.Provision(s.Context(), s.tenant.Caller, storetest.Person(userName, more...))
	require.NoError(s, err)
	return u
}

// events counts the events of the organisation by type.
func (s *scene) events() map[domain.EventType]int {
	s.Helper()
	counts := map[domain.EventType]int{}
	require.NoError(s, s.store.Read(s.Context(), func(tx domain.Tx) error {
		list, err := tx.Events().List(s.tenant.Organisation.ID, domain.EventID{}, 1000)
		for _, e := range list {
			counts[e.Type]++
		}
		return err
	}))
	return counts
}

// cursorIn is the cursor of a Link header.
func cursorIn(t testing.TB, g got) string {
	t.Helper()
	link := g.header.Get("Link")
	require.True(t, strings.HasSuffix(link, `; rel="next"`), link)
	return strings.TrimPrefix(strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`), Prefix)
}
