package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"usher/admin/api"
	"usher/delivery"
	"usher/delivery/mail"
	"usher/delivery/webhook"
	"usher/domain"
	"usher/internal/password"
	"usher/internal/secret"
	"usher/oidc"
	"usher/oidc/assertion"
	"usher/persistence"
	"usher/scim"
	"usher/signin"
)

// App is the server: a database, the use cases on it, and the doors in front of them. Start returns when it answers;
// Stop when the last request has been answered and everything counted is written down.
//
//	app := NewApp(Config{Listen: "127.0.0.1:0", Database: persistence.Config{URL: "sqlite:usher.db"}, …})
//	err := app.Start(ctx)
//	http.Get(app.URL() + "/healthz")
//	err = app.Stop(ctx)
type App struct {
	config Config

	// The use cases, from Start on.
	Installation   *domain.Installation
	Directory      *domain.Directory
	Administration *domain.Administration
	Entrance       *domain.Entrance

	store   *persistence.Store
	ledger  *domain.Ledger
	metrics *metrics
	party   *oidc.RelyingParty
	signer  *assertion.Signer
	scim    http.Handler
	api     http.Handler
	oauth   http.Handler
	people  *signin.Handler
	health  *health

	listener, metricsListener net.Listener
	server, metricsServer     *http.Server

	bodyTime time.Duration // see server.go
	stopping atomic.Bool
	ended    chan error // a listener that ended by itself
	running  sync.WaitGroup
	workers  workers
	courier  *delivery.Courier
	sender   *webhook.Sender
	outbox   *domain.Outbox
}

// Config is everything an App takes from outside.
type Config struct {
	Listen              string // HOST:PORT; port 0 is any free one
	MetricsListen       string // empty: no metrics
	PublicURL           string // where clients reach the server; empty: where it listens
	Database            persistence.Config
	Key                 keyring
	RateLimit           int            // requests per second and connection or API key; 0: no limit
	Proxies             []netip.Prefix // whose word on the address of a client is taken
	Providers           providerFlags
	WebhookAllowPrivate bool // webhooks may go to private addresses and over http
	Mail                mail.Config
	Box                 *letterBox // keeps letters instead of sending them; nil: they are sent, or stay queued
	Demo                bool       // the toy provider of the demo may be asked (see demo.go)

	Environment domain.Environment
	Random      io.Reader // cryptographic; the secrets of tokens
	Log         *slog.Logger
	Registry    *prometheus.Registry // what /metrics shows
}

// How long things may take.
const (
	flushEvery = time.Second
	stopWithin = 20 * time.Second // what is in flight
	flushTime  = 5 * time.Second  // the last counts
)

// NewApp makes a server that does nothing yet.
func NewApp(c Config) *App {
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	return &App{config: c, bodyTime: bodyTime, ended: make(chan error, 4)} // one for each listener, and those beside the demo
}

// Start opens everything and begins to answer. Errors name the setting.
func (a *App) Start(ctx context.Context) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	a.serve()
	return nil
}

// open opens everything, or nothing. What cannot be is refused before anything is created: the ports first, then the
// key that is there, then the database, and only then is a key made. Whoever connects from now on is answered by serve.
func (a *App) open(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			a.discard()
		}
	}()
	if a.listener, err = listen(ctx, "listen", a.config.Listen); err != nil {
		return err
	}
	if a.config.MetricsListen != "" {
		if a.metricsListener, err = listen(ctx, "metrics-listen", a.config.MetricsListen); err != nil {
			return err
		}
	}
	if err = a.config.Key.check(); err != nil {
		return err
	}
	if a.store, err = openCurrent(ctx, a.config.Database); err != nil {
		return err
	}
	key, err := a.config.Key.key()
	if err != nil {
		return err
	}
	return a.wire(key)
}

// wire makes the use cases and the doors.
func (a *App) wire(key secret.Key) error {
	env := a.config.Environment
	var err error
	if env.Links, err = linkKey(key); err != nil {
		return err
	}
	if env.Passwords, err = password.New(a.config.Random); err != nil {
		return err
	}
	a.config.Environment = env
	if a.metrics, err = newMetrics(a.config.Registry, a.store.Stat); err != nil {
		return err
	}
	a.Installation = domain.NewInstallation(a.store, env, a.config.Random)
	a.Administration = domain.NewAdministration(lagging{a.store, env.Now, a.metrics.lag}, env, a.config.Random)
	a.Entrance = domain.NewEntrance(lagging{a.store, env.Now, a.metrics.lag}, env, a.config.Random)
	a.Directory = domain.NewDirectory(lagging{a.store, env.Now, a.metrics.lag}, env)
	a.ledger = domain.NewLedger(a.store, env)
	a.health = &health{now: env.Now, stopping: &a.stopping, schema: a.store.SchemaState}

	cursors, err := key.Derive("cursor")
	if err != nil {
		return err
	}
	base := a.scimURL()
	c := scim.Config{
		Directory: a.Directory, BaseURL: func() string { return base }, CursorKey: cursors, Now: env.Now,
		Log: a.config.Log, Ledger: a.ledger, Observe: a.observe, RequestID: requestID, ClientAddress: clientOf,
	}
	if a.party, err = a.config.Providers.newRelyingParty(env, a.config.Demo); err != nil {
		return err
	}
	if a.signer, err = a.newSigner(key); err != nil {
		return err
	}
	if err := a.wirePeople(key); err != nil {
		return err
	}
	c.Guests = a.people
	var limiter *domain.Limiter
	if a.config.RateLimit > 0 {
		limiter = domain.NewLimiter(a.store, env, a.config.RateLimit)
		c.Limiter = limiter
	}
	if a.scim, err = scim.New(c); err != nil {
		return err
	}
	if err := a.wireOAuth(limiter); err != nil {
		return err
	}
	if err := a.wireDelivery(key); err != nil {
		return err
	}
	return a.wireAPI(key, limiter)
}

// wireAPI makes the door of applications and administrators.
func (a *App) wireAPI(key secret.Key, limiter *domain.Limiter) error {
	cursors, err := key.Derive("api cursor")
	if err != nil {
		return err
	}
	c := api.Config{
		Administration: a.Administration, CursorKey: cursors, Now: a.config.Environment.Now, Log: a.config.Log,
		Seal: func(text, place []byte) ([]byte, error) { return key.Seal("api answer", text, place) },
		Open: func(sealed, place []byte) ([]byte, error) { return key.Open("api answer", sealed, place) },
		Webhooks: domain.WebhookTerms{
			AllowPrivate: a.config.WebhookAllowPrivate,
			Seal:         func(plain, place []byte) ([]byte, error) { return key.Seal(webhookPurpose, plain, place) },
		},
		Observe: a.observeAPI, RequestID: requestID, ClientAddress: clientOf, Resolver: dns{},
		Checker: oidc.Checker{Party: a.party, Registrar: a.registrar(key)},
		Clients: a.clients(key), Guests: a.people,
	}
	if limiter != nil {
		c.Limiter = limiter
	}
	a.api, err = api.New(c)
	return err
}

// serve begins to answer.
func (a *App) serve() {
	a.server = newServer(a.handler(), a.config.Log)
	a.running.Go(func() { a.listenOn(a.server, a.listener) })
	if a.metricsListener != nil {
		a.metricsServer = newServer(a.metrics.handler(a.config.Registry), a.config.Log)
		a.running.Go(func() { a.listenOn(a.metricsServer, a.metricsListener) })
	}
	a.workers = workers{log: a.config.Log, runs: a.metrics.runs}
	a.employ()
}

func (a *App) listenOn(server *http.Server, listener net.Listener) {
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		a.ended <- fmt.Errorf("listening on %s ended: %w", listener.Addr(), err)
	}
}

// Wait returns when the server is to stop: nil when ctx ended, or why it can not go on.
func (a *App) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-a.ended:
		return err
	}
}

// URL is where the server listens, with the port it was given. People come to the demo by the name of their machine.
func (a *App) URL() string {
	at := address(a.listener.Addr().String())
	if a.config.Demo {
		return at.byName()
	}
	return at.reachable()
}

// MetricsURL is where the metrics are; empty when they are off.
func (a *App) MetricsURL() string {
	if a.metricsListener == nil {
		return ""
	}
	return address(a.metricsListener.Addr().String()).reachable() + "/metrics"
}

// Stop ends it all in order: nothing new is accepted, what is in flight is finished (for 20 seconds, or until ctx
// ends), what was counted is written down, the database is closed.
func (a *App) Stop(ctx context.Context) error {
	a.stopping.Store(true)
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	err := a.server.Shutdown(ctx)
	if err != nil {
		a.config.Log.LogAttrs(ctx, slog.LevelWarn, "requests that did not end in time were cut", slog.Duration("after", stopWithin))
		err = a.server.Close()
	}
	if a.metricsServer != nil {
		err = errors.Join(err, a.metricsServer.Close())
	}
	a.workers.stop()
	a.courier.Wait()
	a.sender.Close()
	a.running.Wait()
	a.party.Close()
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	return errors.Join(err, a.ledger.Flush(ctx), a.store.Close())
}

// discard closes what was opened and is not served.
func (a *App) discard() {
	for _, l := range []net.Listener{a.listener, a.metricsListener} {
		if l != nil {
			_ = l.Close()
		}
	}
	if a.store != nil {
		_ = a.store.Close()
	}
}

// listen takes a port.
func listen(ctx context.Context, flag, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, wrong(flag, "the port of %s is in use; stop what uses it or choose another port", address)
	case errors.Is(err, syscall.EACCES):
		return nil, wrong(flag, "this process may not listen on %s; choose a port above 1023", address)
	}
	return nil, wrong(flag, "it is not possible to listen on %s; use an address of this machine (%v)", address, plainly(err))
}

// plainly is the innermost reason of a network error.
func plainly(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}
