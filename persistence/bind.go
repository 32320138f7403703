package persistence

import (
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// binder rewrites ? into $1, $2 … once per statement text.
type binder struct {
	known sync.Map // string → string
	mu    sync.Mutex
	count int
}

const maxBound = 4096 // texts of searches are without number; those beyond are rewritten each time

func (b *binder) numbered(sql string) string {
	if text, ok := b.known.Load(sql); ok {
		if s, ok := text.(string); ok {
			return s
		}
	}
	text := number(sql)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.count < maxBound {
		b.count++
		b.known.Store(sql, text)
	}
	return text
}

// number rewrites the parameters. Our statements have no ? in a literal.
func number(sql string) string {
	var out strings.Builder
	out.Grow(len(sql) + 32)
	n := 0
	for {
		i := strings.IndexByte(sql, '?')
		if i < 0 {
			out.WriteString(sql)
			return out.String()
		}
		n++
		out.WriteString(sql[:i])
		out.WriteByte('$')
		out.WriteString(strconv.Itoa(n))
		sql = sql[i+1:]
	}
}

// postgresArgs gives identifiers to pgx in the binary form it knows; everything else passes.
func postgresArgs(args []any) []any {
	out := args
	copied := false
	for i, a := range args {
		var v any
		switch a := a.(type) {
		case uuid.UUID:
			v = pgtype.UUID{Bytes: a, Valid: a != uuid.Nil}
		case []uuid.UUID:
			list := make([]pgtype.UUID, len(a))
			for j, id := range a {
				list[j] = pgtype.UUID{Bytes: id, Valid: true}
			}
			v = list
		default:
			continue
		}
		if !copied {
			out, copied = append([]any(nil), args...), true
		}
		out[i] = v
	}
	return out
}

// postgresRow scans identifiers in binary.
type postgresRow struct{ pgx.Rows }

func (r postgresRow) Scan(dest ...any) error {
	for i, d := range dest {
		if id, ok := d.(*uuid.UUID); ok {
			dest[i] = (*nullableUUID)(id)
		}
	}
	return r.Rows.Scan(dest...)
}

// nullableUUID scans an identifier that may be NULL: then it is the zero one.
type nullableUUID uuid.UUID

// ScanUUID implements pgtype.UUIDScanner.
func (n *nullableUUID) ScanUUID(v pgtype.UUID) error {
	*n = v.Bytes
	return nil
}

func gormConfig() *gorm.Config {
	return &gorm.Config{
		SkipDefaultTransaction: true, // the unit of work is the transaction
		Logger:                 logger.Discard,
		TranslateError:         false, // errors.go classifies what the driver says
		NowFunc:                nil,
	}
}
