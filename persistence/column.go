package persistence

import (
	"time"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
)

// column answers the leaves over one attribute, and may put resources in order by it.
type column interface {
	test(t *translator, l leaf) condition
	// order is nil when SQL cannot sort by the attribute as domain.SortKey says.
	order(t *translator, by domain.Attribute) *ordering
}

// table is what resources of one kind are rows of.
type table struct {
	name, alias string
	id          string // the column that every page is in the end in order of
	document    string
	page        string // the index in order of id within a connection
	key         string // SQLite: the one in order of id within an organisation
	counted     string // the kind in resource_counts
	words       string // SQLite: the table with the trigrams of its texts
	columns     attributes
}

// inScope is the condition under which a row may be seen: by a directory what its connection owns, and people whom it may
// adopt (rules link.scope, link.adopt), but no group that administrators declared.
func (t *table) inScope(scope domain.Scope) (sql string, args []any) {
	if scope.Adopting && t.counted == countUsers {
		sql, args = adoptable(scope)
		return t.alias + ".organisation_id = ? AND " + sql + " AND " + t.alias + ".archived_at IS NULL",
			append([]any{scope.Organisation.UUID}, args...)
	}
	if scope.Whole {
		return t.alias + ".organisation_id = ? AND " + t.alias + ".archived_at IS NULL", []any{scope.Organisation.UUID}
	}
	sql = t.alias + ".organisation_id = ? AND " + t.alias + ".connection_id = ? AND " + t.alias + ".archived_at IS NULL"
	if t.counted == countGroups && !scope.Declared {
		sql += " AND " + pushed(t.alias)
	}
	return sql, []any{scope.Organisation.UUID, scope.Connection.UUID}
}

// pushed is the condition under which a group is a directory's.
func pushed(alias string) string { return alias + ".claim_value IS NULL" }

// kept reports whether the number that is kept of a connection's resources is that of a scope.
func (t *table) kept(scope domain.Scope) bool {
	return !wide(scope) && (t.counted != countGroups || !scope.Declared)
}

// page is the index in order of id within the scope.
func (t *translator) page() string { return t.indexFor(t.table.page) }

// indexFor is the index that serves the scope in place of one: the order of id is another one's in a whole organisation.
func (t *translator) indexFor(index string) string {
	if wide(t.scope) && index == t.table.page {
		return t.table.key
	}
	return index
}

// idColumn is an identifier, which compares as its canonical text.
type idColumn struct {
	sql    string
	index  string
	rank   rank
	ofRows bool
}

func (c idColumn) test(t *translator, l leaf) condition {
	if l.compare != nil && l.compare.Operand.Value.Kind() == attribute.String && l.compare.Attribute.Type != domain.TypeDateTime {
		text := l.compare.Operand.Value.Text()
		if !l.compare.Attribute.CaseExact {
			text = attribute.Fold(text)
		}
		id, ok := domain.ParseID[domain.User](text)
		ok = ok && id.UUID != uuid.Nil
		switch operator := l.compare.Operator; {
		case operator == domain.Equal && !ok:
			return constant(false)
		case operator == domain.NotEqual && !ok:
			return constant(true)
		case operator == domain.NotEqual:
			return condition{sql: c.sql + " <> ?", args: []any{id.UUID}, exact: true}
		case operator == domain.Equal:
			is := condition{sql: c.sql + " = ?", args: []any{id.UUID}, exact: true}
			switch {
			case c.index == "":
			case c.ofRows:
				is.seek = &seek{rank: c.rank, index: c.index}
			default:
				is = t.found(is, c.rank, c.index)
			}
			return is
		}
	}
	caseExact := l.compare != nil && l.compare.Attribute.CaseExact // it has no case, so both are right
	return textColumn{sql: c.text(t.dialect), caseExact: caseExact}.test(t, l)
}

func (c idColumn) text(d dialect) string {
	if d == postgres {
		return collated(d, "CAST("+c.sql+" AS text)")
	}
	return c.sql
}

// instantColumn is a time in whole milliseconds, and always there.
type instantColumn struct{ sql string }

func (c instantColumn) test(_ *translator, l leaf) condition {
	switch {
	case l.compare == nil:
		return constant(true)
	case l.compare.Operand.Value.Kind() == attribute.Null:
		return constant(l.compare.Operator == domain.NotEqual)
	case l.compare.Attribute.Type != domain.TypeDateTime || isPart(l.compare.Operator):
		return unknown()
	}
	// The operand may lie between two milliseconds: at is the one before it.
	at := l.compare.Operand.Time.UnixMilli()
	whole := l.compare.Operand.Time.Equal(time.UnixMilli(at))
	operator := l.compare.Operator
	switch {
	case whole:
	case operator == domain.Equal:
		return constant(false)
	case operator == domain.NotEqual:
		return constant(true)
	case operator == domain.GreaterOrEqual:
		operator = domain.Greater
	case operator == domain.Less:
		operator = domain.LessOrEqual
	}
	return condition{sql: c.sql + operatorSQL[operator], args: []any{at}, exact: true}
}

// choice is an attribute with few values: which of them it has, SQL tells. The meaning of a leaf is asked for each.
type choice []alternative

// alternative holds where the attribute has one of the values, all of which the rows do not tell apart; the zero Value
// is absent.
type alternative struct {
	sql    string
	values []attribute.Value
}

func (c choice) test(t *translator, l leaf) condition {
	var terms []condition
	every, exact := true, true
	for _, a := range c {
		holds, fails := false, false
		for _, v := range a.values {
			if l.holds(v) {
				holds = true
			} else {
				fails = true
			}
		}
		every = every && holds
		exact = exact && (!holds || !fails)
		if holds {
			terms = append(terms, condition{sql: a.sql, exact: true})
		}
	}
	if every {
		return condition{sql: sqlTrue, exact: exact}
	}
	is := either(terms)
	is.exact = exact
	return is
}

// always is an attribute that has the same value in every row.
func always(v attribute.Value) choice { return choice{{sqlTrue, []attribute.Value{v}}} }

// nothing is an attribute that the store never has a value for.
func nothing() choice { return always(attribute.Value{}) }
