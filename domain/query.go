package domain

import "github.com/google/uuid"

// Query asks for a page of people or groups within a scope.
type Query struct {
	Scope Scope
	Where Predicate // nil: all
	Sort  *Sort     // nil: in order of id, which is order of creation

	Limit  int // at most so many items; 0: none, totals only
	Offset int // skip so many; not together with After
	After  *Position

	Total bool // count everything that Where selects, whatever the page
}

// Sort orders by an attribute (of several values the primary, else the first), then by id: without case where the
// attribute is not caseExact, unassigned last when ascending and first when descending (RFC 7644 section 3.4.2.3).
type Sort struct {
	Attribute  Attribute
	Descending bool
}

// Position is a place in an order: everything after the item with this sort key and id.
type Position struct {
	Key string // the sort key of the item as the store makes it; empty without Sort
	Nil bool   // the item has no value to sort by
	ID  uuid.UUID
}

// Page is what a query found.
type Page[Item any] struct {
	Items []Item
	Total int       // when asked for
	Next  *Position // where the next page begins; nil on the last page
}
