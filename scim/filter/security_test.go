package filter_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
	"usher/scim/filter/filtertest"
)

// counting is a schema that counts how often it is asked: the work of the parser.
type counting struct {
	filter.Resolver
	asked *int
}

func (c counting) Resolve(path string) (domain.Attribute, filter.Facts, bool) {
	*c.asked++
	return c.Resolver.Resolve(path)
}

// Security 6: a filter that names internal fields is refused like one that names anything unknown.
func TestSecurity06InternalFields(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"organisation", "organisation_id", "connection", "passwordHash", "document", "version", "mfaSecret", "owner", "seat", "rowid"} {
		_, err := filter.Parse(name+` eq "x"`, filtertest.User())
		requireRefusal(t, err, domain.CodeInvalidFilter)
		_, err = filter.ParsePath(name, filtertest.User())
		requireRefusal(t, err, domain.CodeInvalidPath)
	}
}

// Security 17: NUL, broken UTF-8 and half surrogates are refused, a megabyte is not even read.
func TestSecurity17BrokenText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"userName eq \"a\x00b\"", `userName eq "a\u0000b"`, "userName eq a\x00b", "userName eq \"\xff\"", "\xc3\x28 pr",
		`userName eq "\ud800"`, `userName eq "\udc00\ud800"`, `userName eq "\ud83d\u0041"`, `userName eq "\u12"`,
		`userName eq "` + strings.Repeat("a", 1<<20) + `"`,
	} {
		_, err := filter.Parse(text, filtertest.User())
		requireRefusal(t, err, domain.CodeInvalidFilter)
		_, err = filter.ParsePath("emails["+text, filtertest.User())
		require.Error(t, err)
	}
}

// Security 18: secrets cannot be compared, tested for presence or reached through a value path.
func TestSecurity18Secrets(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`password eq "x"`, `password pr`, `PassWord sw "a"`, `not (password eq null)`, domain.URNUser + `:password co "a"`,
		`title pr and password gt "a"`, `password[value eq "x"]`,
	} {
		_, err := filter.Parse(text, filtertest.User())
		requireRefusal(t, err, domain.CodeInvalidFilter)
	}
}

// Security 19: SQL in a value stays a value, byte for byte; SQL anywhere else is refused.
func TestSecurity19SQL(t *testing.T) {
	t.Parallel()
	for _, value := range []string{`' OR '1'='1`, `x'; DROP TABLE users; --`, `%' UNION SELECT`, `\'`, `$1`, `?`, `"`, `a)(b`} {
		text := string(attribute.AppendJSON(nil, attribute.NewString(value)))
		where, err := filter.Parse(`userName eq `+text, filtertest.User())
		require.NoError(t, err, text)
		require.Equal(t, value, where.(domain.Compare).Operand.Value.Text())
	}
	for _, text := range []string{
		`userName eq "a" OR 1=1`, `userName eq "a"; DROP TABLE users`, `1=1`, `userName) = 'a`, `userName->>'x' eq "y"`, `"userName" eq "a"`,
		`userName eq "a" -- comment`, `userName eq "a" /* comment */`,
	} {
		_, err := filter.Parse(text, filtertest.User())
		requireRefusal(t, err, domain.CodeInvalidFilter)
	}
}

// Security 20: what is too deep, too long or too much is refused where the bound is reached, without reading on.
func TestSecurity20Bounds(t *testing.T) {
	t.Parallel()
	const levels, terms = 1_000, 10_000
	for _, c := range []struct {
		rule, text string
		most       int // how often the schema may be asked before the refusal
	}{
		{"parentheses", strings.Repeat("(", levels) + `title pr` + strings.Repeat(")", levels), 0},
		{"negations", strings.Repeat("not (", levels) + `title pr` + strings.Repeat(")", levels), 0},
		{"negations without parentheses", strings.Repeat("not ", levels) + `title pr`, 0},
		{"open parentheses", strings.Repeat("(", filter.MaxLength), 0},
		{"open brackets", "emails" + strings.Repeat("[", levels), 1},
		{"nested value paths", strings.Repeat("emails[", levels), 1},
		{"conditions before depth", strings.Repeat("(title pr and ", 500), filter.MaxDepth},
		{"conjunction", `title pr` + strings.Repeat(` and title pr`, terms), 0},
		{"disjunction", `title pr` + strings.Repeat(` or title pr`, terms), 0},
		{"terms within the length", `title pr` + strings.Repeat(` or title pr`, 300), filter.MaxTerms},
		{"terms inside a value path", `emails[type pr` + strings.Repeat(` or type pr`, 300) + `]`, filter.MaxTerms + 1},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			asked := 0
			_, err := filter.Parse(c.text, counting{filtertest.User(), &asked})
			requireRefusal(t, err, domain.CodeInvalidFilter)
			require.LessOrEqual(t, asked, c.most)
			asked = 0
			_, err = filter.ParsePath("emails["+c.text, counting{filtertest.User(), &asked})
			require.Error(t, err)
			require.LessOrEqual(t, asked, c.most+2)
		})
	}
}

// What is exactly at the bounds is answered.
func TestBoundsAreInclusive(t *testing.T) {
	t.Parallel()
	nest := func(n int) string { return strings.Repeat("(", n) + `title pr` + strings.Repeat(")", n) }
	long := func(n int) string { return `title eq "` + strings.Repeat("a", n-len(`title eq ""`)) + `"` }
	for _, c := range []struct{ fits, beyond string }{
		{nest(filter.MaxDepth), nest(filter.MaxDepth + 1)},
		{strings.Repeat("not ", filter.MaxDepth) + `title pr`, strings.Repeat("not ", filter.MaxDepth+1) + `title pr`},
		{strings.Repeat("not (", filter.MaxDepth) + `title pr` + strings.Repeat(")", filter.MaxDepth), strings.Repeat("not (", 51) + `title pr` + strings.Repeat(")", 51)},
		{`title pr` + strings.Repeat(" or title pr", filter.MaxTerms-1), `title pr` + strings.Repeat(" or title pr", filter.MaxTerms)},
		{long(filter.MaxLength), long(filter.MaxLength + 1)},
	} {
		_, err := filter.Parse(c.fits, filtertest.User())
		require.NoError(t, err)
		_, err = filter.Parse(c.beyond, filtertest.User())
		requireRefusal(t, err, domain.CodeInvalidFilter)
	}
}
