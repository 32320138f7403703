package scim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"time"

	"github.com/google/uuid"

	"usher/domain"
)

// cursorLife is how long a cursor may be used (RFC 9865 section 4, cursorTimeout).
const cursorLife = 24 * time.Hour

// place is where a query goes on in the order of one resource type.
type place struct {
	done  bool             // nothing of this type is left
	seen  int              // how many have been answered
	after *domain.Position // the last of them; nil: go on by counting, as at the beginning
}

// maxKey bounds the sort key that a cursor carries, so that cursors fit into a URL. Beyond it a cursor counts.
const maxKey = 1024

// cursor is what a nextCursor says: which page comes next, and the total that the first page counted.
type cursor struct {
	made   time.Time
	total  int
	places []place // by resource type of the query
}

// sealer makes cursors opaque and unforgeable: AES-256-GCM, the query they belong to being authenticated with them. A
// cursor for another connection, filter, order or page size does not open. The nonce is a keyed hash of the content, so
// that no source of chance is needed: equal nonces mean equal cursors.
type sealer struct {
	aead     cipher.AEAD
	nonceKey []byte
}

func newSealer(key []byte) (sealer, error) {
	if len(key) != 32 {
		return sealer{}, errors.New("scim: CursorKey must have 32 bytes, it has " + strconv.Itoa(len(key)))
	}
	sealing, err := hkdf.Key(sha256.New, key, nil, "usher scim cursor seal", 32)
	if err != nil {
		return sealer{}, fmt.Errorf("scim: derive cursor keys: %w", err)
	}
	nonce, err := hkdf.Key(sha256.New, key, nil, "usher scim cursor nonce", 32)
	if err != nil {
		return sealer{}, fmt.Errorf("scim: derive cursor keys: %w", err)
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return sealer{}, fmt.Errorf("scim: cursor cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return sealer{}, fmt.Errorf("scim: cursor cipher: %w", err)
	}
	return sealer{aead: aead, nonceKey: nonce}, nil
}

// seal makes the text of a cursor for a query.
func (s sealer) seal(c cursor, query []byte) string {
	plain := c.encode()
	mac := hmac.New(sha256.New, s.nonceKey)
	mac.Write(query)
	mac.Write(plain)
	nonce := mac.Sum(nil)[:s.aead.NonceSize()]
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, plain, query))
}

// open reads the text of a cursor. InvalidCursor, ExpiredCursor.
func (s sealer) open(text string, query []byte, now time.Time) (cursor, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	size := s.aead.NonceSize()
	if err != nil || len(sealed) < size {
		return cursor{}, invalidCursor()
	}
	plain, err := s.aead.Open(nil, sealed[:size], sealed[size:], query)
	if err != nil {
		return cursor{}, invalidCursor()
	}
	c, ok := decodeCursor(plain)
	if !ok {
		return cursor{}, invalidCursor()
	}
	if now.Sub(c.made) > cursorLife {
		return cursor{}, &domain.Error{
			Kind: domain.Invalid, Code: domain.CodeExpiredCursor, Field: "cursor",
			Message: "this cursor is more than a day old; begin again with an empty cursor",
		}
	}
	return c, nil
}

func invalidCursor() error {
	return &domain.Error{
		Kind: domain.Invalid, Code: domain.CodeInvalidCursor, Field: "cursor",
		Message: "this cursor is not one of this query: send nextCursor as it was answered, with the same filter, sortBy, sortOrder and count; or begin again with an empty cursor",
	}
}

// binding is the query that a cursor belongs to: whose it is and what it asks for, in any spelling of one meaning only
// (each part with its length). The token is no part of it, so that a rotated one goes on.
func binding(caller domain.Caller, types string, p parameters, count int) []byte {
	h := sha256.New()
	h.Write(caller.Organisation.UUID[:])
	h.Write(caller.Connection.UUID[:])
	for _, part := range []string{types, strconv.FormatBool(p.filter.set), p.filter.text, p.sortBy, p.sortOrder, strconv.Itoa(count)} {
		writePart(h, part)
	}
	return h.Sum(nil)
}

func writePart(h hash.Hash, part string) {
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(part)))
	h.Write(size[:])
	h.Write([]byte(part))
}

// The states of a place in a cursor's bytes.
const (
	placeDone = iota
	placeSeen
	placeAfter
	placeAfterNil
)

// encode is the content of a cursor: time, total, places.
func (c cursor) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(c.made.Unix()))
	b = binary.AppendUvarint(b, uint64(c.total))
	for _, p := range c.places {
		state := byte(placeSeen)
		switch {
		case p.done:
			state = placeDone
		case p.after != nil && p.after.Nil:
			state = placeAfterNil
		case p.after != nil:
			state = placeAfter
		}
		b = binary.AppendUvarint(append(b, state), uint64(p.seen))
		if state == placeAfter || state == placeAfterNil {
			b = append(b, p.after.ID[:]...)
			b = binary.AppendUvarint(b, uint64(len(p.after.Key)))
			b = append(b, p.after.Key...)
		}
	}
	return b
}

// decodeCursor reads what encode wrote; ok is false for anything else.
func decodeCursor(b []byte) (c cursor, ok bool) {
	r := cursorReader{b: b, ok: true}
	c.made = time.Unix(int64(r.number()), 0)
	c.total = int(r.number())
	for r.ok && len(r.b) > 0 {
		state := r.bytes(1)[0]
		p := place{done: state == placeDone, seen: int(r.number())}
		if state == placeAfter || state == placeAfterNil {
			p.after = &domain.Position{Nil: state == placeAfterNil}
			copy(p.after.ID[:], r.bytes(len(uuid.UUID{})))
			p.after.Key = string(r.bytes(int(r.number())))
		}
		c.places = append(c.places, p)
	}
	return c, r.ok
}

// cursorReader takes numbers and bytes off the front; it is not ok from the first that is not there.
type cursorReader struct {
	b  []byte
	ok bool
}

func (r *cursorReader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || n > 1<<62 {
		r.ok, r.b = false, nil
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *cursorReader) bytes(n int) []byte {
	if n > len(r.b) {
		r.ok, r.b = false, nil
		return make([]byte, min(n, maxKey)+1)
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}
