package api

import (
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// schemas are those of the document, compiled when the first answer asks for one. It is the same document for every service.
type schemas struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	known    map[string]*jsonschema.Schema
}

var documented = &schemas{known: map[string]*jsonschema.Schema{}} //nolint:gochecknoglobals // compiled once for all tests

const documentURL = "https://usher.test/openapi.json"

// of gives the schema at a place of the document.
func (c *schemas) of(document []byte, place string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.compiler == nil {
		tree, err := jsonschema.UnmarshalJSON(strings.NewReader(string(document)))
		if err != nil {
			return nil, err
		}
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource(documentURL, tree); err != nil {
			return nil, err
		}
		c.compiler = compiler
	}
	if known := c.known[place]; known != nil {
		return known, nil
	}
	schema, err := c.compiler.Compile(documentURL + "#" + place)
	if err == nil {
		c.known[place] = schema
	}
	return schema, err
}

// documented requires of every answer that a test gets that it is what the document says of it: status, headers and body.
func (s *scene) documented(method, path string, g got) {
	s.Helper()
	path, _, _ = strings.Cut(path, "?")
	at := chi.NewRouteContext()
	if !s.service.routes.Match(at, method, Prefix+path) {
		return
	}
	pattern := strings.TrimPrefix(at.RoutePattern(), Prefix)
	item := s.service.api.OpenAPI().Paths[pattern]
	if item == nil {
		return
	}
	op := operationsOf(item)[method]
	if op == nil {
		return
	}
	status := strconv.Itoa(g.status)
	response := op.Responses[status]
	if response == nil {
		require.GreaterOrEqual(s, g.status, http.StatusInternalServerError, "%s %s answers %d, which the document does not list", method, pattern, g.status)
		return
	}
	for name := range response.Headers {
		if name != "Link" { // which the last page has none of
			require.NotEmpty(s, g.header.Get(name), "%s %s: the document says that %d has the header %s", method, pattern, g.status, name)
		}
	}
	media, _, _ := strings.Cut(g.header.Get("Content-Type"), ";")
	place := "/paths/" + pointed(pattern) + "/" + strings.ToLower(method) + "/responses/" + status
	switch {
	case response.Ref != "":
		place = strings.TrimPrefix(response.Ref, "#")
		require.Equal(s, problemMedia, media)
	case len(response.Content) == 0:
		require.Empty(s, g.body, "%s %s: the document says that %d has no body", method, pattern, g.status)
		return
	default:
		require.Contains(s, response.Content, media, "%s %s", method, pattern)
	}
	if !strings.HasSuffix(media, "json") {
		return
	}
	schema, err := documented.of(s.service.document, place+"/content/"+pointed(media)+"/schema")
	require.NoError(s, err)
	body, err := jsonschema.UnmarshalJSON(strings.NewReader(g.body))
	require.NoError(s, err, g.body)
	require.NoError(s, schema.Validate(body), "%s %s: %s", method, pattern, g.body)
}

// pointed is a name as a step of a JSON pointer in an address (RFC 6901 section 6).
func pointed(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(name)
}
