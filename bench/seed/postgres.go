package seed

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"usher/domain"
)

// postgresWriter writes rows by COPY. For many people the indexes are dropped and made again.
type postgresWriter struct {
	ctx      context.Context //nolint:containedctx // a writer lives as long as the call it serves
	conn     *pgx.Conn
	caller   domain.Caller
	indexes  []string           // what makes the dropped ones again
	counts   map[count]int      // by shard
	pending  map[string][][]any // rows by table
	limited  bool
	lastSeat int
}

// count is a row of resource_counts.
type count struct {
	kind  string
	shard int
}

// countShards is over how many rows the store spreads a count.
const countShards = 16

// many is from how many people on making indexes anew is quicker than keeping them.
const many = 50_000

func postgresID(id uuid.UUID) any { return pgtype.UUID{Bytes: id, Valid: id != uuid.Nil} }

func newPostgresWriter(ctx context.Context, url string, caller domain.Caller, users int) (*postgresWriter, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	w := &postgresWriter{ctx: ctx, conn: conn, caller: caller, counts: map[count]int{}, pending: map[string][][]any{}}
	if err := w.prepare(users); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *postgresWriter) prepare(users int) error {
	org := w.caller.Organisation.UUID
	if err := w.conn.QueryRow(w.ctx, seatPlanSQL("$1", "$2"), postgresID(org), domain.LicenceFull).Scan(&w.limited); err != nil {
		return fmt.Errorf("read the seat plan: %w", err)
	}
	if err := w.conn.QueryRow(w.ctx, lastSeatSQL("$1", "$2"), postgresID(org), domain.LicenceFull).Scan(&w.lastSeat); err != nil {
		return err
	}
	for _, setting := range []string{"SET synchronous_commit = off", "SET maintenance_work_mem = '512MB'"} {
		if _, err := w.conn.Exec(w.ctx, setting); err != nil {
			return err
		}
	}
	if users < many {
		return nil
	}
	return w.dropIndexes()
}

// dropIndexes drops those that no constraint needs, and remembers how to make them again.
func (w *postgresWriter) dropIndexes() error {
	rows, err := w.conn.Query(w.ctx, `SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
JOIN pg_class t ON t.oid = i.indrelid WHERE t.relnamespace = current_schema()::regnamespace AND t.relname = ANY($1)
AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)`,
		[]string{"users", "user_emails", "sign_in_names", "memberships", "events", "event_values"})
	if err != nil {
		return err
	}
	type index struct{ name, definition string }
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (i index, err error) {
		return i, row.Scan(&i.name, &i.definition)
	})
	if err != nil {
		return err
	}
	for _, i := range found {
		if _, err := w.conn.Exec(w.ctx, "DROP INDEX "+i.name); err != nil {
			return err
		}
		w.indexes = append(w.indexes, i.definition)
	}
	return nil
}

func (w *postgresWriter) put(t table, rows ...[]any) {
	w.pending[t.name] = append(w.pending[t.name], rows...)
}

// flush copies what is pending, in one transaction.
func (w *postgresWriter) flush() error {
	return pgx.BeginFunc(w.ctx, w.conn, func(tx pgx.Tx) error {
		for _, t := range []table{usersTable, emailsTable, namesTable, groupsTable, membershipsTable, eventsTable, valuesTable} {
			if _, err := tx.CopyFrom(w.ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromRows(w.pending[t.name])); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			w.pending[t.name] = w.pending[t.name][:0]
		}
		return nil
	})
}

func (w *postgresWriter) people(list []made) error {
	id := spelling(postgresID)
	holders := make([]pgtype.UUID, 0, len(list))
	for i := range list {
		u := &list[i].user
		w.put(usersTable, id.user(u))
		w.put(emailsTable, id.emails(u)...)
		w.put(namesTable, id.names(u)...)
		w.event(&list[i].event)
		w.counted("user", u.ID.UUID)
		holders = append(holders, pgtype.UUID{Bytes: u.ID.UUID, Valid: true})
	}
	if err := w.flush(); err != nil {
		return err
	}
	return w.seats(holders)
}

func (w *postgresWriter) counted(kind string, resource uuid.UUID) {
	w.counts[count{kind, int(resource[len(resource)-1]) % countShards}]++
}

func (w *postgresWriter) event(e *domain.Event) {
	id := spelling(postgresID)
	w.put(eventsTable, id.event(e))
	w.put(valuesTable, id.values(e))
}

func (w *postgresWriter) seats(holders []pgtype.UUID) error {
	if !w.limited {
		return nil
	}
	tag, err := w.conn.Exec(w.ctx, `UPDATE seats SET holder_id = taken.id FROM unnest($1::uuid[]) WITH ORDINALITY AS taken (id, n)
WHERE organisation_id = $2 AND licence = $3 AND seat_number = $4 + taken.n`,
		holders, postgresID(w.caller.Organisation.UUID), domain.LicenceFull, w.lastSeat)
	if err != nil {
		return err
	}
	if int(tag.RowsAffected()) != len(holders) {
		return fmt.Errorf("there are no %d seats after seat %d", len(holders), w.lastSeat)
	}
	w.lastSeat += len(holders)
	return nil
}

func (w *postgresWriter) group(g madeGroup) error {
	id := spelling(postgresID)
	w.put(groupsTable, id.group(&g.group))
	for _, member := range g.members {
		w.put(membershipsTable, id.membership(&g.group, member))
	}
	w.event(&g.event)
	w.counted("group", g.group.ID.UUID)
	if len(w.pending[membershipsTable.name]) < batch {
		return nil
	}
	return w.flush()
}

func (w *postgresWriter) finish() error {
	if err := w.flush(); err != nil {
		return err
	}
	for c, n := range w.counts {
		_, err := w.conn.Exec(w.ctx, `INSERT INTO resource_counts (organisation_id, connection_id, kind, shard, n) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (organisation_id, connection_id, kind, shard) DO UPDATE SET n = resource_counts.n + excluded.n`,
			postgresID(w.caller.Organisation.UUID), postgresID(w.caller.Connection.UUID), c.kind, c.shard, n)
		if err != nil {
			return fmt.Errorf("count: %w", err)
		}
	}
	for _, definition := range w.indexes {
		if _, err := w.conn.Exec(w.ctx, definition); err != nil {
			return fmt.Errorf("make an index again: %w", err)
		}
	}
	// What autovacuum would do in the next minutes, in the middle of what is measured.
	_, err := w.conn.Exec(w.ctx, "VACUUM (ANALYZE)")
	return err
}

func (w *postgresWriter) close() error { return w.conn.Close(context.WithoutCancel(w.ctx)) }
