package domain

import (
	"time"

	"usher/domain/attribute"
)

// Predicate is the one query language of the house: SCIM filters, and later console searches and API filters, become
// one tree; only the store makes SQL of it, always bound, always with the scope ANDed outside. [Match] says what it
// means.
type Predicate interface{ predicate() }

// And holds when all terms hold; without terms it holds.
type And struct{ Terms []Predicate }

// Or holds when one term holds; without terms it does not.
type Or struct{ Terms []Predicate }

// Not holds when Term does not.
type Not struct{ Term Predicate }

// Compare holds when the attribute has a value (of several: any one) for which Operator holds against Operand.
// An unassigned attribute compares as null: only Equal null and NotEqual something hold for it.
type Compare struct {
	Attribute Attribute
	Operator  Operator
	Operand   Operand
}

// Present holds when the attribute has an assigned value (RFC 7644, operator pr).
type Present struct{ Attribute Attribute }

// Element holds when one single element of a multi-valued attribute satisfies Where, whose attributes are relative to
// the element (RFC 7644 value path: emails[type eq "work" and value co "@acme.test"]). In Where an Attribute has only
// Sub set.
type Element struct {
	Attribute Attribute
	Where     Predicate
}

func (And) predicate()     {}
func (Or) predicate()      {}
func (Not) predicate()     {}
func (Compare) predicate() {}
func (Present) predicate() {}
func (Element) predicate() {}

// Operator compares.
type Operator uint8

// The operators of RFC 7644 section 3.4.2.2, pr excepted.
const (
	Equal Operator = iota
	NotEqual
	Contains
	StartsWith
	EndsWith
	Greater
	GreaterOrEqual
	Less
	LessOrEqual
)

// Type of an attribute's values (RFC 7643 section 2.3).
type Type uint8

// The types. References and binaries compare as exact strings.
const (
	TypeString Type = iota
	TypeBoolean
	TypeInteger
	TypeDecimal
	TypeDateTime
	TypeReference
	TypeBinary
	TypeComplex
)

// Path names an attribute canonically: URN is empty for the core schema of the resource, Sub for an attribute without
// sub-attribute. Inside Element only Sub is set.
type Path struct{ URN, Name, Sub string }

// Attribute is a path with what the schema says of it.
type Attribute struct {
	Path
	Type      Type
	CaseExact bool
	Many      bool // the attribute Name is multi-valued
}

// Operand is the value compared with: Null, Bool, Number or String; for a TypeDateTime also the parsed instant.
type Operand struct {
	Value attribute.Value
	Time  time.Time
}
