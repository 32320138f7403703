package schema

import (
	"strings"

	rfc "github.com/elimity-com/scim/schema"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

// builtInExtensions are the extensions of User that every organisation has, in canonical order. This is the one place
// to add another: before the enterprise extension, which stays last. sticky says that a PUT which leaves the extension
// out does not clear it.
func builtInExtensions() ([]definition, error) {
	enterprise, err := fromRFC(rfc.ExtensionEnterpriseUser())
	return []definition{usherExtension(), enterprise}, err
}

// standardDefinitions are elimity-com/scim's definitions of RFC 7643 sections 4 and 8.7.1, corrected.
func standardDefinitions() (core [2]definition, extensions []definition, err error) {
	if core[User], err = fromRFC(rfc.CoreUserSchema()); err != nil {
		return core, nil, err
	}
	if core[Group], err = fromRFC(rfc.CoreGroupSchema()); err != nil {
		return core, nil, err
	}
	if extensions, err = builtInExtensions(); err != nil {
		return core, nil, err
	}
	for _, c := range corrections() {
		var in []characteristics
		switch c.urn {
		case domain.URNUser:
			in = core[User].attributes
		case domain.URNGroup:
			in = core[Group].attributes
		default:
			for _, e := range extensions {
				if e.urn == c.urn {
					in = e.attributes
				}
			}
		}
		if err := c.apply(in); err != nil {
			return core, nil, err
		}
	}
	return core, extensions, nil
}

// commonCharacteristics are the attributes of every resource (RFC 7643 section 3.1): schemas, id, externalId, meta.
func commonCharacteristics() ([]characteristics, error) {
	common, err := fromRFCAttributes(rfc.CommonAttributes())
	if err != nil {
		return nil, err
	}
	for _, c := range commonCorrections() {
		if err := c.apply(common); err != nil {
			return nil, err
		}
	}
	return common, nil
}

// correction changes what elimity-com/scim says of one attribute.
type correction struct {
	urn     string // the schema; empty for common attributes
	path    string // attribute or attribute.sub-attribute
	section string // of RFC 7643, and why
	change  func(*characteristics)
}

// corrections lists where discovery would otherwise say something that is not so here.
func corrections() []correction {
	caseExact := func(c *characteristics) { c.caseExact = true }
	readOnly := func(c *characteristics) { c.mutability = filter.ReadOnly }
	const (
		anID     = "3.1: id is caseExact, and so is a value that is an id"
		ours     = "2.2: what is sent here is ignored and made by the server, which is readOnly"
		password = "4.1.1, 2.2: a password compares exactly"
	)
	return []correction{
		{domain.URNUser, "password", password, caseExact},
		{domain.URNUser, "groups.value", anID, caseExact},
		{domain.URNGroup, "members.value", anID, caseExact},
		{domain.URNGroup, "members.$ref", ours, readOnly},
		{domain.URNGroup, "members.display", ours, readOnly},
		{domain.URNEnterprise, "manager.value", anID, caseExact},
		{domain.URNEnterprise, "manager.$ref", ours, readOnly},
	}
}

// commonCorrections are corrections of the common attributes.
func commonCorrections() []correction {
	return []correction{
		{path: "schemas", section: "3: every representation has it, whatever is asked for", change: func(c *characteristics) {
			c.returned = returnedAlways
		}},
		{path: "schemas", section: "3: a body's list is not believed, it is made from what the resource has", change: func(c *characteristics) {
			c.mutability = filter.ReadOnly
		}},
	}
}

// apply makes the correction in a schema's attributes.
func (c correction) apply(in []characteristics) error {
	name, sub, _ := strings.Cut(c.path, ".")
	found := find(in, name)
	if found != nil && sub != "" {
		found = find(found.subs, sub)
	}
	if found == nil {
		return internal("no attribute " + c.path + " in " + c.urn + " to correct")
	}
	c.change(found)
	return nil
}

func find(in []characteristics, name string) *characteristics {
	for i := range in {
		if attribute.EqualName(in[i].name, name) {
			return &in[i]
		}
	}
	return nil
}
