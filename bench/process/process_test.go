package process_test

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/bench/process"
)

// TestMain is also the process that the tests start: this program again, with BENCH_TEST_AS set.
func TestMain(m *testing.M) {
	switch os.Getenv("BENCH_TEST_AS") {
	case "server":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		work(50 * time.Millisecond)
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		fmt.Fprintf(os.Stderr, "not JSON\n{\"msg\":\"something else\"}\n{\"msg\":\"serving\",\"url\":\"http://%s\"}\n%s{\"level\":\"INFO\"}\n", l.Addr(), strings.Repeat("a long log\n", 10_000))
		<-stop
	case "failing":
		fmt.Fprintln(os.Stderr, "the port is in use")
		os.Exit(2)
	case "command":
		_, _ = fmt.Printf("{\"usher\":%q,\"other\":%q}", os.Getenv("USHER_DATABASE"), os.Getenv("BENCH_OTHER"))
	default:
		os.Exit(m.Run())
	}
}

// work uses so much of a processor.
func work(much time.Duration) {
	var used syscall.Rusage
	for time.Duration(used.Utime.Nano()+used.Stime.Nano()) < much {
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
			panic(err)
		}
	}
}

func as(role string, env ...string) process.Command {
	return process.Command{Path: os.Args[0], Env: append(env, "BENCH_TEST_AS="+role)}
}

func TestAServerIsStartedMeasuredAndStopped(t *testing.T) {
	t.Parallel()
	s, err := process.Start(t.Context(), as("server"))
	require.NoError(t, err)
	conn, err := net.Dial("tcp", s.Address())
	require.NoError(t, err)
	_ = conn.Close()
	require.Positive(t, s.Took)
	if runtime.GOOS == "linux" {
		m, err := s.Memory()
		require.NoError(t, err)
		require.Positive(t, m.Resident)
		require.GreaterOrEqual(t, m.Peak, m.Resident)
		require.NoError(t, s.ResetPeak())
		require.GreaterOrEqual(t, s.CPU(), 40*time.Millisecond)
	}
	require.Contains(t, s.Log(), "a long log")
	s.Stop()
	s.Stop() // again, as a deferred one does
	require.Contains(t, s.Log(), "a long log")
	require.Less(t, len(s.Log()), 40_000, "only the end is kept")
	require.NotContains(t, s.Log(), "INFO")
	_, err = net.Dial("tcp", s.Address())
	require.Error(t, err, "it is gone")
}

func TestAServerThatEndsSaysWhy(t *testing.T) {
	t.Parallel()
	_, err := process.Start(t.Context(), as("failing"))
	require.ErrorContains(t, err, "the port is in use")
	require.ErrorContains(t, err, "exit status 2")
}

func TestSettingsOfThisProcessAreNotTheChilds(t *testing.T) {
	t.Setenv("USHER_DATABASE", "sqlite:mine.db")
	var got struct{ Usher, Other string }
	require.NoError(t, process.Run(t.Context(), as("command", "BENCH_OTHER=given"), &got))
	require.Empty(t, got.Usher)
	require.Equal(t, "given", got.Other)
	require.NoError(t, process.Run(t.Context(), as("command", "USHER_DATABASE=sqlite:its.db"), &got))
	require.Equal(t, "sqlite:its.db", got.Usher)
}
