package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

func operationsOf(item *huma.PathItem) map[string]*huma.Operation {
	all := map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
	}
	for method, op := range all {
		if op == nil {
			delete(all, method)
		}
	}
	return all
}

// The document is an OpenAPI 3.1 document in which every reference leads somewhere, and every operation says what it is,
// who may, and how it refuses; every route is in it, and nothing else.
func TestOpenAPIDocument(t *testing.T) {
	t.Parallel()
	s := newScene(t, storetest.SQLite(t), nil)
	served := s.as("", http.MethodGet, documentPath, "")
	require.Equal(t, http.StatusOK, served.status)
	require.Equal(t, "application/openapi+json", served.header.Get("Content-Type"))
	document := served.object(t)
	require.Equal(t, "3.1.0", document["openapi"])
	require.NotEmpty(t, document["info"].(map[string]any)["title"])
	require.NotEmpty(t, document["info"].(map[string]any)["version"])
	require.Equal(t, "bearer", at(t, document, "#/components/securitySchemes/"+securityScheme).(map[string]any)["scheme"])
	references := 0
	walk(document, func(reference string) {
		require.NotNil(t, at(t, document, reference))
		references++
	})
	require.Positive(t, references)

	documented, ids := map[string]bool{}, map[string]bool{}
	for path, item := range s.service.api.OpenAPI().Paths {
		for method, op := range operationsOf(item) {
			documented[method+" "+Prefix+path] = true
			require.False(t, ids[op.OperationID], "%s is there twice", op.OperationID)
			ids[op.OperationID] = true
			require.NotEmpty(t, op.OperationID)
			require.NotEmpty(t, op.Summary)
			require.Len(t, op.Tags, 1)
			require.Equal(t, []map[string][]string{{securityScheme: {}}}, op.Security)
			success := 0
			for status, response := range op.Responses {
				if strings.HasPrefix(status, "2") {
					success++
					require.NotEmpty(t, response.Description)
				}
			}
			require.Equal(t, 1, success, op.OperationID)
			for _, status := range []string{"400", "401", "403", "422", "429", "503", "default"} {
				require.Equal(t, "#/components/responses/Problem", op.Responses[status].Ref, "%s %s", op.OperationID, status)
			}
			declared := map[string]bool{}
			for _, p := range op.Parameters {
				declared[p.In+" "+p.Name] = true
			}
			require.Equal(t, strings.Contains(path, "{id}"), declared["path id"], op.OperationID)
		}
	}
	require.Contains(t, at(t, document, "#/components/responses/Problem").(map[string]any)["content"], problemMedia)
	problem := at(t, document, "#/components/schemas/Problem").(map[string]any)["properties"].(map[string]any)
	for _, name := range []string{"type", "title", "status", "detail", "code", "field"} {
		require.Contains(t, problem, name)
	}

	routes := map[string]bool{}
	require.NoError(t, chi.Walk(s.service.routes, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		routes[method+" "+route] = true
		return nil
	}))
	require.Equal(t, documented, routes)
}

// at is what a reference leads to.
func at(t testing.TB, document map[string]any, reference string) any {
	t.Helper()
	var v any = document
	for step := range strings.SplitSeq(strings.TrimPrefix(reference, "#/"), "/") {
		object, ok := v.(map[string]any)
		require.True(t, ok, reference)
		require.Contains(t, object, step, reference)
		v = object[step]
	}
	return v
}

// walk finds every reference.
func walk(v any, each func(reference string)) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if text, ok := member.(string); ok && name == "$ref" {
				each(text)
			}
			walk(member, each)
		}
	case []any:
		for _, item := range v {
			walk(item, each)
		}
	}
}

// What is answered is what the document says (see documented), at every address that can be read.
func TestAnswersMatchTheDocument(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		u := s.provision("ana@acme.test", storetest.Emails("ana@acme.test"), storetest.Name("Ana", "Díaz"))
		g, err := s.directory.CreateGroup(s.Context(), s.tenant.Caller, storetest.GroupNamed("Everybody"), []uuid.UUID{u.ID.UUID})
		require.NoError(s, err)
		answered := s.answered
		for path, item := range s.service.api.OpenAPI().Paths {
			if item.Get != nil && !strings.Contains(path, "{") && !strings.HasPrefix(path, "/statistics/") { // which need a range and a plan
				answered(s.get(path), http.StatusOK)
			}
		}
		connection := "/connections/" + s.tenant.Connection.ID.String()
		answered(s.get("/users/"+u.ID.String()), http.StatusOK)
		user := "/users/" + u.ID.String()
		role := s.role("Agent", domain.SeesOwn)
		for _, path := range []string{"/block", "/window", "/access-decision"} {
			answered(s.get(user+path), http.StatusOK)
		}
		answered(s.post("/users", `{"full_name":"B","email":"b@acme.test","role_id":"`+role+`"}`), http.StatusCreated)
		answered(s.as(s.all, http.MethodPatch, user, `{"title":"x"}`), http.StatusOK)
		require.Equal(s, http.StatusNoContent, s.post(user+"/block", "").status)
		answered(s.get(user+"/block"), http.StatusOK)
		answered(s.post(user+"/deactivate", ""), http.StatusOK)
		answered(s.as(s.all, http.MethodPut, user+"/window", `{"schedule":"mon 09:00-17:00"}`), http.StatusOK)
		answered(s.get(user+"/access-decision"), http.StatusOK)
		answered(s.as(s.all, http.MethodPatch, "/policy", `{"inactivity_days":30}`), http.StatusOK)
		answered(s.get("/groups/"+g.ID.String()), http.StatusOK)
		answered(s.get("/groups/"+g.ID.String()+"/members"), http.StatusOK)
		answered(s.get(connection), http.StatusOK)
		answered(s.get(connection+"/tokens"), http.StatusOK)
		answered(s.post(connection+"/tokens", "{}"), http.StatusCreated)
		answered(s.post("/connections", `{"name":"x"}`), http.StatusCreated)
		answered(s.post("/api-keys", `{"name":"x","permissions":["users:view"]}`), http.StatusCreated)
	})
}

// answered requires a status; that the rest is what the document says is required of every answer.
func (s *scene) answered(g got, status int) {
	s.Helper()
	require.Equal(s, status, g.status, g.body)
}
