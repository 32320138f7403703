package domain

// starter is the roles Administrator > Manager > Agent and a profile for each, which an organisation begins with (rule
// user.starter). They can be edited as any; only the profile Administrator cannot be deleted, so that one is always
// there that permits everything Usher has.
func (in *Installation) starter(o Organisation) ([]Role, []Profile, error) {
	every := newCatalogue(nil).Everything()
	var roles []Role
	var profiles []Profile
	var parent RoleID
	for _, s := range []struct {
		name, about, icon string
		sees              Sight
		grants            Permissions
	}{
		{"Administrator", "Runs the organisation", "shield", SeesAll, every},
		{"Manager", "Leads people", "users", SeesSubtree, managing()},
		{"Agent", "Does the work", "headset", SeesOwn, Permissions{
			{ModuleTeams, ActionView}: AllObjects(), {ModuleQueues, ActionView}: AllObjects(),
		}},
	} {
		role := Role{Entry: Entry[Role]{
			Organisation: o.ID, Name: NewName(s.name), Description: s.about, Version: 1, CreatedAt: o.CreatedAt, ModifiedAt: o.CreatedAt,
		}, Parent: parent, Sees: s.sees}
		profile := Profile{Entry: Entry[Profile]{
			Organisation: o.ID, Name: NewName(s.name), Description: s.about, Version: 1, CreatedAt: o.CreatedAt, ModifiedAt: o.CreatedAt,
		}, Icon: s.icon, Grants: s.grants, System: parent.IsZero()}
		var err error
		if role.ID, err = newID[Role](in.env); err != nil {
			return nil, nil, err
		}
		if profile.ID, err = newID[Profile](in.env); err != nil {
			return nil, nil, err
		}
		roles, profiles, parent = append(roles, role), append(profiles, profile), role.ID
	}
	return roles, profiles, nil
}

// managing is what a manager begins with: people and their work, without what the organisation is made of.
func managing() Permissions {
	out := Permissions{}
	for module, actions := range map[string][]string{
		ModuleUsers:    {ActionView, ActionCreate, ActionEdit, ActionInvite, ActionActivate, ActionDeactivate, ActionUnblock, ActionExport},
		ModuleTeams:    {ActionView, ActionCreate, ActionEdit},
		ModuleQueues:   {ActionView, ActionCreate, ActionEdit},
		ModuleRoles:    {ActionView},
		ModuleProfiles: {ActionView},
		ModuleLicences: {ActionView},
		ModuleAudit:    {ActionView},
	} {
		for _, action := range actions {
			out[Permission{Module: module, Action: action}] = AllObjects()
		}
	}
	return out
}

// insertStarter adds what an organisation begins with. People with a simulator licence reach no module until somebody
// lists some (rule licence.modules).
func (in *Installation) insertStarter(tx Tx, made NewOrganisation, seats []SeatPlan) error {
	o := made.Organisation
	for _, r := range made.Roles {
		if err := tx.Roles().Insert(r); err != nil {
			return err
		}
		if err := in.record(tx, o.ID, RoleCreated, "role", r.ID.UUID, o.CreatedAt, r.tree()); err != nil {
			return err
		}
	}
	for _, p := range made.Profiles {
		if err := tx.Profiles().Insert(p); err != nil {
			return err
		}
		if err := in.record(tx, o.ID, ProfileCreated, "profile", p.ID.UUID, o.CreatedAt, p.tree()); err != nil {
			return err
		}
	}
	for _, plan := range seats {
		if plan.Licence != LicenceSimulator {
			continue
		}
		was := LicenceType{Organisation: o.ID, Name: plan.Licence, Modules: AllObjects(), Version: 1}
		is := was
		is.Modules = Objects{}
		is.Version++
		if err := tx.LicenceTypes().Save(was, is); err != nil {
			return err
		}
	}
	return nil
}
