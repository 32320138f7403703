package filter

import (
	"usher/domain"
)

// valuePath reads [ … ] after the attribute spelt word, and Entra's sub-attribute and operator behind it:
// emails[type eq "work"].value eq "x" asks for one element that satisfies both. p.i stands on the bracket.
func (p *parser) valuePath(word string, start, depth int) (domain.Predicate, error) {
	if p.in != nil {
		return nil, p.fault("a value path cannot stand inside another")
	}
	if err := p.deeper(depth); err != nil {
		return nil, err
	}
	whole, err := p.open(word, start)
	if err != nil {
		return nil, err
	}
	p.in = &whole
	defer func() { p.in = nil }()
	where, err := p.brackets(depth + 1)
	if err != nil {
		return nil, err
	}
	after, more, err := p.behind()
	if err != nil {
		return nil, err
	}
	if more {
		where = conjunction(where, after)
	}
	return p.holds(whole, where, start)
}

// open resolves the attribute before a bracket.
func (p *parser) open(word string, start int) (element, error) {
	at, facts, err := p.resolve(word, start)
	if err != nil {
		return element{}, err
	}
	if at.Sub != "" || !facts.Complex && !facts.Multi {
		return element{}, p.faultAt(start, quoted(word)+" has no elements to choose from; only a multi-valued or complex attribute takes […]")
	}
	return element{text: word, attr: at, facts: facts}, nil
}

// brackets reads the filter between [ and ].
func (p *parser) brackets(depth int) (domain.Predicate, error) {
	open := p.i
	p.i++
	where, err := p.or(depth)
	if err != nil {
		return nil, err
	}
	if !p.at(']') {
		return nil, p.pathFault(open, "this bracket is not closed")
	}
	p.i++
	return where, nil
}

// behind reads what may follow the bracket of a value path in a filter: .sub with an operator, or an operator on the
// element's own value. more is false when nothing follows that says more than the brackets.
func (p *parser) behind() (after domain.Predicate, more bool, err error) {
	word, start := "value", p.i
	if p.at('.') {
		p.i++
		start = p.i
		if word, err = p.attributeWord(); err != nil {
			return nil, false, err
		}
	} else {
		p.space()
		if !p.atOperator() || p.keyword("pr") { // that there is such an element, the brackets say already
			return nil, false, nil
		}
	}
	after, err = p.comparison(word, start)
	return after, true, err
}

// conjunction is a and b, flat where a is a conjunction already.
func conjunction(a, b domain.Predicate) domain.Predicate {
	if and, ok := a.(domain.And); ok {
		return domain.And{Terms: append(and.Terms, b)}
	}
	return domain.And{Terms: []domain.Predicate{a, b}}
}

// holds says what a value path means in the domain's terms. Only lists of objects have elements there: for a
// single-valued attribute the conditions move to its sub-attributes, for a list of plain values to the list.
func (p *parser) holds(whole element, where domain.Predicate, start int) (domain.Predicate, error) {
	switch {
	case whole.facts.Multi && whole.facts.Complex:
		return domain.Element{Attribute: whole.attr, Where: where}, nil
	case whole.facts.Complex:
		moved := rebase(where, func(a domain.Attribute) domain.Attribute {
			a.URN, a.Name = whole.attr.URN, whole.attr.Name
			return a
		})
		return conjunction(domain.And{Terms: []domain.Predicate{domain.Present{Attribute: whole.attr}}}, moved), nil
	case !anyTerm(where):
		return nil, p.faultAt(start, quoted(whole.text)+" holds plain values; inside […] compare value, joined with or at most")
	}
	return rebase(where, func(domain.Attribute) domain.Attribute { return whole.attr }), nil
}

// anyTerm reports whether "one value satisfies p" is p of the list: true of comparisons and of their disjunctions,
// not of conjunctions and negations, which could be satisfied by different values.
func anyTerm(p domain.Predicate) bool {
	switch p := p.(type) {
	case domain.Compare, domain.Present:
		return true
	case domain.Or:
		for _, term := range p.Terms {
			if !anyTerm(term) {
				return false
			}
		}
		return true
	}
	return false
}

// rebase gives every attribute of a predicate a new path.
func rebase(p domain.Predicate, move func(domain.Attribute) domain.Attribute) domain.Predicate {
	each := func(terms []domain.Predicate) []domain.Predicate {
		moved := make([]domain.Predicate, len(terms))
		for i, term := range terms {
			moved[i] = rebase(term, move)
		}
		return moved
	}
	switch p := p.(type) {
	case domain.And:
		return domain.And{Terms: each(p.Terms)}
	case domain.Or:
		return domain.Or{Terms: each(p.Terms)}
	case domain.Not:
		return domain.Not{Term: rebase(p.Term, move)}
	case domain.Compare:
		p.Attribute = move(p.Attribute)
		return p
	case domain.Present:
		p.Attribute = move(p.Attribute)
		return p
	}
	return p
}
