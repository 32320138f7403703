package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"usher/domain"
)

const securityScheme = "apiKey"

// operation is what is to be known of an endpoint to route and to document it.
type operation struct {
	method, path string
	id           string // of the operation, unique: list-users
	tag          string
	summary      string
	description  string
	needs        string // the permission, module:action; empty: none but a key
	status       int    // of success; 0: 200
	media        string // of the answer; empty: JSON
}

// add makes an operation one of the service: its route, its place in the document, and its errors told as problems. run
// gets who asks, as authenticated for this request.
func add[I, O any](s *service, op operation, run func(ctx context.Context, who domain.Administrator, in *I) (*O, error)) {
	described := huma.Operation{
		Method: op.method, Path: op.path, OperationID: op.id, Tags: []string{op.tag}, Summary: op.summary,
		Description: strings.TrimSpace(op.description + "\n\n" + needed(op.needs)), DefaultStatus: op.status,
		Security:        []map[string][]string{{securityScheme: {}}},
		MaxBodyBytes:    maxBody + 1,
		BodyReadTimeout: -1, // the body has been read
		Responses:       responsesOf(op),
	}
	huma.Register(s.api, described, func(ctx context.Context, in *I) (*O, error) {
		x := exchangeOf(ctx)
		out, err := run(ctx, x.who, in)
		if err != nil {
			return nil, x.problem(err)
		}
		return out, nil
	})
}

func needed(permission string) string {
	if permission == "" {
		return "Every key may do this."
	}
	return "Needs the permission `" + permission + "`."
}

// responsesOf are the refusals of an operation, by status, and its answer where that is not JSON.
func responsesOf(op operation) map[string]*huma.Response {
	refusals := []string{"400", "401", "403", "422", "429", "503", "default"}
	if strings.Contains(op.path, "{") {
		refusals = append(refusals, "404")
	}
	if op.method != http.MethodGet {
		refusals = append(refusals, "409", "412", "413", "415")
	}
	responses := map[string]*huma.Response{}
	for _, status := range refusals {
		responses[status] = &huma.Response{Ref: "#/components/responses/Problem"}
	}
	if op.media != "" {
		responses[strconv.Itoa(http.StatusOK)] = &huma.Response{
			Description: http.StatusText(http.StatusOK), Content: map[string]*huma.MediaType{op.media: {Schema: &huma.Schema{Type: huma.TypeString}}},
		}
	}
	return responses
}

// describeProblems puts the one form of all refusals into the document.
func (s *service) describeProblems() {
	components := s.api.OpenAPI().Components
	schema := huma.SchemaFromType(components.Schemas, problemType)
	components.Schemas.Map()["Problem"] = schema
	components.Responses = map[string]*huma.Response{
		"Problem": {
			Description: "A refusal (RFC 9457): what was wrong, and what to do.",
			Content:     map[string]*huma.MediaType{problemMedia: {Schema: &huma.Schema{Ref: schemaPrefix + "Problem"}}},
		},
	}
}

// ByID is the input of an operation on one thing.
type ByID struct {
	ID string `path:"id" doc:"Its identifier." maxLength:"100"`
}

// Matching is ByID for a write.
type Matching struct {
	ByID

	IfMatch string `header:"If-Match" doc:"Carry it out only if the ETag is still this one." maxLength:"1000"`
}

// identified reads an identifier; what is none names nothing.
func identified[Noun any](text, what string) (domain.ID[Noun], error) {
	id, ok := domain.ParseID[Noun](text)
	if !ok {
		return id, &domain.Error{Kind: domain.NotFound, Code: domain.CodeNotFound, Field: "id", Message: "there is no such " + what}
	}
	return id, nil
}

// filtered reads an identifier in a filter; empty is none.
func filtered[Noun any](field, text string) (domain.ID[Noun], error) {
	if text == "" {
		return domain.ID[Noun]{}, nil
	}
	id, ok := domain.ParseID[Noun](text)
	if !ok {
		return id, domain.InvalidField(field, "send an id as it was answered, in lower case with hyphens")
	}
	return id, nil
}

// spelled tells a refusal by the names that callers know its fields by.
func spelled(err error, names map[string]string) error {
	var e *domain.Error
	if !errors.As(err, &e) || names[e.Field] == "" {
		return err
	}
	renamed := *e
	renamed.Field = names[e.Field]
	return &renamed
}
