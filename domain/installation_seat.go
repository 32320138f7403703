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
		if seen[plan.Licence] {
			return InvalidField("seats", fmt.Sprintf("the licence %q is there twice; name each once", plan.Licence))
		}
		if err := plan.check(); err != nil {
			return err
		}
		seen[plan.Licence] = true
	}
	if !seen[LicenceFull] {
		return InvalidField("seats", "the licence full must be there, because people who are pushed get it; for example full=100,simulator=20")
	}
	return nil
}
