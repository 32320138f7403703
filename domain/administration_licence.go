package domain

import (
	"context"
	"slices"
	"time"

	"usher/domain/attribute"
)

// LicenceTypes gives the licence types of the organisation, by name, with the modules they reach. It needs licences:view.
func (ad *Administration) LicenceTypes(ctx context.Context, who Administrator) ([]LicenceType, error) {
	var list []LicenceType
	err := ad.look(ctx, who, ModuleLicences, ActionView, "", func(tx Tx) (err error) {
		list, err = tx.LicenceTypes().List(who.Organisation)
		return err
	})
	return list, err
}

// LicenceType gives one. It needs licences:view. NotFound.
func (ad *Administration) LicenceType(ctx context.Context, who Administrator, licence string) (LicenceType, error) {
	var found LicenceType
	err := ad.look(ctx, who, ModuleLicences, ActionView, licence, func(tx Tx) error {
		known, err := tx.LicenceTypes().List(who.Organisation)
		if err != nil {
			return err
		}
		found, err = licenceNamed(known, licence)
		return err
	})
	return found, err
}

// licenceNamed finds a licence type among those of the organisation. NotFound.
func licenceNamed(known []LicenceType, licence string) (LicenceType, error) {
	i := slices.IndexFunc(known, func(l LicenceType) bool { return l.Name == licence })
	if i < 0 {
		return LicenceType{}, noLicence(licence)
	}
	return known[i], nil
}

// SetLicenceModules says which modules people with a licence reach, whatever they are permitted (rule licence.modules):
// all, or those that are listed, none among them. It needs licences:edit, and to open a module to people whose licence
// was closed to it, everything in that module (rule owner.escalation). NotFound, Precondition, Invalid, Forbidden.
func (ad *Administration) SetLicenceModules(ctx context.Context, who Administrator, licence string, match IfMatch, modules Objects) (LicenceType, error) {
	var outcome LicenceType
	err := ad.change(ctx, who, ModuleLicences, ActionEdit, licence, func(tx Tx, now time.Time) error {
		if err := tx.Assignments().Lock(who.Organisation); err != nil {
			return err
		}
		known, err := tx.LicenceTypes().List(who.Organisation)
		if err != nil {
			return err
		}
		was, err := licenceNamed(known, licence)
		if err != nil {
			return err
		}
		if err := match.admits(was.Version); err != nil {
			return err
		}
		catalogue, err := loadCatalogue(tx, who.Organisation)
		if err != nil {
			return err
		}
		is := was
		if is.Modules, err = modulesOf(modules, catalogue); err != nil {
			return err
		}
		if err := ad.mayOpen(tx, who, "modules", is.Modules.Minus(was.Modules)); err != nil {
			return err
		}
		outcome, err = ad.saveLicence(tx, who, was, is, now)
		return err
	})
	return outcome, err
}

// modulesOf checks the modules of a licence.
func modulesOf(modules Objects, known Catalogue) (Objects, error) {
	if modules.All {
		if len(modules.IDs) > 0 {
			return modules, InvalidField("modules", "a licence reaches all modules or those that are listed; list those")
		}
		return AllObjects(), nil
	}
	for _, id := range modules.IDs {
		if _, there := known[id]; !there {
			return modules, InvalidField("modules", "there is no module "+clipped(id)+"; choose from the module catalogue, or register it first")
		}
	}
	return TheseObjects(modules.IDs...), nil
}

func (ad *Administration) saveLicence(tx Tx, who Administrator, was, is LicenceType, now time.Time) (LicenceType, error) {
	before, after := was.tree(), is.tree()
	if attribute.Equal(before, after) {
		return was, nil
	}
	is.Version = was.Version + 1
	if err := tx.LicenceTypes().Save(was, is); err != nil {
		return was, err
	}
	before, after = attribute.Diff(before, after)
	return is, ad.record(tx, who, LicenceUpdated, "licence", was.subject(), now, before, after)
}

func noLicence(named string) *Error {
	return &Error{Kind: NotFound, Code: CodeNotFound, Field: "licence", Message: "the organisation has no licence " + clipped(named) + "; see the list of licences"}
}
