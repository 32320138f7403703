package domain

import (
	"bytes"
	"context"
	"time"

	"usher/domain/attribute"
)

// Shown is what Usher's extension of a person's resource shows beside what is in the document: what the person has at this
// moment, whoever gave it, by its names. docs/decisions/008 says when it is read.
type Shown struct {
	Role, Profile, Team string
	Queues              []string // by name
	Licence             string
	Window              WindowSpec
	Status              Status
	Blocked             bool
	Invitation          string // open, accepted, revoked, expired; empty: there never was one
	LastAccess          time.Time
	Seat                string // held, waiting, none
}

// What Shown says of a seat.
const (
	SeatIsHeld    = "held"
	SeatIsAwaited = "waiting"
	SeatIsNone    = "none"
)

// givenHere names the attributes of Usher's extension that directories write and rows answer, in canonical order; the
// others that directories write (extension, mfaRequired) are in the document.
func givenHere() []string {
	return []string{"role", "profile", "team", "queues", "licence", "accessWindow"}
}

// Given is the extension as a directory writes it: said is the document's, of which extension and mfaRequired are taken.
func (s Shown) Given(said attribute.Value) attribute.Value {
	tree := texts("role", s.Role, "profile", s.Profile, "team", s.Team)
	if len(s.Queues) > 0 {
		tree.Set("queues", textList(s.Queues))
	}
	tree.Set("licence", attribute.NewString(s.Licence))
	if s.Window != (WindowSpec{}) {
		tree.Set("accessWindow", texts("timeZone", s.Window.TimeZone, "validFrom", s.Window.ValidFrom,
			"validUntil", s.Window.ValidUntil, "schedule", s.Window.Schedule))
	}
	for _, name := range []string{"extension", "mfaRequired"} {
		if said.Has(name) {
			tree.Set(name, said.Get(name))
		}
	}
	return tree
}

// Tree is the whole extension: as [Shown.Given], and what is read-only.
func (s Shown) Tree(said attribute.Value) attribute.Value {
	tree := s.Given(said)
	tree.Set("status", attribute.NewString(string(s.Status)))
	tree.Set("blocked", attribute.NewBool(s.Blocked))
	if s.Invitation != "" {
		tree.Set("invitation", attribute.NewString(s.Invitation))
	}
	if !s.LastAccess.IsZero() {
		tree.Set("lastAccess", attribute.NewString(s.LastAccess.UTC().Format("2006-01-02T15:04:05.000Z")))
	}
	tree.Set("seat", attribute.NewString(s.Seat))
	return tree
}

// SaysGiven reports whether the directory has said of the person anything that rows answer. It looks at the document
// without decoding it: the schemas stand at its beginning, and those attributes at the beginning of the extension.
func (u *User) SaysGiven() bool {
	const schemas = 512
	if !bytes.Contains(u.Document[:min(len(u.Document), schemas)], []byte(URNUsher)) {
		return false
	}
	_, rest, found := bytes.Cut(u.Document, []byte(`"`+URNUsher+`":{"`))
	if !found {
		return false
	}
	for _, name := range givenHere() {
		if bytes.HasPrefix(rest, []byte(name+`":`)) {
			return true
		}
	}
	return false
}

// Show adds to people what Usher's extension shows of them: whole, or only what directories write. The caller must have read
// them in the same request, which is where a recalled token was verified.
func (d *Directory) Show(ctx context.Context, caller Caller, people []*User, whole bool) error {
	if len(people) == 0 {
		return nil
	}
	ids := make([]UserID, len(people))
	for i, u := range people {
		ids[i] = u.ID
	}
	var shown map[UserID]Shown
	err := d.store.Read(ctx, func(tx Tx) (err error) {
		shown, err = tx.UserFields().Shown(caller.Organisation, ids, d.env.instant())
		return err
	})
	if err != nil {
		return err
	}
	for _, u := range people {
		s, here := shown[u.ID]
		if !here {
			continue // went a moment ago: as the document has it
		}
		tree, err := u.Attributes()
		if err != nil {
			return err
		}
		if u.Usher = s.Given(tree.Get(URNUsher)); whole {
			u.Usher = s.Tree(tree.Get(URNUsher))
		}
	}
	return nil
}
