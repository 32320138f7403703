package schema_test

import (
	"path/filepath"
	"strings"
	"testing"

	rfc "github.com/elimity-com/scim/schema"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/scim/filter"
	"usher/scim/schema"
)

const base = "https://scim.acme.test/scim/v2"

func TestDiscoveryDocuments(t *testing.T) {
	t.Parallel()
	set := acme(t)
	for _, d := range set.Schemas(base) {
		parts := strings.Split(d.ID, ":")
		file := strings.Join(parts[len(parts)-3:], "_") + ".golden"
		compare(t, filepath.Join("testdata", "discovery", file), string(d.JSON))
	}
	for _, d := range set.ResourceTypes(base) {
		compare(t, filepath.Join("testdata", "discovery", "ResourceType_"+d.ID+".golden"), string(d.JSON))
	}
}

// TestEveryCharacteristic holds that no document leaves a characteristic to be guessed (RFC 7643 section 7).
func TestEveryCharacteristic(t *testing.T) {
	t.Parallel()
	var walk func(where string, list []property)
	walk = func(where string, list []property) {
		for _, c := range list {
			at := where + "." + c.Name
			require.NotEmpty(t, c.Name, at)
			for _, flag := range []*bool{c.MultiValued, c.Required, c.CaseExact} {
				require.NotNil(t, flag, at)
			}
			require.NotNil(t, c.Description, at)
			require.Contains(t, []string{"readWrite", "readOnly", "immutable", "writeOnly"}, c.Mutability, at)
			require.Contains(t, []string{"default", "always", "request", "never"}, c.Returned, at)
			require.Contains(t, []string{"none", "server"}, c.Uniqueness, at)
			require.Equal(t, c.Type == "complex", len(c.SubAttributes) > 0, at)
			if c.Type != "reference" {
				require.Empty(t, c.ReferenceTypes, at)
			}
			walk(at, c.SubAttributes)
		}
	}
	for _, d := range documents(t, acme(t)) {
		require.Equal(t, []string{schema.URNSchema}, d.Schemas)
		require.NotNil(t, d.Description)
		require.Equal(t, &properties{ResourceType: "Schema", Location: base + "/Schemas/" + d.ID}, d.Meta)
		walk(d.ID, d.Attributes)
	}
}

// TestCorrections holds the documents against elimity-com/scim's definitions: they differ where a correction says so,
// and nowhere else.
func TestCorrections(t *testing.T) {
	t.Parallel()
	var differ []string
	var walk func(where string, theirs rfc.Attributes, ours []property)
	walk = func(where string, theirs rfc.Attributes, ours []property) {
		require.Len(t, ours, len(theirs))
		for i, their := range theirs {
			our := ours[i]
			at := where + their.Name()
			require.Equal(t, their.Name(), our.Name)
			require.Equal(t, their.Description(), *our.Description, at)
			require.Equal(t, their.AttributeType(), our.Type, at)
			require.Equal(t, their.MultiValued(), *our.MultiValued, at)
			require.Equal(t, their.Required(), *our.Required, at)
			require.Equal(t, their.Returned(), our.Returned, at)
			require.Equal(t, their.Uniqueness(), our.Uniqueness, at)
			require.Equal(t, their.CanonicalValues(), our.CanonicalValues, at)
			require.Len(t, our.ReferenceTypes, len(their.ReferenceTypes()), at)
			if their.CaseExact() != *our.CaseExact {
				differ = append(differ, at+" caseExact")
			}
			if their.Mutability() != our.Mutability {
				differ = append(differ, at+" "+our.Mutability)
			}
			walk(at+".", their.SubAttributes(), our.SubAttributes)
		}
	}
	ours := documents(t, standard(t))
	require.Len(t, ours, 4)
	require.Equal(t, domain.URNUsher, ours[2].ID)
	ours = append(ours[:2], ours[3]) // without our own, which nobody else describes
	for i, theirs := range []rfc.Schema{rfc.CoreUserSchema(), rfc.CoreGroupSchema(), rfc.ExtensionEnterpriseUser()} {
		require.Equal(t, theirs.ID, ours[i].ID)
		require.Equal(t, theirs.Name.Value(), ours[i].Name)
		walk("", theirs.Attributes, ours[i].Attributes)
	}
	require.Equal(t, []string{
		"password caseExact", "groups.value caseExact", "members.value caseExact", "members.$ref readOnly",
		"members.display readOnly", "manager.value caseExact", "manager.$ref readOnly",
	}, differ)
}

// TestCommonAttributes holds the common attributes, which no schema document lists, against RFC 7643 section 3.1.
func TestCommonAttributes(t *testing.T) {
	t.Parallel()
	for _, typ := range schema.Types() {
		view := standard(t).View(typ)
		require.Equal(t, typ, view.Type())
		for path, want := range map[string]struct {
			typ       domain.Type
			caseExact bool
			readOnly  bool
		}{
			"schemas": {domain.TypeString, false, true}, "id": {domain.TypeString, true, true},
			"externalId": {domain.TypeString, true, false}, "meta": {domain.TypeComplex, false, true},
			"meta.resourceType": {domain.TypeString, true, true}, "meta.created": {domain.TypeDateTime, false, true},
			"meta.lastModified": {domain.TypeDateTime, false, true}, "meta.location": {domain.TypeReference, true, true},
			"meta.version": {domain.TypeString, true, true},
		} {
			got, facts, ok := view.Resolve(path)
			require.True(t, ok, path)
			require.Equal(t, want.typ, got.Type, path)
			require.Equal(t, want.caseExact, got.CaseExact, path)
			require.Equal(t, want.readOnly, facts.Mutability == filter.ReadOnly, path)
		}
	}
}

func TestResourceTypesAreTheirOwn(t *testing.T) {
	t.Parallel()
	require.Equal(t, "User /Users "+domain.URNUser,
		schema.User.String()+" "+schema.User.Endpoint()+" "+schema.User.URN())
	require.Equal(t, "Group /Groups "+domain.URNGroup,
		schema.Group.String()+" "+schema.Group.Endpoint()+" "+schema.Group.URN())
}
