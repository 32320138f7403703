package company

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
)

// push is one pass over the company, as an identity provider makes it.
type push struct {
	*run

	people, groups struct{ created, found atomic.Int64 }
	managed        []bool // whose manager is set, by number; each written by who pushes the person
}

// all pushes everything, in phases.
func (p *push) all(ctx context.Context, what string) error {
	p.managed = make([]bool, p.People)
	order, joins := p.order(), p.joins()
	return inTurn(
		func() error {
			return p.phase(what+"people", func() error {
				return p.client.each(ctx, p.People, func(ctx context.Context, i int) error { return p.person(ctx, order[i]) })
			})
		},
		func() error {
			return p.phase(what+"managers that came later", func() error {
				return p.client.each(ctx, p.People, func(ctx context.Context, i int) error { return p.manager(ctx, p.Person(order[i])) })
			})
		},
		func() error {
			return p.phase(what+"groups", func() error { return p.client.each(ctx, p.Company.Groups, p.group) })
		},
		func() error {
			return p.phase(what+"memberships", func() error {
				return p.client.each(ctx, len(joins), func(ctx context.Context, i int) error { return p.join(ctx, joins[i]) })
			})
		},
	)
}

// person looks somebody up by user name, creates them if they are not there, and sets the manager if that one is.
func (p *push) person(ctx context.Context, n int) error {
	person := p.Person(n)
	id, err := p.lookUp(ctx, "/Users?filter=", "userName", person.UserName)
	if err != nil {
		return err
	}
	if id != "" {
		p.people.found.Add(1)
	} else {
		p.people.created.Add(1)
		if id, err = p.create(ctx, "/Users", person.Body); err != nil {
			return err
		}
	}
	p.enter(p.ids.people, n, id)
	return p.manager(ctx, person)
}

// enter notes an id, which must be the one that is known, if any is.
func (p *push) enter(in *register, n int, id string) {
	if before := in.enter(n, id); before != "" && before != id {
		p.differences.add(fmt.Sprintf("number %d, looked up", n), "id", before, id)
	}
}

// manager sets a person's manager where that is still to be done and can be: with one of the three bodies that Microsoft
// documents for Entra ID (a bare id, an object, a list of one).
func (p *push) manager(ctx context.Context, person Person) error {
	if !person.PatchedIn || p.managed[person.Number] {
		return nil
	}
	manager := p.ids.people.id(person.Manager)
	if manager == "" {
		return nil // they come later
	}
	p.managed[person.Number] = true
	operation := object{"op": "Add", "path": urnEnterprise + ":manager", "value": manager}
	switch person.Number % 3 {
	case 1:
		operation["op"], operation["value"] = "replace", object{"value": manager}
	case 2:
		operation["value"] = []any{object{"$ref": p.client.URL + "/Users/" + manager, "value": manager}}
	}
	return p.patch(ctx, "/Users/"+p.ids.people.id(person.Number), operation)
}

// group looks a group up by name and creates it, without members, if it is not there.
func (p *push) group(ctx context.Context, n int) error {
	group := p.Group(n)
	id, err := p.lookUp(ctx, "/Groups?excludedAttributes=members&filter=", "displayName", group.DisplayName)
	if err != nil {
		return err
	}
	if id != "" {
		p.groups.found.Add(1)
	} else {
		p.groups.created.Add(1)
		if id, err = p.create(ctx, "/Groups", group.Body); err != nil {
			return err
		}
	}
	p.enter(p.ids.groups, n, id)
	return nil
}

// batch is how many members one PATCH adds at most.
const batch = 100

// join is one PATCH that adds members to a group.
type join struct {
	group          int
	people, groups []int
}

// joins are all such PATCHes, those for one group one after the other, so that many arrive at the same time.
func (c Company) joins() []join {
	var list []join
	for n := range c.Groups {
		g := c.Group(n)
		for at := 0; at < len(g.People); at += batch {
			list = append(list, join{group: n, people: g.People[at:min(at+batch, len(g.People))]})
		}
		if len(g.Groups) > 0 {
			list = append(list, join{group: n, groups: g.Groups})
		}
	}
	return list
}

func (p *push) join(ctx context.Context, j join) error {
	members := make([]any, 0, len(j.people)+len(j.groups))
	for _, n := range j.people {
		members = append(members, object{"value": p.ids.people.id(n)})
	}
	for _, n := range j.groups {
		members = append(members, object{"value": p.ids.groups.id(n), "type": "Group"})
	}
	return p.patch(ctx, "/Groups/"+p.ids.groups.id(j.group), object{"op": "Add", "path": "members", "value": members})
}

func (p *push) patch(ctx context.Context, target string, operation object) error {
	body := object{"schemas": []any{urnPatch}, "Operations": []any{operation}}
	return p.client.do(ctx, http.MethodPatch, target, body, nil, http.StatusOK, http.StatusNoContent)
}

// lookUp finds the id of the one resource whose attribute has a value; empty: there is none.
func (p *push) lookUp(ctx context.Context, target, attribute, value string) (string, error) {
	var found struct {
		TotalResults int
		Resources    []struct{ ID string }
	}
	filter := attribute + " eq " + quote(value)
	if err := p.client.do(ctx, http.MethodGet, target+url.QueryEscape(filter), nil, &found, http.StatusOK); err != nil {
		return "", err
	}
	if found.TotalResults != len(found.Resources) || found.TotalResults > 1 {
		return "", fmt.Errorf("company: the look-up %s found %s, of which it shows %d", filter, strconv.Itoa(found.TotalResults), len(found.Resources))
	}
	if found.TotalResults == 0 {
		return "", nil
	}
	return found.Resources[0].ID, nil
}

func (p *push) create(ctx context.Context, target string, body object) (string, error) {
	var made struct{ ID string }
	if err := p.client.do(ctx, http.MethodPost, target, body, &made, http.StatusCreated); err != nil {
		return "", err
	}
	if made.ID == "" {
		return "", fmt.Errorf("company: POST %s: the answer has no id", target)
	}
	return made.ID, nil
}
