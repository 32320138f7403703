package domain

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// extensionClaims collects what Usher's extension says, by name or id.
type extensionClaims struct {
	tx     Tx
	org    OrganisationID
	limits Limits
	claims []Claim
}

// read makes claims of one attribute. Invalid for what is not here, naming what is; Forbidden beyond the limits.
func (e *extensionClaims) read(name string, kind GivenKind, said attribute.Value) error {
	values := []attribute.Value{said}
	if kind == GivenQueue {
		values = said.Items()
	}
	if len(values) > maxQueuesOfUser {
		return tooMany(URNUsher+":"+name, "put one person into at most "+strconv.Itoa(maxQueuesOfUser)+" queues")
	}
	if !said.Assigned() {
		return nil
	}
	there, err := e.here(kind)
	if err != nil {
		return err
	}
	by := map[string]Claim{}
	for _, c := range there {
		by[c.Object.String()] = c
	}
	for _, c := range there { // a name before an id that somebody has for a name
		by[NewName(c.Text).Key] = c
	}
	for _, v := range values {
		text := v.Text()
		c, found := by[NewName(text).Key]
		if !found || text == uuid.Nil.String() {
			return InvalidField(URNUsher+":"+name, "there is no "+string(kind)+" called so; "+existing(there))
		}
		if !e.limits.allow(kind, Candidate{Object: c.Object, Text: c.Text}) {
			return beyondLimits(name, kind)
		}
		if !slices.ContainsFunc(e.claims, func(other Claim) bool { return other.Kind == kind && other.slot() == c.slot() }) {
			e.claims = append(e.claims, c)
		}
	}
	return nil
}

func beyondLimits(name string, kind GivenKind) *Error {
	return &Error{
		Kind: Forbidden, Code: CodeBeyondLimits, Field: URNUsher + ":" + name,
		Message: "this connection may not give this " + string(kind) + "; an administrator can widen the limits of the connection's policy, or send another one",
	}
}

// here are the things of a kind that there are.
func (e *extensionClaims) here(kind GivenKind) ([]Claim, error) {
	switch kind {
	case GivenRole:
		return entriesHere(e.tx.Roles(), e.org, kind, func(n *Role) *Entry[Role] { return &n.Entry })
	case GivenProfile:
		return entriesHere(e.tx.Profiles(), e.org, kind, func(n *Profile) *Entry[Profile] { return &n.Entry })
	case GivenTeam:
		return entriesHere(e.tx.Teams(), e.org, kind, func(n *Team) *Entry[Team] { return &n.Entry })
	case GivenQueue:
		return entriesHere(e.tx.Queues(), e.org, kind, func(n *Queue) *Entry[Queue] { return &n.Entry })
	case GivenSeat:
	}
	licences, err := e.tx.LicenceTypes().List(e.org)
	list := make([]Claim, 0, len(licences))
	for _, l := range licences {
		list = append(list, Claim{Kind: kind, Text: l.Name})
	}
	return list, err
}

func entriesHere[Noun any](of Entries[Noun], org OrganisationID, kind GivenKind, entry func(*Noun) *Entry[Noun]) ([]Claim, error) {
	nouns, err := of.List(org)
	list := make([]Claim, 0, len(nouns))
	for i := range nouns {
		e := entry(&nouns[i])
		list = append(list, Claim{Kind: kind, Object: e.ID.UUID, Text: e.Name.Text})
	}
	return list, err
}

// existing names what there is, as much as fits into a sentence.
func existing(list []Claim) string {
	const most = 10
	if len(list) == 0 {
		return "there are none yet, and an administrator can add one"
	}
	names := make([]string, 0, most)
	for _, c := range list[:min(len(list), most)] {
		names = append(names, strconv.Quote(c.Text))
	}
	text := "use one of " + strings.Join(names, ", ")
	if len(list) > most {
		text += " and " + strconv.Itoa(len(list)-most) + " more"
	}
	return text
}

// licenceSaid is the licence that a new person begins with because the directory says so, and by what: by Usher's extension,
// else by an entitlement, which counts for nothing beyond the connection's limits (rules mapping.precedence,
// provision.limits). Without either it is full, of no source, and nothing is read.
func (d *Directory) licenceSaid(tx Tx, caller Caller, tree attribute.Value) (string, Source, error) {
	byExtension, entitlements := tree.Get(URNUsher).Get("licence").Text(), tree.Get("entitlements")
	if byExtension == "" && entitlements.Len() == 0 {
		return LicenceFull, "", nil
	}
	limits, err := limitsOf(tx, caller.Organisation, caller.Connection)
	if err != nil {
		return "", "", err
	}
	if byExtension != "" {
		says := extensionClaims{tx: tx, org: caller.Organisation, limits: limits}
		if err := says.read("licence", GivenSeat, attribute.NewString(byExtension)); err != nil {
			return "", "", err
		}
		return says.claims[0].Text, SourceExtension, nil
	}
	list, err := namedBy(tx, caller.Organisation, "entitlements", entitlements)
	for _, n := range list {
		if n.reason == "" && n.claim.Kind == GivenSeat && limits.Licence(n.claim.Text) {
			return n.claim.Text, SourceRoles, nil
		}
	}
	return LicenceFull, "", err
}

// noteLicence notes where the licence that a new person began with comes from.
func (d *Directory) noteLicence(tx Tx, caller Caller, u User, source Source, now time.Time) error {
	if err := tx.Assignments().Lock(u.Organisation); err != nil {
		return err
	}
	if err := tx.Seats().Share(u.Organisation, u.Licence); err != nil { // it may have been deleted before the lock was there
		return err
	}
	was, err := tx.Assignments().Of(u.Organisation, u.ID)
	if err != nil {
		return err
	}
	is := was
	is.LicenceFrom = GivenLicence{Source: source, At: now}
	hand := settlement{tx: tx, org: u.Organisation, now: now, write: d.scribe(caller)}
	_, _, err = hand.save(was, is)
	return err
}
