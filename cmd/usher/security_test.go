package main

import (
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// A deleted organisation or connection, made again under the same name: old tokens stay dead.
func TestSecurity08DeletedStaysDead(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, databaseURL string) {
		app := startApp(t, appConfig(databaseURL, io.Discard))
		old := organisation(t, app, "acme")
		got := do(t, http.MethodPost, app.URL()+"/scim/v2/Users", old, user("ana@acme.test"))
		require.Equal(t, http.StatusCreated, got.status, got.body)
		for _, method := range []string{http.MethodGet, http.MethodPost} { // the caller is remembered by now
			do(t, method, app.URL()+"/scim/v2/Users", old, "")
		}
		_, err := app.Installation.DeleteOrganisation(t.Context(), "acme")
		require.NoError(t, err)
		for again := range 2 {
			for _, path := range []string{"/Users", "/Groups", "/ServiceProviderConfig", "/Users?filter=userName+eq+%22ana@acme.test%22", "/Users/" + idOf(t, got.body)} {
				got := do(t, http.MethodGet, app.URL()+"/scim/v2"+path, old, "")
				require.Equal(t, http.StatusUnauthorized, got.status, "%s, made again: %d", path, again)
			}
			got := do(t, http.MethodPost, app.URL()+"/scim/v2/Users", old, user("ben@acme.test"))
			require.Equal(t, http.StatusUnauthorized, got.status)
			if again == 0 {
				fresh := organisation(t, app, "acme")
				found := do(t, http.MethodGet, app.URL()+"/scim/v2/Users", fresh, "").body
				require.Contains(t, found, `"totalResults":0`)
			}
		}
	})
}

func idOf(t *testing.T, body string) string {
	t.Helper()
	_, rest, ok := strings.Cut(body, `"id":"`)
	require.True(t, ok, body)
	return rest[:36]
}

// Slow headers and slow bodies are cut, and the others notice nothing. The limits are the server's own, with less time
// for headers and for bodies that nobody reads; those that the SCIM adapter reads get the seconds that it gives.
func TestSecurity22SlowClientsAreCut(t *testing.T) {
	t.Parallel()
	const patience = 300 * time.Millisecond
	app := startApp(t, appConfig("sqlite:"+filepath.Join(t.TempDir(), "usher.db"), io.Discard))
	app.bodyTime = patience
	token := organisation(t, app, "acme")

	server := httptest.NewUnstartedServer(nil)
	server.Config = newServer(app.handler(), app.config.Log)
	require.NotZero(t, server.Config.ReadHeaderTimeout)
	require.NotZero(t, server.Config.WriteTimeout)
	require.NotZero(t, server.Config.IdleTimeout)
	server.Config.ReadHeaderTimeout = patience
	server.Start()
	defer server.Close()

	const post = "POST /scim/v2/Users HTTP/1.1\r\nHost: usher\r\nContent-Type: application/scim+json\r\n"
	slow := map[string]string{
		"headers":            "GET /scim/v2/Users HTTP/1.1\r\nHost: usher\r\nX-Slow: ",
		"body":               post + "Authorization: Bearer " + token + "\r\nContent-Length: 1000000\r\n\r\n{",
		"chunks":             post + "Authorization: Bearer " + token + "\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n",
		"body without token": post + "Content-Length: 1000000\r\n\r\n{",
		"body of nothing":    "POST /nowhere HTTP/1.1\r\nHost: usher\r\nContent-Length: 1000000\r\n\r\n{",
	}
	const each = 8
	var cut atomic.Int64
	var group sync.WaitGroup
	for name, beginning := range slow {
		for range each {
			group.Go(func() {
				if err := drip(t.Context(), server.Listener.Addr().String(), beginning); err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				cut.Add(1)
			})
		}
	}
	answered := 0
	for cut.Load() < int64(each*len(slow)) && !t.Failed() {
		got := do(t, http.MethodGet, server.URL+"/scim/v2/Users", token, "")
		require.Equal(t, http.StatusOK, got.status, got.body)
		answered++
		time.Sleep(20 * time.Millisecond) // between two looks
	}
	group.Wait()
	require.Positive(t, answered)
}

// drip sends a byte now and then until the other side ends the connection.
func drip(ctx context.Context, address, beginning string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, beginning); err != nil {
		return err
	}
	const every, bound = 50 * time.Millisecond, 2 * time.Minute
	for end := time.Now().Add(bound); time.Now().Before(end); {
		_ = conn.SetReadDeadline(time.Now().Add(every))
		_, err := io.Copy(io.Discard, conn)
		if err == nil { // end of file
			return nil
		}
		if timeout, ok := err.(net.Error); !ok || !timeout.Timeout() { //nolint:errorlint // as it comes from the socket
			return nil
		}
		if _, err := io.WriteString(conn, "a"); err != nil {
			return nil
		}
	}
	return fmt.Errorf("not cut within %s", bound)
}

// One organisation floods: 429 with Retry-After for it, on every replica, and nobody else notices.
func TestSecurity24Flood(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, databaseURL string) {
		at := time.Now().Truncate(time.Second).Add(100 * time.Millisecond)
		c := appConfig(databaseURL, io.Discard)
		c.RateLimit = 5
		c.Environment.Now = func() time.Time { return at }
		replicas := []*App{startApp(t, c), startApp(t, c)}
		acme, beta := organisation(t, replicas[0], "acme"), organisation(t, replicas[0], "beta")

		var passed, refused atomic.Int64
		var group sync.WaitGroup
		for i := range 60 {
			group.Go(func() {
				got := do(t, http.MethodGet, replicas[i%2].URL()+"/scim/v2/Users", acme, "")
				switch {
				case got.status == http.StatusOK:
					passed.Add(1)
				case got.status == http.StatusTooManyRequests && got.header.Get("Retry-After") == "1" && strings.Contains(got.body, `"status":"429"`):
					refused.Add(1)
				default:
					t.Errorf("answered %d %s", got.status, got.body)
				}
			})
		}
		group.Wait()
		require.Equal(t, int64(5), passed.Load())
		require.Equal(t, int64(55), refused.Load())
		for _, app := range replicas {
			got := do(t, http.MethodGet, app.URL()+"/scim/v2/Users", beta, "")
			require.Equal(t, http.StatusOK, got.status)
		}
	})
}

// Secrets appear in no log, event, answer, metric or database column in the clear.
func TestSecurity43SecretsShowNowhere(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, databaseURL string) {
		log := &logbook{}
		c := appConfig(databaseURL, log)
		c.MetricsListen = "127.0.0.1:0"
		app := NewApp(c)
		require.NoError(t, app.Start(t.Context()))
		token := organisation(t, app, "acme")
		const password, clientSecret = "correct-horse-battery", "oidc-client-s3cr3t"
		key, err := c.Key.key()
		require.NoError(t, err)
		_, err = app.Installation.CreateConnection(t.Context(), "acme", domain.ConnectionSpec{
			Name: "okta", Kind: domain.KindOkta, OIDC: domain.OIDCSpec{
				Issuer: "https://acme.okta.test", ClientID: "client",
				Seal: func(domain.OrganisationID, domain.ConnectionID) ([]byte, error) {
					return key.Seal(sealPurpose, []byte(clientSecret), nil)
				},
			},
		})
		require.NoError(t, err)

		var told strings.Builder
		send := func(method, path, body string) string {
			got := do(t, method, app.URL()+"/scim/v2"+path, token, body)
			require.Less(t, got.status, http.StatusInternalServerError, got.body)
			_ = got.header.Write(&told)
			told.WriteString(got.body)
			return got.body
		}
		const begin = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ana@acme.test"`
		id := idOf(t, send(http.MethodPost, "/Users", begin+`,"password":"`+password+`"}`))
		send(http.MethodPost, "/Users", begin+`,"password":"`+password+`"}`) // 409
		send(http.MethodPut, "/Users/"+id, begin+`,"title":"Agent","password":"`+password+`"}`)
		send(http.MethodPatch, "/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"password","value":"`+password+`"},{"op":"replace","value":{"password":"`+password+`","title":"Lead"}}]}`)
		send(http.MethodGet, "/Users?filter=password+eq+%22"+password+"%22", "")
		send(http.MethodGet, "/Users?filter=userName+eq+%22"+password+"%22", "")
		send(http.MethodGet, "/Users?sortBy=password&attributes=password", "")
		send(http.MethodGet, "/Users?access_token="+token, "")
		send(http.MethodPost, "/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[{"method":"PUT","path":"/Users/`+id+`","data":`+begin+`,"password":"`+password+`"}}]}`)
		send(http.MethodPost, "/Users", `{"userName":"x","password":"`+password+`"`) // cut off
		metrics := do(t, http.MethodGet, app.MetricsURL(), "", "").body
		require.NoError(t, app.Stop(t.Context()))

		database := dump(t, databaseURL)
		require.Contains(t, database, "ana@acme.test", "the dump shows what is there")
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, domain.DirectoryTokenPrefix))
		require.NoError(t, err)
		for _, secret := range []string{token, token[len(token)-43:], string(raw[16:]), password, clientSecret, scriptKey} {
			require.NotContains(t, database, secret, "the database")
			require.NotContains(t, log.String(), secret, "the log")
			require.NotContains(t, metrics, secret, "the metrics")
			if secret != password { // a filter's value may be told to who sent it
				require.NotContains(t, told.String(), secret, "the answers")
			}
		}
		require.NotContains(t, log.String(), "filter")
	})
}

// dump is everything that is in a database.
func dump(t *testing.T, databaseURL string) string {
	t.Helper()
	driver, source, tables := "pgx", databaseURL, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
	if kind, file := persistence.Kind(databaseURL); kind == "sqlite" {
		driver, source, tables = "sqlite", file, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'users_text%'"
	}
	db, err := sql.Open(driver, source)
	require.NoError(t, err)
	defer db.Close()
	var all strings.Builder
	for _, table := range column(t, db, tables) {
		dumpTable(t, db, table, &all)
	}
	return all.String()
}

func dumpTable(t *testing.T, db *sql.DB, table string, out io.Writer) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table)
	require.NoError(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(t, err)
	for rows.Next() {
		values, targets := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		require.NoError(t, rows.Scan(targets...))
		for _, v := range values {
			switch is := v.(type) {
			case []byte:
				v = string(is)
			case int64, int32, float64:
				v = fmt.Sprint("#", is) // which is no text that looks like a number
			}
			_, err := fmt.Fprintln(out, v)
			require.NoError(t, err)
		}
	}
	require.NoError(t, rows.Err())
}

func column(t *testing.T, db *sql.DB, statement string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), statement)
	require.NoError(t, err)
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, rows.Err())
	return names
}
