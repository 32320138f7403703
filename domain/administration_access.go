package domain

import (
	"context"
	"slices"
	"time"
)

// Choice is what somebody wants a person to have of a kind: one, with the zero id none, or whatever the directory and the
// defaults of the organisation say.
type Choice[Noun any] struct {
	ID        ID[Noun]
	Automatic bool
}

// Choose makes a choice of one; with the zero id of none.
func Choose[Noun any](id ID[Noun]) *Choice[Noun] { return &Choice[Noun]{ID: id} }

// Automatically leaves the choice to the directory and the defaults.
func Automatically[Noun any]() *Choice[Noun] { return &Choice[Noun]{Automatic: true} }

// AccessChange is what changes of what a person is given. What is nil stays.
type AccessChange struct {
	Role    *Choice[Role]
	Profile *Choice[Profile]
	Team    *Choice[Team]
	Queues  *[]QueueID   // in place of those that administrators gave
	Granted *Permissions // beside the profile, in place of what was granted
	Revoked *Permissions // in spite of it, in place of what was revoked
	Locked  bool         // nothing from the directory overrules the choices made by this
}

// UserAccess gives what a person is given, the defaults included. It needs users:view, but for oneself. NotFound.
func (ad *Administration) UserAccess(ctx context.Context, who Administrator, user UserID) (UserAccess, error) {
	var found UserAccess
	err := ad.lookAt(ctx, who, user, func(tx Tx) (err error) {
		found, err = accessOf(tx, who.Organisation, user)
		return err
	})
	return found, err
}

// FormerQueues gives the queues, given by hand, that somebody was in when they were deactivated last and is not in now: to
// be offered when they are back (rule deactivate.queues). It needs users:view, but for oneself. NotFound.
func (ad *Administration) FormerQueues(ctx context.Context, who Administrator, user UserID) ([]QueueID, error) {
	var list []QueueID
	err := ad.lookAt(ctx, who, user, func(tx Tx) error {
		access, err := tx.Assignments().Of(who.Organisation, user)
		if err != nil {
			return err
		}
		former, err := tx.Dossiers().FormerQueues(who.Organisation, user)
		list = slices.DeleteFunc(former, func(id QueueID) bool {
			return slices.ContainsFunc(access.Queues, func(q Given[Queue]) bool { return q.ID == id })
		})
		return err
	})
	return list, err
}

// LicenceWish gives the licence that somebody is to have and of which no seat is free; the zero value: none (rule
// mapping.apply). It needs users:view, but for oneself.
func (ad *Administration) LicenceWish(ctx context.Context, who Administrator, user UserID) (LicenceWish, error) {
	var wish LicenceWish
	err := ad.lookAt(ctx, who, user, func(tx Tx) error {
		dossiers, err := tx.Dossiers().Read(who.Organisation, []UserID{user}, false)
		if len(dossiers) > 0 {
			wish = dossiers[0].Wish
		}
		return err
	})
	return wish, err
}

// Rulings gives what was decided about what somebody is given, and why: winners and losers (rule mapping.precedence). It
// needs users:view, but for oneself. NotFound.
func (ad *Administration) Rulings(ctx context.Context, who Administrator, user UserID) ([]Ruling, error) {
	var list []Ruling
	err := ad.lookAt(ctx, who, user, func(tx Tx) (err error) {
		_, list, err = rulingsOf(tx, who.Organisation, user)
		return err
	})
	return list, err
}

// accessOf reads what a person is given, the defaults included.
func accessOf(tx Tx, org OrganisationID, user UserID) (UserAccess, error) {
	found, err := tx.Assignments().Of(org, user)
	if err != nil {
		return found, err
	}
	defaults, err := tx.Assignments().Defaults(org)
	return found.With(defaults), err
}

// Effective gives what a person may do (rule permission.effective); for an owner everything that the catalogue has. It
// needs users:view, but for oneself. NotFound.
func (ad *Administration) Effective(ctx context.Context, who Administrator, user UserID) (Permissions, error) {
	var held Permissions
	err := ad.lookAt(ctx, who, user, func(tx Tx) error {
		access, err := tx.Assignments().Access(who.Organisation, user)
		if err != nil {
			return err
		}
		if !access.Owner {
			held = access.Effective()
			return nil
		}
		known, err := loadCatalogue(tx, who.Organisation)
		held = known.Everything()
		return err
	})
	return held, err
}

// Assigned is the outcome of a change of what a person is given.
type Assigned struct {
	UserAccess

	// Warning is one sentence where the change was made and is probably not what was meant; empty: none.
	Warning string
}

// Assign changes what a person is given. It needs users:edit on the person, and nobody gives what they do not hold
// themselves (rule owner.escalation). NotFound, Precondition, Invalid, TooMany, Forbidden.
func (ad *Administration) Assign(ctx context.Context, who Administrator, user UserID, match IfMatch, change AccessChange) (Assigned, error) {
	return ad.assigning(ctx, who, user, match, func(Tx, UserAccess) (AccessChange, error) { return change, nil })
}

// CopyAccess gives a person the role, profile, team, queues and own permissions that another one has (rule
// user.copy-permissions). It needs users:view on the other one, and is refused as [Administration.Assign] is. NotFound,
// Precondition, Invalid, Forbidden.
func (ad *Administration) CopyAccess(ctx context.Context, who Administrator, from, to UserID, match IfMatch) (Assigned, error) {
	if err := who.need(ModuleUsers, ActionView, from.String()); err != nil {
		return Assigned{}, err
	}
	return ad.assigning(ctx, who, to, match, func(tx Tx, was UserAccess) (AccessChange, error) {
		defaults, err := tx.Assignments().Defaults(who.Organisation)
		if err != nil {
			return AccessChange{}, err
		}
		source, err := otherPerson(tx, who.Organisation, from, "from")
		return source.With(defaults).copiedTo(was.With(defaults)), err
	})
}

// copiedTo is the change that gives another person what this one has.
func (u UserAccess) copiedTo(to UserAccess) AccessChange {
	queues := make([]QueueID, len(u.Queues))
	for i, q := range u.Queues {
		queues[i] = q.ID
	}
	return AccessChange{
		Role: chooseOther(to.Role, u.Role), Profile: chooseOther(to.Profile, u.Profile), Team: chooseOther(to.Team, u.Team),
		Queues: &queues, Granted: &u.Granted, Revoked: &u.Revoked,
	}
}

// chooseOther is no choice where it would change nothing.
func chooseOther[Noun any](was, is Given[Noun]) *Choice[Noun] {
	if was.ID == is.ID {
		return nil
	}
	return Choose(is.ID)
}

func (ad *Administration) assigning(ctx context.Context, who Administrator, user UserID, match IfMatch, wanted func(tx Tx, was UserAccess) (AccessChange, error)) (Assigned, error) {
	var outcome Assigned
	err := ad.change(ctx, who, ModuleUsers, ActionEdit, user.String(), func(tx Tx, now time.Time) error {
		if err := tx.Assignments().Lock(who.Organisation); err != nil {
			return err
		}
		was, err := tx.Assignments().Of(who.Organisation, user)
		if err != nil {
			return err
		}
		if err := match.admits(was.Version); err != nil {
			return err
		}
		change, err := wanted(tx, was)
		if err != nil {
			return err
		}
		outcome, err = ad.assign(tx, who, was, change, now)
		return err
	})
	return outcome, err
}

// assign makes a change to what a person is given, in a unit of work that holds the lock. What something stronger says
// otherwise stays (rule mapping.precedence).
func (ad *Administration) assign(tx Tx, who Administrator, was UserAccess, change AccessChange, now time.Time) (Assigned, error) {
	is, err := change.applied(tx, was, now)
	if err != nil {
		return Assigned{}, err
	}
	defaults, err := tx.Assignments().Defaults(who.Organisation)
	if err != nil {
		return Assigned{}, err
	}
	before, after := was.With(defaults), is.With(defaults)
	if err := ad.mayAssign(tx, who, before, after); err != nil {
		return Assigned{}, err
	}
	settled, err := ad.settleChoice(tx, who, was, is, change, now)
	if err != nil {
		return Assigned{}, err
	}
	outcome := Assigned{UserAccess: settled.With(defaults), Warning: change.outvoted(is, settled)}
	if outcome.Warning == "" {
		if outcome.Warning, err = licenceWarning(tx, outcome.UserAccess); err != nil {
			return Assigned{}, err
		}
	}
	return outcome, ad.mayUncover(tx, who, before, outcome.UserAccess)
}

// mayUncover refuses a change that leaves a person with more than one could give, though somebody else gave it: by letting a
// choice go, or its lock, or because it is decided anew with the change (rule owner.escalation). The change is written.
func (ad *Administration) mayUncover(tx Tx, who Administrator, was, is UserAccess) error {
	was.Granted, was.Revoked = is.Granted, is.Revoked // which were looked at before
	if err := ad.mayAssign(tx, who, was, is); err != nil || was.Licence == is.Licence {
		return err
	}
	return mayRelicense(tx, who, is.Organisation, is.User, was.Licence, is.Licence)
}

// settleChoice decides what becomes of an administrator's choice, and writes it.
func (ad *Administration) settleChoice(tx Tx, who Administrator, was, is UserAccess, change AccessChange, now time.Time) (UserAccess, error) {
	dossiers, err := tx.Dossiers().Read(who.Organisation, []UserID{was.User}, true)
	if err != nil {
		return was, err
	}
	if len(dossiers) == 0 {
		return was, &Error{Kind: NotFound, Code: CodeNotFound, Field: "id", Message: "there is no such user"}
	}
	d := dossiers[0]
	if d.Status == Inactive && change.Queues != nil && len(*change.Queues) > 0 {
		return was, InvalidField("queues", "this person is inactive, and so in no queue; activate them first")
	}
	known := d.Claims
	d.Access, d.Claims = is, change.unclaimed(known)
	j, err := judgeOf(tx, who.Organisation, dossiers)
	if err != nil {
		return was, err
	}
	hand := settlement{tx: tx, org: who.Organisation, now: now, write: ad.scribe(who)}
	settled, _, err := hand.carryOutOver(was, known, d, j.settle(d, now))
	return settled, err
}

// unclaimed are claims without the earlier choices of administrators that a change takes the place of.
func (c AccessChange) unclaimed(claims []Claim) []Claim {
	chosen := map[GivenKind]bool{GivenRole: c.Role != nil, GivenProfile: c.Profile != nil, GivenTeam: c.Team != nil}
	return slices.DeleteFunc(slices.Clone(claims), func(claim Claim) bool {
		return claim.Source == SourceAdministrator && chosen[claim.Kind]
	})
}

// outvoted says so where something stronger gives a person another thing than was chosen.
func (c AccessChange) outvoted(chosen, is UserAccess) string {
	for _, kind := range []struct {
		name  string
		other bool
	}{
		{"role", c.Role != nil && !c.Role.Automatic && chosen.Role.ID != is.Role.ID},
		{"profile", c.Profile != nil && !c.Profile.Automatic && chosen.Profile.ID != is.Profile.ID},
		{"team", c.Team != nil && !c.Team.Automatic && chosen.Team.ID != is.Team.ID},
	} {
		if kind.other {
			return "the directory gives this person another " + kind.name + ", which overrules the choice; send it with locked: true to overrule the directory"
		}
	}
	return ""
}

// applied is what a change makes of what a person is given. Invalid where it names what does not exist.
func (c AccessChange) applied(tx Tx, was UserAccess, now time.Time) (UserAccess, error) {
	org, is := was.Organisation, was
	var err error
	if is.Role, err = choose(tx.Roles(), org, was.Role, c.Role, c.Locked, "role", now); err != nil {
		return was, err
	}
	if is.Profile, err = choose(tx.Profiles(), org, was.Profile, c.Profile, c.Locked, "profile", now); err != nil {
		return was, err
	}
	if is.Team, err = choose(tx.Teams(), org, was.Team, c.Team, c.Locked, "team", now); err != nil {
		return was, err
	}
	if is.Queues, err = c.queues(tx, was, now); err != nil {
		return was, err
	}
	if c.Granted == nil && c.Revoked == nil {
		return is, nil
	}
	known, err := loadCatalogue(tx, org)
	if err != nil {
		return was, err
	}
	if c.Granted != nil {
		if is.Granted, err = c.Granted.parsed("granted", known); err != nil {
			return was, err
		}
	}
	if c.Revoked != nil {
		is.Revoked, err = c.Revoked.parsed("revoked", known)
	}
	return is, err
}

// choose makes a choice of a kind that a person has one of.
func choose[Noun any](list Entries[Noun], org OrganisationID, was Given[Noun], choice *Choice[Noun], lock bool, noun string, now time.Time) (Given[Noun], error) {
	switch {
	case choice == nil:
		return was, nil
	case choice.Automatic:
		if was.Source == SourceAdministrator {
			return Given[Noun]{}, nil
		}
		return was, nil
	case !choice.ID.IsZero():
		if _, err := refer(list, org, choice.ID, noun, noun); err != nil {
			return was, err
		}
	}
	return given(was, choice.ID, lock, now), nil
}

// given is what an administrator gives; where it is so already, it stays as it was.
func given[Noun any](was Given[Noun], id ID[Noun], lock bool, now time.Time) Given[Noun] {
	if was.ID == id && was.Source == SourceAdministrator && was.Locked == lock {
		return was
	}
	return Given[Noun]{ID: id, Source: SourceAdministrator, Locked: lock, At: now}
}

// queues are those from elsewhere and those chosen.
func (c AccessChange) queues(tx Tx, was UserAccess, now time.Time) ([]Given[Queue], error) {
	if c.Queues == nil {
		return was.Queues, nil
	}
	chosen := slices.Clone(*c.Queues)
	if len(chosen) > maxQueuesOfUser {
		return nil, tooMany("queues", "put one person into at most 200 queues")
	}
	var list []Given[Queue]
	for _, q := range was.Queues {
		switch {
		case slices.Contains(chosen, q.ID):
			list = append(list, given(q, q.ID, c.Locked, now))
		case q.Source != SourceAdministrator:
			list = append(list, q)
		}
	}
	for _, id := range chosen {
		if slices.ContainsFunc(list, func(q Given[Queue]) bool { return q.ID == id }) {
			continue
		}
		if _, err := refer(tx.Queues(), was.Organisation, id, "queues", "queue"); err != nil {
			return nil, err
		}
		list = append(list, given(Given[Queue]{}, id, c.Locked, now))
	}
	SortQueues(list)
	return list, nil
}

// mayAssign refuses what would give a person more than somebody holds (rule owner.escalation): by profile, by role, by
// grants, or by revoking no longer.
func (ad *Administration) mayAssign(tx Tx, who Administrator, was, is UserAccess) error {
	if chosenNow(was.Profile, is.Profile) {
		profile, err := tx.Profiles().Get(who.Organisation, is.Profile.ID)
		if err != nil {
			return err
		}
		if err := ad.mayGiveProfile(tx, who, "profile", profile); err != nil {
			return err
		}
	}
	if chosenNow(was.Role, is.Role) {
		role, err := tx.Roles().Get(who.Organisation, is.Role.ID)
		if err != nil {
			return err
		}
		if err := ad.mayGiveRole(tx, who, "role", role); err != nil {
			return err
		}
	}
	if err := who.mayGrant("granted", is.Granted.Minus(was.Granted)); err != nil {
		return err
	}
	return who.mayGrant("revoked", was.Revoked.Minus(is.Revoked))
}

// chosenNow reports whether an administrator chose something that another had not chosen so before: also what the person
// has already, but from elsewhere.
func chosenNow[Noun any](was, is Given[Noun]) bool {
	return !is.ID.IsZero() && (is.ID != was.ID || is.Source == SourceAdministrator && was != is)
}
