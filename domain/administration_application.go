package domain

import (
	"context"
	"time"

	"usher/domain/attribute"
)

func applicationListing() listing[Application] {
	return listing[Application]{
		module: ModuleApplications, noun: "application", most: MaxApplications,
		created: ApplicationCreated, updated: ApplicationUpdated, deleted: ApplicationDeleted,
		list:  func(tx Tx) Entries[Application] { return tx.Applications() },
		entry: func(a *Application) *Entry[Application] { return &a.Entry },
		tree:  func(a Application) attribute.Value { return a.tree() },
	}
}

// Applications gives the applications somebody may view, by name.
func (ad *Administration) Applications(ctx context.Context, who Administrator) ([]Application, error) {
	return readAll(ctx, ad, who, applicationListing())
}

// Application gives one. NotFound.
func (ad *Administration) Application(ctx context.Context, who Administrator, id ApplicationID) (Application, error) {
	return read(ctx, ad, who, applicationListing(), id)
}

// CreateApplication registers an application. Invalid, NameTaken (also for its audience and origins), TooMany.
func (ad *Administration) CreateApplication(ctx context.Context, who Administrator, spec ApplicationSpec) (Application, error) {
	var a Application
	if err := a.describe(spec); err != nil {
		return Application{}, err
	}
	return create(ctx, ad, who, applicationListing(), a, func(tx Tx, a *Application) error { return a.fits(tx) })
}

// EditApplication changes an application. What it was told before stays signed until it expires. NotFound, Precondition,
// Invalid, NameTaken.
func (ad *Administration) EditApplication(ctx context.Context, who Administrator, id ApplicationID, match IfMatch, change func(spec ApplicationSpec) ApplicationSpec) (Application, error) {
	return edit(ctx, ad, who, applicationListing(), id, match, func(tx Tx, a Application) (Application, error) {
		if err := a.describe(change(a.spec())); err != nil {
			return a, err
		}
		return a, a.fits(tx)
	})
}

// DeleteApplication takes an application off the list: from the next request on nobody is let through to it. NotFound,
// Precondition.
func (ad *Administration) DeleteApplication(ctx context.Context, who Administrator, id ApplicationID, match IfMatch) error {
	l := applicationListing()
	return ad.change(ctx, who, l.module, ActionDelete, id.String(), func(tx Tx, now time.Time) error {
		a, err := locked(tx, who, l, id, match)
		if err != nil {
			return err
		}
		if err := tx.Applications().Delete(a); err != nil {
			return err
		}
		return ad.record(tx, who, l.deleted, l.noun, id.UUID, now, a.tree(), attribute.Value{})
	})
}

// fits refuses what collides with another application, and modules that nobody knows. Invalid, NameTaken.
func (a Application) fits(tx Tx) error {
	others, err := tx.Applications().List(a.Organisation)
	if err != nil {
		return err
	}
	if err := a.collides(others); err != nil {
		return err
	}
	known, err := loadCatalogue(tx, a.Organisation)
	if err != nil {
		return err
	}
	for _, module := range a.Modules {
		if _, there := known[module]; !there {
			return InvalidField("modules", "there is no module "+clipped(module)+"; choose some from the module catalogue, or register it first")
		}
	}
	return nil
}

// steward acts for the operator in an organisation.
func (in *Installation) steward(ctx context.Context, slug string) (*Administration, Administrator, error) {
	var who Administrator
	err := in.store.Read(ctx, func(tx Tx) error {
		o, err := tx.Organisations().BySlug(slug)
		who = Administrator{Organisation: o.ID, Actor: ActorOperator(), Owner: true, From: in.env.Host}
		return err
	})
	return NewAdministration(in.store, in.env, in.random), who, err
}

// CreateApplication registers an application, as [Administration.CreateApplication]. NotFound.
func (in *Installation) CreateApplication(ctx context.Context, slug string, spec ApplicationSpec) (Application, error) {
	ad, who, err := in.steward(ctx, slug)
	if err != nil {
		return Application{}, err
	}
	return ad.CreateApplication(ctx, who, spec)
}

// Applications gives the applications of an organisation, by name. NotFound.
func (in *Installation) Applications(ctx context.Context, slug string) ([]Application, error) {
	ad, who, err := in.steward(ctx, slug)
	if err != nil {
		return nil, err
	}
	return ad.Applications(ctx, who)
}

// DeleteApplication takes an application, named as people name it, off the list. NotFound.
func (in *Installation) DeleteApplication(ctx context.Context, slug, name string) (Application, error) {
	ad, who, err := in.steward(ctx, slug)
	if err != nil {
		return Application{}, err
	}
	var a Application
	err = in.store.Read(ctx, func(tx Tx) (err error) {
		a, err = tx.Applications().ByName(who.Organisation, name)
		return err
	})
	if IsKind(err, NotFound) {
		return a, &Error{
			Kind: NotFound, Code: CodeNotFound, Field: "name",
			Message: "the organisation " + slug + " has no application " + clipped(name) + "; \"usher application list --org " + slug + "\" shows which there are",
		}
	}
	if err != nil {
		return a, err
	}
	return a, ad.DeleteApplication(ctx, who, a.ID, IfMatch{})
}
