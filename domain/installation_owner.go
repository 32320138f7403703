package domain

import (
	"context"
	"time"
)

// MakeOwner makes a person, named by id or user name, a system owner: for an organisation that has none, or whose only one is
// gone (rule owner.escalation; within the organisation only owners do). Who is one stays as they are. NotFound, OwnerLicence.
func (in *Installation) MakeOwner(ctx context.Context, slug, person string) (Person, error) {
	return in.setOwner(ctx, slug, person, true)
}

// UnmakeOwner ends an ownership, as an owner does. NotFound, LastOwner.
func (in *Installation) UnmakeOwner(ctx context.Context, slug, person string) (Person, error) {
	return in.setOwner(ctx, slug, person, false)
}

func (in *Installation) setOwner(ctx context.Context, slug, person string, owner bool) (Person, error) {
	var outcome Person
	var by author
	var id UserID
	now := in.env.instant()
	err := in.change(ctx, slug, func(tx Tx, o Organisation) (err error) {
		by = in.author(o)
		if id, err = personNamed(tx, o.ID, person); err != nil {
			return err
		}
		was, err := tx.Users().Find(o.ID, id)
		if err != nil {
			return err
		}
		is, err := own(tx, by, was, owner, now)
		if err != nil {
			return err
		}
		outcome, err = personOf(tx, is, now)
		return err
	})
	if IsCode(err, CodeLastOwner) {
		err = ownerProtectedFrom(ctx, in.store, by, "user", id.UUID, now, err)
	}
	return outcome, err
}

// Owners lists the owners of an organisation, in order of creation. NotFound.
func (in *Installation) Owners(ctx context.Context, slug string) ([]Person, error) {
	var all []Person
	err := in.store.Read(ctx, func(tx Tx) error {
		o, err := tx.Organisations().BySlug(slug)
		if err != nil {
			return err
		}
		all, err = ownersOf(tx, o.ID, in.env.instant())
		return err
	})
	return all, err
}

func ownersOf(tx Tx, org OrganisationID, now time.Time) ([]Person, error) {
	const batch = 200
	var all []Person
	q := Query{Scope: Scope{Organisation: org, Whole: true}, Where: isTrue(personOwner, true), Limit: batch}
	for {
		page, err := tx.Users().Page(q)
		if err != nil {
			return nil, err
		}
		owners, err := personsOf(tx, org, page.Items, now)
		if err != nil {
			return nil, err
		}
		all = append(all, owners...)
		if page.Next == nil {
			return all, nil
		}
		q.After = page.Next
	}
}
