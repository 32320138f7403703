// Package company makes up a company and does with it what an identity provider does with a real one: it pushes everybody
// and every group to a SCIM server, over many connections at once, reads everything back in three ways, and compares what
// it reads with what it pushed, field by field. Then it pushes the same again, which must change nothing.
//
// The company is the same in every run, and nothing about it is plain: names in a dozen scripts, several addresses for a
// person, managers who are pushed after those who report to them, groups from nobody to a crowd, groups in groups. It
// measures how long each phase takes, but what it is for is the comparison; package traffic measures single operations.
//
//	server := company.Server{URL: "http://127.0.0.1:8080/scim/v2", Token: token, Connections: 16}
//	report, err := company.Run(ctx, server, company.Company{Name: "acme", People: 100_000, Groups: 2_000})
//	report.WriteMarkdown(os.Stdout) // ends with the differences: there must be none
//
// The organisation behind the token must be empty, or hold what an earlier run of the same company left there.
package company

import (
	"fmt"
	"math/rand/v2"
)

// Company is whom is pushed. Two companies with different names share no user name, no externalId and no group.
type Company struct {
	Name   string // of lower-case letters and digits; it stands in every user name
	People int
	Groups int
}

// The largest company that there is memory and patience for.
const (
	MostPeople = 1_000_000
	MostGroups = 20_000
)

// Check refuses what cannot be made.
func (c Company) Check() error {
	for _, r := range c.Name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return fmt.Errorf("company: the name %q must be lower-case letters and digits", c.Name)
		}
	}
	switch {
	case c.Name == "":
		return fmt.Errorf("company: a company needs a name")
	case c.People < 1 || c.People > MostPeople:
		return fmt.Errorf("company: there must be 1 to %d people", MostPeople)
	case c.Groups < 0 || c.Groups > MostGroups:
		return fmt.Errorf("company: there must be 0 to %d groups", MostGroups)
	}
	return nil
}

// order is the order in which people are pushed: any but that of the hierarchy, so that many a manager comes after those
// who report to them.
func (c Company) order() []int { return dice('o', 0).Perm(c.People) }

// dice fall the same way in every run: for person or group n, for one purpose.
func dice(purpose rune, n int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(purpose), uint64(n)))
}

// pick takes one of a list.
func pick[T any](d *rand.Rand, list []T) T { return list[d.IntN(len(list))] }
