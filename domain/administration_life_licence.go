package domain

import (
	"context"
	"slices"
	"time"
)

// ChangeLicence moves a person to another licence type: the new seat is taken and the old one freed in one step (rule
// seat.type-change). Where the directory gives the person a licence it is refused; see LockLicence. Needs users:edit.
// NotFound, Invalid for a licence the organisation does not have, SeatsExhausted, OwnerLicence, Escalation, Outranked, Precondition.
func (ad *Administration) ChangeLicence(ctx context.Context, who Administrator, id UserID, match IfMatch, licence string) (User, error) {
	return ad.changeLicence(ctx, who, id, match, licence, false)
}

// LockLicence is ChangeLicence, and nothing from the directory overrules it (rule mapping.precedence).
func (ad *Administration) LockLicence(ctx context.Context, who Administrator, id UserID, match IfMatch, licence string) (User, error) {
	return ad.changeLicence(ctx, who, id, match, licence, true)
}

func (ad *Administration) changeLicence(ctx context.Context, who Administrator, id UserID, match IfMatch, licence string, lock bool) (User, error) {
	if !licenceForm.MatchString(licence) {
		return User{}, InvalidField("licence", "use the name of one of the organisation's licences, such as full")
	}
	return ad.alter(ctx, who, ActionEdit, id, match, func(tx Tx, was User, now time.Time) (User, error) {
		if err := tx.Assignments().Lock(who.Organisation); err != nil {
			return User{}, err
		}
		if access, err := tx.Assignments().Of(who.Organisation, id); err != nil || was.Licence == licence && access.LicenceFrom.Locked == lock {
			return was, err
		}
		is := was
		is.Licence = licence
		// Who is inactive takes no seat, by which it would turn out that there is no such licence, or no more.
		if err := tx.Seats().Share(is.Organisation, licence); err != nil {
			return User{}, err
		}
		if err := ownerLicence(is); err != nil {
			return User{}, err
		}
		if err := mayRelicense(tx, who, is.Organisation, is.ID, was.Licence, is.Licence); err != nil {
			return User{}, err
		}
		if err := ad.chooseLicence(tx, who, is, lock, now); err != nil {
			return User{}, err
		}
		if was.Licence == licence {
			return was, nil
		}
		if err := leaveLine(tx, was, &is, now, ad.scribe(who)); err != nil {
			return User{}, err
		}
		return ad.resave(tx, who, was, is, UserUpdated, now)
	})
}

// mayRelicense refuses another licence that reaches modules in which the person may then do more than who gives it holds
// (rule owner.escalation).
func mayRelicense(tx Tx, who Administrator, org OrganisationID, user UserID, was, licence string) error {
	access, err := tx.Assignments().Access(org, user)
	if err != nil {
		return err
	}
	licences, err := tx.LicenceTypes().List(org)
	if err != nil {
		return err
	}
	with := func(licence string) Permissions {
		if l, err := licenceNamed(licences, licence); err == nil { // one that there is not is refused where its seat is taken
			access.Modules = l.Modules
		}
		return access.Effective()
	}
	before := with(was)
	return who.mayGrant("licence", with(licence).Minus(before))
}

// chooseLicence notes that an administrator chose somebody's licence, unless the directory's word is stronger.
func (ad *Administration) chooseLicence(tx Tx, who Administrator, is User, lock bool, now time.Time) error {
	d, rulings, err := rulingsOf(tx, is.Organisation, is.ID)
	if err != nil {
		return err
	}
	for _, r := range rulings {
		if r.Kind == GivenSeat && r.Won && r.Winner.Source != SourceAdministrator && r.Winner.rank() < (Candidate{Source: SourceAdministrator, Locked: lock}).rank() {
			return &Error{
				Kind: Conflict, Code: CodeOutranked, Field: "licence",
				Message: "the directory gives this person the licence " + r.Winner.Text + "; send locked: true to overrule it, or change the mapping",
			}
		}
	}
	hand := settlement{tx: tx, org: is.Organisation, now: now, write: ad.scribe(who)}
	if err := hand.wish(d, LicenceWish{}); err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(d.Claims), func(c Claim) bool { return c.Kind == GivenSeat && c.Source == SourceAdministrator })
	if !sameClaims(d.Claims, others) {
		if err := tx.Claims().Save(is.Organisation, is.ID, d.Claims, others); err != nil {
			return err
		}
	}
	access := d.Access
	if access.Licence, access.LicenceFrom = is.Licence, (GivenLicence{}); lock { // else there is nothing to note: see administratorsLicence
		access.LicenceFrom = GivenLicence{Source: SourceAdministrator, Locked: lock, At: now}
	}
	_, _, err = hand.save(d.Access, access)
	return err
}

// leaveLine makes of somebody who waits, and gets a seat of another licence, what they would have been.
func leaveLine(tx Tx, was User, is *User, now time.Time, write scribe) error {
	place, waits, err := tx.Waiting().Get(was.Organisation, was.ID)
	if err != nil || !waits {
		return err
	}
	if is.Status = place.Next; is.Status == Active && is.AcceptedAt.IsZero() {
		is.AcceptedAt = now
	}
	if err := tx.Inactivity().Restart(is.Organisation, is.ID, now); err != nil {
		return err
	}
	return inviteSeated(tx, *is, now, write)
}
