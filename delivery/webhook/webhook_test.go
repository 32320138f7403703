package webhook_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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

// A body of which nothing can be lost on the way: compared byte by byte.
func TestBody(t *testing.T) {
	t.Parallel()
	p := parcel("")
	p.Event.ID = domain.EventID{UUID: uuid.MustParse("019ab1c2-8000-7000-8000-00000000e001")}
	//nolint:testifylint // the signature is over these bytes, in this order
	require.Equal(t, `{"type":"user.created","timestamp":"2023-11-14T22:13:20Z","data":{"id":"019ab1c2-8000-7000-8000-00000000e001","type":"user.created","version":1,`+
		`"actor":{"kind":"","id":null},"subject":{"kind":"","id":null},"request_id":null,"from":null,"at":"2023-11-14T22:13:20Z","before":null,"after":null}}`, string(webhook.Body(p.Event)))
}
