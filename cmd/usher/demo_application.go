package main

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"usher/domain"
)

// demoApplication is an application that knows nobody: what it shows of whoever is there, it was told by /auth/check, which
// it asks with every request, as a proxy in front of a real one would (see docs/bridge.md). It listens on this machine, at
// Usher's host, whose cookies its requests come with.
type demoApplication struct {
	listener net.Listener
	usher    string
	client   *http.Client
	page     *template.Template
	server   *http.Server
	running  sync.WaitGroup
}

// openApplication takes a port.
func openApplication(ctx context.Context) (*demoApplication, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the application of the demo cannot listen: %w", err)
	}
	return &demoApplication{
		listener: listener, client: &http.Client{
			Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		page: template.Must(template.New("").Parse(`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>An application</title><style>` + plainStyle + `</style></head><body><main>
<h1>Hello {{.Name}}</h1><p>You are {{or .Role "here without a role"}}.</p><p>This application keeps no sessions and no passwords: it asks Usher with every request.</p>
<p><a href="{{.Usher}}/account">My account</a></p></main></body></html>
`)),
	}, nil
}

// register makes it known.
func (d *demoApplication) register(ctx context.Context, app *App, owner domain.Administrator) error {
	d.usher = app.baseURL()
	_, err := app.Administration.CreateApplication(ctx, owner, domain.ApplicationSpec{Name: "An application", Origins: []string{d.URL()}})
	return err
}

// URL is its address.
func (d *demoApplication) URL() string { return address(d.listener.Addr().String()).byName() }

// ServeHTTP says hello to whom Usher lets through, and hands on to everybody else what Usher answers: the way to sign in, or
// the page of why not.
func (d *demoApplication) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ask, err := http.NewRequestWithContext(r.Context(), http.MethodGet, d.usher+"/auth/check", http.NoBody)
	if err != nil {
		http.Error(w, "This address cannot be asked for.", http.StatusBadRequest)
		return
	}
	for _, name := range []string{"Accept", "Accept-Language", "Cookie"} {
		ask.Header[name] = r.Header[name]
	}
	ask.Header.Set("X-Forwarded-Proto", "http")
	ask.Header.Set("X-Forwarded-Host", strings.TrimPrefix(d.URL(), "http://"))
	ask.Header.Set("X-Forwarded-Uri", r.URL.RequestURI())
	ask.Header.Set("X-Forwarded-Method", r.Method)
	told, err := d.client.Do(ask)
	if err != nil {
		http.Error(w, "Usher does not answer.", http.StatusBadGateway)
		return
	}
	defer func() { _ = told.Body.Close() }()
	if told.StatusCode != http.StatusOK {
		maps.Copy(w.Header(), told.Header)
		w.WriteHeader(told.StatusCode)
		_, _ = io.Copy(w, told.Body)
		return
	}
	plainPage(w.Header())
	shown := struct{ Name, Role, Usher string }{Usher: d.usher}
	shown.Name, _ = url.PathUnescape(told.Header.Get("X-Usher-Name"))
	shown.Role, _ = url.PathUnescape(told.Header.Get("X-Usher-Role"))
	_ = d.page.Execute(w, shown)
}

// serve begins to answer.
func (d *demoApplication) serve(app *App) {
	d.server = newServer(d, app.config.Log)
	d.running.Go(func() {
		if err := d.server.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
			app.ended <- fmt.Errorf("the application of the demo ended: %w", err)
		}
	})
}

// stop ends it.
func (d *demoApplication) stop() error {
	err := d.server.Close()
	d.running.Wait()
	d.client.CloseIdleConnections()
	return err
}

// discard closes what was opened and is not served.
func (d *demoApplication) discard() { _ = d.listener.Close() }
