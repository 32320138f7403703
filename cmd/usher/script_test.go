package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"usher/oidc/oidctest"
	"usher/persistence/storetest"
)

// The scripts in testdata/script are the command line's documentation that runs. They are run over both databases;
// $USHER_DATABASE names one that is empty, and [sqlite] and [postgres] tell which it is. Beside testscript's own commands they
// have the ones below.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"usher": func() { os.Exit(run(os.Args[1:])) },
	})
}

const (
	scriptKey  = "a-secret-key-for-scripts-0123456789abcdef"
	scriptWait = 20 * time.Second // for what should take a moment
)

// Every line runs a program of its own, a moment long; the servers that they start are run in this process by the other
// tests.
//
//race:without each program is a process of its own
func TestScripts(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		runScripts(t, "sqlite", func(*testscript.Env) string { return "sqlite:usher.db" })
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		storetest.EmptyPostgresURL(t) // skips, or fails, where there is no server
		runScripts(t, "postgres", func(env *testscript.Env) string {
			tb, ok := env.T().(testing.TB)
			if !ok {
				panic("testscript.Run gives the T of the testing package")
			}
			return storetest.EmptyPostgresURL(tb)
		})
	})
}

func runScripts(t *testing.T, kind string, database func(*testscript.Env) string) {
	t.Helper()
	// An OpenID provider, and the file by which the programs trust its certificate.
	provider := oidctest.New(t)
	provider.Instead = brokenBelow(provider)
	authority := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(authority, provider.CertificatePEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("USHER_DATABASE", database(env))
			if kind == "postgres" {
				env.Setenv("USHER_SECRET_KEY", scriptKey)
			}
			env.Setenv("KEY", scriptKey)
			env.Setenv("OIDC_PROVIDER", provider.Issuer)
			env.Setenv("SSL_CERT_FILE", authority)
			env.Setenv("GORACE", "atexit_sleep_ms=0") // with the race detector each command would end with a second of sleep
			env.Setenv("COLUMNS", "100")
			env.Values[slowKey{}] = &slowRequests{}
			return nil
		},
		Condition: func(condition string) (bool, error) {
			switch condition {
			case "sqlite", "postgres":
				return condition == kind, nil
			case "root":
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", condition)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fails": fails, "capture": capture, "port": port, "ready": ready, "gone": gone, "http": request,
			"signal": signalAll, "slow": slow, "empty": empty, "sql": statement, "oldpostgres": oldPostgres,
			"database-file": databaseFile, "flood": flood,
		},
	})
}

// fails CODE PROGRAM ARGUMENT…: the program ends with the exit code and says why in one line on stderr.
func fails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fails CODE PROGRAM [ARGUMENT…]")
	}
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || strconv.Itoa(exit.ExitCode()) != args[0] {
		ts.Fatalf("ended with %v, not with %s", err, args[0])
	}
	if text := ts.ReadFile("stderr"); strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, "usher: ") {
		ts.Fatalf("stderr is not one line that begins with usher:\n%s", text)
	}
	if text := ts.ReadFile("stdout"); text != "" {
		ts.Fatalf("stdout is not empty:\n%s", text)
	}
}

// capture NAME PATH [FILE]: sets a variable to what is at a path (.a.0.b) of the JSON in the file, or in stdout.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: capture NAME PATH [FILE]")
	}
	file := "stdout"
	if len(args) > 2 {
		file = args[2]
	}
	text := ts.ReadFile(file)
	if _, body, ok := strings.Cut(text, "\n\n"); ok && strings.HasPrefix(text, "HTTP ") {
		text = body
	}
	var v any
	ts.Check(json.NewDecoder(strings.NewReader(text)).Decode(&v))
	for step := range strings.SplitSeq(strings.TrimPrefix(args[1], "."), ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(at) {
				ts.Fatalf("nothing at %s in %s", args[1], text)
			}
			v = at[i]
		default:
			ts.Fatalf("nothing at %s in %s", args[1], text)
		}
	}
	if v == nil {
		ts.Fatalf("nothing at %s in %s", args[1], text)
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

// port NAME…: sets variables to ports that are free at this moment.
func port(ts *testscript.TestScript, _ bool, names []string) {
	var taken []net.Listener // all at once, so that no port comes twice
	for _, name := range names {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		taken = append(taken, l)
		_, number, err := net.SplitHostPort(l.Addr().String())
		ts.Check(err)
		ts.Setenv(name, number)
	}
	for _, l := range taken {
		ts.Check(l.Close())
	}
}

// eventually tries until it is so, within a bound.
func eventually(ts *testscript.TestScript, what string, try func() bool) {
	for deadline := time.Now().Add(scriptWait); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if try() {
			return
		}
	}
	ts.Fatalf("%s: not within %s", what, scriptWait)
}

// ready URL: waits until the server there is ready.
func ready(ts *testscript.TestScript, _ bool, args []string) {
	client := scriptClient()
	eventually(ts, args[0]+" ready", func() bool {
		response, err := client.Get(args[0] + "/readyz")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// gone HOST:PORT: waits until nothing listens there.
func gone(ts *testscript.TestScript, _ bool, args []string) {
	eventually(ts, args[0]+" gone", func() bool {
		conn, err := net.DialTimeout("tcp", args[0], time.Second)
		if err == nil {
			conn.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
}

func scriptClient() *http.Client {
	return &http.Client{Timeout: scriptWait, Transport: &http.Transport{DisableKeepAlives: true}}
}

// http METHOD URL [token=TEXT] [body=FILE] [HEADER=VALUE…]: prints the status, the headers and the body.
func request(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: http METHOD URL [token=TEXT] [body=FILE] [HEADER=VALUE…]")
	}
	var body io.Reader
	header := http.Header{}
	for _, arg := range args[2:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "token":
			header.Set("Authorization", "Bearer "+value)
		case "body":
			body = strings.NewReader(ts.ReadFile(value))
			header.Set("Content-Type", "application/scim+json")
		default:
			header.Set(name, value)
		}
	}
	r, err := http.NewRequest(args[0], args[1], body)
	ts.Check(err)
	r.Header = header
	response, err := scriptClient().Do(r)
	ts.Check(err)
	defer response.Body.Close()
	printResponse(ts, response)
}

func printResponse(ts *testscript.TestScript, response *http.Response) {
	var out bytes.Buffer
	fmt.Fprintf(&out, "HTTP %d\n", response.StatusCode)
	ts.Check(response.Header.Write(&out))
	text := strings.ReplaceAll(out.String(), "\r\n", "\n")
	body, err := io.ReadAll(response.Body)
	ts.Check(err)
	_, err = io.WriteString(ts.Stdout(), text+"\n"+string(body)+"\n")
	ts.Check(err)
}

// flood URL token=TEXT: asks again and again until it is told to come later, and prints that answer.
func flood(ts *testscript.TestScript, _ bool, args []string) {
	eventually(ts, "429", func() bool {
		r, err := http.NewRequest(http.MethodGet, args[0], http.NoBody)
		ts.Check(err)
		r.Header.Set("Authorization", "Bearer "+strings.TrimPrefix(args[1], "token="))
		response, err := scriptClient().Do(r)
		ts.Check(err)
		defer response.Body.Close()
		if response.StatusCode == http.StatusTooManyRequests {
			printResponse(ts, response)
			return true
		}
		return false
	})
}

// signal NAME: sends SIGTERM or SIGINT to everything in the background.
func signalAll(ts *testscript.TestScript, _ bool, args []string) {
	signals := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT}
	for _, command := range ts.BackgroundCmds() {
		ts.Check(command.Process.Signal(signals[args[0]]))
	}
}

type slowKey struct{}

// slowRequests are those that a script began and has not finished.
type slowRequests struct {
	body *io.PipeWriter
	rest string
	done chan *http.Response
	err  error
}

// slow begin METHOD URL token=TEXT body=FILE: sends a request up to the middle of its body, and returns when the server
// has it. slow finish: sends the rest and prints the answer.
func slow(ts *testscript.TestScript, _ bool, args []string) {
	s, ok := ts.Value(slowKey{}).(*slowRequests)
	if !ok {
		ts.Fatalf("slow: not set up")
	}
	if args[0] == "finish" {
		_, err := io.WriteString(s.body, s.rest)
		ts.Check(errors.Join(err, s.body.Close()))
		response := <-s.done
		ts.Check(s.err)
		defer response.Body.Close()
		printResponse(ts, response)
		return
	}
	text := ts.ReadFile(strings.TrimPrefix(args[4], "body="))
	reader, writer := io.Pipe()
	r, err := http.NewRequest(args[1], args[2], reader)
	ts.Check(err)
	r.ContentLength = int64(len(text))
	r.Header.Set("Authorization", "Bearer "+strings.TrimPrefix(args[3], "token="))
	r.Header.Set("Content-Type", "application/scim+json")
	r.Header.Set("Expect", "100-continue") // the server asks for the body, so it has the request
	s.body, s.rest, s.done = writer, text[len(text)/2:], make(chan *http.Response, 1)
	client := &http.Client{Timeout: scriptWait, Transport: &http.Transport{ExpectContinueTimeout: scriptWait}}
	go func() {
		response, err := client.Do(r) //nolint:bodyclose // closed by who gets it
		s.err = err
		reader.CloseWithError(err)
		s.done <- response
	}()
	_, err = io.WriteString(writer, text[:len(text)/2]) // returns when it has been taken
	ts.Check(err)
	ts.Defer(func() { writer.Close() })
}

// empty DIRECTORY [PATTERN]: nothing in the directory has such a name.
func empty(ts *testscript.TestScript, neg bool, args []string) {
	pattern := "*"
	if len(args) > 1 {
		pattern = args[1]
	}
	found, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), pattern))
	ts.Check(err)
	if neg == (len(found) == 0) {
		ts.Fatalf("there are %d: %s", len(found), found)
	}
}
