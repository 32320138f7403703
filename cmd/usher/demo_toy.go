package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"

	"usher/cmd/usher/toyidp"
	"usher/domain"
	"usher/oidc"
)

// toy is the toy identity provider while the demo runs. It listens on a loopback address whatever the demo listens on:
// whoever reaches it is whomever they click on.
type toy struct {
	listener net.Listener
	provider *toyidp.Provider
	server   *http.Server
	running  sync.WaitGroup
}

// openToy takes a port.
func openToy(ctx context.Context) (*toy, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the toy identity provider cannot listen: %w", err)
	}
	return &toy{listener: listener}, nil
}

// URL is its address, and its issuer.
func (t *toy) URL() string { return address(t.listener.Addr().String()).byName() }

// How Usher is registered at it, and it at Usher.
const (
	toyClient = "usher-demo"
	toyName   = "Toy identity provider"
)

// connect makes the connection to it, and a token for what it pushes. Only the demo can: the issuer of any other connection
// is https.
func (t *toy) connect(ctx context.Context, app *App, owner domain.Administrator) (token string, err error) {
	key, err := app.config.Key.key()
	if err != nil {
		return "", err
	}
	secret := rand.Text()
	connection, err := app.Installation.CreateConnection(ctx, "acme", domain.ConnectionSpec{
		Name: toyName, Kind: domain.KindGeneric, OIDC: domain.OIDCSpec{
			Issuer: t.URL(), ClientID: toyClient, OnThisMachine: true,
			Seal: func(org domain.OrganisationID, id domain.ConnectionID) ([]byte, error) {
				return key.Seal(sealPurpose, []byte(secret), sealPlace(org, id))
			},
		},
	})
	if err != nil {
		return "", err
	}
	// Its subjects are the directory's external ids: who signs in is known by that.
	_, err = app.Administration.ChangeProviderSettings(ctx, owner, connection.ID, domain.IfMatch{}, nil, func(s domain.ProviderSettings) domain.ProviderSettings {
		s.Claims, s.LinksExternalID = map[string]string{"external_id": "sub"}, true
		return s
	})
	if err != nil {
		return "", err
	}
	if _, token, err = app.Installation.CreateToken(ctx, "acme", domain.TokenSpec{Connection: connection.Name}); err != nil {
		return "", err
	}
	people, groups := toyPeople()
	base := app.baseURL()
	t.provider, err = toyidp.New(toyidp.Config{
		Issuer: t.URL(), People: people, Groups: groups, Now: app.config.Environment.Now, Random: app.config.Random,
		SCIM: toyidp.SCIM{URL: app.scimURL(), Token: token},
		Client: toyidp.Client{
			ID: toyClient, Secret: secret, RedirectURI: base + oidc.CallbackPath(connection.ID),
			LogoutURI: base + "/oidc/" + connection.ID.String() + "/logout", Home: base, SignIn: base + "/sign-in/acme",
		},
	})
	return token, err
}

// serve begins to answer.
func (t *toy) serve(app *App) {
	t.server = newServer(t.provider, app.config.Log)
	t.running.Go(func() {
		if err := t.server.Serve(t.listener); !errors.Is(err, http.ErrServerClosed) {
			app.ended <- fmt.Errorf("the toy identity provider ended: %w", err)
		}
	})
}

// stop ends it: nothing of it is worth finishing.
func (t *toy) stop() error {
	err := t.server.Close()
	t.running.Wait()
	t.provider.Close()
	return err
}

// discard closes what was opened and is not served.
func (t *toy) discard() { _ = t.listener.Close() }
