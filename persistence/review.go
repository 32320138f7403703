package persistence

import (
	"strconv"

	"usher/domain"
	"usher/domain/attribute"
)

type reviews struct{ session }

func (t reviews) Plan(org domain.OrganisationID) (domain.ReviewPlan, error) {
	p := domain.DefaultReviewPlan()
	every := string(p.Every)
	_, err := fetch(t, "SELECT every, version FROM review_plans WHERE organisation_id = ?", []any{org.UUID}, &every, &p.Version)
	p.Every = domain.ReviewEvery(every)
	return p, err
}

func (t reviews) SavePlan(org domain.OrganisationID, was, is domain.ReviewPlan) error {
	return t.touch(errStale, `INSERT INTO review_plans (organisation_id, every, version) VALUES (?, ?, ?)
ON CONFLICT (organisation_id) DO UPDATE SET every = excluded.every, version = excluded.version WHERE review_plans.version = ?`,
		org.UUID, string(is.Every), is.Version, was.Version)
}

func (t reviews) Open(r domain.Review) (opened bool, err error) {
	err = t.inside(`INSERT INTO reviews (organisation_id, review_id, due_at, opened_at, version) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, due_at) DO NOTHING RETURNING 1`,
		[]any{r.Organisation.UUID, r.ID.UUID, r.DueAt.UnixMilli(), r.OpenedAt.UnixMilli(), r.Version}, func(row) error {
			opened = true
			return nil
		})
	return opened, err
}

const reviewColumns = `r.review_id, r.due_at, r.opened_at, r.after_user_id, COALESCE(r.made_at, 0), COALESCE(r.signed_at, 0),
COALESCE(r.signed_kind, ''), r.signed_by, r.version`

func scanReview(r row, org domain.OrganisationID, more ...any) (domain.Review, error) {
	v := domain.Review{Organisation: org}
	var due, opened, made, signed int64
	err := r.Scan(append([]any{&v.ID.UUID, &due, &opened, &v.After.UUID, &made, &signed, &v.SignedBy.Kind, &v.SignedBy.ID, &v.Version}, more...)...)
	v.DueAt, v.OpenedAt, v.MadeAt, v.SignedAt = instant(due), instant(opened), instant(made), instant(signed)
	return v, err
}

func (t reviews) Claim(org domain.OrganisationID, id domain.ReviewID) (domain.Review, error) {
	sql := "SELECT " + reviewColumns + " FROM reviews r WHERE r.organisation_id = ? AND r.review_id = ?"
	if t.dialect() == postgres {
		sql += " FOR UPDATE" // SQLite has one writer
	}
	var v domain.Review
	found := false
	err := t.inside(sql, []any{org.UUID, id.UUID}, func(r row) (err error) {
		found = true
		v, err = scanReview(r, org)
		return err
	})
	if err == nil && !found {
		err = notFound("review")
	}
	return v, err
}

func (t reviews) Save(r domain.Review) error {
	return t.exec(`UPDATE reviews SET after_user_id = ?, made_at = ?, signed_at = ?, signed_kind = ?, signed_by = ?, version = ?
WHERE organisation_id = ? AND review_id = ?`, r.After.UUID, millis(r.MadeAt), millis(r.SignedAt), r.SignedBy.Kind, r.SignedBy.ID, r.Version,
		r.Organisation.UUID, r.ID.UUID)
}

func (t reviews) Get(org domain.OrganisationID, id domain.ReviewID) (domain.Review, error) {
	var v domain.Review
	found := false
	err := t.query("SELECT "+reviewColumns+`, (SELECT CAST(count(*) AS bigint) FROM review_findings f WHERE f.organisation_id = r.organisation_id AND f.review_id = r.review_id),
(SELECT CAST(count(*) AS bigint) FROM review_findings f WHERE f.organisation_id = r.organisation_id AND f.review_id = r.review_id AND f.decision IS NULL)
FROM reviews r WHERE r.organisation_id = ? AND r.review_id = ?`, []any{org.UUID, id.UUID}, func(r row) (err error) {
		found = true
		var all, open int
		v, err = scanReview(r, org, &all, &open)
		v.Findings, v.Decided = all, all-open
		return err
	})
	if err == nil && !found {
		err = notFound("review")
	}
	return v, err
}

func (t reviews) List(org domain.OrganisationID, before domain.ReviewID, limit int) ([]domain.Review, error) {
	sql, args := "SELECT "+reviewColumns+" FROM reviews r WHERE r.organisation_id = ?", []any{org.UUID}
	if !before.IsZero() {
		sql += " AND r.review_id < ?"
		args = append(args, before.UUID)
	}
	var list []domain.Review
	err := t.query(sql+" ORDER BY r.review_id DESC LIMIT ?", append(args, limit), func(r row) error {
		v, err := scanReview(r, org)
		list = append(list, v)
		return err
	})
	return list, err
}

func (t reviews) Unmade(org domain.OrganisationID) ([]domain.ReviewID, error) {
	var list []domain.ReviewID
	err := t.query("SELECT review_id FROM reviews WHERE organisation_id = ? AND made_at IS NULL ORDER BY review_id", []any{org.UUID}, func(r row) error {
		var id domain.ReviewID
		err := r.Scan(&id.UUID)
		list = append(list, id)
		return err
	})
	return list, err
}

// reviewedSQL reads people in order of id, each with what a review asks about them.
const reviewedSQL = `SELECT u.user_id, u.status, u.owner, u.connection_id IS NOT NULL, u.created_at, COALESCE(u.accepted_at, 0),
COALESCE(i.accessed_at, 0), COALESCE(i.restarted_at, 0), r.user_id IS NOT NULL, r.object_id, p.user_id IS NOT NULL, p.object_id,
EXISTS (SELECT 1 FROM assignments q WHERE q.organisation_id = u.organisation_id AND q.user_id = u.user_id AND q.kind = 'queue'),
COALESCE(x.granted, '') NOT IN ('', '{}') OR COALESCE(x.revoked, '') NOT IN ('', '{}')
FROM users u
LEFT JOIN inactivity i ON i.organisation_id = u.organisation_id AND i.user_id = u.user_id
LEFT JOIN assignments r ON r.organisation_id = u.organisation_id AND r.user_id = u.user_id AND r.kind = 'role' AND r.slot = ''
LEFT JOIN assignments p ON p.organisation_id = u.organisation_id AND p.user_id = u.user_id AND p.kind = 'profile' AND p.slot = ''
LEFT JOIN user_access x ON x.organisation_id = u.organisation_id AND x.user_id = u.user_id
WHERE u.organisation_id = ? AND u.user_id > ? AND u.archived_at IS NULL AND u.status <> 'inactive' ORDER BY u.user_id LIMIT ?`

func (t reviews) People(org domain.OrganisationID, after domain.UserID, limit int) ([]domain.Reviewed, error) {
	var list []domain.Reviewed
	err := t.query(reviewedSQL, []any{org.UUID, idOrLowest(after.UUID), limit}, func(r row) error {
		var p domain.Reviewed
		var status string
		var created, accepted, seen, restarted int64
		err := r.Scan(&p.User.UUID, &status, &p.Owner, &p.Directory, &created, &accepted, &seen, &restarted, &p.RoleSet, &p.Role.UUID,
			&p.ProfileSet, &p.Profile.UUID, &p.Queue, &p.Overrides)
		p.Status, p.CreatedAt, p.AcceptedAt = domain.Status(status), instant(created), instant(accepted)
		p.SeenAt, p.RestartedAt = instant(seen), instant(restarted)
		list = append(list, p)
		return err
	})
	return list, err
}

func (t reviews) Put(org domain.OrganisationID, review domain.ReviewID, findings []domain.ReviewFinding) error {
	items := make([]attribute.Value, len(findings))
	for i, f := range findings {
		items[i] = attribute.NewComplex(
			attribute.Member{Name: "person", Value: attribute.NewString(f.User.String())},
			attribute.Member{Name: "finding", Value: attribute.NewString(string(f.Finding))})
		if !f.Since.IsZero() {
			items[i].Set("since", attribute.NewNumber(strconv.FormatInt(f.Since.UnixMilli(), 10)))
		}
	}
	from := "json_to_recordset(?::json) AS told(person uuid, finding text, since bigint)"
	if t.dialect() == sqlite {
		from = `(SELECT json_extract(value, '$.person') AS person, json_extract(value, '$.finding') AS finding, json_extract(value, '$.since') AS since FROM json_each(?)) AS told`
	}
	return t.exec(`INSERT INTO review_findings (organisation_id, review_id, user_id, finding, since)
SELECT `+castID(t.dialect())+`, `+castID(t.dialect())+`, told.person, told.finding, told.since FROM `+from+` WHERE true
ON CONFLICT (organisation_id, review_id, user_id, finding) DO NOTHING`, org.UUID, review.UUID, string(attribute.AppendJSON(nil, attribute.NewList(items...))))
}

func (t reviews) Findings(org domain.OrganisationID, q domain.FindingQuery) ([]domain.ReviewFinding, error) {
	sql := `SELECT f.user_id, f.finding, COALESCE(f.since, 0), COALESCE(f.decision, ''), f.note, COALESCE(f.decided_at, 0), COALESCE(f.decided_kind, ''),
f.decided_by, u.user_name, COALESCE(u.display_name, ''), CASE WHEN u.archived_at IS NULL THEN u.status ELSE '' END
FROM review_findings f JOIN users u ON u.organisation_id = f.organisation_id AND u.user_id = f.user_id
WHERE f.organisation_id = ? AND f.review_id = ? AND (f.user_id, f.finding) > (` + cast(t.dialect(), "uuid") + `, ?)`
	args := []any{org.UUID, q.Review.UUID, idOrLowest(q.After.User.UUID), string(q.After.Finding)}
	if q.Finding != "" {
		sql += " AND f.finding = ?"
		args = append(args, string(q.Finding))
	}
	switch {
	case q.Open == nil:
	case *q.Open:
		sql += " AND f.decision IS NULL"
	default:
		sql += " AND f.decision IS NOT NULL"
	}
	var list []domain.ReviewFinding
	err := t.query(sql+" ORDER BY f.user_id, f.finding LIMIT ?", append(args, q.Limit), func(r row) error {
		var f domain.ReviewFinding
		var finding, verdict, status string
		var since, decided int64
		err := r.Scan(&f.User.UUID, &finding, &since, &verdict, &f.Note, &decided, &f.DecidedBy.Kind, &f.DecidedBy.ID, &f.UserName, &f.DisplayName, &status)
		f.Finding, f.Verdict, f.Status = domain.Finding(finding), domain.Verdict(verdict), domain.Status(status)
		f.Since, f.DecidedAt = instant(since), instant(decided)
		list = append(list, f)
		return err
	})
	return list, err
}

func (t reviews) Decide(org domain.OrganisationID, review domain.ReviewID, f domain.ReviewFinding) error {
	return t.touch(notFound("finding"), `UPDATE review_findings SET decision = ?, note = ?, decided_at = ?, decided_kind = ?, decided_by = ?
WHERE organisation_id = ? AND review_id = ? AND user_id = ? AND finding = ?`, string(f.Verdict), f.Note, f.DecidedAt.UnixMilli(), f.DecidedBy.Kind,
		f.DecidedBy.ID, org.UUID, review.UUID, f.User.UUID, string(f.Finding))
}

func (t reviews) Undecided(org domain.OrganisationID, review domain.ReviewID) (int, error) {
	var n int
	_, err := fetch(t, "SELECT CAST(count(*) AS bigint) FROM review_findings WHERE organisation_id = ? AND review_id = ? AND decision IS NULL",
		[]any{org.UUID, review.UUID}, &n)
	return n, err
}
