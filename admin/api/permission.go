package api

import (
	"encoding/json"
	"errors"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"usher/domain"
	"usher/domain/attribute"
)

// permissions is a set of permissions: for each module:action on which objects. It is read only where the field that it
// came in is known, so that a refusal can name it.
type permissions struct{ json.RawMessage }

// exceptions is every object but some, as the document shows it.
type exceptions struct {
	Except []string `json:"except"`
}

const (
	maxPermissions = 2000 // in one set
	maxObjects     = 1000 // listed for one permission
	maxObjectID    = 200  // characters
)

// Schema implements huma.SchemaProvider.
func (permissions) Schema(r huma.Registry) *huma.Schema {
	most, one := maxPermissions, 1
	allBut := huma.SchemaFromType(r, reflect.TypeFor[exceptions]())
	allBut.Properties["except"] = idList(maxObjects)
	allBut.Properties["except"].MinItems = &one
	return &huma.Schema{
		Type: huma.TypeObject, MaxProperties: &most,
		Description: "For each permission, spelt module:action, on which objects: true for all, a list of their ids, or {\"except\": ids}. " +
			"Exceptions come up where something was revoked; what is given is given on all objects or on a list.",
		AdditionalProperties: &huma.Schema{
			Description: "true for all objects, a list of at most 1,000 ids, or {\"except\": ids}; leave the permission out where it is on none.",
			OneOf:       []*huma.Schema{{Type: huma.TypeBoolean, Enum: []any{true}}, idList(maxObjects), allBut},
		},
		Examples: []any{map[string]any{"users:view": true, "teams:edit": []string{"01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"}}},
	}
}

// idList is a list of texts that name something.
func idList(most int) *huma.Schema {
	shortest, longest := 1, maxObjectID
	return &huma.Schema{Type: huma.TypeArray, MaxItems: &most, Items: &huma.Schema{Type: huma.TypeString, MinLength: &shortest, MaxLength: &longest}}
}

// read gives the permissions that were sent in a field.
func (p permissions) read(field string) (domain.Permissions, error) {
	tree, err := attribute.Read(p.RawMessage, attribute.Bounds{Nodes: maxBody})
	var wrong *attribute.SyntaxError
	if errors.As(err, &wrong) {
		return nil, domain.InvalidField(field, "this cannot be read: "+wrong.Reason+"; name each permission once, as module:action")
	}
	if err != nil {
		return nil, err
	}
	read, err := domain.ReadPermissions(tree)
	return read, respelt(err, "permissions", field)
}

// readIfSent gives the permissions of a field that may be left out; nil where it was. null is none (RFC 7396).
func (p permissions) readIfSent(field string) (*domain.Permissions, error) {
	if p.RawMessage == nil {
		return nil, nil //nolint:nilnil // what was not sent is no error
	}
	read, err := p.read(field)
	return &read, err
}

func showPermissions(p domain.Permissions) permissions {
	return permissions{attribute.AppendJSON(nil, p.Tree())}
}
