package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/scim/filter"
	"usher/scim/patch"
	"usher/scim/schema"
)

var (
	_ filter.Resolver     = (*schema.View)(nil)
	_ patch.Canonicaliser = (*schema.View)(nil)
)

const (
	enterprise = domain.URNEnterprise
	acmeURN    = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	set := acme(t)
	path := func(names ...string) domain.Path {
		return domain.Path{URN: names[0], Name: names[1], Sub: names[2]}
	}
	tests := []struct {
		typ   schema.Type
		path  string
		want  domain.Attribute
		facts filter.Facts
	}{
		{
			schema.User, "USERNAME",
			domain.Attribute{Path: path("", "userName", "")}, filter.Facts{Required: true},
		},
		{
			schema.User, "externalid",
			domain.Attribute{Path: path("", "externalId", ""), CaseExact: true}, filter.Facts{},
		},
		{
			schema.User, "id",
			domain.Attribute{Path: path("", "id", ""), CaseExact: true},
			filter.Facts{Mutability: filter.ReadOnly, Required: true},
		},
		{
			schema.User, domain.URNUser + ":userName",
			domain.Attribute{Path: path("", "userName", "")}, filter.Facts{Required: true},
		},
		{
			schema.User, "NAME.familyname",
			domain.Attribute{Path: path("", "name", "familyName")}, filter.Facts{},
		},
		{
			schema.User, "name",
			domain.Attribute{Path: path("", "name", ""), Type: domain.TypeComplex}, filter.Facts{Complex: true},
		},
		{
			schema.User, "emails",
			domain.Attribute{Path: path("", "emails", ""), Type: domain.TypeComplex, Many: true},
			filter.Facts{Multi: true, Complex: true, HasValue: true},
		},
		{
			schema.User, "emails.value",
			domain.Attribute{Path: path("", "emails", "value"), Many: true}, filter.Facts{Multi: true},
		},
		{
			schema.User, "emails.PRIMARY",
			domain.Attribute{Path: path("", "emails", "primary"), Type: domain.TypeBoolean, Many: true},
			filter.Facts{Multi: true},
		},
		{
			schema.User, "active",
			domain.Attribute{Path: path("", "active", ""), Type: domain.TypeBoolean}, filter.Facts{Required: true},
		},
		{
			schema.User, "password",
			domain.Attribute{Path: path("", "password", ""), CaseExact: true},
			filter.Facts{Secret: true, Mutability: filter.WriteOnly},
		},
		{
			schema.User, "groups.$ref",
			domain.Attribute{Path: path("", "groups", "$ref"), Type: domain.TypeReference, CaseExact: true, Many: true},
			filter.Facts{Multi: true, Mutability: filter.ReadOnly},
		},
		{
			schema.User, "meta.created",
			domain.Attribute{Path: path("", "meta", "created"), Type: domain.TypeDateTime},
			filter.Facts{Mutability: filter.ReadOnly},
		},
		{
			schema.User, "schemas",
			domain.Attribute{Path: path("", "schemas", ""), Many: true},
			filter.Facts{Multi: true, Mutability: filter.ReadOnly, Required: true},
		},
		{
			schema.User, strings.ToUpper(enterprise) + ":DEPARTMENT",
			domain.Attribute{Path: path(enterprise, "department", "")}, filter.Facts{},
		},
		{
			schema.User, enterprise + ":manager.displayName",
			domain.Attribute{Path: path(enterprise, "manager", "displayName")}, filter.Facts{Mutability: filter.ReadOnly},
		},
		{
			schema.User, "manager",
			domain.Attribute{Path: path(enterprise, "manager", ""), Type: domain.TypeComplex},
			filter.Facts{Complex: true, HasValue: true},
		},
		{
			schema.User, "Manager.value",
			domain.Attribute{Path: path(enterprise, "manager", "value"), CaseExact: true}, filter.Facts{},
		},
		{
			schema.User, enterprise,
			domain.Attribute{Path: path(enterprise, "", ""), Type: domain.TypeComplex}, filter.Facts{Complex: true},
		},
		{
			schema.User, acmeURN + ":desks.number",
			domain.Attribute{Path: path(acmeURN, "desks", "number"), Type: domain.TypeInteger, Many: true},
			filter.Facts{Multi: true},
		},
		{
			schema.User, acmeURN + ":languages",
			domain.Attribute{Path: path(acmeURN, "languages", ""), Many: true}, filter.Facts{Multi: true},
		},
		{
			schema.User, acmeURN + ":contract",
			domain.Attribute{Path: path(acmeURN, "contract", "")}, filter.Facts{Mutability: filter.Immutable},
		},
		{
			schema.Group, "members.value",
			domain.Attribute{Path: path("", "members", "value"), CaseExact: true, Many: true},
			filter.Facts{Multi: true, Mutability: filter.Immutable},
		},
		{
			schema.Group, "displayName",
			domain.Attribute{Path: path("", "displayName", "")}, filter.Facts{Required: true},
		},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			t.Parallel()
			got, facts, ok := set.View(test.typ).Resolve(test.path)
			require.True(t, ok)
			require.Equal(t, test.want, got)
			require.Equal(t, test.facts, facts)
		})
	}
}

func TestResolveUnknown(t *testing.T) {
	t.Parallel()
	set := acme(t)
	for typ, paths := range map[schema.Type][]string{
		schema.User: {
			"", ".", "urn:", "userNam", "userName.", "userName.value", "name.", ".name", "name.familyName.value",
			"emails[type eq \"work\"]", "members", "department", domain.URNUser, domain.URNGroup + ":displayName",
			domain.URNUser + ":", domain.URNUser + ":department", enterprise + ":", enterprise + ":userName",
			enterprise + ".department", "urn:unknown:a", acmeURN + ":badge.value", domain.URNUser + ":" + enterprise,
			"userName:", "\x00", strings.Repeat("a", 100_000),
		},
		schema.Group: {"userName", "groups", enterprise, "manager", acmeURN, domain.URNUser + ":userName"},
	} {
		for _, path := range paths {
			_, _, ok := set.View(typ).Resolve(path)
			require.False(t, ok, "%s: %.80q", typ, path)
		}
	}
}

// described is a schema document as a client reads it.
type described struct {
	Schemas     []string    `json:"schemas"`
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Description *string     `json:"description"`
	Attributes  []property  `json:"attributes"`
	Meta        *properties `json:"meta"`
}

type properties struct {
	ResourceType string `json:"resourceType"`
	Location     string `json:"location"`
}

type property struct {
	Name            string     `json:"name"`
	Type            string     `json:"type"`
	MultiValued     *bool      `json:"multiValued"`
	Description     *string    `json:"description"`
	Required        *bool      `json:"required"`
	CanonicalValues []string   `json:"canonicalValues"`
	CaseExact       *bool      `json:"caseExact"`
	Mutability      string     `json:"mutability"`
	Returned        string     `json:"returned"`
	Uniqueness      string     `json:"uniqueness"`
	ReferenceTypes  []string   `json:"referenceTypes"`
	SubAttributes   []property `json:"subAttributes"`
}

func documents(t testing.TB, set *schema.Set) []described {
	t.Helper()
	var out []described
	for _, d := range set.Schemas("https://scim.acme.test/scim/v2") {
		var s described
		decoder := json.NewDecoder(strings.NewReader(string(d.JSON)))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&s))
		require.Equal(t, d.ID, s.ID)
		out = append(out, s)
	}
	return out
}

// TestEveryAttribute walks every attribute that discovery announces, and finds it by each of its spellings to be what
// it is announced as.
func TestEveryAttribute(t *testing.T) {
	t.Parallel()
	set := acme(t)
	seen := 0
	for _, document := range documents(t, set) {
		view, urn := set.View(schema.User), document.ID
		switch document.ID {
		case domain.URNUser:
			urn = ""
		case domain.URNGroup:
			view, urn = set.View(schema.Group), ""
		}
		check := func(p domain.Path, c, parent property) {
			seen++
			spelling := p.Name
			if p.Sub != "" {
				spelling += "." + p.Sub
			}
			spellings := []string{document.ID + ":" + spelling, strings.ToLower(document.ID + ":" + spelling)}
			if urn == "" {
				spellings = append(spellings, spelling, strings.ToUpper(spelling))
			}
			for _, s := range spellings {
				got, facts, ok := view.Resolve(s)
				require.True(t, ok, s)
				require.Equal(t, p, got.Path, s)
				require.Equal(t, c.Type, typeName(got.Type), s)
				require.Equal(t, *c.CaseExact, got.CaseExact, s)
				require.Equal(t, *parent.MultiValued, got.Many, s)
				require.Equal(t, *parent.MultiValued, facts.Multi, s)
				require.Equal(t, c.Type == "complex", facts.Complex, s)
				require.Equal(t, c.Mutability, mutabilityName(facts.Mutability), s)
				require.Equal(t, c.Returned == "never", facts.Secret, s)
			}
		}
		for _, c := range document.Attributes {
			check(domain.Path{URN: urn, Name: c.Name}, c, c)
			for _, sub := range c.SubAttributes {
				check(domain.Path{URN: urn, Name: c.Name, Sub: sub.Name}, sub, c)
			}
		}
	}
	require.Equal(t, 116, seen, "sub-attributes included")
}

func typeName(t domain.Type) string {
	return [...]string{"string", "boolean", "integer", "decimal", "dateTime", "reference", "binary", "complex"}[t]
}

func mutabilityName(m filter.Mutability) string {
	return [...]string{"readWrite", "readOnly", "immutable", "writeOnly"}[m]
}
