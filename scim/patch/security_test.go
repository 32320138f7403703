package patch_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/scim/patch"
	"usher/scim/schema"
)

// Security 10: what is not the directory's to say is ignored without path, and changes nothing.
func TestSecurity10InternalKeys(t *testing.T) {
	t.Parallel()
	users, base := view(t, schema.User), resource(t, "user.json")
	after, ok := apply(t, users, base, operation{"replace", "", map[string]any{
		"id": "x", "meta": map[string]any{"version": "1"}, "organisation": "o", "organisation_id": "o", "connection": "c", "owner": true,
		"passwordHash": "h", "mfaSecret": "s", "seat": "full", "status": "active", "Document": "{}", "groups": []any{map[string]any{"value": "g"}},
		"schemas": []any{"urn:x"}, "password": "p", enterprise: map[string]any{"owner": true},
	}})
	require.True(t, ok)
	require.Equal(t, show(base), show(after))
}

// Security 11: patch paths to unknown or internal attributes are refused.
func TestSecurity11InternalPaths(t *testing.T) {
	t.Parallel()
	for _, typ := range schema.Types() {
		v := view(t, typ)
		for _, path := range []string{
			"organisation", "organisation_id", "connection", "passwordHash", "mfaSecret", "owner", "seat", "licence", "document",
			"Document", "version", "created_at", "__proto__", "constructor", "name.__proto__", "meta.secret", "urn:x:y:owner",
			domain.URNUser + "X:title", "$.title", "/title", "title/..", "title;drop", "members.secret", "emails[owner eq true].value",
		} {
			for _, op := range []string{"add", "replace", "remove"} {
				body := fmt.Sprintf(`{"Operations":[{"op":%q,"path":%q,"value":"x"}]}`, op, path)
				_, err := patch.Read([]byte(body), v, v, nil)
				requireCode(t, err, domain.CodeInvalidPath)
			}
		}
	}
}

// Security 15: every vendor's spelling of deactivation deactivates.
func TestSecurity15Deactivation(t *testing.T) {
	t.Parallel()
	users, base := view(t, schema.User), resource(t, "user.json")
	require.True(t, base.Get("active").Truth())
	for _, spelling := range []string{
		`{"op":"replace","path":"active","value":false}`,                                                 // RFC 7644, Entra with the flag, JumpCloud
		`{"op":"Replace","path":"active","value":"False"}`,                                               // Entra without the flag
		`{"op":"Add","path":"active","value":"False"}`,                                                   // Entra
		`{"op":"replace","value":{"active":false}}`,                                                      // Okta
		`{"op":"replace","value":{"active":"false"}}`,                                                    // OneLogin
		`{"op":"replace","value":{"Active":"FALSE"}}`,                                                    // names without case
		`{"op":"REPLACE","path":"ACTIVE","value":"false"}`,                                               // names without case
		`{"op":"replace","path":"","value":{"active":false}}`,                                            // an empty path
		`{"op":"replace","path":null,"value":{"active":false,"id":"x","x":1}}`,                           // a path of null
		`{"op":"replace","path":"` + domain.URNUser + `:active","value":false}`,                          // by its URN
		`{"op":"replace","value":{"` + domain.URNUser + `:active":"False"}}`,                             // by its URN as a key
		`{"op":"replace","value":{"` + domain.URNUser + `":{"active":false}}}`,                           // inside the URN
		`{"op":"replace","path":"` + domain.URNUser + `","value":{"active":false}}`,                      // the URN as path
		`{"op":"Replace","path":"active","value":[{"$ref":null,"value":"False"}]}`,                       // Entra's reference code
		`{"op":"replace","path":"active","value":{"value":false}}`,                                       // wrapped
		`{"op":"replace","path":"active","value":[false]}`,                                               // in a list
		`{"op":"add","value":{"active":false,"title":"Left"}}`,                                           // among others
		`{"op":"replace","path":"active","value":true},{"op":"Replace","path":"active","value":"False"}`, // the last one counts
	} {
		operations, err := patch.Read([]byte(`{"Operations":[`+spelling+`]}`), users, users, nil)
		require.NoError(t, err, spelling)
		after, err := patch.Apply(operations, base, users, users, nil)
		require.NoError(t, err, spelling)
		require.True(t, after.Has("active"), spelling)
		require.False(t, after.Get("active").Truth(), spelling)
	}
	for _, spelling := range []string{ // never a success that did nothing
		`{"op":"replace","path":"active","value":"disabled"}`, `{"op":"replace","path":"active","value":0}`,
		`{"op":"replace","path":"active","value":"0"}`, `{"op":"replace","path":"active","value":{"active":false}}`,
		`{"op":"replace","path":"active"}`, `{"op":"remove","path":"active"}`, `{"op":"replace","path":"active","value":null}`,
		`{"op":"replace","value":{"active":"no"}}`, `{"op":"replace","value":[{"active":false},{"active":false}]}`,
		`{"op":"deactivate","path":"active","value":false}`, `{"op":"replace","path":"status","value":"inactive"}`,
	} {
		_, err := patch.Read([]byte(`{"Operations":[`+spelling+`]}`), users, users, nil)
		require.True(t, domain.IsKind(err, domain.Invalid), spelling)
	}
}

// Security 17: what is not text is refused, wherever it stands.
func TestSecurity17BrokenText(t *testing.T) {
	t.Parallel()
	for _, typ := range schema.Types() {
		v := view(t, typ)
		for _, value := range []string{"\"\xff\"", `"\ud800"`, `"\u0000"`, "\"\x00\"", `{"displayName":"` + "\xc3\x28" + `"}`, `[{"value":"\udfff"}]`} {
			for _, path := range []string{`"path":"displayName",`, `"path":"members",`, ``} {
				_, err := patch.Read([]byte(`{"Operations":[{"op":"add",`+path+`"value":`+value+`}]}`), v, v, nil)
				requireCode(t, err, domain.CodeInvalidSyntax)
			}
		}
		_, err := patch.Read([]byte(`{"Operations":[{"op":"add","path":"displayName\ud800","value":"x"}]}`), v, v, nil)
		requireCode(t, err, domain.CodeInvalidSyntax)
	}
}

// Security 20: depth, length and number are bounded; so is what the operations compare.
func TestSecurity20Bounds(t *testing.T) {
	t.Parallel()
	users, base := view(t, schema.User), resource(t, "user.json")
	for _, c := range []struct{ body, code string }{
		{`{"Operations":[{"op":"add","path":"name","value":` + strings.Repeat(`{"a":`, 10_000) + `1` + strings.Repeat(`}`, 10_000) + `}]}`, domain.CodeInvalidSyntax},
		{`{"Operations":` + strings.Repeat(`[`, 10_000), domain.CodeInvalidSyntax},
		{`{"Operations":[{"op":"add","path":"emails[` + strings.Repeat(`(`, 1_000) + `","value":1}]}`, domain.CodeInvalidFilter},
		{`{"Operations":[{"op":"add","path":"emails[type pr` + strings.Repeat(` or type pr`, 10_000) + `]","value":1}]}`, domain.CodeInvalidPath},
		{`{"Operations":[{"op":"add","path":"` + strings.Repeat(`a`, 1<<20) + `","value":1}]}`, domain.CodeInvalidPath},
	} {
		_, err := patch.Read([]byte(c.body), users, users, nil)
		requireCode(t, err, c.code)
		require.Less(t, len(err.Error()), 400)
	}

	// What the operations compare is bounded: each of these is refused where the budget ends.
	apply := func(body string) error {
		operations, err := patch.Read([]byte(`{"Operations":[`+body+`]}`), users, users, nil)
		require.NoError(t, err)
		_, err = patch.Apply(operations, base, users, users, nil)
		return err
	}
	list := func(element func(int) string) string {
		elements := make([]string, 20_000)
		for i := range elements {
			elements[i] = element(i)
		}
		return `[` + strings.Join(elements, ",") + `]`
	}
	distinct := list(func(i int) string { return fmt.Sprintf(`{"value":"%d@b.test","type":"work"}`, i) })
	search := `,{"op":"replace","path":"emails[value eq \"7@b.test\" or display eq \"y\"].display","value":"y"}`
	err := apply(`{"op":"replace","path":"emails","value":` + distinct + `}` + strings.Repeat(search, 999))
	requireCode(t, err, domain.CodeTooMany)
	require.Contains(t, err.Error(), "operation 18:", "20,000 elements, three looks each: the seventeenth search is beyond a million")
	twins := list(func(i int) string { return fmt.Sprintf(`{"value":"a@b.test","type":"%d"}`, i) })
	requireCode(t, apply(`{"op":"add","path":"emails","value":`+twins+`}`), domain.CodeTooMany)

	// Adding many that differ is linear, and no matter.
	require.NoError(t, apply(`{"op":"replace","path":"emails","value":`+distinct+`},{"op":"add","path":"emails","value":`+distinct+`}`))
}

// Security 43: a password goes nowhere: not into an operation, an outcome, a note or an error.
func TestSecurity43Password(t *testing.T) {
	t.Parallel()
	users, base := view(t, schema.User), resource(t, "user.json")
	const secret = "N3w-Pass!"
	for _, operation := range []string{
		`{"op":"replace","path":"password","value":"` + secret + `"}`,
		`{"op":"add","path":"PASSWORD","value":{"value":"` + secret + `"}}`,
		`{"op":"replace","value":{"password":"` + secret + `"}}`,
		`{"op":"replace","value":{"` + domain.URNUser + `:password":"` + secret + `"}}`,
		`{"op":"remove","path":"password","value":"` + secret + `"}`,
		`{"op":"replace","path":"password","value":["` + secret + `",7]}`,
		`{"op":"replace","path":"password[value eq \"` + secret + `\"]","value":"x"}`,
	} {
		told := ""
		note := func(rule string) { told += rule }
		operations, err := patch.Read([]byte(`{"Operations":[`+operation+`,{"op":"replace","path":"title","value":"T"}]}`), users, users, note)
		if err == nil {
			require.NotContains(t, fmt.Sprintf("%#v", operations), secret)
			after, err := patch.Apply(operations, base, users, users, note)
			require.NoError(t, err)
			require.NotContains(t, show(after), secret)
			require.Equal(t, "T", after.Get("title").Text())
		} else {
			require.NotContains(t, err.Error(), secret)
		}
		require.NotContains(t, told, secret)
	}
}
