package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
)

// deadlines is a connection that remembers what deadlines it was given.
type deadlines struct {
	*httptest.ResponseRecorder

	read, write []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error { //nolint:unparam // http.ResponseController looks for this signature
	d.read = append(d.read, at)
	return nil
}

func (d *deadlines) SetWriteDeadline(at time.Time) error { //nolint:unparam // http.ResponseController looks for this signature
	d.write = append(d.write, at)
	return nil
}

func TestPaceOfABody(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	now := func() time.Time { return began }
	conn := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest(http.MethodPost, "/", iotest.OneByteReader(strings.NewReader(strings.Repeat("x", 2*paceRate))))
	body := newPacedBody(r, http.NewResponseController(conn), now)
	require.Equal(t, []time.Time{began.Add(paceStart)}, conn.read, "a body that nobody reads is under a deadline too")

	_, err := io.ReadFull(body, make([]byte, paceRate))
	require.NoError(t, err)
	require.Equal(t, began.Add(paceStart+time.Second), conn.read[len(conn.read)-1], "the time grows with what has come")
	rest, err := io.ReadAll(body)
	require.NoError(t, err)
	require.Len(t, rest, paceRate)
	require.Equal(t, began.Add(paceStart+2*time.Second), conn.read[len(conn.read)-2])
	require.True(t, conn.read[len(conn.read)-1].IsZero(), "after the end the clock is off")
}

func TestPaceOfAnAnswer(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	now := func() time.Time { return at }
	conn := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	x := &access{ResponseWriter: conn, control: http.NewResponseController(conn), now: now, began: at}

	_, _ = x.Write([]byte("small"))
	require.Empty(t, conn.write, "a small answer is within the server's own deadline")
	_, _ = x.Write(make([]byte, paceRate))
	require.Equal(t, at.Add(paceStart+time.Second), conn.write[0])
	require.Equal(t, http.StatusOK, x.status)
	require.Equal(t, int64(5+paceRate), x.written)

	late := &access{ResponseWriter: conn, control: x.control, now: now, began: at.Add(-writeTime)}
	_, _ = late.Write([]byte("small"))
	require.Len(t, conn.write, 2, "an answer that took long gets time of its own")
}
