package mail_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"usher/delivery/mail"
	"usher/domain"
)

// guarded is a mail server that takes letters from who proves who they are.
type guarded struct {
	inbox

	tried []string // user names and passwords
	echo  bool     // it repeats what it was sent
}

func (g *guarded) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &guardedSession{session{&g.inbox}, g}, nil
}

type guardedSession struct {
	session

	of *guarded
}

func (*guardedSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *guardedSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.of.tried = append(s.of.tried, user+" "+password)
		if s.of.echo {
			plain := base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "unknown: AUTH PLAIN " + plain + "\n" +
				user + ":" + password + " " + base64.StdEncoding.EncodeToString([]byte(password)) + " \x00\xff" + strings.Repeat("z", 10_000)}
		}
		if user != "usher" || password != "hush" {
			return errors.New("no")
		}
		return nil
	}), nil
}

// TLS from the beginning (RFC 8314) or by STARTTLS (RFC 3207), and a user name and password behind it: where there is no TLS, or
// none by who the server says it is, neither password nor letter is sent.
func TestSendThroughTLS(t *testing.T) {
	t.Parallel()
	secured := httptest.NewTLSServer(nil) // for its certificate, which is good for 127.0.0.1
	t.Cleanup(secured.Close)
	trusting := secured.Client().Transport.(*http.Transport).TLSClientConfig
	const implicit, upgraded, never = "smtps://", "smtp://", ""
	for name, c := range map[string]struct {
		offers, scheme, user string
		trusting             *tls.Config
		sent                 bool
		tried                []string
		echo                 bool
	}{
		"TLS":                     {implicit, implicit, "usher:hush@", trusting, true, []string{"usher hush"}, false},
		"STARTTLS":                {upgraded, upgraded, "usher:hush@", trusting, true, []string{"usher hush"}, false},
		"wrong password":          {upgraded, upgraded, "usher:other@", trusting, false, []string{"usher other"}, false},
		"repeats":                 {upgraded, upgraded, "usher:hush-hush-hush@", trusting, false, []string{"usher hush-hush-hush"}, true},
		"repeats little":          {implicit, implicit, "usher:hush@", trusting, false, []string{"usher hush"}, true},
		"no STARTTLS":             {never, upgraded, "usher:hush@", trusting, false, nil, false},
		"no TLS":                  {never, implicit, "usher:hush@", trusting, false, nil, false},
		"certificate of nobody's": {implicit, implicit, "usher:hush@", nil, false, nil, false},
		"STARTTLS of nobody's":    {upgraded, upgraded, "usher:hush@", nil, false, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := &guarded{}
			server := smtp.NewServer(g)
			server.Domain = "mail.test"
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			address := l.Addr().String()
			switch c.offers {
			case implicit:
				l = tls.NewListener(l, secured.TLS.Clone())
			case upgraded:
				server.TLSConfig = secured.TLS.Clone()
			default:
				server.AllowInsecureAuth = true // it would take the password in the clear
			}
			var done sync.WaitGroup
			done.Go(func() { _ = server.Serve(l) })
			g.echo = c.echo
			post, err := mail.NewPost(mail.Config{URL: c.scheme + c.user + address, From: "usher@acme.test", TLS: c.trusting, Now: time.Now})
			require.NoError(t, err)
			w, err := mail.NewWriter("https://usher.acme.test")
			require.NoError(t, err)
			letter, err := w.Write(envelope(domain.LetterReset))
			require.NoError(t, err)
			err = post.Send(context.Background(), letter)
			require.NoError(t, server.Close())
			done.Wait()
			require.Equal(t, c.tried, g.tried)
			if c.sent {
				require.NoError(t, err)
				require.Len(t, g.got, 1)
				return
			}
			require.Error(t, err)
			require.Empty(t, g.got)
			_, password, _ := strings.Cut(strings.TrimSuffix(c.user, "@"), ":")
			for _, form := range []string{password, "AHVzaGVyAGh1c2", base64.RawStdEncoding.EncodeToString([]byte(password))} {
				require.NotContains(t, err.Error(), form)
				require.NotContains(t, fmt.Sprintf("%#v", errors.Unwrap(err)), form)
			}
			if c.echo {
				require.Contains(t, err.Error(), "unknown: AUTH PLAIN ")
				require.Less(t, len(err.Error()), 2000)
				require.Equal(t, -1, strings.IndexFunc(err.Error(), unicode.IsControl))
				require.True(t, utf8.ValidString(err.Error()))
			}
		})
	}
}
