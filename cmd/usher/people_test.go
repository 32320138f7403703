package main

import (
	"bytes"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// shelf is a log that many write to.
type shelf struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shelf) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shelf) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Security 43: what stands in the address of a page is in no line of the log; the pattern of the page is.
func TestSecurity43AddressesAreNotLogged(t *testing.T) {
	t.Parallel()
	log := &shelf{}
	app := startApp(t, appConfig("sqlite:"+filepath.Join(t.TempDir(), "usher.db"), log))
	organisation(t, app, "acme")
	const secret = "usher_link_AaBbCcDd"
	for path, status := range map[string]int{
		"/invitation/" + secret: http.StatusGone, "/reset/" + secret: http.StatusGone, "/sign-in/acme?return_to=/" + secret: http.StatusOK,
		"/account/" + secret: http.StatusNotFound, "/sign-in?code=" + secret: http.StatusOK,
	} {
		got := do(t, http.MethodGet, app.URL()+path, "", "")
		require.Equal(t, status, got.status, path)
		require.NotContains(t, got.header.Get("X-Request-Id"), secret)
	}
	require.NotContains(t, log.String(), secret)
	for _, route := range []string{"/invitation/{token}", "/reset/{token}", "/sign-in/{slug}"} {
		require.True(t, strings.Contains(log.String(), `"route":"`+route+`"`) || strings.Contains(log.String(), "route="+route), route)
	}
}
