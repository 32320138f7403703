// Package filtertest owns a small stand-in for the schemas of RFC 7643, so that the grammar of filters and the
// semantics of PATCH can be tested without the real ones. It is for tests only.
package filtertest

import (
	"strings"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

// Schema is a resource type: what its core URN is and which attributes it has. It implements [filter.Resolver].
type Schema struct {
	URN        string
	Attributes []Attribute
}

// Attribute as RFC 7643 section 2.2 describes one.
type Attribute struct {
	URN  string // empty: of the core schema
	Name string
	Type domain.Type
	filter.Facts
	Exact bool
	Subs  []Attribute
}

// Resolve implements [filter.Resolver].
func (s Schema) Resolve(path string) (domain.Attribute, filter.Facts, bool) {
	urn, name, isURN := s.split(path)
	if isURN && name == "" {
		if urn == "" {
			return domain.Attribute{}, filter.Facts{}, false
		}
		return domain.Attribute{Path: domain.Path{URN: urn}, Type: domain.TypeComplex}, filter.Facts{Complex: true}, true
	}
	name, sub, dotted := strings.Cut(name, ".")
	for _, a := range s.Attributes {
		if !attribute.EqualName(a.Name, name) || isURN && a.URN != urn {
			continue
		}
		if !dotted {
			return a.at(""), a.facts(), true
		}
		for _, b := range a.Subs {
			if attribute.EqualName(b.Name, sub) {
				at := a.at(b.Name)
				at.Type, at.CaseExact = b.Type, b.Exact
				facts := b.Facts
				facts.Multi = a.Multi
				return at, facts, true
			}
		}
	}
	return domain.Attribute{}, filter.Facts{}, false
}

// split takes a known URN off the front of a path: the longest that matches, since version numbers and names may hold
// dots and colons themselves.
func (s Schema) split(path string) (urn, name string, ok bool) {
	try := func(known string) {
		if len(path) < len(known) || !attribute.EqualName(path[:len(known)], known) {
			return
		}
		rest, colon := strings.CutPrefix(path[len(known):], ":")
		if colon == (len(path) > len(known)) && (!ok || len(known) > len(urn)) {
			urn, name, ok = known, rest, true
		}
	}
	try(s.URN)
	for _, a := range s.Attributes {
		if a.URN != "" {
			try(a.URN)
		}
	}
	switch {
	case !ok:
		return "", path, false
	case urn == s.URN:
		return "", name, true
	}
	return urn, name, true
}

func (a Attribute) at(sub string) domain.Attribute {
	return domain.Attribute{
		Path: domain.Path{URN: a.URN, Name: a.Name, Sub: sub}, Type: a.Type, CaseExact: a.Exact, Many: a.Multi,
	}
}

func (a Attribute) facts() filter.Facts {
	f := a.Facts
	f.Complex = len(a.Subs) > 0
	for _, b := range a.Subs {
		f.HasValue = f.HasValue || b.Name == "value"
	}
	return f
}

// Find is the attribute at a canonical path, for what needs more than Resolve tells.
func (s Schema) Find(p domain.Path) (Attribute, bool) {
	for _, a := range s.Attributes {
		if a.URN != p.URN || a.Name != p.Name {
			continue
		}
		if p.Sub == "" {
			return a, true
		}
		for _, b := range a.Subs {
			if b.Name == p.Sub {
				return b, true
			}
		}
	}
	return Attribute{}, false
}
