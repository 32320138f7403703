package persistence

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"usher/domain"
)

// PageWithProbe is Users.Page or Groups.Page where a seek of unknown size may find at most so many rows.
func PageWithProbe[Item any](store *Store, q domain.Query, most int) (page domain.Page[Item], err error) {
	err = store.read(context.Background(), func(s session) error {
		switch any(page).(type) {
		case domain.Page[domain.User]:
			search := newSearch(s, q, userNoun(managedOwn))
			search.most = most
			found, err := search.page()
			page, _ = any(found).(domain.Page[Item])
			return err
		default:
			search := newSearch(s, q, groupNoun())
			search.most = most
			found, err := search.page()
			page, _ = any(found).(domain.Page[Item])
			return err
		}
	})
	return page, err
}

// Isolation is the level at which a unit of work on PostgreSQL reads and writes.
func Isolation(store *Store) (level string, err error) {
	err = store.write(context.Background(), func(s session) error {
		_, err := fetch(s, "SHOW transaction_isolation", nil, &level)
		return err
	})
	return level, err
}

// Statement is what a query became, with the plan of the database.
type Statement struct{ SQL, Plan string }

// ExplainUsers reads a page of people and tells how.
func ExplainUsers(store *Store, q domain.Query) (page domain.Page[domain.User], statements []Statement, err error) {
	err = store.read(context.Background(), func(s session) (err error) {
		x := &explained{session: s}
		page, err = pageUsers(x, q)
		statements = x.statements
		return err
	})
	return page, statements, err
}

// ExplainGroups reads a page of groups and tells how.
func ExplainGroups(store *Store, q domain.Query) (page domain.Page[domain.Group], statements []Statement, err error) {
	err = store.read(context.Background(), func(s session) (err error) {
		x := &explained{session: s}
		page, err = pageGroups(x, q)
		statements = x.statements
		return err
	})
	return page, statements, err
}

// ExplainAdmission reads what decides about a person and tells how.
func ExplainAdmission(store *Store, org domain.OrganisationID, user domain.UserID) (found domain.Admission, statements []Statement, err error) {
	err = store.read(context.Background(), func(s session) (err error) {
		if _, err := (assignments{s}).Admission(org, user); err != nil { // the commons are known from then on
			return err
		}
		x := &explained{session: s}
		found, err = assignments{x}.Admission(org, user)
		statements = x.statements
		return err
	})
	return found, statements, err
}

// ExplainGuest reads who comes to an application and tells how: again, when the commons are known.
func ExplainGuest(store *Store, org domain.OrganisationID, of domain.SessionKey) (found domain.Guest, statements []Statement, err error) {
	err = store.read(context.Background(), func(s session) (err error) {
		if _, err := (guests{s}).Find(org, of, domain.ApplicationKey{}); err != nil {
			return err
		}
		x := &explained{session: s}
		found, err = guests{x}.Find(org, of, domain.ApplicationKey{})
		statements = x.statements
		return err
	})
	return found, statements, err
}

// ExplainPeopleOf reads a page of the people of a group and tells how.
func ExplainPeopleOf(store *Store, org domain.OrganisationID, group domain.GroupID, after domain.UserID, limit int) (found []domain.UserID, statements []Statement, err error) {
	err = store.read(context.Background(), func(s session) (err error) {
		x := &explained{session: s}
		found, err = mappings{x}.PeopleOf(org, group, after, limit)
		statements = x.statements
		return err
	})
	return found, statements, err
}

// EventStatements are those that read events and erase what they have about somebody, all with an organisation and an id.
func EventStatements() []string {
	return []string{"SELECT " + eventColumns + eventFrom + " WHERE e.organisation_id = ? AND e.event_id = ?", purgeValuesSQL, purgeAddressesSQL}
}

// Explain gives the plan of a statement.
func Explain(store *Store, sql string, args ...any) (plan string, err error) {
	err = store.read(context.Background(), func(s session) error {
		plan, err = (&explained{session: s}).plan(sql, args)
		return err
	})
	return plan, err
}

// AboutNamesOfPerson is a statement with the table of names in the place of %s.
func AboutNamesOfPerson(store *Store, statement string) (sql string) {
	_ = store.read(context.Background(), func(s session) error {
		sql = fmt.Sprintf(statement, namesOfPerson(s))
		return nil
	})
	return sql
}

// CommonsStatements are those that gather what an organisation's people have in common.
func CommonsStatements(store *Store, org domain.OrganisationID) (statements []Statement, err error) {
	err = store.read(context.Background(), func(s session) error {
		x := &explained{session: s}
		_, err := gatherCommons(x, org)
		statements = x.statements
		return err
	})
	return statements, err
}

type explained struct {
	session
	statements []Statement
}

func (x *explained) query(sql string, args []any, each func(row) error) error {
	plan, err := x.plan(sql, args)
	if err != nil {
		return err
	}
	x.statements = append(x.statements, Statement{SQL: sql, Plan: plan})
	return x.session.query(sql, args, each)
}

func (x *explained) plan(sql string, args []any) (string, error) {
	explain := "EXPLAIN (COSTS OFF) "
	if x.dialect() == sqlite {
		explain = "EXPLAIN QUERY PLAN "
	}
	var lines []string
	err := x.session.query(explain+sql, args, func(r row) error {
		var line string
		dest := []any{&line}
		if x.dialect() == sqlite {
			var id, parent, unused int
			dest = []any{&id, &parent, &unused, &line}
		}
		err := r.Scan(dest...)
		lines = append(lines, line)
		return err
	})
	return strings.Join(lines, "\n"), err
}

// Query runs a statement that the tests need beside the nouns.
func Query(store *Store, sql string, args ...any) error {
	return store.read(context.Background(), func(s session) error {
		return s.query(sql, args, func(row) error { return nil })
	})
}

// Exec is Query for a statement that writes.
func Exec(store *Store, sql string, args ...any) error {
	return store.write(context.Background(), func(s session) error { return s.exec(sql, args...) })
}

// ReportsSQL is the statement of Managers.Reports on SQLite.
func ReportsSQL() string { return reportsSQL(sqlite) }

// LetterStatements are those that find what is due, with their arguments.
func LetterStatements() map[string][]any {
	return map[string][]any{
		lettersWaitingSQL:           {uuid.Nil.String(), 1, 1, 10},
		letterSQL + lettersDueWhere: {uuid.Nil.String(), 0, 1, 10},
	}
}
