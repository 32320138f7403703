package persistence

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
)

// What Usher's extension shows of a person, as columns of users u. Everything is found by the keys of the person and of
// what they have.

// shownColumns are what scanShown reads.
func shownColumns(d dialect) string {
	queues := `SELECT q.name FROM assignments a JOIN queues q ON q.organisation_id = a.organisation_id AND q.queue_id = a.object_id
WHERE a.organisation_id = u.organisation_id AND a.user_id = u.user_id AND a.kind = 'queue' ORDER BY q.name_key`
	list := "to_json(ARRAY(" + queues + "))::text"
	if d == sqlite {
		list = "(SELECT json_group_array(name) FROM (" + queues + "))"
	}
	window := func(column string) string {
		return "COALESCE((SELECT w." + column + " FROM access_windows w WHERE w.organisation_id = u.organisation_id AND w.user_id = u.user_id), '')"
	}
	latest := func(column, none string) string {
		return "COALESCE((SELECT l." + column + ` FROM links l WHERE l.organisation_id = u.organisation_id AND l.user_id = u.user_id
AND l.kind = 'invitation' ORDER BY l.created_at DESC, l.link_id DESC LIMIT 1), ` + none + ")"
	}
	return strings.Join([]string{
		"u.status", "u.licence", shownName("role", "roles"), shownName("profile", "profiles"), shownName("team", "teams"), list,
		window("time_zone"), window("valid_from"), window("valid_until"), window("schedule"),
		"EXISTS (SELECT 1 FROM user_blocks b WHERE b.organisation_id = u.organisation_id AND b.user_id = u.user_id)",
		"EXISTS (SELECT 1 FROM waiting_people p WHERE p.organisation_id = u.organisation_id AND p.user_id = u.user_id)",
		"COALESCE((SELECT i.accessed_at FROM inactivity i WHERE i.organisation_id = u.organisation_id AND i.user_id = u.user_id), 0)",
		latest("state", "''"), latest("expires_at", "0"),
	}, ", ")
}

// shownName is the name of what a person has of a kind: what they were given, else, from a directory, the default.
func shownName(kind, of string) string {
	given := "SELECT a.object_id FROM assignments a WHERE a.organisation_id = u.organisation_id AND a.user_id = u.user_id AND a.kind = '" + kind + "'"
	id := "(" + given + ")"
	if kind != string(domain.GivenTeam) {
		id = "CASE WHEN u.connection_id IS NULL OR EXISTS (" + given + ") THEN (" + given + ") ELSE (SELECT d." + kind +
			"_id FROM access_defaults d WHERE d.organisation_id = u.organisation_id) END"
	}
	return "COALESCE((SELECT n.name FROM " + of + " n WHERE n.organisation_id = u.organisation_id AND n." + kind + "_id = " + id + "), '')"
}

// shownRow scans shownColumns.
type shownRow struct {
	status, licence, role, profile, team, queues string
	zone, from, until, schedule, invitation      string
	blocked, waits                               bool
	accessed, ends                               int64
}

func (s *shownRow) dest() []any {
	return []any{
		&s.status, &s.licence, &s.role, &s.profile, &s.team, &s.queues, &s.zone, &s.from, &s.until, &s.schedule,
		&s.blocked, &s.waits, &s.accessed, &s.invitation, &s.ends,
	}
}

// noun is what was scanned. An invitation that has ended by the clock is expired; without a clock it is as it was noted.
func (s *shownRow) noun(now time.Time) (domain.Shown, error) {
	shown := domain.Shown{
		Status: domain.Status(s.status), Licence: s.licence, Role: s.role, Profile: s.profile, Team: s.team, Blocked: s.blocked,
		Window:     domain.WindowSpec{TimeZone: s.zone, ValidFrom: s.from, ValidUntil: s.until, Schedule: s.schedule},
		LastAccess: instant(s.accessed), Invitation: s.invitation, Seat: domain.SeatIsHeld,
	}
	switch {
	case s.waits:
		shown.Seat = domain.SeatIsAwaited
	case shown.Status == domain.Inactive:
		shown.Seat = domain.SeatIsNone
	}
	if shown.Invitation == string(domain.LinkOpen) && !now.IsZero() && now.UnixMilli() >= s.ends {
		shown.Invitation = string(domain.LinkExpired)
	}
	tree, err := attribute.Read([]byte(s.queues), attribute.Bounds{})
	if err != nil {
		return shown, err
	}
	for _, name := range tree.Items() {
		shown.Queues = append(shown.Queues, name.Text())
	}
	return shown, nil
}

func (t userFields) Shown(org domain.OrganisationID, users []domain.UserID, now time.Time) (map[domain.UserID]domain.Shown, error) {
	ids := make([]uuid.UUID, len(users))
	for i, id := range users {
		ids[i] = id.UUID
	}
	list := make(map[domain.UserID]domain.Shown, len(users))
	join := " JOIN "
	if t.dialect() == sqlite {
		join = " CROSS JOIN " // which SQLite does not turn round
	}
	err := t.query("SELECT u.user_id, "+shownColumns(t.dialect())+" FROM "+idList(t.dialect())+join+
		"users u ON u.organisation_id = ? AND u.user_id = listed.id WHERE u.archived_at IS NULL", []any{ids, org.UUID}, func(r row) error {
		var id domain.UserID
		var s shownRow
		if err := r.Scan(append([]any{&id.UUID}, s.dest()...)...); err != nil {
			return err
		}
		shown, err := s.noun(now)
		list[id] = shown
		return err
	})
	return list, err
}
