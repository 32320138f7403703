package scim

import (
	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
	"usher/scim/schema"
)

// foreign resolves what a filter names by the schema of one resource type, and where that does not know it by the
// others'. An attribute that is not part of a resource type counts as without value there (RFC 7644 section 3.4.2.1).
type foreign struct {
	own    *schema.View
	others []*schema.View
	paths  map[domain.Path]bool // what only others know
}

// Resolve implements filter.Resolver.
func (f *foreign) Resolve(path string) (domain.Attribute, filter.Facts, bool) {
	at, facts, ok := f.own.Resolve(path)
	if ok {
		return at, facts, ok
	}
	for _, other := range f.others {
		if at, facts, ok = other.Resolve(path); ok {
			f.paths[at.Path] = true
			return at, facts, ok
		}
	}
	return at, facts, false
}

// unassigned decides the terms about attributes that this resource type does not have.
func (f *foreign) unassigned(p domain.Predicate) domain.Predicate {
	always, never := domain.And{}, domain.Or{}
	switch p := p.(type) {
	case domain.And:
		return domain.And{Terms: f.each(p.Terms)}
	case domain.Or:
		return domain.Or{Terms: f.each(p.Terms)}
	case domain.Not:
		return domain.Not{Term: f.unassigned(p.Term)}
	case domain.Present:
		if f.lacks(p.Attribute.Path) {
			return never
		}
	case domain.Element:
		if f.lacks(p.Attribute.Path) {
			return never
		}
	case domain.Compare:
		if !f.lacks(p.Attribute.Path) {
			return p
		}
		null := p.Operand.Value.Kind() == attribute.Null
		if p.Operator == domain.Equal && null || p.Operator == domain.NotEqual && !null {
			return always
		}
		return never
	}
	return p
}

func (f *foreign) each(terms []domain.Predicate) []domain.Predicate {
	decided := make([]domain.Predicate, len(terms))
	for i, term := range terms {
		decided[i] = f.unassigned(term)
	}
	return decided
}

// lacks reports whether only others know the attribute, or the one it is part of.
func (f *foreign) lacks(p domain.Path) bool {
	return f.paths[p] || f.paths[domain.Path{URN: p.URN, Name: p.Name}]
}
