package domain

import (
	"slices"
	"time"
)

// Owner is how an owner stands, as far as rule owner.last asks.
type Owner struct {
	ID         UserID
	Status     Status
	AcceptedAt time.Time // zero: never here
	Blocked    bool      // for whatever reason
	Ends       bool      // has a valid-until date
	WayIn      bool      // a password that is not temporary (with which alone passkeys go), or an identity at the issuer of a connection that is not disabled
}

// able reports whether nothing keeps the owner out, now and from now on. A weekly schedule does not count.
func (o Owner) able() bool {
	return o.Status == Active && !o.AcceptedAt.IsZero() && !o.Blocked && !o.Ends
}

// comes reports whether the owner can sign in, now and from now on: nothing keeps them out, and there is a way in.
func (o Owner) comes() bool { return o.able() && o.WayIn }

// loseOwner refuses the change from was to is when it would leave an organisation that an owner has signed in to
// without an owner who can (rule owner.last). It keeps the owners from changing until the unit of work ends, so that
// two of them cannot demote each other at the same moment.
func loseOwner(tx Tx, was, is User) error {
	if !was.Owner || canOwn(is) {
		return nil
	}
	return demandOwner(tx, was)
}

// demandOwner is loseOwner for a change that is not of the person's own row: a block, a date on which they end.
func demandOwner(tx Tx, lost User) error {
	if !lost.Owner {
		return nil
	}
	owners, err := tx.Users().Owners(lost.Organisation)
	if err != nil {
		return err
	}
	if ownerRemains(owners, lost.ID) {
		return nil
	}
	return &Error{Kind: Forbidden, Code: CodeLastOwner, Message: "this is the last owner of the organisation who can sign in; " +
		"make another person an owner in the application first"}
}

// ownerRemains reports whether the organisation can lose one owner: because another is left, or because none of them
// has ever been here, so that there is nothing to lose yet. One who has a way in is not lost while the others have none.
func ownerRemains(owners []Owner, without UserID) bool {
	began, comes := false, false
	for _, o := range owners {
		comes = comes || o.ID == without && o.comes()
		began = began || !o.AcceptedAt.IsZero()
	}
	return !began || slices.ContainsFunc(owners, func(o Owner) bool {
		return o.ID != without && (o.comes() || o.able() && !comes)
	})
}

// canOwn reports whether a person in this state acts as an owner.
func canOwn(u User) bool { return u.Owner && u.Status == Active && u.ArchivedAt.IsZero() }
