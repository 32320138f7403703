package filter

import (
	"math"
	"strconv"
	"strings"

	"usher/domain"
	"usher/domain/attribute"
)

// literal is a value as it is written, before its attribute's type is known.
type literal struct {
	text   string
	quoted bool
}

func (l literal) isNull() bool { return !l.quoted && attribute.EqualName(l.text, "null") }

// literal reads a JSON string, or one token without quotes up to white space or a closing bracket: null, true, false,
// a number, or what a client forgot to quote.
func (p *parser) literal() (literal, error) {
	if p.at('"') {
		text, err := p.string()
		return literal{text: text, quoted: true}, err
	}
	start := p.i
	for p.i < len(p.s) && !isSpace(p.s[p.i]) && p.s[p.i] != ')' && p.s[p.i] != ']' {
		if c := p.s[p.i]; c == '"' || c == '(' || c == '[' || c == '{' {
			return literal{}, p.fault("put the value in double quotes")
		}
		p.i++
	}
	text := p.s[start:p.i]
	switch {
	case text == "":
		return literal{}, p.fault("expected a value after the operator")
	case strings.HasPrefix(text, "'"), strings.HasPrefix(text, "“"), strings.HasPrefix(text, "”"):
		p.i = start
		return literal{}, p.fault(`use plain double quotes (") round the value`)
	}
	return literal{text: text}, nil
}

// string reads a JSON string (RFC 8259 section 7); p.i stands on the opening quote.
func (p *parser) string() (string, error) {
	start := p.i
	escaped := false
	for p.i++; p.i < len(p.s); p.i++ {
		switch p.s[p.i] {
		case '\\':
			escaped = true
			p.i++ // whatever is escaped does not close the string
		case '\t', '\n', '\r':
			return "", p.fault("a control character in a string must be escaped")
		case '"':
			p.i++
			if !escaped {
				return p.s[start+1 : p.i-1], nil
			}
			v, err := attribute.Read([]byte(p.s[start:p.i]), attribute.Bounds{})
			if err != nil {
				return "", p.faultAt(start, "the quoted value is not a JSON string (a backslash is written as two; NUL and half surrogates are refused)")
			}
			return v.Text(), nil
		}
	}
	p.i = start
	return "", p.fault("the value has no closing quote")
}

// mismatch says why an operator does not go with a type (RFC 7644 section 3.4.2.2, table 3); empty when it does.
func mismatch(t domain.Type, operator domain.Operator) string {
	switch operator {
	case domain.Contains, domain.StartsWith, domain.EndsWith:
		if t != domain.TypeString && t != domain.TypeReference {
			return "is not text; co, sw and ew compare text only"
		}
	case domain.Greater, domain.GreaterOrEqual, domain.Less, domain.LessOrEqual:
		if t == domain.TypeBoolean || t == domain.TypeBinary {
			return "has no order; compare it with eq or ne"
		}
	case domain.Equal, domain.NotEqual:
	}
	return ""
}

// operand reads the literal as a value of the type, or says why it is none.
func (l literal) operand(t domain.Type) (domain.Operand, string) {
	switch t {
	case domain.TypeBoolean:
		switch {
		case attribute.EqualName(l.text, "true"):
			return domain.Operand{Value: attribute.NewBool(true)}, ""
		case attribute.EqualName(l.text, "false"):
			return domain.Operand{Value: attribute.NewBool(false)}, ""
		}
		return domain.Operand{}, "is a boolean; compare it with true or false"
	case domain.TypeInteger:
		if _, err := strconv.ParseInt(l.text, 10, 64); err != nil || !isNumber(l.text) {
			return domain.Operand{}, "is an integer; compare it with a whole number"
		}
		return domain.Operand{Value: attribute.NewNumber(l.text)}, ""
	case domain.TypeDecimal:
		if f, err := strconv.ParseFloat(l.text, 64); err != nil || math.IsInf(f, 0) || !isNumber(l.text) {
			return domain.Operand{}, "is a decimal; compare it with a number"
		}
		return domain.Operand{Value: attribute.NewNumber(l.text)}, ""
	case domain.TypeDateTime:
		at, ok := ParseTime(l.text)
		if !ok {
			return domain.Operand{}, `is a date and time; write it as "2026-01-31T08:00:00Z"`
		}
		return domain.Operand{Value: attribute.NewString(l.text), Time: at}, ""
	case domain.TypeString, domain.TypeReference, domain.TypeBinary, domain.TypeComplex:
	}
	return domain.Operand{Value: attribute.NewString(l.text)}, ""
}

// isNumber reports whether s is a number as JSON spells it: no leading plus, no hexadecimal, no underscores.
func isNumber(s string) bool {
	v, err := attribute.Read([]byte(s), attribute.Bounds{})
	return err == nil && v.Kind() == attribute.Number
}
