package company

import "context"

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
