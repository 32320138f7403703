package domain

import (
	"cmp"
	"slices"

	"usher/domain/attribute"
)

// makePerson makes the person whom nobody here is (just in time): pending, with a seat, of the connection, and with the
// identity. They are active a moment later, by coming in. What groups of the claims give decides the licence that they begin
// with. A name that somebody has is refused: nobody is adopted by it.
func (r *arrival) makePerson() error {
	u := User{
		ID: r.newID, Organisation: r.org.ID, Connection: r.connection.ID, Status: Pending, Version: 1, CreatedAt: r.now, ModifiedAt: r.now,
	}
	tree, err := r.attributes()
	if err != nil {
		return err
	}
	policy, err := r.tx.Policies().Get(r.org.ID)
	if err != nil {
		return err
	}
	if policy.ExtensionAuto {
		if err := giveExtension(r.tx, u, &tree); err != nil {
			return err
		}
	}
	if err := u.describe(tree); err != nil {
		return err
	}
	if tree, err = u.Attributes(); err != nil {
		return err
	}
	if err := r.suspended(u, policy); err != nil {
		return err
	}
	if u.Licence, err = r.licence(); err != nil {
		return err
	}
	if err := checkStep(User{}, u); err != nil {
		return err
	}
	if err := r.tx.Users().Insert(u); err != nil {
		return err
	}
	if err := r.sayConnection(UserCreated, u.ID, attribute.Value{}, tree); err != nil {
		return err
	}
	if err := r.tx.Seats().Take(r.org.ID, u.Licence, u.ID); err != nil {
		return err
	}
	return r.link(u, LinkedJustInTime, nil)
}

// attributes are those of a person, as a directory would send them.
func (r *arrival) attributes() (attribute.Value, error) {
	t := r.told()
	email, err := r.address()
	if err != nil {
		return attribute.Value{}, err
	}
	userName := cmp.Or(r.UserName, email)
	if userName == "" {
		return attribute.Value{}, noAccount(r.org, NoAccountNameMissing)
	}
	if trusted, err := r.trusted(userName); err != nil {
		return attribute.Value{}, err
	} else if !trusted {
		return attribute.Value{}, noAccount(r.org, NoAccountNameForeign)
	}
	tree := texts("userName", userName)
	if name := t.name(); name.Assigned() {
		tree.Set("name", name)
	}
	if t.Name != "" {
		tree.Set("displayName", attribute.NewString(t.Name))
	}
	if t.Language != "" {
		tree.Set("preferredLanguage", attribute.NewString(t.Language))
	}
	if email != "" {
		one := texts("value", email, "type", "work")
		one.Set("primary", attribute.NewBool(true))
		tree.Set("emails", attribute.NewList(one))
	}
	return tree, nil
}

// name is the complex attribute of what was told of somebody's name.
func (t Told) name() attribute.Value {
	return texts("formatted", t.Name, "familyName", t.FamilyName, "givenName", t.GivenName)
}

// trusted reports whether the connection may name somebody by a text: by any but an address of a domain that the
// organisation has proved, unless it is trusted for it.
func (r *arrival) trusted(text string) (bool, error) {
	domain, is := domainOf(text)
	if !is {
		return true, nil
	}
	org, proved, err := r.tx.EmailDomains().Owner(domain)
	if err != nil || !proved || org != r.org.ID {
		return true, err
	}
	return r.tx.EmailDomains().Trusts(r.org.ID, domain, r.connection.ID)
}

// address is the e-mail of a person who is made: one that the provider verified and nobody here has.
func (r *arrival) address() (string, error) {
	email, ok := ParseEmail(r.Email)
	if !r.EmailVerified || !ok {
		return "", nil
	}
	trusted, err := r.trusted(r.Email)
	if err != nil || !trusted {
		return "", err
	}
	taken, err := r.tx.Users().HasEmail(r.org.ID, email.Key, UserID{})
	if err != nil || taken {
		return "", err
	}
	return r.Email, nil
}

// suspended refuses who was here under the same names and was deactivated by an administrator, and notes where the policy
// lets them come back all the same (rule suspend.sticks).
func (r *arrival) suspended(u User, policy Policy) error {
	was, found, err := r.tx.Suspensions().Match(u)
	if err != nil || !found {
		return err
	}
	of, err := r.tx.ConnectionPolicies().Get(r.org.ID, r.connection.ID)
	if err != nil {
		return err
	}
	if of.Over(policy).Suspension != DirectoryWins {
		return noAccount(r.org, NoAccountSuspended)
	}
	if err := r.tx.Suspensions().End(was.Organisation, was.User); err != nil {
		return err
	}
	return r.sayConnection(SuspensionOverruled, u.ID, attribute.Value{}, attribute.Value{})
}

// licence is what groups of the claims give a person who begins, within the limits of the connection; else full.
func (r *arrival) licence() (string, error) {
	groups, _, err := r.namedGroups()
	if err != nil || len(groups) == 0 {
		return LicenceFull, err
	}
	d := Dossier{Access: UserAccess{Organisation: r.org.ID, Directory: true, Licence: LicenceFull}, Status: Pending, Connection: r.connection.ID}
	if d.Mappings, err = r.tx.Mappings().Above(r.org.ID, groups); err != nil {
		return "", err
	}
	j, err := judgeOf(r.tx, r.org.ID, []Dossier{d})
	if err != nil {
		return "", err
	}
	if given := j.one(d, GivenSeat, nil, Candidate{}); given.Won {
		return given.Winner.Text, nil
	}
	return LicenceFull, nil
}

// namedGroups are the groups of the connection that the claims name, in order of id, and what names none or several: a name
// is that with which a group was declared, exactly, else a group's external id, exactly, else the display name, without case,
// of one group alone. What an administrator said stands above what a directory pushes.
func (r *arrival) namedGroups() (groups []GroupID, unmatched []string, err error) {
	if !r.settings.AppliesGroups || len(r.Groups) == 0 {
		return nil, nil, nil
	}
	there, err := r.tx.ClaimedGroups().Named(r.org.ID, r.connection.ID, r.Groups)
	if err != nil {
		return nil, nil, err
	}
	declared, byExternalID, byName := map[string]GroupID{}, map[string]GroupID{}, map[string][]GroupID{}
	for _, g := range there {
		if g.ClaimValue != "" { // its name is for people alone
			declared[g.ClaimValue] = g.ID
			continue
		}
		if g.ExternalID != "" {
			byExternalID[g.ExternalID] = g.ID
		}
		if key := g.DisplayName.Key; !slices.Contains(byName[key], g.ID) {
			byName[key] = append(byName[key], g.ID)
		}
	}
	for _, name := range r.Groups {
		id, found := declared[name]
		if !found {
			id, found = byExternalID[name]
		}
		if alike := byName[NewName(name).Key]; !found && len(alike) == 1 {
			id, found = alike[0], true
		}
		if !found {
			unmatched = append(unmatched, name)
			continue
		}
		groups = append(groups, id)
	}
	return distinctIDs(groups), unmatched, nil
}

// maxUnmatched is how many names of groups an event shows that no group here has.
const maxUnmatched = 20

// claimed makes the groups of the claims those of the person, and gives what they give (rule mapping.apply). A person of
// another connection, or of none, has none; and where the provider left groups out, what the person has stays.
func (r *arrival) claimed(user UserID) error {
	u, err := r.tx.Users().Find(r.org.ID, user)
	if err != nil || u.Connection != r.connection.ID || r.settings.AppliesGroups && r.GroupsLeftOut {
		return err
	}
	was, err := r.tx.ClaimedGroups().Of(r.org.ID, user)
	if err != nil {
		return err
	}
	is, _, err := r.namedGroups()
	if err != nil || slices.Equal(was, is) {
		return err
	}
	// Who changes what a group gives holds its row, and so do we: either they see the person, or we see the change.
	if _, err := r.tx.Mappings().HoldBelow(r.org.ID, distinctIDs(append(slices.Clone(was), is...))); err != nil {
		return err
	}
	is, unmatched, err := r.namedGroups() // one may have gone meanwhile
	if err != nil {
		return err
	}
	if err := r.tx.ClaimedGroups().Save(r.org.ID, user, was, is, r.now); err != nil {
		return err
	}
	before, after := attribute.NewComplex(), attribute.NewComplex()
	before.Set("groups", textList(idStrings(was)))
	after.Set("groups", textList(idStrings(is)))
	if len(unmatched) > 0 {
		after.Set("unmatched", textList(unmatched[:min(len(unmatched), maxUnmatched)]))
	}
	if err := r.sayConnection(GroupsClaimed, user, before, after); err != nil {
		return err
	}
	return recompute(r.tx, r.org.ID, []UserID{user}, r.now, r.byConnection(user))
}

// byConnection writes what the connection does, rather than the person who comes by it: from their browser, whose address is theirs.
func (r *arrival) byConnection(user UserID) scribe {
	by := r.entrance.author(r.org.ID, Actor{Kind: "connection", ID: r.connection.ID.UUID}, r.visitor)
	by.person = user
	return by.scribe()
}

func (r *arrival) sayConnection(what EventType, user UserID, before, after attribute.Value) error {
	event, err := r.byConnection(user).event(what, user, r.now)
	if err != nil {
		return err
	}
	event.Before, event.After = before, after
	return r.tx.Events().Append(event)
}

// refreshed lets names and language of somebody who was made here follow what their provider tells, each as long as nobody
// else, an administrator or a directory, has changed it: their word stands.
func (r *arrival) refreshed(user UserID) error {
	if !r.settings.RefreshesNames {
		return nil
	}
	known, err := r.tx.Identities().List(r.org.ID, user)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(known, func(k Identity) bool {
		return k.Connection == r.connection.ID && k.Issuer == r.Identity.Issuer && k.Subject == r.Identity.Subject
	})
	told := r.told()
	if i < 0 || known[i].LinkedBy != LinkedJustInTime || known[i].Said == told {
		return nil
	}
	said := known[i]
	was, err := r.tx.Users().Find(r.org.ID, user)
	if err != nil {
		return err
	}
	before, err := was.Attributes()
	if err != nil {
		return err
	}
	was.recall(before)
	is, after := was, said.Said.follow(before, told)
	said.Said = told
	if err := r.tx.Identities().Tell(said); err != nil || attribute.Equal(before, after) {
		return err
	}
	if err := is.describe(after); err != nil {
		return err
	}
	if after, err = is.Attributes(); err != nil {
		return err
	}
	is.Version, is.ModifiedAt = was.Version+1, later(r.now, was.ModifiedAt)
	if err := r.tx.Users().Save(was, is); err != nil {
		return err
	}
	from, to := attribute.Diff(before, after)
	return r.sayConnection(UserUpdated, user, from, to)
}

// follow puts what is told now in place of what was told before, wherever that still stands. A name that is told no more
// stays.
func (t Told) follow(tree attribute.Value, now Told) attribute.Value {
	name, changed := tree.Get("name"), false
	follow := func(of *attribute.Value, attributeName, was, is string) bool {
		if is == "" || is == was || of.Get(attributeName).Text() != was {
			return false
		}
		if of.Kind() != attribute.Complex {
			*of = attribute.NewComplex()
		}
		of.Set(attributeName, attribute.NewString(is))
		return true
	}
	for _, part := range []struct{ attribute, was, is string }{
		{"formatted", t.Name, now.Name}, {"familyName", t.FamilyName, now.FamilyName}, {"givenName", t.GivenName, now.GivenName},
	} {
		changed = follow(&name, part.attribute, part.was, part.is) || changed
	}
	if changed {
		tree.Set("name", name)
	}
	follow(&tree, "displayName", t.Name, now.Name)
	follow(&tree, "preferredLanguage", t.Language, now.Language)
	return tree
}
