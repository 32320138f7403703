package filter_test

import (
	"strings"
	"time"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

func operatorNames() map[domain.Operator]string {
	return map[domain.Operator]string{
		domain.Equal: "eq", domain.NotEqual: "ne", domain.Contains: "co", domain.StartsWith: "sw", domain.EndsWith: "ew",
		domain.Greater: "gt", domain.GreaterOrEqual: "ge", domain.Less: "lt", domain.LessOrEqual: "le",
	}
}

// render writes a predicate as a filter in which nothing is left to precedence.
func render(p domain.Predicate) string { return renderWith(p, operand) }

// meaning is render with instants instead of their spellings.
func meaning(p domain.Predicate) string {
	return renderWith(p, func(o domain.Operand) string {
		if o.Time.IsZero() {
			return operand(o)
		}
		return "@" + o.Time.UTC().Format(time.RFC3339Nano)
	})
}

func operand(o domain.Operand) string { return string(attribute.AppendJSON(nil, o.Value)) }

func renderWith(p domain.Predicate, operand func(domain.Operand) string) string {
	join := func(terms []domain.Predicate, word string) string {
		texts := make([]string, len(terms))
		for i, term := range terms {
			texts[i] = renderWith(term, operand)
		}
		return "(" + strings.Join(texts, word) + ")"
	}
	switch p := p.(type) {
	case domain.And:
		return join(p.Terms, " and ")
	case domain.Or:
		return join(p.Terms, " or ")
	case domain.Not:
		return "not (" + renderWith(p.Term, operand) + ")"
	case domain.Present:
		return spell(p.Attribute) + " pr"
	case domain.Compare:
		return spell(p.Attribute) + " " + operatorNames()[p.Operator] + " " + operand(p.Operand)
	case domain.Element:
		return spell(p.Attribute) + "[" + renderWith(p.Where, operand) + "]"
	}
	return "?"
}

func spell(a domain.Attribute) string { return strings.TrimPrefix(filter.Spell(a.Path), ".") }
