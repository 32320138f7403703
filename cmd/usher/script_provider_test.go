package main

import (
	"encoding/json"
	"net/http"
	"strings"

	"usher/oidc/oidctest"
)

// brokenBelow has a provider play others that are not as they should be, at addresses below its own: what is wrong is the name
// of the folder.
func brokenBelow(provider *oidctest.Provider) func(http.ResponseWriter, *http.Request) bool {
	wrong := map[string]func(issuer string, document map[string]any){
		"issuer":     func(_ string, d map[string]any) { d["issuer"] = "https://other.test" },
		"endpoints":  func(_ string, d map[string]any) { d["token_endpoint"] = "ftp://idp.test/token" },
		"algorithms": func(_ string, d map[string]any) { d["id_token_signing_alg_values_supported"] = []string{"HS256"} },
		"pkce":       func(_ string, d map[string]any) { d["code_challenge_methods_supported"] = []string{"plain"} },
		"keys":       func(issuer string, d map[string]any) { d["jwks_uri"] = issuer + "/jwks" },
	}
	say := func(w http.ResponseWriter, what any) bool {
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(what) == nil
	}
	return func(w http.ResponseWriter, r *http.Request) bool {
		folder, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		change := wrong[folder]
		switch {
		case change == nil || rest == "":
			return false
		case rest == "jwks":
			return say(w, map[string]any{"keys": []any{}})
		case "/"+rest != oidctest.DocumentPath:
			return false
		}
		issuer := provider.Issuer + "/" + folder
		document := map[string]any{
			"issuer": issuer, "authorization_endpoint": provider.Issuer + "/authorize", "token_endpoint": provider.Issuer + oidctest.TokenPath,
			"jwks_uri": provider.Issuer + oidctest.KeysPath, "id_token_signing_alg_values_supported": []string{"RS256"}, "code_challenge_methods_supported": []string{"S256"},
		}
		change(issuer, document)
		return say(w, document)
	}
}
