package persistence

// dialect says which database speaks.
type dialect uint8

const (
	postgres dialect = iota
	sqlite
)

// row scans one result row.
type row interface{ Scan(dest ...any) error }

// session is a unit of work on one database: what the nouns' files are written against. SQL is written with ? for
// parameters on both.
type session interface {
	dialect() dialect

	// query runs a statement that returns rows, now, and calls each for every row.
	query(sql string, args []any, each func(row) error) error

	// exec runs a statement, perhaps not before the unit of work ends.
	exec(sql string, args ...any) error

	// touch is exec for a statement that must change at least one row, and otherwise undoes the unit of work with
	// otherwise.
	touch(otherwise error, sql string, args ...any) error
}
