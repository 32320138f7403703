package domain

// loseOwner refuses the change from was to is when it would leave an organisation that an owner has signed in to
// without an owner who can (rule owner.last). It keeps the owners from changing until the unit of work ends, so that
// two of them cannot demote each other at the same moment.
func loseOwner(tx Tx, was, is User) error {
	if !was.Owner || canOwn(is) {
		return nil
	}
	owners, err := tx.Users().Owners(was.Organisation)
	if err != nil {
		return err
	}
	if ownerRemains(owners, was.ID) {
		return nil
	}
	return &Error{Kind: Forbidden, Code: CodeLastOwner, Message: "this is the last owner of the organisation who can sign in; " +
		"make another person an owner in the application first"}
}

// ownerRemains reports whether the organisation can lose one owner: because another is left, or because none of them
// has ever been here, so that there is nothing to lose yet.
func ownerRemains(owners []User, without UserID) bool {
	began := false
	for _, o := range owners {
		if o.ID != without && canOwn(o) && !o.AcceptedAt.IsZero() {
			return true
		}
		began = began || !o.AcceptedAt.IsZero()
	}
	return !began
}

// canOwn reports whether a person in this state acts as an owner.
func canOwn(u User) bool { return u.Owner && u.Status == Active && u.ArchivedAt.IsZero() }
