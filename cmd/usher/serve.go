package main

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"

	"usher/persistence"
	"usher/scim"
)

// serverFlags say how a server listens and what it tells.
type serverFlags struct {
	Listen        address   `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to listen; 127.0.0.1:8080 unless given."`
	PublicURL     baseURL   `placeholder:"URL" help:"The address under which identity providers reach the server, usually that of the proxy with TLS in front of it; http:// and where it listens unless given."`
	MetricsListen address   `placeholder:"HOST:PORT" help:"Serve /metrics for Prometheus there; off unless given."`
	RateLimit     rate      `placeholder:"N" help:"Answer at most N requests a second of one connection or API key, on all replicas together; no limit unless given."`
	TrustedProxy  []network `placeholder:"CIDR" help:"Networks of the proxies in front, such as 10.0.0.0/8 or 127.0.0.1: what they say about a client's address (X-Forwarded-For) is believed, and nobody else's word is. Without it the address is that of whoever connects, which behind a proxy is the proxy for everybody."`
	logFlags
}

type serveCommand struct {
	serverFlags
	providerFlags
	deliveryFlags
	keyFlags
	databaseFlags
}

// Help implements kong.HelpProvider.
func (serveCommand) Help() string {
	return `SCIM is at /scim/v2, liveness at /healthz, readiness at /readyz. The first signal to stop lets requests in flight finish, for 20 seconds at most; the second one does not.

Examples:

  usher serve
  usher serve --listen 0.0.0.0:8080 --public-url https://usher.acme.test --metrics-listen 127.0.0.1:9090
  USHER_DATABASE=postgres://usher@db.acme.test/usher USHER_SECRET_KEY_FILE=/run/secrets/usher usher serve`
}

// Run serves until it is told to stop.
func (c *serveCommand) Run(ctx context.Context, p *process) error {
	url, err := c.url()
	if err != nil {
		return err
	}
	log := newLogger(p.stderr, p.terminal, c.LogLevel)
	config := c.config(p, log, persistence.Config{URL: url, Connections: int(c.DatabaseConnections)}, c.keyFlags)
	config.Providers = c.providerFlags
	if err := c.deliveryFlags.set(&config); err != nil {
		return err
	}
	app := NewApp(config)
	if err := app.Start(ctx); err != nil {
		return err
	}
	log.LogAttrs(ctx, slog.LevelInfo, "serving", slog.String("url", app.URL()), slog.String("scim_url", app.scimURL()),
		slog.String("metrics_url", app.MetricsURL()), slog.String("database", persistence.Redacted(url)), slog.String("version", version()))
	err = app.Wait(ctx)
	log.LogAttrs(ctx, slog.LevelInfo, "stopping")
	if err = errors.Join(err, app.Stop(context.WithoutCancel(ctx))); err == nil {
		log.LogAttrs(ctx, slog.LevelInfo, "stopped")
	}
	return err
}

// config of the server with these flags.
func (f serverFlags) config(p *process, log *slog.Logger, database persistence.Config, key keyFlags) Config {
	listen := f.Listen
	if listen == "" {
		listen = "127.0.0.1:8080"
	}
	proxies := make([]netip.Prefix, 0, len(f.TrustedProxy))
	for _, n := range f.TrustedProxy {
		proxies = append(proxies, netip.Prefix(n))
	}
	return Config{
		Proxies: proxies,
		Listen:  string(listen), MetricsListen: string(f.MetricsListen), PublicURL: string(f.PublicURL),
		Database: database, Key: keyring{key, database.URL}, RateLimit: int(f.RateLimit),
		Environment: p.environment(), Random: p.random, Log: log,
	}
}

// baseURL is where clients and people reach the server.
func (a *App) baseURL() string {
	if a.config.PublicURL != "" {
		return a.config.PublicURL
	}
	return a.URL()
}

// scimURL is what goes into an identity provider.
func (a *App) scimURL() string { return a.baseURL() + scim.Prefix }
