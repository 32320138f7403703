package scim

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCanonicalPath(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"/scim/v2/Users":                         "/Users",
		"/scim/v2/Users/":                        "/Users",
		"/scim/v2/users":                         "/Users",
		"/scim/v2/users///":                      "/Users",
		"/SCIM/v2/USERS/AbC":                     "/Users/AbC",
		"/scim/v2/groups/AbC/":                   "/Groups/AbC",
		"/scim/v2":                               "/",
		"/scim/v2/":                              "/",
		"/scim/v2/.search":                       "/.search",
		"/scim/v2/Users/.SEARCH":                 "/Users/.search",
		"/scim/v2/groups/.search/":               "/Groups/.search",
		"/scim/v2/me":                            "/Me",
		"/scim/v2/bulk":                          "/Bulk",
		"/scim/v2/serviceproviderconfig":         "/ServiceProviderConfig",
		"/scim/v2/resourcetypes/User":            "/ResourceTypes/User",
		"/scim/v2/schemas/urn:x:USER":            "/Schemas/urn:x:USER",
		"/scim/v2/Users/a/b":                     "/Users/a/b",
		"/scim/v2/Usersx":                        "/Usersx",
		"/scim/v2/nowhere":                       "/nowhere",
		"/scim/v2/Users/0198f0a0-users":          "/Users/0198f0a0-users",
		"/Users":                                 "/Users",
		"":                                       "/",
		"/scim/v2/Groups/.search/deeper/.SEARCH": "/Groups/.search/deeper/.SEARCH",
	} {
		require.Equal(t, want, canonicalPath(sent), "%q", sent)
	}
}

func TestAllowedMethods(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"/Users": "GET, HEAD, POST", "/Users/{id}": "DELETE, GET, HEAD, PATCH, PUT", "/Bulk": "POST",
		"/Schemas": "GET, HEAD", "/": "GET, HEAD", "/.search": "POST",
	}
	for _, e := range (&service{}).endpoints() {
		if list, ok := want[e.pattern]; ok {
			require.Equal(t, list, e.allowed(), e.pattern)
			delete(want, e.pattern)
		}
		for method, a := range e.methods {
			require.NotNil(t, a.run, "%s %s", method, e.pattern)
			if method != http.MethodGet && a.trust == fromMemory {
				require.Equal(t, "/Users/{id}", e.pattern, "%s may only trust the memory where the person is read first", method)
			}
		}
	}
	require.Empty(t, want)
}
