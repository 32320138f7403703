package persistence

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"usher/domain"
	"usher/domain/attribute"
)

// ordering is how SQL puts resources in order: by a key where there is one, then by id. A resource without a key comes
// last when ascending and first when descending.
//
// The key of a domain.Position is the text or folded text itself; of an instant, the milliseconds since 1970 plus
// 2^63 in 20 digits; of a boolean, 0 or 1; for what is sorted in Go, domain.SortKey. In order of id it is empty.
//
// A text that is there but empty sorts as if there were none: the columns do not tell the two apart.
type ordering struct {
	sql        string // the key; empty in order of id alone, and where inGo
	inGo       bool   // the key is domain.SortKey
	number     bool   // the key is an integer
	optional   bool   // the key may be NULL
	descending bool
	index      string  // SQLite: the index that has this order
	nulls      bool    // the index has NULLs too
	values     []value // the keys there are, where they are few
}

// value is a key and the condition for rows that have it.
type value struct {
	sql   string
	key   string
	unset bool
}

// byID reports an order without a key.
func (o *ordering) byID() bool { return o.sql == "" && !o.inGo }

// ordering is how SQL sorts as asked; nil when it cannot.
func (t *translator) ordering(sort *domain.Sort) *ordering {
	if sort == nil {
		return &ordering{}
	}
	c := t.table.columns(sort.Attribute.Path)
	if c == nil {
		return nil
	}
	o := c.order(t, sort.Attribute)
	if o != nil {
		o.descending = sort.Descending
	}
	return o
}

// isText reports the types whose values domain.SortKey takes as text.
func isText(of domain.Type) bool {
	return of == domain.TypeString || of == domain.TypeReference || of == domain.TypeBinary
}

func (c textColumn) order(t *translator, by domain.Attribute) *ordering {
	if by.CaseExact && c.spelt != "" {
		return c.asSpelt(t.dialect).order(t, by)
	}
	if !isText(by.Type) || by.CaseExact != c.caseExact {
		return nil
	}
	o := &ordering{sql: c.sql, optional: c.optional != required}
	if !c.ofRows {
		o.index, o.nulls = c.index, !c.partial
	}
	return o
}

func (c idColumn) order(t *translator, by domain.Attribute) *ordering {
	switch {
	case !isText(by.Type):
		return nil
	case c.ofRows:
		return &ordering{sql: c.text(t.dialect)}
	}
	return &ordering{}
}

func (c instantColumn) order(_ *translator, by domain.Attribute) *ordering {
	if by.Type != domain.TypeDateTime {
		return nil
	}
	return &ordering{sql: c.sql, number: true}
}

func (c choice) order(_ *translator, by domain.Attribute) *ordering {
	by.Path = domain.Path{Name: "value"}
	o := &ordering{}
	var sql strings.Builder
	for _, a := range c {
		if len(a.values) != 1 {
			return nil
		}
		key, ok := domain.SortKey(attribute.NewComplex(attribute.Member{Name: "value", Value: a.values[0]}), by)
		o.values = append(o.values, value{sql: a.sql, key: key, unset: !ok})
		o.optional = o.optional || !ok
		if ok {
			sql.WriteString(" WHEN " + a.sql + " THEN '" + key + "'")
		}
	}
	if o.sql = "CASE" + sql.String() + " END"; sql.Len() == 0 {
		o.sql = "CAST(NULL AS text)"
	}
	return o
}

// segment is a stretch of an order: the rows that have no key, those with a certain one, or all that have one.
type segment struct {
	where condition
	keyed bool // rows are in order of their keys; otherwise all have key, or none where unset
	key   string
	unset bool
	index string
}

// segments cuts the order so that each part can be walked along an index: databases differ in where NULL is.
func (o *ordering) segments(t *translator) []segment {
	switch {
	case o.byID():
		return []segment{{where: constant(true), index: t.page()}}
	case o.values != nil:
		return o.valueSegments()
	case !o.optional:
		return []segment{{where: constant(true), keyed: true, index: o.index}}
	}
	set := segment{where: condition{sql: o.sql + " IS NOT NULL", exact: true}, keyed: true, index: o.index}
	unset := segment{where: condition{sql: o.sql + " IS NULL", exact: true}, unset: true, index: t.page()}
	if o.index != "" && o.nulls {
		unset.where = t.found(unset.where, some, o.index)
	}
	if o.descending {
		return []segment{unset, set}
	}
	return []segment{set, unset}
}

func (o *ordering) valueSegments() []segment {
	list := make([]segment, len(o.values))
	for i, v := range o.values {
		list[i] = segment{where: condition{sql: v.sql, exact: true}, key: v.key, unset: v.unset}
	}
	slices.SortStableFunc(list, func(a, b segment) int {
		return o.compareKeys(domain.Position{Key: a.key, Nil: a.unset}, domain.Position{Key: b.key, Nil: b.unset})
	})
	return list
}

// holds reports that a position is in the segment.
func (g segment) holds(at domain.Position) bool {
	if g.keyed || g.unset || at.Nil {
		return g.unset == at.Nil
	}
	return g.key == at.Key
}

// after is the condition for rows behind a position in the segment.
func (o *ordering) after(t *translator, g segment, at domain.Position) (condition, error) {
	id := t.table.id + " > ?"
	if o.byID() && o.descending {
		id = t.table.id + " < ?"
	}
	if !g.keyed {
		return condition{sql: id, args: []any{at.ID}, exact: true}, nil
	}
	key, err := o.keyArg(at.Key)
	if err != nil {
		return condition{}, err
	}
	ahead := " > ?"
	if o.descending {
		ahead = " < ?"
	}
	equalOrAhead := strings.Replace(ahead, " ?", "= ?", 1)
	return condition{
		sql:  "(" + o.sql + equalOrAhead + " AND (" + o.sql + ahead + " OR " + id + "))",
		args: []any{key, key, at.ID}, exact: true,
	}, nil
}

// by is the ORDER BY list of a segment, given how the key and the id are called.
func (o *ordering) by(g segment, key, id string) string {
	switch {
	case o.byID() && o.descending:
		return id + " DESC"
	case !g.keyed:
		return id
	case o.descending:
		return key + " DESC, " + id
	}
	return key + ", " + id
}

// selected is the key as text, as key understands it.
func (o *ordering) selected(sql string) string {
	if o.number {
		return "CAST(" + sql + " AS text)"
	}
	return sql
}

// key is a position's key of what selected gave.
func (o *ordering) key(text string) (string, error) {
	if !o.number || text == "" {
		return text, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return "", err
	}
	digits := strconv.FormatUint(uint64(n)^(1<<63), 10)
	return strings.Repeat("0", 20-len(digits)) + digits, nil
}

// keyArg is a position's key as a parameter. Invalid for one that was not made here.
func (o *ordering) keyArg(key string) (any, error) {
	if !o.number {
		return key, nil
	}
	n, err := strconv.ParseUint(key, 10, 64)
	if err != nil {
		return nil, &domain.Error{Kind: domain.Invalid, Code: domain.CodeInvalidCursor, Message: "this position belongs to another order; begin with the first page", Err: err}
	}
	return int64(n ^ (1 << 63)), nil
}

// compare orders positions as the pages do.
func (o *ordering) compare(a, b domain.Position) int {
	if c := o.compareKeys(a, b); c != 0 {
		return c
	}
	c := slices.Compare(a.ID[:], b.ID[:])
	if o.byID() && o.descending {
		return -c
	}
	return c
}

func (o *ordering) compareKeys(a, b domain.Position) int {
	var c int
	switch {
	case a.Nil && b.Nil:
		return 0
	case a.Nil:
		c = math.MaxInt32
	case b.Nil:
		c = -math.MaxInt32
	default:
		c = cmp.Compare(a.Key, b.Key)
	}
	if o.descending {
		return -c
	}
	return c
}
