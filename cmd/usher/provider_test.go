package main

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/oidc/assertion"
	"usher/persistence/storetest"
)

// Two servers on one database publish the same keys, and what one signs the other's key set checks.
func TestKeySet(t *testing.T) {
	t.Parallel()
	storetest.EachDialectURL(t, func(t *testing.T, databaseURL string) {
		store := storetest.Open(t, databaseURL)
		require.NoError(t, store.Migrate(t.Context()))
		one, two := startApp(t, appConfig(databaseURL, io.Discard)), startApp(t, appConfig(databaseURL, io.Discard))
		var documents []string
		for _, app := range []*App{one, two} {
			answer, err := http.Get(app.URL() + assertion.Path)
			require.NoError(t, err)
			body, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			require.Equal(t, http.StatusOK, answer.StatusCode)
			require.Equal(t, "application/json", answer.Header.Get("Content-Type"))
			documents = append(documents, string(body))
		}
		require.Equal(t, documents[0], documents[1])
		var set struct {
			Keys []map[string]any `json:"keys"`
		}
		require.NoError(t, json.Unmarshal([]byte(documents[0]), &set))
		require.Len(t, set.Keys, 2)
		for _, key := range set.Keys {
			require.NotContains(t, key, "d", "the private half")
		}
		token, err := one.signer.Mint(t.Context(), assertion.Claims{Subject: "u", Audience: "a"})
		require.NoError(t, err)
		require.NotEmpty(t, token)
	})
}
