package persistence

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// seek is how an index finds the rows of a condition. PostgreSQL plans by its statistics and needs a seek only where a
// disjunction spans tables, which it would answer by looking at every row. SQLite keeps no statistics here and would
// as soon walk all people in order of id: it is told the index.
type seek struct {
	rank  rank
	index string                 // SQLite: the index by which the condition itself finds its rows; empty: see keys
	keys  func() (string, []any) // a select of the keys of the rows (rowid, on PostgreSQL the id), and perhaps of others; nil inside a relation
	spans bool                   // a disjunction over several tables
}

// rank orders seeks by how many rows they promise to find.
type rank uint8

const (
	one  rank = iota // a unique key
	few              // an equal key
	some             // a range of keys, the members of a group
	hits             // texts that contain a text
)

// probeLimit is how many rows a seek of unknown size may find. Beyond, walking all rows in the order of the page
// comes upon enough of them soon.
const probeLimit = 5000

// quicker is the better of two seeks.
func quicker(a, b *seek) *seek {
	if a == nil || b != nil && b.rank < a.rank {
		return b
	}
	return a
}

// found completes a condition over columns of the table itself with the index that finds its rows.
func (t *translator) found(c condition, r rank, index string) condition {
	c.seek = &seek{rank: r, index: index, keys: func() (string, []any) {
		return t.keysWhere(c.sql, c.args, index)
	}}
	return c
}

// keysWhere selects the keys of the rows in scope for which a condition holds.
func (t *translator) keysWhere(sql string, args []any, index string) (string, []any) {
	text := "SELECT " + t.rowKey() + " FROM " + t.table.name + " " + t.table.alias
	if t.dialect == sqlite && index != "" {
		text += " INDEXED BY " + index
	}
	return text + " WHERE " + t.table.inScope() + " AND " + sql,
		append([]any{t.scope.Organisation.UUID, t.scope.Connection.UUID}, args...)
}

// rowKey is what a select of keys yields.
func (t *translator) rowKey() string {
	if t.dialect == sqlite {
		return t.table.alias + ".rowid"
	}
	return t.table.id
}

// union seeks a disjunction: each of its terms by its own index.
func (t *translator) union(terms []condition) *seek {
	all := &seek{}
	ofRows := 0
	for _, c := range terms {
		if c.seek == nil {
			return nil
		}
		if c.seek.keys == nil {
			ofRows++
		}
		all.rank = max(all.rank, c.seek.rank)
		all.spans = all.spans || c.seek.spans || strings.Contains(c.sql, "SELECT")
	}
	switch ofRows {
	case 0:
	case len(terms):
		return all
	default:
		return nil
	}
	all.keys = func() (string, []any) {
		var args []any
		var texts []string
		for i, c := range terms {
			sql, more := c.seek.keys()
			if i > 0 && sql == texts[len(texts)-1] && equalArgs(more, args[len(args)-len(more):]) {
				continue // one search for a word in three attributes is one search in the trigram table
			}
			texts, args = append(texts, sql), append(args, more...)
		}
		return strings.Join(texts, " UNION ALL "), args
	}
	return all
}

func equalArgs(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

const (
	trigram     = 3  // characters
	maxTrigrams = 10 // of one text: enough to find few candidates
)

// wordsSeek finds rows by the trigrams of a text in SQLite. The table of trigrams knows no organisation and no
// attribute, so what it finds are candidates.
func wordsSeek(table, text string) *seek {
	match := trigramMatch(text)
	return &seek{rank: hits, keys: func() (string, []any) {
		return "SELECT rowid FROM " + table + " WHERE " + table + " MATCH ?", []any{match}
	}}
}

// trigramMatch is the FTS5 query for every text with the trigrams of this one, which has at least three characters:
// each quoted, since the table keeps no positions and so knows no phrases.
func trigramMatch(text string) string {
	var starts []int
	for i := range text {
		starts = append(starts, i)
	}
	starts = append(starts, len(text))
	n := len(starts) - trigram
	step := max(1, (n+maxTrigrams-1)/maxTrigrams)
	var b strings.Builder
	seen := map[string]bool{}
	for i := 0; i < n; i += step {
		part := text[starts[i]:starts[i+trigram]]
		if seen[part] {
			continue
		}
		seen[part] = true
		if b.Len() > 0 {
			b.WriteString(" AND ")
		}
		b.WriteString(`"` + strings.ReplaceAll(part, `"`, `""`) + `"`)
	}
	return b.String()
}

func hasTrigram(text string) bool { return utf8.RuneCountInString(text) >= trigram }

// access says how the rows of a condition are come by: SQLite is told the index, of the seek or else the given one,
// and narrowed is a further condition by which the seek finds them.
func (p *search[Item]) access(c condition, index string) (hint, narrowed string, args []any, err error) {
	s := c.seek
	if p.t.dialect == postgres {
		if s != nil && s.spans {
			keys, args := s.keys()
			narrowed = p.table.id + " IN (" + keys + ")"
			return "", narrowed, args, nil
		}
		return "", "", nil, nil
	}
	if c.sql == sqlFalse {
		return "", "", nil, nil // SQLite drops the whole condition, and with it what a partial index needs
	}
	accepted, err := p.accepts(s)
	switch {
	case err != nil:
		return "", "", nil, err
	case !accepted:
		return " INDEXED BY " + index, "", nil, nil
	case s.index != "":
		return " INDEXED BY " + s.index, "", nil, nil
	}
	keys, args := s.keys()
	return " NOT INDEXED", p.t.rowKey() + " IN (" + keys + ")", args, nil
}

// accepts reports that a seek finds few enough rows to begin with them. Where its rank does not say so, it is tried.
func (p *search[Item]) accepts(s *seek) (bool, error) {
	if s == nil || s.rank <= few {
		return s != nil, nil
	}
	if refused, known := p.refused[s]; known {
		return !refused, nil
	}
	keys, args := s.keys()
	var n int
	_, err := fetch(p, "SELECT count(*) FROM ("+keys+" LIMIT "+strconv.Itoa(probeLimit+1)+")", args, &n)
	if err != nil {
		return false, err
	}
	if p.refused == nil {
		p.refused = map[*seek]bool{}
	}
	p.refused[s] = n > probeLimit
	return n <= probeLimit, nil
}
