package people_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/bench/people"
)

func TestAPersonIsWrittenAsJSON(t *testing.T) {
	t.Parallel()
	for n := range int64(2000) { // every pair of names
		p := people.Company("seed").Person(n)
		var sent struct {
			UserName    string
			ExternalID  string
			DisplayName string
			Active      bool
			Name        struct{ GivenName, FamilyName string }
			Emails      []struct{ Value string }
		}
		require.NoError(t, json.Unmarshal(p.AppendJSON(nil), &sent), "%s", p.AppendJSON(nil))
		require.Equal(t, p.UserName, sent.UserName)
		require.Equal(t, p.UserName, sent.Emails[0].Value)
		require.Equal(t, p.ExternalID, sent.ExternalID)
		require.Equal(t, p.Display(), sent.DisplayName)
		require.Equal(t, p.Family, sent.Name.FamilyName)
		require.Equal(t, p.Given, sent.Name.GivenName)
		require.True(t, sent.Active)
	}
}

func TestNoTwoPeopleShareAName(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, company := range []people.Company{"seed", "limit", "c1-0"} {
		for n := range int64(3000) {
			p := company.Person(n)
			require.False(t, seen[p.UserName] || seen[p.ExternalID], p.UserName)
			seen[p.UserName], seen[p.ExternalID] = true, true
			require.Equal(t, p, company.Person(n), "the same person again")
		}
	}
}
