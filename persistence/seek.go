package persistence

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// seek is how an index finds the rows of a condition. SQLite keeps no statistics here and would as soon walk everybody
// in order of id: it is told the index. PostgreSQL plans by statistics, but knows little of what a text contains, so it
// too is kept from walking where a seek finds few; and it is told how to seek what a disjunction over several tables
// selects, for which it would look at every row.
type seek struct {
	rank  rank
	just  string                 // the condition that holds for the rows that the keys name and no others; empty: none
	twice bool                   // the keys may name a row more than once
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

// probeLimit is how many rows a seek of unknown size may find to be followed: they are sorted for every page. Where there
// are more, walking in the order of the page comes upon enough of them soon.
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
	index = t.indexFor(index)
	c.seek = &seek{rank: r, just: c.sql, index: index, keys: func() (string, []any) {
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
	inScope, all := t.table.inScope(t.scope)
	return text + " WHERE " + inScope + " AND " + sql, append(all, args...)
}

// rowKey is what a select of keys yields.
func (t *translator) rowKey() string {
	if t.dialect == sqlite {
		return t.table.alias + ".rowid"
	}
	return t.table.id
}

// union seeks a disjunction: each of its terms by its own index.
func union(sql string, terms []condition) *seek {
	all := &seek{just: sql, twice: true}
	ofRows := 0
	for _, c := range terms {
		if c.seek == nil {
			return nil
		}
		if c.seek.keys == nil {
			ofRows++
		}
		if c.seek.just != c.sql {
			all.just = ""
		}
		all.rank = max(all.rank, c.seek.rank)
		all.spans = all.spans || c.seek.spans || strings.Contains(c.sql, "SELECT")
	}
	switch ofRows {
	case 0:
	case len(terms):
		all.index = sameIndex(terms)
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

func sameIndex(terms []condition) string {
	for _, c := range terms[1:] {
		if c.seek.index != terms[0].seek.index {
			return ""
		}
	}
	return terms[0].seek.index
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

// way is how the rows of a condition are come by.
type way struct {
	hint   string // SQLite: what follows the name of the table
	keys   string // the select of keys by which a seek narrows the rows; empty: the condition itself does
	args   []any
	fenced bool // PostgreSQL: rows are to be found before they are put in order
}

// way follows the seek of a condition, or else walks along an index.
func (p *search[Item]) way(c condition, index string) (way, error) {
	if c.sql == sqlFalse {
		return way{}, nil // SQLite drops the whole condition, and with it what a partial index needs
	}
	s := c.seek
	accepted, err := p.accepts(s)
	var w way
	switch {
	case err != nil:
	case p.t.dialect == postgres:
		w.fenced = accepted && s.rank > few
		if accepted && s.spans {
			w.keys, w.args = s.keys()
		}
	case !accepted:
		w.hint = " INDEXED BY " + index
	case s.index != "":
		w.hint = " INDEXED BY " + s.index
	default:
		w.hint = " NOT INDEXED"
		w.keys, w.args = s.keys()
	}
	return w, err
}

// accepts reports that a seek finds few enough rows to begin with them. Where its rank does not say so, it is tried.
func (p *search[Item]) accepts(s *seek) (bool, error) {
	if s == nil || s.rank <= few {
		return s != nil, nil
	}
	if accepted, known := p.probed[s]; known {
		return accepted.few, nil
	}
	found, err := p.probe(s, p.most)
	if err == nil && !found.few && p.q.Total && p.table.kept(p.t.scope) {
		// To count them, everything would have to be walked over. That is worth the more, the more there is.
		var all int
		if all, err = p.kept(); err == nil && all/16 > p.most {
			found, err = p.probe(s, all/16)
		}
	}
	if err != nil {
		return false, err
	}
	if p.probed == nil {
		p.probed = map[*seek]probed{}
	}
	p.probed[s] = found
	return found.few, nil
}

// probed is how many rows a seek finds, if few.
type probed struct {
	n   int
	few bool
}

func (p *search[Item]) probe(s *seek, most int) (found probed, err error) {
	keys, args := s.keys()
	_, err = fetch(p, "SELECT count(*) FROM ("+keys+" LIMIT "+strconv.Itoa(most+1)+") AS probed", args, &found.n)
	found.few = found.n <= most
	return found, err
}
