package load_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/bench/load"
)

// worker asks for one target over and over.
type worker struct {
	target  string
	left    int // requests; below 0: no end
	answers []string
	check   func(load.Answer) error
}

func (w *worker) Request(dst []byte) ([]byte, int) {
	if w.left == 0 {
		return nil, 0
	}
	w.left--
	return load.NewForm("usher.test", "", "secret").Get(dst, w.target), 0
}

func (w *worker) Answer(a load.Answer) error {
	w.answers = append(w.answers, string(a.Body))
	if w.check != nil {
		return w.check(a)
	}
	return nil
}

func run(t *testing.T, handler http.HandlerFunc, workers ...load.Worker) (load.Result, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	return load.Run(t.Context(), load.Config{Address: server.Listener.Addr().String(), Workers: workers, For: 30 * time.Second})
}

func TestBodiesAreReadHoweverTheyAreSent(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789abcdef", 20_000)
	tests := map[string]struct {
		handler http.HandlerFunc
		want    string
		size    int
	}{
		"with a length": {func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "short") }, "short", 5},
		"empty":         {func(http.ResponseWriter, *http.Request) {}, "", 0},
		"no content":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, "", 0},
		"in chunks": {func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(long); i += 5000 {
				_, _ = w.Write([]byte(long[i:min(i+5000, len(long))]))
				w.(http.Flusher).Flush()
			}
		}, long, len(long)},
		"in chunks with a trailer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			_, _ = w.Write([]byte("first, "))
			w.(http.Flusher).Flush()
			_, _ = w.Write([]byte("second"))
			w.Header().Set("X-Sum", "1")
		}, "first, second", 13},
		"after an early hint": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			_, _ = fmt.Fprint(w, "the answer")
		}, "the answer", 10},
		"longer than what is kept": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(bytes.Repeat([]byte("x"), load.Kept+1000))
		}, strings.Repeat("x", load.Kept), load.Kept + 1000},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &worker{target: "/", left: 3}
			w.check = func(a load.Answer) error {
				if a.Size != int64(test.size) {
					return fmt.Errorf("size %d", a.Size)
				}
				return nil
			}
			result, err := run(t, test.handler, w)
			require.NoError(t, err)
			require.Equal(t, []string{test.want, test.want, test.want}, w.answers)
			require.EqualValues(t, 3, result.Requests())
			require.EqualValues(t, 3*test.size, result.Bytes)
		})
	}
}

func TestRequestsArriveAsTheyWereMeant(t *testing.T) {
	t.Parallel()
	var seen atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		seen.Store(fmt.Sprintf("%s %s %s %q", r.Method, r.URL.Path, r.Header.Get("Authorization"), body.String()))
	}))
	defer server.Close()
	form := load.NewForm("usher.test", "/scim/v2", "secret")
	once := &sender{request: form.Send(nil, "PATCH", []byte(`{"a":1}`), "/Users/", "7")}
	_, err := load.Run(t.Context(), load.Config{Address: server.Listener.Addr().String(), Workers: []load.Worker{once}, For: time.Minute})
	require.NoError(t, err)
	require.Equal(t, `PATCH /scim/v2/Users/7 Bearer secret "{\"a\":1}"`, seen.Load())
}

type sender struct{ request []byte }

func (s *sender) Request(dst []byte) ([]byte, int) {
	if s.request == nil {
		return nil, 0
	}
	dst = append(dst, s.request...)
	s.request = nil
	return dst, 0
}
func (s *sender) Answer(load.Answer) error { return nil }

func TestARunIsBoundedInTimeAndCount(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) }))
	defer server.Close()
	config := load.Config{Address: server.Listener.Addr().String(), For: time.Minute, Most: 10}
	for range 3 {
		config.Workers = append(config.Workers, &worker{target: "/", left: -1})
	}
	result, err := load.Run(t.Context(), config)
	require.NoError(t, err)
	require.EqualValues(t, 30, served.Load())
	require.EqualValues(t, 30, result.Requests())

	config.Most, config.Warm, config.For = 0, 20*time.Millisecond, 50*time.Millisecond
	result, err = load.Run(t.Context(), config)
	require.NoError(t, err)
	require.Positive(t, result.Requests())
	require.Less(t, result.Requests(), served.Load()-30, "the warming is not counted")
}

func TestTheFirstErrorEndsTheRun(t *testing.T) {
	t.Parallel()
	refused := errors.New("not what was asked for")
	good, bad := &worker{target: "/", left: -1}, &worker{target: "/bad", left: -1}
	bad.check = func(load.Answer) error { return refused }
	_, err := run(t, func(http.ResponseWriter, *http.Request) {}, good, bad)
	require.ErrorIs(t, err, refused)
	require.ErrorContains(t, err, "GET /bad")
}

func TestTheEndOfTheContextWakesWhoeverWaits(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := load.Run(ctx, load.Config{
		Address: server.Listener.Addr().String(), Workers: []load.Worker{&worker{target: "/", left: -1}}, For: time.Hour,
	})
	require.ErrorIs(t, err, context.Canceled)
}

func TestACutAnswerIsAnError(t *testing.T) {
	t.Parallel()
	_, err := run(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = fmt.Fprint(w, "only a part")
		panic(http.ErrAbortHandler)
	}, &worker{target: "/", left: 1})
	require.ErrorContains(t, err, "EOF")
}

func TestOnlyThisMachineIsPutUnderLoad(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"127.0.0.1:80": "127.0.0.1:80", "localhost:80": "127.0.0.1:80", "[::1]:80": "[::1]:80", "[::ffff:127.0.0.1]:1": "[::ffff:127.0.0.1]:1",
	} {
		got, err := load.Loopback(address)
		require.NoError(t, err, address)
		require.Equal(t, want, got)
	}
	for _, address := range []string{"10.0.0.1:80", "example.test:80", "0.0.0.0:80", "[::]:80", "192.168.1.1:1", "127.0.0.1", ":80"} {
		_, err := load.Loopback(address)
		require.Error(t, err, address)
	}
}
