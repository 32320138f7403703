package persistence_test

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
	"usher/persistence/storetest"
)

// What a page holds is what domain.Match and domain.SortKey say of all resources, on both databases, however the query
// is answered.
//
//race:without one search after the other
func TestPageMeansWhatMatchMeans(t *testing.T) {
	t.Parallel()
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		for seed := range uint64(2) {
			d := populate(t, store, seed, 60)
			t.Run("users", rapid.MakeCheck(func(t *rapid.T) { checkPages(t, d, userPages(d)) }))
			t.Run("groups", rapid.MakeCheck(func(t *rapid.T) { checkPages(t, d, groupPages(d)) }))
		}
	})
}

// pages is how one kind of resource is asked for. Seeks that find more than most are not followed, as in a directory of
// many.
type pages struct {
	all        []resource
	attributes []domain.Attribute
	read       func(q domain.Query, most int) (ids []uuid.UUID, total int, next *domain.Position, err error)
}

func userPages(d *directory) pages {
	return pages{d.users, userAttributes, func(q domain.Query, most int) ([]uuid.UUID, int, *domain.Position, error) {
		page, err := persistence.PageWithProbe[domain.User](d.store, q, most)
		return idsOf(page.Items, func(u domain.User) uuid.UUID { return u.ID.UUID }), page.Total, page.Next, err
	}}
}

func groupPages(d *directory) pages {
	return pages{d.groups, groupAttributes, func(q domain.Query, most int) ([]uuid.UUID, int, *domain.Position, error) {
		page, err := persistence.PageWithProbe[domain.Group](d.store, q, most)
		return idsOf(page.Items, func(g domain.Group) uuid.UUID { return g.ID.UUID }), page.Total, page.Next, err
	}}
}

func readPage[Item any](store *persistence.Store, q domain.Query, read func(domain.Tx, domain.Query) (domain.Page[Item], error)) (domain.Page[Item], error) {
	var page domain.Page[Item]
	err := store.Read(context.Background(), func(tx domain.Tx) (err error) {
		page, err = read(tx, q)
		return err
	})
	return page, err
}

func idsOf[Item any](items []Item, id func(Item) uuid.UUID) []uuid.UUID {
	ids := make([]uuid.UUID, len(items))
	for i, item := range items {
		ids[i] = id(item)
	}
	return ids
}

func checkPages(t *rapid.T, d *directory, p pages) {
	ask := asked{t, d, p.attributes}
	q := domain.Query{Scope: d.tenant.Caller.Scope()}
	if ask.chance(85) {
		q.Where = ask.predicate(3)
	}
	if ask.chance(50) {
		q.Sort = &domain.Sort{Attribute: rapid.SampledFrom(p.attributes).Draw(t, "sort"), Descending: ask.chance(50)}
	}
	want := expected(p.all, q)

	q.Limit = rapid.IntRange(0, 20).Draw(t, "limit")
	q.Offset = max(0, rapid.IntRange(-20, 40).Draw(t, "offset"))
	q.Total = ask.chance(70)
	t.Logf("where %+v sort %+v", q.Where, q.Sort) // what is drawn does not say it
	most := rapid.SampledFrom([]int{5000, 5000, 0, 2, 5}).Draw(t, "most")
	ids, total, next, err := p.read(q, most)
	require.NoError(t, err)
	from := min(q.Offset, len(want))
	to := min(from+q.Limit, len(want))
	require.Equal(t, want[from:to], ids)
	if q.Total {
		require.Equal(t, len(want), total)
	}
	require.Equal(t, q.Limit > 0 && to < len(want), next != nil, "a next page is announced just when there is one")

	walk := q
	walk.Offset, walk.Limit = 0, rapid.IntRange(1, 25).Draw(t, "step")
	got := []uuid.UUID{}
	for {
		ids, total, next, err := p.read(walk, most)
		require.NoError(t, err)
		if walk.Total {
			require.Equal(t, len(want), total)
		}
		got = append(got, ids...)
		if next == nil {
			break
		}
		require.Len(t, ids, walk.Limit)
		walk.After = next
	}
	require.Equal(t, want, got, "by cursor each comes exactly once")
}

// expected is the order of everything that a query selects, by the domain's own meaning.
func expected(all []resource, q domain.Query) []uuid.UUID {
	type keyed struct {
		id    uuid.UUID
		key   string
		unset bool
	}
	var list []keyed
	for _, r := range all {
		if !domain.Match(q.Where, r.tree) {
			continue
		}
		k := keyed{id: r.id}
		if q.Sort != nil {
			k.key, k.unset = sortKey(r.tree, q.Sort.Attribute)
		}
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b keyed) int {
		c := cmp.Compare(a.key, b.key)
		if a.unset != b.unset {
			c = 1
			if b.unset {
				c = -1
			}
		}
		if q.Sort != nil && q.Sort.Descending {
			c = -c
		}
		return cmp.Or(c, bytes.Compare(a.id[:], b.id[:]))
	})
	ids := make([]uuid.UUID, len(list))
	for i, k := range list {
		ids[i] = k.id
	}
	return ids
}

// sortKey is domain.SortKey, but that the columns do not tell an empty text from none.
func sortKey(tree attribute.Value, by domain.Attribute) (key string, unset bool) {
	key, ok := domain.SortKey(tree, by)
	switch by.Path {
	case domain.Path{Name: "displayName"}, domain.Path{Name: "externalId"},
		domain.Path{Name: "name", Sub: "givenName"}, domain.Path{Name: "name", Sub: "familyName"}:
		ok = ok && key != ""
	}
	return key, !ok
}
