package company

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

const urnList = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

// way is how a list is read, page after page.
type way struct {
	count  int
	cursor bool
}

var (
	byIndex  = way{count: 100}
	byCursor = way{count: 1000, cursor: true}
)

// page is a page of a list (RFC 7644 section 3.4.2, RFC 9865 section 2).
type page struct {
	Schemas      []string `json:"schemas"`
	TotalResults int      `json:"totalResults"`
	ItemsPerPage int      `json:"itemsPerPage"`
	StartIndex   *int     `json:"startIndex"`
	NextCursor   *string  `json:"nextCursor"`
	Resources    []object `json:"Resources"`
}

// list is what is read: all people or all groups.
type list struct {
	target   string // with a query to which more can be added
	total    int
	of       *register
	what     string
	resource func(where string, n int, doc object)
}

// walk reads all people and all groups, the latter without members.
func (r *run) walk(ctx context.Context, what string, by way) error {
	seen := Count{What: what, Nested: unknown}
	people := list{"/Users?", r.People, r.ids.people, "person", func(where string, n int, doc object) {
		groups, _ := doc["groups"].([]any)
		seen.Memberships += len(groups)
		r.person(where, n, doc)
	}}
	groups := list{"/Groups?excludedAttributes=members&", r.Company.Groups, r.ids.groups, "group", r.groupItself}
	err := inTurn(
		func() error {
			return r.phase(what+": people", func() (err error) {
				seen.People, err = r.pages(ctx, what, by, people)
				return err
			})
		},
		func() error {
			return r.phase(what+": groups", func() (err error) {
				seen.Groups, err = r.pages(ctx, what, by, groups)
				return err
			})
		},
	)
	r.report.Counts = append(r.report.Counts, seen)
	return err
}

// pages reads one list to its end, and counts what is in it. Everything that was pushed must be on it once, and nothing
// else.
func (r *run) pages(ctx context.Context, what string, by way, l list) (read int, err error) {
	seen := make([]bool, l.total)
	for at, cursor, more := 1, "", true; more; {
		target := l.target + "count=" + strconv.Itoa(by.count) + "&"
		if by.cursor {
			target += "cursor=" + cursor
		} else {
			target += "startIndex=" + strconv.Itoa(at)
		}
		where := what + ": " + target
		var p page
		if err := r.client.do(ctx, http.MethodGet, target, nil, &p, http.StatusOK); err != nil {
			return read, err
		}
		r.envelope(where, by, l, at, p)
		for _, doc := range p.Resources {
			r.listed(where, l, seen, doc)
		}
		at, read = at+len(p.Resources), read+len(p.Resources)
		if by.cursor {
			if more = p.NextCursor != nil; more {
				cursor = *p.NextCursor
			}
		} else {
			more = at <= p.TotalResults
		}
		if more && len(p.Resources) == 0 {
			return read, fmt.Errorf("company: %s: an empty page in the middle of the list", where)
		}
	}
	for n := range seen {
		if !seen[n] {
			r.differences.add(what, l.what+" "+strconv.Itoa(n), l.of.id(n), nothing{})
		}
	}
	return read, nil
}

// envelope checks what a page says of itself; at is the position of its first resource.
func (r *run) envelope(where string, by way, l list, at int, p page) {
	length := min(by.count, max(0, l.total-at+1))
	want := object{"schemas": urnList, "totalResults": l.total, "itemsPerPage": length, "Resources": length}
	got := object{"totalResults": p.TotalResults, "itemsPerPage": p.ItemsPerPage, "Resources": len(p.Resources)}
	if slices.Equal(p.Schemas, []string{urnList}) {
		got["schemas"] = urnList
	}
	if !by.cursor {
		want["startIndex"] = at
	}
	if p.StartIndex != nil {
		got["startIndex"] = *p.StartIndex
	}
	if by.cursor {
		want["nextCursor"], got["nextCursor"] = at+length <= l.total, p.NextCursor != nil
	}
	compare("", want, got, r.differences.at(where))
}

// listed finds out who a resource of a page is, and looks at the rest of it.
func (r *run) listed(where string, l list, seen []bool, doc object) {
	id, _ := doc["id"].(string)
	n, known := l.of.number(id)
	if !known {
		r.differences.add(where, l.what+" with the id "+id, nothing{}, doc)
		return
	}
	if seen[n] {
		r.differences.add(where, l.what+" "+strconv.Itoa(n), "once in the list", "there again")
	}
	seen[n] = true
	l.resource(where+": "+l.what+" "+strconv.Itoa(n), n, doc)
}
