package persistence

import (
	"bytes"
	"encoding/binary"
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

// postgresRow scans identifiers in binary, and what most columns are without pgx's plans for every type there is: a page
// of people has two thousand values.
type postgresRow struct{ pgx.Rows }

func (r postgresRow) Scan(dest ...any) error {
	if r.scanPlain(dest) {
		return nil
	}
	for i, d := range dest {
		if id, ok := d.(*uuid.UUID); ok {
			dest[i] = (*nullableUUID)(id)
		}
	}
	return r.Rows.Scan(dest...)
}

// scanPlain reads a row of identifiers, texts, big integers and truth values, and reports whether it was one.
func (r postgresRow) scanPlain(dest []any) bool {
	fields, values := r.FieldDescriptions(), r.RawValues()
	if len(dest) != len(values) {
		return false
	}
	for i, d := range dest {
		if !scanPlain(d, fields[i].DataTypeOID, fields[i].Format, values[i]) {
			return false
		}
	}
	return true
}

func scanPlain(dest any, oid uint32, format int16, value []byte) bool {
	binaryForm := format == pgtype.BinaryFormatCode
	switch d := dest.(type) {
	case *uuid.UUID:
		if oid != pgtype.UUIDOID || !binaryForm || value != nil && len(value) != len(d) {
			return false
		}
		*d = uuid.Nil
		copy(d[:], value)
	case *string:
		if oid != pgtype.TextOID || value == nil {
			return false
		}
		*d = string(value)
	case *[]byte:
		if oid != pgtype.TextOID || value == nil {
			return false
		}
		*d = bytes.Clone(value)
	case *int64:
		if oid != pgtype.Int8OID || !binaryForm || len(value) != 8 {
			return false
		}
		*d = int64(binary.BigEndian.Uint64(value))
	case *int:
		if oid != pgtype.Int8OID || !binaryForm || len(value) != 8 {
			return false
		}
		*d = int(int64(binary.BigEndian.Uint64(value)))
	case *bool:
		if oid != pgtype.BoolOID || !binaryForm || len(value) != 1 {
			return false
		}
		*d = value[0] == 1
	default:
		return false
	}
	return true
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
