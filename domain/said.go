package domain

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// naming is what one value of SCIM roles or entitlements names.
type naming struct {
	value  string
	claim  Claim  // what it grants; of Kind "" nothing
	reason string // why nothing; empty: it grants something
}

// namedBy says of each value of SCIM roles or entitlements (RFC 7643 section 4.1.2) what it names: a value of roles a role,
// one of entitlements a profile or a licence type, each by exactly its name or id. The primary value counts first, then
// the others in their order, and of each kind the first that names something.
func namedBy(tx Tx, org OrganisationID, name string, values attribute.Value) ([]naming, error) {
	items := values.Items()
	slices.SortStableFunc(items, func(a, b attribute.Value) int { return truthOrder(b.Get("primary")) - truthOrder(a.Get("primary")) })
	find, err := finder(tx, org, name)
	if err != nil {
		return nil, err
	}
	var list []naming
	granted := map[GivenKind]bool{}
	for _, item := range items {
		n := naming{value: item.Get("value").Text()}
		if n.value == "" {
			continue
		}
		claim, found := find(n.value)
		switch {
		case !found && name == "roles":
			n.reason = "no role is called so; roles are matched by exactly their name or id"
		case !found:
			n.reason = "no profile and no licence is called so; they are matched by exactly their name or id"
		case granted[claim.Kind]:
			n.reason = "another value counts before it: the primary one, else the first"
		default:
			n.claim, granted[claim.Kind] = claim, true
		}
		list = append(list, n)
	}
	return list, nil
}

// finder finds what a value names.
func finder(tx Tx, org OrganisationID, name string) (func(value string) (Claim, bool), error) {
	by := map[string]Claim{}
	put := func(kind GivenKind, id uuid.UUID, name string) {
		if _, taken := by[name]; !taken { // a profile before a licence
			by[name] = Claim{Kind: kind, Object: id, Text: name}
		}
		if id != uuid.Nil {
			by[id.String()] = Claim{Kind: kind, Object: id, Text: name}
		}
	}
	find := func(value string) (Claim, bool) {
		c, found := by[value]
		return c, found
	}
	if name == "roles" {
		roles, err := tx.Roles().List(org)
		for _, r := range roles {
			put(GivenRole, r.ID.UUID, r.Name.Text)
		}
		return find, err
	}
	profiles, err := tx.Profiles().List(org)
	if err != nil {
		return nil, err
	}
	for _, p := range profiles {
		put(GivenProfile, p.ID.UUID, p.Name.Text)
	}
	licences, err := tx.LicenceTypes().List(org)
	for _, l := range licences {
		put(GivenSeat, uuid.Nil, l.Name)
	}
	return find, err
}

// stating applies what a directory says now of what a person is given, where that differs from what it said before (rule
// mapping.precedence): in Usher's extension, and by SCIM roles and entitlements. The person has been written in this unit
// of work; did reports that there was something to apply. Invalid where the extension names what is not here, Forbidden
// where the connection may not give it (rule provision.limits), SeatsExhausted, LastOwner.
func (d *Directory) stating(tx Tx, caller Caller, u User, before, after attribute.Value, mayWait bool, now time.Time) (did bool, err error) {
	was, is := before.Get(URNUsher), after.Get(URNUsher)
	for _, name := range givenHere() {
		did = did || !attribute.Equal(was.Get(name), is.Get(name))
	}
	if did {
		if err := d.stateExtension(tx, caller, u, was, is, mayWait, now); err != nil {
			return true, err
		}
	}
	if sameRoles(before, after) {
		return did, nil
	}
	claims, err := claimedBy(tx, u.Organisation, after)
	if err != nil {
		return true, err
	}
	return true, state(tx, u.Organisation, u.ID, SourceRoles, claims, now, d.scribe(caller))
}

// sameRoles reports whether a directory says the same as before by SCIM roles and entitlements.
func sameRoles(before, after attribute.Value) bool {
	return attribute.Equal(before.Get("roles"), after.Get("roles")) && attribute.Equal(before.Get("entitlements"), after.Get("entitlements"))
}

// claimedBy are the claims that SCIM roles and entitlements make.
func claimedBy(tx Tx, org OrganisationID, tree attribute.Value) ([]Claim, error) {
	var claims []Claim
	for _, name := range []string{"roles", "entitlements"} {
		values := tree.Get(name)
		if values.Len() == 0 {
			continue
		}
		list, err := namedBy(tx, org, name, values)
		if err != nil {
			return nil, err
		}
		for _, n := range list {
			if n.reason == "" {
				claims = append(claims, n.claim)
			}
		}
	}
	return claims, nil
}

// stateExtension applies what changed in Usher's extension.
func (d *Directory) stateExtension(tx Tx, caller Caller, u User, was, is attribute.Value, mayWait bool, now time.Time) error {
	if !attribute.Equal(was.Get("accessWindow"), is.Get("accessWindow")) {
		if err := d.stateWindow(tx, caller, u, is.Get("accessWindow"), now); err != nil {
			return err
		}
	}
	known, err := tx.Claims().Of(u.Organisation, u.ID)
	if err != nil {
		return err
	}
	limits, err := limitsOf(tx, u.Organisation, caller.Connection)
	if err != nil {
		return err
	}
	says := extensionClaims{tx: tx, org: u.Organisation, limits: limits}
	for _, of := range []struct {
		name string
		kind GivenKind
	}{{"role", GivenRole}, {"profile", GivenProfile}, {"team", GivenTeam}, {"queues", GivenQueue}, {"licence", GivenSeat}} {
		if attribute.Equal(was.Get(of.name), is.Get(of.name)) { // as it was understood when it was said
			for _, c := range known {
				if c.Source == SourceExtension && c.Kind == of.kind {
					says.claims = append(says.claims, c)
				}
			}
			continue
		}
		if err := says.read(of.name, of.kind, is.Get(of.name)); err != nil {
			return err
		}
	}
	if err := state(tx, u.Organisation, u.ID, SourceExtension, says.claims, now, d.scribe(caller)); err != nil {
		return err
	}
	if mayWait || attribute.Equal(was.Get("licence"), is.Get("licence")) {
		return nil
	}
	return demandLicence(tx, u)
}

// demandLicence refuses a licence that was asked for outright and has no free seat (rule seat.required).
func demandLicence(tx Tx, u User) error {
	dossiers, err := tx.Dossiers().Read(u.Organisation, []UserID{u.ID}, false)
	if err != nil || len(dossiers) == 0 || dossiers[0].Wish.Licence == "" {
		return err
	}
	return tx.Seats().Take(u.Organisation, dossiers[0].Wish.Licence, u.ID)
}

// stateWindow gives a person the access window that the directory says (rule access.window).
func (d *Directory) stateWindow(tx Tx, caller Caller, u User, said attribute.Value, now time.Time) error {
	is, err := windowSaid(said)
	if err != nil {
		return err
	}
	if is.ValidUntil != "" || is.ValidFrom != "" {
		if err := demandOwner(tx, u); err != nil {
			return err
		}
	}
	was, err := tx.Windows().Get(u.Organisation, u.ID)
	if err != nil || attribute.Equal(was.tree(), is.tree()) {
		return err
	}
	return moveWindow(tx, d.scribe(caller), u, was, is, now)
}

// windowSaid reads an access window as directories spell it. Invalid, naming the sub-attributes as they spell them, too.
func windowSaid(said attribute.Value) (Window, error) {
	is, err := WindowSpec{
		TimeZone: said.Get("timeZone").Text(), ValidFrom: said.Get("validFrom").Text(),
		ValidUntil: said.Get("validUntil").Text(), Schedule: said.Get("schedule").Text(),
	}.Window()
	var refusal *Error
	if errors.As(err, &refusal) {
		spelt := *refusal
		names := strings.NewReplacer("time_zone", "timeZone", "valid_from", "validFrom", "valid_until", "validUntil")
		spelt.Field, spelt.Message = URNUsher+":accessWindow."+names.Replace(refusal.Field), names.Replace(refusal.Message)
		return Window{}, &spelt
	}
	if is.IsZero() {
		is = Window{}
	}
	return is, err
}
