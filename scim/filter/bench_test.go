package filter_test

import (
	"testing"

	"usher/scim/filter"
	"usher/scim/filter/filtertest"
)

// The lookups that directories send most, and a long one.
func BenchmarkParse(b *testing.B) {
	schema := filtertest.User()
	for name, text := range map[string]string{
		"lookup": `userName eq "test.user@okta.local"`,
		"entra":  `emails[type eq "work"].value eq "none@contoso.com"`,
		"long":   `not (title pr) and (userType eq "Employee" or userType eq "Intern") and meta.lastModified gt "2011-05-13T04:42:34Z"`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := filter.Parse(text, schema); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
