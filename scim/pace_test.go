package scim

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// deadlines is a connection that remembers the limits it was given.
type deadlines struct {
	*httptest.ResponseRecorder

	read, write []time.Time
}

// SetReadDeadline is what http.ResponseController looks for.
func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.read = append(d.read, at)
	return nil
}

// SetWriteDeadline is what http.ResponseController looks for.
func (d *deadlines) SetWriteDeadline(at time.Time) error {
	d.write = append(d.write, at)
	return nil
}

// security.md 22: a sender has some seconds to begin with, and from then on as long as its bytes earn it. The limit is
// lifted at the end, since the server watches the connection on.
func TestSecurity22SlowBodiesAreCut(t *testing.T) {
	t.Parallel()
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest(http.MethodPost, "/Users", io.MultiReader(strings.NewReader(strings.Repeat(" ", slowest)), strings.NewReader("{}")))
	x := &exchange{service: &service{}, w: w, r: r}
	before := time.Now()
	text, err := x.body(maxBody)
	require.NoError(t, err)
	require.Len(t, text, slowest+2)
	require.Greater(t, len(w.read), 2)
	require.WithinDuration(t, before.Add(patience), w.read[0], time.Second)
	last := w.read[len(w.read)-2]
	require.WithinDuration(t, before.Add(patience+time.Second), last, time.Second, "a second more for what a second must bring")
	require.True(t, w.read[len(w.read)-1].IsZero())
}

type late struct{}

func (late) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

func TestSecurity22WhoIsCutIsTold(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]io.Reader{"at once": late{}, "in the middle": io.MultiReader(strings.NewReader("{"), late{})} {
		x := &exchange{service: &service{}, w: httptest.NewRecorder(), r: httptest.NewRequest(http.MethodPost, "/Users", body)}
		_, err := x.body(maxBody)
		var r *refusal
		require.ErrorAs(t, err, &r, name)
		require.Equal(t, http.StatusRequestTimeout, r.status)
	}
}

// An announced length costs no memory before the bytes are there.
func TestAnnouncedLengthIsNotBelieved(t *testing.T) {
	t.Parallel()
	allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			_, err := readAll(strings.NewReader("{}"), maxGroupBody, maxGroupBody)
			if err != nil {
				b.Fatal(err)
			}
		}
	}).AllocedBytesPerOp()
	require.Less(t, allocated, int64(256<<10))
}

// A piece of an answer must be taken in time.
func TestSecurity22SlowReadersAreCut(t *testing.T) {
	t.Parallel()
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	x := &exchange{service: &service{}, w: w, r: httptest.NewRequest(http.MethodGet, "/Groups/x", http.NoBody), media: mediaSCIM}
	s := x.stream(http.StatusOK)
	before := time.Now()
	for range 5 {
		s.buf = append(s.buf, make([]byte, pieceSize)...)
		require.NoError(t, s.spill())
	}
	require.NoError(t, s.close())
	require.Len(t, w.write, 6)
	for _, at := range w.write {
		require.WithinDuration(t, before.Add(slowPiece), at, 5*time.Second)
	}
	require.Equal(t, 5*pieceSize, w.Body.Len())
}

type gone struct{ *httptest.ResponseRecorder }

func (gone) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestStreamEndsWhenNobodyReads(t *testing.T) {
	t.Parallel()
	x := &exchange{service: &service{}, w: gone{httptest.NewRecorder()}, r: httptest.NewRequest(http.MethodGet, "/Groups/x", http.NoBody)}
	s := x.stream(http.StatusOK)
	s.buf = append(s.buf, make([]byte, pieceSize)...)
	require.ErrorContains(t, s.spill(), "broken pipe")
}
