package company

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
)

// sample is how many people are read one by one: one in a hundred, at equal distances, and more of few.
func (c Company) sample() int { return min(c.People, max(50, c.People/100)) }

// one reads a sample of people and all groups by id, over every connection at once.
func (r *run) one(ctx context.Context) error {
	people := r.sample()
	var memberships, nested atomic.Int64
	err := inTurn(
		func() error {
			return r.phase("read by id: people", func() error {
				return r.client.each(ctx, people, func(ctx context.Context, i int) error { return r.onePerson(ctx, i*r.People/people) })
			})
		},
		func() error {
			return r.phase("read by id: groups with members", func() error {
				return r.client.each(ctx, r.Company.Groups, func(ctx context.Context, n int) error {
					g := &groupReader{run: r, n: n, where: "read by id: group " + strconv.Itoa(n)}
					err := g.read(ctx)
					memberships.Add(int64(g.people))
					nested.Add(int64(g.groups))
					return err
				})
			})
		},
	)
	r.report.Counts = append(r.report.Counts, Count{
		What: "read by id", People: people, Groups: r.Company.Groups, Memberships: int(memberships.Load()), Nested: int(nested.Load()),
	})
	return err
}

func (r *run) onePerson(ctx context.Context, n int) error {
	var doc object
	if err := r.client.do(ctx, http.MethodGet, "/Users/"+r.ids.people.id(n), nil, &doc, http.StatusOK); err != nil {
		return err
	}
	r.person("read by id: person "+strconv.Itoa(n), n, doc)
	return nil
}

// groupReader reads group n with its members as they arrive.
type groupReader struct {
	*run

	n              int
	where          string
	missing        map[string]object // the members that have not arrived, by id
	people, groups int               // that have
}

func (g *groupReader) read(ctx context.Context) error {
	group := g.Group(g.n)
	g.missing = make(map[string]object, len(group.People)+len(group.Groups))
	for _, n := range group.People {
		g.missing[g.ids.people.id(n)] = g.reference("User", "User", n)
	}
	for _, n := range group.Groups {
		g.missing[g.ids.groups.id(n)] = g.reference("Group", "Group", n)
	}
	answer, err := g.client.open(ctx, http.MethodGet, "/Groups/"+g.ids.groups.id(g.n), nil, http.StatusOK)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Close() }()
	decoder := json.NewDecoder(answer)
	decoder.UseNumber()
	doc, err := g.document(decoder)
	if err == nil {
		err = end(decoder)
	}
	if err != nil {
		return fmt.Errorf("company: %s: %w", g.where, err)
	}
	g.groupItself(g.where, g.n, doc)
	for _, member := range g.missing {
		g.differences.add(g.where, "members", member, nothing{})
	}
	return nil
}

// document reads the resource, of which the members are looked at one by one and not kept.
func (g *groupReader) document(decoder *json.Decoder) (object, error) {
	if err := expect(decoder, json.Delim('{')); err != nil {
		return nil, err
	}
	doc := object{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		name, _ := key.(string)
		if name == "members" {
			err = g.members(decoder)
		} else {
			var value any
			err = decoder.Decode(&value)
			doc[name] = value
		}
		if err != nil {
			return nil, err
		}
	}
	return doc, expect(decoder, json.Delim('}'))
}

func (g *groupReader) members(decoder *json.Decoder) error {
	if err := expect(decoder, json.Delim('[')); err != nil {
		return err
	}
	for decoder.More() {
		var member object
		if err := decoder.Decode(&member); err != nil {
			return err
		}
		if member["type"] == "Group" {
			g.groups++
		} else {
			g.people++
		}
		id, _ := member["value"].(string)
		want, wanted := g.missing[id]
		if !wanted {
			g.differences.add(g.where, "members", nothing{}, member) // or it has been there before
			continue
		}
		delete(g.missing, id)
		compare("members["+id+"]", want, member, g.differences.at(g.where))
	}
	return expect(decoder, json.Delim(']'))
}

// expect reads the next token, which must be this one.
func expect(decoder *json.Decoder, want json.Token) error {
	got, err := decoder.Token()
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%v where %v should be", got, want)
	}
	return nil
}
