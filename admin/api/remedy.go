package api

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"usher/domain"
)

// inBody is where the framework says that what is wrong with a body is.
const inBody = "body"

// maxErrors are told of one request: a body can be wrong in half a million places.
const maxErrors = 100

// invalidFields is the problem of a request whose fields are wrong. What to send comes from the schema of the field, which the
// document shows, so that no two refusals of one field differ, and the framework's own words do not come up.
func (s *service) invalidFields(op *huma.Operation, details []*huma.ErrorDetail) *problem {
	p := told(domain.InvalidField("", "the request is not what this takes; see "+Prefix+documentPath), "")
	for _, d := range details {
		for _, wrong := range s.remedies(op, d) {
			if len(p.Errors) < maxErrors && !slices.Contains(p.Errors, wrong) {
				p.Errors = append(p.Errors, wrong)
			}
		}
		if len(p.Errors) == maxErrors {
			break
		}
	}
	if len(p.Errors) > 0 {
		p.Field = p.Errors[0].Field
		p.Detail = p.Field + ": " + p.Errors[0].Detail
	}
	return p
}

// remedies names the fields at fault and says what to send.
func (s *service) remedies(op *huma.Operation, d *huma.ErrorDetail) []problemField {
	in, field, _ := strings.Cut(d.Location, ".")
	if in == inBody {
		body := &huma.Schema{}
		if op.RequestBody != nil && op.RequestBody.Content["application/json"] != nil {
			body = op.RequestBody.Content["application/json"].Schema
		}
		return s.remediesIn(body, "", field, d)
	}
	schema, rest := parameterAt(op, in, field)
	if schema == nil {
		return []problemField{{field, unknown("parameter", parameterNames(op, in))}}
	}
	schema, _ = s.at(schema, rest)
	return []problemField{{field, s.takes(schema)}}
}

// remediesIn is remedies for what is wrong at a path of what is at a place of a body.
func (s *service) remediesIn(schema *huma.Schema, place, path string, d *huma.ErrorDetail) []problemField {
	schema, rest := s.at(schema, path)
	field := place + path
	if place != "" && path != "" && path[0] != '[' {
		field = place + "." + path
	}
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	if name, is := strings.CutPrefix(d.Message, before); is && rest == "" {
		name = strings.TrimSuffix(name, after)
		member, _ := s.at(schema, name)
		return []problemField{{strings.TrimPrefix(field+"."+name, "."), "this is missing; " + s.takes(member)}}
	}
	if rest != "" {
		return []problemField{{field, unknown("field", slices.Sorted(maps.Keys(schema.Properties)))}}
	}
	if near := s.nearest(schema, d.Value); near != nil {
		return s.checked(near, field, d.Value)
	}
	return []problemField{{cmp.Or(field, inBody), s.takes(schema)}}
}

// nearest of several schemas, of which one has to hold, is the one of the kind that was sent. nil: none, or it is no list and no object,
// of which more could be told.
func (s *service) nearest(schema *huma.Schema, sent any) *huma.Schema {
	for _, of := range alternatives(schema) {
		of = s.resolved(of)
		_, list := sent.([]any)
		_, object := sent.(map[string]any)
		if list && of.Type == huma.TypeArray || object && of.Type == huma.TypeObject {
			return of
		}
	}
	return nil
}

// checked says what of something that was sent a schema does not take.
func (s *service) checked(schema *huma.Schema, place string, sent any) []problemField {
	found := &huma.ValidateResult{}
	huma.Validate(s.api.OpenAPI().Components.Schemas, schema, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, sent, found)
	var wrong []problemField
	for _, err := range found.Errors {
		var d *huma.ErrorDetail
		if errors.As(err, &d) {
			wrong = append(wrong, s.remediesIn(schema, place, d.Location, d)...)
		}
	}
	return wrong
}

// alternatives are the schemas of which one has to hold.
func alternatives(schema *huma.Schema) []*huma.Schema {
	return slices.Concat(schema.OneOf, schema.AnyOf)
}

func unknown(what string, known []string) string {
	said := "there is no such " + what + " here; leave it out"
	if len(known) == 0 {
		return said
	}
	return said + ", or send one of: " + strings.Join(known, ", ")
}

// parameterAt is the schema of a parameter, and what comes after its name: [3] in a list. nil: there is no such parameter.
func parameterAt(op *huma.Operation, in, name string) (schema *huma.Schema, rest string) {
	for _, p := range op.Parameters {
		if p.In != in {
			continue
		}
		if rest, is := afterName(name, p.Name); is {
			return p.Schema, rest
		}
	}
	return nil, ""
}

func parameterNames(op *huma.Operation, in string) []string {
	var names []string
	for _, p := range op.Parameters {
		if p.In == in {
			names = append(names, p.Name)
		}
	}
	return names
}

// at follows a path such as phone_numbers[0].type as far as the document knows the way: what it leads to, and the rest that
// nobody knows.
func (s *service) at(schema *huma.Schema, path string) (of *huma.Schema, rest string) {
	schema = s.resolved(schema)
	if path == "" {
		return schema, ""
	}
	if _, rest, listed := strings.Cut(path, "]"); listed && path[0] == '[' && schema.Items != nil {
		return s.at(schema.Items, strings.TrimPrefix(rest, "."))
	}
	for name, member := range schema.Properties {
		if rest, is := afterName(path, name); is {
			return s.at(member, rest)
		}
	}
	if member, others := schema.AdditionalProperties.(*huma.Schema); others {
		return s.resolved(member), "" // its name may have dots and brackets of its own
	}
	return schema, path
}

// afterName is what follows a name at the beginning of a path.
func afterName(path, name string) (rest string, is bool) {
	rest, is = strings.CutPrefix(path, name)
	if !is || rest != "" && rest[0] != '.' && rest[0] != '[' {
		return "", false
	}
	return strings.TrimPrefix(rest, "."), true
}

// takes says what to send where a schema stands.
func (s *service) takes(schema *huma.Schema) string {
	schema = s.resolved(schema)
	said := s.takesType(schema)
	if schema.Nullable {
		said += ", or null"
	}
	return said
}

func (s *service) takesType(schema *huma.Schema) string {
	if either := alternatives(schema); len(either) > 0 {
		if schema.Description != "" {
			return "send " + strings.TrimSuffix(schema.Description, ".")
		}
		said := make([]string, len(either))
		for i, of := range either {
			said[i] = s.takes(of)
		}
		return strings.Join(said, ", or ")
	}
	if len(schema.Enum) > 0 {
		return takesWord(schema.Enum)
	}
	switch schema.Type {
	case huma.TypeBoolean:
		return "send true or false"
	case huma.TypeInteger:
		return "send a whole number" + between(schema.Minimum, schema.Maximum)
	case huma.TypeNumber:
		return "send a number" + between(schema.Minimum, schema.Maximum)
	case huma.TypeString:
		return takesText(schema)
	case huma.TypeArray:
		return "send a list" + counted(schema.MinItems, schema.MaxItems, "")
	case huma.TypeObject:
		if len(schema.Properties) == 0 {
			return "send an object" + counted(schema.MinProperties, schema.MaxProperties, " members")
		}
		return "send an object with some of: " + strings.Join(slices.Sorted(maps.Keys(schema.Properties)), ", ")
	case typeNull:
		return "send null"
	}
	return "send what " + Prefix + documentPath + " describes"
}

func takesWord(words []any) string {
	var said []string
	for _, word := range words {
		if word != nil { // which Nullable says
			said = append(said, fmt.Sprint(word))
		}
	}
	if len(said) == 1 {
		return "send " + said[0]
	}
	return "send one of: " + strings.Join(said, ", ")
}

func takesText(schema *huma.Schema) string {
	switch schema.Format {
	case "date-time":
		return "use an instant such as 2026-02-28T09:00:00Z"
	case "date":
		return "use a date such as 2026-02-28"
	case "uuid":
		return "use an id as it was answered, in lower case with hyphens"
	}
	said := "use a text" + counted(schema.MinLength, schema.MaxLength, " characters")
	if schema.PatternDescription != "" {
		said += ": " + schema.PatternDescription
	}
	return said
}

// counted says how many there may be of something.
func counted(least, most *int, what string) string {
	switch {
	case most == nil && least == nil:
		return ""
	case most == nil:
		return " of at least " + strconv.Itoa(*least) + what
	case least == nil || *least == 0:
		return " of at most " + strconv.Itoa(*most) + what
	}
	return " of " + strconv.Itoa(*least) + " to " + strconv.Itoa(*most) + what
}

// between says from where to where a number may go.
func between(least, most *float64) string {
	number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	switch {
	case most == nil && least == nil:
		return ""
	case most == nil:
		return " of " + number(*least) + " or more"
	case least == nil:
		return " of " + number(*most) + " or less"
	}
	return " from " + number(*least) + " to " + number(*most)
}
