package schema

import (
	"usher/domain"
	"usher/domain/attribute"
)

// The schemas of what discovery answers (RFC 7643 sections 6 and 7).
const (
	URNSchema       = "urn:ietf:params:scim:schemas:core:2.0:Schema"
	URNResourceType = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
)

// Document is one resource of discovery.
type Document struct {
	ID   string // as in its location: a schema's URN, a resource type's name
	JSON []byte
}

// Schemas are the schema documents (RFC 7643 sections 7 and 8.7.1) of a server whose base URL, without a slash at its
// end, is base: every attribute with all its characteristics.
func (s *Set) Schemas(base string) []Document {
	documents := make([]Document, 0, len(s.core)+len(s.extensions))
	for _, d := range s.core {
		documents = append(documents, d.document(base))
	}
	for _, d := range s.extensions {
		documents = append(documents, d.document(base))
	}
	return documents
}

// ResourceTypes are the resource type documents (RFC 7643 sections 6 and 8.6) of a server at base.
func (s *Set) ResourceTypes(base string) []Document {
	documents := make([]Document, 0, len(Types()))
	for _, t := range Types() {
		members := []attribute.Member{
			{Name: "schemas", Value: texts(URNResourceType)},
			{Name: "id", Value: attribute.NewString(t.String())},
			{Name: "name", Value: attribute.NewString(t.String())},
			{Name: "description", Value: attribute.NewString(t.description())},
			{Name: "endpoint", Value: attribute.NewString(t.Endpoint())},
			{Name: "schema", Value: attribute.NewString(t.URN())},
		}
		if t == User {
			var extensions []attribute.Value
			for _, e := range s.extensions {
				extensions = append(extensions, attribute.NewComplex(
					attribute.Member{Name: "schema", Value: attribute.NewString(e.urn)},
					attribute.Member{Name: "required", Value: attribute.NewBool(false)},
				))
			}
			members = append(members, attribute.Member{Name: "schemaExtensions", Value: attribute.NewList(extensions...)})
		}
		members = append(members, discoveryMeta("ResourceType", base+"/ResourceTypes/"+t.String()))
		documents = append(documents, Document{ID: t.String(), JSON: encode(members)})
	}
	return documents
}

func (d *definition) document(base string) Document {
	members := append(d.members(), discoveryMeta("Schema", base+"/Schemas/"+d.urn))
	return Document{ID: d.urn, JSON: encode(members)}
}

// members of the definition as JSON, without meta.
func (d *definition) members() []attribute.Member {
	return []attribute.Member{
		{Name: "schemas", Value: texts(URNSchema)},
		{Name: "id", Value: attribute.NewString(d.urn)},
		{Name: "name", Value: attribute.NewString(d.name)},
		{Name: "description", Value: attribute.NewString(d.description)},
		{Name: "attributes", Value: describe(d.attributes)},
	}
}

// describe is a list of attributes with all their characteristics.
func describe(list []characteristics) attribute.Value {
	items := make([]attribute.Value, 0, len(list))
	for _, c := range list {
		members := []attribute.Member{
			{Name: "name", Value: attribute.NewString(c.name)},
			{Name: "type", Value: attribute.NewString(typeNames()[c.typ])},
			{Name: "multiValued", Value: attribute.NewBool(c.multi)},
			{Name: "description", Value: attribute.NewString(c.description)},
			{Name: "required", Value: attribute.NewBool(c.required)},
		}
		if len(c.canonical) > 0 {
			members = append(members, attribute.Member{Name: "canonicalValues", Value: texts(c.canonical...)})
		}
		members = append(members,
			attribute.Member{Name: "caseExact", Value: attribute.NewBool(c.caseExact)},
			attribute.Member{Name: "mutability", Value: attribute.NewString(mutabilityNames()[c.mutability])},
			attribute.Member{Name: "returned", Value: attribute.NewString(returnedNames()[c.returned])},
			attribute.Member{Name: "uniqueness", Value: attribute.NewString(uniquenessNames()[c.uniqueness])},
		)
		if len(c.references) > 0 {
			members = append(members, attribute.Member{Name: "referenceTypes", Value: texts(c.references...)})
		}
		if c.typ == domain.TypeComplex {
			members = append(members, attribute.Member{Name: "subAttributes", Value: describe(c.subs)})
		}
		items = append(items, attribute.NewComplex(members...))
	}
	return attribute.NewList(items...)
}

func discoveryMeta(resourceType, location string) attribute.Member {
	return attribute.Member{Name: "meta", Value: attribute.NewComplex(
		attribute.Member{Name: "resourceType", Value: attribute.NewString(resourceType)},
		attribute.Member{Name: "location", Value: attribute.NewString(location)},
	)}
}

func texts(list ...string) attribute.Value {
	items := make([]attribute.Value, 0, len(list))
	for _, s := range list {
		items = append(items, attribute.NewString(s))
	}
	return attribute.NewList(items...)
}

func encode(members []attribute.Member) []byte {
	return attribute.AppendJSON(nil, attribute.NewComplex(members...))
}
