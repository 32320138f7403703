package company

import (
	"context"
	"fmt"
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
