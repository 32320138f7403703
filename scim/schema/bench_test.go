package schema_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain/attribute"
	"usher/scim/schema"
)

// What Okta and Entra send to create somebody, and the same again with nothing to put right.
const (
	oktaCreate = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"test.user@okta.local",
		"name":{"givenName":"Test","familyName":"User"},
		"emails":[{"primary":true,"value":"test.user@okta.local","type":"work"}],
		"displayName":"Test User","locale":"en-US","externalId":"00u1","groups":[],"password":"1mz050nq","active":true}`
	entraCreate = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"externalId":"alex","userName":"alex@contoso.com",
		"active":true,"displayName":"Alex Test","emails":[{"primary":true,"type":"work","value":"alex@contoso.com"}],
		"meta":{"resourceType":"User"},"name":{"formatted":"Alex Test","familyName":"Test","givenName":"Alex"},
		"roles":[],"title":"Engineer","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{
		"department":"R&D","employeeNumber":"701984"}}`
	canonicalCreate = `{"externalId":"alex","userName":"alex@contoso.com",
		"name":{"formatted":"Alex Test","familyName":"Test","givenName":"Alex"},"displayName":"Alex Test",
		"title":"Engineer","active":true,"emails":[{"value":"alex@contoso.com","type":"work","primary":true}],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"701984","department":"R&D"}}`
)

func BenchmarkTree(b *testing.B) {
	users := standard(b).View(schema.User)
	for name, text := range map[string]string{"okta": oktaCreate, "entra": entraCreate, "canonical": canonicalCreate} {
		body := read(b, text)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			note := func(string) {}
			for b.Loop() {
				tree, err := users.Tree(body, note)
				if err != nil {
					b.Fatal(err)
				}
				if err := users.Complete(tree); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestAllocations bounds what a request costs the garbage collector.
func TestAllocations(t *testing.T) { //nolint:paralleltest // allocations can be counted only while nothing else runs
	users := standard(t).View(schema.User)
	note := func(string) {}
	for text, most := range map[string]float64{oktaCreate: 4, entraCreate: 4, canonicalCreate: 0} {
		body := read(t, text)
		require.LessOrEqual(t, testing.AllocsPerRun(100, func() {
			tree, err := users.Tree(body, note)
			if err != nil || users.Complete(tree) != nil {
				t.Error(err)
			}
		}), most, text)
	}
	canonical := read(t, canonicalCreate)
	require.Zero(t, testing.AllocsPerRun(100, func() { users.Order(canonical) }), "what is in order is given back")
	require.Zero(t, testing.AllocsPerRun(100, func() {
		_, _, _ = users.Resolve("emails.value")
		_, _, _ = users.Resolve("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName")
	}))
}

func standard(t testing.TB) *schema.Set {
	t.Helper()
	set, err := schema.Standard()
	require.NoError(t, err)
	return set
}

func read(t testing.TB, text string) attribute.Value {
	t.Helper()
	v, err := attribute.Read([]byte(text), attribute.Bounds{})
	require.NoError(t, err)
	return v
}
