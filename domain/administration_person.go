package domain

import (
	"context"
	"slices"
	"time"
)

// Person is somebody as administrators see them: with what keeps them out, and of an owner since when they are one.
type Person struct {
	User

	Block     Block        // zero: not blocked
	Ownership Ownership    // zero: no owner, or it was not noted
	Waiting   WaitingPlace // zero: not in line for a seat
	Given     UserAccess   // what the person is given, the defaults included

	LastSeenAt time.Time // zero: never
	Online     bool      // seen a short while ago (rule presence)

	Communication Communication // only of a person who is read alone
}

// People reads the people that a query asks for, those the administrator may not see left out: a page may hold fewer
// than asked for and yet not be the last. It needs users:view. Invalid.
func (ad *Administration) People(ctx context.Context, who Administrator, q PeopleQuery) (Page[Person], error) {
	where, err := q.where()
	if err != nil {
		return Page[Person]{}, err
	}
	sort, err := q.order()
	if err != nil {
		return Page[Person]{}, err
	}
	var page Page[Person]
	err = ad.look(ctx, who, ModuleUsers, ActionView, "", func(tx Tx) error {
		query, now := Query{Scope: who.scope(q.Connection), Sort: &sort, Limit: q.Limit, After: q.After}, ad.env.instant()
		var defaults Defaults
		if q.Filter.Role != (HeldFilter[Role]{}) || q.Filter.Profile != (HeldFilter[Profile]{}) {
			if defaults, err = tx.Assignments().Defaults(who.Organisation); err != nil {
				return err
			}
		}
		managed, err := q.Filter.managed(tx, who)
		if err != nil {
			return err
		}
		if terms := slices.Concat(where, q.Filter.where(defaults, now), managed); len(terms) > 0 {
			query.Where = And{Terms: terms}
		}
		found, err := tx.Users().Page(query)
		if err != nil {
			return err
		}
		users := slices.DeleteFunc(found.Items, func(u User) bool { return !who.May(Permission{ModuleUsers, ActionView}, u.ID.String()) })
		page = Page[Person]{Total: found.Total, Next: found.Next}
		page.Items, err = personsOf(tx, who.Organisation, users, now)
		return err
	})
	return page, err
}

// Person reads one person, with groups and manager. It needs users:view on the person. NotFound.
func (ad *Administration) Person(ctx context.Context, who Administrator, id UserID) (Person, error) {
	var p Person
	err := ad.look(ctx, who, ModuleUsers, ActionView, id.String(), func(tx Tx) error {
		u, err := tx.Users().Get(who.scope(ConnectionID{}), id)
		if err != nil {
			return err
		}
		p, err = personOf(tx, u, ad.env.instant())
		return err
	})
	return p, err
}

// Complete adds to a person whom the administrator has just changed what keeps them out. It needs no permission beyond
// that of the change, which told the rest.
func (ad *Administration) Complete(ctx context.Context, u User) (Person, error) {
	var p Person
	err := ad.store.Read(ctx, func(tx Tx) (err error) {
		p, err = personOf(tx, u, ad.env.instant())
		return err
	})
	return p, err
}

func personOf(tx Tx, u User, now time.Time) (Person, error) {
	list, err := personsOf(tx, u.Organisation, []User{u}, now)
	if err != nil {
		return Person{}, err
	}
	list[0].Communication, err = tx.UserFields().Communication(u.Organisation, u.ID)
	return list[0], err
}

// personsOf adds to people what they are given, what keeps them out, and when they were seen.
func personsOf(tx Tx, org OrganisationID, users []User, now time.Time) ([]Person, error) {
	list, ids, at := make([]Person, len(users)), make([]UserID, len(users)), map[UserID]int{}
	for i, u := range users {
		list[i].User, ids[i], at[u.ID] = u, u.ID, i
	}
	blocks, err := tx.Blocks().Of(org, ids)
	if err != nil {
		return nil, err
	}
	for _, b := range blocks {
		list[at[b.User]].Block = b
	}
	owners := slices.DeleteFunc(slices.Clone(ids), func(id UserID) bool { return !list[at[id]].Owner })
	ownerships, err := tx.Ownerships().Of(org, owners)
	if err != nil {
		return nil, err
	}
	for _, o := range ownerships {
		list[at[o.User]].Ownership = o
	}
	places, err := tx.Waiting().Of(org, ids)
	for _, p := range places {
		list[at[p.User]].Waiting = p
	}
	if err != nil {
		return nil, err
	}
	if err := givenTo(tx, org, ids, func(u UserAccess) { list[at[u.User]].Given = u }); err != nil {
		return nil, err
	}
	seen, err := tx.Inactivity().Seen(org, ids)
	for user, last := range seen {
		list[at[user]].LastSeenAt, list[at[user]].Online = last, now.Sub(last) <= OnlineFor
	}
	return list, err
}

// givenTo reads what people are given, the defaults included.
func givenTo(tx Tx, org OrganisationID, ids []UserID, each func(UserAccess)) error {
	given, err := tx.Assignments().OfMany(org, ids)
	if err != nil || len(given) == 0 {
		return err
	}
	defaults, err := tx.Assignments().Defaults(org)
	for _, u := range given {
		each(u.With(defaults))
	}
	return err
}
