package filter

import "usher/domain"

// Resolver knows the schema of one resource type.
type Resolver interface {
	// Resolve turns an attribute path as a client spells it ("userName", "NAME.familyname", "emails", "meta.created",
	// "urn:…:User:department", "urn:…:User:manager.displayName") into the canonical attribute. ok is false for what the
	// schema of this resource type does not know. A multi-valued or complex attribute without sub-attribute resolves
	// with an empty Sub and, when complex, TypeComplex. The bare URN of an extension resolves to an attribute with only
	// URN set, of TypeComplex; that of the core schema to nothing.
	Resolve(path string) (domain.Attribute, Facts, bool)
}

// Facts are what the schema says of an attribute path beyond the domain's needs (RFC 7643 section 2.2).
type Facts struct {
	Multi      bool       // the attribute (not the sub-attribute) is multi-valued
	Complex    bool       // what the path ends at is complex
	HasValue   bool       // it is complex and has a sub-attribute "value", which stands for it in a comparison
	Secret     bool       // never filterable, sortable or projectable: password and the like
	Mutability Mutability // who may write it
	Required   bool       // it can be replaced but not cleared
}

// Mutability says who may write an attribute (RFC 7643 section 7).
type Mutability uint8

// The mutabilities; the zero value is the default of RFC 7643 section 2.2.
const (
	ReadWrite Mutability = iota
	ReadOnly
	Immutable
	WriteOnly
)
