package domain

import (
	"cmp"
	"context"
	"slices"
	"time"

	"usher/domain/attribute"
)

// ModuleSpec describes a module of the application.
type ModuleSpec struct {
	ID         string
	Name       string   // empty: the id
	Actions    []string // beside view, create, edit and delete
	HasObjects bool
}

// parsed checks a description. Invalid, TooMany.
func (s ModuleSpec) parsed(org OrganisationID) (Module, error) {
	m := Module{Organisation: org, ID: s.ID, HasObjects: s.HasObjects, Version: 1}
	if !isIdentifier(s.ID) {
		return m, InvalidField("module", "name a module with 1 to 64 lower-case letters, digits, hyphens and underscores")
	}
	if slices.ContainsFunc(BuiltInModules(), func(own Module) bool { return own.ID == s.ID && own.ID != ModuleRecords }) {
		return m, InvalidField("module", "the module "+s.ID+" is one of Usher's own; choose another id")
	}
	var own []string
	for _, action := range s.Actions {
		if !isIdentifier(action) {
			return m, InvalidField("actions", "name each action with 1 to 64 lower-case letters, digits, hyphens and underscores")
		}
		if !slices.Contains(own, action) && !slices.Contains(actionsWith(nil), action) {
			own = append(own, action)
		}
		if len(own) > maxModuleActions {
			return m, tooMany("actions", "give a module at most 50 actions of its own")
		}
	}
	m.Actions = actionsWith(own)
	var err error
	m.Name, err = label("name", cmp.Or(s.Name, s.ID))
	return m, err
}

// Modules gives the module catalogue: Usher's own modules, then those the application registered, by id. It needs
// profiles:view.
func (ad *Administration) Modules(ctx context.Context, who Administrator) ([]Module, error) {
	var all []Module
	err := ad.look(ctx, who, ModuleProfiles, ActionView, "", func(tx Tx) error {
		registered, err := tx.Modules().List(who.Organisation)
		own := slices.DeleteFunc(BuiltInModules(), func(m Module) bool {
			return slices.ContainsFunc(registered, func(r Module) bool { return r.ID == m.ID })
		})
		all = slices.Concat(own, registered)
		return err
	})
	return all, err
}

// RegisterModule adds a module to the catalogue, or changes it to the description: applications say what they have when
// they start. It needs profiles:edit. An action that goes must not be mentioned by any profile or person; with forced it
// is taken out of them. An action that comes is taken out of the API keys that name it already, as nobody has checked who gave it. Precondition,
// InUse, Invalid, TooMany.
func (ad *Administration) RegisterModule(ctx context.Context, who Administrator, spec ModuleSpec, match IfMatch, forced bool) (Module, error) {
	outcome, err := spec.parsed(who.Organisation)
	if err != nil {
		return Module{}, err
	}
	wanted := outcome
	err = ad.change(ctx, who, ModuleProfiles, ActionEdit, "", func(tx Tx, now time.Time) error {
		was, registered, err := lockedModule(tx, who.Organisation, wanted.ID)
		if err != nil {
			return err
		}
		if match.Any && !registered {
			match = IfMatch{Set: true} // there is none that it could be (RFC 9110 section 13.1.1)
		}
		if err := match.admits(was.Version); err != nil {
			return err
		}
		if outcome = wanted; !registered {
			outcome.CreatedAt, outcome.ModifiedAt = now, now
			return ad.insertModule(tx, who, outcome, now)
		}
		outcome.Version, outcome.CreatedAt, outcome.ModifiedAt = was.Version+1, was.CreatedAt, later(now, was.ModifiedAt)
		if attribute.Equal(was.tree(), outcome.tree()) {
			outcome = was
			return nil
		}
		if was.HasObjects && !outcome.HasObjects {
			return InvalidField("hasObjects", "a module that has objects keeps them; remove it and register it again without")
		}
		gone := func(p Permission) bool { return p.Module == was.ID && !slices.Contains(outcome.Actions, p.Action) }
		if err := ad.takeOut(tx, who, was.ID, gone, forced, now); err != nil {
			return err
		}
		if err := tx.Modules().Save(was, outcome); err != nil {
			return err
		}
		if err := ad.narrowKeys(tx, who, was, outcome, now); err != nil {
			return err
		}
		before, after := attribute.Diff(was.tree(), outcome.tree())
		return ad.record(tx, who, ModuleUpdated, "module", was.subject(), now, before, after)
	})
	return outcome, err
}

// narrowKeys takes the actions that come with a module out of the API keys that name them already.
func (ad *Administration) narrowKeys(tx Tx, who Administrator, was, is Module, now time.Time) error {
	known := newCatalogue(nil) // the module records is there before it is registered
	if was.ID != "" {
		known[was.ID] = was
	}
	comes := func(p Permission) bool {
		return p.Module == is.ID && slices.Contains(is.Actions, p.Action) && !known.has(p)
	}
	return narrowKeys(tx, ad.author(who), is.Organisation, comes, now)
}

func (ad *Administration) insertModule(tx Tx, who Administrator, m Module, now time.Time) error {
	known, err := tx.Modules().List(m.Organisation)
	if err != nil {
		return err
	}
	if len(known) >= maxModules {
		return tooMany("module", "an application can register at most 200 modules; remove one first")
	}
	if err := tx.Modules().Insert(m); err != nil {
		return err
	}
	if err := ad.narrowKeys(tx, who, Module{}, m, now); err != nil {
		return err
	}
	return ad.record(tx, who, ModuleRegistered, "module", m.subject(), m.CreatedAt, attribute.Value{}, m.tree())
}

// lockedModule reads a registered module that is about to change.
func lockedModule(tx Tx, org OrganisationID, id string) (m Module, registered bool, err error) {
	if err := tx.Assignments().Lock(org); err != nil {
		return m, false, err
	}
	known, err := tx.Modules().List(org)
	if err != nil {
		return m, false, err
	}
	i := slices.IndexFunc(known, func(m Module) bool { return m.ID == id })
	if i < 0 {
		return m, false, nil
	}
	return known[i], true, nil
}

// RemoveModule takes a module out of the catalogue. It needs profiles:edit. It must not be mentioned by any profile,
// licence or person; with forced it is taken out of them. NotFound, Precondition, InUse.
func (ad *Administration) RemoveModule(ctx context.Context, who Administrator, id string, match IfMatch, forced bool) error {
	return ad.change(ctx, who, ModuleProfiles, ActionEdit, "", func(tx Tx, now time.Time) error {
		was, registered, err := lockedModule(tx, who.Organisation, id)
		switch {
		case err != nil:
			return err
		case !registered:
			return &Error{Kind: NotFound, Code: CodeNotFound, Field: "module", Message: "no module " + clipped(id) + " is registered; see the module catalogue"}
		}
		if err := match.admits(was.Version); err != nil {
			return err
		}
		if err := ad.takeOut(tx, who, id, func(p Permission) bool { return p.Module == id }, forced, now); err != nil {
			return err
		}
		if err := ad.takeOutOfLicences(tx, who, id, forced, now); err != nil {
			return err
		}
		if err := tx.Modules().Delete(was); err != nil {
			return err
		}
		return ad.record(tx, who, ModuleRemoved, "module", was.subject(), now, was.tree(), attribute.Value{})
	})
}

// takeOut takes permissions that are gone out of profiles and people's own grants and revokes, or refuses where they are
// there.
func (ad *Administration) takeOut(tx Tx, who Administrator, module string, gone func(Permission) bool, forced bool, now time.Time) error {
	profiles, err := tx.Profiles().List(who.Organisation)
	if err != nil {
		return err
	}
	for _, p := range profiles {
		if !p.Grants.mentions(gone) {
			continue
		}
		if !forced {
			return mentioned("the profile " + clipped(p.Name.Text))
		}
		is := p
		is.Grants = p.Grants.without(gone)
		if _, err := save(tx, ad, who, profileListing(), p, is, now); err != nil {
			return err
		}
	}
	people, err := tx.Assignments().Mentioning(who.Organisation, module)
	if err != nil {
		return err
	}
	for _, user := range people {
		was, err := tx.Assignments().Of(who.Organisation, user)
		if err != nil {
			return err
		}
		if !was.Granted.mentions(gone) && !was.Revoked.mentions(gone) {
			continue
		}
		if !forced {
			return mentioned("a person's own permissions")
		}
		is := was
		is.Granted, is.Revoked = was.Granted.without(gone), was.Revoked.without(gone)
		hand := settlement{tx: tx, org: who.Organisation, now: now, write: ad.scribe(who)}
		if _, _, err := hand.save(was, is); err != nil {
			return err
		}
	}
	return nil
}

func (ad *Administration) takeOutOfLicences(tx Tx, who Administrator, module string, forced bool, now time.Time) error {
	licences, err := tx.LicenceTypes().List(who.Organisation)
	if err != nil {
		return err
	}
	for _, l := range licences {
		if !slices.Contains(l.Modules.IDs, module) {
			continue
		}
		if !forced {
			return mentioned("the licence " + l.Name)
		}
		is := l
		is.Modules = l.Modules.Minus(TheseObjects(module))
		if _, err := ad.saveLicence(tx, who, l, is, now); err != nil {
			return err
		}
	}
	return nil
}

func mentioned(by string) *Error {
	return &Error{
		Kind: Conflict, Code: CodeInUse, Field: "module",
		Message: "this is mentioned by " + by + "; take it out there first, or force the change, which takes it out everywhere",
	}
}
