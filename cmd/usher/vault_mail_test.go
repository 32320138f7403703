package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"usher/delivery/mail"
	"usher/domain"
	"usher/persistence"
)

// guardedInbox is an inbox behind TLS and a password, that may repeat what it is sent.
type guardedInbox struct {
	inbox

	password string
	suspects atomic.Bool // it refuses whoever comes, with what they said
}

// NewSession implements smtp.Backend.
func (g *guardedInbox) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &guardedSession{inboxSession{&g.inbox}, g, ""}, nil
}

type guardedSession struct {
	inboxSession

	of *guardedInbox
	to string
}

// AuthMechanisms implements smtp.AuthSession.
func (*guardedSession) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth implements smtp.AuthSession.
//
//nolint:unparam // the interface wants it
func (s *guardedSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user == "usher" && password == s.of.password && !s.of.suspects.Load() {
			return nil
		}
		return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: fmt.Sprintf("not %s with %s (AUTH PLAIN %s)", user, password,
			base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00"+password)))}
	}), nil
}

// Rcpt implements smtp.Session.
func (s *guardedSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}

// Data implements smtp.Session. Of a letter to one that is called echo it repeats the lines with a link.
func (s *guardedSession) Data(r io.Reader) error {
	before := len(s.texts())
	if err := s.inboxSession.Data(r); err != nil || !strings.HasPrefix(s.to, "echo@") {
		return err
	}
	_, link, _ := strings.Cut(s.texts()[before], "/invitation/")
	return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "not this: " + strings.ReplaceAll(link[:120], "\r", "")}
}

// mailServer begins to take letters, of who knows its password.
func (v *vault) mailServer() mail.Config {
	v.mail = &guardedInbox{password: "an owl in daylight"}
	v.hide("password of the mail server", v.mail.password)
	secured := httptest.NewTLSServer(nil) // for its certificate, which is good for 127.0.0.1
	v.Cleanup(secured.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(v, err)
	server := smtp.NewServer(v.mail)
	server.Domain = "mail.test"
	var done sync.WaitGroup
	done.Go(func() { _ = server.Serve(tls.NewListener(l, secured.TLS.Clone())) })
	v.Cleanup(func() { _ = server.Close(); done.Wait() })
	place := url.URL{Scheme: "smtps", User: url.UserPassword("usher", v.mail.password), Host: l.Addr().String()}
	return mail.Config{URL: place.String(), From: "Usher <usher@acme.test>", Now: time.Now, TLS: secured.Client().Transport.(*http.Transport).TLSClientConfig}
}

// mailServerRepeats has the mail server refuse a letter with its link, and this server with its password.
func (v *vault) mailServerRepeats() {
	v.Helper()
	problems := func(with string) int {
		n := 0
		require.NoError(v, v.app.store.Read(v.Context(), func(tx domain.Tx) error {
			list, err := tx.Letters().List(v.who.Organisation, 100)
			n = 0
			for _, l := range list {
				if strings.Contains(l.Problem, with) {
					n++
				}
			}
			return err
		}))
		return n
	}
	roles, err := v.app.Administration.Roles(v.Context(), v.who)
	require.NoError(v, err)
	add := func(email string) {
		v.call(http.MethodPost, "/users", `{"full_name":"Echo","email":"`+email+`","role_id":"`+roles[0].ID.String()+`"}`, "id")
	}
	add("echo@acme.test")
	v.hide("link that the mail server repeats", v.link("invitation", "echo@acme.test"))
	require.Eventually(v, func() bool { return problems("not this: ") == 1 }, time.Minute, 10*time.Millisecond)
	v.mail.suspects.Store(true)
	add("late@acme.test") // whose letter stays queued
	require.Eventually(v, func() bool { return problems("not usher with ") == 1 }, time.Minute, 10*time.Millisecond)
}

// databasePassword is the URL with a password in it, where there is a server that could ask for one.
func (v *vault) databasePassword(databaseURL string) string {
	const password = "the-well-behind-the-mill"
	v.hide("password of the database", password)
	u, err := url.Parse(databaseURL)
	require.NoError(v, err)
	if kind, _ := persistence.Kind(databaseURL); kind == "sqlite" {
		return databaseURL
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String()
}

// keys are the private halves that this server made: of what signs its assertions, and of a client at its provider.
func (v *vault) keys() {
	v.Helper()
	key, err := v.app.config.Key.key()
	require.NoError(v, err)
	parts := func(kind string, der []byte) {
		parsed, err := x509.ParsePKCS8PrivateKey(der)
		require.NoError(v, err)
		switch private := parsed.(type) {
		case *ecdsa.PrivateKey:
			raw, err := private.Bytes()
			require.NoError(v, err)
			v.hide(kind, string(raw))
		case ed25519.PrivateKey:
			v.hide(kind, string(private.Seed()))
		default:
			v.Fatalf("%T", parsed)
		}
	}
	require.NoError(v, v.app.store.Read(v.Context(), func(tx domain.Tx) error {
		list, err := tx.SigningKeys().List(domain.OfInstallation())
		if err != nil {
			return err
		}
		for _, k := range list {
			der, err := key.Open(signingKeyPurpose, k.Sealed, fmt.Appendf(nil, "%s/%d", k.Algorithm, k.Generation))
			require.NoError(v, err)
			parts("key that signs "+k.Algorithm, der)
		}
		connections, err := tx.Connections().List(v.who.Organisation)
		if err != nil {
			return err
		}
		for _, c := range connections {
			s, err := tx.ProviderSettings().Get(c.Organisation, c.ID)
			if err != nil {
				return err
			}
			if len(s.SealedKey) > 0 {
				der, err := key.Open(clientKeyPurpose, s.SealedKey, sealPlace(c.Organisation, c.ID))
				require.NoError(v, err)
				parts("key of a client", der)
			}
		}
		return nil
	}))
}
