package persistence

import (
	"usher/domain"
	"usher/domain/attribute"
)

// relation is a multi-valued complex attribute whose elements are rows of other tables.
type relation struct {
	from         func(d dialect, index string) string // FROM; for SQLite so that it begins with the index of a seek
	where        string                               // " AND …": when a row counts
	organisation string                               // the organisation's column
	owner        string                               // the column with the id of the resource whose elements the rows are
	first        string                               // the column in whose order the elements are listed
	columns      func(sub string) column

	// Where only elements with a value have a row (others exist in the document alone), partial is the name of that
	// sub-attribute, document the column and name the attribute: rows then prove only what implies a value.
	partial, document, name string
}

// of is the attribute sub of the elements.
func (r *relation) of(sub string) column {
	if sub == "" {
		return r
	}
	return relationColumn{r, sub}
}

// element holds when one row satisfies where.
func (r *relation) element(t *translator, where domain.Predicate) condition {
	if r.partial != "" && !r.impliesValue(where, false) {
		return unknown()
	}
	return r.exists(t, t.translate(where, false, r.relative))
}

// relative finds the column of an attribute named as inside an Element.
func (r *relation) relative(p domain.Path) column {
	if p.URN == "" && p.Name == "" {
		if c := r.columns(p.Sub); c != nil {
			return within{c}
		}
	}
	return within{}
}

// within is a column of rows: what it does not answer is not looked for in the document of the resource, which has
// other rows too, or none of them.
type within struct{ column }

func (w within) test(t *translator, l leaf) condition {
	if w.column == nil {
		return unknown()
	}
	return w.column.test(t, l)
}

// impliesValue reports that only an element with a value can satisfy where.
func (r *relation) impliesValue(where domain.Predicate, negate bool) bool {
	every := func(terms []domain.Predicate) bool {
		for _, term := range terms {
			if !r.impliesValue(term, negate) {
				return false
			}
		}
		return true
	}
	some := func(terms []domain.Predicate) bool {
		for _, term := range terms {
			if r.impliesValue(term, negate) {
				return true
			}
		}
		return false
	}
	isValue := func(p domain.Path) bool { return p.URN == "" && p.Name == "" && p.Sub == r.partial }
	switch where := where.(type) {
	case domain.And:
		if negate {
			return every(where.Terms)
		}
		return some(where.Terms)
	case domain.Or:
		if negate {
			return some(where.Terms)
		}
		return every(where.Terms)
	case domain.Not:
		return r.impliesValue(where.Term, !negate)
	case domain.Compare:
		return isValue(where.Attribute.Path) && leaf{&where}.never(negate)
	case domain.Present:
		return isValue(where.Attribute.Path) && leaf{}.never(negate)
	}
	return false
}

// exists holds for a resource that has a row for which the condition holds.
func (r *relation) exists(t *translator, of condition) condition {
	if of.sql == sqlFalse {
		return of
	}
	and := ""
	if of.sql != sqlTrue {
		and = " AND " + of.sql
	}
	is := condition{
		sql: "EXISTS (SELECT 1 FROM " + r.from(t.dialect, "") + " WHERE " + r.organisation + " = " + t.table.alias + ".organisation_id AND " +
			r.owner + " = " + t.table.id + r.where + and + ")",
		args: of.args, exact: of.exact,
	}
	if of.seek == nil {
		return is
	}
	if of.seek.keys != nil { // they are keys of the resources already
		is.seek = of.seek
		return is
	}
	in := condition{
		sql:  t.table.id + " IN (SELECT " + r.owner + " FROM " + r.from(t.dialect, of.seek.index) + " WHERE " + r.organisation + " = ?" + r.where + and + ")",
		args: append([]any{t.scope.Organisation.UUID}, of.args...), exact: of.exact,
	}
	in = t.found(in, of.seek.rank, t.page())
	if t.dialect == postgres || of.seek.rank <= few {
		return in
	}
	is.seek = &seek{rank: of.seek.rank, just: is.sql, keys: in.seek.keys}
	return is
}

// test of the attribute itself, whose values are complex.
func (r *relation) test(t *translator, l leaf) condition {
	complexValue := attribute.NewComplex(attribute.Member{Name: "value", Value: attribute.NewString("x")})
	with, without := l.holds(complexValue), l.holds(attribute.Value{})
	if with == without {
		return constant(with)
	}
	return signed(r.present(t), without)
}

// present holds for a resource that has an element at all.
func (r *relation) present(t *translator) condition {
	is := r.exists(t, constant(true))
	if r.partial == "" {
		return is
	}
	sql := "(instr(" + r.document + `, '"` + r.name + `":') > 0 AND json_type(` + r.document + ", '$." + r.name + "') IS NOT NULL)"
	if t.dialect == postgres {
		sql = "(strpos(" + r.document + `, '"` + r.name + `":') > 0 AND CAST(` + r.document + " AS json) -> '" + r.name + "' IS NOT NULL)"
	}
	return either([]condition{is, {sql: sql, exact: true}})
}

// order of the attribute itself: there is nothing to sort by in a complex value.
func (r *relation) order(*translator, domain.Attribute) *ordering { return nil }

// relationColumn is a sub-attribute of all elements: a leaf holds when it does for any one.
type relationColumn struct {
	*relation
	sub string
}

func (c relationColumn) test(t *translator, l leaf) condition {
	of := c.columns(c.sub)
	if c.partial != "" {
		if c.sub != c.partial || !l.never(false) {
			return unknown() // an element without a row may satisfy it
		}
		return c.exists(t, of.test(t, l))
	}
	if none, ok := of.(choice); ok && len(none) == 1 && none[0].values[0].Kind() == attribute.Null {
		return of.test(t, l) // without a value in any element
	}
	some := c.exists(t, of.test(t, l))
	if !l.holds(attribute.Value{}) {
		return some
	}
	return either([]condition{some, signed(c.present(t), true)})
}

// order by the first element, since no element of these relations is primary.
func (c relationColumn) order(t *translator, by domain.Attribute) *ordering {
	if c.partial != "" {
		return nil
	}
	o := c.columns(c.sub).order(t, by)
	if o == nil || o.number {
		return nil
	}
	o.sql = "(SELECT " + o.sql + " FROM " + c.from(t.dialect, "") + " WHERE " + c.organisation + " = " + t.table.alias + ".organisation_id AND " +
		c.owner + " = " + t.table.id + c.where + " ORDER BY " + c.first + " LIMIT 1)"
	o.index, o.optional, o.values = "", true, nil
	return o
}
