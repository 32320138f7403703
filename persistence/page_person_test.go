package persistence_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
	"usher/persistence/storetest"
)

func personAt(name, sub string, kind domain.Type, many bool) domain.Attribute {
	return domain.Attribute{Path: domain.Path{URN: domain.URNPerson, Name: name, Sub: sub}, Type: kind, CaseExact: true, Many: many}
}

var kindsGiven = []string{"role", "profile", "team", "queue"}

// company is people of one organisation who differ in everything that administrators search by.
type company struct {
	store  *persistence.Store
	tenant storetest.Tenant
	people []resource
	things []uuid.UUID // that people are given, whatever their kind
	began  time.Time
}

func newCompany(t testing.TB, store *persistence.Store, people int) *company {
	t.Helper()
	dice := rand.New(rand.NewPCG(5, 6))
	c := &company{store: store, tenant: storetest.NewTenant(t, store, "company", -1), began: time.Date(2026, 5, 6, 7, 8, 9, 1e6, time.UTC)}
	for range 3 {
		c.things = append(c.things, uuid.New())
	}
	org := c.tenant.Organisation.ID
	for i := range people {
		u := storetest.DraftUser(t, c.tenant.Caller, storetest.Person(fmt.Sprintf("person%d", i), storetest.Text("title", []string{"a", "b"}[dice.IntN(2)])))
		u.Owner, u.Status = dice.IntN(8) == 0, []domain.Status{domain.Active, domain.Inactive}[dice.IntN(2)]
		if dice.IntN(3) == 0 {
			u.Connection = domain.ConnectionID{}
		}
		members := []attribute.Member{
			text("status", string(u.Status)), text("licence", u.Licence), storetest.Truth("directory", !u.Connection.IsZero()), storetest.Truth("owner", u.Owner),
		}
		is := domain.UserAccess{User: u.ID, Organisation: org, Version: 1, ModifiedAt: c.began}
		for _, kind := range kindsGiven {
			var list []attribute.Value
			for range dice.IntN(2) {
				id := uuid.Nil
				if kind == "queue" || dice.IntN(3) > 0 {
					id = c.things[dice.IntN(len(c.things))]
				}
				element := attribute.NewComplex(text("source", "mapping"))
				if id != uuid.Nil {
					element.Set("value", attribute.NewString(id.String()))
				}
				list = append(list, element)
				switch kind {
				case "role":
					is.Role = domain.Given[domain.Role]{ID: domain.RoleID{UUID: id}, Source: domain.SourceMapping}
				case "profile":
					is.Profile = domain.Given[domain.Profile]{ID: domain.ProfileID{UUID: id}, Source: domain.SourceMapping}
				case "team":
					is.Team = domain.Given[domain.Team]{ID: domain.TeamID{UUID: id}, Source: domain.SourceMapping}
				case "queue":
					is.Queues = []domain.Given[domain.Queue]{{ID: domain.QueueID{UUID: id}, Source: domain.SourceMapping}}
				}
			}
			if len(list) > 0 {
				members = append(members, attribute.Member{Name: kind, Value: attribute.NewList(list...)})
			}
		}
		blocked, waiting, seen := dice.IntN(4) == 0, dice.IntN(4) == 0, c.began.Add(time.Duration(dice.IntN(5))*time.Minute)
		members = append(members, storetest.Truth("blocked", blocked), storetest.Truth("waiting", waiting))
		require.NoError(t, store.Write(t.Context(), func(tx domain.Tx) error {
			if err := tx.Users().Insert(u); err != nil {
				return err
			}
			if err := tx.Assignments().Save(domain.UserAccess{User: u.ID, Organisation: org}, is); err != nil {
				return err
			}
			if blocked {
				if err := tx.Blocks().Put(domain.Block{}, domain.Block{Organisation: org, User: u.ID, Reason: domain.BlockedByAdministrator, Since: c.began}); err != nil {
					return err
				}
			}
			if waiting {
				if err := tx.Waiting().Join(domain.WaitingPlace{Organisation: org, User: u.ID, Licence: u.Licence, Next: domain.Active, Since: c.began}); err != nil {
					return err
				}
			}
			if i%3 == 0 {
				return nil
			}
			return tx.Inactivity().Accessed(org, u.ID, seen)
		}))
		if i%3 != 0 {
			members = append(members, text("lastSeen", seen.Format(time.RFC3339Nano)))
		}
		tree, err := u.Attributes()
		require.NoError(t, err)
		tree.Set(domain.URNPerson, attribute.NewComplex(members...))
		c.people = append(c.people, resource{u.ID.UUID, tree})
	}
	return c
}

// leaf draws a condition on what administrators search by.
func (c *company) leaf(t *rapid.T) domain.Predicate {
	flag := func(name string) domain.Predicate {
		return domain.Compare{Attribute: personAt(name, "", domain.TypeBoolean, false), Operand: domain.Operand{Value: attribute.NewBool(rapid.Bool().Draw(t, "want"))}}
	}
	kind := rapid.SampledFrom(kindsGiven).Draw(t, "kind")
	switch rapid.IntRange(0, 9).Draw(t, "leaf") {
	case 0, 1, 2:
		id := rapid.SampledFrom(append([]uuid.UUID{uuid.Max}, c.things...)).Draw(t, "thing")
		return compare(personAt(kind, "value", domain.TypeString, true), domain.Equal, id.String())
	case 3:
		return domain.Present{Attribute: personAt(kind, "value", domain.TypeString, true)}
	case 4:
		return domain.Present{Attribute: personAt(kind, "", domain.TypeComplex, true)}
	case 5:
		at := c.began.Add(time.Duration(rapid.IntRange(-1, 6).Draw(t, "minutes"))*time.Minute + time.Duration(rapid.IntRange(-1, 1).Draw(t, "ns")))
		return domain.Compare{
			Attribute: personAt("lastSeen", "", domain.TypeDateTime, false), Operator: domain.GreaterOrEqual,
			Operand: domain.Operand{Value: attribute.NewString(at.Format(time.RFC3339Nano)), Time: at},
		}
	case 6: // for which there is no column
		return compare(title, domain.Equal, rapid.SampledFrom([]string{"a", "b"}).Draw(t, "title"))
	case 7:
		return compare(personAt("status", "", domain.TypeString, false), domain.Equal, rapid.SampledFrom([]string{"active", "inactive"}).Draw(t, "status"))
	}
	return flag(rapid.SampledFrom([]string{"owner", "blocked", "waiting", "directory"}).Draw(t, "flag"))
}

func (c *company) predicate(t *rapid.T, depth int) domain.Predicate {
	shape := rapid.IntRange(0, 6).Draw(t, "shape")
	if depth == 0 || shape > 3 {
		return c.leaf(t)
	}
	if shape == 3 {
		return domain.Not{Term: c.predicate(t, depth-1)}
	}
	terms := make([]domain.Predicate, rapid.IntRange(1, 3).Draw(t, "terms"))
	for i := range terms {
		terms[i] = c.predicate(t, depth-1)
	}
	if shape == 2 {
		return domain.Or{Terms: terms}
	}
	return domain.And{Terms: terms}
}

// What administrators search people by means on both databases what domain.Match says, however the query is answered.
//
//race:without one search after the other
func TestPeopleMeanWhatMatchMeans(t *testing.T) {
	t.Parallel()
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		c := newCompany(t, store, 60)
		rapid.Check(t, func(t *rapid.T) {
			q := domain.Query{Scope: domain.Scope{Organisation: c.tenant.Organisation.ID, Whole: true}, Where: c.predicate(t, 3)}
			if rapid.Bool().Draw(t, "sorted") {
				q.Sort = &domain.Sort{Attribute: userName, Descending: rapid.Bool().Draw(t, "descending")}
			}
			want := expected(c.people, q)
			q.Limit, q.Total = rapid.IntRange(1, 70).Draw(t, "limit"), true
			t.Logf("where %+v", q.Where)
			page, err := persistence.PageWithProbe[domain.User](store, q, rapid.SampledFrom([]int{5000, 0, 3}).Draw(t, "most"))
			require.NoError(t, err)
			require.Equal(t, want[:min(q.Limit, len(want))], idsOf(page.Items, func(u domain.User) uuid.UUID { return u.ID.UUID }))
			require.Equal(t, len(want), page.Total)
		})
	})
}

// Few people among many are found by an index, whatever it is that they have in common.
//
//race:without one search after the other
func TestPeopleUseIndexes(t *testing.T) {
	t.Parallel()
	few := func(name string) domain.Predicate {
		return domain.Compare{Attribute: personAt(name, "", domain.TypeBoolean, false), Operand: domain.Operand{Value: attribute.NewBool(true)}}
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	thing := uuid.New()
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		tenant := storetest.NewTenant(t, store, "acme", -1)
		crowd(t, store, tenant.Caller, 20_000)
		org := tenant.Organisation.ID
		one := domain.UserID{UUID: uuid.MustParse("00000000-0000-7000-8000-000000004e1f")} // the last of them
		require.NoError(t, store.Write(t.Context(), func(tx domain.Tx) error {
			for _, err := range []error{
				tx.Blocks().Put(domain.Block{}, domain.Block{Organisation: org, User: one, Reason: domain.BlockedByAdministrator, Since: at}),
				tx.Waiting().Join(domain.WaitingPlace{Organisation: org, User: one, Licence: domain.LicenceFull, Next: domain.Active, Since: at}),
				tx.Inactivity().Accessed(org, one, at),
				tx.Assignments().Save(domain.UserAccess{User: one, Organisation: org}, domain.UserAccess{
					User: one, Organisation: org, Version: 1, ModifiedAt: at,
					Role: domain.Given[domain.Role]{ID: domain.RoleID{UUID: thing}, Source: domain.SourceAdministrator},
				}),
			} {
				if err != nil {
					return err
				}
			}
			return nil
		}))
		require.NoError(t, persistence.Exec(store, "UPDATE users SET owner = true WHERE organisation_id = ? AND user_id = ?", org.UUID, one.UUID))
		settle(t, store)
		for name, c := range map[string]struct {
			where domain.Predicate
			index plan
		}{
			"role":    {compare(personAt("role", "value", domain.TypeString, true), domain.Equal, thing.String()), plan{"assignments_object", "assignments"}},
			"blocked": {few("blocked"), plan{"user_blocks", "user_blocks"}},
			"waiting": {few("waiting"), plan{"waiting_people", "waiting_people"}},
			"owner":   {few("owner"), plan{"users_owners", "users_owners"}},
			"online": {domain.Compare{
				Attribute: personAt("lastSeen", "", domain.TypeDateTime, false), Operator: domain.GreaterOrEqual,
				Operand: domain.Operand{Value: attribute.NewString("2026-01-01T00:00:00Z"), Time: at},
			}, plan{"inactivity_accessed", "inactivity"}},
		} {
			t.Run(name, func(t *testing.T) {
				page, statements, err := persistence.ExplainUsers(store, domain.Query{Scope: domain.Scope{Organisation: org, Whole: true}, Where: c.where, Limit: 100})
				require.NoError(t, err)
				require.Equal(t, []uuid.UUID{one.UUID}, idsOf(page.Items, func(u domain.User) uuid.UUID { return u.ID.UUID }))
				var plans strings.Builder
				for _, s := range statements {
					plans.WriteString(s.Plan + "\n")
				}
				index := c.index.sqlite
				if store.Stat().Kind == "postgres" {
					index = c.index.postgres
				}
				require.Contains(t, plans.String(), index)
				require.NotRegexp(t, `Seq Scan on users|SCAN u\b`, plans.String())
			})
		}
	})
}
