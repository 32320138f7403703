package seed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/google/uuid"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"usher/domain"
)

// sqliteWriter writes rows one by one, many to a transaction, without waiting for the disk.
type sqliteWriter struct {
	ctx      context.Context //nolint:containedctx // a writer lives as long as the call it serves
	db       *sql.DB
	caller   domain.Caller
	inserts  map[string]*sql.Stmt
	counts   map[string]int
	limited  bool
	lastSeat int // the highest number that is taken
}

func sqliteID(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id.String()
}

func newSQLiteWriter(ctx context.Context, file string, caller domain.Caller) (*sqliteWriter, error) {
	q := url.Values{"_pragma": {"busy_timeout(10000)", "synchronous(OFF)", "cache_size(-400000)", "temp_store(MEMORY)"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	w := &sqliteWriter{ctx: ctx, db: db, caller: caller, inserts: map[string]*sql.Stmt{}, counts: map[string]int{}}
	if err := w.prepare(); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *sqliteWriter) prepare() error {
	for _, t := range []table{usersTable, emailsTable, namesTable, groupsTable, membershipsTable, eventsTable, valuesTable, columns("users_text", "rowid words")} {
		text := "INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(t.columns)-1) + ")"
		st, err := w.db.PrepareContext(w.ctx, text) //nolint:sqlclosecheck // close does
		if err != nil {
			return fmt.Errorf("prepare %s: %w", t.name, err)
		}
		w.inserts[t.name] = st
	}
	org := w.caller.Organisation.String()
	if err := w.db.QueryRowContext(w.ctx, seatPlanSQL("?", "?"), org, domain.LicenceFull).Scan(&w.limited); err != nil {
		return fmt.Errorf("read the seat plan: %w", err)
	}
	return w.db.QueryRowContext(w.ctx, lastSeatSQL("?", "?"), org, domain.LicenceFull).Scan(&w.lastSeat)
}

// seatPlanSQL asks whether a licence has a limit.
func seatPlanSQL(org, licence string) string {
	return "SELECT seat_limit IS NOT NULL FROM licences WHERE organisation_id = " + org + " AND licence = " + licence
}

// lastSeatSQL asks for the highest seat that is taken; they are taken from the first on.
func lastSeatSQL(org, licence string) string {
	return "SELECT COALESCE(MAX(seat_number), 0) FROM seats WHERE organisation_id = " + org + " AND licence = " + licence + " AND holder_id IS NOT NULL"
}

// inTransaction runs fn between BEGIN and COMMIT. There is one connection, so the prepared statements run in it.
func (w *sqliteWriter) inTransaction(fn func() error) error {
	if _, err := w.db.ExecContext(w.ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := fn(); err != nil {
		_, errBack := w.db.ExecContext(context.WithoutCancel(w.ctx), "ROLLBACK")
		return errors.Join(err, errBack)
	}
	_, err := w.db.ExecContext(w.ctx, "COMMIT")
	return err
}

// insert adds a row. The driver is not handed the context, which would cost it a goroutine a row.
func (w *sqliteWriter) insert(t string, row []any) (rowid int64, err error) {
	result, err := w.inserts[t].Exec(row...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", t, err)
	}
	return result.LastInsertId()
}

func (w *sqliteWriter) people(list []made) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	return w.inTransaction(func() error {
		for i := range list {
			if err := w.person(&list[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *sqliteWriter) person(m *made) error {
	id := spelling(sqliteID)
	for _, row := range id.names(&m.user) {
		if _, err := w.insert("sign_in_names", row); err != nil {
			return err
		}
	}
	searchRow, err := w.insert("users", id.user(&m.user))
	if err != nil {
		return err
	}
	for _, row := range id.emails(&m.user) {
		if _, err := w.insert("user_emails", row); err != nil {
			return err
		}
	}
	if _, err := w.insert("users_text", []any{searchRow, words(&m.user)}); err != nil {
		return err
	}
	if err := w.event(&m.event); err != nil {
		return err
	}
	w.counts["user"]++
	return w.seat(m.user.ID)
}

func (w *sqliteWriter) event(e *domain.Event) error {
	id := spelling(sqliteID)
	if _, err := w.insert("events", id.event(e)); err != nil {
		return err
	}
	_, err := w.insert("event_values", id.values(e))
	return err
}

func (w *sqliteWriter) seat(holder domain.UserID) error {
	if !w.limited {
		return nil
	}
	w.lastSeat++
	result, err := w.db.Exec("UPDATE seats SET holder_id = ? WHERE organisation_id = ? AND licence = ? AND seat_number = ?",
		holder.String(), w.caller.Organisation.String(), domain.LicenceFull, w.lastSeat)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errors.Join(fmt.Errorf("there is no seat %d", w.lastSeat), err)
	}
	return nil
}

func (w *sqliteWriter) group(g madeGroup) error {
	id := spelling(sqliteID)
	return w.inTransaction(func() error {
		if _, err := w.insert("groups", id.group(&g.group)); err != nil {
			return err
		}
		for _, member := range g.members {
			if _, err := w.insert("memberships", id.membership(&g.group, member)); err != nil {
				return err
			}
		}
		w.counts["group"]++
		return w.event(&g.event)
	})
}

func (w *sqliteWriter) finish() error {
	for kind, n := range w.counts {
		_, err := w.db.ExecContext(w.ctx, `INSERT INTO resource_counts (organisation_id, connection_id, kind, shard, n) VALUES (?, ?, ?, 0, ?)
ON CONFLICT (organisation_id, connection_id, kind, shard) DO UPDATE SET n = resource_counts.n + excluded.n`,
			w.caller.Organisation.String(), w.caller.Connection.String(), kind, n)
		if err != nil {
			return fmt.Errorf("count: %w", err)
		}
	}
	_, err := w.db.ExecContext(w.ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

func (w *sqliteWriter) close() error {
	var errs []error
	for _, st := range w.inserts {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, w.db.Close())...)
}
