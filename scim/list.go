package scim

import (
	"net/http"
	"strconv"
	"strings"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
	"usher/scim/schema"
)

const urnListResponse = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

// list answers GET on a resource type, or on the root for all types (RFC 7644 sections 3.4.2 and 3.4.2.1).
func list(types []schema.Type) func(*exchange) error {
	return func(x *exchange) error {
		p, err := readQuery(x.r.URL.RawQuery)
		if err != nil {
			return err
		}
		return x.query(types, p)
	}
}

// search answers POST /.search (RFC 7644 section 3.4.3).
func search(types []schema.Type) func(*exchange) error {
	return func(x *exchange) error {
		text, err := x.body(maxBody)
		if err != nil {
			return err
		}
		body, err := parse(text, attribute.Bounds{})
		if err != nil {
			return err
		}
		p, err := readSearch(body)
		if err != nil {
			return err
		}
		return x.query(types, p)
	}
}

// query is a question for a page of resources, understood.
type query struct {
	parts      []part // by resource type
	descending bool
	start      int // from 1
	count      int
	cursor     text
	bind       []byte // see binding
}

// part is what a query asks of one resource type.
type part struct {
	of    schema.Type
	where domain.Predicate
	sort  *domain.Sort // nil: in order of id
	shown schema.Selection
}

// found is what a query found.
type found struct {
	items []item
	total int
	next  string // the cursor of the next page; empty: there is none
}

func (x *exchange) query(types []schema.Type, p parameters) error {
	q, err := x.understand(types, p)
	if err != nil {
		return err
	}
	var f found
	switch {
	case q.cursor.set:
		f, err = x.byCursor(q)
	default:
		f, err = x.byIndex(q)
	}
	if err != nil {
		return err
	}
	return x.answerList(q, f)
}

// understand reads the parameters by the schemas of the resource types.
func (x *exchange) understand(types []schema.Type, p parameters) (query, error) {
	q := query{start: 1, count: defaultCount, cursor: p.cursor}
	if p.startIndex.set {
		q.start = max(p.startIndex.n, 1)
	}
	if p.count.set {
		q.count = min(max(p.count.n, 0), maxCount)
	}
	switch strings.ToLower(p.sortOrder) {
	case "", "ascending":
	case "descending":
		q.descending = true
	default:
		return q, domain.InvalidField("sortOrder", "send ascending or descending as sortOrder")
	}
	switch {
	case p.cursor.set && p.startIndex.set:
		return q, domain.InvalidField("startIndex", "send cursor or startIndex, not both")
	case p.cursor.set && q.count == 0:
		return q, &domain.Error{
			Kind: domain.Invalid, Code: domain.CodeInvalidCount, Field: "count",
			Message: "a cursor needs a count of at least 1; ask for totals without cursor",
		}
	}
	views := make([]*schema.View, len(types))
	for i, t := range types {
		var err error
		if views[i], err = x.view(t); err != nil {
			return q, err
		}
	}
	err := q.fill(x, views, p)
	return q, err
}

// fill reads filter, order and selection for each resource type.
func (q *query) fill(x *exchange, views []*schema.View, p parameters) error {
	wheres, err := readFilter(views, p.filter, x.base)
	if err != nil {
		return err
	}
	sorts, err := readSort(views, p.sortBy, q.descending, x.base)
	if err != nil {
		return err
	}
	var types strings.Builder
	for i, view := range views {
		shown, err := view.Selection(p.attributes, p.excluded)
		if err != nil {
			return err
		}
		q.parts = append(q.parts, part{of: view.Type(), where: wheres[i], sort: sorts[i], shown: shown})
		types.WriteString(view.Type().Endpoint())
	}
	if q.cursor.set {
		q.bind = binding(x.caller, types.String(), p, q.count)
	}
	return nil
}

// readSort finds the attribute to sort by (RFC 7644 section 3.4.2.3) in each schema; nil where one does not know it.
// One that no schema knows is refused: the answer would be in another order than the client believes.
func readSort(views []*schema.View, by string, descending bool, base string) ([]*domain.Sort, error) {
	sorts := make([]*domain.Sort, len(views))
	if by == "" {
		return sorts, nil
	}
	known := false
	for i, view := range views {
		at, facts, ok := view.Resolve(by)
		if ok && facts.Complex && facts.HasValue {
			at, facts, ok = view.Resolve(by + ".value")
		}
		if !ok {
			continue
		}
		if facts.Secret {
			return nil, domain.InvalidField("sortBy", "it cannot be sorted by an attribute that is never returned; sort by another")
		}
		if facts.Complex {
			return nil, domain.InvalidField("sortBy", "name the sub-attribute to sort by, as in name.familyName")
		}
		known = true
		sorts[i] = &domain.Sort{Attribute: addresses{view, base}.sortable(at), Descending: descending}
	}
	if !known {
		return nil, domain.InvalidField("sortBy", "no schema here has this attribute; /Schemas lists those that do")
	}
	return sorts, nil
}

// readFilter reads the filter by each schema.
func readFilter(views []*schema.View, t text, base string) ([]domain.Predicate, error) {
	wheres := make([]domain.Predicate, len(views))
	if !t.set {
		return wheres, nil
	}
	if strings.TrimSpace(t.text) == "" {
		return nil, &domain.Error{
			Kind: domain.Invalid, Code: domain.CodeInvalidFilter, Field: "filter",
			Message: `the filter is empty; send one like userName eq "ana", or leave the parameter out`,
		}
	}
	for i, view := range views {
		var resolver filter.Resolver = view
		var other *foreign
		if len(views) > 1 {
			other = &foreign{own: view, others: views, paths: map[domain.Path]bool{}}
			resolver = other
		}
		where, err := filter.Parse(t.text, resolver)
		if err != nil {
			return nil, err
		}
		if other != nil && len(other.paths) > 0 {
			where = other.unassigned(where)
		}
		wheres[i] = addresses{view, base}.rewrite(ownVersions(where))
	}
	return wheres, nil
}

// answerList answers with a page (RFC 7644 section 3.4.2, RFC 9865 section 2.2). Resources is there even when empty:
// clients exist that count it without looking.
func (x *exchange) answerList(q query, f found) error {
	for at, part := range q.parts {
		var people []*domain.User
		for i := range f.items {
			if f.items[i].part == at && f.items[i].user != nil {
				people = append(people, f.items[i].user)
			}
		}
		if err := x.show(people, part.shown); err != nil {
			return err
		}
	}
	s := x.stream(http.StatusOK)
	s.buf = append(s.buf, `{"schemas":["`+urnListResponse+`"],"totalResults":`...)
	s.buf = strconv.AppendInt(s.buf, int64(f.total), 10)
	s.buf = append(s.buf, `,"itemsPerPage":`...)
	s.buf = strconv.AppendInt(s.buf, int64(len(f.items)), 10)
	switch {
	case !q.cursor.set:
		s.buf = append(s.buf, `,"startIndex":`...)
		s.buf = strconv.AppendInt(s.buf, int64(q.start), 10)
	case f.next != "":
		s.buf = append(s.buf, `,"nextCursor":"`...)
		s.buf = append(s.buf, f.next...)
		s.buf = append(s.buf, '"')
	}
	s.buf = append(s.buf, `,"Resources":[`...)
	for i := range f.items {
		if i > 0 {
			s.buf = append(s.buf, ',')
		}
		if err := x.writeItem(s, &f.items[i], q.parts); err != nil {
			s.release()
			return err
		}
	}
	s.buf = append(s.buf, "]}"...)
	return s.close()
}

// writeItem writes one resource of a page.
func (x *exchange) writeItem(s *stream, i *item, parts []part) error {
	shown := parts[i.part].shown
	if i.group != nil {
		return x.writeGroup(s, i.group, shown)
	}
	var err error
	if s.buf, err = appendShownUser(s.buf, i.user, shown, x.base); err != nil {
		return err
	}
	return s.spill()
}
