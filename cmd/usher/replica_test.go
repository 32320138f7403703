package main

import (
	"bufio"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// replica is a server in a process of its own.
type replica struct {
	*testing.T
	command *exec.Cmd
	url     string
	metrics string
	log     *logbook
	ended   chan struct{}
}

// pair is two servers on one PostgreSQL, and what tests do to them.
type pair struct {
	*testing.T
	database string
	servers  [2]*replica
	org      domain.Organisation
	token    string // of the directory
	key      string // of an application that may do everything
	db       *sql.DB
}

// newPair starts two servers on a database, with one organisation. The settings are those of usher serve.
func newPair(t *testing.T, databaseURL, seats string, settings ...string) *pair {
	t.Helper()
	p := &pair{T: t, database: databaseURL}
	var made struct {
		Token string `json:"scim_token"`
	}
	p.tool(&made, "org", "create", "--slug", "acme", "--seats", seats, "--json")
	p.token = made.Token
	var key struct {
		Key string `json:"api_key"`
	}
	p.tool(&key, "apikey", "create", "--org", "acme", "--name", "Test", "--permissions", everything, "--json")
	p.key = key.Key
	p.db = storetest.RawURL(t, p.database)
	store := storetest.Open(t, p.database)
	require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
		p.org, err = tx.Organisations().BySlug("acme")
		return err
	}))
	for i := range p.servers {
		p.servers[i] = startReplica(t, p.database, settings...)
	}
	return p
}

// everything that the tests ask of the API.
const everything = "users:view,users:create,users:edit,roles:edit,profiles:create,profiles:edit,teams:view,directory:view,directory:edit,audit:view,audit:edit,licences:edit"

// program is a command of usher, in a process of its own.
func program(database string, args ...string) *exec.Cmd {
	command := exec.Command("usher", args...) // the test binary by that name: see TestMain
	command.Env = append(os.Environ(), "USHER_DATABASE="+database, "USHER_SECRET_KEY="+scriptKey, "GORACE=atexit_sleep_ms=0")
	return command
}

// tool runs a command to its end and reads what it prints.
func (p *pair) tool(into any, args ...string) {
	p.Helper()
	command := program(p.database, args...)
	var problem strings.Builder
	command.Stderr = &problem
	out, err := command.Output()
	require.NoError(p, err, "%s: %s", args, problem.String())
	require.NoError(p, json.Unmarshal(out, into), string(out))
}

func startReplica(t *testing.T, database string, settings ...string) *replica {
	t.Helper()
	r := &replica{T: t, log: &logbook{}, ended: make(chan struct{})}
	r.command = program(database, append([]string{"serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"}, settings...)...)
	said, err := r.command.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, r.command.Start())
	serving := make(chan map[string]any, 1)
	var reading sync.WaitGroup
	reading.Go(func() {
		for lines := bufio.NewScanner(said); lines.Scan(); {
			_, _ = r.log.Write(append(lines.Bytes(), '\n'))
			var line map[string]any
			if json.Unmarshal(lines.Bytes(), &line) == nil && line["msg"] == "serving" {
				serving <- line
			}
		}
	})
	go func() {
		reading.Wait()
		_ = r.command.Wait()
		close(r.ended)
	}()
	t.Cleanup(func() { r.end(syscall.SIGTERM) })
	select {
	case line := <-serving:
		r.url, r.metrics = fmt.Sprint(line["url"]), fmt.Sprint(line["metrics_url"])
	case <-r.ended:
		require.Fail(t, "the server does not start", r.log.String())
	}
	return r
}

// end signals the process and waits until it is gone.
func (r *replica) end(signal syscall.Signal) {
	_ = r.command.Process.Signal(signal) // it may have ended
	<-r.ended
}

// metric is the sum of a metric's values over the series that have all the labels.
func (r *replica) metric(name string, labels ...string) float64 {
	r.Helper()
	sum := 0.0
lines:
	for line := range strings.Lines(do(r.T, http.MethodGet, r.metrics, "", "").body) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if series != name && !strings.HasPrefix(series, name+"{") {
			continue
		}
		for _, label := range labels {
			if !strings.Contains(series, label) {
				continue lines
			}
		}
		n, err := strconv.ParseFloat(value, 64)
		require.NoError(r, err, line)
		sum += n
	}
	return sum
}

// scim asks one of the two.
func (p *pair) scim(server int, method, path, body string) answered {
	p.Helper()
	return do(p.T, method, p.servers[server%2].url+"/scim/v2"+path, p.token, body)
}

// api asks the REST API of one of the two.
func (p *pair) api(server int, method, path, body string) answered {
	p.Helper()
	return p.apiAs(p.key, server, method, path, body)
}

func (p *pair) apiAs(key string, server int, method, path, body string, header ...string) answered {
	p.Helper()
	r, err := http.NewRequestWithContext(p.Context(), method, p.servers[server%2].url+"/api/v1"+path, strings.NewReader(body))
	require.NoError(p, err)
	r.Header.Set("Authorization", "Bearer "+key)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return p.answer(r)
}

// check asks, as a proxy does, whether the holder of a session may go on to an application.
func (p *pair) check(server int, session string) answered {
	p.Helper()
	r, err := http.NewRequestWithContext(p.Context(), http.MethodGet, p.servers[server%2].url+"/auth/check", http.NoBody)
	require.NoError(p, err)
	r.Header.Set("X-Original-Url", "https://crm.acme.test/deals")
	r.AddCookie(&http.Cookie{Name: "usher_session", Value: session})
	return p.answer(r)
}

// answer sends a request and reads the answer to its end.
func (p *pair) answer(r *http.Request) answered {
	p.Helper()
	response, err := (&http.Client{Timeout: time.Minute}).Do(r)
	require.NoError(p, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(p, err)
	return answered{response.StatusCode, response.Header, string(text)}
}

// made is the id in an answer that must say that something was made.
func (p *pair) made(got answered) string {
	p.Helper()
	require.Equal(p, http.StatusCreated, got.status, got.body)
	return idOf(p.T, got.body)
}

// together counts the statuses of n requests that are made at once, each to the other server than the one before.
func (p *pair) together(n int, ask func(i int) answered) map[int]int {
	p.Helper()
	statuses := make([]int, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { statuses[i] = ask(i).status })
	}
	group.Wait()
	counts := map[int]int{}
	for _, s := range statuses {
		counts[s]++
	}
	return counts
}

// count is the number that a statement gives.
func (p *pair) count(statement string, args ...any) int {
	p.Helper()
	return storetest.Count(p.T, p.db, statement, args...)
}

func (p *pair) exec(statement string, args ...any) {
	p.Helper()
	_, err := p.db.ExecContext(p.Context(), statement, args...)
	require.NoError(p, err)
}

// eventually waits for something that the servers do by themselves.
func (p *pair) eventually(what string, so func() bool) {
	p.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			require.Fail(p, "it did not come to that: "+what, "%s\n%s", p.servers[0].log, p.servers[1].log)
		}
	}
}

const setActive = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":%t}]}`

// Of the seats that are free exactly as many are taken, whichever of two processes is asked (rule seat.never-oversold,
// security 48).
func TestTwoProcessesNeverOversell(t *testing.T) {
	t.Parallel()
	storetest.EachLevel(t, twoNeverOversell)
}

func twoNeverOversell(t *testing.T, databaseURL string) {
	p := newPair(t, databaseURL, "full=10")
	held := func() int { return p.count("SELECT count(*) FROM seats WHERE holder_id IS NOT NULL") }
	require.Equal(t, map[int]int{http.StatusCreated: 10, http.StatusForbidden: 54}, p.together(64, func(i int) answered {
		return p.scim(i, http.MethodPost, "/Users", user(fmt.Sprintf("u%d@acme.test", i)))
	}))
	require.Equal(t, 10, held())
	ids := column(t, p.db, "SELECT user_id::text FROM users ORDER BY user_id")
	require.Len(t, ids, 10, "who was refused left nothing behind")

	// All leave, and come back through both for the half of the seats.
	require.Equal(t, map[int]int{http.StatusOK: 10}, p.together(10, func(i int) answered {
		return p.scim(i, http.MethodPatch, "/Users/"+ids[i], fmt.Sprintf(setActive, false))
	}))
	require.Equal(t, 0, held())
	got := p.api(1, http.MethodPut, "/licences/full/seats", `{"limit":5}`)
	require.Equal(t, http.StatusNoContent, got.status, got.body)
	require.Equal(t, map[int]int{http.StatusOK: 5, http.StatusForbidden: 5}, p.together(10, func(i int) answered {
		return p.scim(i, http.MethodPatch, "/Users/"+ids[i], fmt.Sprintf(setActive, true))
	}))
	require.Equal(t, 5, held())
	require.Equal(t, 5, p.count("SELECT count(*) FROM users WHERE status = 'active'"))
}

// What is changed through one process holds for the next request at the other (rule access.immediate): permissions, an
// account, a token, an API key, a session.
func TestTwoProcessesFollowAtOnce(t *testing.T) {
	t.Parallel()
	storetest.EachLevel(t, twoFollowAtOnce)
}

func twoFollowAtOnce(t *testing.T, databaseURL string) {
	p := newPair(t, databaseURL, "unlimited")
	ana := p.made(p.scim(0, http.MethodPost, "/Users", user("ana@acme.test")))
	grants := []string{`{"users:view":true}`, `{"users:view":true,"teams:view":true}`}
	profile := p.made(p.api(0, http.MethodPost, "/profiles", `{"name":"Flips","grants":`+grants[0]+`}`))
	got := p.api(1, http.MethodPatch, "/users/"+ana+"/access", `{"profile_id":"`+profile+`"}`)
	require.Equal(t, http.StatusOK, got.status, got.body)
	for i := range 10 {
		got = p.api(i, http.MethodPut, "/profiles/"+profile, `{"grants":`+grants[(i+1)%2]+`}`)
		require.Equal(t, http.StatusOK, got.status, got.body)
		for _, server := range []int{i + 1, i} {
			got = p.api(server, http.MethodGet, "/users/"+ana+"/permissions", "")
			require.Equal(t, i%2 == 0, strings.Contains(got.body, "teams:view"), got.body)
		}
		got = p.scim(i, http.MethodPatch, "/Users/"+ana, fmt.Sprintf(setActive, i%2 == 1))
		require.Equal(t, http.StatusOK, got.status, got.body)
		got = p.api(i+1, http.MethodGet, "/users/"+ana+"/access-decision?method=session", "")
		require.Contains(t, got.body, fmt.Sprintf(`"allowed":%t`, i%2 == 1))
	}

	// Who has been let in before is refused by both.
	for end := range 2 {
		got := p.api(end, http.MethodPost, "/api-keys", `{"name":"Soon gone","permissions":["users:view"]}`)
		var key struct {
			Key string `json:"api_key"`
		}
		id := p.made(got)
		require.NoError(t, json.Unmarshal([]byte(got.body), &key))
		for server := range 2 {
			require.Equal(t, http.StatusOK, p.apiAs(key.Key, server, http.MethodGet, "/users", "").status)
		}
		got = p.api(end, http.MethodDelete, "/api-keys/"+id, "")
		require.Equal(t, http.StatusNoContent, got.status, got.body)
		for _, server := range []int{end + 1, end} {
			require.Equal(t, http.StatusUnauthorized, p.apiAs(key.Key, server, http.MethodGet, "/users", "").status)
		}
	}
	entrance, signedIn := p.signIn("ben@acme.test")
	_, err := entrance.Verify(t.Context(), signedIn.Token)
	require.NoError(t, err)
	ben := signedIn.Session.User.String()
	admin := domain.NewAdministration(storetest.Open(t, p.database), storetest.Environment(), rand.Reader)
	who := domain.Administrator{Organisation: p.org.ID, Actor: domain.ActorOperator(), Owner: true}
	_, err = admin.CreateApplication(t.Context(), who, domain.ApplicationSpec{Name: "CRM", Origins: []string{"https://crm.acme.test"}})
	require.NoError(t, err)
	got = p.api(0, http.MethodPatch, "/users/"+ben+"/access", `{"profile_id":"`+profile+`"}`)
	require.Equal(t, http.StatusOK, got.status, got.body)
	for i := range 4 {
		got = p.api(i, http.MethodPut, "/profiles/"+profile, `{"grants":`+grants[(i+1)%2]+`}`)
		require.Equal(t, http.StatusOK, got.status, got.body)
		for _, server := range []int{i + 1, i} {
			got = p.check(server, signedIn.Token)
			require.Equal(t, http.StatusOK, got.status, got.body)
			require.Equal(t, ben, got.header.Get("X-Usher-User"))
			require.Equal(t, i%2 == 0, strings.Contains(got.header.Get("X-Usher-Permissions"), "teams:view"), got.header)
		}
	}
	got = p.api(0, http.MethodDelete, "/users/"+ben+"/sessions/"+signedIn.Session.ID.String(), "")
	require.Equal(t, http.StatusNoContent, got.status, got.body)
	_, err = entrance.Verify(t.Context(), signedIn.Token)
	require.True(t, domain.IsKind(err, domain.Unauthenticated), "%v", err)
	for server := range 2 {
		require.Equal(t, http.StatusUnauthorized, p.check(server, signedIn.Token).status)
	}

	for server := range 2 {
		require.Equal(t, http.StatusOK, p.scim(server, http.MethodGet, "/Users/"+ana, "").status)
	}
	connections := p.api(0, http.MethodGet, "/connections", "")
	tokens := p.api(0, http.MethodGet, "/connections/"+idOf(t, connections.body)+"/tokens", "")
	got = p.api(1, http.MethodDelete, "/tokens/"+idOf(t, tokens.body), "")
	require.Equal(t, http.StatusNoContent, got.status, got.body)
	for server := range 2 {
		require.Equal(t, http.StatusUnauthorized, p.scim(server, http.MethodGet, "/Users/"+ana, "").status)
		require.Equal(t, http.StatusUnauthorized, p.scim(server, http.MethodPost, "/Users", user("late@acme.test")).status)
	}
}

const goodPassword = "a mule on the harbour"

// links is the key of links of the servers.
func (p *pair) links() domain.LinkKey {
	p.Helper()
	key, err := keyring{keyFlags{SecretKey: scriptKey}, p.database}.key()
	require.NoError(p, err)
	links, err := linkKey(key)
	require.NoError(p, err)
	return links
}

// entrance is where people come in, of a third process.
func (p *pair) entrance() *domain.Entrance {
	p.Helper()
	env := storetest.Environment()
	env.Links = p.links()
	return domain.NewEntrance(storetest.Open(p.T, p.database), env, rand.Reader)
}

// signIn invites somebody through one of the two, and lets them accept.
func (p *pair) signIn(address string) (*domain.Entrance, domain.SignedIn) {
	p.Helper()
	p.invite(0, address)
	link, ok := domain.ParseID[domain.Link](column(p.T, p.db, "SELECT link_id::text FROM links WHERE state = 'open'")[0])
	require.True(p, ok)
	entrance := p.entrance()
	signedIn, err := entrance.AcceptInvitation(p.Context(), p.links().Token(p.org.ID, domain.LinkInvitation, link), goodPassword, domain.Visitor{})
	require.NoError(p, err)
	return entrance, signedIn
}

// invite adds somebody by hand, who is sent an invitation.
func (p *pair) invite(server int, address string) {
	p.Helper()
	role := column(p.T, p.db, "SELECT role_id::text FROM roles WHERE name = 'Agent'")[0]
	p.made(p.api(server, http.MethodPost, "/users", `{"given_name":"Somebody","family_name":"New","email":"`+address+`","role_id":"`+role+`"}`))
}

// A sweep that is due is run by one of two processes, once, and what it finds is told once (rule sweep.once).
func TestTwoProcessesSweepOnce(t *testing.T) {
	t.Parallel()
	storetest.EachLevel(t, twoSweepOnce)
}

func twoSweepOnce(t *testing.T, databaseURL string) {
	const people = 12
	p := newPair(t, databaseURL, "unlimited")
	for i := range people {
		p.invite(i, fmt.Sprintf("u%d@acme.test", i))
	}
	p.exec("UPDATE organisations SET created_at = 0") // it was there when the hour began
	p.exec("UPDATE links SET expires_at = 1")
	swept := func(name string, labels ...string) float64 {
		return p.servers[0].metric(name, labels...) + p.servers[1].metric(name, labels...)
	}
	// Both look within ten seconds of their start.
	p.eventually("both have looked for what is due", func() bool {
		for _, s := range p.servers {
			if s.metric("usher_worker_runs_total", `worker="sweeps"`) == 0 {
				return false
			}
		}
		return true
	})
	require.Equal(t, people, p.count("SELECT count(*) FROM events WHERE type = $1", domain.UserInvitationExpired))
	require.Equal(t, people, p.count("SELECT count(DISTINCT subject_id) FROM events WHERE type = $1", domain.UserInvitationExpired))
	require.InDelta(t, people, swept("usher_sweep_changes_total", `kind="links"`), 0)
	require.Zero(t, swept("usher_sweeps_total", `outcome="failed"`))
	// Each due time of a kind has one row, and one of the two has counted it.
	require.InDelta(t, p.count("SELECT count(*) FROM sweeps WHERE finished_at IS NOT NULL"), swept("usher_sweeps_total", `outcome="finished"`), 0)

	// Operators who ask for it at the same moment get the sweep of the day once as well.
	for i := range people {
		p.invite(i, fmt.Sprintf("v%d@acme.test", i))
	}
	p.exec("UPDATE links SET expires_at = 1 WHERE state = 'open'")
	expired := make([]int, 4)
	var group sync.WaitGroup
	for i := range expired {
		group.Go(func() {
			out, err := program(p.database, "sweep", "--org", "acme", "--json").Output()
			var told struct {
				Expired int `json:"links_expired"`
			}
			if err != nil || json.Unmarshal(out, &told) != nil {
				t.Errorf("%v: %s", err, out)
			}
			expired[i] = told.Expired
		})
	}
	group.Wait()
	slices.Sort(expired)
	require.Equal(t, []int{0, 0, 0, people}, expired)
	require.Equal(t, 2*people, p.count("SELECT count(*) FROM events WHERE type = $1", domain.UserInvitationExpired))
}

// What may come so often, or once, is counted by two processes together: requests of an API key, a request under one
// Idempotency-Key, and a token that may be used once.
func TestTwoProcessesCountTogether(t *testing.T) {
	t.Parallel()
	storetest.EachLevel(t, twoCountTogether)
}

func twoCountTogether(t *testing.T, databaseURL string) {
	const limit, asked = 20, 100
	p := newPair(t, databaseURL, "unlimited", "--rate-limit", strconv.Itoa(limit))
	began := time.Now()
	counts := p.together(asked, func(i int) answered { return p.api(i, http.MethodGet, "/users", "") })
	windows := int(time.Now().Unix()-began.Unix()) + 1
	require.Positive(t, counts[http.StatusOK])
	require.LessOrEqual(t, counts[http.StatusOK], limit*windows)
	require.Equal(t, asked, counts[http.StatusOK]+counts[http.StatusTooManyRequests])

	var key struct {
		Key string `json:"api_key"`
	}
	p.tool(&key, "apikey", "create", "--org", "acme", "--name", "Another", "--permissions", everything, "--json") // with a count of its own
	counts = p.together(limit/2, func(i int) answered {
		return p.apiAs(key.Key, i, http.MethodPost, "/connections", `{"name":"once"}`, "Idempotency-Key", "k")
	})
	require.Positive(t, counts[http.StatusCreated])
	require.Equal(t, limit/2, counts[http.StatusCreated]+counts[http.StatusConflict], "made, the same answer, or under way: %v", counts)
	require.Equal(t, 1, p.count("SELECT count(*) FROM connections WHERE name = 'once'"))
	require.Equal(t, 1, p.count("SELECT count(*) FROM events WHERE type = $1", domain.ConnectionCreated)-1, "the first came with the organisation")

	var first, replayed atomic.Int64
	var group sync.WaitGroup
	for range 2 {
		entrance := domain.NewEntrance(storetest.Open(t, p.database), storetest.Environment(), rand.Reader)
		for range 16 {
			group.Go(func() {
				_, err := entrance.EndByProvider(t.Context(), domain.ProviderEnding{Organisation: p.org.ID, Token: "token", Until: time.Now().Add(time.Hour)}, domain.Visitor{})
				switch {
				case err == nil:
					first.Add(1)
				case domain.IsCode(err, domain.CodeTokenReplayed):
					replayed.Add(1)
				default:
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	require.Equal(t, []int64{1, 31}, []int64{first.Load(), replayed.Load()})
}
