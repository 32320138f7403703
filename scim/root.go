package scim

import (
	"strings"

	"usher/domain"
	"usher/domain/attribute"
)

// A query of the root covers all resource types (RFC 7644 section 3.4.2.1). Without sortBy people come first, then
// groups; with it they are merged by the sort key, people first where keys are equal.

// merged reports whether the parts of a query are merged by a sort key.
func (q query) merged() bool {
	if len(q.parts) < 2 {
		return false
	}
	for _, p := range q.parts {
		if p.sort != nil {
			return true
		}
	}
	return false
}

// key is the sort key of an item; ok is false where it has none.
func (x *exchange) key(q query, i *item) (key string, ok bool, err error) {
	by := q.parts[i.part].sort
	if by == nil {
		return "", false, nil
	}
	var tree attribute.Value
	if i.group != nil {
		tree, err = groupTree(i.group, x.base)
	} else {
		tree, err = userTree(i.user, x.base)
	}
	if err != nil {
		return "", false, err
	}
	key, ok = domain.SortKey(tree, by.Attribute)
	return key, ok, nil
}

// before reports whether a stands before b, an item of a later part: unassigned last when ascending and first when
// descending (RFC 7644 section 3.4.2.3).
func (x *exchange) before(q query, a, b *item) (bool, error) {
	keyA, okA, err := x.key(q, a)
	if err != nil {
		return false, err
	}
	keyB, okB, err := x.key(q, b)
	if err != nil {
		return false, err
	}
	switch {
	case okA != okB:
		return okA != q.descending, nil
	case !okA:
		return true, nil
	}
	order := strings.Compare(keyA, keyB)
	if q.descending {
		order = -order
	}
	return order <= 0, nil
}

// merge takes the first count items of two ordered shares, and says how many it took of each.
func (x *exchange) merge(q query, a, b []item, count int) (items []item, ofA, ofB int, err error) {
	for len(items) < count && (ofA < len(a) || ofB < len(b)) {
		first := ofB == len(b)
		if ofA < len(a) && ofB < len(b) {
			if first, err = x.before(q, &a[ofA], &b[ofB]); err != nil {
				return nil, 0, 0, err
			}
		}
		if first {
			items = append(items, a[ofA])
			ofA++
		} else {
			items = append(items, b[ofB])
			ofB++
		}
	}
	return items, ofA, ofB, nil
}

// mergedByIndex answers a page of a merged query.
func (x *exchange) mergedByIndex(q query) (found, error) {
	a, err := x.ask(q.parts, 0, 0, place{}, true)
	if err != nil {
		return found{}, err
	}
	b, err := x.ask(q.parts, 1, 0, place{}, true)
	if err != nil {
		return found{}, err
	}
	f := found{total: a.total + b.total}
	skip := q.start - 1
	if q.count == 0 || skip >= f.total {
		return f, nil
	}
	skipA, err := x.split(q, skip, a.total, b.total)
	if err != nil {
		return f, err
	}
	if a, err = x.ask(q.parts, 0, q.count, place{seen: skipA}, false); err != nil {
		return f, err
	}
	if b, err = x.ask(q.parts, 1, q.count, place{seen: skip - skipA}, false); err != nil {
		return f, err
	}
	f.items, _, _, err = x.merge(q, a.items, b.items, q.count)
	return f, err
}

// split finds how many of the first skip items of a merged order belong to the first part, by bisection: it looks at
// single items, so that its cost does not grow with what is skipped.
func (x *exchange) split(q query, skip, totalA, totalB int) (int, error) {
	low, high := max(0, skip-totalB), min(skip, totalA)
	for low < high {
		middle := low + (high-low)/2
		a, err := x.ask(q.parts, 0, 1, place{seen: middle}, false)
		if err != nil {
			return 0, err
		}
		b, err := x.ask(q.parts, 1, 1, place{seen: skip - middle - 1}, false)
		if err != nil {
			return 0, err
		}
		more := false
		if len(a.items) == 1 && len(b.items) == 1 {
			if more, err = x.before(q, &a.items[0], &b.items[0]); err != nil {
				return 0, err
			}
		}
		if more {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, nil
}

// mergedByCursor reads a page of a merged query, and moves the cursor on in each part by what was taken of it.
func (x *exchange) mergedByCursor(q query, c *cursor, first bool) ([]item, error) {
	shares := make([]share, len(q.parts))
	for at := range q.parts {
		if c.places[at].done {
			continue
		}
		var err error
		if shares[at], err = x.ask(q.parts, at, q.count, c.places[at], first); err != nil {
			return nil, err
		}
		c.count(shares[at], first)
	}
	items, ofA, ofB, err := x.merge(q, shares[0].items, shares[1].items, q.count)
	if err != nil {
		return nil, err
	}
	for at, taken := range []int{ofA, ofB} {
		p, s := &c.places[at], shares[at]
		switch {
		case p.done:
		case taken == len(s.items):
			p.move(taken, s.next)
		case taken > 0: // the store alone knows how it spells a position: ask for exactly what was taken
			if s, err = x.ask(q.parts, at, taken, *p, false); err != nil {
				return nil, err
			}
			p.move(len(s.items), s.next)
		}
	}
	return items, nil
}
