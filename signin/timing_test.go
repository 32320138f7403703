package signin

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/internal/password"
	"usher/persistence/storetest"
)

// Security 38 and 40: a wrong password takes as long whoever it is for, with a real hash behind it. The medians of many
// attempts, taken in turn, are within a factor of two of each other; the hash is most of an attempt, so that one who is
// answered without it takes far less than half. What disturbs the machine would have to do so three times in a row, and for
// one sort of person only.
//
//race:without it compares times
func TestSecurity40SameTime(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		_, err := b.admin.ChangePolicy(b.Context(), b.boss(), domain.IfMatch{}, func(p domain.Policy) (domain.Policy, error) {
			p.FailedSignIns = 100
			return p, nil
		})
		require.NoError(b, err)
		env := b.clock.Environment()
		env.Passwords, err = password.NewAt(rand.Reader, password.Costs{Memory: 8 << 10, Passes: 1})
		require.NoError(b, err)
		b.gate.entrance = domain.NewEntrance(b.store, env, rand.Reader)
		b.gate.door.Entrance = b.gate.entrance
		b.member("known@acme.test")
		require.NoError(b, b.admin.Block(b.Context(), b.boss(), b.member("blocked@acme.test").ID, domain.IfMatch{}))
		_, err = b.admin.Deactivate(b.Context(), b.boss(), b.member("inactive@acme.test").ID, domain.IfMatch{})
		require.NoError(b, err)
		b.invited("invited@acme.test")
		_, err = b.directory.Provision(b.Context(), b.tenant.Caller, storetest.Person("single-sign-on@acme.test", storetest.Emails("single-sign-on@acme.test")))
		require.NoError(b, err)

		sorts := []string{"unknown", "known", "blocked", "inactive", "invited", "single-sign-on"}
		var slowest, quickest string
		for range 3 {
			medians := b.medians(sorts, 25)
			slowest = slices.MaxFunc(sorts, func(a, b string) int { return int(medians[a] - medians[b]) })
			quickest = slices.MinFunc(sorts, func(a, b string) int { return int(medians[a] - medians[b]) })
			b.Logf("%v", medians)
			if medians[slowest] <= 2*medians[quickest] {
				return
			}
		}
		require.Failf(b, "the time tells who there is", "%s takes more than twice as long as %s", slowest, quickest)
	})
}

// medians are how long wrong passwords take for some sorts of people, in turn.
func (b *browser) medians(sorts []string, each int) map[string]time.Duration {
	b.Helper()
	taken := map[string][]time.Duration{}
	for i := range each {
		for j := range sorts {
			sort := sorts[(i+j)%len(sorts)]
			b.address = fmt.Sprintf("198.51.100.%d:1", i)
			begun := time.Now()
			got := b.post("/sign-in/"+b.slug(), "name", sort+"@acme.test", "password", "a wrong password")
			taken[sort] = append(taken[sort], time.Since(begun))
			require.Equal(b, http.StatusUnauthorized, got.status, sort)
		}
	}
	medians := map[string]time.Duration{}
	for sort, all := range taken {
		slices.Sort(all)
		medians[sort] = all[len(all)/2]
	}
	return medians
}
