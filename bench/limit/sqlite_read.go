package limit

import (
	"context"
	"database/sql"
	"math/rand/v2"
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
	return []any{s.org(), s.people.Caller.Token[:], s.connection(), time.Now().UnixMilli()}
}

// person is what a select of a person is scanned into.
type person struct {
	org, id, connection, status, licence, name, key, external, display, manager, managerDisplay, groups string
	owner                                                                                               bool
	document                                                                                            []byte
	version, created, modified, accepted                                                                int64
	managerID                                                                                           sql.NullString
	number                                                                                              int64 // of the seed; not scanned
}

func (p *person) dest() []any {
	return []any{
		&p.org, &p.id, &p.connection, &p.status, &p.owner, &p.licence, &p.name, &p.key, &p.external, &p.display, &p.manager,
		&p.document, &p.version, &p.created, &p.modified, &p.accepted, &p.managerID, &p.managerDisplay, &p.groups,
	}
}

// rows runs a select and scans what it gives; it must be so many rows. The driver is not handed a context, which would
// cost it a goroutine a call; Usher does not either.
func (s *SQLite) rows(st *sql.Stmt, want int, args []any) error {
	rows, err := st.Query(args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var p person
	var total int
	dest := p.dest()
	if st == s.page {
		dest = append(dest, &total)
	}
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
