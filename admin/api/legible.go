package api

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"usher/domain"
	"usher/domain/attribute"
)

// legible lets a request pass to its operation when what was sent can be read in one way only: text in the address, no
// parameter and no member of an object twice, and null only where it says something. The framework would read the first of
// two, put U+FFFD in place of what is no text, and take null for what was not sent.
func (s *service) legible(ctx huma.Context, next func(huma.Context)) {
	x := exchangeOf(ctx.Context())
	err := legibleAddress(ctx)
	if err == nil {
		err = s.legibleBody(ctx, x.body)
	}
	if err != nil {
		_, w := humachi.Unwrap(ctx)
		s.refuse(w, x.r, x.problem(err))
		return
	}
	next(ctx)
}

func legibleAddress(ctx huma.Context) error {
	address := ctx.URL()
	query, err := url.ParseQuery(address.RawQuery)
	if err != nil {
		return illegible("query", "the query of the address is not escaped as it has to be (RFC 3986 section 2.1); send % as %25 and ; as %3B")
	}
	for _, p := range ctx.Operation().Parameters {
		var sent []string
		switch p.In {
		case "path":
			sent = []string{ctx.Param(p.Name)}
		case "query":
			sent = query[p.Name]
		}
		if slices.ContainsFunc(sent, func(text string) bool { return !isText(text) }) {
			return illegible(p.Name, p.Name+" in the address is no text: it has NUL or bytes that are not UTF-8; send UTF-8, percent-encoded")
		}
		if len(sent) < 2 {
			continue
		}
		if p.Schema.Type != huma.TypeArray {
			return domain.InvalidField(p.Name, "it is in the address "+strconv.Itoa(len(sent))+" times; send it once")
		}
		if slices.Contains(sent, "") {
			return domain.InvalidField(p.Name, "it is in the address several times, once without a value; leave that one out")
		}
	}
	return nil
}

// isText tells text that every database keeps as it is.
func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

func illegible(field, message string) error {
	return &domain.Error{Kind: domain.Invalid, Code: domain.CodeInvalidSyntax, Field: field, Message: message}
}

// legibleBody leaves to the framework what is not there and what is not said to be JSON.
func (s *service) legibleBody(ctx huma.Context, body []byte) error {
	var takes *huma.MediaType
	if of := ctx.Operation().RequestBody; of != nil {
		takes = of.Content["application/json"]
	}
	media := ctx.Header("Content-Type")
	if takes == nil || len(body) == 0 || media != "" && !strings.Contains(strings.ToLower(media), "json") {
		return nil
	}
	tree, err := attribute.Read(body, attribute.Bounds{Nodes: maxBody})
	var fault *attribute.SyntaxError
	if errors.As(err, &fault) {
		return illegible("", "the body is not the JSON this takes: "+fault.Error()+"; correct it and send the request again")
	}
	if err != nil {
		return err
	}
	return s.saysSomething(takes.Schema, tree, "")
}

// saysSomething refuses null wherever the document does not give it a meaning, and a whole number that is spelt as no program
// reads one (1.0, 1e3).
func (s *service) saysSomething(schema *huma.Schema, v attribute.Value, where string) error {
	schema = s.resolved(schema)
	for i, m := range v.Members() {
		of, at := schema.Items, where+"["+strconv.Itoa(i)+"]"
		if v.Kind() == attribute.Complex {
			of, at = memberOf(schema, m.Name), strings.TrimPrefix(where+"."+m.Name, ".")
		}
		if of == nil {
			continue // nobody knows it, or it may be anything
		}
		if m.Value.Kind() == attribute.Null && !s.takesNull(of) {
			return domain.InvalidField(at, "null says nothing here: leave the field out to keep what is there; an empty text, list or object removes what can be removed")
		}
		if m.Value.Kind() == attribute.Number && s.resolved(of).Type == huma.TypeInteger && !plainInteger(m.Value.Text()) {
			return domain.InvalidField(at, at+": "+s.takes(of)+", in digits alone")
		}
		if err := s.saysSomething(of, m.Value, at); err != nil {
			return err
		}
	}
	return nil
}

// plainInteger reports whether a number in JSON fits what whole numbers are kept in.
func plainInteger(literal string) bool {
	_, err := strconv.ParseInt(literal, 10, 64)
	return err == nil
}

func (s *service) resolved(schema *huma.Schema) *huma.Schema {
	for schema.Ref != "" {
		schema = s.api.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
	}
	return schema
}

// memberOf is the schema of a member of an object, whose name the framework reads without case; nil for none.
func memberOf(object *huma.Schema, name string) *huma.Schema {
	for known, schema := range object.Properties {
		if strings.EqualFold(known, name) {
			return schema
		}
	}
	rest, _ := object.AdditionalProperties.(*huma.Schema)
	return rest
}

func (s *service) takesNull(schema *huma.Schema) bool {
	schema = s.resolved(schema)
	either := alternatives(schema)
	return schema.Nullable || schema.Type == typeNull || schema.Type == "" && len(either) == 0 || slices.ContainsFunc(either, s.takesNull)
}
