package domain

import "slices"

// A mapping is about many people, and about those who come to its group later. So it is not checked person by person but by
// what it can make of anybody (rule owner.escalation): what it gives, and, where it gives less or stops, whatever may win in its
// place. What a directory does with its groups is not checked.

// mayOpen refuses to open modules to people to whom they may be closed, without holding everything in them.
func (ad *Administration) mayOpen(tx Tx, who Administrator, field string, modules Objects) error {
	if who.Owner || modules.None() {
		return nil
	}
	known, err := loadCatalogue(tx, who.Organisation)
	if err != nil {
		return err
	}
	return who.mayGrant(field, known.Everything().Within(modules.Has))
}

// mayGiveLicence refuses to give people a licence, whichever of the others they have, that opens modules in which one does not
// hold everything.
func (ad *Administration) mayGiveLicence(tx Tx, who Administrator, field, licence string) error {
	known, err := tx.LicenceTypes().List(who.Organisation)
	if err != nil {
		return err
	}
	l, err := licenceNamed(known, licence)
	if err != nil {
		return err
	}
	return ad.mayOpen(tx, who, field, l.Modules.Minus(reachedByAll(known, func(other LicenceType) bool { return other.Name != licence })))
}

// reachedByAll are the modules that each of some licences reaches.
func reachedByAll(known []LicenceType, among func(LicenceType) bool) Objects {
	reached := AllObjects()
	for _, l := range known {
		if among(l) {
			reached = reached.Minus(l.Modules.Complement())
		}
	}
	return reached
}

// uncovering is a check of what people may be given once something that was stronger gives them less.
type uncovering struct {
	ad       *Administration
	tx       Tx
	who      Administrator
	licences []LicenceType
	defaults Defaults
	chosen   []Claim // by administrators, for a person, and displaced for the time being
}

// uncover prepares such a check; needless: there is nothing that somebody could not give.
func (ad *Administration) uncover(tx Tx, who Administrator) (u *uncovering, needless bool, err error) {
	if needless, err = ad.maySeeAndDoAll(tx, who); err != nil || needless {
		return nil, needless, err
	}
	u = &uncovering{ad: ad, tx: tx, who: who}
	if u.licences, err = tx.LicenceTypes().List(who.Organisation); err != nil {
		return nil, false, err
	}
	if u.defaults, err = tx.Assignments().Defaults(who.Organisation); err != nil {
		return nil, false, err
	}
	u.chosen, err = tx.Claims().Displaced(who.Organisation)
	return u, false, err
}

// may refuses what somebody could not give in the place of what is gone. covered are the modules that people reached by a
// licence that is gone.
func (u *uncovering) may(field string, kind GivenKind, c Candidate, covered Objects) error {
	org := u.who.Organisation
	switch kind {
	case GivenRole:
		role, err := u.tx.Roles().Get(org, RoleID{UUID: c.Object})
		if err != nil {
			return gone(err)
		}
		return u.ad.mayGiveRole(u.tx, u.who, field, role)
	case GivenProfile:
		profile, err := u.tx.Profiles().Get(org, ProfileID{UUID: c.Object})
		if err != nil {
			return gone(err)
		}
		return u.ad.mayGiveProfile(u.tx, u.who, field, profile)
	case GivenSeat:
		l, err := licenceNamed(u.licences, c.Text)
		if err != nil {
			return gone(err)
		}
		return u.ad.mayOpen(u.tx, u.who, field, l.Modules.Minus(covered))
	case GivenTeam, GivenQueue: // which permit nothing
	}
	return nil
}

// gone is no error where something is not there, and so given to nobody.
func gone(err error) error {
	if IsKind(err, NotFound) {
		return nil
	}
	return err
}

// bottom refuses what is left where nothing that a directory says gives anything of a kind: what administrators chose, the
// default, and the licence full.
func (u *uncovering) bottom(field string, kind GivenKind, covered Objects) error {
	var list []Candidate
	for _, c := range u.chosen {
		if c.Kind == kind {
			list = append(list, Candidate{Object: c.Object, Text: c.Text})
		}
	}
	switch kind {
	case GivenRole:
		list = append(list, Candidate{Object: u.defaults.Role.UUID})
	case GivenProfile:
		list = append(list, Candidate{Object: u.defaults.Profile.UUID})
	case GivenSeat:
		list = append(list, Candidate{Text: LicenceFull})
	case GivenTeam, GivenQueue:
	}
	for _, c := range list {
		if err := u.may(field, kind, c, covered); err != nil {
			return err
		}
	}
	return nil
}

// permitting are the kinds by which people may do or see something.
func permitting() []GivenKind { return []GivenKind{GivenProfile, GivenRole, GivenSeat} }

// mayUnmap refuses to let mappings give less, or nothing, where what may win in their place is more than somebody could give.
// Of one that changes, is says what it becomes; nil: they all go, or their groups.
func (ad *Administration) mayUnmap(tx Tx, who Administrator, were []Mapping, is *Mapping) error {
	if len(were) == 0 {
		return nil
	}
	u, needless, err := ad.uncover(tx, who)
	if err != nil || needless {
		return err
	}
	list, err := tx.Mappings().List(who.Organisation)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(m Mapping) bool {
		return slices.ContainsFunc(were, func(w Mapping) bool { return w.ID == m.ID })
	})
	for _, was := range were {
		group, err := tx.Groups().Get(who.scope(ConnectionID{}), was.Group)
		if IsKind(err, NotFound) { // it gives nothing
			continue
		}
		if err != nil {
			return err
		}
		if err := u.unmap(group, was, is, list); err != nil {
			return err
		}
	}
	return nil
}

// unmap checks what one mapping gives no more, or more weakly.
func (u *uncovering) unmap(group Group, was Mapping, is *Mapping, others []Mapping) error {
	limits, err := limitsOf(u.tx, u.who.Organisation, group.Connection)
	if err != nil {
		return err
	}
	for _, kind := range permitting() {
		given, gives := was.candidate(kind)
		if !gives || !limits.allow(kind, given) {
			continue
		}
		var covered Objects
		if l, err := licenceNamed(u.licences, given.Text); err == nil {
			covered = l.Modules
		}
		left := func(Mapping) bool { return false } // what still covers another mapping
		still := false
		if is != nil && is.Group == was.Group {
			if c, gives := is.candidate(kind); gives && limits.allow(kind, c) {
				still, left = true, func(m Mapping) bool { return is.compare(m) < 0 }
			}
		}
		for _, m := range others {
			c, gives := m.candidate(kind)
			if !gives || was.compare(m) > 0 || left(m) || !limits.allow(kind, c) {
				continue
			}
			if err := u.mayOf(group.Connection, m.Group, func() error { return u.may("grants", kind, c, covered) }); err != nil {
				return err
			}
		}
		if still {
			continue
		}
		if err := u.bottom("grants", kind, covered); err != nil {
			return err
		}
	}
	return nil
}

// mayOf is a refusal, unless it is about a group that people of a connection are not in.
func (u *uncovering) mayOf(connection ConnectionID, id GroupID, refusal func() error) error {
	refused := refusal()
	if !IsKind(refused, Forbidden) {
		return refused
	}
	group, err := u.tx.Groups().Get(u.who.scope(ConnectionID{}), id)
	if err == nil && group.Connection == connection {
		return refused
	}
	return gone(err)
}
