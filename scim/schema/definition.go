package schema

import (
	rfc "github.com/elimity-com/scim/schema"

	"usher/domain"
	"usher/scim/filter"
)

// definition is one schema before it is compiled (RFC 7643 section 7).
type definition struct {
	urn, name, description string
	attributes             []characteristics
	sticky                 bool // a PUT that leaves the extension out leaves it as it is
	stickyParts            bool // and so each of its attributes
}

// characteristics are what a schema says of one attribute (RFC 7643 sections 2.2 and 7).
type characteristics struct {
	name, description string
	typ               domain.Type
	multi             bool
	required          bool
	caseExact         bool
	mutability        filter.Mutability
	returned          returned
	uniqueness        uniqueness
	canonical         []string // suggestions only: other values are accepted
	references        []string // what a reference may point to
	subs              []characteristics
	apart             bool // no document has it: unless it is asked for, it is not even read, and an answer need not be searched for it
}

// returned says when an attribute is part of an answer (RFC 7643 section 7).
type returned uint8

const (
	returnedDefault returned = iota
	returnedAlways
	returnedRequest
	returnedNever
)

// uniqueness says where a value may occur once only (RFC 7643 section 7).
type uniqueness uint8

const (
	uniqueNowhere uniqueness = iota
	uniqueOnServer
)

// The keywords of RFC 7643 section 7, by the value they stand for.

func typeNames() []string {
	return []string{
		domain.TypeString: "string", domain.TypeBoolean: "boolean", domain.TypeInteger: "integer",
		domain.TypeDecimal: "decimal", domain.TypeDateTime: "dateTime", domain.TypeReference: "reference",
		domain.TypeBinary: "binary", domain.TypeComplex: "complex",
	}
}

func mutabilityNames() []string {
	return []string{
		filter.ReadWrite: "readWrite", filter.ReadOnly: "readOnly", filter.Immutable: "immutable",
		filter.WriteOnly: "writeOnly",
	}
}

func returnedNames() []string {
	return []string{
		returnedDefault: "default", returnedAlways: "always", returnedRequest: "request", returnedNever: "never",
	}
}

func uniquenessNames() []string {
	return []string{uniqueNowhere: "none", uniqueOnServer: "server"}
}

// keyword finds the value that a keyword stands for.
func keyword(names []string, word string) (int, bool) {
	for i, name := range names {
		if name == word {
			return i, true
		}
	}
	return 0, false
}

// fromRFC takes over one of elimity-com/scim's schemas.
func fromRFC(s rfc.Schema) (definition, error) {
	attributes, err := fromRFCAttributes(s.Attributes)
	return definition{urn: s.ID, name: s.Name.Value(), description: s.Description.Value(), attributes: attributes}, err
}

func fromRFCAttributes(attributes []rfc.CoreAttribute) ([]characteristics, error) {
	list := make([]characteristics, 0, len(attributes))
	for _, a := range attributes {
		typ, okType := keyword(typeNames(), a.AttributeType())
		mutability, okMutability := keyword(mutabilityNames(), a.Mutability())
		returnedWhen, okReturned := keyword(returnedNames(), a.Returned())
		unique, okUnique := keyword(uniquenessNames(), a.Uniqueness())
		if !okType || !okMutability || !okReturned || !okUnique {
			return nil, internal("attribute " + a.Name() + " has a characteristic that RFC 7643 does not know")
		}
		subs, err := fromRFCAttributes(a.SubAttributes())
		if err != nil {
			return nil, err
		}
		c := characteristics{
			name: a.Name(), description: a.Description(), typ: domain.Type(typ), multi: a.MultiValued(),
			required: a.Required(), caseExact: a.CaseExact(), mutability: filter.Mutability(mutability),
			returned: returned(returnedWhen), uniqueness: uniqueness(unique), canonical: a.CanonicalValues(), subs: subs,
		}
		for _, r := range a.ReferenceTypes() {
			c.references = append(c.references, string(r))
		}
		list = append(list, c)
	}
	return list, nil
}

func internal(message string) error {
	return &domain.Error{Kind: domain.Internal, Code: domain.CodeInternal, Message: message}
}
