package persistence

import (
	"strings"

	"usher/domain"
	"usher/domain/attribute"
)

// condition is what SQL can say of a predicate. Its SQL may be NULL where the predicate does not hold.
type condition struct {
	sql   string
	args  []any
	exact bool  // it holds just where the predicate does; otherwise there, and perhaps elsewhere
	seek  *seek // how an index finds the rows; nil: none does
}

// The conditions that say nothing, and everything.
const (
	sqlTrue  = "TRUE"
	sqlFalse = "FALSE"
)

// unknown is the condition of a predicate that no column answers.
func unknown() condition { return condition{sql: sqlTrue} }

func constant(holds bool) condition {
	if holds {
		return condition{sql: sqlTrue, exact: true}
	}
	return condition{sql: sqlFalse, exact: true}
}

// translator makes SQL of predicates over one table, within one scope.
type translator struct {
	dialect dialect
	scope   domain.Scope
	table   *table
}

// attributes finds the column of an attribute; nil when there is none.
type attributes func(domain.Path) column

// where translates a predicate over resources: as far as there are columns for it. What the outcome does not say
// exactly has to be matched in Go (see scan).
func (t *translator) where(p domain.Predicate) condition {
	return t.translate(p, false, t.table.columns)
}

// translate carries negation down to the leaves, so that a conjunction narrows even under a Not.
func (t *translator) translate(p domain.Predicate, negate bool, find attributes) condition {
	switch p := p.(type) {
	case nil:
		return constant(!negate)
	case domain.And:
		return t.terms(p.Terms, negate, find, !negate)
	case domain.Or:
		return t.terms(p.Terms, negate, find, negate)
	case domain.Not:
		return t.translate(p.Term, !negate, find)
	case domain.Compare:
		return t.leaf(leaf{&p}, p.Attribute.Path, negate, find)
	case domain.Present:
		return t.leaf(leaf{}, p.Attribute.Path, negate, find)
	case domain.Element:
		r, ok := find(p.Attribute.Path).(*relation)
		switch {
		case ok:
			return signed(r.element(t, p.Where), negate)
		case !negate && t.isDocumentOnly(p.Attribute.Path):
			return t.translate(p.Where, false, nowhere)
		}
	}
	return unknown()
}

func (t *translator) terms(terms []domain.Predicate, negate bool, find attributes, all bool) condition {
	conditions := make([]condition, len(terms))
	for i, term := range terms {
		conditions[i] = t.translate(term, negate, find)
	}
	if all {
		return both(conditions...)
	}
	return either(conditions)
}

func (t *translator) leaf(l leaf, path domain.Path, negate bool, find attributes) condition {
	c := unknown()
	column := find(path)
	if column != nil {
		c = column.test(t, l)
	}
	_, ofRows := column.(within)
	if says := c.exact || c.sql != sqlTrue; !says && !negate && !ofRows && t.isDocumentOnly(path) {
		return t.inDocument(l)
	}
	return signed(c, negate)
}

// signed negates a condition when asked. Where SQL says NULL the predicate does not hold, so its negation does.
func signed(c condition, negate bool) condition {
	switch {
	case !negate:
		return c
	case !c.exact:
		return unknown()
	case c.sql == sqlTrue:
		return constant(false)
	case c.sql == sqlFalse:
		return constant(true)
	}
	return condition{sql: "(" + c.sql + ") IS NOT TRUE", args: c.args, exact: true}
}

// both is the conjunction: of conditions that say more than the predicate it still narrows.
func both(terms ...condition) condition {
	all := condition{exact: true}
	var said []string
	for _, c := range terms {
		if c.sql == sqlFalse {
			return c
		}
		all.exact = all.exact && c.exact
		if c.sql == sqlTrue {
			continue
		}
		said = append(said, c.sql)
		all.args = append(all.args, c.args...)
		all.seek = quicker(all.seek, c.seek)
	}
	if all.sql = strings.Join(said, " AND "); len(said) == 0 {
		all.sql = sqlTrue
	}
	if len(said) > 1 {
		all.sql = "(" + all.sql + ")"
	}
	return all
}

// either is the disjunction. It says nothing when one term says nothing.
func either(terms []condition) condition {
	all := condition{exact: true}
	var said []condition
	var texts []string
	for _, c := range terms {
		if c.sql == sqlTrue && c.exact {
			return c
		}
		all.exact = all.exact && c.exact
		if c.sql != sqlFalse {
			said = append(said, c)
			texts = append(texts, c.sql)
			all.args = append(all.args, c.args...)
		}
	}
	switch len(said) {
	case 0:
		all.sql = sqlFalse
		return all
	case 1:
		all.sql, all.seek = said[0].sql, said[0].seek
		return all
	}
	for _, c := range said {
		if c.sql == sqlTrue {
			return unknown()
		}
	}
	all.sql = "(" + strings.Join(texts, " OR ") + ")"
	all.seek = union(all.sql, said)
	return all
}

// leaf is a Compare, or a Present where compare is nil.
type leaf struct{ compare *domain.Compare }

// holds asks the domain what the leaf means for one value; the zero Value is absent.
func (l leaf) holds(v attribute.Value) bool {
	path := domain.Path{Name: "value"}
	resource := attribute.NewComplex(attribute.Member{Name: "value", Value: v})
	if l.compare == nil {
		return domain.Match(domain.Present{Attribute: domain.Attribute{Path: path}}, resource)
	}
	c := *l.compare
	c.Attribute.Path = path
	return domain.Match(c, resource)
}

// never reports that the leaf holds neither for an absent value nor for an empty text: for its negation the reverse.
func (l leaf) never(negate bool) bool {
	return l.holds(attribute.Value{}) == negate && l.holds(attribute.NewString("")) == negate
}
