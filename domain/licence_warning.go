package domain

import "context"

// licenceWarning says so where the profile that a person has permits nothing in the modules that their licence reaches (rule
// licence.modules); empty: it does, or they have none.
func licenceWarning(tx Tx, of UserAccess) (string, error) {
	if of.Profile.ID.IsZero() {
		return "", nil
	}
	licences, err := tx.LicenceTypes().List(of.Organisation)
	if err != nil {
		return "", err
	}
	licence, err := licenceNamed(licences, of.Licence)
	if err != nil || licence.Modules.All {
		return "", ignore(err, NotFound)
	}
	profile, err := tx.Profiles().Get(of.Organisation, of.Profile.ID)
	if err != nil || len(profile.Grants.Within(licence.Modules.Has)) > 0 {
		return "", err
	}
	return "the profile permits nothing in the modules that the licence " + of.Licence +
		" reaches; choose another profile, or let the licence reach more modules", nil
}

// Warning is one sentence where somebody was saved and that is probably not what was meant (rule licence.modules); empty:
// none. It needs no permission beyond that of the change.
func (ad *Administration) Warning(ctx context.Context, saved User) (string, error) {
	var warning string
	err := ad.store.Read(ctx, func(tx Tx) error {
		access, err := accessOf(tx, saved.Organisation, saved.ID)
		if err != nil {
			return err
		}
		warning, err = licenceWarning(tx, access)
		return err
	})
	return warning, err
}
