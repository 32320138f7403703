package main

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/stretchr/testify/require"

	"usher/admin/api"
)

// lists reads all that the REST API lists, and the events to their end.
func (v *vault) lists() {
	v.Helper()
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	require.NoError(v, json.Unmarshal([]byte(do(v.T, http.MethodGet, v.app.URL()+api.Prefix+"/openapi.json", v.key, "").body), &document))
	read := map[string]bool{}
	for path, methods := range document.Paths {
		if methods["get"] == nil || strings.Contains(path, "{") {
			continue
		}
		path = strings.TrimPrefix(path, api.Prefix)
		read[path] = true
		for path != "" {
			got := do(v.T, http.MethodGet, v.app.URL()+api.Prefix+path, v.key, "")
			v.told.WriteString(got.body)
			next, rest, _ := strings.Cut(strings.TrimPrefix(got.header.Get("Link"), "<"), `>; rel="next"`)
			require.Empty(v, rest)
			path = strings.TrimPrefix(next, api.Prefix)
		}
	}
	for _, path := range []string{"/events", "/users", "/connections", "/webhooks", "/api-keys", "/applications", "/policy"} {
		require.True(v, read[path], "%s is among %v", path, read)
	}
}

// anyToken is one of this server's, whoever it is of.
var anyToken = regexp.MustCompile(`usher_(scim|api|oauth|session|device|link)_[A-Za-z0-9_-]{30,}`)

// search fails for every secret that is at one of the places, in whatever form.
func (v *vault) search(places map[string]string) {
	v.Helper()
	for _, secrets := range []map[string]string{v.secrets, v.hidden} {
		for kind, secret := range secrets {
			require.GreaterOrEqual(v, len(secret), 11, kind)
			for _, form := range forms(secret) {
				for where, text := range places {
					if i := strings.Index(text, form); i >= 0 {
						v.Errorf("the %s is in the %s as %q: …%q", kind, where, form, text[max(0, i-200):min(len(text), i+len(form)+50)])
					}
				}
			}
		}
	}
	for where, text := range places {
		if found := anyToken.FindString(text); found != "" {
			v.Errorf("the %s has %q", where, found)
		}
		if where == "metrics" {
			text = regexp.MustCompile(`(?m) \S+$`).ReplaceAllString(text, "") // the numbers
		}
		for kind, code := range v.codes {
			if found := typed(code).FindString(text); found != "" {
				v.Errorf("the %s is in the %s: %q", kind, where, found)
			}
		}
	}
}

// typed finds a code of six digits where it is a text of its own, as a line, a value or a word: not a number, or within one or an
// instant, which could be the same by chance.
func typed(code string) *regexp.Regexp {
	return regexp.MustCompile(`(?m)(^|["'=&?/>, ]) ?` + code + `($|["'&/<, ])`)
}

// unwrapped is a text with what is Base64 in it beside it, decoded: somebody could have kept a secret within something else.
func unwrapped(text string) string {
	all := strings.Builder{}
	all.WriteString(text)
	for _, run := range regexp.MustCompile(`[A-Za-z0-9+/_-]{40,}`).FindAllString(text, -1) {
		run = strings.NewReplacer("+", "-", "/", "_").Replace(run)
		raw, err := base64.RawURLEncoding.DecodeString(run[:len(run)/4*4])
		if err == nil {
			all.WriteString("\n" + string(raw))
		}
	}
	return all.String()
}

// forms are how somebody could write a secret down: as it is, without what is only for reading it, or its bytes.
func forms(secret string) []string {
	all := []string{secret, strings.ToUpper(secret), hex.EncodeToString([]byte(secret)), base64.RawStdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret))}
	if strings.Count(secret, "-") == 3 && len(secret) < 40 { // a recovery code
		bare := strings.ReplaceAll(secret, "-", "")
		all = append(all, bare, strings.ToUpper(bare))
	}
	bare := secret[strings.LastIndex(secret[:min(len(secret), 14)], "_")+1:]
	for _, decode := range []func(string) ([]byte, error){
		base64.RawURLEncoding.DecodeString, base64.StdEncoding.DecodeString, base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString,
		func(s string) ([]byte, error) { return hex.DecodeString(strings.ReplaceAll(s, "-", "")) },
	} {
		if raw, err := decode(bare); err == nil && len(raw) >= 8 {
			all = append(all, string(raw), hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw))
		}
	}
	return all
}
