package domain

import (
	"slices"

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
