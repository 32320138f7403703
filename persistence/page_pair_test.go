package persistence_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
	"usher/persistence/storetest"
)

// Every two kinds of look-up go together: whichever of them an index is chosen for, the other is not forgotten, and
// nobody is counted twice.
//
//race:without one search after the other
func TestPageOfPairs(t *testing.T) {
	t.Parallel()
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		d := populate(t, store, 11, 60)
		leaves := []domain.Predicate{
			compare(userName, domain.Contains, "ann"), compare(userName, domain.StartsWith, "AN"), compare(userName, domain.GreaterOrEqual, "m"),
			compare(displayName, domain.Contains, "anna"), compare(displayName, domain.EndsWith, "00%"), compare(displayName, domain.Equal, "anna"),
			compare(emailValue, domain.Contains, "full"), compare(emailValue, domain.StartsWith, "F"), compare(emailValue, domain.Equal, "strasse"),
			domain.Element{Attribute: at("", "emails", "", domain.TypeComplex, false), Where: domain.And{Terms: []domain.Predicate{
				compare(at("", "", "value", domain.TypeString, false), domain.Contains, "fis"), compare(at("", "", "type", domain.TypeString, false), domain.NotEqual, "home"),
			}}},
			compare(externalID, domain.StartsWith, "1"), compare(title, domain.Contains, "a"), compare(title, domain.Equal, "sales"),
			compare(title, domain.Contains, `K\s`), compare(title, domain.Contains, `u"B`), compare(title, domain.Contains, "O\nL"),
			domain.Compare{Attribute: at("", "active", "", domain.TypeBoolean, false), Operand: domain.Operand{Value: attribute.NewBool(true)}},
			compare(at("", "groups", "display", domain.TypeString, false), domain.GreaterOrEqual, "s"),
			compare(at(domain.URNEnterprise, "manager", "displayName", domain.TypeString, false), domain.GreaterOrEqual, "a"),
			domain.Present{Attribute: displayName}, domain.Present{Attribute: at("", "emails", "", domain.TypeComplex, false)},
		}
		read := userPages(d).read
		matched := 0
		for i, a := range leaves {
			for j, b := range leaves {
				for _, where := range []domain.Predicate{
					domain.And{Terms: []domain.Predicate{a, b}}, domain.Or{Terms: []domain.Predicate{a, b}},
					domain.And{Terms: []domain.Predicate{a, domain.Not{Term: b}}},
				} {
					q := domain.Query{Scope: d.tenant.Caller.Scope(), Where: where, Limit: 2 + (i+j)%2, Total: true}
					if j%4 == 3 {
						q.Sort = &domain.Sort{Attribute: displayName, Descending: i%2 == 0}
					}
					want := expected(d.users, q)
					matched += len(want)
					ids, total, _, err := read(q, []int{5000, 0}[(i*j)%2])
					name := fmt.Sprintf("%+v", q)
					require.NoError(t, err, name)
					require.Equal(t, len(want), total, name)
					require.Equal(t, want[:min(q.Limit, len(want))], ids, name)
				}
			}
		}
		require.Greater(t, matched, 5*len(leaves)*len(leaves), "there is something to find")
	})
}

// Any offset leads to the same place as walking there, across the border between those who have a key and those who
// have none.
//
//race:without one search after the other
func TestPageAtEveryOffset(t *testing.T) {
	t.Parallel()
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		d := populate(t, store, 12, 40)
		for _, by := range []domain.Attribute{
			displayName, externalID, userName, title, at("", "id", "", domain.TypeString, true),
			at("", "active", "", domain.TypeBoolean, false), at("", "meta", "created", domain.TypeDateTime, false),
		} {
			for _, descending := range []bool{false, true} {
				q := domain.Query{Scope: d.tenant.Caller.Scope(), Sort: &domain.Sort{Attribute: by, Descending: descending}, Limit: 3, Total: true}
				want := expected(d.users, q)
				for q.Offset = range len(want) + 2 {
					ids, total, next, err := userPages(d).read(q, 5000)
					require.NoError(t, err)
					from := min(q.Offset, len(want))
					require.Equal(t, want[from:min(from+q.Limit, len(want))], ids, "%s %v from %d", by.Name, descending, q.Offset)
					require.Equal(t, len(want), total)
					require.Equal(t, from+q.Limit < len(want), next != nil)
				}
			}
		}
	})
}
