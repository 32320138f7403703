package webhook_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"usher/delivery/webhook"
	"usher/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func parcel(url string) domain.Parcel {
	return domain.Parcel{
		Webhook: domain.Webhook{ID: domain.WebhookID{UUID: uuid.New()}, URL: url, SealedSecret: []byte("sealed")},
		Event:   domain.Event{ID: domain.EventID{UUID: uuid.New()}, Type: domain.UserCreated, At: time.Unix(1_700_000_000, 0)},
	}
}

func sender(t *testing.T, configure func(*webhook.Config)) *webhook.Sender {
	t.Helper()
	c := webhook.Config{AllowPrivate: true, Now: time.Now, Open: func(sealed, _ []byte) ([]byte, error) { return sealed, nil }}
	if configure != nil {
		configure(&c)
	}
	s := webhook.New(c)
	t.Cleanup(s.Close)
	return s
}

// What a receiver does wrong is told in a sentence without its address, and never harms the sender.
func TestReceivers(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(inside.Close)
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		want   domain.Receipt
	}{
		"accepts": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }, domain.Receipt{Delivered: true, Status: 202}},
		"gone":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }, domain.Receipt{Gone: true, Status: 410, Problem: "the receiver answered 410"}},
		"redirects": {
			func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, inside.URL, http.StatusTemporaryRedirect)
			},
			domain.Receipt{Status: 307, Problem: "the receiver answered 307"},
		},
		"never ends": {
			func(w http.ResponseWriter, r *http.Request) {
				block := strings.Repeat("x", 64<<10)
				for r.Context().Err() == nil {
					if _, err := w.Write([]byte(block)); err != nil {
						return
					}
				}
			}, domain.Receipt{Delivered: true, Status: 200},
		},
		"says nothing": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, domain.Receipt{Problem: "the receiver did not answer in time"}},
		"hangs up":     {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, domain.Receipt{Problem: "EOF"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client has gone
				c.answer(w, r)
			}))
			t.Cleanup(server.Close)
			limit := 10 * time.Second
			if name == "says nothing" {
				limit = 100 * time.Millisecond
			}
			s := sender(t, func(c *webhook.Config) { c.TimeLimit = limit })
			got := s.Send(context.Background(), parcel(server.URL+"/?secret=hush"))
			require.Equal(t, c.want, got)
		})
	}
	require.Zero(t, reached.Load(), "no redirect is followed")
}

// Unless the operator allows it nothing is sent inside, whatever a name resolves to, and nothing without TLS.
func TestPrivateAddresses(t *testing.T) {
	t.Parallel()
	reached := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	s := sender(t, func(c *webhook.Config) { c.AllowPrivate = false })
	for _, url := range []string{server.URL, "https://localhost" + port, "https://127.1" + port, "https://[::ffff:127.0.0.1]" + port} {
		r := s.Send(context.Background(), parcel(url))
		require.False(t, r.Delivered)
		require.NotContains(t, r.Problem, "certificate", "%s was connected to", url)
		require.NotEmpty(t, r.Problem)
	}
	require.Equal(t, "the address is not one of the public network", s.Send(context.Background(), parcel(server.URL)).Problem)
	require.Contains(t, s.Send(context.Background(), parcel("http://app.acme.test")).Problem, "not https")
	require.False(t, reached)

	for _, text := range []string{
		"127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
		"::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::7f00:1", "fec0::1", "192.0.2.1", "240.0.0.1",
	} {
		require.False(t, domain.PublicAddress(netip.MustParseAddr(text)), text)
	}
	for _, text := range []string{"1.1.1.1", "93.184.216.34", "2606:4700::1111"} {
		require.True(t, domain.PublicAddress(netip.MustParseAddr(text)), text)
	}
}

// Security 43: an address may hold a secret, and a fault shows none.
func TestProblemsShowNoAddress(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	r := sender(t, nil).Send(context.Background(), parcel(server.URL+"/?secret=hush"))
	require.NotContains(t, r.Problem, "hush")
	require.NotContains(t, r.Problem, "http")
	require.NotEmpty(t, r.Problem)
	r = sender(t, func(c *webhook.Config) {
		c.Open = func(_, _ []byte) ([]byte, error) { return nil, errors.New("hush") }
	}).Send(context.Background(), parcel(server.URL))
	require.Contains(t, r.Problem, "secret key of the installation")
	require.NotContains(t, r.Problem, "hush")
}

// Security 43: what is at an address may repeat what it was sent, and speak no HTTP or show any certificate; of that no secret of
// the address and no signature is told, and nothing that a database does not take.
func TestSecurity43ReceiverRepeatsTheRequest(t *testing.T) {
	t.Parallel()
	const path = "/hooks/c0ffee-beef?secret=hush-hush-hush"
	signature := ""
	for name, answer := range map[string]func(request string) string{
		"no HTTP":           func(request string) string { return request },
		"signature":         func(string) string { return signature + "\r\n\r\n" },
		"no header":         func(request string) string { return "HTTP/1.1 200 OK\r\n" + request },
		"signature as head": func(string) string { return "HTTP/1.1 200 OK\r\n" + signature + "\r\n\r\n" },
		"no status":         func(request string) string { return "HTTP/1.1 x" + strings.ReplaceAll(request, " ", "") },
		"no text":           func(string) string { return "HTTP/1.1 \x00\xff\xfe\r\n\r\n" },
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		var done sync.WaitGroup
		done.Go(func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			b := make([]byte, 64<<10)
			n, _ := c.Read(b)
			_, signature, _ = strings.Cut(string(b[:n]), "Webhook-Signature: ")
			signature, _, _ = strings.Cut(signature, "\r\n")
			_, _ = c.Write([]byte(answer(string(b[:n]))))
		})
		r := sender(t, nil).Send(context.Background(), parcel("http://"+l.Addr().String()+path))
		require.NoError(t, l.Close())
		done.Wait()
		require.True(t, strings.HasPrefix(signature, "v1,"), signature)
		require.False(t, r.Delivered, name)
		require.NotEmpty(t, r.Problem, name)
		plain(t, r.Problem)
		for _, secret := range []string{"c0ffee-beef", "hush-hush-hush", signature[3:]} {
			for i := range len(secret) - 9 {
				require.NotContains(t, r.Problem, secret[i:i+10], name)
			}
		}
	}

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	draft := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"a\x00b", strings.Repeat("x.", 5000)}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, draft, draft, key.Public(), key)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	r := sender(t, nil).Send(context.Background(), parcel(strings.Replace(server.URL, "127.0.0.1", "localhost", 1)+path))
	require.Contains(t, r.Problem, "x509: certificate is valid for a b, ")
	plain(t, r.Problem)
}

// plain checks that a text is one short line that any database takes.
func plain(t *testing.T, text string) {
	t.Helper()
	require.True(t, utf8.ValidString(text), "%q", text)
	require.Equal(t, -1, strings.IndexFunc(text, unicode.IsControl), "%q", text)
	require.LessOrEqual(t, utf8.RuneCountInString(text), 201)
}

// A body of which nothing can be lost on the way: compared byte by byte.
func TestBody(t *testing.T) {
	t.Parallel()
	p := parcel("")
	p.Event.ID = domain.EventID{UUID: uuid.MustParse("019ab1c2-8000-7000-8000-00000000e001")}
	//nolint:testifylint // the signature is over these bytes, in this order
	require.Equal(t, `{"type":"user.created","timestamp":"2023-11-14T22:13:20Z","data":{"id":"019ab1c2-8000-7000-8000-00000000e001","type":"user.created","version":1,`+
		`"actor":{"kind":"","id":null},"subject":{"kind":"","id":null},"request_id":null,"from":null,"at":"2023-11-14T22:13:20Z","before":null,"after":null}}`, string(webhook.Body(p.Event)))
}
