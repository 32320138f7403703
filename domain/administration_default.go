package domain

import (
	"context"
	"time"

	"usher/domain/attribute"
)

// Defaults gives what people from a directory get for whom nobody has decided. It needs profiles:view.
func (ad *Administration) Defaults(ctx context.Context, who Administrator) (Defaults, error) {
	var found Defaults
	err := ad.look(ctx, who, ModuleProfiles, ActionView, "", func(tx Tx) (err error) {
		found, err = tx.Assignments().Defaults(who.Organisation)
		return err
	})
	return found, err
}

// SetDefaults says what people from a directory get for whom nobody has decided (rule provision.defaults). It needs
// profiles:edit and, where the role changes, roles:edit, and nobody makes a default of what they do not hold (rule
// owner.escalation). Precondition, Invalid, Forbidden.
func (ad *Administration) SetDefaults(ctx context.Context, who Administrator, match IfMatch, role RoleID, profile ProfileID) (Defaults, error) {
	var outcome Defaults
	err := ad.change(ctx, who, ModuleProfiles, ActionEdit, "", func(tx Tx, now time.Time) error {
		if err := tx.Assignments().Lock(who.Organisation); err != nil {
			return err
		}
		was, err := tx.Assignments().Defaults(who.Organisation)
		if err != nil {
			return err
		}
		if err := match.admits(was.Version); err != nil {
			return err
		}
		is := was
		is.Role, is.Profile = role, profile
		if err := ad.mayDefault(tx, who, was, is); err != nil {
			return err
		}
		outcome, err = ad.saveDefaults(tx, who, was, is, now)
		return err
	})
	return outcome, err
}

func (ad *Administration) mayDefault(tx Tx, who Administrator, was, is Defaults) error {
	if is.Role != was.Role {
		if err := who.need(ModuleRoles, ActionEdit, ""); err != nil {
			return err
		}
	}
	if is.Role != was.Role && !is.Role.IsZero() {
		r, err := refer(tx.Roles(), who.Organisation, is.Role, "role", "role")
		if err != nil {
			return err
		}
		if err := ad.mayGiveRole(tx, who, "role", r); err != nil {
			return err
		}
	}
	if is.Profile == was.Profile || is.Profile.IsZero() {
		return nil
	}
	p, err := refer(tx.Profiles(), who.Organisation, is.Profile, "profile", "profile")
	if err != nil {
		return err
	}
	return ad.mayGiveProfile(tx, who, "profile", p)
}

// saveDefaults writes defaults, with their event, when something differs.
func (ad *Administration) saveDefaults(tx Tx, who Administrator, was, is Defaults, now time.Time) (Defaults, error) {
	if was.Role == is.Role && was.Profile == is.Profile {
		return was, nil
	}
	if is.Version = was.Version + 1; is.Role != was.Role {
		is.RoleAt = now
	}
	if is.Profile != was.Profile {
		is.ProfileAt = now
	}
	if err := tx.Assignments().SaveDefaults(who.Organisation, was, is); err != nil {
		return was, err
	}
	before, after := attribute.Diff(was.tree(), is.tree())
	return is, ad.record(tx, who, DefaultsChanged, "organisation", who.Organisation.UUID, now, before, after)
}
