package domain

import "slices"

// Status is where a person stands in the life drawn in docs/states.md.
type Status string

// The statuses. A person who is in none of them (the zero value) is not there yet, or is archived.
const (
	Nobody   Status = ""
	Pending  Status = "pending"  // may be somebody, has not been here yet; or waits for a seat
	Active   Status = "active"   // may come in unless blocked
	Inactive Status = "inactive" // gone or suspended; holds no seat
)

// Transition is one step of a person's life.
type Transition struct {
	From, To Status
	By       []string // the use cases, as docs/states.md names them
}

// Transitions are all steps there are. What is not among them is refused wherever a status is saved.
func Transitions() []Transition {
	return []Transition{
		{Nobody, Pending, []string{"provision", "add"}},
		{Nobody, Active, []string{"provision"}},
		{Nobody, Inactive, []string{"provision", "add disabled"}},
		{Pending, Active, []string{"accept", "first access", "confirm", "seat assigned"}},
		{Pending, Inactive, []string{"deactivate"}},
		{Active, Inactive, []string{"deactivate"}},
		{Inactive, Pending, []string{"activate"}},
		{Inactive, Active, []string{"activate"}},
		{Pending, Nobody, []string{"delete"}},
		{Active, Nobody, []string{"delete"}},
		{Inactive, Nobody, []string{"delete"}},
	}
}

// mayBecome reports whether one step leads from a status to another. Staying is none.
func (s Status) mayBecome(next Status) bool {
	return s == next || slices.ContainsFunc(Transitions(), func(t Transition) bool { return t.From == s && t.To == next })
}

// standing is the status of a person, Nobody once they are archived.
func (u *User) standing() Status {
	if !u.ArchivedAt.IsZero() {
		return Nobody
	}
	return u.Status
}

// checkStep refuses a change of status that the life of a person does not have: a mistake of ours.
func checkStep(was, is User) error {
	if was.standing().mayBecome(is.standing()) {
		return nil
	}
	return &Error{Kind: Internal, Code: CodeInternal, Message: "nobody becomes " + string(is.standing()) + " who was " + string(was.standing())}
}
