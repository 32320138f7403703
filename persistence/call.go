package persistence

import (
	"strconv"

	"usher/domain"
	"usher/domain/attribute"
)

type calls struct{ session }

// toldCalls is the FROM item, with one parameter (see callsArg), under which days are joined as told.day, told.person and
// told.handled.
func toldCalls(d dialect) string {
	if d == postgres {
		return "json_to_recordset(?::json) AS told(day text, person uuid, handled bigint)"
	}
	return "(SELECT json_extract(value, '$.day') AS day, json_extract(value, '$.person') AS person, json_extract(value, '$.handled') AS handled FROM json_each(?)) AS told"
}

func callsArg(days []domain.CallDay) string {
	items := make([]attribute.Value, len(days))
	for i, d := range days {
		items[i] = attribute.NewComplex(
			attribute.Member{Name: "day", Value: attribute.NewString(string(d.Day))},
			attribute.Member{Name: "person", Value: attribute.NewString(d.User.String())},
			attribute.Member{Name: "handled", Value: attribute.NewNumber(strconv.Itoa(d.Handled))})
	}
	return string(attribute.AppendJSON(nil, attribute.NewList(items...)))
}

func (t calls) Differing(org domain.OrganisationID, days []domain.CallDay) (int, error) {
	var n int
	_, err := fetch(t, `SELECT CAST(count(*) AS bigint) FROM `+toldCalls(t.dialect())+` LEFT JOIN call_statistics c
ON c.organisation_id = ? AND c.day = told.day AND c.user_id = told.person WHERE c.handled IS NULL OR c.handled <> told.handled`,
		[]any{callsArg(days), org.UUID}, &n)
	return n, err
}

func (t calls) Put(org domain.OrganisationID, days []domain.CallDay) error {
	return t.exec(`INSERT INTO call_statistics (organisation_id, day, user_id, handled)
SELECT `+castID(t.dialect())+`, told.day, told.person, told.handled FROM `+toldCalls(t.dialect())+` WHERE true
ON CONFLICT (organisation_id, day, user_id) DO UPDATE SET handled = excluded.handled WHERE call_statistics.handled <> excluded.handled`,
		org.UUID, callsArg(days))
}

func (t calls) where(org domain.OrganisationID, q domain.CallQuery) (sql string, args []any) {
	sql, args = " FROM call_statistics WHERE organisation_id = ? AND day >= ? AND day <= ?", []any{org.UUID, string(q.From), string(q.To)}
	if !q.User.IsZero() {
		sql += " AND user_id = ?"
		args = append(args, q.User.UUID)
	}
	return sql, args
}

func (t calls) Of(org domain.OrganisationID, q domain.CallQuery) ([]domain.CallDay, error) {
	where, args := t.where(org, q)
	if q.After.Day != "" {
		where += " AND (day, user_id) > (?, ?)"
		args = append(args, string(q.After.Day), q.After.User.UUID)
	}
	var list []domain.CallDay
	err := t.query("SELECT day, user_id, handled"+where+" ORDER BY day, user_id LIMIT ?", append(args, q.Limit), func(r row) error {
		var d domain.CallDay
		var day string
		err := r.Scan(&day, &d.User.UUID, &d.Handled)
		d.Day = domain.Date(day)
		list = append(list, d)
		return err
	})
	return list, err
}

func (t calls) Summary(org domain.OrganisationID, q domain.CallQuery) (domain.CallSummary, error) {
	var s domain.CallSummary
	where, args := t.where(org, q)
	_, err := fetch(t, "SELECT CAST(COALESCE(SUM(handled), 0) AS bigint), CAST(count(DISTINCT user_id) AS bigint), CAST(count(DISTINCT day) AS bigint)"+where,
		args, &s.Handled, &s.People, &s.Days)
	return s, err
}
