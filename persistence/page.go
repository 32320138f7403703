package persistence

import (
	"strconv"
	"strings"

	"github.com/google/uuid"

	"usher/domain"
)

// noun is what a page of people and one of groups differ in.
type noun[Item any] struct {
	table   *table
	columns func(dialect) string
	joins   string // what columns reads beside the table
	scan    func(row) (Item, error)
	id      func(*Item) uuid.UUID
	look    func(*translator, domain.Query) *look
}

// search is one query on its way to a page.
type search[Item any] struct {
	noun[Item]
	session
	t      *translator
	q      domain.Query
	where  condition
	order  *ordering // nil: SQL cannot sort so
	most   int       // see probeLimit
	probed map[*seek]probed
}

func newSearch[Item any](s session, q domain.Query, n noun[Item]) *search[Item] {
	t := &translator{dialect: s.dialect(), scope: q.Scope, table: n.table}
	return &search[Item]{noun: n, session: s, t: t, q: q, where: t.where(q.Where), order: t.ordering(q.Sort), most: probeLimit}
}

// page answers the query: in SQL as far as columns say what it asks, and for the rest by looking at documents.
func (p *search[Item]) page() (domain.Page[Item], error) {
	switch {
	case p.q.Limit <= 0 && !p.q.Total:
		return domain.Page[Item]{}, nil
	case !p.where.exact || p.order == nil && p.q.Limit > 0:
		return p.looked()
	case p.q.Limit <= 0:
		total, err := p.total()
		return domain.Page[Item]{Total: total}, err
	case !p.order.byID() || p.q.Offset > 0:
		return p.sorted()
	}
	// The rows come in order of id by themselves, or are few enough to be sorted whole; unless there may be some.
	accepted, err := p.accepts(p.where.seek)
	switch {
	case err != nil:
		return domain.Page[Item]{}, err
	case accepted && p.where.seek.rank > few:
		return p.sorted()
	}
	return p.walked()
}

// proved notes that a statement found something, and with it that the caller may read: the statements after it need not
// show that again, and access that changes between two of them does not cut an answer in half.
func (p *search[Item]) proved(found int) {
	if found > 0 {
		p.t.scope.Standing = nil
	}
}

// draft is a statement under construction, with its parameters.
type draft struct {
	strings.Builder
	args []any
}

func (x *draft) add(sql string, args ...any) {
	x.WriteString(sql)
	x.args = append(x.args, args...)
}

// tail scans further columns after those that the nouns know.
type tail struct {
	row
	dest []any
	all  []any
}

func (r *tail) Scan(dest ...any) error {
	r.all = append(append(r.all[:0], dest...), r.dest...)
	return r.row.Scan(r.all...)
}

// behind is the row with the tail.
func (r *tail) behind(head row) row {
	if len(r.dest) == 0 {
		return head
	}
	r.row = head
	return r
}

// walked reads a page in order of id in one statement. The number of rows is a literal: so the database plans once for
// all pages of that size.
func (p *search[Item]) walked() (domain.Page[Item], error) {
	var page domain.Page[Item]
	counted := p.q.Total && p.q.Where == nil && p.table.kept(p.t.scope)
	var more tail
	var x draft
	x.add("SELECT " + p.columns(p.t.dialect))
	if counted {
		x.add(", (")
		p.addKept(&x)
		x.add(")")
		more.dest = []any{&page.Total}
	}
	w, err := p.way(p.where, p.t.page())
	if err != nil {
		return page, err
	}
	p.addFrom(&x, p.where, w, p.joins)
	if p.where.seek == nil {
		page.Items = make([]Item, 0, min(p.q.Limit+1, 128))
	}
	only := segment{}
	if p.q.After != nil {
		behind, err := p.order.after(p.t, only, *p.q.After)
		if err != nil {
			return page, err
		}
		x.add(" AND "+behind.sql, behind.args...)
	}
	x.add(" ORDER BY " + p.order.by(only, "", p.table.id) + " LIMIT " + strconv.Itoa(p.q.Limit+1))
	err = p.query(x.String(), x.args, func(r row) error {
		item, err := p.scan(more.behind(r))
		page.Items = append(page.Items, item)
		return err
	})
	if err != nil {
		return domain.Page[Item]{}, err
	}
	p.proved(len(page.Items))
	if len(page.Items) > p.q.Limit {
		page.Items = page.Items[:p.q.Limit]
		page.Next = &domain.Position{ID: p.id(&page.Items[p.q.Limit-1])}
	}
	if !counted || len(page.Items) == 0 {
		err = p.setTotal(&page)
	}
	return page, err
}

// sorted reads a page in another order, or far from the start, segment by segment.
func (p *search[Item]) sorted() (domain.Page[Item], error) {
	var page domain.Page[Item]
	var places []domain.Position
	after, offset := p.q.After, p.q.Offset
	segments := p.order.segments(p.t)
	for i, g := range segments {
		if after != nil && !g.holds(*after) {
			continue
		}
		before := len(page.Items)
		if err := p.readSegment(g, after, offset, &page, &places); err != nil {
			return domain.Page[Item]{}, err
		}
		p.proved(len(page.Items))
		after = nil
		if len(page.Items) > p.q.Limit {
			break
		}
		switch {
		case len(page.Items) > before:
			offset = 0
		case offset > 0 && i < len(segments)-1: // the offset passed over the segment
			n, err := p.count(both(p.where, g.where), g.index)
			if err != nil {
				return domain.Page[Item]{}, err
			}
			offset -= n
		}
	}
	if len(page.Items) > p.q.Limit {
		page.Items = page.Items[:p.q.Limit]
		page.Next = &places[p.q.Limit-1]
	}
	err := p.setTotal(&page)
	return page, err
}

// readSegment reads what is still missing of the page from one segment: first the ids, so that what the offset skips
// costs no more than its index entries, and what is sorted no more than keys; then their rows.
func (p *search[Item]) readSegment(g segment, after *domain.Position, offset int, page *domain.Page[Item], places *[]domain.Position) error {
	c := both(p.where, g.where)
	index := g.index
	if index == "" {
		index = p.t.page()
	}
	w, err := p.way(c, index)
	if err != nil {
		return err
	}
	var x draft
	x.add("SELECT " + p.columns(p.t.dialect))
	if g.keyed {
		x.add(", " + p.order.selected("chosen.sort_key"))
	}
	x.add(" FROM (")
	id, key := p.table.id, p.order.sql
	if w.fenced {
		x.add("SELECT found.chosen_id")
		if g.keyed {
			x.add(", found.sort_key")
		}
		x.add(" FROM (")
	}
	x.add("SELECT " + id + " AS chosen_id")
	if g.keyed {
		x.add(", " + key + " AS sort_key")
	}
	p.addFrom(&x, c, w, "")
	if after != nil {
		behind, err := p.order.after(p.t, g, *after)
		if err != nil {
			return err
		}
		x.add(" AND "+behind.sql, behind.args...)
	}
	if w.fenced {
		id, key = "found.chosen_id", "found.sort_key"
		x.add(" OFFSET 0) AS found")
	}
	x.add(" ORDER BY " + p.order.by(g, key, id) + " LIMIT " + strconv.Itoa(p.q.Limit+1-len(page.Items)))
	if offset > 0 {
		x.add(" OFFSET ?", offset)
	}
	p.addChosen(&x, ") AS chosen", "chosen.chosen_id")
	x.add(" ORDER BY " + p.order.by(g, "chosen.sort_key", p.table.id))

	place := domain.Position{Key: g.key, Nil: g.unset}
	var keyText string
	var more tail
	if g.keyed {
		more.dest = []any{&keyText}
	}
	return p.query(x.String(), x.args, func(r row) error {
		item, err := p.scan(more.behind(r))
		if err != nil {
			return err
		}
		if g.keyed {
			if place.Key, err = p.order.key(keyText); err != nil {
				return err
			}
		}
		place.ID = p.id(&item)
		page.Items, *places = append(page.Items, item), append(*places, place)
		return nil
	})
}

// addChosen joins a FROM item that has ids with the rows they name.
func (p *search[Item]) addChosen(x *draft, from, id string) {
	join := " JOIN "
	if p.t.dialect == sqlite {
		join = " CROSS JOIN " // which SQLite does not turn round
	}
	x.add(from+join+p.table.name+" "+p.table.alias+" ON "+p.table.alias+".organisation_id = ? AND "+p.table.id+" = "+id+p.joins,
		p.t.scope.Organisation.UUID)
}

// addFrom continues a statement from FROM on, up to the whole condition of the scope and of the query.
func (p *search[Item]) addFrom(x *draft, c condition, w way, joins string) {
	inScope, args := p.table.inScope(p.t.scope)
	x.add(" FROM "+p.table.name+" "+p.table.alias+w.hint+joins+" WHERE "+inScope, args...)
	if p.t.scope.Standing != nil {
		proof, args := standing(p.t.scope)
		x.add(" AND "+proof, args...)
	}
	if w.keys != "" {
		x.add(" AND "+p.t.rowKey()+" IN ("+w.keys+")", w.args...)
	}
	if c.sql != sqlTrue && (w.keys == "" || c.seek.just != c.sql) {
		x.add(" AND "+c.sql, c.args...)
	}
}
