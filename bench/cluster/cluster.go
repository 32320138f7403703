// Package cluster runs a PostgreSQL of its own for as long as a benchmark lasts: in a directory of its own, on a
// loopback port, durable as a default installation is (fsync and synchronous commit are on), with memory for a database
// of a million people.
//
//	server, err := cluster.Start(ctx, cluster.Find(""), dir)
//	defer server.Stop()
//	pgx.Connect(ctx, server.URL("postgres"))
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a running PostgreSQL.
type Server struct {
	dir     string
	port    int
	process *exec.Cmd
	ended   chan struct{} // closed when the process is gone
}

// Settings are those that differ from the defaults, for the foot note of a table.
const Settings = "shared_buffers=1GB max_wal_size=4GB"

func settings() []string {
	return []string{"shared_buffers=1GB", "max_wal_size=4GB", "checkpoint_timeout=30min", "max_connections=200", "listen_addresses=127.0.0.1", "unix_socket_directories="}
}

// Find gives the directory with the programs of PostgreSQL: the given one, that of PATH, or the newest of Debian's;
// empty when there is none.
func Find(given string) string {
	candidates := []string{given}
	if path, err := exec.LookPath("initdb"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			path = target
		}
		candidates = append(candidates, filepath.Dir(path))
	}
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well-formed
	slices.SortFunc(installed, func(a, b string) int { return version(b) - version(a) })
	for _, dir := range append(candidates, installed...) {
		if dir == "" {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir
		}
	}
	return ""
}

func version(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return n
}

const startTime = time.Minute

// Start makes a cluster below dir and starts it.
func Start(ctx context.Context, bin, dir string) (*Server, error) {
	if bin == "" {
		return nil, errors.New("PostgreSQL's programs (initdb, postgres) were not found; install them or name a server with --postgres")
	}
	dir, err := os.MkdirTemp(dir, "postgres-*")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, ended: make(chan struct{})}
	if err := s.start(ctx, bin); err != nil {
		s.Stop()
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, bin string) error {
	user, err := unprivileged(s.dir)
	if err != nil {
		return err
	}
	made := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", filepath.Join(s.dir, "data"), "-U", "postgres",
		"--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	made.SysProcAttr = &syscall.SysProcAttr{Credential: user}
	made.Dir = s.dir
	if out, err := made.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	if s.port, err = freePort(); err != nil {
		return err
	}
	args := []string{"-D", filepath.Join(s.dir, "data"), "-p", strconv.Itoa(s.port)}
	for _, setting := range settings() {
		args = append(args, "-c", setting)
	}
	// It is stopped by its own id, in order, and not by the end of the context.
	s.process = exec.Command(filepath.Join(bin, "postgres"), args...)
	s.process.Dir = s.dir
	// A process group of its own makes it deaf to the terminal's interrupt: it goes last.
	s.process.SysProcAttr = &syscall.SysProcAttr{Credential: user, Setpgid: true}
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		s.process = nil
		return err
	}
	go func() {
		_ = s.process.Wait()
		close(s.ended)
	}()
	return s.ready(ctx)
}

// ready waits until the server takes connections.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-s.ended:
			return fmt.Errorf("it ended: %s", s.log())
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

func (s *Server) log() string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(text[max(0, len(text)-1000):])
}

// URL of a database on the server.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// Stop ends the server (fast shutdown, then immediate) and removes everything.
func (s *Server) Stop() {
	if s.process != nil {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
			_ = s.process.Process.Signal(signal)
			select {
			case <-s.ended:
			case <-time.After(time.Minute):
				continue
			}
			break
		}
	}
	_ = os.RemoveAll(s.dir)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, io.ErrUnexpectedEOF
	}
	return address.Port, nil
}
