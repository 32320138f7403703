package persistence_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"usher/persistence/storetest"
)

// cluster is a PostgreSQL server of a test's own, to be stopped and killed. It asks for a password.
type cluster struct {
	*testing.T
	bin, folder, data string
	port              int
	owner             *syscall.Credential // whom root becomes: PostgreSQL refuses to run as root
	server            *exec.Cmd
}

// newCluster makes and starts a server; without PostgreSQL's programs the test is skipped, or fails where nothing may be.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{T: t, bin: serverPrograms(t), owner: ordinaryUser(t)}
	c.makeFolder()
	secret := filepath.Join(c.folder, "password")
	require.NoError(t, os.WriteFile(secret, []byte(password+"\n"), 0o600))
	c.own(secret)
	c.run("initdb", "-D", c.data, "-U", "postgres", "--auth=scram-sha-256", "--pwfile="+secret, "--encoding=UTF8", "--locale=C", "--no-sync")
	c.configure("wal_level = replica\nmax_wal_senders = 5\nautovacuum = off\nmax_connections = 60\nshared_buffers = 16MB\n")
	c.append("pg_hba.conf", "host replication all 127.0.0.1/32 scram-sha-256\n")
	c.start()
	return c
}

// serverPrograms finds the directory of initdb and postgres.
func serverPrograms(t *testing.T) string {
	t.Helper()
	candidates := []string{os.Getenv("USHER_TEST_POSTGRES_BIN")}
	installed, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	require.NoError(t, err)
	candidates = append(candidates, installed...)
	if path, err := exec.LookPath("initdb"); err == nil {
		candidates = append(candidates, filepath.Dir(path))
	}
	for _, folder := range candidates {
		if _, err := os.Stat(filepath.Join(folder, "postgres")); folder != "" && err == nil {
			return folder
		}
	}
	storetest.Missing(t, "PostgreSQL's programs (initdb, postgres) are not installed")
	return ""
}

// ordinaryUser is who runs the server where the tests are run by root; nil for the same as the tests.
func ordinaryUser(t *testing.T) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		require.NoError(t, err)
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		require.NoError(t, err)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	storetest.Missing(t, "there is nobody whom root could become to run PostgreSQL")
	return nil
}

// makeFolder makes a directory with a short name, since the server puts a socket there, and a free port.
func (c *cluster) makeFolder() {
	c.Helper()
	folder, err := os.MkdirTemp("", "usher-pg-")
	require.NoError(c, err)
	c.folder, c.data = folder, filepath.Join(folder, "data")
	c.own(folder)
	c.Cleanup(func() { _ = os.RemoveAll(folder) })
	c.port = freePort(c.T)
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func (c *cluster) own(path string) {
	c.Helper()
	if c.owner != nil {
		require.NoError(c, os.Chown(path, int(c.owner.Uid), int(c.owner.Gid)))
	}
}

// command is one of the server's programs, run by whom it will be run by.
func (c *cluster) command(name string, args ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(c.bin, name), args...)
	command.Dir = c.folder
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "PGPASSWORD=" + password, "HOME=" + c.folder}
	if c.owner != nil {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: c.owner}
	}
	return command
}

func (c *cluster) run(name string, args ...string) {
	c.Helper()
	out, err := c.command(name, args...).CombinedOutput()
	require.NoError(c, err, "%s: %s", name, out)
}

func (c *cluster) append(file, lines string) {
	c.Helper()
	f, err := os.OpenFile(filepath.Join(c.data, file), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(c, err)
	defer f.Close()
	_, err = f.WriteString(lines)
	require.NoError(c, err)
}

func (c *cluster) configure(lines string) {
	c.Helper()
	c.append("postgresql.conf", "listen_addresses = '127.0.0.1'\nunix_socket_directories = '"+c.folder+"'\n"+lines)
}

// start runs the server and waits until it takes connections.
func (c *cluster) start() {
	c.Helper()
	var log bytes.Buffer
	for attempt := 0; ; attempt++ {
		server := c.command("postgres", "-D", c.data, "-p", strconv.Itoa(c.port))
		server.Stdout, server.Stderr = &log, &log
		require.NoError(c, server.Start())
		ended := make(chan struct{})
		go func() {
			_ = server.Wait()
			close(ended)
		}()
		c.server = server
		c.Cleanup(func() {
			_ = server.Process.Signal(syscall.SIGQUIT)
			<-ended
		})
		if c.ready(ended) {
			return
		}
		require.Less(c, attempt, 5, "the server does not start: %s", log.String())
	}
}

// ready polls until the server answers; false when it has ended.
func (c *cluster) ready(ended <-chan struct{}) bool {
	c.Helper()
	for {
		select {
		case <-ended:
			return false
		case <-time.After(10 * time.Millisecond):
		}
		ctx, cancel := context.WithTimeout(c.Context(), 10*time.Second)
		conn, err := pgx.Connect(ctx, c.url("postgres"))
		if err == nil {
			_ = conn.Close(ctx)
		}
		cancel()
		if err == nil {
			return true
		}
	}
}

// crash ends the server as pg_ctl stop -m immediate does: without a word to anybody.
func (c *cluster) crash() {
	c.Helper()
	require.NoError(c, c.server.Process.Signal(syscall.SIGQUIT))
	require.Eventually(c, func() bool { return c.server.Process.Signal(syscall.Signal(0)) != nil }, time.Minute, time.Millisecond)
}

// url of a database, of this server or of several.
func (c *cluster) url(database string, more ...*cluster) string {
	var hosts []string
	for _, server := range append([]*cluster{c}, more...) {
		hosts = append(hosts, fmt.Sprintf("127.0.0.1:%d", server.port))
	}
	return "postgres://postgres:" + password + "@" + strings.Join(hosts, ",") + "/" + database + "?sslmode=disable"
}

// query runs a statement and gives its first column.
func (c *cluster) query(statement string) string {
	c.Helper()
	conn, err := pgx.Connect(c.Context(), c.url("postgres"))
	require.NoError(c, err)
	defer conn.Close(c.Context())
	var answer *string
	require.NoError(c, conn.QueryRow(c.Context(), statement).Scan(&answer))
	if answer == nil {
		return ""
	}
	return *answer
}

func (c *cluster) exec(statements ...string) {
	c.Helper()
	conn, err := pgx.Connect(c.Context(), c.url("postgres"))
	require.NoError(c, err)
	defer conn.Close(c.Context())
	for _, statement := range statements {
		_, err := conn.Exec(c.Context(), statement)
		require.NoError(c, err, statement)
	}
}

// standby makes a server that follows this one, and lets this one acknowledge nothing that the other does not have.
func (c *cluster) standby() *cluster {
	c.Helper()
	follower := &cluster{T: c.T, bin: c.bin, owner: c.owner}
	follower.makeFolder()
	follower.run("pg_basebackup", "-D", follower.data, "-R", "-X", "stream", "--no-sync", "--checkpoint=fast",
		"-d", "host=127.0.0.1 user=postgres port="+strconv.Itoa(c.port)+" password="+password)
	follower.configure("")
	follower.start()
	c.exec("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
	require.Eventually(c, func() bool {
		return c.query("SELECT count(*)::text FROM pg_stat_replication WHERE sync_state = 'sync'") == "1"
	}, time.Minute, 10*time.Millisecond)
	return follower
}
