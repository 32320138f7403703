package persistence_test

import (
	"strings"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"usher/domain"
	"usher/domain/attribute"
)

func at(urn, name, sub string, of domain.Type, caseExact bool) domain.Attribute {
	return domain.Attribute{Path: domain.Path{URN: urn, Name: name, Sub: sub}, Type: of, CaseExact: caseExact}
}

var userAttributes = []domain.Attribute{
	at("", "id", "", domain.TypeString, true),
	at("", "userName", "", domain.TypeString, false),
	at("", "externalId", "", domain.TypeString, true),
	at("", "displayName", "", domain.TypeString, false),
	at("", "name", "", domain.TypeComplex, false),
	at("", "name", "givenName", domain.TypeString, false),
	at("", "name", "familyName", domain.TypeString, false),
	at("", "name", "formatted", domain.TypeString, false),
	at("", "title", "", domain.TypeString, false),
	at("", "active", "", domain.TypeBoolean, false),
	at("", "emails", "", domain.TypeComplex, false),
	at("", "emails", "value", domain.TypeString, false),
	at("", "emails", "type", domain.TypeString, false),
	at("", "emails", "primary", domain.TypeBoolean, false),
	at("", "emails", "display", domain.TypeString, false),
	at("", "phoneNumbers", "value", domain.TypeString, false),
	at("", "groups", "", domain.TypeComplex, false),
	at("", "groups", "value", domain.TypeString, false),
	at("", "groups", "display", domain.TypeString, false),
	at("", "groups", "type", domain.TypeString, false),
	at("", "groups", "$ref", domain.TypeReference, true),
	at("", "meta", "created", domain.TypeDateTime, false),
	at("", "meta", "lastModified", domain.TypeDateTime, false),
	at("", "meta", "resourceType", domain.TypeString, true),
	at("", "meta", "version", domain.TypeString, true),
	at(domain.URNEnterprise, "department", "", domain.TypeString, false),
	at(domain.URNEnterprise, "manager", "value", domain.TypeString, true),
	at(domain.URNEnterprise, "manager", "displayName", domain.TypeString, false),
	at(urnAcme, "level", "", domain.TypeDecimal, false),
	at(urnAcme, "tag", "", domain.TypeString, true),
	at(urnAcme, "emails", "", domain.TypeString, false),
}

var groupAttributes = []domain.Attribute{
	at("", "id", "", domain.TypeString, true),
	at("", "displayName", "", domain.TypeString, false),
	at("", "externalId", "", domain.TypeString, true),
	at("", "members", "", domain.TypeComplex, false),
	at("", "members", "value", domain.TypeString, false),
	at("", "members", "display", domain.TypeString, false),
	at("", "members", "type", domain.TypeString, false),
	at("", "members", "$ref", domain.TypeReference, true),
	at("", "meta", "created", domain.TypeDateTime, false),
	at("", "meta", "lastModified", domain.TypeDateTime, false),
	at("", "meta", "resourceType", domain.TypeString, true),
	at("", "meta", "version", domain.TypeString, true),
	at("urn:acme:2.0:Group", "tag", "", domain.TypeString, false),
}

// asked draws predicates over attributes, with operands that there is something to find by.
type asked struct {
	*rapid.T
	d          *directory
	attributes []domain.Attribute
}

func (a asked) chance(percent int) bool { return rapid.IntRange(0, 99).Draw(a.T, "chance") < percent }

func (a asked) predicate(depth int) domain.Predicate {
	if depth > 0 && a.chance(50) {
		switch rapid.IntRange(0, 4).Draw(a.T, "node") {
		case 0, 1:
			return domain.And{Terms: a.terms(depth)}
		case 2, 3:
			return domain.Or{Terms: a.terms(depth)}
		default:
			return domain.Not{Term: a.predicate(depth - 1)}
		}
	}
	if a.chance(15) {
		return a.element(depth)
	}
	return a.leaf(a.attribute())
}

func (a asked) terms(depth int) []domain.Predicate {
	list := make([]domain.Predicate, rapid.IntRange(0, 3).Draw(a.T, "terms"))
	for i := range list {
		list[i] = a.predicate(depth - 1)
	}
	return list
}

func (a asked) attribute() domain.Attribute {
	chosen := rapid.SampledFrom(a.attributes).Draw(a.T, "attribute")
	if a.chance(4) {
		chosen.CaseExact = !chosen.CaseExact
	}
	return chosen
}

// element draws a value path: its attributes have only Sub.
func (a asked) element(depth int) domain.Predicate {
	var of []domain.Attribute
	name := rapid.SampledFrom([]string{"emails", "emails", "emails", "groups", "members", "phoneNumbers"}).Draw(a.T, "list")
	for _, x := range append(userAttributes[:len(userAttributes):len(userAttributes)], groupAttributes...) {
		if x.URN == "" && x.Name == name && x.Sub != "" {
			x.Path = domain.Path{Sub: x.Sub}
			of = append(of, x)
		}
	}
	return domain.Element{
		Attribute: domain.Attribute{Path: domain.Path{Name: name}, Type: domain.TypeComplex, Many: true},
		Where:     asked{a.T, a.d, of}.inner(depth),
	}
}

func (a asked) inner(depth int) domain.Predicate {
	if depth > 0 && a.chance(60) {
		terms := []domain.Predicate{a.inner(depth - 1), a.inner(depth - 1)}
		switch rapid.IntRange(0, 4).Draw(a.T, "node") {
		case 0, 1, 2:
			return domain.And{Terms: terms}
		case 3:
			return domain.Or{Terms: terms}
		default:
			return domain.Not{Term: terms[0]}
		}
	}
	return a.leaf(a.attribute())
}

func (a asked) leaf(of domain.Attribute) domain.Predicate {
	if a.chance(12) {
		return domain.Present{Attribute: of}
	}
	c := domain.Compare{
		Attribute: of,
		Operator:  domain.Operator(rapid.IntRange(int(domain.Equal), int(domain.LessOrEqual)).Draw(a.T, "operator")),
	}
	switch n := rapid.IntRange(0, 99).Draw(a.T, "operand"); {
	case n < 8: // null
	case n < 12:
		c.Operand.Value = attribute.NewBool(a.chance(50))
	case n < 16:
		c.Operand.Value = attribute.NewNumber("7")
	default:
		c.Operand = a.operand(of)
	}
	return c
}

func (a asked) operand(of domain.Attribute) domain.Operand {
	switch of.Type {
	case domain.TypeBoolean:
		return domain.Operand{Value: attribute.NewBool(a.chance(50))}
	case domain.TypeInteger, domain.TypeDecimal:
		return domain.Operand{Value: attribute.NewNumber(rapid.SampledFrom([]string{"1", "7", "2.5", "-4", "100"}).Draw(a.T, "number"))}
	case domain.TypeDateTime:
		at := rapid.SampledFrom(a.d.times).Draw(a.T, "time").Add(time.Duration(rapid.SampledFrom([]int{0, 0, 1, -1, 999_999, -1_000_000}).Draw(a.T, "by")))
		return domain.Operand{Value: attribute.NewString(at.Format(time.RFC3339Nano)), Time: at}
	case domain.TypeString, domain.TypeReference, domain.TypeBinary, domain.TypeComplex:
	}
	return domain.Operand{Value: attribute.NewString(a.text())}
}

// text draws one that is there, or a part of it, in another case perhaps.
func (a asked) text() string {
	s := rapid.SampledFrom(words).Draw(a.T, "word")
	if a.chance(70) {
		s = rapid.SampledFrom(a.d.texts).Draw(a.T, "text")
	}
	if a.chance(40) {
		from, to := rapid.IntRange(0, len(s)).Draw(a.T, "from"), rapid.IntRange(0, len(s)).Draw(a.T, "to")
		if part := s[min(from, to):max(from, to)]; utf8.ValidString(part) {
			s = part
		}
	}
	if a.chance(20) {
		s = strings.ToUpper(s)
	}
	return s
}
