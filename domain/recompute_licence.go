package domain

import (
	"slices"
	"time"

	"usher/domain/attribute"
)

// licence moves a person to the licence that was decided, where there is a seat. Where there is none they keep what they
// have, and are flagged: a group's push never fails by it (rule mapping.apply).
func (h *settlement) licence(d Dossier, s *settled) (moved bool, err error) {
	if s.licence != d.Access.Licence {
		if moved, err = h.moveTo(d, s.licence); err != nil {
			return false, err
		}
		if !moved {
			s.keepLicence(d)
			return false, h.wish(d, LicenceWish{Licence: s.licence, Since: h.now})
		}
	}
	s.access.Licence, s.access.LicenceFrom = s.licence, s.from
	return moved, h.wish(d, LicenceWish{})
}

// keepLicence undoes what was decided about the licence.
func (s *settled) keepLicence(d Dossier) {
	ofLicence := func(c Claim) bool { return c.Kind == GivenSeat }
	s.claims = slices.DeleteFunc(s.claims, ofLicence)
	for _, c := range d.Claims {
		if ofLicence(c) {
			s.claims = append(s.claims, c)
		}
	}
}

// wish notes what licence a person is to have, with an event when that is new.
func (h *settlement) wish(d Dossier, wish LicenceWish) error {
	if wish.Licence == d.Wish.Licence {
		return nil
	}
	if err := h.tx.Dossiers().Wish(h.org, d.Access.User, wish); err != nil || wish.Licence == "" {
		return err
	}
	event, err := h.write.event(UserLicenceUnmet, d.Access.User, h.now)
	if err != nil {
		return err
	}
	event.Before, event.After = texts("licence", d.Access.Licence), texts("licence", wish.Licence)
	return h.tx.Events().Append(event)
}

// moveTo moves a person to a licence: the new seat is taken and the old one freed in one step (rule seat.type-change). It
// reports false, and changes nothing, where there is no free seat or no such licence.
func (h *settlement) moveTo(d Dossier, licence string) (bool, error) {
	if slices.Contains(h.full, licence) && d.Status != Inactive {
		return false, nil
	}
	was, err := h.tx.Users().Find(h.org, d.Access.User)
	if err != nil {
		return false, err
	}
	tree, err := was.Attributes()
	if err != nil {
		return false, err
	}
	was.recall(tree)
	is := was
	is.Licence = licence
	freed := false
	if was.HoldsSeat() {
		taken, had, err := h.exchange(was, &is)
		if err != nil || !taken {
			return false, err
		}
		freed = had
	}
	if err := checkStep(was, is); err != nil {
		return false, err
	}
	is.Version, is.ModifiedAt = was.Version+1, later(h.now, was.ModifiedAt)
	if err := h.tx.Users().Save(was, is); err != nil {
		return false, err
	}
	event, err := h.write.event(UserUpdated, is.ID, h.now)
	if err != nil {
		return false, err
	}
	event.Before, event.After = attribute.Diff(
		texts("licence", was.Licence, "status", string(was.Status)), texts("licence", is.Licence, "status", string(is.Status)))
	if err := stepped(h.tx, was, is, event); err != nil {
		return true, err
	}
	if err := h.tx.Events().Append(event); err != nil || !freed {
		return true, err
	}
	wished, err := seatWaiting(h.tx, h.org, was.Licence, h.now, h.write)
	if wished {
		h.freed = append(h.freed, was.Licence)
		h.full = slices.DeleteFunc(h.full, func(l string) bool { return l == was.Licence })
	}
	return true, err
}

// grantWishes gives free seats of some licences, for which nobody waits, to those who wish for one, who wish for longest first. The
// seats that they give back go the same way, first to who waits: so one seat that becomes free may move several people, at most
// applyAtOnce; the sweep sees to the rest.
func grantWishes(tx Tx, org OrganisationID, licences []string, now time.Time, write scribe) error {
	var last UserID
	for range applyAtOnce {
		if len(licences) == 0 {
			return nil
		}
		wishing, err := tx.Dossiers().Wishing(org, licences[0], 1)
		if err != nil {
			return err
		}
		if len(wishing) == 0 || wishing[0] == last { // nobody, or who could not have a seat a moment ago
			licences, last = licences[1:], UserID{}
			continue
		}
		last = wishing[0]
		_, freed, err := deciding(tx, org, wishing, false, now, write)
		if err != nil {
			return err
		}
		licences = append(licences, freed...)
	}
	return nil
}

// exchange takes a seat of the new licence in place of the old one, or of the place in line. Where none is free it takes
// the old one back, which nobody else can have got meanwhile.
func (h *settlement) exchange(was User, is *User) (taken, freed bool, err error) {
	err = h.tx.Seats().Share(h.org, is.Licence)
	if IsCode(err, CodeInvalidValue) { // no such licence any more
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	_, waits, err := h.tx.Waiting().Get(h.org, was.ID)
	if err != nil {
		return false, false, err
	}
	if err := h.tx.Seats().Release(h.org, was.ID); err != nil {
		return false, false, err
	}
	err = h.tx.Seats().Take(h.org, is.Licence, was.ID)
	if IsCode(err, CodeSeatsExhausted) {
		h.full = append(h.full, is.Licence)
		if waits {
			return false, false, nil
		}
		return false, false, h.tx.Seats().Take(h.org, was.Licence, was.ID)
	}
	if err != nil {
		return false, false, err
	}
	if !waits {
		return true, true, nil
	}
	if err := leaveLine(h.tx, was, is, h.now, h.write); err != nil {
		return false, false, err
	}
	return true, false, h.tx.Waiting().Leave(h.org, was.ID)
}
