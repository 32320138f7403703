// Package process runs what is measured as processes of its own, so that its memory and processor time are its own:
// Usher as it is built for use, and the servers that mark the limit. What it started it stops, by process id.
//
//	binary, err := process.Build(ctx, dir)
//	server, err := process.Start(ctx, process.Command{Path: binary, Args: []string{"serve", "--listen", "127.0.0.1:0"}})
//	defer server.Stop()
//	server.Address() // "127.0.0.1:43123"
package process

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Command is a server to be started.
type Command struct {
	Path string
	Args []string
	Env  []string // added to those of this process, without its own USHER_… and PG…
}

// Server is a running process that has said where it listens: in a line of JSON with a url, as `usher serve` logs it.
type Server struct {
	command *exec.Cmd
	log     log
	end     string // of the log, once the process is gone
	ended   chan struct{}
	err     error // of the process; after ended
	stop    sync.Once

	URL   string        // "http://127.0.0.1:43123"
	Debug string        // URL of the profiles; empty where there are none
	Took  time.Duration // from the start of the process to that line
}

const (
	startTime = 2 * time.Minute // migrations of a large database included
	stopTime  = 30 * time.Second
)

// Start starts a server and waits until it listens.
func Start(ctx context.Context, c Command) (*Server, error) {
	log, err := newLog()
	if err != nil {
		return nil, err
	}
	s := &Server{log: log, ended: make(chan struct{})}
	s.command = exec.Command(c.Path, c.Args...) // it is stopped by Stop, which lets it finish
	s.command.Env = append(clean(os.Environ()), c.Env...)
	s.command.Stderr = log.File
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // deaf to the terminal's interrupt: Stop ends it
	began := time.Now()
	if err := s.command.Start(); err != nil {
		log.remove()
		return nil, err
	}
	go func() {
		s.err = s.command.Wait()
		close(s.ended)
	}()
	if err := s.listening(ctx); err != nil {
		s.Stop()
		return nil, fmt.Errorf("%s %w: %s", c.Path, err, s.end)
	}
	s.Took = time.Since(began)
	return s, nil
}

// listening waits for the line that says so.
func (s *Server) listening(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		if first, ok := s.log.serving(); ok {
			s.URL, s.Debug = first.URL, first.Debug
			return nil
		}
		select {
		case <-time.After(time.Millisecond):
		case <-s.ended:
			return fmt.Errorf("ended: %w", s.err)
		case <-ctx.Done():
			return fmt.Errorf("does not listen: %w", ctx.Err())
		}
	}
}

// PID is the process id.
func (s *Server) PID() int { return s.command.Process.Pid }

// Address is host:port.
func (s *Server) Address() string { return strings.TrimPrefix(s.URL, "http://") }

// Log is the end of what the server logged, without the lines that tell of every request.
func (s *Server) Log() string {
	select {
	case <-s.ended:
		if s.end != "" {
			return s.end
		}
	default:
	}
	return s.log.String()
}

// Forget empties the log.
func (s *Server) Forget() { s.log.forget() }

// Stop asks the process to end, and ends it when it does not.
func (s *Server) Stop() {
	s.stop.Do(func() {
		for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
			_ = s.command.Process.Signal(signal)
			select {
			case <-s.ended:
			case <-time.After(stopTime):
				continue
			}
			break
		}
		s.end = s.log.String()
		s.log.remove()
	})
}

// Run runs a command to its end and decodes the JSON that it prints; into may be nil.
func Run(ctx context.Context, c Command, into any) error {
	run := exec.CommandContext(ctx, c.Path, c.Args...)
	run.Env = append(clean(os.Environ()), c.Env...)
	var complaint strings.Builder
	run.Stderr = &complaint
	out, err := run.Output()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", c.Path, c.Args[0], err, complaint.String()) // further arguments may hold a password
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(out, into)
}

// clean drops settings of this process that a child would take for its own.
func clean(environment []string) []string {
	var kept []string
	for _, e := range environment {
		if !strings.HasPrefix(e, "USHER_") && !strings.HasPrefix(e, "PG") {
			kept = append(kept, e)
		}
	}
	return kept
}
