package filter_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/scim/filter"
	"usher/scim/filter/filtertest"
)

const enterprise = domain.URNEnterprise

// accepted is what must be understood, and as what: the meaning in canonical names with nothing left to precedence.
func accepted() []struct{ rule, text, want string } {
	return []struct{ rule, text, want string }{
		// RFC 7644 section 3.4.2.2, the examples.
		{"rfc: eq", `userName eq "bjensen"`, `userName eq "bjensen"`},
		{"rfc: sub-attribute", `name.familyName co "O'Malley"`, `name.familyName co "O'Malley"`},
		{"rfc: sw", `userName sw "J"`, `userName sw "J"`},
		{"rfc: core URN", `urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`, `userName sw "J"`},
		{"rfc: pr", `title pr`, `title pr`},
		{"rfc: gt", `meta.lastModified gt "2011-05-13T04:42:34Z"`, `meta.lastModified gt @2011-05-13T04:42:34Z`},
		{"rfc: ge", `meta.lastModified ge "2011-05-13T04:42:34Z"`, `meta.lastModified ge @2011-05-13T04:42:34Z`},
		{"rfc: lt", `meta.lastModified lt "2011-05-13T04:42:34Z"`, `meta.lastModified lt @2011-05-13T04:42:34Z`},
		{"rfc: le", `meta.lastModified le "2011-05-13T04:42:34Z"`, `meta.lastModified le @2011-05-13T04:42:34Z`},
		{"rfc: and", `title pr and userType eq "Employee"`, `(title pr and userType eq "Employee")`},
		{"rfc: or", `title pr or userType eq "Intern"`, `(title pr or userType eq "Intern")`},
		{"rfc: schemas", `schemas eq "` + enterprise + `"`, `schemas eq "` + enterprise + `"`},
		{"rfc: complex attribute", `userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")`,
			`(userType eq "Employee" and (emails.value co "example.com" or emails.value co "example.org"))`},
		{"rfc: not", `userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")`,
			`(userType ne "Employee" and not ((emails.value co "example.com" or emails.value co "example.org")))`},
		{"rfc: and with group", `userType eq "Employee" and (emails.type eq "work")`, `(userType eq "Employee" and emails.type eq "work")`},
		{"rfc: value path", `userType eq "Employee" and emails[type eq "work" and value co "@example.com"]`,
			`(userType eq "Employee" and emails[(type eq "work" and value co "@example.com")])`},
		{"rfc: two value paths", `emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]`,
			`(emails[(type eq "work" and value co "@example.com")] or ims[(type eq "xmpp" and value co "@foo.com")])`},

		// Precedence: not > and > or.
		{"and before or", `title pr or userType pr and locale pr`, `(title pr or (userType pr and locale pr))`},
		{"and before or, the other way", `title pr and userType pr or locale pr`, `((title pr and userType pr) or locale pr)`},
		{"not before and", `not (title pr) and userType pr`, `(not (title pr) and userType pr)`},
		{"parentheses first", `title pr and (userType pr or locale pr)`, `(title pr and (userType pr or locale pr))`},
		{"chains stay flat", `title pr and userType pr and locale pr`, `(title pr and userType pr and locale pr)`},
		{"not of not", `not (not (title pr))`, `not (not (title pr))`},
		{"not without parentheses", `not title pr and userType pr`, `(not (title pr) and userType pr)`},
		{"not of a value path", `not emails[type eq "work"]`, `not (emails[type eq "work"])`},

		// Operators.
		{"ne", `userName ne "x"`, `userName ne "x"`},
		{"ew", `userName ew "x"`, `userName ew "x"`},
		{"text has an order", `userName gt "m"`, `userName gt "m"`},
		{"any case", `userName EQ "x" AND NOT (title Pr) oR title Co "y"`, `((userName eq "x" and not (title pr)) or title co "y")`},

		// Names.
		{"names without case", `USERNAME eq "x" and Name.FAMILYNAME eq "y"`, `(userName eq "x" and name.familyName eq "y")`},
		{"URN without case", `URN:IETF:params:scim:schemas:extension:ENTERPRISE:2.0:user:Department eq "x"`, enterprise + `:department eq "x"`},
		{"URN with sub-attribute", enterprise + `:manager.value eq "x"`, enterprise + `:manager.value eq "x"`},
		{"custom URN with dots and slashes", filtertest.URNCustom + `:level ge 3`, filtertest.URNCustom + `:level ge 3`},
		{"value path under the core URN", domain.URNUser + `:emails[type eq "work"]`, `emails[type eq "work"]`},
		{"$ref", `groups.$ref eq "https://x.test/Groups/1"`, `groups.$ref eq "https://x.test/Groups/1"`},

		// A complex attribute compares by its value.
		{"manager", enterprise + `:manager eq "26118915"`, enterprise + `:manager.value eq "26118915"`},
		{"groups", `groups eq "g1"`, `groups.value eq "g1"`},
		{"complex pr", `name pr`, `name pr`},
		{"complex null", `name eq null`, `not (name pr)`},
		{"complex not null", `emails ne null`, `emails pr`},

		// Value paths.
		{"pr inside", `emails[type eq "work" and primary pr]`, `emails[(type eq "work" and primary pr)]`},
		{"or and not inside", `emails[not (type eq "home") or primary eq true]`, `emails[(not (type eq "home") or primary eq true)]`},
		{"space before the bracket", `emails [ type eq "work" ]`, `emails[type eq "work"]`},
		{"entra: sub-attribute behind", `emails[type eq "work"].value eq "a@b.test"`, `emails[(type eq "work" and value eq "a@b.test")]`},
		{"entra: conjunction inside", `emails[type eq "work" and primary eq true].value sw "a"`, `emails[(type eq "work" and primary eq true and value sw "a")]`},
		{"entra: disjunction inside", `emails[type eq "work" or type eq "home"].value co "a"`, `emails[((type eq "work" or type eq "home") and value co "a")]`},
		{"entra: pr behind", `phoneNumbers[type eq "mobile"].value pr`, `phoneNumbers[(type eq "mobile" and value pr)]`},
		{"entra: within more", `not (emails[type eq "work"].value eq "a") and title pr`, `(not (emails[(type eq "work" and value eq "a")]) and title pr)`},
		{"operator on the element", `emails[type eq "work"] co "@b"`, `emails[(type eq "work" and value co "@b")]`},
		{"pr on the element", `emails[type eq "work"] pr`, `emails[type eq "work"]`},
		{"single-valued complex", `name[givenName eq "Ana" and not (familyName pr)]`, `(name pr and (name.givenName eq "Ana" and not (name.familyName pr)))`},
		{"list of plain values", filtertest.URNCustom + `:tags[value eq "a" or value sw "b"]`,
			`(` + filtertest.URNCustom + `:tags eq "a" or ` + filtertest.URNCustom + `:tags sw "b")`},

		// Values.
		{"empty string", `title eq ""`, `title eq ""`},
		{"escapes", `title eq "a\"b\\c\/d\u00e9\ud83d\ude00\n"`, `title eq "a\"b\\c/dé😀\n"`},
		{"disjunction in a single-valued complex", `name[givenName eq "a" or familyName eq "b"]`, `(name pr and (name.givenName eq "a" or name.familyName eq "b"))`},
		{"plain conditions in a single-valued complex", `name[familyName pr]`, `(name pr and name.familyName pr)`},
		{"brackets in a string", `title eq "a) or (b]"`, `title eq "a) or (b]"`},
		{"wild cards are literal", `title co "%_*"`, `title co "%_*"`},
		{"null", `title eq null and userType ne NULL`, `(title eq null and userType ne null)`},
		{"quoted null is text", `title eq "null"`, `title eq "null"`},
		{"boolean", `active eq true and emails.primary ne FALSE`, `(active eq true and emails.primary ne false)`},
		{"entra: boolean as text", `active eq "True" or active eq "false"`, `(active eq true or active eq false)`},
		{"integer", filtertest.URNCustom + `:level lt -12`, filtertest.URNCustom + `:level lt -12`},
		{"integer as text", filtertest.URNCustom + `:level eq "7"`, filtertest.URNCustom + `:level eq 7`},
		{"decimal", filtertest.URNCustom + `:ratio ge 1.5e-3`, filtertest.URNCustom + `:ratio ge 1.5e-3`},
		{"binary", `x509Certificates eq "TUlJ"`, `x509Certificates.value eq "TUlJ"`},
		{"reference", `profileUrl sw "https://"`, `profileUrl sw "https://"`},

		// Dialect: values without quotes are one token.
		{"bare text", `userName eq bob`, `userName eq "bob"`},
		{"bare text in parentheses", `(userName eq bob) and (title co x)`, `(userName eq "bob" and title co "x")`},
		{"bare text in a value path", `emails[type eq work]`, `emails[type eq "work"]`},
		{"bare text with an apostrophe", `name.familyName eq O'Brien`, `name.familyName eq "O'Brien"`},
		{"bare number for text", enterprise + `:employeeNumber eq 701984`, enterprise + `:employeeNumber eq "701984"`},
		{"bare boolean for text", `title eq true`, `title eq "true"`},
		{"bare moment", `meta.created gt 2015-10-10T14:38:21.8617979-07:00`, `meta.created gt @2015-10-10T21:38:21.8617979Z`},
		{"moment without zone", `meta.created eq "2015-10-10T14:38:21"`, `meta.created eq @2015-10-10T14:38:21Z`},
		{"moment that lost its plus sign in a URL", `meta.created eq "2015-10-10T14:38:21 02:00"`, `meta.created eq @2015-10-10T12:38:21Z`},

		// White space.
		{"much white space", " \t( userName   eq\t\"x\" )\r\n", `userName eq "x"`},
		{"little white space", `(title pr)and(userType eq"x"or not(locale pr))`, `(title pr and (userType eq "x" or not (locale pr)))`},
	}
}

func TestParseUnderstands(t *testing.T) {
	t.Parallel()
	for _, c := range accepted() {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			got, err := filter.Parse(c.text, filtertest.User())
			require.NoError(t, err)
			require.Equal(t, c.want, meaning(got))
		})
	}
}

func TestParseGroups(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{`displayName eq "Admins"`, `displayName eq "Admins"`},
		{`id eq "g" and members eq "u"`, `(id eq "g" and members.value eq "u")`},
		{`members[value eq "u" and type eq "User"]`, `members[(value eq "u" and type eq "User")]`},
		{domain.URNGroup + `:displayName pr`, `displayName pr`},
	} {
		got, err := filter.Parse(c.text, filtertest.Group())
		require.NoError(t, err, c.text)
		require.Equal(t, c.want, meaning(got))
	}
}

// What a compiled comparison says of its attribute is what the schema says.
func TestParseKeepsTheFactsOfTheSchema(t *testing.T) {
	t.Parallel()
	got, err := filter.Parse(`emails[type eq "work"].value eq "x" and externalId eq "y" and emails.type pr`, filtertest.User())
	require.NoError(t, err)
	terms := got.(domain.And).Terms
	element := terms[0].(domain.Element)
	require.Equal(t, domain.Attribute{Path: domain.Path{Name: "emails"}, Type: domain.TypeComplex, Many: true}, element.Attribute)
	require.Equal(t, domain.Attribute{Path: domain.Path{Sub: "type"}}, element.Where.(domain.And).Terms[0].(domain.Compare).Attribute,
		"inside an element only the sub-attribute is named, and it is single-valued")
	require.Equal(t, domain.Attribute{Path: domain.Path{Name: "externalId"}, CaseExact: true}, terms[1].(domain.Compare).Attribute)
	require.Equal(t, domain.Attribute{Path: domain.Path{Name: "emails", Sub: "type"}, Many: true}, terms[2].(domain.Present).Attribute)
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const custom = filtertest.URNCustom
	for _, c := range []struct{ rule, text, says string }{
		{"empty", ``, `ends too early: expected the name of an attribute`},
		{"blank", `   `, `ends too early`},
		{"attribute alone", `userName`, `ends too early: expected an operator`},
		{"unknown operator", `userName is "x"`, `at character 10: expected an operator`},
		{"operator alone", `eq "x"`, `no attribute "eq"`},
		{"no value", `userName eq`, `ends too early: expected a value`},
		{"no value before a bracket", `(userName eq )`, `at character 14: expected a value`},
		{"open string", `userName eq "x`, `at character 13: the value has no closing quote`},
		{"string that ends in a backslash", `userName eq "x\"`, `no closing quote`},
		{"bad escape", `userName eq "ACME\bob\q"`, `not a JSON string`},
		{"raw line break in a string", "userName eq \"a\nb\"", `must be escaped`},
		{"single quotes", `userName eq 'bob'`, `plain double quotes`},
		{"typographic quotes", `userName eq “bob”`, `plain double quotes`},
		{"an object", `title eq {}`, `double quotes`},
		{"quote inside a bare value", `userName eq bo"b"`, `double quotes`},
		{"bracket inside a bare value", `userName eq f(x)`, `double quotes`},
		{"two values", `userName eq "a" "b"`, `expected and, or`},
		{"two filters", `userName eq "a" title pr`, `expected and, or`},
		{"trailing and", `title pr and`, `ends too early`},
		{"leading or", `or title pr`, `no attribute "or"`},
		{"not alone", `not`, `ends too early`},
		{"open parenthesis", `(title pr`, `at character 1: this parenthesis is not closed`},
		{"closed twice", `(title pr))`, `at character 11: this closing bracket has no opening one`},
		{"wrong closing bracket", `(title pr]`, `parenthesis is not closed`},
		{"empty parentheses", `()`, `expected the name of an attribute`},
		{"open value path", `emails[type eq "work"`, `bracket is not closed`},
		{"empty value path", `emails[]`, `expected the name of an attribute`},
		{"nested value path", `emails[type[value eq "x"]]`, `inside another`},
		{"value path of a sub-attribute", `emails.value[type eq "x"]`, `no elements`},
		{"value path of a plain attribute", `title[value eq "x"]`, `no elements`},
		{"dot behind without operator", `emails[type eq "work"].value`, `expected an operator`},
		{"dot behind without name", `emails[type eq "work"]. eq "x"`, `expected the name`},
		{"unknown sub-attribute behind", `emails[type eq "work"].size eq "x"`, `"emails" has no sub-attribute "size"`},
		{"full path inside a value path", `emails[emails.type eq "work"]`, `no sub-attribute "emails.type"`},
		{"other attribute inside a value path", `emails[userName eq "x"]`, `no sub-attribute`},
		{"negation over plain values", custom + `:tags[not (value eq "a") or value pr]`, `plain values`},
		{"conjunction over plain values", custom + `:tags[value sw "a" and value ew "b"]`, `plain values`},
		{"other than value over plain values", custom + `:tags[type eq "a"]`, `no sub-attribute`},
		{"unknown attribute", `shoeSize eq "x"`, `no attribute "shoeSize"`},
		{"unknown sub-attribute", `name.nick eq "x"`, `no attribute "name.nick"`},
		{"unknown URN", `urn:nobody:knows:userName eq "x"`, `no attribute`},
		{"schema instead of attribute", enterprise + ` pr`, `names a schema`},
		{"resource instead of attribute", domain.URNUser + ` pr`, `no attribute`},
		{"too deep a path", `name.givenName.first eq "x"`, `no attribute`},
		{"complex without value", `name eq "x"`, `compare one of them`},
		{"complex without value, multi-valued", `addresses eq "x"`, `compare one of them`},
		{"element without value", `addresses[type eq "work"] eq "x"`, `no sub-attribute "value"`},
		{"boolean that is none", `active eq "maybe"`, `compare it with true or false`},
		{"boolean as number", `active eq 1`, `compare it with true or false`},
		{"integer that is none", custom + `:level eq "x"`, `whole number`},
		{"integer with a fraction", custom + `:level eq 1.5`, `whole number`},
		{"integer beyond 64 bits", custom + `:level eq 9223372036854775808`, `whole number`},
		{"integer with a plus sign", custom + `:level eq +5`, `whole number`},
		{"decimal that is none", custom + `:ratio eq NaN`, `with a number`},
		{"decimal out of range", custom + `:ratio lt 1e999`, `with a number`},
		{"decimal in hexadecimal", custom + `:ratio lt 0x10`, `with a number`},
		{"moment that is none", `meta.created gt "yesterday"`, `date and time`},
		{"day without time", `meta.created gt "2015-10-10"`, `date and time`},
		{"impossible day", `meta.created gt "2015-02-30T00:00:00Z"`, `date and time`},
		{"co on boolean", `active co "t"`, `compare text only`},
		{"sw on moment", `meta.created sw "2015"`, `compare text only`},
		{"ew on number", custom + `:level ew 1`, `compare text only`},
		{"co on binary", `x509Certificates co "TUl"`, `compare text only`},
		{"gt on boolean", `active gt false`, `has no order`},
		{"le on binary", `x509Certificates.value le "TUl"`, `has no order`},
		{"gt null", `title gt null`, `eq and ne only`},
		{"control character", "title eq \x01", `control characters`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			got, err := filter.Parse(c.text, filtertest.User())
			require.Nil(t, got)
			requireRefusal(t, err, domain.CodeInvalidFilter)
			require.Contains(t, err.Error(), c.says)
		})
	}
}

// A message repeats at most 60 characters of what it was sent.
func TestMessagesRepeatLittle(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 3000)
	for _, text := range []string{long + ` eq "x"`, `emails[` + long + ` eq "x"]`, `emails[type eq "x"].` + long + ` pr`} {
		_, err := filter.Parse(text, filtertest.User())
		requireRefusal(t, err, domain.CodeInvalidFilter)
		require.LessOrEqual(t, strings.Count(err.Error(), "é"), 60)
	}
}

func requireRefusal(t *testing.T, err error, code string) {
	t.Helper()
	var refusal *domain.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, domain.Invalid, refusal.Kind)
	require.Equal(t, code, refusal.Code, refusal.Message)
	require.NotEmpty(t, refusal.Message)
}
