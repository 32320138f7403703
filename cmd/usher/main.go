// Command usher is the provisioning server and the tool of its operator: serve and demo answer requests, the other
// commands change what they answer. It is the only place that knows every other package, the clock, chance, the
// environment and the process; the rest of the house gets them from here.
//
// cli.go is the grammar; a file per noun holds its commands; app.go is the server, which tests boot on port 0.
package main

import (
	"context"
	"crypto/rand"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/mattn/go-isatty"

	"usher/domain"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(memoryForSpeed)
	}
	os.Exit(run(os.Args[1:]))
}

// memoryForSpeed lets the heap grow to three times of what is in use before it is collected: next to nothing outlives its
// request here, and Go's default of twice cost a seventh of the processor. GOGC overrules it.
const memoryForSpeed = 200

// run executes one command and gives its exit code: 0 fine, 1 failed, 2 wrong use or configuration.
func run(args []string) int {
	p := &process{
		stdout: os.Stdout, stderr: os.Stderr, terminal: isatty.IsTerminal(os.Stderr.Fd()),
		now: time.Now, newID: uuid.NewV7, random: rand.Reader, host: hostname(),
	}
	ctx, stop := p.signalled()
	defer stop()
	return p.execute(ctx, args)
}

// hostname is what this machine calls itself.
func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return strings.ToValidUTF8(name, "?")
}

// process is what a command has of the outside world.
type process struct {
	stdout, stderr io.Writer
	terminal       bool // stderr is one
	now            func() time.Time
	newID          func() (uuid.UUID, error)
	random         io.Reader
	host           string // the name of this machine; empty: it has none

	mu     sync.Mutex
	onKill []func()
}

// environment is what the domain takes from outside.
func (p *process) environment() domain.Environment {
	return domain.Environment{Now: p.now, NewID: p.newID, Host: p.host}
}

// killed registers what must be done even when the process is told twice to stop. done takes it back.
func (p *process) killed(fn func()) (done func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := len(p.onKill)
	p.onKill = append(p.onKill, fn)
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.onKill[i] = func() {}
	}
}

// exitKilled is the exit code of a process that was told twice to stop (128 + SIGINT).
const exitKilled = 130

// signalled makes a context that ends with the first signal to stop. The second one ends the process there and then.
func (p *process) signalled() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, stopSignals()...)
	ended := make(chan struct{})
	go func() {
		select {
		case <-signals:
			cancel()
		case <-ended:
			return
		}
		select {
		case <-signals:
			p.mu.Lock()
			for _, fn := range p.onKill {
				fn()
			}
			os.Exit(exitKilled) //nolint:revive // deep-exit: whoever signals twice does not want what is under way to return
		case <-ended:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(ended)
		cancel()
	}
}

// stopSignals are those that mean stop. A hang-up does, unless whoever started the process said otherwise (nohup).
func stopSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}
