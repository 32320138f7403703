package persistence

import (
	"github.com/google/uuid"

	"usher/domain"
)

// guests reads who comes to applications. Its statement is on the way of every request that a proxy lets Usher decide:
// each part of it is one look-up by a key, but for the queues of the person.
type guests struct{ session }

// Beside the user name a person signs in by one address at most. What else the table says of it is not asked, so that the index
// of a person's names has everything: SQLite would rather go through all names of the organisation than look twice.
const guestColumns = presentedColumns + `, o.slug, o.name, u.user_name, u.document,
COALESCE((SELECT n.name_key FROM sign_in_names n WHERE n.organisation_id = s.organisation_id AND n.user_id = s.user_id
AND n.name_key <> u.user_name_key LIMIT 1), ''), ` + accessColumns

// guestSQL is the statement for one way to name a session.
func guestSQL(session string) string {
	return "SELECT " + guestColumns + presentedFrom + accessJoins + "\nWHERE s.organisation_id = ? AND s." + session + " = ?"
}

var guestByHash, guestByID = guestSQL("hash"), guestSQL("session_id")

func (t guests) Find(org domain.OrganisationID, session domain.SessionKey, of domain.ApplicationKey) (domain.Guest, error) {
	sql, key := guestByHash, any(session.Hash[:])
	if !session.ID.IsZero() {
		sql, key = guestByID, session.ID.UUID
	}
	var p presentedRow
	var g domain.Guest
	var name string
	var access accessRow
	c, err := withCommons(t, org, func() (uuid.NullUUID, error) {
		return p.find(t, sql, []any{org.UUID, key}, append([]any{&g.OrganisationSlug, &g.OrganisationName, &name, &g.User.Document, &g.EmailKey}, access.into()...)...)
	})
	if err == nil && c == nil {
		err = domain.UnknownSession()
	}
	if err != nil {
		return domain.Guest{}, err
	}
	if g.Presented, err = p.presented(org, c); err != nil {
		return domain.Guest{}, err
	}
	u := &g.User
	u.ID, u.Organisation, u.Status, u.Owner, u.UserName = g.Session.User, org, g.Facts.Status, g.Owner, domain.NewName(name)
	u.Licence = access.licence.String
	var has given
	if g.Access, has, err = access.access(c); err != nil {
		return domain.Guest{}, err
	}
	g.Role, g.Profile, g.Team = namedIn(c.roles, has.role), namedIn(c.profiles, has.profile), namedIn(c.teams, has.team)
	g.Queues, g.Application = c.named(has.queues), c.application(of)
	if g.Owner {
		g.Registered = c.registered
	}
	return g, nil
}

// namedIn is an entry with its name; the zero value where it is gone.
func namedIn(names map[uuid.UUID]string, id uuid.UUID) domain.Named {
	name, known := names[id]
	if !known {
		return domain.Named{}
	}
	return domain.Named{ID: id, Name: name}
}
