package domain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"usher/domain/attribute"
)

// maxMoved is how many people the deletion of a licence moves to another one, in one unit of work.
const maxMoved = 1000

// DeleteLicence deletes a licence type (rule profile.delete). While somebody has it, whatever their status, or a mapping,
// a connection's limits, what was said about a person or what they wish for names it, it is refused, unless a replacement
// is named. Then everybody gets that, each seat taken anew and freed in one step (rule seat.type-change): all of them or,
// where there are too few seats, nobody. Who waited waits in the other line, in the order of theirs. It needs
// licences:delete, and where the replacement opens modules, everything in them (rule owner.escalation). The licence full
// is the system's. NotFound, Precondition, InUse, SystemKept, Invalid, SeatsExhausted, OwnerLicence, TooMany, Forbidden.
func (ad *Administration) DeleteLicence(ctx context.Context, who Administrator, licence string, match IfMatch, replacement string) error {
	return ad.change(ctx, who, ModuleLicences, ActionDelete, licence, func(tx Tx, now time.Time) error {
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
		if was.Name == LicenceFull {
			return &Error{Kind: Forbidden, Code: CodeSystemKept, Message: "the licence full is what people from a directory begin with, and cannot be deleted; change its seats or modules instead"}
		}
		if _, _, err := tx.Seats().Hold(who.Organisation, was.Name); err != nil {
			return err
		}
		if replacement == "" {
			err = licenceUnused(tx, was)
		} else {
			err = ad.replaceLicence(tx, who, known, was, replacement, now)
		}
		if err != nil {
			return err
		}
		if err := tx.LicenceTypes().Delete(was); err != nil {
			return err
		}
		return ad.record(tx, who, LicenceDeleted, "licence", was.subject(), now, was.tree(), attribute.Value{})
	})
}

// licenceUnused refuses to delete a licence that somebody has or something names.
func licenceUnused(tx Tx, l LicenceType) error {
	holders, err := tx.LicenceTypes().Holders(l.Organisation, l.Name, 1)
	if err != nil {
		return err
	}
	if len(holders) > 0 {
		return inUse("people have this licence; name another one that they get in its place")
	}
	named, err := tx.LicenceTypes().Named(l.Organisation, l.Name)
	if err != nil {
		return err
	}
	if named {
		return inUse("a directory or an administrator said that people are to have this licence; name another one in its place")
	}
	mappings, err := tx.Mappings().List(l.Organisation)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(mappings, func(m Mapping) bool { return m.Grants.Licence == l.Name }) {
		return inUse("a mapping gives this licence to members of a group; name another one in its place, or change the mapping first")
	}
	return unlimited(tx, l.Organisation, "licence", func(limits Limits) bool { return slices.Contains(limits.Licences, l.Name) })
}

// replaceLicence gives everybody who has a licence another one, and makes what names it name that.
func (ad *Administration) replaceLicence(tx Tx, who Administrator, known []LicenceType, was LicenceType, replacement string, now time.Time) error {
	heir, err := ad.licenceHeir(tx, who, known, was, replacement)
	if err != nil {
		return err
	}
	wished, err := tx.Dossiers().Wishing(who.Organisation, was.Name, applyAtOnce)
	if err != nil {
		return err
	}
	if err := ad.moveHolders(tx, who, was, heir, now); err != nil {
		return err
	}
	if err := ad.renameLicence(tx, who, was, heir, now); err != nil {
		return err
	}
	if _, err := seatWaiting(tx, who.Organisation, heir.Name, now, ad.scribe(who)); err != nil {
		return err
	}
	wishing, err := tx.Dossiers().Wishing(who.Organisation, heir.Name, applyAtOnce)
	if err != nil {
		return err
	}
	return recompute(tx, who.Organisation, append(wished, wishing...), now, ad.scribe(who))
}

// licenceHeir finds the licence that takes the place of another one, if somebody may have it do so.
func (ad *Administration) licenceHeir(tx Tx, who Administrator, known []LicenceType, was LicenceType, replacement string) (LicenceType, error) {
	if replacement == was.Name {
		return LicenceType{}, InvalidField("replacement", "name another licence than the one that goes")
	}
	heir, err := licenceNamed(known, replacement)
	if err != nil {
		return heir, InvalidField("replacement", "the organisation has no licence "+clipped(replacement)+"; see the list of licences")
	}
	return heir, ad.mayOpen(tx, who, "replacement", heir.Modules.Minus(was.Modules))
}

// moveHolders gives everybody who has a licence another one: first those with a seat, then those in line.
func (ad *Administration) moveHolders(tx Tx, who Administrator, was, heir LicenceType, now time.Time) error {
	ids, err := tx.LicenceTypes().Holders(who.Organisation, was.Name, maxMoved+1)
	if err != nil {
		return err
	}
	if len(ids) > maxMoved {
		return tooMany("replacement", "more than 1,000 people have this licence, which are too many to move at once; give some of them another one first")
	}
	plan, _, err := tx.Seats().Hold(who.Organisation, heir.Name)
	if err != nil {
		return err
	}
	waiting, err := tx.Waiting().Of(who.Organisation, ids)
	if err != nil {
		return err
	}
	places := map[UserID]WaitingPlace{}
	for _, p := range waiting {
		places[p.User] = p
	}
	people := make([]User, len(ids))
	seated := 0
	for i, id := range ids {
		if people[i], err = tx.Users().Find(who.Organisation, id); err != nil {
			return err
		}
		if _, waits := places[id]; people[i].HoldsSeat() && !waits {
			seated++
		}
	}
	if err := enoughSeats(tx, who.Organisation, plan, seated); err != nil {
		return err
	}
	for _, u := range people {
		place, waits := places[u.ID]
		if err := ad.moveHolder(tx, who, u, heir.Name, place, waits, now); err != nil {
			return err
		}
	}
	return nil
}

// enoughSeats refuses to move more people to a licence than it has free seats.
func enoughSeats(tx Tx, org OrganisationID, plan SeatPlan, needed int) error {
	usage, err := tx.Seats().Usage(org)
	if err != nil || plan.Unlimited {
		return err
	}
	for _, u := range usage {
		if u.Licence == plan.Licence && u.Held+needed > u.Limit {
			return &Error{Kind: Forbidden, Code: CodeSeatsExhausted, Field: "replacement", Message: fmt.Sprintf(
				"too few seats of the licence %q: %d of %d held, and %d needed for those who move; raise its plan, or deactivate people first",
				u.Licence, u.Held, u.Limit, needed)}
		}
	}
	return nil
}

// moveHolder gives one person another licence, and a seat or a place in line for the one they had.
func (ad *Administration) moveHolder(tx Tx, who Administrator, was User, licence string, place WaitingPlace, waits bool, now time.Time) error {
	tree, err := was.Attributes()
	if err != nil {
		return err
	}
	was.recall(tree)
	is := was
	is.Licence = licence
	if err := ownerLicence(is); err != nil {
		return ofReplacement(err)
	}
	is.Version, is.ModifiedAt = was.Version+1, later(now, was.ModifiedAt)
	if err := tx.Users().Save(was, is); err != nil {
		return err
	}
	if err := ad.record(tx, who, UserUpdated, "user", is.ID.UUID, now, texts("licence", was.Licence), texts("licence", is.Licence)); err != nil {
		return err
	}
	switch {
	case waits:
		if err := tx.Waiting().Leave(is.Organisation, is.ID); err != nil {
			return err
		}
		place.Licence = licence
		return tx.Waiting().Join(place)
	case is.HoldsSeat():
		if err := tx.Seats().Release(is.Organisation, is.ID); err != nil {
			return err
		}
		return ofReplacement(tx.Seats().Take(is.Organisation, is.Licence, is.ID))
	}
	return nil
}

// ofReplacement says of a refusal of a licence that the replacement is at fault.
func ofReplacement(err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Field != "licence" {
		return err
	}
	told := *e
	told.Field = "replacement"
	return &told
}

// renameLicence makes mappings, limits and what was said about people name the licence that takes another one's place.
func (ad *Administration) renameLicence(tx Tx, who Administrator, was, heir LicenceType, now time.Time) error {
	mappings, err := tx.Mappings().List(who.Organisation)
	if err != nil {
		return err
	}
	for _, m := range mappings {
		if m.Grants.Licence != was.Name {
			continue
		}
		is := m
		is.Grants.Licence = heir.Name
		is.SavedBy, is.Version, is.ModifiedAt = who.Actor, m.Version+1, later(now, m.ModifiedAt)
		if err := tx.Mappings().Save(m, is); err != nil {
			return err
		}
		before, after := attribute.Diff(m.tree(), is.tree())
		if err := ad.record(tx, who, MappingUpdated, "mapping", is.ID.UUID, now, before, after); err != nil {
			return err
		}
	}
	err = ad.relimit(tx, who, func(limits Limits) Limits {
		limits.Licences = inPlace(limits.Licences, was.Name, heir.Name)
		return limits
	}, now)
	if err != nil {
		return err
	}
	return tx.LicenceTypes().Rename(who.Organisation, was.Name, heir.Name)
}
