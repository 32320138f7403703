package domain

import (
	"context"
	"slices"
	"time"

	"usher/domain/attribute"
)

// Policy reads the policy of the organisation. Needs policy:view.
func (ad *Administration) Policy(ctx context.Context, who Administrator) (Policy, error) {
	var policy Policy
	err := ad.look(ctx, who, ModulePolicy, ActionView, "", func(tx Tx) (err error) {
		policy, err = tx.Policies().Get(who.Organisation)
		return err
	})
	return policy, err
}

// ChangePolicy lets change make a new policy of the current one; it may be called more than once. Needs policy:edit.
// Invalid, Precondition.
func (ad *Administration) ChangePolicy(ctx context.Context, who Administrator, match IfMatch, change func(current Policy) (Policy, error)) (Policy, error) {
	var outcome Policy
	err := ad.change(ctx, who, ModulePolicy, ActionEdit, "", func(tx Tx, now time.Time) error {
		was, err := tx.Policies().Get(who.Organisation)
		if err != nil {
			return err
		}
		if err := match.admits(was.Version); err != nil {
			return err
		}
		is, err := change(was)
		if err != nil {
			return err
		}
		is.Version = was.Version
		if outcome = is; is == was {
			return nil
		}
		if err := is.Check(); err != nil {
			return err
		}
		if is.LocalSignIn != was.LocalSignIn && is.LocalSignIn == LocalSignInOwnersOnly {
			if err := demandSingleSignOn(tx, who.Organisation); err != nil {
				return err
			}
		}
		is.Version++
		outcome = is
		if err := tx.Policies().Save(who.Organisation, was, is); err != nil {
			return err
		}
		before, after := attribute.Diff(was.tree(), is.tree())
		return ad.record(tx, who, PolicyChanged, "organisation", who.Organisation.UUID, now, before, after)
	})
	return outcome, err
}

// demandSingleSignOn refuses to take passwords from people who have no other way in. Owners keep theirs, so that whoever has
// one loses nothing by it (rule owner.last).
func demandSingleSignOn(tx Tx, org OrganisationID) error {
	all, err := tx.Connections().List(org)
	if err != nil || slices.ContainsFunc(all, Connection.signsIn) {
		return err
	}
	return InvalidField("local_sign_in", "no connection signs people in, so nobody but owners could come in any more; make one with an OpenID provider, or enable it, first")
}
