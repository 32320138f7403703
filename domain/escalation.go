package domain

// actorUser is the kind of an actor who is a person of the organisation.
const actorUser = "user"

// mayGrant refuses that somebody gives away permissions they do not hold (rule owner.escalation).
func (a Administrator) mayGrant(field string, p Permissions) error {
	if a.Owner {
		return nil
	}
	missing := p.Minus(a.Permissions).List()
	if len(missing) == 0 {
		return nil
	}
	return &Error{
		Kind: Forbidden, Code: CodeEscalation, Field: field,
		Message: "this would grant " + missing[0].String() + ", which you do not hold that far yourself; ask somebody who does, or an owner",
	}
}

// mayReachAnybody refuses what lets a connection, or who speaks for its directory, come to be any account, from who may not do
// everything that people may do (rule owner.escalation): how people are linked, and the credentials of a directory, which
// can push another address to anybody of its people and have a link to choose a password sent there.
func (a Administrator) mayReachAnybody(tx Tx, field string) error {
	if all, err := a.mayDoAll(tx); err != nil || all {
		return err
	}
	return &Error{
		Kind: Forbidden, Code: CodeEscalation, Field: field,
		Message: "this lets a connection reach accounts whatever they may do, so it takes every permission there is, on every object, and you do not hold them all; ask somebody who does, or an owner",
	}
}

// mayDoAll reports whether somebody holds every permission there is, on every object.
func (a Administrator) mayDoAll(tx Tx) (bool, error) {
	if a.Owner {
		return true, nil
	}
	known, err := loadCatalogue(tx, a.Organisation)
	return err == nil && len(known.Everything().Minus(a.Permissions)) == 0, err
}

// maySeeAndDoAll reports whether, beside, they see everybody's data: whatever role, profile or licence there is they may give.
func (ad *Administration) maySeeAndDoAll(tx Tx, who Administrator) (bool, error) {
	all, err := who.mayDoAll(tx)
	if err != nil || !all {
		return false, err
	}
	return ad.seesAll(tx, who)
}

// seesAll reports whether somebody sees everybody's data.
func (ad *Administration) seesAll(tx Tx, who Administrator) (bool, error) {
	roles, err := tx.Roles().List(who.Organisation)
	if err != nil {
		return false, err
	}
	own, err := ad.sightOf(tx, who, NewHierarchy(roles))
	return own.sees == SeesAll, err
}

// mayBecome refuses a say in how somebody signs in, by which one could come to be them, to who may do less than they: which
// directory may adopt them, to which address their letters go (rule owner.escalation).
func (a Administrator) mayBecome(tx Tx, field string, u User) error {
	if a.Owner {
		return nil
	}
	if u.Owner {
		return &Error{Kind: Forbidden, Code: CodeOwnerOnly, Message: "only an owner has a say in how an owner signs in; ask one of the organisation's owners"}
	}
	access, err := tx.Assignments().Access(a.Organisation, u.ID)
	if err != nil {
		return err
	}
	return a.mayGrant(field, access.Effective())
}

// mayGiveProfile refuses to give people a profile with more than one holds.
func (ad *Administration) mayGiveProfile(_ Tx, who Administrator, field string, p Profile) error {
	return who.mayGrant(field, p.Grants)
}

// mayGiveRole refuses to give people a role that shows more than one sees.
func (ad *Administration) mayGiveRole(tx Tx, who Administrator, field string, r Role) error {
	roles, err := tx.Roles().List(who.Organisation)
	if err != nil {
		return err
	}
	h := NewHierarchy(roles)
	own, err := ad.sightOf(tx, who, h)
	if err != nil || own.shows(h, r) {
		return err
	}
	return showsMore(field)
}

// mayMoveRole refuses to put a role, and so its people, elsewhere without seeing them.
func (ad *Administration) mayMoveRole(tx Tx, who Administrator, r Role) error {
	roles, err := tx.Roles().List(who.Organisation)
	if err != nil {
		return err
	}
	h := NewHierarchy(roles)
	own, err := ad.sightOf(tx, who, h)
	if err != nil || own.reaches(h, r.ID) {
		return err
	}
	return showsMore("parent")
}

func showsMore(field string) *Error {
	return &Error{
		Kind: Forbidden, Code: CodeEscalation, Field: field,
		Message: "this would show data that your own role does not show you; ask somebody whose role does, or an owner",
	}
}

// ownSight is what somebody sees by their own role.
type ownSight struct {
	role RoleID
	sees Sight
}

// sightOf finds what somebody sees. An owner sees everything; so does an application that may edit every role, since it
// has none of its own by which it could be measured.
func (ad *Administration) sightOf(tx Tx, who Administrator, h Hierarchy) (ownSight, error) {
	if who.Owner {
		return ownSight{sees: SeesAll}, nil
	}
	if who.Actor.Kind != actorUser {
		every := who.Permissions[Permission{Module: ModuleRoles, Action: ActionEdit}]
		if every.All && len(every.IDs) == 0 {
			return ownSight{sees: SeesAll}, nil
		}
		return ownSight{sees: SeesOwn}, nil
	}
	access, err := accessOf(tx, who.Organisation, UserID{UUID: who.Actor.ID})
	if err != nil {
		return ownSight{}, err
	}
	role, held := h[access.Role.ID]
	if !held {
		return ownSight{sees: SeesOwn}, nil
	}
	return ownSight{role: role.ID, sees: role.Sees}, nil
}

// reaches reports whether those who hold a role are seen.
func (o ownSight) reaches(h Hierarchy, role RoleID) bool {
	return o.sees == SeesAll || o.sees == SeesSubtree && (role == o.role || h.Below(role, o.role))
}

// shows reports whether a role shows no more than is seen.
func (o ownSight) shows(h Hierarchy, r Role) bool {
	switch r.Sees {
	case SeesOwn:
		return true
	case SeesTeam:
		return o.sees.atLeast(SeesTeam)
	case SeesSubtree:
		return o.reaches(h, r.ID)
	case SeesAll:
	}
	return o.sees == SeesAll
}
