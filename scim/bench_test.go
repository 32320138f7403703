package scim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"usher/persistence/storetest"
)

// BenchmarkRequests is one request after the other through the adapter and SQLite, without a socket: what profiles of
// the adapter are made from. The load generator in bench/ measures the whole.
func BenchmarkRequests(b *testing.B) {
	s := newServer(b, storetest.SQLite(b))
	for i := range 100 {
		s.user(fmt.Sprintf("user%03d@acme.test", i), benchmarkBody)
	}
	id := s.user("one@acme.test", benchmarkBody)
	s.group("g", id)
	var made atomic.Int64
	for _, bench := range []struct {
		name, method, path string
		body               func() string
		want               int
	}{
		{"get", "GET", "/Users/" + id, nil, 200},
		{"lookup", "GET", "/Users?filter=" + escape(`userName eq "one@acme.test"`), nil, 200},
		{"list-100", "GET", "/Users", nil, 200},
		{"list-100-attributes", "GET", "/Users?attributes=userName", nil, 200},
		{"create", "POST", "/Users", func() string {
			return fmt.Sprintf(`{"userName":"new%d",%s}`, made.Add(1), benchmarkBody)
		}, 201},
		{"patch", "PATCH", "/Users/" + id, func() string {
			return fmt.Sprintf(`{"Operations":[{"op":"replace","path":"active","value":%t}]}`, made.Add(1)%2 == 0)
		}, 200},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var r *http.Request
				if bench.body == nil {
					r = httptest.NewRequest(bench.method, "http://usher.test/scim/v2"+bench.path, http.NoBody)
				} else {
					r = httptest.NewRequest(bench.method, "http://usher.test/scim/v2"+bench.path, strings.NewReader(bench.body()))
				}
				r.Header.Set("Authorization", "Bearer "+s.token)
				w := httptest.NewRecorder()
				s.handler.ServeHTTP(w, r)
				if w.Code != bench.want {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}

const benchmarkBody = `"externalId":null,"name":{"givenName":"Ana","familyName":"Sol"},"displayName":"Ana Sol","title":"Engineer","active":true,
"emails":[{"value":"ana.sol@acme.test","type":"work","primary":true},{"value":"ana@home.test","type":"home"}],
"phoneNumbers":[{"value":"+34 600 000 000","type":"mobile"}],"locale":"es-ES","timezone":"Europe/Madrid",
"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D","employeeNumber":"4711"}`
