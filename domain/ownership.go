package domain

import "time"

// Ownership is since when somebody is a system owner, and who made them one.
type Ownership struct {
	Organisation OrganisationID
	User         UserID
	By           Actor
	Since        time.Time
}

// Ownerships is the store of what is noted of owners. Who is one it learns from Users.
type Ownerships interface {
	// Of reads it of those of some people who are owners and of whom it was noted, in no order.
	Of(org OrganisationID, users []UserID) ([]Ownership, error)
	// Put notes it, in place of what was.
	Put(o Ownership) error
	// End forgets it, of who is no owner any more.
	End(org OrganisationID, user UserID) error
}

// own makes somebody an owner or ends that, for whoever may. Who is so already stays as they are. OwnerLicence, LastOwner.
func own(tx Tx, by author, was User, owner bool, now time.Time) (User, error) {
	if was.Owner == owner {
		return was, nil
	}
	is := was
	is.Owner = owner
	if err := ownerLicence(is); err != nil {
		return User{}, err
	}
	if err := loseOwner(tx, was, is); err != nil {
		return User{}, err
	}
	tree, err := was.Attributes()
	if err != nil {
		return User{}, err
	}
	was.recall(tree)
	is.recall(tree)
	is.Version, is.ModifiedAt = was.Version+1, later(now, was.ModifiedAt)
	if err := tx.Users().Save(was, is); err != nil {
		return User{}, err
	}
	what := OwnerUnmade
	if owner {
		what = OwnerMade
	}
	event, err := by.event(what, "user", is.ID.UUID, now)
	if err != nil {
		return User{}, err
	}
	if err := tx.Events().Append(event); err != nil {
		return User{}, err
	}
	if err := noteOwner(tx, is, event.Actor, now); err != nil {
		return User{}, err
	}
	return tx.Users().Find(is.Organisation, is.ID)
}

// noteOwner notes who made somebody an owner, or that they are one no more.
func noteOwner(tx Tx, u User, by Actor, now time.Time) error {
	if !u.Owner {
		return tx.Ownerships().End(u.Organisation, u.ID)
	}
	return tx.Ownerships().Put(Ownership{Organisation: u.Organisation, User: u.ID, By: by, Since: now})
}

// ownershipOf reads what is noted of an owner; the zero Ownership: nothing.
func ownershipOf(tx Tx, org OrganisationID, user UserID) (Ownership, error) {
	list, err := tx.Ownerships().Of(org, []UserID{user})
	if err != nil || len(list) == 0 {
		return Ownership{}, err
	}
	return list[0], nil
}
