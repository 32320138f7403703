package domain

import (
	"slices"

	"usher/domain/attribute"
)

// Managers is the store of who reports to whom. A manager is what a person's attributes name, by id or, within a connection,
// by external id; whom a directory names it must be able to see (security 5), and whom an administrator chose may be anybody of
// the organisation.
type Managers interface {
	// Choose notes that an administrator chose the manager whom a person's attributes name; the zero id: that nobody did. It ends
	// by itself where the attributes name another one.
	Choose(org OrganisationID, user, manager UserID) error
	// Above are somebody's manager, the manager of that one and so on, at most limit. It ends at who has none here, and at the
	// limit where people are above each other. The person may be archived, and those above are here.
	Above(org OrganisationID, user UserID, limit int) ([]UserID, error)
	// Reports are the people here whose attributes name somebody by id as their manager, at most limit.
	Reports(org OrganisationID, manager UserID, limit int) ([]User, error)
}

// maxAbove bounds how many people stand above one another whom administrators choose.
const maxAbove = 100

// manage writes a manager that changes into a person's attributes, and gives what is to be noted beside them. The organisation
// is locked, so that two who choose at the same moment do not put people above each other. Invalid for who is nobody here, or
// whom the administrator may not see; for the person themselves; and for who reports to them at any distance, which readers of
// a chart of the organisation would follow for ever.
func (c FieldChange) manage(tx Tx, who Administrator, u User, tree *attribute.Value) (aside, error) {
	if c.Manager == nil {
		return aside{}, nil
	}
	manager := *c.Manager
	if manager.IsZero() {
		within(tree, URNEnterprise, "manager", attribute.Value{})
		return aside{}, nil
	}
	if u.ManagerRef != nil && u.ManagerRef.ID == manager {
		return aside{}, nil // as it is spelt there
	}
	if err := tx.Assignments().Lock(u.Organisation); err != nil {
		return aside{}, err
	}
	if err := checkManager(tx, who, u, manager); err != nil {
		return aside{}, err
	}
	said := attribute.NewString(manager.String())
	noted := aside{is: said, write: func() error { return tx.Managers().Choose(u.Organisation, u.ID, manager) }}
	if u.Manager == manager.String() { // a directory named somebody whom it does not see: the attributes tell of no change
		noted.name = "manager"
	}
	within(tree, URNEnterprise, "manager", attribute.NewComplex(attribute.Member{Name: "value", Value: said}))
	return noted, nil
}

func checkManager(tx Tx, who Administrator, u User, manager UserID) error {
	const field = "manager"
	if manager == u.ID {
		return InvalidField(field, "nobody is their own manager; choose another person, or nobody")
	}
	unknown := InvalidField(field, "there is no person with the id "+manager.String()+"; see the list of people")
	if !who.May(Permission{ModuleUsers, ActionView}, manager.String()) {
		return unknown
	}
	switch _, err := tx.Users().Find(u.Organisation, manager); {
	case IsKind(err, NotFound):
		return unknown
	case err != nil:
		return err
	}
	above, err := tx.Managers().Above(u.Organisation, manager, maxAbove)
	if err != nil {
		return err
	}
	if slices.Contains(above, u.ID) {
		return InvalidField(field, "this person reports to the one whose manager they would be; choose somebody who does not, or change their manager first")
	}
	if distinct := distinctPeople(above); len(distinct) == maxAbove {
		return tooMany(field, "put at most 100 people above one another")
	}
	return nil
}

// chosen notes the manager of a person who has just been added, and gives the person with them.
func (a aside) chosen(tx Tx, u User) (User, error) {
	if !a.changed() {
		return u, nil
	}
	if err := a.write(); err != nil {
		return u, err
	}
	return tx.Users().Find(u.Organisation, u.ID)
}

// managed asks for people by their manager. By what their attributes can call the manager an index finds them.
func (f PeopleFilter) managed(tx Tx, who Administrator) ([]Predicate, error) {
	resolved := personAttribute(personManager)
	switch {
	case f.Manager.None:
		return []Predicate{Not{Term: Present{Attribute: resolved}}}, nil
	case f.Manager.ID.IsZero():
		return nil, nil
	}
	equal := func(of Attribute, text string) Predicate {
		return Compare{Attribute: of, Operator: Equal, Operand: Operand{Value: attribute.NewString(text)}}
	}
	said := Attribute{Path: Path{URN: URNEnterprise, Name: "manager", Sub: "value"}, CaseExact: true}
	called := []Predicate{equal(said, f.Manager.ID.String())}
	manager, err := tx.Users().Find(who.Organisation, f.Manager.ID)
	if err != nil && !IsKind(err, NotFound) { // who is nobody here is nobody's manager
		return nil, err
	}
	if manager.ExternalID != "" {
		called = append(called, equal(said, manager.ExternalID))
	}
	return []Predicate{Or{Terms: called}, equal(resolved, f.Manager.ID.String())}, nil
}

// managerOf is the manager of somebody as a directory has read them, or else as an administrator chose; empty: there is none.
func managerOf(tx Tx, u User) ([]UserID, error) {
	switch {
	case u.ManagerRef != nil:
		return []UserID{u.ManagerRef.ID}, nil
	case u.Manager == "":
		return nil, nil
	}
	return tx.Managers().Above(u.Organisation, u.ID, 1)
}
