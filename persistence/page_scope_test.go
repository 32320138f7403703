package persistence_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
	"usher/persistence/storetest"
)

func usersPage(tx domain.Tx, q domain.Query) (domain.Page[domain.User], error) {
	return tx.Users().Page(q)
}

func groupsPage(tx domain.Tx, q domain.Query) (domain.Page[domain.Group], error) {
	return tx.Groups().Page(q)
}

// A row of a page is the same as what reading it by its id gives, whichever way the page came about.
func TestPageRowIsWhatGetGives(t *testing.T) {
	t.Parallel()
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		d := populate(t, store, 7, 60)
		scope := d.tenant.Caller.Scope()
		queries := map[string]domain.Query{
			"walked":     {},
			"by offset":  {Offset: 1},
			"sorted":     {Sort: &domain.Sort{Attribute: displayName}},
			"looked at":  {Sort: &domain.Sort{Attribute: title}},
			"by a range": {Where: domain.Not{Term: compare(displayName, domain.Equal, "nobody")}},
		}
		managed, inGroups := 0, 0
		for name, q := range queries {
			q.Scope, q.Limit = scope, 1000
			page, err := readPage(store, q, usersPage)
			require.NoError(t, err)
			require.Len(t, page.Items, len(d.users)-q.Offset, name)
			require.NoError(t, store.Read(context.Background(), func(tx domain.Tx) error {
				for _, u := range page.Items {
					known, err := tx.Users().Get(scope, u.ID)
					require.NoError(t, err)
					require.Equal(t, known, u, name)
					if u.ManagerRef != nil {
						managed++
					}
					inGroups += len(u.Groups)
				}
				return nil
			}))
			if name == "looked at" || name == "by a range" {
				continue
			}
			groups, err := readPage(store, q, groupsPage)
			require.NoError(t, err)
			require.Len(t, groups.Items, len(d.groups)-q.Offset, name)
			require.NoError(t, store.Read(context.Background(), func(tx domain.Tx) error {
				for _, g := range groups.Items {
					known, err := tx.Groups().Get(scope, g.ID)
					require.NoError(t, err)
					require.Equal(t, known, g, name)
				}
				return nil
			}))
		}
		require.NotZero(t, managed, "there are people with a manager")
		require.NotZero(t, inGroups, "there are people in groups")
	})
}

// A read for a recalled caller selects nothing once anybody's access changed, in every way a page can come about (rule
// link.scope, domain.Standing).
func TestPageProvesStanding(t *testing.T) {
	t.Parallel()
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		d := populate(t, store, 8, 30)
		now := time.Now().UTC()
		scope := d.tenant.Caller.Scope()
		scope.Standing = &domain.Standing{AccessVersion: d.tenant.Caller.AccessVersion}
		queries := map[string]domain.Query{
			"list":       {Limit: 100, Total: true},
			"offset":     {Limit: 100, Offset: 2, Total: true},
			"look-up":    {Limit: 1, Where: compare(userName, domain.GreaterOrEqual, "")},
			"search":     {Limit: 100, Total: true, Where: compare(userName, domain.Contains, "user")},
			"sorted":     {Limit: 100, Sort: &domain.Sort{Attribute: displayName}},
			"looked at":  {Limit: 100, Sort: &domain.Sort{Attribute: title}},
			"total only": {Total: true},
		}
		count := func(q domain.Query, scope domain.Scope) (items, total int) {
			q.Scope = scope
			page, err := readPage(store, q, usersPage)
			require.NoError(t, err)
			return len(page.Items), page.Total
		}
		plain := d.tenant.Caller.Scope()
		for name, q := range queries {
			items, total := count(q, plain)
			heldItems, heldTotal := count(q, scope)
			require.Equal(t, []int{items, total}, []int{heldItems, heldTotal}, name)
		}

		unknown := scope
		unknown.Standing = &domain.Standing{AccessVersion: d.tenant.Caller.AccessVersion + 1}
		for name, q := range queries {
			items, _ := count(q, unknown)
			require.Zero(t, items, name)
		}
		var tokens []domain.Token
		require.NoError(t, store.Write(context.Background(), func(tx domain.Tx) (err error) {
			if tokens, err = tx.Tokens().List(scope.Organisation); err != nil {
				return err
			}
			for _, token := range tokens {
				if err := tx.Tokens().Revoke(scope.Organisation, token.ID, now); err != nil {
					return err
				}
			}
			return nil
		}))
		for name, q := range queries {
			items, _ := count(q, scope)
			require.Zero(t, items, name)
		}
	})
}

// Without the right to look at it, another connection's directory does not exist, and neither does what is archived.
func TestPageKeepsToItsScope(t *testing.T) {
	t.Parallel()
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		tenant := storetest.NewTenant(t, store, "acme", -1)
		_, _, other := storetest.NewConnection(t, store, tenant.Organisation.ID, "other")
		directory := domain.NewDirectory(store, storetest.Environment())
		theirs, err := directory.Provision(context.Background(), other, attribute.NewComplex(text("userName", "ana@acme.test")))
		require.NoError(t, err)
		gone, err := directory.Provision(context.Background(), tenant.Caller, attribute.NewComplex(text("userName", "bo@acme.test")))
		require.NoError(t, err)
		require.NoError(t, directory.Deprovision(context.Background(), tenant.Caller, gone.ID, domain.IfMatch{}))
		for _, where := range []domain.Predicate{
			nil,
			anyName(domain.Equal, "ana@acme.test"),
			anyName(domain.Contains, "acme"),
			compare(userName, domain.StartsWith, "bo"),
			compare(at("", "id", "", domain.TypeString, true), domain.Equal, theirs.ID.String()),
			compare(title, domain.NotEqual, "x"),
			domain.Or{Terms: []domain.Predicate{compare(userName, domain.Equal, "ana@acme.test"), compare(title, domain.Equal, "x")}},
		} {
			for _, sort := range []*domain.Sort{nil, {Attribute: userName}, {Attribute: title}} {
				page, err := readPage(store, domain.Query{Scope: tenant.Caller.Scope(), Where: where, Sort: sort, Limit: 10, Total: true}, usersPage)
				require.NoError(t, err)
				require.Empty(t, page.Items)
				require.Zero(t, page.Total)
			}
		}
	})
}

// A long search ends when nobody waits for it any more.
func TestPageHeedsTheContext(t *testing.T) {
	t.Parallel()
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		tenant := storetest.NewTenant(t, store, "acme", -1)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		err := store.Read(ctx, func(tx domain.Tx) error {
			_, err := tx.Users().Page(domain.Query{Scope: tenant.Caller.Scope(), Where: compare(title, domain.Equal, "x"), Limit: 1})
			return err
		})
		require.True(t, domain.IsKind(err, domain.Unavailable), "%v", err)
	})
}

// A position of one order is refused by an order that cannot read it.
func TestPageRefusesForeignPosition(t *testing.T) {
	t.Parallel()
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		tenant := storetest.NewTenant(t, store, "acme", -1)
		_, err := readPage(store, domain.Query{
			Scope: tenant.Caller.Scope(), Limit: 1, After: &domain.Position{Key: "anna", ID: uuid.Max},
			Sort: &domain.Sort{Attribute: at("", "meta", "created", domain.TypeDateTime, false)},
		}, usersPage)
		require.True(t, domain.IsCode(err, domain.CodeInvalidCursor), "%v", err)
	})
}

// The largest filters that are let in (200 terms, 50 deep) are answered, whatever they are made of.
func TestPageAnswersTheLargestFilters(t *testing.T) {
	t.Parallel()
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		d := populate(t, store, 9, 30)
		leaves := []domain.Predicate{
			compare(userName, domain.Contains, "nobody"), compare(emailValue, domain.Equal, "nobody"),
			compare(emailValue, domain.Contains, "nobody"), compare(displayName, domain.StartsWith, "nobody"),
			compare(externalID, domain.Equal, "nobody"), compare(title, domain.Equal, "nobody"), workEmail,
			compare(at("", "groups", "display", domain.TypeString, false), domain.NotEqual, "nobody"),
		}
		var wide []domain.Predicate
		for i := range 200 {
			wide = append(wide, leaves[i%len(leaves)])
		}
		deep := leaves[0]
		for i := range 49 {
			switch deep = (domain.Not{Term: deep}); i % 3 {
			case 0:
				deep = domain.Or{Terms: []domain.Predicate{leaves[i%len(leaves)], deep}}
			case 1:
				deep = domain.And{Terms: []domain.Predicate{leaves[i%len(leaves)], deep}}
			}
		}
		onlyColumns := []domain.Predicate{leaves[0], leaves[1], leaves[2], leaves[3]}
		for name, where := range map[string]domain.Predicate{
			"or": domain.Or{Terms: wide}, "and": domain.And{Terms: wide}, "not or": domain.Not{Term: domain.Or{Terms: wide}},
			"deep": deep, "or of columns": domain.Or{Terms: append(onlyColumns, wide[:4]...)},
		} {
			q := domain.Query{Scope: d.tenant.Caller.Scope(), Where: where, Limit: 1000, Total: true}
			page, err := readPage(store, q, usersPage)
			require.NoError(t, err, name)
			require.Equal(t, expected(d.users, q), idsOf(page.Items, func(u domain.User) uuid.UUID { return u.ID.UUID }), name)
		}
		columns := leaves[0] // every term a column, each level in parentheses of its own
		for i := range 49 {
			terms := []domain.Predicate{leaves[i%4], columns}
			if columns = domain.Predicate(domain.And{Terms: terms}); i%2 == 0 {
				columns = domain.Or{Terms: terms}
			}
		}
		_, err := readPage(store, domain.Query{Scope: d.tenant.Caller.Scope(), Where: columns, Limit: 10}, usersPage)
		require.NoError(t, err)
	})
}
