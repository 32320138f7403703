package persistence

import (
	"time"

	"usher/domain"
	"usher/domain/attribute"
)

type records struct{ session }

// Owns is on the way of everybody who goes. An optimistic attempt on PostgreSQL does not wait for the answer: it divides by
// zero, which undoes the attempt, when there are records.
func (t records) Owns(org domain.OrganisationID, user domain.UserID) (bool, error) {
	const owned = "EXISTS (SELECT 1 FROM records WHERE organisation_id = ? AND owner_id = ?)"
	if p, ok := t.session.(*postgresWrite); ok && p.optimistic() {
		return false, p.guarded("SELECT 1/(CASE WHEN "+owned+" THEN 0 ELSE 1 END)", org.UUID, user.UUID)
	}
	owns := false
	_, err := fetch(t, "SELECT "+owned, []any{org.UUID, user.UUID}, &owns)
	return owns, err
}

func (t records) Share(org domain.OrganisationID, users []domain.UserID) ([]domain.HeldPerson, error) {
	return t.held(org, users, " FOR SHARE OF u")
}

func (t records) Hold(org domain.OrganisationID, user domain.UserID) (domain.HeldPerson, error) {
	held, err := t.held(org, []domain.UserID{user}, " FOR NO KEY UPDATE OF u")
	if err != nil {
		return domain.HeldPerson{}, err
	}
	if len(held) == 0 {
		return domain.HeldPerson{}, notFound("user")
	}
	return held[0], nil
}

// held reads people under a lock; SQLite has one writer.
func (t records) held(org domain.OrganisationID, users []domain.UserID, lock string) ([]domain.HeldPerson, error) {
	if t.dialect() == sqlite {
		lock = ""
	}
	var list []domain.HeldPerson
	err := t.inside("SELECT u.user_id, CASE WHEN u.archived_at IS NULL THEN u.status ELSE '' END FROM users u WHERE u.organisation_id = ? AND u.user_id"+
		amongUsers(users)+" ORDER BY u.user_id"+lock, usersArgs(org, users), func(r row) error {
		var h domain.HeldPerson
		var status string
		err := r.Scan(&h.ID.UUID, &status)
		h.Status = domain.Status(status)
		list = append(list, h)
		return err
	})
	return list, err
}

func (t records) Get(org domain.OrganisationID, key domain.RecordKey) (domain.Record, error) {
	r := domain.Record{RecordKey: key}
	var since int64
	found, err := fetch(t, "SELECT owner_id, since FROM records WHERE organisation_id = ? AND kind = ? AND record_id = ?",
		[]any{org.UUID, key.Kind, key.ID}, &r.Owner.UUID, &since)
	if err == nil && !found {
		err = notFound("record")
	}
	r.Since = instant(since)
	return r, err
}

// toldRecords is the FROM item, with one parameter (see recordsArg), under which records are joined as told.kind, told.id and
// told.owner.
func toldRecords(d dialect) string {
	if d == postgres {
		return "json_to_recordset(?::json) AS told(kind text, id text, owner uuid)"
	}
	return "(SELECT json_extract(value, '$.kind') AS kind, json_extract(value, '$.id') AS id, json_extract(value, '$.owner') AS owner FROM json_each(?)) AS told"
}

func recordsArg(list []domain.Record) string {
	items := make([]attribute.Value, len(list))
	for i, r := range list {
		items[i] = attribute.NewComplex(
			attribute.Member{Name: "kind", Value: attribute.NewString(r.Kind)}, attribute.Member{Name: "id", Value: attribute.NewString(r.ID)},
			attribute.Member{Name: "owner", Value: attribute.NewString(r.Owner.String())})
	}
	return string(attribute.AppendJSON(nil, attribute.NewList(items...)))
}

func (t records) Differing(org domain.OrganisationID, list []domain.Record) (created, moved int, err error) {
	_, err = fetch(t, `SELECT COALESCE(CAST(SUM(CASE WHEN r.owner_id IS NULL THEN 1 ELSE 0 END) AS bigint), 0),
COALESCE(CAST(SUM(CASE WHEN r.owner_id <> told.owner THEN 1 ELSE 0 END) AS bigint), 0)
FROM `+toldRecords(t.dialect())+` LEFT JOIN records r ON r.organisation_id = ? AND r.kind = told.kind AND r.record_id = told.id`,
		[]any{recordsArg(list), org.UUID}, &created, &moved)
	return created, moved, err
}

func (t records) Put(org domain.OrganisationID, list []domain.Record) error {
	return t.exec(`INSERT INTO records (organisation_id, kind, record_id, owner_id, since)
SELECT `+castID(t.dialect())+`, told.kind, told.id, told.owner, `+castBig(t.dialect())+` FROM `+toldRecords(t.dialect())+` WHERE true
ON CONFLICT (organisation_id, kind, record_id) DO UPDATE SET owner_id = excluded.owner_id, since = excluded.since
WHERE records.owner_id <> excluded.owner_id`, org.UUID, list[0].Since.UnixMilli(), recordsArg(list))
}

func (t records) Remove(org domain.OrganisationID, keys []domain.RecordKey) (int, error) {
	list := make([]domain.Record, len(keys))
	for i, k := range keys {
		list[i].RecordKey = k
	}
	n := 0
	err := t.inside("DELETE FROM records WHERE organisation_id = ? AND (kind, record_id) IN (SELECT told.kind, told.id FROM "+toldRecords(t.dialect())+") RETURNING 1",
		[]any{org.UUID, recordsArg(list)}, func(row) error {
			n++
			return nil
		})
	return n, err
}

func (t records) Of(org domain.OrganisationID, owner domain.UserID, kind string, after domain.RecordKey, limit int) ([]domain.Record, error) {
	sql := "SELECT kind, record_id, since FROM records WHERE organisation_id = ? AND owner_id = ? AND (kind, record_id) > (?, ?)"
	args := []any{org.UUID, owner.UUID, after.Kind, after.ID}
	if kind != "" {
		sql += " AND kind = ?"
		args = append(args, kind)
	}
	var list []domain.Record
	err := t.query(sql+" ORDER BY kind, record_id LIMIT ?", append(args, limit), func(r row) error {
		found := domain.Record{Owner: owner}
		var since int64
		err := r.Scan(&found.Kind, &found.ID, &since)
		found.Since = instant(since)
		list = append(list, found)
		return err
	})
	return list, err
}

func (t records) Counts(org domain.OrganisationID, owner domain.UserID) (domain.RecordCounts, error) {
	var counts domain.RecordCounts
	err := t.query(`SELECT kind, CAST(count(*) AS bigint) AS n, CAST(SUM(count(*)) OVER () AS bigint) FROM records
WHERE organisation_id = ? AND owner_id = ? GROUP BY kind ORDER BY n DESC, kind LIMIT ?`,
		[]any{org.UUID, owner.UUID, domain.MaxRecordKinds}, func(r row) error {
			var k domain.RecordCount
			err := r.Scan(&k.Kind, &k.N, &counts.Total)
			counts.Kinds = append(counts.Kinds, k)
			return err
		})
	return counts, err
}

func (t records) Transfer(org domain.OrganisationID, from, to domain.UserID, at time.Time) error {
	err := t.exec("UPDATE records SET owner_id = ?, since = ? WHERE organisation_id = ? AND owner_id = ?", to.UUID, at.UnixMilli(), org.UUID, from.UUID)
	if err != nil {
		return err
	}
	return t.exec("DELETE FROM records_left WHERE organisation_id = ? AND user_id = ?", org.UUID, from.UUID)
}

func (t records) Leave(org domain.OrganisationID, user domain.UserID, at time.Time) error {
	return t.exec(`INSERT INTO records_left (organisation_id, user_id, since) VALUES (?, ?, ?)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET since = excluded.since`, org.UUID, user.UUID, at.UnixMilli())
}

func (t records) Left(org domain.OrganisationID, after domain.UserID, limit int) ([]domain.LeftRecords, error) {
	var list []domain.LeftRecords
	err := t.query(`SELECT l.since, COALESCE(u.archived_at, 0), `+userColumnsAlone+` FROM records_left l
JOIN users u ON u.organisation_id = l.organisation_id AND u.user_id = l.user_id
WHERE l.organisation_id = ? AND l.user_id > ? AND u.status = 'inactive'
AND EXISTS (SELECT 1 FROM records r WHERE r.organisation_id = l.organisation_id AND r.owner_id = l.user_id) ORDER BY l.user_id LIMIT ?`,
		[]any{org.UUID, idOrLowest(after.UUID), limit}, func(r row) error {
			var since, archived int64
			u, err := scanUser(&head{row: r, dest: []any{&since, &archived}})
			u.ArchivedAt = instant(archived)
			list = append(list, domain.LeftRecords{User: u, Since: instant(since)})
			return err
		})
	for i := range list {
		if err == nil {
			list[i].Counts, err = t.Counts(org, list[i].User.ID)
		}
	}
	return list, err
}

// head scans columns before those that the nouns know.
type head struct {
	row

	dest []any
}

// Scan implements row.
func (h *head) Scan(dest ...any) error { return h.row.Scan(append(h.dest, dest...)...) }
