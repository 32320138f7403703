package filter_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
	"usher/scim/filter/filtertest"
)

// What a filter selects, from the text to the answer.
func TestFiltersSelect(t *testing.T) {
	t.Parallel()
	ana, err := attribute.Read([]byte(`{
		"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "1", "externalId": "Ext-1",
		"userName": "Ana@ACME.test", "name": {"familyName": "Núñez", "givenName": "Ana"}, "active": true, "title": "50% _x_ Lead",
		"emails": [{"value": "ana@acme.test", "type": "work", "primary": true}, {"value": "ana@home.test", "type": "home"}],
		"meta": {"created": "2026-01-31T08:00:00Z"},
		"`+enterprise+`": {"manager": {"value": "77"}},
		"`+filtertest.URNCustom+`": {"level": 9, "ratio": 0.5, "tags": ["red", "blue"]}}`), attribute.Bounds{})
	require.NoError(t, err)
	const custom = filtertest.URNCustom
	for _, c := range []struct {
		text string
		want bool
	}{
		{`userName eq "ana@acme.TEST"`, true},
		{`externalId eq "ext-1"`, false},
		{`externalId eq "Ext-1"`, true},
		{`name.familyName eq "NÚÑEZ"`, true},
		{`title co "%"`, true},
		{`title sw "5%"`, false},
		{`title co "_X_"`, true},
		{`title eq null`, false},
		{`nickName eq null`, true},
		{`nickName ne "x"`, true},
		{`name eq null`, false},
		{`addresses eq null`, true},
		{`active eq "True"`, true},
		{`emails co "@home"`, true},
		{`emails.type eq "work" and emails.value eq "ana@home.test"`, true},
		{`emails[type eq "work" and value eq "ana@home.test"]`, false},
		{`emails[type eq "work"].value eq "ana@home.test"`, false},
		{`emails[type eq "work"].value eq "ana@acme.test"`, true},
		{`emails[type eq "work"].display pr`, false},
		{`emails[type eq "home"].primary eq true`, false},
		{`emails[not (type eq "work")].value ew "home.test"`, true},
		{`name[givenName eq "ana" and familyName sw "n"]`, true},
		{`name[not (givenName eq "ana")]`, false},
		{`meta.created lt 2026-01-31T09:30:00+01:00`, true},
		{`meta.created lt 2026-01-31T09:00:00+01:00`, false},
		{enterprise + `:manager eq "77"`, true},
		{custom + `:level gt 10`, false},
		{custom + `:level gt 8`, true},
		{custom + `:ratio le 5e-1`, true},
		{custom + `:tags eq "BLUE"`, true},
		{custom + `:tags[value eq "green" or value eq "red"]`, true},
		{`title pr and nickName pr or active eq true`, true},
		{`title pr and (nickName pr or active eq false)`, false},
		{`not (title pr) or active eq true`, true},
	} {
		where, err := filter.Parse(c.text, filtertest.User())
		require.NoError(t, err, c.text)
		require.Equal(t, c.want, domain.Match(where, ana), c.text)
	}
}
