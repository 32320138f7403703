package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/admin/api"
	"usher/oauth"
	"usher/persistence/storetest"
)

// A directory gets a token for its client's id and secret, pushes with it, and is refused once the client is revoked.
func TestClientCredentials(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, databaseURL string) {
		log := &logbook{}
		app := startApp(t, appConfig(databaseURL, log))
		organisation(t, app, "acme")
		key := application(t, app, "acme")
		connections, err := app.Installation.ListConnections(t.Context(), "acme")
		require.NoError(t, err)
		base := app.URL() + api.Prefix
		made := do(t, http.MethodPost, base+"/connections/"+connections[0].ID.String()+"/oauth-clients", key, "")
		require.Equal(t, http.StatusCreated, made.status, made.body)
		var client struct {
			ID     string `json:"id"`
			Secret string `json:"client_secret"`
		}
		require.NoError(t, json.Unmarshal([]byte(made.body), &client))

		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client.ID}, "client_secret": {client.Secret}}
		ask := func() (status int, token string) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, app.URL()+oauth.Path, strings.NewReader(form.Encode()))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			response, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			defer response.Body.Close()
			require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
			var answer map[string]any
			require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
			token, _ = answer["access_token"].(string)
			return response.StatusCode, token
		}
		status, token := ask()
		require.Equal(t, http.StatusOK, status)
		pushed := do(t, http.MethodPost, app.scimURL()+"/Users", token, user("ana@acme.test"))
		require.Equal(t, http.StatusCreated, pushed.status, pushed.body)
		require.Equal(t, http.StatusOK, do(t, http.MethodGet, app.scimURL()+"/Users", token, "").status)

		require.Equal(t, http.StatusNoContent, do(t, http.MethodDelete, base+"/oauth-clients/"+client.ID, key, "").status)
		require.Equal(t, http.StatusUnauthorized, do(t, http.MethodPost, app.scimURL()+"/Users", token, user("eva@acme.test")).status)
		require.Equal(t, http.StatusUnauthorized, do(t, http.MethodGet, app.scimURL()+"/Users", token, "").status)
		status, token = ask()
		require.Equal(t, []any{http.StatusUnauthorized, ""}, []any{status, token})
		require.NotContains(t, log.String(), client.Secret)
		require.Contains(t, log.String(), oauth.Path)
	})
}
