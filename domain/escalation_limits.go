package domain

// mayLimit refuses to let a directory give what one could not give oneself: a role, profile or licence beyond one's own, or,
// without restriction, whatever there is; and to bar what keeps people from more than one could give (rule owner.escalation).
func (ad *Administration) mayLimit(tx Tx, who Administrator, was, is Limits) error {
	if is.equal(was) {
		return nil
	}
	u, needless, err := ad.uncover(tx, who)
	if err != nil || needless {
		return err
	}
	if was.Profiles != nil && is.Profiles == nil {
		if all, err := who.mayDoAll(tx); err != nil || !all {
			return orUnrestricted(err, "limits.profiles")
		}
	}
	if was.Roles != nil && is.Roles == nil {
		if all, err := ad.seesAll(tx, who); err != nil || !all {
			return orUnrestricted(err, "limits.roles")
		}
	}
	if was.Licences != nil && is.Licences == nil {
		closed := reachedByAll(u.licences, func(LicenceType) bool { return true }).Complement()
		if err := ad.mayOpen(tx, who, "limits.licences", closed); err != nil {
			return err
		}
	}
	for _, of := range []struct {
		field string
		kind  GivenKind
	}{{"limits.profiles", GivenProfile}, {"limits.roles", GivenRole}, {"limits.licences", GivenSeat}} {
		if err := u.limit(of.field, of.kind, was, is); err != nil {
			return err
		}
	}
	return nil
}

// limit checks limits of one kind: what they let through, and, where they bar something, what may win in its place.
func (u *uncovering) limit(field string, kind GivenKind, was, is Limits) error {
	all, err := u.there(kind)
	if err != nil {
		return err
	}
	barred := func(c Candidate) bool { return was.allow(kind, c) && !is.allow(kind, c) }
	bars := false
	for _, c := range all {
		bars = bars || barred(c)
	}
	for _, c := range all {
		if !is.allow(kind, c) || !bars && was.allow(kind, c) {
			continue
		}
		others := reachedByAll(u.licences, func(l LicenceType) bool { return l.Name != c.Text })
		if err := u.may(field, kind, c, others); err != nil {
			return err
		}
	}
	if !bars {
		return nil
	}
	return u.bottom(field, kind, reachedByAll(u.licences, func(l LicenceType) bool { return barred(Candidate{Text: l.Name}) }))
}

// there is whatever there is of a kind.
func (u *uncovering) there(kind GivenKind) ([]Candidate, error) {
	var list []Candidate
	org := u.who.Organisation
	switch kind {
	case GivenRole:
		roles, err := u.tx.Roles().List(org)
		for _, r := range roles {
			list = append(list, Candidate{Object: r.ID.UUID})
		}
		return list, err
	case GivenProfile:
		profiles, err := u.tx.Profiles().List(org)
		for _, p := range profiles {
			list = append(list, Candidate{Object: p.ID.UUID})
		}
		return list, err
	case GivenSeat:
		for _, l := range u.licences {
			list = append(list, Candidate{Text: l.Name})
		}
	case GivenTeam, GivenQueue: // which are not limited
	}
	return list, nil
}

func orUnrestricted(err error, field string) error {
	if err != nil {
		return err
	}
	return &Error{
		Kind: Forbidden, Code: CodeEscalation, Field: field,
		Message: "without this restriction the directory could give more than you could yourself; list what it may give, or ask an owner",
	}
}
