package patch_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/patch"
	"usher/scim/schema"
)

// FuzzRead reads and applies whatever comes: it is refused as the sender's fault, or what it leaves behind is
// canonical, and the tree it was applied to is as it was.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*", "*.json"))
	require.NoError(f, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		var all []sentence
		require.NoError(f, json.Unmarshal(text, &all))
		for _, s := range all {
			f.Add([]byte(`{"Operations":` + string(s.Operations) + `}`))
		}
	}
	users, groups := view(f, schema.User), view(f, schema.Group)
	person, group := resource(f, "user.json"), resource(f, "group.json")
	personText, groupText := show(person), show(group)
	f.Fuzz(func(t *testing.T, body []byte) {
		if operations, ok := readable(t, body, users); ok {
			after, err := patch.Apply(operations, person, users, users, nil)
			requireInvalid(t, err)
			require.Equal(t, personText, show(person))
			if err == nil {
				requireCanonical(t, users, after)
				again, err := attribute.Read([]byte(show(after)), attribute.Bounds{})
				require.NoError(t, err)
				require.Equal(t, show(after), show(again))
			}
		}
		if operations, ok := readable(t, body, groups); ok {
			steps, err := patch.GroupSteps(operations, groups, groups, nil)
			requireInvalid(t, err)
			if err != nil {
				return
			}
			after, err := carryOut(steps, group)
			requireInvalid(t, err)
			require.Equal(t, groupText, show(group))
			if err == nil {
				require.NotEmpty(t, after.Get("displayName").Text())
				require.Equal(t, group.Get("id"), after.Get("id"))
			}
		}
	})
}

func readable(t *testing.T, body []byte, v *schema.View) ([]patch.Operation, bool) {
	operations, err := patch.Read(body, v, v, nil)
	requireInvalid(t, err)
	return operations, err == nil
}

func requireInvalid(t *testing.T, err error) {
	t.Helper()
	require.True(t, err == nil || domain.IsKind(err, domain.Invalid), "%v", err)
}
