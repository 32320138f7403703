package filter_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
	"usher/scim/filter/filtertest"
)

// Whatever can be said in the domain's query language can be written as a filter and is read back as what it was.
func TestEveryPredicateRoundTrips(t *testing.T) {
	t.Parallel()
	schema := filtertest.User()
	rapid.Check(t, func(t *rapid.T) {
		want := predicates(schema, 3).Draw(t, "predicate")
		got, err := filter.Parse(render(want), schema)
		require.NoError(t, err, render(want))
		require.Equal(t, want, got, render(want))
	})
}

// predicates are random, at most so deep, over the attributes of a schema.
func predicates(schema filtertest.Schema, depth int) *rapid.Generator[domain.Predicate] {
	return rapid.Custom(func(t *rapid.T) domain.Predicate {
		if depth == 0 || rapid.Bool().Draw(t, "leaf") {
			return leaf(schema, "").Draw(t, "comparison")
		}
		switch rapid.SampledFrom([]string{"and", "or", "not", "element"}).Draw(t, "kind") {
		case "and":
			return domain.And{Terms: rapid.SliceOfN(predicates(schema, depth-1), 2, 3).Draw(t, "terms")}
		case "or":
			return domain.Or{Terms: rapid.SliceOfN(predicates(schema, depth-1), 2, 3).Draw(t, "terms")}
		case "not":
			return domain.Not{Term: predicates(schema, depth-1).Draw(t, "term")}
		}
		name := rapid.SampledFrom([]string{"emails", "addresses", filtertest.URNCustom + ":desks"}).Draw(t, "list")
		whole, _, _ := schema.Resolve(name)
		where := rapid.OneOf(leaf(schema, name), rapid.Map(rapid.SliceOfN(leaf(schema, name), 2, 3),
			func(terms []domain.Predicate) domain.Predicate { return domain.And{Terms: terms} }))
		return domain.Element{Attribute: whole, Where: where.Draw(t, "where")}
	})
}

// leaf is a comparison or a presence test of an attribute; within names the list whose elements it is about.
func leaf(schema filtertest.Schema, within string) *rapid.Generator[domain.Predicate] {
	return rapid.Custom(func(t *rapid.T) domain.Predicate {
		at := rapid.SampledFrom(comparables(schema, within)).Draw(t, "attribute")
		if rapid.Bool().Draw(t, "present") {
			return domain.Present{Attribute: at}
		}
		operators := []domain.Operator{domain.Equal, domain.NotEqual}
		if at.Type != domain.TypeBoolean && at.Type != domain.TypeBinary {
			operators = append(operators, domain.Greater, domain.GreaterOrEqual, domain.Less, domain.LessOrEqual)
		}
		if at.Type == domain.TypeString || at.Type == domain.TypeReference {
			operators = append(operators, domain.Contains, domain.StartsWith, domain.EndsWith)
		}
		compare := domain.Compare{Attribute: at, Operator: rapid.SampledFrom(operators).Draw(t, "operator")}
		if compare.Operator <= domain.NotEqual && rapid.IntRange(0, 9).Draw(t, "null") == 0 {
			return compare
		}
		switch at.Type {
		case domain.TypeBoolean:
			compare.Operand.Value = attribute.NewBool(rapid.Bool().Draw(t, "truth"))
		case domain.TypeInteger:
			compare.Operand.Value = attribute.NewNumber(rapid.StringMatching(`-?[1-9][0-9]{0,17}`).Draw(t, "integer"))
		case domain.TypeDecimal:
			compare.Operand.Value = attribute.NewNumber(rapid.StringMatching(`-?[1-9][0-9]{0,9}(\.[0-9]{1,9})?(e-?[0-9]{1,2})?`).Draw(t, "decimal"))
		case domain.TypeDateTime:
			text := rapid.StringMatching(`20[0-9]{2}-0[1-9]-[12][0-8]T[01][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,8})?(Z|[+-]0[0-9]:[0-5][0-9])?`).Draw(t, "moment")
			compare.Operand.Value = attribute.NewString(text)
			compare.Operand.Time, _ = filter.ParseTime(text)
		default:
			compare.Operand.Value = attribute.NewString(rapid.StringMatching(`[^\x00]{0,12}`).Draw(t, "text"))
		}
		return compare
	})
}

// comparables are the attributes of a schema that hold one thing to compare, or the sub-attributes of a list.
func comparables(schema filtertest.Schema, within string) []domain.Attribute {
	var all []domain.Attribute
	for _, a := range schema.Attributes {
		name := filter.Spell(domain.Path{URN: a.URN, Name: a.Name})
		if a.Secret || within != "" && name != within {
			continue
		}
		if len(a.Subs) == 0 {
			at, _, _ := schema.Resolve(name)
			all = append(all, at)
		}
		for _, b := range a.Subs {
			at, _, _ := schema.Resolve(name + "." + b.Name)
			if within != "" {
				at.Path, at.Many = domain.Path{Sub: b.Name}, false
			}
			all = append(all, at)
		}
	}
	return all
}
