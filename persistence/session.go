package persistence

import "gorm.io/gorm"

// dialect says which database speaks.
type dialect uint8

const (
	postgres dialect = iota
	sqlite
)

// row scans one result row.
type row interface{ Scan(dest ...any) error }

// session is a unit of work on one database: what the nouns' files are written against. SQL is written with ? for
// parameters on both; identifiers are passed as uuid.UUID and scanned into *uuid.UUID, lists of them as []uuid.UUID
// (see idList).
//
// On PostgreSQL the first attempt of a unit of work is optimistic: it opens no transaction, reads as it goes, keeps its
// writes back and sends them in one pipelined round trip at the end, which the server runs as one transaction. What
// was read is protected by the versions that the writes demand. When one of those demands fails, the unit runs again
// carefully: in an explicit transaction, statement after statement. A statement whose rows the unit needs and which
// writes or locks (inside) turns an optimistic attempt into an explicit transaction from there on.
type session interface {
	dialect() dialect

	// query runs a statement that returns rows, now, and calls each for every row.
	query(sql string, args []any, each func(row) error) error

	// inside is query for a statement that writes or locks.
	inside(sql string, args []any, each func(row) error) error

	// exec runs a statement, perhaps not before the unit of work ends.
	exec(sql string, args ...any) error

	// claim is exec for an insert whose unique key may be taken: then the unit of work fails with taken.
	claim(taken error, sql string, args ...any) error

	// touch is exec for a statement that must change at least one row; otherwise the unit of work fails with otherwise.
	touch(otherwise error, sql string, args ...any) error

	// orm is GORM on this unit of work, for the cold paths. What a write by it fails with goes through fail.
	orm() *gorm.DB

	// remembered is what this process knows of organisations from earlier units of work.
	remembered() *remembered

	// fail notes an error, nil or not, and gives it back: after one the unit of work does not stand, whatever its
	// function makes of it.
	fail(err error) error
}

// idList is the FROM item, with one parameter, under which a []uuid.UUID is joined as listed.id.
func idList(d dialect) string {
	if d == postgres {
		return "unnest(?::uuid[]) AS listed(id)"
	}
	return "(SELECT value AS id FROM json_each(?)) AS listed"
}

// fetch runs a query for one row; found is false when there is none.
func fetch(s session, sql string, args []any, dest ...any) (found bool, err error) {
	err = s.query(sql, args, func(r row) error {
		found = true
		return r.Scan(dest...)
	})
	return found, err
}
