package domain

import (
	"fmt"
	"strconv"
)

// LicenceFull is the licence type every organisation has, and the one a pushed person gets (rule provision.defaults).
const LicenceFull = "full"

// SeatPlan says how many seats of one licence type an organisation has bought.
type SeatPlan struct {
	Licence   string
	Unlimited bool // rule seat.unlimited: no rows, nothing to take
	Limit     int
}

// Version tells one plan from another, for If-Match; how many seats are held is no matter.
func (p SeatPlan) Version() int64 {
	if p.Unlimited {
		return contentVersion(p.Licence, "unlimited")
	}
	return contentVersion(p.Licence, strconv.Itoa(p.Limit))
}

// Seats is the store of seats. A seat is a row: free, or held by one person. Because a person takes a row, and a row
// can be taken once, seats cannot be oversold however many pushes arrive on however many replicas
// (rule seat.never-oversold).
type Seats interface {
	// Plan sets up a licence type with its seats.
	Plan(org OrganisationID, plan SeatPlan) error
	// Take gives the person a free seat of the licence. SeatsExhausted when none is free and the plan has a limit;
	// Invalid when the organisation has no such licence.
	Take(org OrganisationID, licence string, holder UserID) error
	// Release frees the seat the person holds, if any.
	Release(org OrganisationID, holder UserID) error
	// Share keeps a plan without a limit from getting one until the unit of work ends; Invalid as for Take. Whoever takes a seat other than by a
	// directory's push asks for it; pushes are kept by what they write anyway (see Resize).
	Share(org OrganisationID, licence string) error
	// Hold reads the plan of a licence and keeps it, and the seats, from others until the unit of work ends; found is
	// false when the organisation has no such licence.
	Hold(org OrganisationID, licence string) (plan SeatPlan, found bool, err error)
	// Resize changes the plan of a licence that is held: seats are added or free ones taken away. Where a plan gets a
	// limit that had none, everybody who needs a seat gets one. SeatsHeld.
	Resize(org OrganisationID, was, is SeatPlan) error
	// Usage counts limit, held and waiting per licence.
	Usage(org OrganisationID) ([]SeatUsage, error)
}

// SeatUsage is the state of one licence type.
type SeatUsage struct {
	SeatPlan
	Held    int
	Waiting int // people in line (rule seat.wait)
}

// SeatsExhausted is the refusal of rule seat.required.
func SeatsExhausted(licence string, held, limit int) *Error {
	taken := fmt.Sprintf("all %d of %d seats of the licence %q are held", held, limit, licence)
	if limit == 1 {
		taken = fmt.Sprintf("%d of 1 seat of the licence %q is held", held, licence)
	}
	return &Error{Kind: Forbidden, Code: CodeSeatsExhausted, Field: "licence", Message: "no free seat: " + taken +
		"; free one by deactivating somebody, or ask whoever runs the service for a larger plan"}
}
