package filter_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/scim/filter"
	"usher/scim/filter/filtertest"
)

func TestParsePathUnderstands(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, attribute, where string
	}{
		// RFC 7644 section 3.5.2, the examples of figure 7.
		{`emails`, `emails`, ``},
		{`name.familyName`, `name.familyName`, ``},
		{`addresses[type eq "work"]`, `addresses`, `type eq "work"`},
		{`addresses[type eq "work"].streetAddress`, `addresses.streetAddress`, `type eq "work"`},
		// Names and URNs.
		{`NAME.FamilyName`, `name.familyName`, ``},
		{domain.URNUser + `:name.familyName`, `name.familyName`, ``},
		{enterprise + `:manager`, enterprise + `:manager`, ``},
		{enterprise + `:Manager.displayname`, enterprise + `:manager.displayName`, ``},
		{domain.URNUser + `:emails[type eq "work"].value`, `emails.value`, `type eq "work"`},
		{filtertest.URNCustom + `:desks[type eq "a"].colour`, filtertest.URNCustom + `:desks.colour`, `type eq "a"`},
		{enterprise, enterprise, ``},
		// What directories send.
		{`roles[primary eq "True"].value`, `roles.value`, `primary eq true`},
		{`emails[type eq work]`, `emails`, `type eq "work"`},
		{` emails [ type eq "work" ] `, `emails`, `type eq "work"`},
		{`emails[type eq "work" and not (value ew "@x")]`, `emails`, `(type eq "work" and not (value ew "@x"))`},
		{enterprise + `:manager[value eq "1"]`, enterprise + `:manager`, `value eq "1"`},
		{filtertest.URNCustom + `:tags[value eq "a"]`, filtertest.URNCustom + `:tags`, `value eq "a"`},
		{filtertest.URNCustom + `:tags[value sw "a" and value ew "b"].value`, filtertest.URNCustom + `:tags`, `(value sw "a" and value ew "b")`},
		{`password`, `password`, ``},
	} {
		path, err := filter.ParsePath(c.text, filtertest.User())
		require.NoError(t, err, c.text)
		require.Equal(t, c.attribute, path.String(), c.text)
		if c.where == "" {
			require.Nil(t, path.Where, c.text)
			continue
		}
		require.Equal(t, c.where, meaning(path.Where), c.text)
	}
}

func TestParsePathRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, code string }{
		{``, domain.CodeInvalidPath},
		{`shoeSize`, domain.CodeInvalidPath},
		{domain.URNUser, domain.CodeInvalidPath},
		{`name.nick`, domain.CodeInvalidPath},
		{`/name/givenName`, domain.CodeInvalidPath},
		{`$.name`, domain.CodeInvalidPath},
		{`name givenName`, domain.CodeInvalidPath},
		{`userName eq "x"`, domain.CodeInvalidPath},
		{`[type eq "work"]`, domain.CodeInvalidPath},
		{`emails[type eq "work"`, domain.CodeInvalidPath},
		{`emails[type eq "work"]x`, domain.CodeInvalidPath},
		{`emails[type eq "work"].`, domain.CodeInvalidPath},
		{`emails[type eq "work"].size`, domain.CodeInvalidPath},
		{`emails[type eq "work"].value eq "x"`, domain.CodeInvalidPath},
		{`emails[type eq "work"].value.x`, domain.CodeInvalidPath},
		{`emails[0]`, domain.CodeInvalidPath},
		{`emails[size eq "x"]`, domain.CodeInvalidPath},
		{`emails[type eq "work"][value pr]`, domain.CodeInvalidPath},
		{`emails.value[type eq "work"]`, domain.CodeInvalidPath},
		{`title[value eq "x"]`, domain.CodeInvalidPath},
		{"emails\x00", domain.CodeInvalidPath},
		{"\xff", domain.CodeInvalidPath},
		// RFC 7644 section 3.12: a filter inside a path is an invalid filter.
		{`emails[type]`, domain.CodeInvalidFilter},
		{`emails[type is "work"]`, domain.CodeInvalidFilter},
		{`emails[primary eq "maybe"]`, domain.CodeInvalidFilter},
		{`emails[primary gt true]`, domain.CodeInvalidFilter},
		{`emails[type eq "work" value pr]`, domain.CodeInvalidFilter},
	} {
		_, err := filter.ParsePath(c.text, filtertest.User())
		requireRefusal(t, err, c.code)
	}
}

func TestParsePathFacts(t *testing.T) {
	t.Parallel()
	user := filtertest.User()
	path := func(text string) filter.Path {
		p, err := filter.ParsePath(text, user)
		require.NoError(t, err, text)
		return p
	}
	email := path(`emails[type eq "work"].value`)
	require.Equal(t, domain.Attribute{Path: domain.Path{Name: "emails", Sub: "value"}, Many: true}, email.Attribute)
	require.Equal(t, domain.Attribute{Path: domain.Path{Name: "emails"}, Type: domain.TypeComplex, Many: true}, email.Whole())
	require.True(t, email.Facts.Multi)
	require.False(t, email.Facts.Complex)
	require.Equal(t, filter.ReadOnly, path(`meta.created`).Facts.Mutability, "a part of something read-only is read-only")
	require.Equal(t, filter.ReadOnly, path(`groups[value eq "x"].display`).Facts.Mutability)
	require.Equal(t, filter.ReadOnly, path(enterprise+`:manager.displayName`).Facts.Mutability)
	require.Equal(t, filter.Immutable, path(filtertest.URNCustom+`:badge`).Facts.Mutability)
	require.True(t, path(`userName`).Facts.Required)
	require.True(t, path(`password`).Facts.Secret)
	require.True(t, path(enterprise+`:manager`).Facts.HasValue)
}
