package filter

import (
	"usher/domain"
	"usher/domain/attribute"
)

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func (p *parser) space() {
	for p.i < len(p.s) && isSpace(p.s[p.i]) {
		p.i++
	}
}

func (p *parser) at(c byte) bool { return p.i < len(p.s) && p.s[p.i] == c }

// peekWord is the text up to white space, a bracket or a quote.
func (p *parser) peekWord() string {
	for i := p.i; i < len(p.s); i++ {
		switch c := p.s[i]; {
		case isSpace(c), c == '(', c == ')', c == '[', c == ']', c == '"':
			return p.s[p.i:i]
		}
	}
	return p.s[p.i:]
}

// keyword takes the next word when it is the given one, in any case.
func (p *parser) keyword(word string) bool {
	p.space()
	if !attribute.EqualName(p.peekWord(), word) {
		return false
	}
	p.i += len(word)
	return true
}

func (p *parser) attributeWord() (string, error) {
	word := p.peekWord()
	if word == "" {
		return "", p.fault("expected the name of an attribute")
	}
	p.i += len(word)
	return word, nil
}

// operators of RFC 7644 section 3.4.2.2, pr excepted.
func operatorOf(word string) (domain.Operator, bool) {
	if len(word) != 2 {
		return 0, false
	}
	switch string([]byte{word[0] | 0x20, word[1] | 0x20}) {
	case "eq":
		return domain.Equal, true
	case "ne":
		return domain.NotEqual, true
	case "co":
		return domain.Contains, true
	case "sw":
		return domain.StartsWith, true
	case "ew":
		return domain.EndsWith, true
	case "gt":
		return domain.Greater, true
	case "ge":
		return domain.GreaterOrEqual, true
	case "lt":
		return domain.Less, true
	case "le":
		return domain.LessOrEqual, true
	}
	return 0, false
}

// atOperator reports whether an operator follows.
func (p *parser) atOperator() bool {
	word := p.peekWord()
	_, ok := operatorOf(word)
	return ok || attribute.EqualName(word, "pr")
}

// operator takes an operator; present is true for pr, which has no operand.
func (p *parser) operator() (operator domain.Operator, present bool, err error) {
	word := p.peekWord()
	if attribute.EqualName(word, "pr") {
		p.i += len(word)
		return 0, true, nil
	}
	operator, ok := operatorOf(word)
	if !ok {
		return 0, false, p.fault("expected an operator: eq, ne, co, sw, ew, gt, ge, lt, le or pr")
	}
	p.i += len(word)
	return operator, false, nil
}
