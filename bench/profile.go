package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"

	"usher/domain"
	"usher/persistence"
	"usher/scim"
)

// profileCommand serves Usher with profiles of itself beside it, on another port, until it is told to stop. The wiring
// is that of cmd/usher without access log and metrics.
type profileCommand struct {
	Database string `required:"" env:"BENCH_DATABASE"`
}

// Run serves.
func (c *profileCommand) Run(ctx context.Context) error {
	store, err := persistence.Open(ctx, persistence.Config{URL: c.Database})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	back, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	env := domain.Environment{Now: time.Now, NewID: uuid.NewV7}
	ledger := domain.NewLedger(store, env)
	base := "http://" + front.Addr().String()
	handler, err := scim.New(scim.Config{
		Directory: domain.NewDirectory(store, env), BaseURL: func() string { return base + scim.Prefix }, CursorKey: key[:], Now: env.Now,
		Log: slog.New(slog.NewJSONHandler(os.Stderr, nil)), Ledger: ledger,
		Observe: func(_ *http.Request, _ string, caller domain.Caller, _ int, _ time.Duration) { ledger.Used(caller) },
	})
	if err != nil {
		return err
	}
	profiles := http.NewServeMux()
	profiles.HandleFunc("/debug/pprof/profile", pprof.Profile)
	servers := []*http.Server{{Handler: handler}, {Handler: profiles}}
	stop := context.AfterFunc(ctx, func() {
		for _, s := range servers {
			_ = s.Close()
		}
	})
	defer stop()
	go func() { _ = servers[1].Serve(back) }() // ends with ErrServerClosed
	go func() {
		for ctx.Err() == nil {
			time.Sleep(time.Second)
			_ = ledger.Flush(ctx)
		}
	}()
	if err := json.NewEncoder(os.Stderr).Encode(map[string]string{"msg": "serving", "url": base, "debug": "http://" + back.Addr().String()}); err != nil {
		return err
	}
	_ = servers[0].Serve(front) // ends with ErrServerClosed
	return nil
}

// fetchProfile takes a CPU profile of so many seconds from a server that offers it, into a file.
func fetchProfile(ctx context.Context, debug string, seconds int, file string) <-chan error {
	outcome := make(chan error, 1)
	go func() { outcome <- profileInto(ctx, debug, seconds, file) }()
	return outcome
}

func profileInto(ctx context.Context, debug string, seconds int, file string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, debug+"/debug/pprof/profile?seconds="+strconv.Itoa(seconds), http.NoBody)
	if err != nil {
		return err
	}
	answer, err := (&http.Client{}).Do(request)
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	to, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, answer.Body)
	if errClose := to.Close(); err == nil {
		err = errClose
	}
	return err
}
