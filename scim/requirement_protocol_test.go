package scim_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/scim/schema"
)

func me(t *testing.T, s *server) {
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		got := s.do(method, "/Me", nil).refused(501, "")
		require.Contains(t, got.str("/detail"), "directory token")
	}
	require.Empty(t, s.log.String(), "it is no fault of ours")
}

func errorBodies(t *testing.T, s *server) {
	for _, path := range []string{"/Nowhere", "/Users/a/b", "/Users/a/b/c", "/favicon.ico", "/Schemas/urn:nobody", "/ResourceTypes/Device", "/Bulk/x"} {
		s.get(path).refused(404, "")
	}
	s.get("/Users/"+uuid.NewString()).refused(404, "")
	s.get("/Users/0").refused(404, "")
	for path, allow := range map[string]string{
		"/Users": "GET, HEAD, POST", "/Users/x": "DELETE, GET, HEAD, PATCH, PUT", "/Bulk": "POST", "/Schemas": "GET, HEAD",
		"/ServiceProviderConfig": "GET, HEAD", "/ResourceTypes/User": "GET, HEAD", "/": "GET, HEAD", "/Groups/.search": "POST",
	} {
		for _, method := range []string{"PATCH", "OPTIONS", "BREW", "TRACE"} {
			if strings.Contains(allow, method) {
				continue
			}
			got := s.do(method, path, nil).refused(405, "")
			require.Equal(t, allow, got.header.Get("Allow"), "%s %s", method, path)
		}
	}
	got := s.get("/Users", "Authorization", "").refused(401, "")
	require.Equal(t, `Bearer realm="usher"`, got.header.Get("WWW-Authenticate"))
	got = s.get("/Users", "Authorization", "", "Authorization", "Bearer nonsense").refused(401, "")
	require.Equal(t, `Bearer realm="usher", error="invalid_token"`, got.header.Get("WWW-Authenticate"))
	require.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"))
	require.Equal(t, "no-store", got.header.Get("Cache-Control"))
	for _, text := range []string{``, `{`, `nonsense`, `[]`, `"x"`, `{"userName":"a"} x`, `{"userName":NaN}`} {
		s.post("/Users", text).refused(400, "invalidSyntax")
		s.post("/Groups", text).refused(400, "invalidSyntax")
	}
	head := s.do("HEAD", "/Users/"+s.user("ana"), nil).is(200)
	require.Empty(t, head.text)
	require.NotEmpty(t, head.header.Get("ETag"))
	s.do("HEAD", "/Users/x", nil).is(404)
}

func discovery(t *testing.T, s *server) {
	config := s.get("/ServiceProviderConfig").is(200)
	require.Equal(t, []any{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"}, config.at("/schemas"))
	for _, feature := range []string{"patch", "bulk", "filter", "sort", "etag"} {
		require.Equal(t, true, config.at("/"+feature+"/supported"), feature)
	}
	require.Equal(t, false, config.at("/changePassword/supported"))
	require.Equal(t, 1000, config.num("/bulk/maxOperations"))
	require.Equal(t, 1<<20, config.num("/bulk/maxPayloadSize"))
	require.Equal(t, 1000, config.num("/filter/maxResults"))
	require.Equal(t, map[string]any{"cursor": true, "index": true, "defaultPaginationMethod": "index"}, only(config.at("/pagination"), "cursor", "index", "defaultPaginationMethod"))
	require.Equal(t, []int{100, 1000, 86400}, []int{config.num("/pagination/defaultPageSize"), config.num("/pagination/maxPageSize"), config.num("/pagination/cursorTimeout")})
	require.Equal(t, "oauthbearertoken", config.at("/authenticationSchemes/0/type"))
	require.Equal(t, s.url+"/ServiceProviderConfig", config.at("/meta/location"))

	for path, n := range map[string]int{"/ResourceTypes": 2, "/Schemas": 4} {
		list := s.get(path).is(200)
		require.Equal(t, n, list.num("/totalResults"))
		require.Equal(t, n, list.num("/itemsPerPage"))
		for i, resource := range list.list("/Resources") {
			where := list.str("/Resources/" + string(rune('0'+i)) + "/meta/location")
			require.True(t, strings.HasPrefix(where, s.url))
			require.Equal(t, resource, s.get(strings.TrimPrefix(where, s.url)).is(200).doc, "meta.location resolves")
		}
		s.get(path+"?filter="+escape(`id pr`)).refused(403, "")
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			s.do(method, path, `{}`).refused(405, "")
			s.do(method, path+"/User", `{}`).refused(405, "")
		}
	}
	s.get("/ServiceProviderConfig?filter=a").refused(403, "")
	s.do("PUT", "/ServiceProviderConfig", `{}`).refused(405, "")
	require.Equal(t, "/Users", s.get("/ResourceTypes/user").is(200).at("/endpoint"))
	require.Equal(t, domain.URNUser, s.get("/Schemas/"+strings.ToUpper(domain.URNUser)).is(200).at("/id"))

	// Every attribute that the schemas announce can be asked for, filtered and (unless complex) sorted by; secrets not.
	for _, urn := range []string{domain.URNUser, enterprise} {
		doc := s.get("/Schemas/" + urn)
		for i := range doc.list("/attributes") {
			at := "/attributes/" + itoa(i)
			path := urn + ":" + doc.str(at+"/name")
			if doc.at(at+"/returned") == "never" {
				s.get("/Users?filter="+escape(path+" pr")).refused(400, "invalidFilter")
				continue
			}
			s.get("/Users?filter=" + escape(path+" pr")).is(200)
			s.get("/Users?attributes=" + path).is(200)
			if doc.at(at+"/type") != "complex" {
				s.get("/Users?sortBy=" + path).is(200)
				continue
			}
			for j := range doc.list(at + "/subAttributes") {
				sub := path + "." + doc.str(at+"/subAttributes/"+itoa(j)+"/name")
				s.get("/Users?filter=" + escape(sub+" pr")).is(200)
				s.get("/Users?sortBy=" + sub).is(200)
			}
		}
	}
}

func customSchemas(t *testing.T, s *server) {
	const urn = "urn:acme:params:scim:schemas:extension:badge:2.0:User"
	definition := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Schema"],"id":"` + urn + `","name":"Badge","attributes":[
		{"name":"number","type":"integer"},{"name":"colour","type":"string","caseExact":true},{"name":"issued","type":"string","mutability":"immutable"},
		{"name":"doors","type":"complex","multiValued":true,"subAttributes":[{"name":"value","type":"string"},{"name":"type","type":"string"}]}]}`
	id := s.user("before", `"`+urn+`":{"number":1}`)
	require.Nil(t, s.get("/Users/"+id).at("/"+urn), "nobody knows it yet")
	s.get("/Schemas/"+urn).refused(404, "")
	s.get("/Users?filter="+escape(urn+":number eq 7")).refused(400, "invalidFilter")

	schema, err := schema.Parse([]byte(definition))
	require.NoError(t, err)
	schema.Organisation, schema.CreatedAt = s.tenant.Organisation.ID, time.Now()
	require.NoError(t, s.store.Write(context.Background(), func(tx domain.Tx) error { return tx.Schemas().Insert(schema) }))

	// Another process added it: it counts from the next request on, whatever this one remembers of the caller.
	got := s.patch("/Users/"+id, `{"op":"add","value":{"`+urn+`":{"number":7,"colour":"Red","issued":"once","doors":[{"value":"d1"}]}}}`).is(200)
	require.Equal(t, "Red", got.at("/"+urn+"/colour"), got.text)
	require.Contains(t, got.at("/schemas"), urn)
	require.Equal(t, 1, s.get("/Users?filter="+escape(urn+":number eq 7")).is(200).num("/totalResults"))
	require.Equal(t, 1, s.get("/Users?filter="+escape(urn+":number gt 6 and "+urn+`:colour sw "R"`)).num("/totalResults"))
	require.Equal(t, 0, s.get("/Users?filter="+escape(urn+`:colour eq "red"`)).num("/totalResults"), "caseExact")
	require.Equal(t, map[string]any{"colour": "Red"}, s.get("/Users/"+id+"?attributes="+urn+":colour").at("/"+urn))
	s.get("/Users?sortBy=" + urn + ":number").is(200)
	require.Equal(t, urn, s.get("/Schemas/"+urn).is(200).at("/id"))
	require.Equal(t, 5, s.get("/Schemas").num("/totalResults"))
	require.Contains(t, s.get("/ResourceTypes/User").text, urn)

	require.Equal(t, "Red", s.put("/Users/"+id, `{"userName":"before"}`).is(200).at("/"+urn+"/colour"), "a PUT that leaves it out keeps it")
	put := s.put("/Users/"+id, `{"userName":"before","`+urn+`":{"number":8}}`).is(200)
	require.Nil(t, put.at("/"+urn+"/colour"))
	require.Equal(t, "once", put.at("/"+urn+"/issued"), "immutable")
	s.put("/Users/"+id, `{"userName":"before","`+urn+`":{"issued":"twice"}}`).refused(400, "mutability")
	s.patch("/Users/"+id, `{"op":"replace","path":"`+urn+`:issued","value":"twice"}`).refused(400, "mutability")
	s.patch("/Users/"+id, `{"op":"replace","path":"`+urn+`:number","value":"many"}`).refused(400, "invalidValue")
	s.patch("/Users/"+id, `{"op":"remove","path":"`+urn+`:number"}`).is(200)

	// It is this organisation's alone.
	stranger := s.stranger()
	stranger.get("/Schemas/"+urn).refused(404, "")
	stranger.get("/Users?filter="+escape(urn+":number eq 7")).refused(400, "invalidFilter")
}

func mediaTypes(t *testing.T, s *server) {
	require.Equal(t, "application/scim+json", s.get("/Users").header.Get("Content-Type"))
	require.Equal(t, "application/scim+json", s.get("/Users", "Accept", "text/html").is(200).header.Get("Content-Type"))
	require.Equal(t, "application/json", s.get("/Users", "Accept", "application/json").header.Get("Content-Type"))
	require.Equal(t, "application/json", s.get("/Nowhere", "Accept", "application/json").header.Get("Content-Type"))
	s.get("/Users", "Accept-Charset", "utf-8").is(200)
	for i, contentType := range []string{"application/scim+json", "application/json", "application/scim+json; charset=utf-8", "application/json;charset=UTF-8", ""} {
		s.post("/Users", `{"userName":"u`+itoa(i)+`"}`, "Content-Type", contentType).is(201)
	}
	for _, contentType := range []string{"text/plain", "application/xml", "application/scim+json; charset=latin1", "multipart/form-data"} {
		s.post("/Users", `{"userName":"never"}`, "Content-Type", contentType).refused(415, "")
	}
	zipped := func(text string) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := w.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return b.Bytes()
	}
	s.post("/Users", zipped(`{"userName":"zipped"}`), "Content-Encoding", "gzip").is(201)
	s.post("/Users", zipped(`{"userName":"never"}`), "Content-Encoding", "deflate").refused(415, "")
	s.post("/Users", zipped(`{"userName":"never"}`), "Content-Encoding", "gzip, gzip").refused(415, "")
	s.post("/Users", `{"userName":"never"}`, "Content-Encoding", "gzip").refused(400, "invalidSyntax")
	s.post("/Users", zipped(`{"userName":"never"}`)[:20], "Content-Encoding", "gzip").refused(400, "invalidSyntax")
	s.post("/Users", `{"userName":"plain"}`, "Content-Encoding", "identity").is(201)
	s.post("/Users", "\xef\xbb\xbf"+`{"userName":"marked"}`).is(201)
	require.Equal(t, 0, s.get(`/Users?filter=userName+eq+"never"`).num("/totalResults"))
}

func paths(t *testing.T, s *server) {
	id := s.user("ana")
	for _, path := range []string{"/Users/" + id, "/Users/" + id + "/", "/users/" + id, "/USERS/" + id + "//"} {
		require.Equal(t, id, s.get(path).is(200).at("/id"), path)
	}
	for _, path := range []string{"/Users/", "/users", "/users/", "/groups", "/serviceproviderconfig", "/SERVICEPROVIDERCONFIG/", "/resourcetypes/", "/resourcetypes/user/", "/schemas/" + strings.ToLower(domain.URNUser)} {
		s.get(path).is(200)
	}
	s.post("/users/", `{"userName":"bo"}`).is(201)
	s.post("/users/.SEARCH/", `{}`).is(200)
	s.post("/bulk/", `{"Operations":[{"method":"POST","path":"/users/","bulkId":"1","data":{"userName":"cy"}}]}`).is(200)
	s.patch("/users/"+id+"/", `{"op":"add","path":"title","value":"x"}`).is(200)
	s.delete("/users/" + id + "/").is(204)
	s.get("/me").refused(501, "")

	lower, err := http.NewRequest(http.MethodGet, strings.Replace(s.url, "/scim/v2", "/SCIM/V2", 1)+"/Users", http.NoBody)
	require.NoError(t, err)
	lower.Header.Set("Authorization", "bearer  "+s.token)
	s.send(lower).is(200)
}
