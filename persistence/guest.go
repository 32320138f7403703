package persistence

import (
	"strings"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
)

// guests reads who comes to applications. Its statement is on the way of every request that a proxy lets Usher decide:
// each part of it is one look-up by a key, but for the baselines, of which an organisation has few, and the queues of the
// person.
type guests struct{ session }

const guestColumns = presentedColumns + ", o.slug, o.name, u.user_name, u.document, u.licence, " + accessColumns + `,
r.role_id, COALESCE(r.name, ''), p.profile_id, COALESCE(p.name, ''), m.team_id, COALESCE(m.name, ''),
CASE WHEN u.owner THEN COALESCE((SELECT string_agg(z.module || ' ' || z.actions, ';') FROM modules z WHERE z.organisation_id = u.organisation_id), '') ELSE '' END`

const guestJoins = accessJoins + `
LEFT JOIN assignments ar ON ar.organisation_id = u.organisation_id AND ar.user_id = u.user_id AND ar.kind = 'role' AND ar.slot = ''
LEFT JOIN access_defaults dr ON dr.organisation_id = u.organisation_id AND u.connection_id IS NOT NULL AND ar.user_id IS NULL
LEFT JOIN roles r ON r.organisation_id = u.organisation_id AND r.role_id = COALESCE(ar.object_id, dr.role_id)
LEFT JOIN assignments am ON am.organisation_id = u.organisation_id AND am.user_id = u.user_id AND am.kind = 'team' AND am.slot = ''
LEFT JOIN teams m ON m.organisation_id = u.organisation_id AND m.team_id = am.object_id`

const applicationColumns = `, ap.application_id, COALESCE(ap.name, ''), COALESCE(ap.origins, ''), COALESCE(ap.audience, ''), COALESCE(ap.algorithm, ''), COALESCE(ap.modules, '')`

// guestSQL is the statement for one way to name a session and an application; the parameters are, in this order, the
// name of the application, the organisation, and the session.
func guestSQL(d dialect, session, application string) string {
	pair, list := "json_build_array(q.queue_id, q.name)", "to_json(ARRAY(%s))::text"
	if d == sqlite {
		pair, list = "json_array(q.queue_id, q.name)", "(SELECT json_group_array(json(pair)) FROM (%s))"
	}
	queues := strings.Replace(list, "%s", "SELECT "+pair+` AS pair FROM assignments aq
JOIN queues q ON q.organisation_id = aq.organisation_id AND q.queue_id = aq.object_id
WHERE aq.organisation_id = u.organisation_id AND aq.user_id = u.user_id AND aq.kind = 'queue' ORDER BY q.name_key`, 1)
	return "SELECT " + guestColumns + ", " + queues + applicationColumns + presentedFrom + guestJoins + application + " WHERE s.organisation_id = ? AND s." + session + " = ?"
}

const (
	byAudience = "\nLEFT JOIN applications ap ON ap.organisation_id = s.organisation_id AND ap.audience = ?"
	byOrigin   = `
LEFT JOIN application_origins ao ON ao.organisation_id = s.organisation_id AND ao.origin = ?
LEFT JOIN applications ap ON ap.organisation_id = ao.organisation_id AND ap.application_id = ao.application_id`
)

// guestStatements are put together once.
var guestStatements = func() (all [2][2][2]string) {
	for _, d := range []dialect{postgres, sqlite} {
		for i, session := range []string{"hash", "session_id"} {
			for j, application := range []string{byAudience, byOrigin} {
				all[d][i][j] = guestSQL(d, session, application)
			}
		}
	}
	return all
}()

func (t guests) Find(org domain.OrganisationID, session domain.SessionKey, of domain.ApplicationKey) (domain.Guest, error) {
	named, by, key, name := 0, 0, any(session.Hash[:]), of.Audience
	if !session.ID.IsZero() {
		named, key = 1, session.ID.UUID
	}
	if of.Audience == "" {
		by, name = 1, string(of.Origin)
	}
	var g domain.Guest
	found := false
	err := t.query(guestStatements[t.dialect()][named][by], []any{name, org.UUID, key}, func(r row) (err error) {
		found = true
		g, err = scanGuest(r, org)
		return err
	})
	if err == nil && !found {
		err = domain.UnknownSession()
	}
	return g, err
}

func scanGuest(r row, org domain.OrganisationID) (domain.Guest, error) {
	var g domain.Guest
	var name string
	var access accessRow
	var role, profile, team, application uuid.NullUUID
	var registered, queues, applicationName, origins, modules string
	var err error
	g.Presented, err = scanPresented(r, org, append(append([]any{&g.OrganisationSlug, &g.OrganisationName, &name, &g.User.Document, &g.User.Licence}, access.into()...),
		&role, &g.Role.Name, &profile, &g.Profile.Name, &team, &g.Team.Name, &registered, &queues,
		&application, &applicationName, &origins, &g.Application.Audience, &g.Application.Algorithm, &modules)...)
	if err != nil {
		return g, err
	}
	u := &g.User
	u.ID, u.Organisation, u.Status, u.Owner, u.UserName = g.Session.User, org, g.Facts.Status, g.Owner, domain.NewName(name)
	g.Role.ID, g.Profile.ID, g.Team.ID = role.UUID, profile.UUID, team.UUID
	if g.Access, err = access.access(); err != nil {
		return g, err
	}
	if g.Queues, err = namedOf(queues); err != nil {
		return g, err
	}
	g.Registered = registeredOf(registered)
	if application.Valid {
		a := &g.Application
		a.ID.UUID, a.Organisation, a.Name = application.UUID, org, domain.NewName(applicationName)
		a.Origins, a.Modules = originsOf(origins), wordsOf(modules)
	}
	return g, nil
}

// namedOf reads a list of pairs of id and name.
func namedOf(list string) ([]domain.Named, error) {
	if len(list) <= len("[]") {
		return nil, nil
	}
	tree, err := attribute.Read([]byte(list), attribute.Bounds{Nodes: 1_000_000})
	if err != nil {
		return nil, err
	}
	all := make([]domain.Named, tree.Len())
	for i, item := range tree.Items() {
		if all[i].ID, err = uuid.Parse(item.Item(0).Text()); err != nil {
			return nil, err
		}
		all[i].Name = item.Item(1).Text()
	}
	return all, nil
}

// registeredOf reads modules, each as its id, a space and its own actions between commas.
func registeredOf(text string) []domain.Module {
	var list []domain.Module
	for one := range strings.SplitSeq(text, ";") {
		if id, own, found := strings.Cut(one, " "); found {
			list = append(list, domain.Module{ID: id, Actions: append(everyAction(), listOf(own)...)})
		}
	}
	return list
}

func everyAction() []string {
	return []string{domain.ActionView, domain.ActionCreate, domain.ActionEdit, domain.ActionDelete}
}
