package scim

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
)

func testSealer(t testing.TB, key byte) sealer {
	t.Helper()
	s, err := newSealer(bytes.Repeat([]byte{key}, 32))
	require.NoError(t, err)
	return s
}

func TestCursorKeyHas32Bytes(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 16, 31, 33} {
		_, err := newSealer(make([]byte, size))
		require.ErrorContains(t, err, "32 bytes")
	}
}

// What is sealed opens to the same, for its own query only.
func TestCursorsOpenForTheirQuery(t *testing.T) {
	t.Parallel()
	s := testSealer(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		made := time.Unix(rapid.Int64Range(0, 1<<40).Draw(t, "made"), 0)
		c := cursor{made: made, total: rapid.IntRange(0, 1<<40).Draw(t, "total")}
		for range rapid.IntRange(0, 2).Draw(t, "places") {
			p := place{done: rapid.Bool().Draw(t, "done"), seen: rapid.IntRange(0, 1<<40).Draw(t, "seen")}
			if !p.done && rapid.Bool().Draw(t, "after") {
				p.after = &domain.Position{Key: rapid.String().Draw(t, "key"), Nil: rapid.Bool().Draw(t, "nil")}
				copy(p.after.ID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
			}
			c.places = append(c.places, p)
		}
		query := rapid.SliceOf(rapid.Byte()).Draw(t, "query")
		text := s.seal(c, query)
		require.Equal(t, text, s.seal(c, query), "one cursor has one spelling")
		require.NotContains(t, text, "=")
		got, err := s.open(text, query, made)
		require.NoError(t, err)
		require.True(t, c.made.Equal(got.made))
		got.made = c.made
		require.Equal(t, c, got)
		_, err = s.open(text, append(query, 'x'), made)
		require.True(t, domain.IsCode(err, domain.CodeInvalidCursor))
	})
}

func TestCursorsCannotBeForged(t *testing.T) {
	t.Parallel()
	s, query, now := testSealer(t, 1), []byte("query"), time.Unix(1_800_000_000, 0)
	good := s.seal(cursor{made: now, total: 5, places: []place{{seen: 3, after: &domain.Position{Key: "ana", ID: uuid.UUID{1}}}}}, query)
	_, err := s.open(good, query, now)
	require.NoError(t, err)
	require.NotContains(t, good, "ana", "a cursor tells nothing")

	bad := map[string]string{
		"empty": "", "text": "hello", "not base64": "%%%", "standard base64": strings.Repeat("+/", 40),
		"SQL":              "' OR 1=1 --",
		"another key":      testSealer(t, 2).seal(cursor{made: now}, query),
		"cut":              good[:len(good)-2],
		"longer":           good + "AA",
		"nonce only":       good[:16],
		"a megabyte of As": strings.Repeat("A", 1<<20),
	}
	for i := range len(good) {
		flipped := []byte(good)
		flipped[i] ^= 1
		if string(flipped) != good {
			bad["flipped at "+string(rune('0'+i%10))+good[:i]] = string(flipped)
		}
	}
	for name, text := range bad {
		_, err := s.open(text, query, now)
		require.True(t, domain.IsCode(err, domain.CodeInvalidCursor), "%s: %v", name, err)
	}
}

func TestCursorsExpire(t *testing.T) {
	t.Parallel()
	s, now := testSealer(t, 1), time.Unix(1_800_000_000, 0)
	text := s.seal(cursor{made: now}, nil)
	_, err := s.open(text, nil, now.Add(24*time.Hour))
	require.NoError(t, err)
	_, err = s.open(text, nil, now.Add(24*time.Hour+time.Second))
	require.True(t, domain.IsCode(err, domain.CodeExpiredCursor))
}

// A cursor belongs to organisation, connection, types, filter, order and count; not to the token, nor to what the
// answer shows.
func TestCursorBinding(t *testing.T) {
	t.Parallel()
	caller := domain.Caller{Organisation: domain.OrganisationID{UUID: uuid.UUID{1}}, Connection: domain.ConnectionID{UUID: uuid.UUID{2}}}
	p := parameters{filter: text{true, "a"}, sortBy: "b", sortOrder: "c"}
	base := binding(caller, "/Users", p, 10)

	rotated := caller
	rotated.Token = domain.TokenHash{9}
	same := p
	same.attributes = []string{"userName"}
	require.Equal(t, base, binding(rotated, "/Users", same, 10))

	otherOrganisation, otherConnection := caller, caller
	otherOrganisation.Organisation.UUID[0] = 9
	otherConnection.Connection.UUID[0] = 9
	for name, other := range map[string][]byte{
		"organisation": binding(otherOrganisation, "/Users", p, 10),
		"connection":   binding(otherConnection, "/Users", p, 10),
		"type":         binding(caller, "/Groups", p, 10),
		"count":        binding(caller, "/Users", p, 11),
		"filter":       binding(caller, "/Users", parameters{filter: text{true, "x"}, sortBy: "b", sortOrder: "c"}, 10),
		"no filter":    binding(caller, "/Users", parameters{sortBy: "b", sortOrder: "c"}, 10),
		"moved text":   binding(caller, "/Users", parameters{filter: text{true, "ab"}, sortOrder: "c"}, 10),
		"order":        binding(caller, "/Users", parameters{filter: text{true, "a"}, sortBy: "b"}, 10),
	} {
		require.NotEqual(t, base, other, name)
	}
}

// Whatever stands in a cursor's bytes, reading it ends, and what it reads is what was written.
func TestAnyCursorBytes(t *testing.T) {
	t.Parallel()
	good := cursor{made: time.Unix(1, 0), total: 2, places: []place{{seen: 1, after: &domain.Position{Key: "k"}}, {done: true}}}.encode()
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		if rapid.Bool().Draw(t, "nearly good") {
			b = bytes.Clone(good[:rapid.IntRange(0, len(good)).Draw(t, "length")])
			for range rapid.IntRange(0, 3).Draw(t, "changes") {
				if len(b) > 0 {
					b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "to")
				}
			}
		}
		c, ok := decodeCursor(b)
		if ok {
			again, ok := decodeCursor(c.encode())
			require.True(t, ok)
			require.Equal(t, c.places, again.places)
		}
	})
}
