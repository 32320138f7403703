package domain

import (
	"context"
	"time"

	"usher/domain/attribute"
)

// ConnectionPolicy reads what a connection may do. It needs directory:view. NotFound.
func (ad *Administration) ConnectionPolicy(ctx context.Context, who Administrator, id ConnectionID) (ConnectionPolicy, error) {
	var policy ConnectionPolicy
	err := ad.look(ctx, who, ModuleDirectory, ActionView, id.String(), func(tx Tx) (err error) {
		policy, err = tx.ConnectionPolicies().Get(who.Organisation, id)
		return err
	})
	return policy, err
}

// ChangeConnectionPolicy lets change make a new policy of the current one; it may be called more than once. It needs
// directory:edit; nobody lets a directory give what they could not give themselves (rule owner.escalation). NotFound,
// Invalid, VersionMismatch.
func (ad *Administration) ChangeConnectionPolicy(ctx context.Context, who Administrator, id ConnectionID, match IfMatch,
	change func(current ConnectionPolicy) (ConnectionPolicy, error),
) (ConnectionPolicy, error) {
	var outcome ConnectionPolicy
	err := ad.change(ctx, who, ModuleDirectory, ActionEdit, id.String(), func(tx Tx, now time.Time) (err error) {
		allow := func(was, is ConnectionPolicy) error { return ad.mayWiden(tx, who, was.Limits, is.Limits) }
		outcome, err = changeConnectionPolicy(tx, ad.author(who), id, match, now, allow, change)
		return err
	})
	return outcome, err
}

// ChangeConnectionPolicy lets change make a new policy of the current one, as [Administration.ChangeConnectionPolicy].
// NotFound, Invalid.
func (in *Installation) ChangeConnectionPolicy(ctx context.Context, slug, name string, change func(current ConnectionPolicy) (ConnectionPolicy, error)) (ConnectionPolicy, error) {
	now := in.env.instant()
	var outcome ConnectionPolicy
	err := in.change(ctx, slug, func(tx Tx, o Organisation) error {
		c, err := tx.Connections().ByName(o.ID, name)
		if err != nil {
			return err
		}
		anything := func(_, _ ConnectionPolicy) error { return nil }
		outcome, err = changeConnectionPolicy(tx, in.author(o), c.ID, IfMatch{}, now, anything, change)
		return err
	})
	return outcome, err
}

func changeConnectionPolicy(tx Tx, by author, id ConnectionID, match IfMatch, now time.Time,
	allow func(was, is ConnectionPolicy) error, change func(ConnectionPolicy) (ConnectionPolicy, error),
) (ConnectionPolicy, error) {
	was, err := tx.ConnectionPolicies().Get(by.organisation, id)
	if err != nil {
		return was, err
	}
	if err := match.admits(was.Version); err != nil {
		return was, err
	}
	is, err := change(was)
	if err != nil || is.Equal(was) {
		return was, err
	}
	if err := is.Check(); err != nil {
		return was, err
	}
	if err := is.checkNamed(tx, by.organisation, was); err != nil {
		return was, err
	}
	if err := allow(was, is); err != nil {
		return was, err
	}
	is.Version = was.Version + 1
	if err := tx.ConnectionPolicies().Save(by.organisation, id, was, is); err != nil {
		return was, err
	}
	before, after := attribute.Diff(was.tree(), is.tree())
	if err := by.record(tx, ConnectionPolicyChanged, "connection", id.UUID, now, before, after); err != nil {
		return was, err
	}
	if is.Limits.equal(was.Limits) {
		return is, nil
	}
	r := reach{about: JobSubject{Kind: jobAboutConnection, ID: id.UUID}, connection: id}
	return is, apply(tx, by.organisation, r, now, by.scribe())
}

// mayWiden refuses to let a directory give what one could not give oneself: a role or profile beyond one's own, or,
// without restriction, whatever there is (rule owner.escalation).
func (ad *Administration) mayWiden(tx Tx, who Administrator, was, is Limits) error {
	if who.Owner {
		return nil
	}
	if was.Profiles != nil && is.Profiles == nil {
		known, err := loadCatalogue(tx, who.Organisation)
		if err != nil {
			return err
		}
		if who.mayGrant("", known.Everything()) != nil {
			return unrestricted("limits.profiles")
		}
	}
	if was.Profiles != nil { // otherwise a list narrows
		for _, id := range added(was.Profiles, is.Profiles) {
			p, err := tx.Profiles().Get(who.Organisation, id)
			if err != nil {
				return err
			}
			if err := ad.mayGiveProfile(tx, who, "limits.profiles", p); err != nil {
				return err
			}
		}
	}
	if was.Roles == nil {
		return nil
	}
	roles, err := tx.Roles().List(who.Organisation)
	if err != nil {
		return err
	}
	h := NewHierarchy(roles)
	own, err := ad.sightOf(tx, who, h)
	if err != nil {
		return err
	}
	if is.Roles == nil && own.sees != SeesAll {
		return unrestricted("limits.roles")
	}
	for _, id := range added(was.Roles, is.Roles) {
		if !own.shows(h, h[id]) {
			return showsMore("limits.roles")
		}
	}
	return nil
}

func unrestricted(field string) *Error {
	return &Error{
		Kind: Forbidden, Code: CodeEscalation, Field: field,
		Message: "without this restriction the directory could give more than you could yourself; list what it may give, or ask an owner",
	}
}
