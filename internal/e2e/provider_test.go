package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"

	"github.com/stretchr/testify/require"
)

// provider is a connection to Dex, and the directory that is pushed by it.
type provider struct {
	*organisation

	connection string
	token      string // of the directory
}

// connect makes a connection to Dex, which is asked for groups too. What becomes of people who come by it is the operator's to
// say: no key of an application gives what such a connection can give.
func (o *organisation) connect(d *dex, settings ...string) *provider {
	o.Helper()
	secret := filepath.Join(o.TempDir(), "secret")
	require.NoError(o, os.WriteFile(secret, []byte(d.secret), 0o600))
	var made struct {
		ID string `json:"id"`
	}
	require.NoError(o, json.Unmarshal(o.usher("connection", "create", "--org", o.slug, "--name", "Dex", "--kind", "generic",
		"--oidc-issuer", d.issuer, "--oidc-client-id", dexClient, "--oidc-client-secret-file", secret, "--json"), &made))
	var token struct {
		Text string `json:"scim_token"`
	}
	require.NoError(o, json.Unmarshal(o.usher("token", "create", "--org", o.slug, "--connection", "Dex", "--json"), &token))
	var shown struct {
		Callback string `json:"callback_url"`
	}
	o.api(http.MethodPatch, "/connections/"+made.ID+"/provider", map[string]any{"scopes": []string{"profile", "email", "groups"}}, &shown)
	o.usher(append([]string{"connection", "provider", "--org", o.slug, "--name", "Dex"}, settings...)...)
	d.back = append(d.back, shown.Callback)
	return &provider{organisation: o, connection: made.ID, token: token.Text}
}

// in is the provider in one of the house's stories.
func (p *provider) in(h *house) *provider {
	here := *p
	here.organisation = p.with(h)
	return &here
}

// tested: a connection passes the test of the command line, whose every step asks Dex.
func tested(o *organisation) {
	var told struct {
		Good  bool `json:"good"`
		Steps []struct {
			Step    string `json:"step"`
			Verdict string `json:"verdict"`
			Message string `json:"message"`
		} `json:"steps"`
	}
	require.NoError(o, json.Unmarshal(o.usher("connection", "test", "--org", o.slug, "--name", "Dex", "--oidc-allow-private", "--json"), &told))
	require.True(o, told.Good, "%+v", told.Steps)
}
