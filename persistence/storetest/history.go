package storetest

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
	"usher/domain/attribute"
)

// operation is one thing that a client does to what many others do things to: few people, few groups, few names.
type operation struct {
	kind                string
	person, group, name int
	more                []int // further people
	active              bool
}

const (
	fewPeople = 5
	fewGroups = 3
	fewNames  = 4
)

// anyOperation draws an operation.
func anyOperation() *rapid.Generator[operation] {
	return rapid.Custom(func(t *rapid.T) operation {
		return operation{
			kind: rapid.SampledFrom([]string{
				"provision", "provision", "deprovision", "rename", "external id", "e-mail", "active", "active", "manager",
				"create group", "delete group", "rename group", "add", "add", "remove", "replace", "clear",
			}).Draw(t, "kind"),
			person: rapid.IntRange(0, fewPeople-1).Draw(t, "person"), group: rapid.IntRange(0, fewGroups-1).Draw(t, "group"),
			name: rapid.IntRange(0, fewNames-1).Draw(t, "name"), active: rapid.Bool().Draw(t, "active"),
			more: rapid.SliceOfN(rapid.IntRange(0, fewPeople-1), 1, fewPeople).Draw(t, "more"),
		}
	})
}

// histories lets a few clients do random things to the same few people and groups at once. Whatever comes of it, it is
// told by the rules, and what is left is consistent.
func histories(c *crowd) {
	const clients, operations, rounds = 6, 14, 4
	history := rapid.SliceOfN(rapid.SliceOfN(anyOperation(), operations, operations), clients, clients)
	for round := range rounds {
		c.tenant = NewTenant(c, c.store, fmt.Sprintf("%.50s-%d", Slug(c), round), 3)
		c.caller = c.tenant.Caller
		p := &play{crowd: c}
		script := history.Example(round)
		c.all(clients, func(client int) error {
			for _, o := range script[client] {
				if err := p.do(o); err != nil {
					c.code(err)
				}
			}
			return nil
		})
		Consistent(c, c.store, c.tenant.Organisation.ID)
	}
}

// play knows who was created last in each part.
type play struct {
	*crowd
	mu     sync.Mutex
	people [fewPeople]uuid.UUID
	groups [fewGroups]uuid.UUID
}

func (p *play) person(i int) domain.UserID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return domain.UserID{UUID: p.people[i]}
}

func (p *play) persons(list []int) []uuid.UUID {
	var ids []uuid.UUID
	for _, i := range list {
		if id := p.person(i); !id.IsZero() {
			ids = append(ids, id.UUID)
		}
	}
	return ids
}

func (p *play) groupID(i int) domain.GroupID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return domain.GroupID{UUID: p.groups[i]}
}

func (p *play) do(o operation) error {
	name := fmt.Sprintf("name%d@acme.test", o.name)
	external := Text("externalId", fmt.Sprint("e", o.name))
	switch o.kind {
	case "provision":
		u, err := p.directory.Provision(context.Background(), p.caller, Person(name, Emails(name, "shared@acme.test"), Truth("active", o.active)))
		if err == nil {
			p.mu.Lock()
			p.people[o.person] = u.ID.UUID
			p.mu.Unlock()
		}
		return err
	case "deprovision":
		return p.directory.Deprovision(context.Background(), p.caller, p.person(o.person), domain.IfMatch{})
	case "rename":
		return p.rename(p.person(o.person).UUID, name)
	case "external id":
		return p.change(o.person, Setting(external))
	case "e-mail":
		return p.change(o.person, Setting(Emails(fmt.Sprintf("name%d@acme.test", (o.name+1)%fewNames), name)))
	case "active":
		return p.change(o.person, Setting(Truth("active", o.active)))
	case "manager":
		return p.change(o.person, Setting(Manager(p.person(o.more[0]).String())))
	case "create group":
		g, err := p.directory.CreateGroup(context.Background(), p.caller, GroupNamed(name, external), p.persons(o.more))
		if err == nil {
			p.mu.Lock()
			p.groups[o.group] = g.ID.UUID
			p.mu.Unlock()
		}
		return err
	case "delete group":
		return p.directory.DeleteGroup(context.Background(), p.caller, p.groupID(o.group), domain.IfMatch{})
	case "rename group":
		return p.step(p.groupID(o.group), domain.GroupStep{Attributes: Setting(Text("displayName", name))}, domain.GroupStep{Add: p.persons(o.more)})
	case "add":
		return p.step(p.groupID(o.group), domain.GroupStep{Add: p.persons(o.more)})
	case "remove":
		return p.step(p.groupID(o.group), domain.GroupStep{Remove: p.persons(o.more)})
	case "replace":
		return p.step(p.groupID(o.group), domain.GroupStep{Replace: true, Members: p.persons(o.more)})
	case "clear":
		return p.step(p.groupID(o.group), domain.GroupStep{RemoveWhere: new(domain.Predicate)})
	}
	require.Fail(p, "an operation that nobody knows", o.kind)
	return nil
}

func (p *play) change(person int, change func(attribute.Value) (attribute.Value, error)) error {
	_, err := p.directory.ChangeUser(context.Background(), p.caller, p.person(person), domain.IfMatch{}, nil, change)
	return err
}
