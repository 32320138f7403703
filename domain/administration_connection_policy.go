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
// directory:edit; nobody lets a directory give what they could not give themselves, nor bars what keeps people from that (rule
// owner.escalation). NotFound,
// Invalid, VersionMismatch.
func (ad *Administration) ChangeConnectionPolicy(ctx context.Context, who Administrator, id ConnectionID, match IfMatch,
	change func(current ConnectionPolicy) (ConnectionPolicy, error),
) (ConnectionPolicy, error) {
	var outcome ConnectionPolicy
	err := ad.change(ctx, who, ModuleDirectory, ActionEdit, id.String(), func(tx Tx, now time.Time) (err error) {
		allow := func(was, is ConnectionPolicy) error { return ad.mayLimit(tx, who, was.Limits, is.Limits) }
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
