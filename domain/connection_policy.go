package domain

import (
	"slices"
	"strconv"
	"strings"

	"usher/domain/attribute"
)

// ConnectionPolicy is what one connection may do, and how what it pushes is taken. A connection about which nothing was
// decided has [DefaultConnectionPolicy].
type ConnectionPolicy struct {
	Activation   Activation         // when a pushed person becomes active (rule provision.activation)
	PasswordSync PasswordSync       // rule provision.password
	SeatOverflow SeatOverflowPolicy // empty: the organisation's (rule seat.required)
	Suspension   SuspensionPolicy   // empty: the organisation's (rule suspend.sticks)
	EmailChange  EmailChangePolicy  // of this directory, never or directory; empty: the organisation's (rule user.email-immutable)
	Successor    Successor          // rule deactivate.records
	Limits       Limits             // rule provision.limits
	Adoption     AdoptionPolicy     // rule link.adopt
	Version      int64              // grows by one with every change; 0: never changed
}

// PasswordSync says what becomes of a password that a directory pushes.
type PasswordSync string

// What becomes of a pushed password.
const (
	PasswordDrop PasswordSync = "drop"
	PasswordKeep PasswordSync = "keep" // it becomes the person's, if rule password.policy lets it
)

// Successor says who takes over the records of a person whom a directory deactivates or deletes.
type Successor struct {
	Kind     SuccessorKind
	Fallback UserID // who takes over where Kind alone names nobody; zero: nobody
}

// SuccessorKind is how a successor is found.
type SuccessorKind string

// The ways of finding a successor. Each that names nobody leaves the records, and flags that.
const (
	SuccessorManager  SuccessorKind = "manager"  // the person's manager, else the fallback
	SuccessorFallback SuccessorKind = "fallback" // always the fallback
	SuccessorLeave    SuccessorKind = "leave"    // nobody
)

// AdoptionPolicy says whether a connection adopts accounts that were there before it.
type AdoptionPolicy string

// The policies of adoption.
const (
	AdoptMarked AdoptionPolicy = "marked" // those that an administrator has marked for it
	AdoptNever  AdoptionPolicy = "never"  // none, marked or not
)

// maxLimits bounds each list of a connection's limits.
const maxLimits = 500

// DefaultConnectionPolicy is what holds for a connection until somebody decides otherwise.
func DefaultConnectionPolicy(activation Activation) ConnectionPolicy {
	return ConnectionPolicy{
		Activation: activation, PasswordSync: PasswordDrop, Successor: Successor{Kind: SuccessorManager}, Adoption: AdoptMarked,
	}
}

// Over puts what a connection has decided in place of what its organisation has.
func (p ConnectionPolicy) Over(of Policy) Policy {
	if p.SeatOverflow != "" {
		of.SeatOverflow = p.SeatOverflow
	}
	if p.Suspension != "" {
		of.Suspension = p.Suspension
	}
	if p.EmailChange != "" {
		of.EmailChange = p.EmailChange
	}
	return of
}

// Equal compares all but the version.
func (p ConnectionPolicy) Equal(q ConnectionPolicy) bool {
	return attribute.Equal(p.tree(), q.tree())
}

// Check says what is wrong with a policy, without a store. Invalid.
func (p ConnectionPolicy) Check() error {
	for _, err := range []error{
		oneOf("activation", p.Activation, ActivateOnFirstAccess, ActivateAtOnce, ActivateByInvitation),
		oneOf("password_sync", p.PasswordSync, PasswordDrop, PasswordKeep),
		oneOfOrNone("seat_overflow", p.SeatOverflow, SeatOverflowRefuse, SeatOverflowWait),
		oneOfOrNone("suspension", p.Suspension, AdministratorWins, DirectoryWins),
		oneOfOrNone("email_change", p.EmailChange, EmailChangeNever, EmailChangeDirectory),
		oneOf("successor", p.Successor.Kind, SuccessorManager, SuccessorFallback, SuccessorLeave),
		oneOf("adoption", p.Adoption, AdoptMarked, AdoptNever),
		fewEnough("limits.roles", len(p.Limits.Roles)),
		fewEnough("limits.profiles", len(p.Limits.Profiles)),
		fewEnough("limits.licences", len(p.Limits.Licences)),
	} {
		if err != nil {
			return err
		}
	}
	if p.Successor.Kind == SuccessorFallback && p.Successor.Fallback.IsZero() {
		return &Error{Kind: Invalid, Code: CodeRequired, Field: "successor_fallback_id", Message: "a successor of the kind fallback needs the person who it is"}
	}
	return nil
}

func oneOfOrNone[Word ~string](field string, value Word, known ...Word) error {
	if value == "" {
		return nil
	}
	return oneOf(field, value, known...)
}

func fewEnough(field string, n int) error {
	if n <= maxLimits {
		return nil
	}
	return &Error{Kind: Invalid, Code: CodeTooMany, Field: field, Message: "list at most " + strconv.Itoa(maxLimits) + ", or none for no restriction"}
}

// checkNamed says which of the things that a policy names are not there. Invalid.
func (p ConnectionPolicy) checkNamed(tx Tx, org OrganisationID, was ConnectionPolicy) error {
	if id := p.Successor.Fallback; !id.IsZero() && id != was.Successor.Fallback {
		if err := checkSuccessor(tx, org, "successor_fallback_id", UserID{}, id); err != nil {
			return err
		}
	}
	for _, id := range added(was.Limits.Roles, p.Limits.Roles) {
		if _, err := tx.Roles().Get(org, id); err != nil {
			return named(err, "limits.roles", "role")
		}
	}
	for _, id := range added(was.Limits.Profiles, p.Limits.Profiles) {
		if _, err := tx.Profiles().Get(org, id); err != nil {
			return named(err, "limits.profiles", "profile")
		}
	}
	if len(p.Limits.Licences) == 0 {
		return nil
	}
	plans, err := tx.Seats().Usage(org)
	if err != nil {
		return err
	}
	for _, licence := range p.Limits.Licences {
		if !slices.ContainsFunc(plans, func(u SeatUsage) bool { return u.Licence == licence }) {
			return InvalidField("limits.licences", "the organisation has no licence "+strconv.Quote(licence)+"; see the list of licences")
		}
	}
	return nil
}

// named makes of something that is not there a value that names nothing.
func named(err error, field, noun string) error {
	if IsKind(err, NotFound) {
		return InvalidField(field, "the organisation has no such "+noun+"; list those it has")
	}
	return err
}

// added are the elements of is that was does not have.
func added[E comparable](was, is []E) []E {
	var more []E
	for _, e := range is {
		if !slices.Contains(was, e) {
			more = append(more, e)
		}
	}
	return more
}

// tree is the policy as events show it.
func (p ConnectionPolicy) tree() attribute.Value {
	tree := texts("activation", string(p.Activation), "password_sync", string(p.PasswordSync), "seat_overflow", string(p.SeatOverflow),
		"suspension", string(p.Suspension), "email_change", string(p.EmailChange), "successor", string(p.Successor.Kind),
		"adoption", string(p.Adoption))
	if !p.Successor.Fallback.IsZero() {
		tree.Set("successor_fallback_id", attribute.NewString(p.Successor.Fallback.String()))
	}
	list := func(name string, items []string, restricted bool) {
		if restricted { // an empty list is no value in a tree, and here it is the strongest restriction
			tree.Set(name, attribute.NewString(strings.Join(items, " ")))
		}
	}
	list("limits.roles", idStrings(p.Limits.Roles), p.Limits.Roles != nil)
	list("limits.profiles", idStrings(p.Limits.Profiles), p.Limits.Profiles != nil)
	list("limits.licences", p.Limits.Licences, p.Limits.Licences != nil)
	return tree
}

func idStrings[Noun any](ids []ID[Noun]) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = id.String()
	}
	return list
}

// ConnectionPolicies is the store of connections' policies. What a push needs of one comes with the look-up of its token
// (see [Caller.Policy]), so that no push pays for a statement of its own.
type ConnectionPolicies interface {
	// Get reads a connection's policy. NotFound.
	Get(org OrganisationID, id ConnectionID) (ConnectionPolicy, error)
	// Save writes a policy over the version that was read; the unit of work runs again when that is no longer the current
	// one. From the next request on every caller of the connection has it.
	Save(org OrganisationID, id ConnectionID, was, is ConnectionPolicy) error
}

// TrustTx are the nouns about what connections may do, and whose people are whose.
type TrustTx interface {
	ConnectionPolicies() ConnectionPolicies
	Adoptions() Adoptions
	EmailDomains() EmailDomains
}
