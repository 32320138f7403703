package persistence

import (
	"strings"
	"unicode/utf8"

	"usher/domain"
	"usher/domain/attribute"
)

// optional says how a text column stores that there is nothing.
type optional uint8

const (
	required optional = iota // there is always a text
	absent                   // NULL is absent; the empty text does not occur
	blank                    // NULL is absent or the empty text
)

// textColumn is a text, or the folded key of one.
type textColumn struct {
	sql       string
	caseExact bool   // sql is the text itself: it answers attributes that are caseExact; a key answers those that are not
	spelt     string // beside a key, the text itself where that is at hand
	optional  optional

	// Where the document tells the empty text from none: attribute names from the top, and the column. Without it what
	// treats the two differently is not exact.
	document string
	path     []string

	index   string // the index that leads to it
	unique  bool   // within the scope
	partial bool   // the index leaves NULL out
	words   bool   // there are trigrams of it
	ofRows  bool   // of a relation, not of the table itself
}

func (c textColumn) test(t *translator, l leaf) condition {
	said := c.assigned(t, l)
	if !said.exact || c.optional == required {
		return said
	}
	none, empty := l.holds(attribute.Value{}), l.holds(attribute.NewString(""))
	if c.optional == absent {
		empty = none
	}
	null := condition{sql: c.sql + " IS NULL", exact: true}
	switch {
	case none != empty && c.document == "":
		null.exact = false
	case none != empty:
		null = both(null, c.isEmpty(t.dialect, empty))
	case !none:
		null = constant(false)
	}
	switch said.sql {
	case sqlTrue:
		if none && empty {
			return said
		}
		said = condition{sql: c.sql + " IS NOT NULL", exact: true}
	case sqlFalse:
		return null
	}
	if null.sql == sqlFalse {
		return said
	}
	return either([]condition{said, null})
}

// assigned is the leaf for a text that is there and not empty.
func (c textColumn) assigned(t *translator, l leaf) condition {
	if l.compare == nil {
		return constant(true)
	}
	operator, operand := l.compare.Operator, l.compare.Operand.Value
	switch {
	case operand.Kind() == attribute.Null:
		return constant(operator == domain.NotEqual)
	case l.compare.Attribute.CaseExact && c.spelt != "":
		return c.asSpelt(t.dialect).assigned(t, l)
	case l.compare.Attribute.CaseExact != c.caseExact || l.compare.Attribute.Type == domain.TypeDateTime:
		return unknown()
	case operand.Kind() != attribute.String && !isPart(operator):
		return constant(operator == domain.NotEqual)
	}
	text := operand.Text()
	if !c.caseExact {
		text = attribute.Fold(text)
	}
	if !utf8.ValidString(text) || strings.Contains(text, "\x00") { // PostgreSQL takes no such text, and no text is like it
		if operator == domain.NotEqual || operator == domain.Equal || isPart(operator) {
			return constant(operator == domain.NotEqual)
		}
		return unknown()
	}
	return c.compare(t, operator, text)
}

// asSpelt is the column for an attribute that is caseExact.
func (c textColumn) asSpelt(d dialect) textColumn {
	return textColumn{sql: collated(d, c.spelt), caseExact: true, optional: c.optional, ofRows: c.ofRows}
}

// collated makes a text compare by its bytes, as the keys do.
func collated(d dialect, sql string) string {
	if d == postgres {
		return sql + ` COLLATE "C"`
	}
	return sql
}

// isPart reports the operators that compare a part of a text.
func isPart(o domain.Operator) bool {
	return o == domain.Contains || o == domain.StartsWith || o == domain.EndsWith
}

var operatorSQL = map[domain.Operator]string{
	domain.Equal: " = ?", domain.NotEqual: " <> ?",
	domain.Greater: " > ?", domain.GreaterOrEqual: " >= ?", domain.Less: " < ?", domain.LessOrEqual: " <= ?",
}

func (c textColumn) compare(t *translator, operator domain.Operator, text string) condition {
	switch operator {
	case domain.Contains:
		return c.contains(t, text, false)
	case domain.EndsWith:
		return c.contains(t, text, true)
	case domain.StartsWith:
		return c.startsWith(t, text)
	case domain.Equal:
		is := condition{sql: c.sql + " = ?", args: []any{text}, exact: true}
		if c.unique {
			return c.seekable(t, is, one)
		}
		return c.seekable(t, is, few)
	case domain.NotEqual, domain.Greater, domain.GreaterOrEqual, domain.Less, domain.LessOrEqual:
	}
	return condition{sql: c.sql + operatorSQL[operator], args: []any{text}, exact: true}
}

// startsWith is a range of keys, so that the index serves it.
func (c textColumn) startsWith(t *translator, prefix string) condition {
	if prefix == "" {
		return constant(true)
	}
	is := condition{sql: c.sql + " >= ?", args: []any{prefix}, exact: true}
	if end, ok := successor(prefix); ok {
		is.sql = "(" + is.sql + " AND " + c.sql + " < ?)"
		is.args = append(is.args, end)
	}
	return c.seekable(t, is, some)
}

// contains compares without patterns, but for the one that PostgreSQL's trigram index understands.
func (c textColumn) contains(t *translator, part string, atEnd bool) condition {
	if part == "" {
		return constant(true)
	}
	indexed := c.words && hasTrigram(part)
	var is condition
	switch {
	case t.dialect == postgres && (atEnd || indexed):
		pattern := "%" + escapeLike(part)
		if !atEnd {
			pattern += "%"
		}
		is = condition{sql: c.sql + " LIKE ?", args: []any{pattern}, exact: true}
	case t.dialect == postgres:
		is = condition{sql: "strpos(" + c.sql + ", ?) > 0", args: []any{part}, exact: true}
	case atEnd:
		is = condition{sql: "substr(" + c.sql + ", ?) = ?", args: []any{-int64(utf8.RuneCountInString(part)), part}, exact: true}
	default:
		is = condition{sql: "instr(" + c.sql + ", ?) > 0", args: []any{part}, exact: true}
	}
	if !indexed {
		return is
	}
	switch {
	case t.dialect == postgres:
		return c.seekable(t, is, hits)
	case t.table.words != "":
		is.seek = wordsSeek(t.table.words, part)
	}
	return is
}

func (c textColumn) seekable(t *translator, is condition, r rank) condition {
	switch {
	case c.index == "":
		return is
	case c.ofRows:
		is.seek = &seek{rank: r, index: c.index}
		return is
	}
	return t.found(is, r, c.index)
}

// isEmpty tells the rows whose column is NULL because the text is empty from those that have none (or the reverse).
func (c textColumn) isEmpty(d dialect, empty bool) condition {
	name := c.path[len(c.path)-1]
	sql := "instr(" + c.document + `, '"` + name + `":""') > 0 AND json_extract(` + c.document + ", '$." + strings.Join(c.path, ".") + "') = ''"
	if d == postgres {
		sql = "strpos(" + c.document + `, '"` + name + `":""') > 0 AND CAST(` + c.document + " AS json) #>> '{" + strings.Join(c.path, ",") + "}' = ''"
	}
	is := condition{sql: "(" + sql + ")", exact: true}
	return signed(is, !empty)
}

// escapeLike takes the meaning from the wild cards of LIKE.
func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s)
}

// successor is the least text that is greater than every text with the prefix, in byte order; ok is false when there
// is none. It is valid UTF-8 as the prefix is.
func successor(prefix string) (end string, ok bool) {
	for prefix != "" {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch {
		case last == 0xD7FF:
			return prefix + "\uE000", true // over the surrogates
		case last < utf8.MaxRune:
			return prefix + string(last+1), true
		}
	}
	return "", false
}
