package persistence

import (
	"strings"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
)

// personColumn finds what answers an attribute that administrators search by.
func personColumn(p domain.Path) column {
	switch p.Name {
	case "role", "profile", "team", "queue":
		return givenRows(p.Name).of(p.Sub)
	}
	if p.Sub != "" {
		return nil
	}
	switch p.Name {
	case "manager":
		return managerColumn{}
	case "status":
		return textColumn{sql: "u.status", caseExact: true}
	case "licence":
		return textColumn{sql: "u.licence", caseExact: true}
	case "directory":
		return choice{
			{"u.connection_id IS NOT NULL", []attribute.Value{attribute.NewBool(true)}},
			{"u.connection_id IS NULL", []attribute.Value{attribute.NewBool(false)}},
		}
	case "owner":
		return flagColumn{"u.owner", "users_owners"}
	case "blocked":
		return sideRows{from: "user_blocks b", alias: "b"}
	case "waiting":
		return sideRows{from: "waiting_people w", alias: "w"}
	case "lastSeen":
		return seenColumn{}
	}
	return nil
}

// givenRows are the assignments of a person of one kind. One without a value says that it was decided that they have none.
func givenRows(kind string) *relation {
	return &relation{
		from:  func(d dialect, index string) string { return "assignments a" + indexedBy(d, index) },
		where: " AND a.kind = '" + kind + "'", organisation: "a.organisation_id", owner: "a.user_id", first: "a.slot",
		columns: func(sub string) column {
			switch sub {
			case "value":
				return givenColumn{}
			case "source":
				return textColumn{sql: "a.source", caseExact: true, ofRows: true}
			}
			return nothing()
		},
	}
}

// givenColumn is what is given, which may be nothing.
type givenColumn struct{}

func (givenColumn) test(t *translator, l leaf) condition {
	if l.compare == nil {
		return condition{sql: "a.object_id IS NOT NULL", exact: true}
	}
	if l.compare.Operator != domain.Equal || l.compare.Operand.Value.Kind() != attribute.String {
		return unknown()
	}
	return idColumn{sql: "a.object_id", index: "assignments_object", rank: some, ofRows: true}.test(t, l)
}

func (givenColumn) order(*translator, domain.Attribute) *ordering { return nil }

// flagColumn is a truth value of the table itself that few rows have, with the index of those.
type flagColumn struct{ sql, index string }

func (c flagColumn) test(t *translator, l leaf) condition {
	yes, no := l.holds(attribute.NewBool(true)), l.holds(attribute.NewBool(false))
	switch {
	case yes == no:
		return constant(yes)
	case no:
		return condition{sql: "NOT " + c.sql, exact: true}
	}
	return t.found(condition{sql: c.sql, exact: true}, some, c.index)
}

func (c flagColumn) order(*translator, domain.Attribute) *ordering { return nil }

// sideRows is whether a person has a row in a table beside people, of which there are few.
type sideRows struct {
	from, alias string
	where       string // " AND …"
	args        []any
}

func (c sideRows) test(t *translator, l leaf) condition {
	yes, no := l.holds(attribute.NewBool(true)), l.holds(attribute.NewBool(false))
	if yes == no {
		return constant(yes)
	}
	return signed(c.has(t), no)
}

// has holds for people with a row.
func (c sideRows) has(t *translator) condition {
	in := condition{
		sql:  t.table.id + " IN (SELECT " + c.alias + ".user_id FROM " + c.from + " WHERE " + c.alias + ".organisation_id = ?" + c.where + ")",
		args: append([]any{t.scope.Organisation.UUID}, c.args...), exact: true,
	}
	in = t.found(in, some, t.page())
	if t.dialect == postgres {
		return in
	}
	is := condition{
		sql:  "EXISTS (SELECT 1 FROM " + c.from + " WHERE " + c.alias + ".organisation_id = u.organisation_id AND " + c.alias + ".user_id = u.user_id" + c.where + ")",
		args: c.args, exact: true,
	}
	is.seek = &seek{rank: some, just: is.sql, keys: in.seek.keys}
	return is
}

func (c sideRows) order(*translator, domain.Attribute) *ordering { return nil }

// seenColumn is when a person was here last, in whole milliseconds.
type seenColumn struct{}

func (seenColumn) test(t *translator, l leaf) condition {
	if l.compare == nil || l.compare.Operator != domain.GreaterOrEqual || l.compare.Attribute.Type != domain.TypeDateTime ||
		l.compare.Operand.Value.Kind() != attribute.String {
		return unknown()
	}
	since := l.compare.Operand.Time
	at := since.UnixMilli()
	if !instant(at).Equal(since) {
		at++
	}
	return sideRows{from: "inactivity i", alias: "i", where: " AND i.accessed_at >= ?", args: []any{at}}.has(t)
}

func (seenColumn) order(*translator, domain.Attribute) *ordering { return nil }

// personColumns are what scanPersonTree reads behind a person.
func personColumns(d dialect) string {
	const rows = " FROM assignments a WHERE a.organisation_id = u.organisation_id AND a.user_id = u.user_id"
	list := "string_agg(a.kind || ' ' || a.source || ' ' || COALESCE(CAST(a.object_id AS text), ''), ',' ORDER BY a.kind, a.slot)"
	if d == sqlite {
		list = "group_concat(a.kind || ' ' || a.source || ' ' || COALESCE(a.object_id, ''), ',')"
	}
	return ", COALESCE((SELECT " + list + rows + "), ''), EXISTS (SELECT 1 FROM user_blocks b WHERE b.organisation_id = u.organisation_id AND b.user_id = u.user_id)" +
		", EXISTS (SELECT 1 FROM waiting_people w WHERE w.organisation_id = u.organisation_id AND w.user_id = u.user_id)" +
		", COALESCE((SELECT i.accessed_at FROM inactivity i WHERE i.organisation_id = u.organisation_id AND i.user_id = u.user_id), 0)"
}

// personRow is what personColumns yields.
type personRow struct {
	given            string
	blocked, waiting bool
	seen             int64
}

// tree is what administrators search people by.
func (p personRow) tree(u *domain.User) attribute.Value {
	tree := attribute.NewComplex(
		attribute.Member{Name: "status", Value: attribute.NewString(string(u.Status))},
		attribute.Member{Name: "licence", Value: attribute.NewString(u.Licence)},
		attribute.Member{Name: "directory", Value: attribute.NewBool(u.Connection.UUID != uuid.Nil)},
		attribute.Member{Name: "owner", Value: attribute.NewBool(u.Owner)},
		attribute.Member{Name: "blocked", Value: attribute.NewBool(p.blocked)},
		attribute.Member{Name: "waiting", Value: attribute.NewBool(p.waiting)})
	if u.ManagerRef != nil {
		tree.Set("manager", attribute.NewString(u.ManagerRef.ID.String()))
	}
	if p.seen != 0 {
		tree.Set("lastSeen", attribute.NewString(instant(p.seen).Format(instantForm)))
	}
	given := map[string][]attribute.Value{}
	for one := range strings.SplitSeq(p.given, ",") {
		parts := strings.Split(one, " ")
		if len(parts) != 3 {
			continue
		}
		element := attribute.NewComplex(attribute.Member{Name: "source", Value: attribute.NewString(parts[1])})
		if parts[2] != "" {
			element.Set("value", attribute.NewString(parts[2]))
		}
		given[parts[0]] = append(given[parts[0]], element)
	}
	for kind, list := range given {
		tree.Set(kind, attribute.NewList(list...))
	}
	return tree
}
