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
	joins   string // what columns needs beside the table
	scan    func(row) (Item, error)
	id      func(*Item) uuid.UUID
	tree    func(*translator, domain.Query) forest
}

// search is one query on its way to a page.
type search[Item any] struct {
	noun[Item]
	session
	t     *translator
	q     domain.Query
	where condition
	order *ordering // nil: SQL cannot sort so

	refused map[*seek]bool // seeks that would find too many
}

// page answers a query: in SQL as far as columns say what it asks, and for the rest by looking at documents.
func page[Item any](s session, q domain.Query, n noun[Item]) (domain.Page[Item], error) {
	t := &translator{dialect: s.dialect(), scope: q.Scope, table: n.table}
	p := &search[Item]{noun: n, session: s, t: t, q: q, where: t.where(q.Where), order: t.ordering(q.Sort)}
	switch {
	case q.Limit <= 0 && !q.Total:
		return domain.Page[Item]{}, nil
	case !p.where.exact || p.order == nil && q.Limit > 0:
		return p.scanned()
	case q.Limit <= 0:
		total, err := p.total()
		return domain.Page[Item]{Total: total}, err
	case p.order.byID() && q.Offset == 0 && p.direct():
		return p.walked()
	}
	return p.sorted()
}

// statement grows a text and its parameters together.
type statement1 struct{}

// text is a statement under construction.
type text struct {
	strings.Builder
	args []any
}

func (x *text) add(sql string, args ...any) *text {
	x.WriteString(sql)
	x.args = append(x.args, args...)
	return x
}

// tail scans further columns after those that the nouns know.
type tail struct {
	row
	dest []any
}

func (r tail) Scan(dest ...any) error { return r.row.Scan(append(dest, r.dest...)...) }

// direct reports that the rows come in order of id, or are few, so that whole rows can be selected at once.
func (p *search[Item]) direct() bool {
	return p.where.seek == nil || p.where.seek.rank <= few || p.t.dialect == postgres && !p.where.seek.spans
}

// walked reads a page in order of id in one statement. The number of rows is a literal: it lets the database plan once
// for all pages of that size.
func (p *search[Item]) walked() (domain.Page[Item], error) {
	var total int
	counted := p.q.Total && p.q.Where == nil
	var x text
	x.add("SELECT " + p.columns(p.t.dialect))
	if counted {
		x.add(", (")
		p.addCount(&x)
		x.add(")")
	}
	if err := p.addFrom(&x, p.where, p.t.table.page, p.joins); err != nil {
		return domain.Page[Item]{}, err
	}
	only := segment{}
	if p.q.After != nil {
		behind, err := p.order.after(p.t, only, *p.q.After)
		if err != nil {
			return domain.Page[Item]{}, err
		}
		x.add(" AND "+behind.sql, behind.args...)
	}
	x.add(" ORDER BY " + p.order.by(only, "", p.t.table.id) + " LIMIT " + strconv.Itoa(p.q.Limit+1))

	items := make([]Item, 0, min(p.q.Limit+1, 128))
	var dest []any
	if counted {
		dest = []any{&total}
	}
	err := p.query(x.String(), x.args, func(r row) error {
		item, err := p.scan(tail{r, dest})
		items = append(items, item)
		return err
	})
	if err != nil {
		return domain.Page[Item]{}, err
	}
	page := domain.Page[Item]{Items: items, Total: total}
	if len(items) > p.q.Limit {
		page.Items = items[:p.q.Limit]
		page.Next = &domain.Position{ID: p.id(&page.Items[p.q.Limit-1])}
	}
	if !counted || len(items) == 0 {
		err = p.setTotal(&page)
	}
	return page, err
}

// sorted reads a page in another order, or far from the start: first the ids, along an index where there is one, then
// their rows.
func (p *search[Item]) sorted() (domain.Page[Item], error) {
	var page domain.Page[Item]
	var places []domain.Position
	offset := p.q.Offset
	segments := p.order.segments(p.t)
	after := p.q.After
	for i, g := range segments {
		if after != nil && !g.holds(*after) {
			continue
		}
		before := len(page.Items)
		if err := p.readSegment(g, after, offset, &page.Items, &places); err != nil {
			return domain.Page[Item]{}, err
		}
		after = nil
		switch {
		case len(page.Items) > p.q.Limit:
		case offset == 0 || i == len(segments)-1:
		case len(page.Items) > before:
			offset = 0
		default:
			n, err := p.count(both(p.where, g.where), g.index)
			if err != nil {
				return domain.Page[Item]{}, err
			}
			offset -= n
		}
		if len(page.Items) > p.q.Limit {
			break
		}
		if p.q.After != nil {
			after = nil
		}
	}
	if len(page.Items) > p.q.Limit {
		page.Items = page.Items[:p.q.Limit]
		page.Next = &places[p.q.Limit-1]
	}
	return page, p.setTotal(&page)
}
