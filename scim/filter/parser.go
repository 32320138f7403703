package filter

import (
	"usher/domain"
	"usher/domain/attribute"
)

// parser reads s from left to right; i is the next byte. Its recursion is as deep as the text nests, at most MaxDepth.
type parser struct {
	s     string
	i     int
	terms int
	r     Resolver
	code  string   // of the errors
	path  bool     // a PATCH path is being read, not a filter
	in    *element // inside the brackets of a value path
}

// element is the attribute whose value path is being read.
type element struct {
	text  string // as the client spells it
	attr  domain.Attribute
	facts Facts
}

// filter reads the whole text as a filter.
func (p *parser) filter() (domain.Predicate, error) {
	where, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.i < len(p.s) { // or stops only at the end and at a closing bracket
		return nil, p.fault("this closing bracket has no opening one")
	}
	return where, nil
}

// or reads terms joined by "or", the loosest operator, up to the end or a closing bracket.
func (p *parser) or(depth int) (domain.Predicate, error) {
	var terms []domain.Predicate
	for {
		term, err := p.and(depth)
		if err != nil {
			return nil, err
		}
		terms = append(terms, term)
		if !p.keyword("or") {
			break
		}
	}
	if len(terms) == 1 {
		return terms[0], nil
	}
	return domain.Or{Terms: terms}, nil
}

// and reads factors joined by "and", up to an "or", the end or a closing bracket.
func (p *parser) and(depth int) (domain.Predicate, error) {
	var terms []domain.Predicate
	for {
		term, err := p.factor(depth)
		if err != nil {
			return nil, err
		}
		terms = append(terms, term)
		if p.keyword("and") {
			continue
		}
		if p.i < len(p.s) && p.s[p.i] != ')' && p.s[p.i] != ']' && !attribute.EqualName(p.peekWord(), "or") {
			return nil, p.fault("expected and, or, or the end of the filter")
		}
		break
	}
	if len(terms) == 1 {
		return terms[0], nil
	}
	return domain.And{Terms: terms}, nil
}

// factor reads a negation, a group in parentheses, a value path or a comparison. A "not" and its parentheses are one
// level.
func (p *parser) factor(depth int) (domain.Predicate, error) {
	p.space()
	if p.at('(') {
		if err := p.deeper(depth); err != nil {
			return nil, err
		}
		return p.group(depth + 1)
	}
	word, err := p.attributeWord()
	if err != nil {
		return nil, err
	}
	if attribute.EqualName(word, "not") {
		if err := p.deeper(depth); err != nil {
			return nil, err
		}
		read := p.factor
		if p.space(); p.at('(') {
			read = p.group
		}
		term, err := read(depth + 1)
		return domain.Not{Term: term}, err
	}
	start := p.i - len(word)
	if p.space(); p.at('[') {
		return p.valuePath(word, start, depth)
	}
	return p.comparison(word, start)
}

func (p *parser) deeper(depth int) error {
	if depth >= MaxDepth {
		return p.fault("the filter nests deeper than the limit of 50; write it flatter")
	}
	return nil
}

func (p *parser) group(depth int) (domain.Predicate, error) {
	open := p.i
	p.i++
	where, err := p.or(depth)
	if err != nil {
		return nil, err
	}
	if !p.at(')') {
		p.i = open
		return nil, p.fault("this parenthesis is not closed")
	}
	p.i++
	return where, nil
}

// comparison reads an operator and its operand after the attribute that is spelt word and begins at start.
func (p *parser) comparison(word string, start int) (domain.Predicate, error) {
	p.terms++
	if p.terms > MaxTerms {
		return nil, p.fault("the filter has more than the limit of 200 terms; ask for less at once")
	}
	at, facts, err := p.resolve(word, start)
	if err != nil {
		return nil, err
	}
	p.space()
	operator, present, err := p.operator()
	if err != nil || present {
		return domain.Present{Attribute: at}, err
	}
	p.space()
	operand := p.i
	v, err := p.literal()
	if err != nil {
		return nil, err
	}
	if v.isNull() {
		return p.withNull(at, facts, operator, operand)
	}
	if facts.Complex {
		if !facts.HasValue {
			return nil, p.faultAt(start, quoted(word)+` has sub-attributes; compare one of them, such as `+quoted(word+".…"))
		}
		if at, _, err = p.resolve(word+".value", start); err != nil {
			return nil, err
		}
	}
	if reason := mismatch(at.Type, operator); reason != "" {
		return nil, p.faultAt(start, quoted(word)+" "+reason)
	}
	value, reason := v.operand(at.Type)
	if reason != "" {
		return nil, p.faultAt(operand, quoted(word)+" "+reason)
	}
	return domain.Compare{Attribute: at, Operator: operator, Operand: value}, nil
}

// withNull compares with null, which only equality can; for a complex attribute that is the question of presence.
func (p *parser) withNull(at domain.Attribute, facts Facts, operator domain.Operator, operand int) (domain.Predicate, error) {
	switch {
	case operator != domain.Equal && operator != domain.NotEqual:
		return nil, p.faultAt(operand, "null can be compared with eq and ne only")
	case !facts.Complex:
		return domain.Compare{Attribute: at, Operator: operator}, nil
	case operator == domain.NotEqual:
		return domain.Present{Attribute: at}, nil
	}
	return domain.Not{Term: domain.Present{Attribute: at}}, nil
}

// resolve finds the attribute a client spells word; inside brackets a sub-attribute of the element, of which only Sub
// is set then.
func (p *parser) resolve(word string, start int) (domain.Attribute, Facts, error) {
	at, facts, ok := p.lookUp(word)
	switch {
	case !ok && p.in != nil:
		return at, facts, p.pathFault(start, quoted(p.in.text)+" has no sub-attribute "+quoted(word))
	case !ok:
		return at, facts, p.pathFault(start, "the schema has no attribute "+quoted(word))
	case facts.Secret:
		return at, facts, p.faultAt(start, quoted(word)+" cannot be used in a filter")
	case at.Name == "" && p.in == nil:
		return at, facts, p.faultAt(start, quoted(word)+" names a schema; name one of its attributes")
	}
	facts.Complex = facts.Complex || at.Type == domain.TypeComplex
	return at, facts, nil
}

func (p *parser) lookUp(word string) (domain.Attribute, Facts, bool) {
	if p.in == nil {
		return p.r.Resolve(word)
	}
	if !p.in.facts.Complex { // the values themselves are what "value" means
		at := p.in.attr
		at.Path, at.Many = domain.Path{Sub: "value"}, false
		return at, Facts{Secret: p.in.facts.Secret}, attribute.EqualName(word, "value")
	}
	at, facts, ok := p.r.Resolve(p.in.text + "." + word)
	at.Path, at.Many = domain.Path{Sub: at.Sub}, false
	facts.Secret = facts.Secret || p.in.facts.Secret
	return at, facts, ok && at.Sub != ""
}
