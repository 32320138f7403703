// Package schema owns what the protocol knows about attributes: which there are, in which order they stand, what their
// values look like, who may write them and when they are returned (RFC 7643 sections 2 to 4 and 7).
//
// It compiles the definitions of elimity-com/scim, with a few corrections, and an organisation's own schemas into a
// [Set], once; requests then read it without maps, locks or reflection. It straightens what directories send
// (dialect.go lists every vendor habit it knows) and knows no HTTP, no SQL and no clock; filters and patches are
// elsewhere and ask it through small interfaces.
//
//	standard, err := schema.Standard()
//	set, err := standard.With(custom)                  // custom schemas of one organisation
//	users := set.View(schema.User)
//	tree, err := users.Tree(body, tally)               // canonical names, types and order
//	err = users.Complete(tree)                         // userName and whatever else is required
//	department, facts, ok := users.Resolve("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department")
package schema

import (
	"fmt"

	"usher/domain"
	"usher/domain/attribute"
)

// Type is a resource type (RFC 7643 section 6).
type Type uint8

// The resource types.
const (
	User Type = iota
	Group
)

// Types are all resource types, in the order in which discovery lists them.
func Types() []Type { return []Type{User, Group} }

// String is the name of the type, as meta.resourceType has it.
func (t Type) String() string {
	if t == Group {
		return "Group"
	}
	return "User"
}

// Endpoint is the type's path below the base URL.
func (t Type) Endpoint() string {
	if t == Group {
		return "/Groups"
	}
	return "/Users"
}

// URN is the type's core schema.
func (t Type) URN() string {
	if t == Group {
		return domain.URNGroup
	}
	return domain.URNUser
}

// description is what discovery says of the type (RFC 7643 section 8.6).
func (t Type) description() string {
	if t == Group {
		return "Group"
	}
	return "User Account"
}

// Set is every schema that holds for an organisation. It is immutable and safe for concurrent use.
type Set struct {
	core       [2]definition // by Type
	extensions []definition  // of User, in canonical order, the enterprise extension last
	views      [2]*View      // by Type
}

// View is a Set as one resource type sees it: its core attributes, those common to all resources, and its extensions.
type View struct {
	typ  Type
	root object // schemas, id, externalId, the core attributes, meta, and each extension as an attribute called by its URN
}

// Standard is the schemas that every organisation has: the core User and Group, and the built-in extensions.
func Standard() (*Set, error) {
	core, extensions, err := standardDefinitions()
	if err != nil {
		return nil, err
	}
	return compileSet(core, extensions)
}

// With adds an organisation's own schemas as optional extensions of User. Conflict, CodeNameTaken when two have one
// URN; Internal when a stored definition cannot be read, which [Parse] rules out.
func (s *Set) With(custom []domain.Schema) (*Set, error) {
	if len(custom) == 0 {
		return s, nil
	}
	// The enterprise extension stays last: what is resolved on reading is spliced in at the end of the document.
	last := len(s.extensions) - 1
	extensions := append([]definition(nil), s.extensions[:last]...)
	for _, c := range custom {
		d, err := parseDefinition(c.Definition)
		if err != nil {
			return nil, &domain.Error{
				Kind: domain.Internal, Code: domain.CodeInternal, Message: "a stored schema cannot be read",
				Err: fmt.Errorf("schema %s: %w", c.URN, err),
			}
		}
		d.sticky = true
		extensions = append(extensions, d)
	}
	extensions = append(extensions, s.extensions[last])
	for i := range extensions {
		for j := range i {
			if attribute.EqualName(extensions[i].urn, extensions[j].urn) {
				return nil, &domain.Error{
					Kind: domain.Conflict, Code: domain.CodeNameTaken, Field: "id",
					Message: "there is a schema " + extensions[j].urn + " already; choose another id",
				}
			}
		}
	}
	return compileSet(s.core, extensions)
}

// View is the set as one resource type sees it.
func (s *Set) View(t Type) *View { return s.views[t] }

// Type of the resources this is the view of.
func (v *View) Type() Type { return v.typ }

func compileSet(core [2]definition, extensions []definition) (*Set, error) {
	s := &Set{core: core, extensions: extensions}
	common, err := commonCharacteristics()
	if err != nil {
		return nil, err
	}
	for _, t := range Types() {
		var of []definition
		if t == User {
			of = extensions
		}
		s.views[t] = &View{typ: t, root: compileRoot(core[t], common, of)}
	}
	return s, nil
}
