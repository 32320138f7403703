package scim_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
	"usher/scim/patch"
	"usher/scim/schema"
)

// Every refusal of a write is counted under what was tried and why not; of reads, those that mean a wrong set-up.
func TestRefusalsAreCounted(t *testing.T) {
	t.Parallel()
	s := newServer(t, storetest.SQLite(t))
	id := s.user("ana")
	s.post("/Users", `{"userName":"ANA"}`)
	s.put("/Users/"+uuid.NewString(), `{"userName":"x"}`)
	s.patch("/Users/"+id, `{"op":"add","path":"nope","value":1}`)
	s.delete("/Groups/" + uuid.NewString())
	s.post("/Users", `{`)
	s.post("/Users", `x`, "Content-Type", "text/plain")
	s.do("BREW", "/Users", nil)
	s.bulk(postOp("/Users", "1", `{"userName":"ana"}`), `{"method":"DELETE","path":"/Groups/`+uuid.NewString()+`"}`)
	s.get("/Users?count=x")
	s.get("/Schemas?filter=x")
	require.Equal(t, []string{
		"POST /Users 409 user_name_taken", "PUT /Users 404 not_found", "PATCH /Users 400 invalid_path", "DELETE /Groups 404 not_found",
		"POST /Users 400 invalid_syntax", "POST /Users 415 unsupported_media_type", "other /Users 405 method_not_allowed",
		"POST /Users 409 user_name_taken", "DELETE /Groups 404 not_found", "GET /Users 400 invalid_value", "GET /Schemas 403 filter_on_discovery",
	}, s.ledger.all(domain.TallyRefused))

	before := len(s.ledger.entries)
	s.get("/Users/" + uuid.NewString()).is(404)
	s.get("/Nowhere").is(404)
	s.get("/Users", "Authorization", "Bearer x").is(401)
	s.get("/Users/"+id, "If-None-Match", "*").is(304)
	require.Len(t, s.ledger.entries, before, "daily bread, and nobody's")
}

// Every habit that is put right is counted by the name of its rule, once for each time.
func TestHabitsAreCounted(t *testing.T) {
	t.Parallel()
	s := newServer(t, storetest.SQLite(t))
	id := s.user("ana", `"active":"True"`, `"department":"x"`)
	s.patch("/Users/"+id, `{"op":"Replace","path":"active","value":"False"},{"op":"add","path":"`+enterprise+`:manager","value":"x"}`).is(200)
	s.group("g")
	counted := s.ledger.all(domain.TallyStraightened)
	for _, rule := range []string{schema.RuleBooleanAsText, schema.RuleUnknownAttribute, patch.RuleOperationCase, schema.RuleManagerAsText} {
		require.Contains(t, counted, rule)
	}
	known := slices.Concat(schema.Rules(), patch.Rules())
	for _, rule := range counted {
		require.Contains(t, known, rule)
	}
	for _, e := range s.ledger.entries {
		require.Equal(t, s.tenant.Connection.ID, e.Connection)
	}
}

// The routes that are observed are patterns: what is in a path tells them apart no more than a query does.
func TestRoutesAreObserved(t *testing.T) {
	t.Parallel()
	s := newServer(t, storetest.SQLite(t))
	for path, want := range map[string]string{
		"/Users?filter=x": "GET /Users 400", "/Users/" + uuid.NewString(): "GET /Users/{id} 404", "/nowhere/at/all": "GET /{unknown} 404",
		"/schemas/urn:x": "GET /Schemas/{id} 404", "/": "GET / 200", "/groups/": "GET /Groups 200",
	} {
		s.get(path)
		require.Equal(t, want, s.seen.last())
	}
	s.get("/Users", "Authorization", "")
	require.Equal(t, "GET /Users 401", s.seen.last())
}
