package persistence_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// A copy of the test binary is the server that is killed. It is told what to do by its environment, and prints a line for
// everything that it would have acknowledged to a client.
const (
	childTask  = "USHER_TEST_CHILD"
	childURL   = "USHER_TEST_CHILD_URL"
	childToken = "USHER_TEST_CHILD_TOKEN"
	childGroup = "USHER_TEST_CHILD_GROUP"
)

// runChild does a task and gives the exit code.
func runChild(task string) int {
	var mu sync.Mutex
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = os.Stdout.WriteString(fmt.Sprintf(format, args...) + "\n") // one write, so that no line is half there
	}
	ctx := context.Background()
	store, err := persistence.Open(ctx, persistence.Config{URL: os.Getenv(childURL)})
	if err != nil {
		say("error %v", err)
		return 1
	}
	directory := domain.NewDirectory(store, storetest.Environment())
	bearer, err := domain.ParseBearer(os.Getenv(childToken))
	if err != nil {
		say("error %v", err)
		return 1
	}
	caller, err := directory.Authenticate(ctx, bearer)
	if err != nil {
		say("error %v", err)
		return 1
	}
	group, _ := domain.ParseID[domain.Group](os.Getenv(childGroup))
	c := &child{directory: directory, caller: caller, group: group, say: say}
	switch task {
	case "push":
		err = c.push(ctx)
	case "fill":
		err = c.fill(ctx)
	}
	if err != nil {
		say("error %v", err)
		return 1
	}
	_ = store.Close()
	return 0
}

type child struct {
	directory *domain.Directory
	caller    domain.Caller
	group     domain.GroupID
	say       func(format string, args ...any)
	pushed    atomic.Int64
}

// push does what directories do, for ever, eight at a time.
func (c *child) push(ctx context.Context) error {
	failed := make(chan error, 8)
	for range 8 {
		go func() {
			for {
				if err := c.life(ctx); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

// life is that of one person: pushed, put into a group, changed, and perhaps deleted.
func (c *child) life(ctx context.Context) error {
	n := c.pushed.Add(1)
	u, err := c.directory.Provision(ctx, c.caller, storetest.Person(uuid.NewString()+"@acme.test", storetest.Emails(uuid.NewString()+"@mail.test")))
	if err != nil {
		return err
	}
	c.say("created %s", u.ID)
	if _, err := c.directory.ChangeGroup(ctx, c.caller, c.group, domain.IfMatch{}, []domain.GroupStep{{Add: []uuid.UUID{u.ID.UUID}}}); err != nil {
		return err
	}
	c.say("joined %s", u.ID)
	if _, err := c.directory.ChangeUser(ctx, c.caller, u.ID, domain.IfMatch{}, &u, storetest.Setting(storetest.Truth("active", n%2 == 0), storetest.Text("title", "changed"))); err != nil {
		return err
	}
	c.say("changed %s", u.ID)
	if n%3 != 0 {
		return nil
	}
	if err := c.directory.Deprovision(ctx, c.caller, u.ID, domain.IfMatch{}); err != nil {
		return err
	}
	c.say("deleted %s", u.ID)
	return nil
}

// fill writes until the files may not grow any more, sees that this is said, lets them grow again, and goes on.
func (c *child) fill(ctx context.Context) error {
	signal.Ignore(syscall.SIGXFSZ) // the write fails instead
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	unlimited := limit.Cur
	limit.Cur = 1_500_000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	write := func() error {
		u, err := c.directory.Provision(ctx, c.caller, storetest.Person(uuid.NewString()+"@acme.test", storetest.Text("title", strings.Repeat("x", 4000))))
		if err == nil {
			c.say("created %s", u.ID)
		}
		return err
	}
	refused := 0
	for n := 0; refused < 5; n++ {
		switch err := write(); {
		case domain.IsKind(err, domain.Unavailable):
			refused++
			c.say("refused %v", err)
		case err != nil:
			return err
		case n > 5000:
			return fmt.Errorf("the limit was never reached")
		}
	}
	if _, err := c.directory.Authenticate(ctx, domain.Bearer{Organisation: c.caller.Organisation, Hash: c.caller.Token}); err != nil {
		return fmt.Errorf("a full disk is no reason not to read: %w", err)
	}
	limit.Cur = unlimited
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	for range 20 {
		if err := write(); err != nil {
			return fmt.Errorf("after there was room again: %w", err)
		}
	}
	c.say("recovered")
	return nil
}

// process is a running child.
type process struct {
	*testing.T
	command *exec.Cmd
	lines   *bufio.Scanner
	said    map[string][]string // what was acknowledged, by word
	count   int
}

func startChild(t *testing.T, task, databaseURL string, tenant storetest.Tenant, group domain.GroupID) *process {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.Command(self)
	command.Env = append(os.Environ(), childTask+"="+task, childURL+"="+databaseURL, childToken+"="+tenant.Token, childGroup+"="+group.String())
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill() })
	return &process{T: t, command: command, lines: bufio.NewScanner(out), said: map[string][]string{}}
}

// line reads one acknowledgement; false at the end.
func (p *process) line() bool {
	p.Helper()
	if !p.lines.Scan() {
		return false
	}
	word, rest, _ := strings.Cut(p.lines.Text(), " ")
	require.NotEqual(p, "error", word, rest)
	p.said[word] = append(p.said[word], rest)
	p.count++
	return true
}

// kill ends the child in the middle of things, after so many acknowledgements and one of the word, and hears what it said
// before.
func (p *process) kill(after int, word string) {
	p.Helper()
	for p.count < after || len(p.said[word]) == 0 {
		require.True(p, p.line(), "the child ended by itself")
	}
	require.NoError(p, p.command.Process.Kill())
	for p.line() {
	}
	_ = p.command.Wait()
}

// finish waits for a child that ends by itself.
func (p *process) finish() {
	p.Helper()
	for p.line() {
	}
	require.NoError(p, p.command.Wait())
}

// A server killed in the middle of its work loses nothing that it acknowledged, leaves nothing half done, and the next
// one goes on (security 46).
func TestKill(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, databaseURL string) {
		store := storetest.Open(t, databaseURL)
		tenant := storetest.OwnTenant(t, store, 100_000)
		directory := domain.NewDirectory(store, storetest.Environment())
		group, err := directory.CreateGroup(t.Context(), tenant.Caller, storetest.GroupNamed("Everybody"), nil)
		require.NoError(t, err)
		const rounds = 3
		for round := range rounds {
			p := startChild(t, "push", databaseURL, tenant, group.ID)
			p.kill(40+37*round, "deleted")
			waitForQuiet(t, databaseURL)
			checkAcknowledged(t, p, store, tenant, group.ID)
			storetest.Consistent(t, store, tenant.Organisation.ID)
		}
	})
}

// waitForQuiet lets a server that has lost its client finish or undo what it was at.
func waitForQuiet(t *testing.T, databaseURL string) {
	t.Helper()
	if kind, _ := persistence.Kind(databaseURL); kind != "postgres" {
		return
	}
	db := storetest.RawURL(t, databaseURL)
	require.Eventually(t, func() bool {
		return storetest.Count(t, db, `SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND (state LIKE 'idle in%' OR state = 'active')`) == 0
	}, time.Minute, 5*time.Millisecond)
}

// checkAcknowledged looks for everything that a child said was done.
func checkAcknowledged(t *testing.T, p *process, store *persistence.Store, tenant storetest.Tenant, group domain.GroupID) {
	t.Helper()
	directory := domain.NewDirectory(store, storetest.Environment())
	list, err := directory.Members(t.Context(), tenant.Caller, group, uuid.Nil, 100_000)
	require.NoError(t, err)
	members := map[string]bool{}
	for _, m := range list {
		members[m.ID.String()] = true
	}
	deleted, changed := map[string]bool{}, map[string]bool{}
	for _, id := range p.said["deleted"] {
		deleted[id] = true
	}
	for _, id := range p.said["changed"] {
		changed[id] = true
	}
	read := func(text string) (domain.User, error) {
		id, ok := domain.ParseID[domain.User](text)
		require.True(t, ok, text)
		return directory.User(t.Context(), tenant.Caller, id)
	}
	for _, id := range p.said["created"] {
		u, err := read(id)
		switch {
		case deleted[id]:
			storetest.Gone(t, err)
		case changed[id] && err != nil:
			storetest.Gone(t, err) // deleted, and not heard of
		case changed[id]:
			require.EqualValues(t, 2, u.Version)
		default:
			require.NoError(t, err)
		}
	}
	for _, id := range p.said["joined"] {
		if _, err := read(id); err == nil {
			require.True(t, members[id], "%s was put into the group", id)
		}
	}
	require.NotEmpty(t, p.said["deleted"])
}
