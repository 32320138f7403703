package schema_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/schema"
)

// TestSecurity/10: a body that sets what is not the client's to say changes nothing but what is.
// TestSecurity/11: paths to unknown or internal attributes name nothing.
// TestSecurity/18: secrets are marked as such, and asking to be shown one is refused.
// TestSecurity/20: bodies made to be costly are answered with work that grows with their size alone.
// TestSecurity/43: a password appears in no outcome, note or message.
func TestSecurity(t *testing.T) {
	t.Parallel()
	users := acme(t).View(schema.User)

	t.Run("10", func(t *testing.T) {
		t.Parallel()
		tree, err := users.Tree(read(t, `{"userName":"ana","id":"1","ID2":"2","meta":{"version":"9","location":"x"},
			"schemas":["x"],"organisation":"o","Organisation_ID":"o","owner":true,"passwordHash":"h","password":"p",
			"mfaSecret":"s","seat":"full","status":"active","groups":[{"value":"g"}],"blocked":false,
			"urn:ietf:params:scim:schemas:core:2.0:User:id":"3","urn:ietf:params:scim:schemas:core:2.0:User:password":"p",
			"urn:ietf:params:scim:schemas:core:2.0:User":{"id":"4","owner":true,"password":"p"},"meta.version":"8",
			"urn:ietf:params:scim:schemas:extension:usher:2.0:User":{"owner":true,"status":"active","blocked":false,"seat":"held","passwordHash":"h"},
			"`+enterprise+`":{"manager":{"displayName":"John"},"owner":true},"`+acmeURN+`":{"badge":"b","score":9}}`), nil)
		require.NoError(t, err)
		requireTree(t, `{"userName":"ana","`+acmeURN+`":{"badge":"b"}}`, tree)
	})

	t.Run("11", func(t *testing.T) {
		t.Parallel()
		for _, path := range []string{
			"organisation", "organisation_id", "owner", "passwordHash", "password_hash", "mfa.secret", "seat", "status",
			"document", "connection", "version", "meta.organisation", "urn:ietf:params:scim:schemas:core:2.0:User:owner",
			"urn:ietf:params:scim:schemas:extension:usher:2.0:User:owner", "userName'; DROP TABLE users", "emails[0]",
		} {
			_, _, ok := users.Resolve(path)
			require.False(t, ok, path)
		}
	})

	t.Run("18", func(t *testing.T) {
		t.Parallel()
		for _, path := range []string{"password", "PASSWORD", domain.URNUser + ":password"} {
			_, facts, ok := users.Resolve(path)
			require.True(t, ok)
			require.True(t, facts.Secret)
			_, err := users.Selection([]string{"userName", path}, nil)
			require.Equal(t, domain.InvalidField("attributes", "leave out password: it is never returned"), err)
		}
		s, err := users.Selection([]string{domain.URNUser}, nil)
		require.NoError(t, err)
		requireTree(t, `{"userName":"ana"}`, s.Apply(read(t, `{"userName":"ana","password":"p"}`)))
		s, err = users.Selection(nil, []string{"title"})
		require.NoError(t, err)
		requireTree(t, `{"userName":"ana"}`, s.Apply(read(t, `{"userName":"ana","password":"p"}`)))
	})

	t.Run("20", func(t *testing.T) {
		t.Parallel()
		strays := make([]attribute.Member, 0, 50_000)
		for i := range 50_000 {
			strays = append(strays, attribute.Member{Name: "x" + strconv.Itoa(i), Value: attribute.NewBool(true)})
		}
		many := attribute.NewComplex(strays...)
		body := attribute.NewComplex(append([]attribute.Member{
			{Name: "name", Value: many}, {Name: "name.givenName", Value: attribute.NewString("Ana")},
			{Name: domain.URNUser + ":name", Value: many}, {Name: domain.URNUser, Value: many}, {Name: enterprise, Value: many},
			{Name: enterprise + ":manager.value", Value: attribute.NewString("1")},
		}, strays...)...)
		notes := 0
		tree, err := users.Tree(body, func(string) { notes++ })
		require.NoError(t, err)
		requireTree(t, `{"name":{"givenName":"Ana"},"`+enterprise+`":{"manager":{"value":"1"}}}`, tree)
		require.Less(t, notes, 6*50_000, "each stray member is looked at about once")
	})

	t.Run("43", func(t *testing.T) {
		t.Parallel()
		const secret = "hunter2"
		var notes []string
		note := func(rule string) { notes = append(notes, rule) }
		for _, value := range []string{`"` + secret + `"`, `["` + secret + `"]`, `{"value":"` + secret + `"}`, `[["` + secret + `"],1]`} {
			for _, name := range []string{"password", "PassWord", domain.URNUser + ":password"} {
				tree, err := users.Tree(read(t, `{"userName":"ana","`+name+`":`+value+`}`), note)
				require.NoError(t, err)
				requireTree(t, `{"userName":"ana"}`, tree)
			}
			at, _, _ := users.Resolve("password")
			out, err := users.Value(at, read(t, value), note)
			require.NoError(t, err)
			requireTree(t, "null", out)
		}
		require.NotContains(t, strings.Join(notes, " "), secret)
		_, err := users.Tree(read(t, `{"userName":{"value":"`+secret+`"}}`), note)
		require.Error(t, err)
		require.NotContains(t, err.Error(), secret)
	})
}
