package filtertest

import (
	"usher/domain"
	"usher/scim/filter"
)

// URNCustom is a schema of an organisation's own, with a dot and a slash in its name.
const URNCustom = "urn:acme:hr/people:3.1:Person"

func text(name string) Attribute    { return Attribute{Name: name} }
func exact(name string) Attribute   { return Attribute{Name: name, Exact: true} }
func boolean(name string) Attribute { return Attribute{Name: name, Type: domain.TypeBoolean} }
func moment(name string) Attribute  { return Attribute{Name: name, Type: domain.TypeDateTime} }
func reference(name string) Attribute {
	return Attribute{Name: name, Type: domain.TypeReference, Exact: true}
}
func readOnly(a Attribute) Attribute             { a.Mutability = filter.ReadOnly; return a }
func immutable(a Attribute) Attribute            { a.Mutability = filter.Immutable; return a }
func required(a Attribute) Attribute             { a.Required = true; return a }
func many(a Attribute) Attribute                 { a.Multi = true; return a }
func typed(a Attribute, t domain.Type) Attribute { a.Type = t; return a }

func secret(a Attribute) Attribute { a.Secret, a.Mutability = true, filter.WriteOnly; return a }

func complexOf(name string, subs ...Attribute) Attribute {
	return Attribute{Name: name, Type: domain.TypeComplex, Subs: subs}
}

// plural is a multi-valued attribute with the sub-attributes of RFC 7643 section 2.4.
func plural(name string, value Attribute) Attribute {
	return many(complexOf(name, value, text("display"), text("type"), boolean("primary")))
}

func under(urn string, attributes ...Attribute) []Attribute {
	for i := range attributes {
		attributes[i].URN = urn
	}
	return attributes
}

// common attributes of RFC 7643 section 3.1.
func common() []Attribute {
	return []Attribute{
		readOnly(many(reference("schemas"))), readOnly(exact("id")), exact("externalId"),
		readOnly(complexOf("meta", exact("resourceType"), moment("created"), moment("lastModified"),
			reference("location"), exact("version"))),
	}
}

// User is the user of RFC 7643 section 4.1 with the enterprise extension (4.3) and one schema of an organisation's own.
func User() Schema {
	attributes := append(common(),
		required(text("userName")),
		complexOf("name", text("formatted"), text("familyName"), text("givenName"), text("middleName"),
			text("honorificPrefix"), text("honorificSuffix")),
		text("displayName"), text("nickName"), reference("profileUrl"), text("title"), text("userType"),
		text("preferredLanguage"), text("locale"), text("timezone"), boolean("active"),
		secret(text("password")),
		plural("emails", text("value")), plural("phoneNumbers", text("value")), plural("ims", text("value")),
		plural("photos", reference("value")),
		many(complexOf("addresses", text("formatted"), text("streetAddress"), text("locality"), text("region"),
			text("postalCode"), text("country"), text("type"), boolean("primary"))),
		readOnly(many(complexOf("groups", exact("value"), reference("$ref"), text("display"), text("type")))),
		plural("entitlements", text("value")), plural("roles", text("value")),
		plural("x509Certificates", typed(exact("value"), domain.TypeBinary)),
	)
	attributes = append(attributes, under(domain.URNEnterprise,
		text("employeeNumber"), text("costCenter"), text("organization"), text("division"), text("department"),
		complexOf("manager", exact("value"), reference("$ref"), readOnly(text("displayName"))))...)
	attributes = append(attributes, under(URNCustom,
		typed(text("level"), domain.TypeInteger), typed(text("ratio"), domain.TypeDecimal), moment("joined"),
		many(text("tags")), immutable(text("badge")),
		many(complexOf("desks", text("type"), text("colour"))))...)
	return Schema{URN: domain.URNUser, Attributes: attributes}
}

// Group is the group of RFC 7643 section 4.2.
func Group() Schema {
	return Schema{URN: domain.URNGroup, Attributes: append(common(),
		required(text("displayName")),
		many(complexOf("members", immutable(exact("value")), immutable(reference("$ref")), readOnly(text("display")),
			immutable(text("type")))))}
}
