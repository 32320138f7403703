// Package load puts a server on this machine under load and measures it: a closed loop of connections, each of which
// sends its next request when the last one is answered, bounded in time and count, with latencies in a fixed histogram.
//
// It knows HTTP/1.1 and nothing of what is asked; a [Worker] makes the requests of one connection and judges the
// answers. It is cheap, since it shares the processors with what it measures: one goroutine and one buffer a connection,
// no net/http.
//
//	result, err := load.Run(ctx, load.Config{Address: "127.0.0.1:8080", Workers: workers, For: 5 * time.Second})
//	fmt.Println(result.Rate(), result.Latency().Quantile(0.99))
package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Worker makes the requests of one connection. It is used by one goroutine.
type Worker interface {
	// Request appends the next request, head and body, to dst. kind says which histogram counts it. nil: there is none.
	Request(dst []byte) (request []byte, kind int)

	// Answer judges the answer to it; an error ends the run. Of a long body only the beginning is kept.
	Answer(a Answer) error
}

// Answer is what the server said.
type Answer struct {
	Status int
	Body   []byte // at most [Kept] bytes of it; valid until the next request
	Size   int64  // of the whole body
}

// Kept is how much of a body a worker sees.
const Kept = 4 << 20

// Config says what to run. A run ends after For, after Most requests, or when no worker has another request.
type Config struct {
	Address string // host:port on this machine
	Workers []Worker
	Warm    time.Duration // of load before anything is measured
	For     time.Duration // of measuring
	Most    int64         // requests a worker, warming included; 0: 10,000,000
}

const (
	defaultMost = 10_000_000
	patience    = 2 * time.Minute // for one answer
)

// Run puts the server under load. The error is the first that a connection or a worker met.
func Run(ctx context.Context, c Config) (Result, error) {
	address, err := Loopback(c.Address)
	if err != nil {
		return Result{}, err
	}
	if len(c.Workers) == 0 {
		return Result{}, errors.New("load: there is no worker")
	}
	if c.Most == 0 {
		c.Most = defaultMost
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	loops, err := dial(ctx, address, c)
	defer func() {
		for _, l := range loops {
			_ = l.conn.Close()
		}
	}()
	if err != nil {
		return Result{}, err
	}
	stop := context.AfterFunc(ctx, func() { // what waits for an answer wakes up
		for _, l := range loops {
			_ = l.conn.Close()
		}
	})
	defer stop()
	from := time.Now().Add(c.Warm)
	until := from.Add(c.For)
	var wg sync.WaitGroup
	for _, l := range loops {
		l.from, l.until = from, until
		wg.Go(func() {
			if err := l.run(ctx); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return Result{}, err
	}
	var result Result
	last := from
	for _, l := range loops {
		result.add(&l.result)
		if l.last.After(last) {
			last = l.last
		}
	}
	result.Elapsed = last.Sub(from)
	return result, nil
}

// dial opens the connections. Those that were opened are returned with an error too.
func dial(ctx context.Context, address string, c Config) ([]*loop, error) {
	loops := make([]*loop, 0, len(c.Workers))
	for _, w := range c.Workers {
		conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", address)
		if err != nil {
			return loops, fmt.Errorf("load: connect: %w", err)
		}
		loops = append(loops, &loop{worker: w, conn: newConn(conn), most: c.Most})
	}
	return loops, nil
}

// loop is one connection at work.
type loop struct {
	worker      Worker
	conn        *conn
	most        int64
	from, until time.Time // what is measured
	last        time.Time // the last answer that was counted
	result      Result
}

func (l *loop) run(ctx context.Context) error {
	var request []byte
	var kind int
	var deadline time.Time
	began := time.Now()
	for n := int64(0); n < l.most && began.Before(l.until) && ctx.Err() == nil; n++ {
		if request, kind = l.worker.Request(request[:0]); request == nil {
			return nil
		}
		if deadline.Sub(began) < patience { // setting it costs a timer; now and then is enough
			deadline = began.Add(2 * patience)
			if err := l.conn.SetDeadline(deadline); err != nil {
				return err
			}
		}
		answer, err := l.conn.exchange(request)
		if err != nil {
			return fmt.Errorf("load: %s: %w", firstLine(request), err)
		}
		ended := time.Now()
		if err := l.worker.Answer(answer); err != nil {
			return fmt.Errorf("load: %s: %w", firstLine(request), err)
		}
		if !began.Before(l.from) {
			l.result.note(kind, ended.Sub(began), answer.Size)
			l.last = ended
		}
		began = ended
	}
	return nil
}

// Unexpected is the error for an answer that a worker did not ask for.
func Unexpected(a Answer) error {
	const excerpt = 300
	return fmt.Errorf("answered %d: %.*s", a.Status, excerpt, a.Body)
}
