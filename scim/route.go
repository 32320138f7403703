package scim

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"usher/scim/schema"
)

// endpoint is what answers at one path: an action per method.
type endpoint struct {
	pattern string
	methods map[string]action
}

// action answers one method at one path.
type action struct {
	trust trust
	run   func(*exchange) error
}

// router lays out the endpoints of RFC 7644 section 3.2. Only paths are matched here: every request, one for a path
// that does not exist or with a method that is not allowed included, authenticates before it learns so.
func (s *service) router() http.Handler {
	mux := chi.NewRouter()
	for _, e := range s.endpoints() {
		mux.HandleFunc(e.pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, e) })
	}
	nowhere := endpoint{pattern: "/{unknown}"}
	mux.NotFound(func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, nowhere) })
	return mux
}

func (s *service) endpoints() []endpoint {
	type on = map[string]action
	const (
		get    = http.MethodGet
		post   = http.MethodPost
		put    = http.MethodPut
		patch  = http.MethodPatch
		remove = http.MethodDelete
	)
	users, groups, both := []schema.Type{schema.User}, []schema.Type{schema.Group}, []schema.Type{schema.User, schema.Group}
	me := action{inForce, (*exchange).me}
	return []endpoint{
		{"/Users", on{get: {fromMemory, list(users)}, post: {inForce, (*exchange).createUser}}},
		{"/Users/{id}", on{
			get: {fromMemory, (*exchange).readUser}, put: {fromMemory, (*exchange).replaceUser},
			patch: {fromMemory, (*exchange).patchUser}, remove: {inForce, (*exchange).deleteUser},
		}},
		{"/Groups", on{get: {fromMemory, list(groups)}, post: {inForce, (*exchange).createGroup}}},
		{"/Groups/{id}", on{
			get: {fromMemory, (*exchange).readGroup}, put: {inForce, (*exchange).replaceGroup},
			patch: {inForce, (*exchange).patchGroup}, remove: {inForce, (*exchange).deleteGroup},
		}},
		{"/", on{get: {fromMemory, list(both)}}},
		{"/.search", on{post: {inForce, search(both)}}},
		{"/Users/.search", on{post: {inForce, search(users)}}},
		{"/Groups/.search", on{post: {inForce, search(groups)}}},
		{"/Bulk", on{post: {inForce, (*exchange).bulk}}},
		{"/Me", on{get: me, post: me, put: me, patch: me, remove: me}},
		{"/ServiceProviderConfig", on{get: {inForce, (*exchange).serviceProviderConfig}}},
		{"/ResourceTypes", on{get: {inForce, (*exchange).listResourceTypes}}},
		{"/ResourceTypes/{id}", on{get: {inForce, (*exchange).readResourceType}}},
		{"/Schemas", on{get: {inForce, (*exchange).listSchemas}}},
		{"/Schemas/{id}", on{get: {inForce, (*exchange).readSchema}}},
	}
}

// ServeHTTP finds the endpoint by path alone.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rctx := chi.NewRouteContext()
	rctx.RoutePath = canonicalPath(r.URL.Path)
	rctx.RouteMethod = http.MethodGet // endpoints take all methods and sort them out themselves
	s.routes.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), chi.RouteCtxKey, rctx)))
}

// words are the fixed parts of paths as the RFC spells them.
var words = []string{
	"Users", "Groups", "Bulk", "Me", "ServiceProviderConfig", "ResourceTypes", "Schemas", ".search",
}

// canonicalPath is the path below [Prefix] as the endpoints are spelt: without slashes at the end, with the fixed words
// in the RFC's capitals however they were sent. What stands for an identifier stays as it is.
func canonicalPath(path string) string {
	if len(path) >= len(Prefix) && strings.EqualFold(path[:len(Prefix)], Prefix) {
		path = path[len(Prefix):]
	}
	path = strings.TrimRight(path, "/")
	if path == "" {
		return "/"
	}
	if isCanonical(path) {
		return path
	}
	parts := strings.Split(path[1:], "/")
	parts[0] = spelt(parts[0])
	if len(parts) == 2 && strings.EqualFold(parts[1], ".search") {
		parts[1] = ".search"
	}
	return "/" + strings.Join(parts, "/")
}

// isCanonical spares the common case, a path as it should be, the rewriting.
func isCanonical(path string) bool {
	for _, word := range [...]string{"/Users", "/Groups"} {
		if rest, ok := strings.CutPrefix(path, word); ok && (rest == "" || rest[0] == '/' && !strings.HasPrefix(rest, "/.")) {
			return true
		}
	}
	return false
}

// spelt is the RFC's spelling of a fixed word.
func spelt(part string) string {
	for _, word := range words {
		if strings.EqualFold(word, part) {
			return word
		}
	}
	return part
}

// allowed lists the methods of an endpoint for the Allow header (RFC 9110 section 10.2.1).
func (e endpoint) allowed() string {
	var methods []string
	for method := range e.methods {
		methods = append(methods, method)
		if method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}
