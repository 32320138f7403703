package domain_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
	"usher/domain/attribute"
)

// The order of sort keys, byte by byte, is the order of the values.
func TestSortKeyOrder(t *testing.T) {
	t.Parallel()
	by := func(kind domain.Type, exact bool) domain.Attribute {
		return domain.Attribute{Path: domain.Path{Name: "x"}, Type: kind, CaseExact: exact}
	}
	key := func(t *rapid.T, kind domain.Type, exact bool, v attribute.Value) string {
		k, ok := domain.SortKey(attribute.NewComplex(attribute.Member{Name: "x", Value: v}), by(kind, exact))
		require.True(t, ok)
		return k
	}
	t.Run("numbers", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			a, b := rapid.Float64().Draw(t, "a"), rapid.Float64().Draw(t, "b")
			spell := func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
			ka := key(t, domain.TypeDecimal, false, attribute.NewNumber(spell(a)))
			kb := key(t, domain.TypeDecimal, false, attribute.NewNumber(spell(b)))
			if a < b {
				require.Less(t, ka, kb)
			} else if a > b {
				require.Greater(t, ka, kb)
			}
		})
	})
	t.Run("instants", func(t *testing.T) {
		t.Parallel()
		zones := []*time.Location{time.UTC, time.FixedZone("east", 5*3600+1800), time.FixedZone("west", -9*3600)}
		rapid.Check(t, func(t *rapid.T) {
			draw := func(name string) time.Time {
				return time.Unix(rapid.Int64Range(-2e9, 4e9).Draw(t, name), rapid.Int64Range(0, 999_999_999).Draw(t, name+"ns")).
					In(rapid.SampledFrom(zones).Draw(t, name+"zone"))
			}
			a, b := draw("a"), draw("b")
			ka := key(t, domain.TypeDateTime, false, attribute.NewString(a.Format(time.RFC3339Nano)))
			kb := key(t, domain.TypeDateTime, false, attribute.NewString(b.Format(time.RFC3339Nano)))
			require.Equal(t, a.Compare(b), strings.Compare(ka, kb), "%s %s", a, b)
		})
	})
	t.Run("texts", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			text := rapid.String().Draw(t, "text")
			require.Equal(t, text, key(t, domain.TypeString, true, attribute.NewString(text)))
			require.Equal(t, key(t, domain.TypeString, false, attribute.NewString(text)), key(t, domain.TypeString, false, attribute.NewString(attribute.Fold(text))))
		})
	})
	t.Run("of several the primary, else the first", func(t *testing.T) {
		t.Parallel()
		item := func(value string, primary bool) attribute.Value {
			return attribute.NewComplex(attribute.Member{Name: "value", Value: attribute.NewString(value)}, attribute.Member{Name: "primary", Value: attribute.NewBool(primary)})
		}
		emails := domain.Attribute{Path: domain.Path{Name: "emails", Sub: "value"}, Many: true}
		for want, list := range map[string]attribute.Value{
			"b": attribute.NewList(item("A", false), item("B", true)), "a": attribute.NewList(item("A", false), item("B", false)),
		} {
			got, ok := domain.SortKey(attribute.NewComplex(attribute.Member{Name: "emails", Value: list}), emails)
			require.True(t, ok)
			require.Equal(t, want, got)
		}
		for _, nothing := range []attribute.Value{{}, attribute.NewList(), attribute.NewString("x")} {
			_, ok := domain.SortKey(attribute.NewComplex(attribute.Member{Name: "emails", Value: nothing}), emails)
			require.False(t, ok)
		}
	})
}
