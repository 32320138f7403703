package scim

import (
	"strings"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/schema"
)

// A store does not know under which address it is answered, so it cannot compare with meta.location and the $ref of
// groups, members and manager. Each of them is a fixed beginning and an id; what a filter says of an address is said
// here of the id instead.

// addresses rewrites the terms of a predicate that are about addresses.
type addresses struct {
	view *schema.View
	base string
}

func (a addresses) rewrite(p domain.Predicate) domain.Predicate {
	switch p := p.(type) {
	case domain.And:
		return domain.And{Terms: a.each(p.Terms, a.rewrite)}
	case domain.Or:
		return domain.Or{Terms: a.each(p.Terms, a.rewrite)}
	case domain.Not:
		return domain.Not{Term: a.rewrite(p.Term)}
	case domain.Present:
		if ids, ok := a.behind(p.Attribute.Path); ok {
			return domain.Present{Attribute: ids}
		}
	case domain.Compare:
		if ids, ok := a.behind(p.Attribute.Path); ok {
			return a.compare(p, ids)
		}
	case domain.Element:
		p.Where = a.inElement(p.Attribute, p.Where)
		return p
	}
	return p
}

func (addresses) each(terms []domain.Predicate, rewrite func(domain.Predicate) domain.Predicate) []domain.Predicate {
	out := make([]domain.Predicate, len(terms))
	for i, term := range terms {
		out[i] = rewrite(term)
	}
	return out
}

// behind is the attribute whose value an address ends with; its presence is that of the address.
func (a addresses) behind(p domain.Path) (domain.Attribute, bool) {
	var name string
	switch {
	case p == domain.Path{Name: "meta", Sub: "location"}:
		name = "id"
	case p.Sub != "$ref":
		return domain.Attribute{}, false
	case p.URN == "" && (p.Name == "groups" || p.Name == "members"):
		name = p.Name + ".value"
	case p.URN == domain.URNEnterprise && p.Name == "manager":
		name = domain.URNEnterprise + ":manager.displayName" // who is resolved has both, who is not has neither
	default:
		return domain.Attribute{}, false
	}
	at, _, ok := a.view.Resolve(name)
	return at, ok
}

// compare says of ids what c says of addresses.
func (a addresses) compare(c domain.Compare, ids domain.Attribute) domain.Predicate {
	there := domain.Present{Attribute: ids}
	if c.Operand.Value.Kind() == attribute.Null {
		switch c.Operator {
		case domain.Equal:
			return domain.Not{Term: there}
		case domain.NotEqual:
			return there
		default:
			return domain.Or{}
		}
	}
	var holds domain.Predicate
	switch ids.Name {
	case "id":
		holds = a.ends(c, a.view.Type(), ids)
	case "manager":
		value, _, _ := a.view.Resolve(domain.URNEnterprise + ":manager.value")
		holds = domain.And{Terms: []domain.Predicate{there, a.ends(c, schema.User, value)}}
	default:
		whole, _, _ := a.view.Resolve(ids.Name)
		relative := c
		relative.Attribute.Path, relative.Attribute.Many = domain.Path{Sub: c.Attribute.Sub}, false
		holds = domain.Element{Attribute: whole, Where: a.inElement(whole, relative)}
	}
	if c.Operator == domain.NotEqual { // holds where there is no value as well
		return domain.Or{Terms: []domain.Predicate{holds, domain.Not{Term: there}}}
	}
	return holds
}

// inElement rewrites a term about the $ref of one element of whole.
func (a addresses) inElement(whole domain.Attribute, p domain.Predicate) domain.Predicate {
	again := func(term domain.Predicate) domain.Predicate { return a.inElement(whole, term) }
	switch p := p.(type) {
	case domain.And:
		return domain.And{Terms: a.each(p.Terms, again)}
	case domain.Or:
		return domain.Or{Terms: a.each(p.Terms, again)}
	case domain.Not:
		return domain.Not{Term: again(p.Term)}
	case domain.Present:
		if ids, ok := a.elementID(whole, p.Attribute); ok {
			return domain.Present{Attribute: ids}
		}
	case domain.Compare:
		ids, ok := a.elementID(whole, p.Attribute)
		switch {
		case !ok:
			return p
		case p.Operand.Value.Kind() == attribute.Null:
			p.Attribute = ids
			return p
		case whole.Name == "groups":
			return a.ends(p, schema.Group, ids)
		}
		kind, _, _ := a.view.Resolve("members.type")
		kind.Path, kind.Many = domain.Path{Sub: kind.Sub}, false
		var either []domain.Predicate
		for _, t := range schema.Types() {
			is := domain.Compare{Attribute: kind, Operand: domain.Operand{Value: attribute.NewString(t.String())}}
			either = append(either, domain.And{Terms: []domain.Predicate{is, a.ends(p, t, ids)}})
		}
		return domain.Or{Terms: either}
	}
	return p
}

// elementID is the id beside the $ref of an element of groups or members.
func (a addresses) elementID(whole, at domain.Attribute) (domain.Attribute, bool) {
	if at.Sub != "$ref" || whole.URN != "" || whole.Name != "groups" && whole.Name != "members" {
		return domain.Attribute{}, false
	}
	ids, _, ok := a.view.Resolve(whole.Name + ".value")
	ids.Path, ids.Many = domain.Path{Sub: ids.Sub}, false
	return ids, ok
}

// ends says what c says of a text that begins with the address of a resource type, of the id at its end.
func (a addresses) ends(c domain.Compare, t schema.Type, ids domain.Attribute) domain.Predicate {
	begin, text := a.base+t.Endpoint()+"/", c.Operand.Value.Text()
	if !c.Attribute.CaseExact {
		begin, text = attribute.Fold(begin), attribute.Fold(text)
	}
	id := func(operator domain.Operator, text string) domain.Predicate {
		return domain.Compare{Attribute: ids, Operator: operator, Operand: domain.Operand{Value: attribute.NewString(text)}}
	}
	rest, behind := strings.CutPrefix(text, begin)
	switch c.Operator {
	case domain.Contains:
		return containsBoth(begin, text, id)
	case domain.EndsWith:
		return endsBoth(begin, text, id)
	case domain.StartsWith:
		if strings.HasPrefix(begin, text) {
			return domain.And{}
		}
	case domain.Equal, domain.NotEqual, domain.Greater, domain.GreaterOrEqual, domain.Less, domain.LessOrEqual:
	}
	if behind {
		return id(c.Operator, rest)
	}
	greater := begin > text // also where text is a beginning of begin
	switch c.Operator {
	case domain.NotEqual:
		return domain.And{}
	case domain.Greater, domain.GreaterOrEqual:
		return constant(greater)
	case domain.Less, domain.LessOrEqual:
		return constant(!greater)
	default:
		return domain.Or{}
	}
}

func constant(holds bool) domain.Predicate {
	if holds {
		return domain.And{}
	}
	return domain.Or{}
}

const idLength = 36 // characters of an id

// endsBoth says that begin and an id, one after the other, end with text.
func endsBoth(begin, text string, id func(domain.Operator, string) domain.Predicate) domain.Predicate {
	if len(text) <= idLength {
		return id(domain.EndsWith, text)
	}
	at := len(text) - idLength
	if strings.HasSuffix(begin, text[:at]) {
		return id(domain.Equal, text[at:])
	}
	return domain.Or{}
}

// containsBoth says that begin and an id, one after the other, contain text: the one does, the other, or text begins in
// the one and ends in the other.
func containsBoth(begin, text string, id func(domain.Operator, string) domain.Predicate) domain.Predicate {
	if strings.Contains(begin, text) {
		return domain.And{}
	}
	var either []domain.Predicate
	if len(text) <= idLength {
		either = append(either, id(domain.Contains, text))
	}
	for at := max(1, len(text)-idLength); at < len(text) && at <= len(begin); at++ {
		if strings.HasSuffix(begin, text[:at]) {
			either = append(either, id(domain.StartsWith, text[at:]))
		}
	}
	return domain.Or{Terms: either}
}

// sortable is the attribute that orders resources like an address does.
func (a addresses) sortable(at domain.Attribute) domain.Attribute {
	if at.URN == domain.URNEnterprise && at.Name == "manager" && at.Sub == "$ref" {
		at, _, _ = a.view.Resolve(domain.URNEnterprise + ":manager.value")
		return at
	}
	if ids, ok := a.behind(at.Path); ok {
		return ids
	}
	return at
}
