package signin

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// hostile are addresses that lead, or could be read to lead, somewhere else.
var hostile = []string{
	"", "//evil.test", `/\evil.test`, `\\evil.test`, `\/evil.test`, "///evil.test", "/%0d%0aSet-Cookie:x", "https:evil.test", "https:/evil.test",
	"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "ftp://crm.test/", "http://crm.test/", "https://crm.test@evil.test/",
	"https://user:pass@crm.test/", "https://crm.test:443/", "https://CRM.test/", "https://crm.tést/", "https://crm。test/", "https://xn--/", "https://crm.test.evil.test",
	"https://crm.test\\@evil.test", "https://crm.test\t.evil.test", "/account\r\nLocation: https://evil.test", "/a\x00b", "/a b", " /account",
	"/..//evil.test", "/x/../../evil", "/./account", "//", "/account//x", "https://", "https:///evil.test", "?x", "account", "#x", "https://[::1", "https://crm.test:0/",
	"https://crm.test:99999/", "https://127.1/", "/auth/check", "/oidc/x/start", "/sign-out", "/" + strings.Repeat("x", maxReturn),
}

// Security 33: return_to leads to pages of this server and to applications, however it is written.
func TestParseReturn(t *testing.T) {
	t.Parallel()
	for _, text := range hostile {
		at, ok := parseReturn(text)
		if ok { // only a place that is still to be looked up, and that a browser reads as we do
			require.Contains(t, []string{"https://crm.test.evil.test"}, string(at), text)
		}
	}
	for text, at := range map[string]string{
		"/account": "", "/account/": "", "/account?x=//evil.test#y": "", "/": "", "/sign-in/acme?x=1": "",
		"https://crm.test": "https://crm.test", "https://crm.test/": "https://crm.test", "https://crm.test?q=1": "https://crm.test", "https://crm.test#a": "https://crm.test",
		"https://crm.test:8443/a/b?c=https://x.test/&d=%2F%5C": "https://crm.test:8443", "http://127.0.0.1:3000/a": "http://127.0.0.1:3000", "http://localhost/": "http://localhost",
		"https://xn--80akhbyknj4f.test/": "https://xn--80akhbyknj4f.test",
	} {
		got, ok := parseReturn(text)
		require.True(t, ok, text)
		require.Equal(t, at, string(got), text)
	}
}

// Whatever is accepted, a browser resolves it to the origin that was looked up, or to this server's.
func returnsWhereItSays(t require.TestingT, text string) {
	at, ok := parseReturn(text)
	if !ok {
		return
	}
	base, err := url.Parse("https://usher.test/sign-in")
	require.NoError(t, err)
	to, err := base.Parse(text)
	require.NoError(t, err)
	require.Nil(t, to.User)
	want := "https://usher.test"
	if at != "" {
		want = string(at)
	}
	require.Equal(t, want, to.Scheme+"://"+to.Host, "%q", text)
	require.NotContains(t, text, `\`)
	require.False(t, strings.HasPrefix(text, "//"))
	require.False(t, strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }))
}

func TestReturnProperty(t *testing.T) {
	t.Parallel()
	pieces := rapid.SampledFrom([]string{
		"/", "//", `\`, "https:", "http:", "https://", "evil.test", "crm.test", "@", ":", "443", "?", "#", "%", "%2f", "..", ".", "\t", "\r\n", " ", "é", "。", "[", "]", "::1", "account", "javascript:",
	})
	rapid.Check(t, func(t *rapid.T) {
		returnsWhereItSays(t, strings.Join(rapid.SliceOfN(pieces, 0, 8).Draw(t, "pieces"), ""))
	})
}

func FuzzReturn(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Add("https://crm.test/a")
	f.Fuzz(func(t *testing.T, text string) { returnsWhereItSays(t, text) })
}
