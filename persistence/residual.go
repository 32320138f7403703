package persistence

import (
	"strconv"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
)

// look is how resources are looked at in Go, where no column answers what a query asks: what is selected of each, and
// how a row becomes the whole resource that domain.Match and domain.SortKey are defined over.
type look struct {
	columns string
	args    []any
	joins   string
	where   domain.Predicate // what to match; nil: every row that SQL selects
	read    func(row) (uuid.UUID, attribute.Value, error)
	err     error // the query cannot be answered
}

// Rows are looked at in batches, so that neither memory nor the time in which nobody asks whether the caller has gone
// grow with the directory. The first is small: often a page is full after it.
const (
	firstBatch = 200
	lastBatch  = 2000
)

// looked answers a query with a look at every resource that SQL cannot rule out. What is kept of them is a place in
// the order for each on the page or before it.
func (p *search[Item]) looked() (domain.Page[Item], error) {
	l := p.look(p.t, p.q)
	if l.err != nil {
		return domain.Page[Item]{}, l.err
	}
	if p.where.exact {
		l.where = nil
	}
	order := p.order
	if order == nil {
		order = &ordering{inGo: true, descending: p.q.Sort.Descending}
	}
	seen := &gathering{order: order, after: p.q.After, skip: p.q.Offset, limit: p.q.Limit + 1, early: !p.q.Total && order.byID()}
	if p.q.Limit <= 0 {
		seen.limit = 0
	}
	if err := p.lookThrough(l, seen); err != nil {
		return domain.Page[Item]{}, err
	}
	places := seen.places()
	page := domain.Page[Item]{Total: seen.total(p.q.Total)}
	if p.q.Limit > 0 && len(places) > p.q.Limit {
		places = places[:p.q.Limit]
		page.Next = &places[p.q.Limit-1]
	}
	var err error
	page.Items, err = p.named(places)
	return page, err
}

// lookThrough offers every resource that matches to the gathering, batch by batch in order of id.
func (p *search[Item]) lookThrough(l *look, seen *gathering) error {
	walk := &ordering{descending: seen.order.byID() && seen.order.descending}
	var last *domain.Position
	if seen.early {
		last = seen.after // nobody counts what is before it
	}
	for size := firstBatch; ; size = min(2*size, lastBatch) {
		n, err := p.lookAt(l, seen, walk, &last, size)
		if err != nil || n < size || seen.full() {
			return err
		}
	}
}

// lookAt looks at a batch of n resources behind last.
func (p *search[Item]) lookAt(l *look, seen *gathering, walk *ordering, last **domain.Position, size int) (n int, err error) {
	var x draft
	x.add("SELECT "+l.columns, l.args...)
	var sortKey *string
	var more tail
	if seen.order.sql != "" {
		x.add(", " + seen.order.selected(seen.order.sql))
		more.dest = []any{&sortKey}
	}
	w, err := p.way(p.where, p.t.page())
	if err != nil {
		return 0, err
	}
	p.addFrom(&x, p.where, w, l.joins)
	if *last != nil {
		behind, err := walk.after(p.t, segment{}, **last)
		if err != nil {
			return 0, err
		}
		x.add(" AND "+behind.sql, behind.args...)
	}
	x.add(" ORDER BY " + walk.by(segment{}, "", p.table.id) + " LIMIT " + strconv.Itoa(size))
	place := domain.Position{}
	err = p.query(x.String(), x.args, func(r row) error {
		n++
		id, tree, err := l.read(more.behind(r))
		place = domain.Position{ID: id}
		if err != nil || l.where != nil && !domain.Match(l.where, tree) {
			return err
		}
		offered := place
		switch {
		case seen.order.inGo:
			key, ok := domain.SortKey(tree, p.q.Sort.Attribute)
			offered.Key, offered.Nil = key, !ok
		case seen.order.sql != "" && sortKey == nil:
			offered.Nil = true
		case seen.order.sql != "":
			if offered.Key, err = seen.order.key(*sortKey); err != nil {
				return err
			}
		}
		seen.offer(offered)
		return nil
	})
	*last = &place
	p.proved(n)
	return n, err
}

// named reads the rows of a page of which the ids are known. One that has gone meanwhile is not there any more.
func (p *search[Item]) named(places []domain.Position) ([]Item, error) {
	if len(places) == 0 {
		return nil, nil
	}
	ids := make([]uuid.UUID, len(places))
	at := make(map[uuid.UUID]int, len(places))
	for i, place := range places {
		ids[i], at[place.ID] = place.ID, i
	}
	var x draft
	x.add("SELECT "+p.columns(p.t.dialect)+" FROM ", nil...)
	x.args = append(x.args, ids)
	p.addChosen(&x, idList(p.t.dialect), "listed.id")
	inScope, args := p.table.inScope(p.t.scope)
	x.add(" WHERE "+inScope, args...)
	items := make([]Item, len(places))
	there := make([]bool, len(places))
	err := p.query(x.String(), x.args, func(r row) error {
		item, err := p.scan(r)
		if err != nil {
			return err
		}
		i := at[p.id(&item)]
		items[i], there[i] = item, true
		return nil
	})
	kept := items[:0]
	for i := range items {
		if there[i] {
			kept = append(kept, items[i])
		}
	}
	return kept, err
}
