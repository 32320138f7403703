// Package patch owns the semantics of PATCH (RFC 7644 section 3.5.2): it reads a body into operations that are checked
// and straightened, and applies them, in order and all or none, to the attributes of a resource.
//
// It works on trees and knows no HTTP, no store and no clock. What the attributes are it asks the schema, through a
// [filter.Resolver] and a [Canonicaliser]. A group's members are never a tree: they are read as they pass by, and
// become steps whose cost is that of the change ([GroupSteps]).
//
//	operations, err := patch.Read(body, view, canon, tally)
//	after, err := patch.Apply(operations, before, view, canon, tally)
//
// Directories differ most here from the RFC and from each other. dialect.go lists what is put right.
package patch

import (
	"usher/domain/attribute"
	"usher/scim/filter"
)

// MaxOperations is how many operations one body may hold.
const MaxOperations = 1_000

// Kind of an operation.
type Kind uint8

// The kinds of operations.
const (
	Add Kind = iota
	Replace
	Remove
)

// Operation is one operation, read and checked. An operation without path has become one for each attribute that it
// names, so that every operation has a path.
type Operation struct {
	Kind Kind
	Path filter.Path

	// Value is canonical (see [Canonicaliser]); Null clears what is at the path. Of a value path it holds those
	// sub-attributes that change. Of a removal it lists what is to go, where Listed is set.
	Value attribute.Value

	// Members are the identifiers in an operation on the members of a group, which has no Value.
	Members []string

	// Listed: a removal names what is to go; all that is at the path goes otherwise.
	Listed bool

	number int // from 1, as the client counts; 0 when it sent only one
}

// isMembers reports whether the path is that of the members of a group.
func isMembers(p *filter.Path) bool { return p.Attribute.URN == "" && p.Attribute.Name == "members" }

// isID reports whether the path is that of the resource's identifier.
func isID(p *filter.Path) bool { return p.Attribute.URN == "" && p.Attribute.Name == "id" }

// isActive reports whether the path is that of a person's active, which says too much to be cleared by a slip.
func isActive(p *filter.Path) bool { return p.Attribute.URN == "" && p.Attribute.Name == "active" }
