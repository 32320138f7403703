package domain

import "context"

// ProfileSpec describes a profile. The name counts when it is created only.
type ProfileSpec struct {
	Name        string
	Description string
	Icon        string
	Grants      Permissions
	Baseline    bool
}

func (s ProfileSpec) apply(p *Profile, known Catalogue) (err error) {
	if p.Description, err = description(s.Description); err != nil {
		return err
	}
	if p.Icon, err = parseIcon(s.Icon); err != nil {
		return err
	}
	p.Baseline = s.Baseline
	p.Grants, err = s.Grants.parsed("grants", known)
	return err
}

func profileListing() listing[Profile] {
	return listing[Profile]{
		module: ModuleProfiles, noun: "profile", kind: GivenProfile, most: MaxProfiles, created: ProfileCreated, updated: ProfileUpdated, deleted: ProfileDeleted,
		list:    func(tx Tx) Entries[Profile] { return tx.Profiles() },
		entry:   func(p *Profile) *Entry[Profile] { return &p.Entry },
		tree:    Profile.tree,
		kept:    func(p Profile) bool { return p.System },
		allowed: (*Administration).mayGiveProfile,
	}
}

// Profiles gives the profiles somebody may view, by name. [Permissions.Summary] says what each comes to.
func (ad *Administration) Profiles(ctx context.Context, who Administrator) ([]Profile, error) {
	return readAll(ctx, ad, who, profileListing())
}

// Profile gives one. NotFound.
func (ad *Administration) Profile(ctx context.Context, who Administrator, id ProfileID) (Profile, error) {
	return read(ctx, ad, who, profileListing(), id)
}

// CreateProfile adds a profile with permissions that the administrator holds (rule owner.escalation). Invalid, NameTaken,
// TooMany, Forbidden.
func (ad *Administration) CreateProfile(ctx context.Context, who Administrator, spec ProfileSpec) (Profile, error) {
	var p Profile
	name, err := entryName(spec.Name)
	if err != nil {
		return Profile{}, err
	}
	p.Name = name
	return create(ctx, ad, who, profileListing(), p, func(tx Tx, p *Profile) error {
		known, err := loadCatalogue(tx, who.Organisation)
		if err != nil {
			return err
		}
		if err := spec.apply(p, known); err != nil {
			return err
		}
		return who.mayGrant("grants", p.Grants)
	})
}

// EditProfile changes everything but the name of a profile. What it grants beyond what it granted, the administrator
// holds (rule owner.escalation). NotFound, Precondition, Invalid, TooMany, Forbidden.
func (ad *Administration) EditProfile(ctx context.Context, who Administrator, id ProfileID, match IfMatch, spec ProfileSpec) (Profile, error) {
	return edit(ctx, ad, who, profileListing(), id, match, func(tx Tx, was Profile) (Profile, error) {
		known, err := loadCatalogue(tx, who.Organisation)
		if err != nil {
			return was, err
		}
		is := was
		if err := spec.apply(&is, known); err != nil {
			return was, err
		}
		more := is.Grants.Minus(was.Grants)
		if is.Baseline && !was.Baseline {
			more = is.Grants // everybody gets them now
		}
		return is, who.mayGrant("grants", more)
	})
}

// DeleteProfile deletes a profile; who holds it gets the replacement (zero: nobody must). NotFound, Precondition, InUse,
// SystemKept, Invalid, Forbidden.
func (ad *Administration) DeleteProfile(ctx context.Context, who Administrator, id ProfileID, match IfMatch, replacement ProfileID) error {
	return remove(ctx, ad, who, profileListing(), id, match, replacement, leaveNothing[Profile])
}
