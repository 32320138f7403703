package redact_test

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/internal/redact"
)

func TestLine(t *testing.T) {
	t.Parallel()
	const password, token = "h/u+sh?", "usher_link_Zm9vYmFyLWJhei1xdXV4LTAxMjM0NTY3ODk"
	std, web := base64.StdEncoding.EncodeToString, base64.URLEncoding.EncodeToString
	for name, c := range map[string]struct{ text, want string }{
		"nothing of ours":     {"550 5.1.1 no such mailbox", "550 5.1.1 no such mailbox"},
		"lines":               {"550-no\r\n550 such\x00mailbox\t", "550-no  550 such mailbox"},
		"broken UTF-8":        {"550 no\xff such mailbox", "550 no\uFFFD such mailbox"},
		"which way it reads":  {"550 \u202Ehere", "550  here"},
		"the password":        {"535 no h/u+sh? here, nor H/U+SH?", "535 no (hidden) here, nor (hidden)"},
		"quoted":              {"no " + strconv.Quote(`hu"sh`), `no "(hidden)"`},
		"in an address":       {"no " + url.QueryEscape(password) + " or " + url.PathEscape(password), "no (hidden) or (hidden)"},
		"in hexadecimal":      {"no " + hex.EncodeToString([]byte(password)), "no (hidden)"},
		"in Base64":           {"no " + std([]byte(password)) + " or " + web([]byte(password)), "no (hidden)w== or (hidden)w=="},
		"AUTH PLAIN":          {"502 AUTH PLAIN " + std([]byte("\x00usher\x00"+password)), "502 AUTH PLAIN AHVzaGVyAG(hidden)8="},
		"HTTP Basic":          {"Basic " + std([]byte("me:"+password)), "Basic bWU6(hidden)w=="},
		"a token":             {"554 https://usher.test/reset/" + token + "?", "554 https://usher.test/reset/(hidden)?"},
		"a token in parts":    {"554 " + token[:20] + "=\r\n" + token[20:], "554 (hidden)=  (hidden)"},
		"beginning of one":    {"554 " + token[:30], "554 (hidden)"},
		"end of one":          {token[30:] + " no", "(hidden) no"},
		"more than there may": {strings.Repeat("é", 101), strings.Repeat("é", 100) + "…"},
		"cut after, not in":   {strings.Repeat("x", 97) + " " + token, strings.Repeat("x", 97) + " (h…"},
	} {
		require.Equal(t, c.want, redact.Line(c.text, 100, password, "", token, `hu"sh`), name)
	}
	require.Equal(t, "as it is", redact.Line("as it is", 100))
	require.Equal(t, "ñ(hidden)", redact.Line("ñ\u00e9", 100, "\xa9"), "where a secret begins within a character")
}

// Whatever is around it, and however it is encoded: no text has more than a few characters of a secret in a row.
func TestLineHidesWithin(t *testing.T) {
	t.Parallel()
	encodings := []func([]byte) string{
		func(b []byte) string { return string(b) }, base64.StdEncoding.EncodeToString, base64.URLEncoding.EncodeToString, hex.EncodeToString,
		func(b []byte) string { return url.QueryEscape(string(b)) }, func(b []byte) string { return url.PathEscape(string(b)) },
		func(b []byte) string { return strconv.Quote(string(b)) },
	}
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[!-~]{8,40}`).Draw(t, "secret")
		before, after := rapid.String().Draw(t, "before"), rapid.String().Draw(t, "after")
		encode := rapid.SampledFrom(encodings).Draw(t, "encode")
		line := redact.Line(encode([]byte(before+secret+after)), 10_000, secret)
		require.True(t, utf8.ValidString(line))
		for i := range len(secret) - 7 {
			bits := secret[i : i+8]
			require.NotContains(t, line, bits)
			require.NotContains(t, line, hex.EncodeToString([]byte(bits)))
			for pad := range 3 {
				encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", pad) + bits))[pad+1 : (pad+8)*8/6]
				require.NotContains(t, line, encoded)
				require.NotContains(t, line, strings.NewReplacer("+", "-", "/", "_").Replace(encoded))
			}
		}
	})
}
