package filter

import (
	"strings"

	"usher/domain"
	"usher/domain/attribute"
)

// Path is where a PATCH operation points (RFC 7644 section 3.5.2, figure 7).
type Path struct {
	// Attribute is what the path ends at: emails for emails[type eq "work"], emails.value (Sub set) for
	// emails[type eq "work"].value. With only URN set it is a whole extension.
	Attribute domain.Attribute
	// Facts of that attribute; a sub-attribute of something read-only or secret is that too.
	Facts Facts
	// Where selects elements by a value filter; its attributes are relative to the element. nil: no value filter.
	Where domain.Predicate
}

// Whole is the path's attribute without the sub-attribute.
func (p *Path) Whole() domain.Attribute {
	if p.Attribute.Sub == "" {
		return p.Attribute
	}
	return domain.Attribute{
		Path: domain.Path{URN: p.Attribute.URN, Name: p.Attribute.Name}, Type: domain.TypeComplex, Many: p.Attribute.Many,
	}
}

// String spells the path's attribute canonically, without the value filter.
func (p *Path) String() string { return Spell(p.Attribute.Path) }

// Spell writes an attribute path as a client would: with its URN when it is not of the core schema.
func Spell(p domain.Path) string {
	s := p.Name
	if p.URN != "" && s != "" {
		s = p.URN + ":" + s
	} else if s == "" {
		s = p.URN
	}
	if p.Sub != "" {
		s += "." + p.Sub
	}
	return s
}

// ParsePath reads the path of a PATCH operation. Errors are *domain.Error of Kind Invalid: CodeInvalidPath, or
// CodeInvalidFilter for a comparison inside the brackets that cannot be read or does not fit its attribute.
func ParsePath(text string, r Resolver) (Path, error) {
	p, err := newParser(strings.TrimSpace(text), r, domain.CodeInvalidPath)
	if err != nil {
		return Path{}, err
	}
	p.path = true
	word, err := p.attributeWord()
	if err != nil {
		return Path{}, err
	}
	p.space()
	if !p.at('[') {
		if p.i < len(p.s) {
			return Path{}, p.fault("a path ends after the attribute, or goes on with […]")
		}
		at, facts, err := p.target(word)
		return Path{Attribute: at, Facts: facts}, err
	}
	return p.valuePathOnly(word)
}

// target resolves a path without brackets. The facts of the whole limit what can be done to a part.
func (p *parser) target(word string) (domain.Attribute, Facts, error) {
	at, facts, ok := p.r.Resolve(word)
	if !ok {
		return at, facts, p.pathFault(0, "the schema has no attribute "+quoted(word))
	}
	facts.Complex = facts.Complex || at.Type == domain.TypeComplex
	if dot := strings.LastIndexByte(word, '.'); at.Sub != "" && dot > 0 {
		if _, whole, ok := p.r.Resolve(word[:dot]); ok {
			facts.limit(whole)
		}
	}
	return at, facts, nil
}

// limit applies to a sub-attribute what holds for its parent.
func (f *Facts) limit(whole Facts) {
	f.Secret = f.Secret || whole.Secret
	if whole.Mutability == ReadOnly {
		f.Mutability = ReadOnly
	}
}

// valuePathOnly reads attribute[filter] and attribute[filter].sub to the end of the text.
func (p *parser) valuePathOnly(word string) (Path, error) {
	whole, err := p.open(word, 0)
	if err != nil {
		return Path{}, err
	}
	p.in, p.code = &whole, domain.CodeInvalidFilter
	where, err := p.brackets(1)
	if err != nil {
		return Path{}, err
	}
	p.code = domain.CodeInvalidPath
	path := Path{Attribute: whole.attr, Facts: whole.facts, Where: where}
	if p.at('.') {
		p.i++
		start := p.i
		sub, err := p.attributeWord()
		if err != nil {
			return Path{}, err
		}
		if !whole.facts.Complex && attribute.EqualName(sub, "value") {
			return path, p.end()
		}
		at, facts, ok := p.r.Resolve(word + "." + sub)
		if !ok || at.Sub == "" {
			return Path{}, p.pathFault(start, quoted(word)+" has no sub-attribute "+quoted(sub))
		}
		facts.limit(whole.facts)
		path.Attribute, path.Facts = at, facts
	}
	return path, p.end()
}

func (p *parser) end() error {
	if p.space(); p.i < len(p.s) {
		return p.fault("the path should end here")
	}
	return nil
}
