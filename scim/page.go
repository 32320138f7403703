package scim

import (
	"usher/domain"
	"usher/scim/schema"
)

// item is one resource of a page: a person or a group.
type item struct {
	part  int // whose share of the query it is
	user  *domain.User
	group *domain.Group
}

// share is a stretch of one part of a query.
type share struct {
	items []item
	total int
	next  *domain.Position
}

// ask reads a stretch of one part of a query.
func (x *exchange) ask(parts []part, at int, limit int, from place, total bool) (share, error) {
	p := parts[at]
	q := domain.Query{Where: p.where, Sort: p.sort, Limit: limit, After: from.after, Total: total}
	if from.after == nil {
		q.Offset = from.seen
	}
	if p.of == schema.Group {
		page, err := x.Directory.Groups(x.r.Context(), x.caller, q)
		return shareOf(page, err, at, func(i *item, g *domain.Group) { i.group = g })
	}
	page, err := x.Directory.Users(x.r.Context(), x.caller, q)
	return shareOf(page, err, at, func(i *item, u *domain.User) { i.user = u })
}

func shareOf[T any](page domain.Page[T], err error, at int, set func(*item, *T)) (share, error) {
	if err != nil {
		return share{}, err
	}
	s := share{items: make([]item, len(page.Items)), total: page.Total, next: page.Next}
	for i := range page.Items {
		s.items[i].part = at
		set(&s.items[i], &page.Items[i])
	}
	return s, nil
}

// byIndex answers a query by startIndex (RFC 7644 section 3.4.2.4).
func (x *exchange) byIndex(q query) (found, error) {
	if len(q.parts) == 1 {
		s, err := x.ask(q.parts, 0, q.count, place{seen: q.start - 1}, true)
		return found{items: s.items, total: s.total}, err
	}
	if q.merged() {
		return x.mergedByIndex(q)
	}
	var f found
	skip := q.start - 1
	for at := range q.parts { // one type after the other
		s, err := x.ask(q.parts, at, q.count-len(f.items), place{seen: skip}, true)
		if err != nil {
			return f, err
		}
		f.items = append(f.items, s.items...)
		f.total += s.total
		skip = max(0, skip-s.total)
	}
	return f, nil
}

// byCursor answers a query by cursor (RFC 9865).
func (x *exchange) byCursor(q query) (found, error) {
	c := cursor{places: make([]place, len(q.parts))}
	first := q.cursor.text == ""
	if !first {
		var err error
		if c, err = x.cursors.open(q.cursor.text, q.bind, x.Now()); err != nil {
			return found{}, err
		}
		if len(c.places) != len(q.parts) {
			return found{}, invalidCursor()
		}
	}
	var items []item
	var err error
	if q.merged() {
		items, err = x.mergedByCursor(q, &c, first)
	} else {
		items, err = x.inTurn(q, &c, first)
	}
	if err != nil {
		return found{}, err
	}
	f := found{items: items, total: c.total}
	for _, p := range c.places {
		if !p.done {
			c.made = x.Now()
			f.next = x.cursors.seal(c, q.bind)
			break
		}
	}
	return f, nil
}

// inTurn reads a page from one part after the other, and moves the cursor on.
func (x *exchange) inTurn(q query, c *cursor, first bool) ([]item, error) {
	var items []item
	for at := range q.parts {
		p := &c.places[at]
		if p.done {
			continue
		}
		limit := q.count - len(items)
		if limit == 0 { // the page is full: is there anything of this part at all?
			s, err := x.ask(q.parts, at, 1, *p, first)
			if err != nil {
				return nil, err
			}
			p.done = len(s.items) == 0
			c.count(s, first)
			continue
		}
		s, err := x.ask(q.parts, at, limit, *p, first)
		if err != nil {
			return nil, err
		}
		items = append(items, s.items...)
		c.count(s, first)
		p.move(len(s.items), s.next)
	}
	return items, nil
}

// count adds the total of a part on the first page; later pages tell what the first one did.
func (c *cursor) count(s share, first bool) {
	if first {
		c.total += s.total
	}
}

// move goes on past n resources.
func (p *place) move(n int, next *domain.Position) {
	p.seen += n
	p.done = next == nil
	p.after = next
	if next != nil && len(next.Key) > maxKey {
		p.after = nil
	}
}
