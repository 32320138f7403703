package patch

import (
	"usher/domain"
	"usher/domain/attribute"
)

// Canonicaliser straightens and validates what a client sends, by the schema of one resource type. note is told the
// name of every rule by which something was put right, never a value. Errors are *domain.Error of Kind Invalid with
// Field set.
type Canonicaliser interface {
	// Value is the value for the attribute or sub-attribute at a path as the tree keeps it: canonical names, types, and
	// vendors' habits undone; unknown and read-only parts are gone. For a multi-valued attribute it is a list. What the
	// client cleared (null, "", [], {}) is Null, also as a member of a single complex value or of an extension; an
	// object of which only what the client may not say was there comes back empty.
	Value(at domain.Attribute, v attribute.Value, note func(rule string)) (attribute.Value, error)

	// Tree does the same for a partial resource, the value of an operation without path: members called by dotted and
	// URN-qualified names are where they belong, unknown and read-only ones are gone, those that were cleared are Null.
	Tree(v attribute.Value, note func(rule string)) (attribute.Value, error)

	// Complete refuses a whole resource that lacks what its schemas require.
	Complete(tree attribute.Value) error

	// Order puts the members of a resource's tree, and of the objects in it, into canonical order.
	Order(tree attribute.Value) attribute.Value
}
