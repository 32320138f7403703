package persistence

import (
	"github.com/google/uuid"

	"usher/domain"
)

type jobs struct{ session }

const jobColumns = `j.organisation_id, j.job_id, j.about_kind, j.about_id, j.groups, j.connection_id, j.actor_kind, j.actor_id, j.request_id, j.phase,
j.position_group, j.position_user, j.people, j.looked_at, j.changed, j.created_at, j.moved_at, COALESCE(j.finished_at, 0)`

func (t jobs) Insert(j domain.Job, people []domain.UserID, membersOf domain.GroupID) error {
	err := t.exec(`INSERT INTO jobs (organisation_id, job_id, about_kind, about_id, groups, connection_id, actor_kind, actor_id, request_id, phase,
people, looked_at, changed, created_at, moved_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?, ?)`,
		j.Organisation.UUID, j.ID.UUID, j.About.Kind, j.About.ID, identifierText(j.Groups), j.Connection.UUID, j.Actor.Kind, j.Actor.ID,
		j.RequestID, string(j.Phase), j.CreatedAt.UnixMilli(), j.MovedAt.UnixMilli())
	if err != nil {
		return err
	}
	if len(people) > 0 {
		err = t.exec("INSERT INTO job_people (organisation_id, job_id, user_id) SELECT j.organisation_id, j.job_id, listed.id FROM jobs j, "+
			idList(t.dialect())+" WHERE j.organisation_id = ? AND j.job_id = ?", uuids(people), j.Organisation.UUID, j.ID.UUID)
	}
	if err != nil || membersOf.IsZero() {
		return err
	}
	err = t.exec(`INSERT INTO job_people (organisation_id, job_id, user_id) SELECT j.organisation_id, j.job_id, c.user_id FROM jobs j
JOIN claimed_groups c ON c.organisation_id = j.organisation_id AND c.group_id = ?
WHERE j.organisation_id = ? AND j.job_id = ? ON CONFLICT (organisation_id, job_id, user_id) DO NOTHING`, membersOf.UUID, j.Organisation.UUID, j.ID.UUID)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO job_people (organisation_id, job_id, user_id) SELECT j.organisation_id, j.job_id, m.member_id FROM jobs j
JOIN memberships m ON m.organisation_id = j.organisation_id AND m.group_id = ? AND m.member_kind = 1
WHERE j.organisation_id = ? AND j.job_id = ? ON CONFLICT (organisation_id, job_id, user_id) DO NOTHING`, membersOf.UUID, j.Organisation.UUID, j.ID.UUID)
}

// rows reads jobs by a query; locking ones are inside.
func (t jobs) rows(query func(string, []any, func(row) error) error, where string, args ...any) ([]domain.Job, error) {
	var list []domain.Job
	err := query("SELECT "+jobColumns+" FROM jobs j WHERE "+where, args, func(r row) error {
		var j domain.Job
		var groups, phase string
		var created, moved, finished int64
		err := r.Scan(&j.Organisation.UUID, &j.ID.UUID, &j.About.Kind, &j.About.ID, &groups, &j.Connection.UUID, &j.Actor.Kind, &j.Actor.ID,
			&j.RequestID, &phase, &j.Group.UUID, &j.After.UUID, &j.People, &j.LookedAt, &j.Changed, &created, &moved, &finished)
		if err != nil {
			return err
		}
		j.Phase, j.CreatedAt, j.MovedAt, j.FinishedAt = domain.JobPhase(phase), instant(created), instant(moved), instant(finished)
		j.Groups, err = identifiers[domain.Group](groups)
		list = append(list, j)
		return err
	})
	return list, err
}

func (t jobs) one(query func(string, []any, func(row) error) error, where string, args ...any) (domain.Job, bool, error) {
	list, err := t.rows(query, where, args...)
	if err != nil || len(list) == 0 {
		return domain.Job{}, false, err
	}
	return list[0], true, nil
}

func (t jobs) Open(org domain.OrganisationID, about domain.JobSubject) ([]domain.Job, error) {
	return t.rows(t.inside, "j.organisation_id = ? AND j.about_kind = ? AND j.about_id = ? AND j.finished_at IS NULL"+seats(t).locking(" FOR UPDATE"),
		org.UUID, about.Kind, about.ID)
}

func (t jobs) Next() (domain.Job, bool, error) {
	return t.one(t.query, "j.finished_at IS NULL ORDER BY j.moved_at, j.job_id LIMIT 1")
}

func (t jobs) Hold(org domain.OrganisationID, id domain.JobID) (domain.Job, bool, error) {
	return t.one(t.inside, "j.organisation_id = ? AND j.job_id = ? AND j.finished_at IS NULL"+seats(t).locking(" FOR UPDATE SKIP LOCKED"), org.UUID, id.UUID)
}

func (t jobs) Move(j domain.Job) error {
	return t.exec(`UPDATE jobs SET phase = ?, position_group = ?, position_user = ?, people = ?, looked_at = ?, changed = ?, moved_at = ?, finished_at = ?
WHERE organisation_id = ? AND job_id = ?`, string(j.Phase), j.Group.UUID, j.After.UUID, j.People, j.LookedAt, j.Changed, j.MovedAt.UnixMilli(),
		millis(j.FinishedAt), j.Organisation.UUID, j.ID.UUID)
}

func (t jobs) Listed(j domain.Job, after domain.UserID, limit int) ([]domain.UserID, error) {
	return assignments(t).people("SELECT user_id FROM job_people WHERE organisation_id = ? AND job_id = ? AND user_id > ? ORDER BY user_id LIMIT ?",
		j.Organisation.UUID, j.ID.UUID, idOrLowest(after.UUID), limit)
}

func (t jobs) OfConnection(j domain.Job, after domain.UserID, limit int) ([]domain.UserID, error) {
	return assignments(t).people(`SELECT user_id FROM users WHERE organisation_id = ? AND connection_id = ? AND archived_at IS NULL AND user_id > ?
ORDER BY user_id LIMIT ?`, j.Organisation.UUID, j.Connection.UUID, idOrLowest(after.UUID), limit)
}

func (t jobs) Count(j domain.Job, groups []domain.GroupID) (int, error) {
	var n int
	if !j.Connection.IsZero() {
		_, err := fetch(t, "SELECT count(*) FROM users WHERE organisation_id = ? AND connection_id = ? AND archived_at IS NULL",
			[]any{j.Organisation.UUID, j.Connection.UUID}, &n)
		return n, err
	}
	if _, err := fetch(t, "SELECT count(*) FROM job_people WHERE organisation_id = ? AND job_id = ?", []any{j.Organisation.UUID, j.ID.UUID}, &n); err != nil || len(groups) == 0 {
		return n, err
	}
	var below, claimed int
	_, err := fetch(t, "SELECT count(*) FROM "+dossiers(t).among("memberships m", "m.organisation_id = ? AND m.group_id = listed.id AND m.member_kind = 1"),
		[]any{uuids(groups), j.Organisation.UUID}, &below)
	if err != nil {
		return n, err
	}
	_, err = fetch(t, "SELECT count(*) FROM "+dossiers(t).among("claimed_groups m", "m.organisation_id = ? AND m.group_id = listed.id"),
		[]any{uuids(groups), j.Organisation.UUID}, &claimed)
	return n + below + claimed, err
}

func (t jobs) Get(org domain.OrganisationID, id domain.JobID) (domain.Job, error) {
	j, found, err := t.one(t.query, "j.organisation_id = ? AND j.job_id = ?", org.UUID, id.UUID)
	if err == nil && !found {
		err = notFound("job")
	}
	return j, err
}

func (t jobs) List(org domain.OrganisationID, before domain.JobID, limit int) ([]domain.Job, error) {
	where, args := "j.organisation_id = ?", []any{org.UUID}
	if before.UUID != uuid.Nil {
		where += " AND j.job_id < ?"
		args = append(args, before.UUID)
	}
	return t.rows(t.query, where+" ORDER BY j.job_id DESC LIMIT ?", append(args, limit)...)
}
