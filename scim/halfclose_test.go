package scim_test

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
	"usher/scim"
)

// A request that is complete is answered even though its client has closed its own side, and one whose body breaks off
// is refused: never an empty success (RFC 9112 section 9.6).
func TestHalfClosedClientsAreAnswered(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		tenant := storetest.NewTenant(t, store, "acme", -1)
		handler, err := scim.New(scim.Config{
			Directory: domain.NewDirectory(store, storetest.Environment()), BaseURL: func() string { return "http://scim.test/scim/v2" },
			CursorKey: make([]byte, 32), Now: time.Now, Log: slog.New(slog.DiscardHandler),
		})
		require.NoError(t, err)
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		send := func(body string, announced int) string {
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
			require.NoError(t, err)
			defer func() { _ = conn.Close() }()
			_, err = fmt.Fprintf(conn, "POST /scim/v2/Users HTTP/1.1\r\nHost: scim.test\r\nAuthorization: Bearer %s\r\nContent-Type: application/scim+json\r\nContent-Length: %d\r\n\r\n%s",
				tenant.Token, announced, body)
			require.NoError(t, err)
			half, ok := conn.(*net.TCPConn)
			require.True(t, ok)
			require.NoError(t, half.CloseWrite())
			answer, err := io.ReadAll(conn)
			require.NoError(t, err)
			status, _, _ := strings.Cut(string(answer), "\r\n")
			return status
		}
		for i := range 10 {
			body := fmt.Sprintf(`{"userName":"half%d"}`, i)
			require.Equal(t, "HTTP/1.1 201 Created", send(body, len(body)))
			require.Equal(t, "HTTP/1.1 400 Bad Request", send(body[:len(body)-4], len(body)))
		}
	})
}
