package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
)

// dex is Dex, a real OpenID provider, and how Usher is registered there.
type dex struct {
	issuer string
	people []dexPerson
	secret string   // of the client
	back   []string // where people may come back to
}

// dexPerson is somebody who has a password there.
type dexPerson struct {
	account string // before the @ of the address, and the provider's own id of the person
	name    string
	groups  []string
}

const (
	dexClient   = "usher"
	dexPassword = "the password of everybody at Dex"
)

// subject is how Dex calls somebody in tokens: its own id and that of the connector, as a protocol buffer in base64.
func (p dexPerson) subject() string {
	const connector = "local"
	message := append([]byte{0x0a, byte(len(p.account))}, p.account...)
	message = append(append(message, 0x12, byte(len(connector))), connector...)
	return base64.RawURLEncoding.EncodeToString(message)
}

func (p dexPerson) address() string { return p.account + "@acme.test" }

// run starts it, with everybody who is registered.
func (d *dex) run(t *testing.T, binary string, files certificate, port string) {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(dexPassword), 10) // the least that Dex takes
	require.NoError(t, err)
	people := make([]map[string]any, len(d.people))
	for i, p := range d.people {
		people[i] = map[string]any{
			"email": p.address(), "username": p.account, "name": p.name, "preferredUsername": p.address(), "emailVerified": true,
			"userID": p.account, "hash": string(hash), "groups": p.groups,
		}
	}
	config, err := json.Marshal(map[string]any{
		"issuer": d.issuer, "storage": map[string]any{"type": "memory"}, "enablePasswordDB": true, "staticPasswords": people,
		"web":           map[string]any{"https": "127.0.0.1:" + port, "tlsCert": files.certificate, "tlsKey": files.key},
		"oauth2":        map[string]any{"skipApprovalScreen": true},
		"staticClients": []any{map[string]any{"id": dexClient, "name": "Usher", "secret": d.secret, "redirectURIs": d.back}},
	})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "dex.json") // YAML's flow form
	require.NoError(t, os.WriteFile(file, config, 0o600))
	start(t, exec.Command(binary, "serve", file)).wait(func(line []byte) bool {
		return containsAll(string(line), "listening on", "https")
	})
}
