package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// names reports whether limits list a role or profile.
func (l Limits) names(kind GivenKind, id uuid.UUID) bool {
	switch kind {
	case GivenRole:
		return slices.Contains(l.Roles, RoleID{UUID: id})
	case GivenProfile:
		return slices.Contains(l.Profiles, ProfileID{UUID: id})
	case GivenTeam, GivenQueue, GivenSeat:
	}
	return false
}

// replaced are limits that list one role or profile in the place of another.
func (l Limits) replaced(kind GivenKind, id, by uuid.UUID) Limits {
	switch kind {
	case GivenRole:
		l.Roles = inPlace(l.Roles, RoleID{UUID: id}, RoleID{UUID: by})
	case GivenProfile:
		l.Profiles = inPlace(l.Profiles, ProfileID{UUID: id}, ProfileID{UUID: by})
	case GivenTeam, GivenQueue, GivenSeat:
	}
	return l
}

// inPlace is a list with one thing, once, in the place of another that it has.
func inPlace[E comparable](list []E, gone, by E) []E {
	if !slices.Contains(list, gone) {
		return list
	}
	return append(slices.DeleteFunc(slices.Clone(list), func(e E) bool { return e == gone || e == by }), by)
}

// unlimited refuses to delete something that the limits of a connection name (rule profile.delete).
func unlimited(tx Tx, org OrganisationID, noun string, names func(Limits) bool) error {
	return eachPolicy(tx, org, func(c Connection, policy ConnectionPolicy) error {
		if !names(policy.Limits) {
			return nil
		}
		return inUse("the connection " + clipped(c.Name) + " may give this " + noun + "; name another one in its place, or change the limits of the connection first")
	})
}

// relimit writes the limits of connections that become other ones.
func (ad *Administration) relimit(tx Tx, who Administrator, replaced func(Limits) Limits, now time.Time) error {
	return eachPolicy(tx, who.Organisation, func(c Connection, was ConnectionPolicy) error {
		is := was
		is.Limits = replaced(was.Limits)
		if is.Limits.equal(was.Limits) {
			return nil
		}
		is.Version = was.Version + 1
		if err := tx.ConnectionPolicies().Save(who.Organisation, c.ID, was, is); err != nil {
			return err
		}
		before, after := attribute.Diff(was.tree(), is.tree())
		return ad.record(tx, who, ConnectionPolicyChanged, "connection", c.ID.UUID, now, before, after)
	})
}

// eachPolicy does something for the policy of each connection.
func eachPolicy(tx Tx, org OrganisationID, do func(Connection, ConnectionPolicy) error) error {
	connections, err := tx.Connections().List(org)
	if err != nil {
		return err
	}
	for _, c := range connections {
		policy, err := tx.ConnectionPolicies().Get(org, c.ID)
		if err != nil {
			return err
		}
		if err := do(c, policy); err != nil {
			return err
		}
	}
	return nil
}
