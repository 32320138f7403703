package domain

import (
	"context"
	"time"
)

// RoleSpec describes a role.
type RoleSpec struct {
	Name        string
	Description string
	Parent      RoleID // zero: at the top
	Sees        Sight
}

func (s RoleSpec) apply(r *Role) (err error) {
	if err := describe(&r.Entry, s.Name, s.Description); err != nil {
		return err
	}
	r.Parent = s.Parent
	r.Sees, err = ParseSight(string(s.Sees))
	return err
}

func roleListing() listing[Role] {
	return listing[Role]{
		module: ModuleRoles, noun: "role", kind: GivenRole, most: MaxRoles, created: RoleCreated, updated: RoleUpdated, deleted: RoleDeleted,
		list:    func(tx Tx) Entries[Role] { return tx.Roles() },
		entry:   func(r *Role) *Entry[Role] { return &r.Entry },
		tree:    Role.tree,
		allowed: (*Administration).mayGiveRole,
	}
}

// Roles gives the roles somebody may view, by name; each names its parent.
func (ad *Administration) Roles(ctx context.Context, who Administrator) ([]Role, error) {
	return readAll(ctx, ad, who, roleListing())
}

// Role gives one. NotFound.
func (ad *Administration) Role(ctx context.Context, who Administrator, id RoleID) (Role, error) {
	return read(ctx, ad, who, roleListing(), id)
}

// CreateRole adds a role, which shows no more than the administrator sees (rule owner.escalation). Invalid, NameTaken,
// TooMany, Forbidden.
func (ad *Administration) CreateRole(ctx context.Context, who Administrator, spec RoleSpec) (Role, error) {
	var r Role
	if err := spec.apply(&r); err != nil {
		return Role{}, err
	}
	return create(ctx, ad, who, roleListing(), r, func(tx Tx, r *Role) error { return ad.checkRole(tx, who, *r) })
}

// EditRole changes a role. Where it moves, what is below it goes along. NotFound, Precondition, Invalid, NameTaken,
// TooMany, Forbidden.
func (ad *Administration) EditRole(ctx context.Context, who Administrator, id RoleID, match IfMatch, spec RoleSpec) (Role, error) {
	return edit(ctx, ad, who, roleListing(), id, match, func(tx Tx, was Role) (Role, error) {
		is := was
		if err := spec.apply(&is); err != nil {
			return was, err
		}
		if is.Parent == was.Parent && is.Sees == was.Sees {
			return is, nil
		}
		if is.Parent != was.Parent {
			if err := ad.mayMoveRole(tx, who, was); err != nil {
				return was, err
			}
		}
		return is, ad.checkRole(tx, who, is)
	})
}

// checkRole refuses a role without a place in the hierarchy, and one that shows more than somebody sees.
func (ad *Administration) checkRole(tx Tx, who Administrator, r Role) error {
	roles, err := tx.Roles().List(who.Organisation)
	if err != nil {
		return err
	}
	h := NewHierarchy(roles)
	if err := h.check(r); err != nil {
		return err
	}
	own, err := ad.sightOf(tx, who, h) // before the change: nobody lifts themselves
	if err != nil {
		return err
	}
	h[r.ID] = r
	if !own.shows(h, r) {
		return showsMore("sees")
	}
	return nil
}

// DeleteRole deletes a role: those below it move up to its parent, and its people get the replacement (zero: it must
// have none). NotFound, Precondition, InUse, Invalid, Forbidden.
func (ad *Administration) DeleteRole(ctx context.Context, who Administrator, id RoleID, match IfMatch, replacement RoleID) error {
	l := roleListing()
	return remove(ctx, ad, who, l, id, match, replacement, func(tx Tx, gone Role, now time.Time) error {
		roles, err := tx.Roles().List(who.Organisation)
		if err != nil {
			return err
		}
		for _, child := range roles {
			if child.Parent != gone.ID {
				continue
			}
			is := child
			is.Parent = gone.Parent
			if _, err := save(tx, ad, who, l, child, is, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// Sees reports whether one person may see another's data (rule role.sees). Who is inactive sees nobody's, as they work with no
// record (see RecordAccess). Who asks needs users:view, but for what they see themselves. NotFound.
func (ad *Administration) Sees(ctx context.Context, who Administrator, viewer, of UserID) (bool, error) {
	sees := false
	err := ad.lookAt(ctx, who, viewer, func(tx Tx) error {
		roles, err := tx.Roles().List(who.Organisation)
		if err != nil {
			return err
		}
		a, err := accessOf(tx, who.Organisation, viewer)
		if err != nil {
			return err
		}
		b, err := otherPerson(tx, who.Organisation, of, "other")
		if err != nil {
			return err
		}
		u, err := tx.Users().Find(who.Organisation, viewer)
		if err != nil || u.Status == Inactive {
			return err
		}
		defaults, err := tx.Assignments().Defaults(who.Organisation)
		sees = err == nil && NewHierarchy(roles).Sees(a.Place(), b.With(defaults).Place())
		return err
	})
	return sees, err
}

// lookAt reads what concerns one person: everybody may about themselves.
func (ad *Administration) lookAt(ctx context.Context, who Administrator, user UserID, fn func(tx Tx) error) error {
	if who.Actor.Kind == actorUser && who.Actor.ID == user.UUID {
		return ad.store.Read(ctx, fn)
	}
	return ad.look(ctx, who, ModuleUsers, ActionView, user.String(), fn)
}

// otherPerson reads what the second of two people is given, without the defaults. NotFound, naming the field.
func otherPerson(tx Tx, org OrganisationID, user UserID, field string) (UserAccess, error) {
	found, err := tx.Assignments().Of(org, user)
	if IsKind(err, NotFound) {
		err = &Error{Kind: NotFound, Code: CodeNotFound, Field: field, Message: "there is no such user; send the id of somebody who is here", Err: err}
	}
	return found, err
}
