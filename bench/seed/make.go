package seed

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/schema"
)

// made is what came of pushing one person.
type made struct {
	user  domain.User
	event domain.Event
}

// madeGroup is what came of pushing one group.
type madeGroup struct {
	group   domain.Group
	event   domain.Event
	members []uuid.UUID
}

// maker runs the use cases over notes.
type maker struct {
	People

	users     *schema.View
	groups    *schema.View
	notes     *notes
	directory *domain.Directory
	next      []uuid.UUID // what NewID gives: the resource's, then the event's
	events    int
	text      []byte
}

func newMaker(p People, clock func() time.Time) (*maker, error) {
	set, err := schema.Standard()
	if err != nil {
		return nil, err
	}
	m := &maker{People: p, users: set.View(schema.User), groups: set.View(schema.Group), notes: &notes{}}
	m.directory = domain.NewDirectory(m.notes, domain.Environment{Now: clock, NewID: func() (uuid.UUID, error) {
		if len(m.next) == 0 {
			return uuid.UUID{}, fmt.Errorf("seed: the domain makes more identifiers than is known here")
		}
		id := m.next[0]
		m.next = m.next[1:]
		return id, nil
	}})
	return m, nil
}

// begin readies the identifiers of one resource and its event.
func (m *maker) begin(resource uuid.UUID) {
	m.next = append(m.next[:0], resource, m.id(ofEvents, m.events))
	m.events++
}

// people makes the people from to to-1, as the server would of their bodies.
func (m *maker) people(ctx context.Context, from, to int) ([]made, error) {
	list := make([]made, 0, to-from)
	for n := from; n < to; n++ {
		m.text = m.Company.Person(int64(n)).AppendJSON(m.text[:0])
		body, err := attribute.Read(m.text, attribute.Bounds{})
		if err != nil {
			return nil, err
		}
		tree, err := complete(m.users, body)
		if err != nil {
			return nil, err
		}
		m.begin(m.User(n).UUID)
		user, err := m.directory.Provision(ctx, m.Caller, tree)
		if err != nil {
			return nil, fmt.Errorf("provision person %d: %w", n, err)
		}
		if user.ID != m.User(n) {
			return nil, fmt.Errorf("person %d got the id %s", n, user.ID)
		}
		list = append(list, made{m.notes.user, m.notes.event})
	}
	return list, nil
}

// group makes group n of the plan.
func (m *maker) group(ctx context.Context, n int, g Group) (madeGroup, error) {
	tree, err := complete(m.groups, attribute.NewComplex(attribute.Member{Name: "displayName", Value: attribute.NewString(g.Name)}))
	if err != nil {
		return madeGroup{}, err
	}
	members := make([]uuid.UUID, 0, g.To-g.From)
	for i := g.From; i < g.To; i++ {
		members = append(members, m.User(i).UUID)
	}
	m.begin(m.Group(n).UUID)
	group, err := m.directory.CreateGroup(ctx, m.Caller, tree, members)
	if err != nil {
		return madeGroup{}, fmt.Errorf("create group %s: %w", g.Name, err)
	}
	return madeGroup{group, m.notes.event, members}, nil
}

// complete reads a body by its schema, as package scim does.
func complete(view *schema.View, body attribute.Value) (attribute.Value, error) {
	tree, err := view.Tree(body, func(string) {})
	if err != nil {
		return tree, err
	}
	return tree, view.Complete(tree)
}
