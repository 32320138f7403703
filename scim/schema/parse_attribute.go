package schema

import (
	"fmt"
	"strconv"
	"strings"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

// attributes reads the list of attributes or sub-attributes called name.
func (p *parser) attributes(v attribute.Value, at, name string) ([]characteristics, error) {
	list := v.Get(name)
	field := below(at, name)
	if list.Kind() != attribute.List || list.Len() == 0 {
		return nil, refuse(domain.CodeRequired, field, "give an array with at least one attribute")
	}
	out := make([]characteristics, 0, list.Len())
	for i, m := range list.Members() {
		if p.count++; p.count > MaxAttributes {
			return nil, refuse(domain.CodeTooMany, field, fmt.Sprintf("use at most %d attributes and sub-attributes", MaxAttributes))
		}
		here := field + "[" + strconv.Itoa(i) + "]"
		c, err := p.attribute(m.Value, here, at != "")
		if err != nil {
			return nil, err
		}
		if twin := find(out, c.name); twin != nil {
			return nil, domain.InvalidField(here+".name", "choose another name; "+twin.name+" is there already (names compare without case)")
		}
		out = append(out, c)
	}
	return out, nil
}

// attribute reads one attribute, or a sub-attribute (RFC 7643 section 7).
func (p *parser) attribute(v attribute.Value, at string, sub bool) (characteristics, error) {
	var c characteristics
	if v.Kind() != attribute.Complex {
		return c, domain.InvalidField(at, "describe the attribute as an object")
	}
	err := onlyKnown(v, at, []string{
		"name", "type", "multiValued", "description", "required", "canonicalValues", "caseExact", "mutability",
		"returned", "uniqueness", "referenceTypes", "subAttributes",
	})
	if err != nil {
		return c, err
	}
	if c.name, err = text(v, at, "name", true); err != nil {
		return c, err
	}
	if !validName(c.name, sub) {
		return c, domain.InvalidField(at+".name", fmt.Sprintf(
			"begin with a letter, go on with letters, digits, hyphens, underscores or dollar signs, at most %d in all", maxAttrName))
	}
	if c.description, err = text(v, at, "description", false); err != nil {
		return c, err
	}
	if c.multi, err = boolean(v, at, "multiValued"); err != nil {
		return c, err
	}
	if c.required, err = boolean(v, at, "required"); err != nil {
		return c, err
	}
	if c.caseExact, err = boolean(v, at, "caseExact"); err != nil {
		return c, err
	}
	if err := c.keywords(v, at); err != nil {
		return c, err
	}
	if c.canonical, err = list(v, at, "canonicalValues"); err != nil {
		return c, err
	}
	if c.references, err = list(v, at, "referenceTypes"); err != nil {
		return c, err
	}
	if err := c.agree(v, at, sub); err != nil {
		return c, err
	}
	if c.typ == domain.TypeComplex {
		c.subs, err = p.attributes(v, at, "subAttributes")
	}
	return c, err
}

// keywords reads the characteristics that are one of a few words, and refuses those that would not be kept to.
func (c *characteristics) keywords(v attribute.Value, at string) error {
	typ, err := word(v, at, "type", typeNames())
	if err != nil {
		return err
	}
	mutability, err := word(v, at, "mutability", mutabilityNames())
	if err != nil {
		return err
	}
	when, err := word(v, at, "returned", returnedNames())
	if err != nil {
		return err
	}
	unique, err := word(v, at, "uniqueness", append(uniquenessNames(), "global"))
	if err != nil {
		return err
	}
	c.typ, c.mutability, c.returned = domain.Type(typ), filter.Mutability(mutability), returned(when)
	const secret = "values that are never returned are not kept here; leave the attribute out, or use "
	switch {
	case unique != int(uniqueNowhere):
		return domain.InvalidField(at+".uniqueness", `use "none": values of custom attributes are not checked for being unique`)
	case c.mutability == filter.WriteOnly:
		return domain.InvalidField(at+".mutability", secret+`"readWrite"`)
	case c.returned == returnedNever:
		return domain.InvalidField(at+".returned", secret+`"default"`)
	}
	return nil
}

// agree checks characteristics that depend on each other, and settles those that the type decides (RFC 7643 section
// 2.3: references and binaries compare exactly, only texts have a case).
func (c *characteristics) agree(v attribute.Value, at string, sub bool) error {
	complexType := c.typ == domain.TypeComplex
	switch {
	case sub && complexType:
		return domain.InvalidField(at+".type", "use a simple type: sub-attributes have no sub-attributes of their own")
	case !complexType && v.Get("subAttributes").Assigned():
		return domain.InvalidField(at+".subAttributes", `leave them out, or give the attribute the type "complex"`)
	case c.typ != domain.TypeReference && len(c.references) > 0:
		return domain.InvalidField(at+".referenceTypes", `leave them out, or give the attribute the type "reference"`)
	case c.typ != domain.TypeString && c.typ != domain.TypeReference && len(c.canonical) > 0:
		return domain.InvalidField(at+".canonicalValues", `leave them out, or give the attribute the type "string"`)
	case c.required && c.mutability == filter.ReadOnly:
		return domain.InvalidField(at+".required", "use false: nobody can send a value for a readOnly attribute")
	}
	switch c.typ {
	case domain.TypeReference, domain.TypeBinary:
		c.caseExact = true
	case domain.TypeBoolean, domain.TypeInteger, domain.TypeDecimal, domain.TypeDateTime, domain.TypeComplex:
		c.caseExact = false
	case domain.TypeString:
	}
	return nil
}

// validName is ATTRNAME of RFC 7643 section 2.1, or $ref for a sub-attribute.
func validName(name string, sub bool) bool {
	if sub && name == "$ref" {
		return true
	}
	if len(name) > maxAttrName || !isAlpha(name[0]) {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !isAlpha(c) && !isDigit(c) && c != '-' && c != '_' && c != '$' {
			return false
		}
	}
	return true
}

// word reads a keyword; without one it is the first, the default of RFC 7643 section 2.2.
func word(v attribute.Value, at, name string, words []string) (int, error) {
	s, err := text(v, at, name, false)
	if err != nil || s == "" {
		return 0, err
	}
	i, ok := keyword(words, s)
	if !ok {
		return 0, domain.InvalidField(below(at, name), "use one of "+strings.Join(words, ", "))
	}
	return i, nil
}

func boolean(v attribute.Value, at, name string) (bool, error) {
	switch m := v.Get(name); m.Kind() {
	case attribute.Null:
		return false, nil
	case attribute.Bool:
		return m.Truth(), nil
	case attribute.Number, attribute.String, attribute.Complex, attribute.List:
	}
	return false, domain.InvalidField(below(at, name), "use true or false")
}

// list reads a list of texts.
func list(v attribute.Value, at, name string) ([]string, error) {
	m := v.Get(name)
	if m.Kind() == attribute.Null {
		return nil, nil
	}
	if m.Kind() != attribute.List {
		return nil, domain.InvalidField(below(at, name), "give an array of texts")
	}
	var out []string
	for i, item := range m.Members() {
		if item.Value.Kind() != attribute.String || item.Value.Text() == "" {
			return nil, domain.InvalidField(below(at, name)+"["+strconv.Itoa(i)+"]", "give text")
		}
		out = append(out, item.Value.Text())
	}
	return out, nil
}
