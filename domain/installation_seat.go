package domain

import (
	"fmt"
	"regexp"
)

// MaxSeats bounds the seats of one licence type: a seat is a row, and what exceeds this is rather unlimited.
const MaxSeats = 1_000_000

var licenceForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

// checkSeats checks the seats an organisation begins with: the licence full must be among them, since it is what a
// pushed person gets (rule provision.defaults).
func checkSeats(seats []SeatPlan) error {
	seen := make(map[string]bool, len(seats))
	for _, plan := range seats {
		switch {
		case !licenceForm.MatchString(plan.Licence):
			return InvalidField("seats", fmt.Sprintf("%.40q is no name of a licence; use lower-case letters, digits, _ and -, beginning with a letter", plan.Licence))
		case seen[plan.Licence]:
			return InvalidField("seats", fmt.Sprintf("the licence %q is there twice; name each once", plan.Licence))
		case !plan.Unlimited && (plan.Limit < 0 || plan.Limit > MaxSeats):
			return InvalidField("seats", fmt.Sprintf("the licence %q needs a number of seats from 0 to 1,000,000, or unlimited", plan.Licence))
		}
		seen[plan.Licence] = true
	}
	if !seen[LicenceFull] {
		return InvalidField("seats", "the licence full must be there, because people who are pushed get it; for example full=100,simulator=20")
	}
	return nil
}
