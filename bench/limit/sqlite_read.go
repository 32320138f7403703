package limit

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"usher/bench/load"
)

// Get reads people by id.
func (s *SQLite) Get(ctx context.Context, callers int, d time.Duration) (load.Result, error) {
	return each(ctx, callers, d, func(int, int) error {
		id := s.people.User(rand.IntN(s.people.Users))
		return s.rows(s.get, 1, append([]any{s.org(), id.String(), s.connection()}, s.standing()...))
	})
}

// Equal finds people by user name.
func (s *SQLite) Equal(ctx context.Context, callers int, d time.Duration) (load.Result, error) {
	return each(ctx, callers, d, func(int, int) error {
		name := s.people.Company.Person(rand.Int64N(int64(s.people.Users))).UserName
		return s.rows(s.equal, 1, append(append([]any{s.org(), s.connection()}, s.standing()...), name))
	})
}

// Page reads the first 100 people.
func (s *SQLite) Page(ctx context.Context, callers int, d time.Duration) (load.Result, error) {
	const more = 101 // one more tells whether there is another page
	return each(ctx, callers, d, func(int, int) error {
		return s.rows(s.page, min(more, s.people.Users), append([]any{s.org(), s.connection(), s.org(), s.connection()}, s.standing()...))
	})
}

func (s *SQLite) org() string        { return s.people.Caller.Organisation.String() }
func (s *SQLite) connection() string { return s.people.Caller.Connection.String() }

func (s *SQLite) standing() []any {
	return []any{s.org(), s.people.Caller.AccessVersion}
}

// person is what a select of a person is scanned into: what a patch needs of it, and the rest as it comes.
type person struct {
	org, id, connection, status, licence, name, key, external, display, manager string

	owner                                bool
	document                             []byte
	version, created, modified, accepted int64

	rest   [8]sql.NullString // what is resolved: manager, groups, total
	number int64             // of the seed; not scanned
}

// dest are so many columns. Those of the table itself come first, in the order of the store's select.
func (p *person) dest(columns int) []any {
	dest := []any{
		&p.org, &p.id, &p.connection, &p.status, &p.owner, &p.licence, &p.name, &p.key, &p.external, &p.display, &p.manager,
		&p.document, &p.version, &p.created, &p.modified, &p.accepted,
	}
	for i := range p.rest {
		dest = append(dest, &p.rest[i])
	}
	return dest[:columns]
}

// query is a prepared select of people.
type query struct {
	*sql.Stmt

	columns int
}

func (s *SQLite) query(ctx context.Context, text string) (q query, err error) {
	if q.Stmt, err = s.readers.PrepareContext(ctx, text); err != nil {
		return q, err
	}
	rows, err := q.QueryContext(ctx, make([]any, strings.Count(text, "?"))...)
	if err != nil {
		return q, err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	q.columns = len(columns)
	return q, errors.Join(err, rows.Err())
}

// rows runs a select and scans what it gives; it must be so many rows. The driver is not handed a context, which would
// cost it a goroutine a call; Usher does not either.
func (s *SQLite) rows(q query, want int, args []any) error {
	rows, err := q.Query(args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var p person
	dest := p.dest(q.columns)
	n := 0
	for ; rows.Next(); n++ {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
	}
	if n != want {
		return errRows(n)
	}
	return rows.Err()
}
