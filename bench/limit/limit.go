// Package limit marks what could be had at most: the databases' drivers and net/http with next to nothing on top.
//
// Over PostgreSQL, [Server] answers stored documents from the tables that Usher fills: net/http, a look-up of the token
// in a map, one prepared select, the bytes as they are stored. Over SQLite, [SQLite] runs the statements that Usher runs
// straight on the driver, without HTTP: writes in groups that share a commit, reads on four connections. Neither applies
// a rule, checks a schema or resolves a reference.
//
// What the statements are is written by hand in statements.go; tests compare them with what Usher runs.
package limit
