package persistence

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// postgresEngine runs units of work on PostgreSQL 14 or newer.
type postgresEngine struct {
	pool *pgxpool.Pool
	db   *sql.DB  // the same pool, for GORM and goose
	g    *gorm.DB // over db
	bind binder

	known remembered

	statistics *statistics
}

const (
	oldestPostgres     = 140000
	defaultConnections = 16
	connectTimeout     = 5 * time.Second

	// pageCost is what the planner takes a page to cost that is not next to the last. The server's default is for disks
	// that turn: it makes small tables be walked through for each row of a page, which costs many times the look-ups.
	pageCost = "random_page_cost"
)

func openPostgres(ctx context.Context, url string, connections int) (*postgresEngine, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, configError("the PostgreSQL URL cannot be read; use postgres://USER:PASSWORD@HOST:PORT/DATABASE")
	}
	if connections == 0 {
		connections = defaultConnections
	}
	config.MaxConns = int32(min(connections, 10_000))
	config.ConnConfig.ConnectTimeout = connectTimeout
	if _, set := config.ConnConfig.RuntimeParams[pageCost]; !set {
		// A statement, not a parameter of the start: a pooler in between refuses those it does not know.
		config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "SET "+pageCost+" = 1.1")
			return err
		}
	}
	if len(config.ConnConfig.Fallbacks) > 0 && config.ConnConfig.ValidateConnect == nil {
		// Of several hosts only the primary will do: a standby refuses writes.
		config.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, configError("the PostgreSQL pool cannot be made: %v", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	e := &postgresEngine{pool: pool, db: db, statistics: newStatistics(pool)}
	if err := e.check(ctx); err != nil {
		_ = e.close()
		return nil, err
	}
	e.g, err = gorm.Open(gormpostgres.New(gormpostgres.Config{Conn: db}), gormConfig())
	if err != nil {
		_ = e.close()
		return nil, configError("GORM cannot use the database: %v", err)
	}
	return e, nil
}

// check refuses a server that cannot be reached or is too old.
func (e *postgresEngine) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*connectTimeout)
	defer cancel()
	var version int
	if err := e.pool.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return configError("PostgreSQL cannot be reached with this URL; check host, port, user, password and database name (%s)", reason(err))
	}
	return checkVersion(version)
}

// checkVersion refuses a server that is too old, by its server_version_num.
func checkVersion(version int) error {
	if version < oldestPostgres {
		return configError("the server is PostgreSQL %d; use version 14 or newer", version/10000)
	}
	return nil
}

// reason says what a connection failed with, without the URL.
func reason(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Message
	}
	text := err.Error()
	if i := strings.LastIndex(text, ": "); i >= 0 {
		text = text[i+2:]
	}
	return strings.ReplaceAll(text, "\n", " ")
}

// read retries as well: where the server's transactions are SERIALIZABLE, it may refuse a lone select.
func (e *postgresEngine) read(ctx context.Context, fn func(session) error) error {
	return again(ctx, func() error { return fn(&postgresRead{ctx: ctx, engine: e}) })
}

const (
	maxAttempts = 20
	firstPause  = 2 * time.Millisecond
	longPause   = 250 * time.Millisecond
)

// again runs a unit of work until the database, or a version that has moved on, no longer asks for it to be run again.
func again(ctx context.Context, run func() error) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := run()
		if err == nil || !isRetryable(err) || attempt >= maxAttempts {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause/2 + rand.N(pause)):
		}
		pause = min(2*pause, longPause)
	}
}

// write runs a unit of work: optimistically first, carefully when a guard failed or it has to run again.
func (e *postgresEngine) write(ctx context.Context, fn func(session) error) error {
	careful := false
	return again(ctx, func() error {
		err := e.attempt(ctx, careful, fn)
		if errors.Is(err, errCareful) {
			err = e.attempt(ctx, true, fn)
		}
		careful = true
		return err
	})
}

func (e *postgresEngine) attempt(ctx context.Context, careful bool, fn func(session) error) (err error) {
	s := &postgresWrite{postgresRead: postgresRead{ctx: ctx, engine: e}, careful: careful}
	defer func() {
		if p := recover(); p != nil {
			s.rollback()
			panic(p)
		}
	}()
	if err := fn(s); err != nil {
		s.rollback()
		return err
	}
	if s.failed != nil { // the unit of work went on after an error; what it did does not stand
		s.rollback()
		return s.failed
	}
	if err := s.commit(); err != nil {
		return err
	}
	e.statistics.grew(s.rows)
	return nil
}

func (e *postgresEngine) ping(ctx context.Context) error { return e.pool.Ping(ctx) }

func (e *postgresEngine) stat() Stat {
	s := e.pool.Stat()
	return Stat{Kind: "postgres", Max: int(s.MaxConns()), Open: int(s.TotalConns()), InUse: int(s.AcquiredConns())}
}

func (e *postgresEngine) close() error {
	e.statistics.close()
	err := e.db.Close()
	e.pool.Close()
	return err
}

// postgresRead is a session of single statements.
type postgresRead struct {
	ctx    context.Context //nolint:containedctx // a session lives as long as the call it serves
	engine *postgresEngine
}

func (s *postgresRead) dialect() dialect        { return postgres }
func (s *postgresRead) remembered() *remembered { return &s.engine.known }

func (s *postgresRead) query(sql string, args []any, each func(row) error) error {
	rows, err := s.engine.pool.Query(s.ctx, s.engine.bind.numbered(sql), postgresArgs(args)...)
	if err != nil {
		return err
	}
	return eachRow(rows, each)
}

func eachRow(rows pgx.Rows, each func(row) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := each(postgresRow{rows}); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *postgresRead) inside(string, []any, func(row) error) error { return errReadOnly }
func (s *postgresRead) exec(string, ...any) error                   { return errReadOnly }
func (s *postgresRead) claim(error, string, ...any) error           { return errReadOnly }
func (s *postgresRead) touch(error, string, ...any) error           { return errReadOnly }
func (s *postgresRead) fail(err error) error                        { return err }
func (s *postgresRead) orm() *gorm.DB                               { return s.engine.g.WithContext(s.ctx) }
