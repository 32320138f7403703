// Package traffic makes what identity providers ask of a SCIM server: the requests of each operation that is measured,
// as workers for package load, and a look at every answer that tells whether the server did what was asked.
//
//	org := traffic.Organisation{Form: load.NewForm(host, "/scim/v2", token), People: people}
//	result, err := load.Run(ctx, load.Config{Address: host, Workers: org.Gets(16), For: 5 * time.Second})
package traffic

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"

	"usher/bench/load"
	"usher/bench/people"
	"usher/bench/seed"
)

// Organisation is whom the requests are about: people that were seeded, and the token to ask with.
type Organisation struct {
	Form   load.Form
	People seed.People
}

// asking is a worker of two functions, with what it waits for.
type asking struct {
	request func(dst []byte) ([]byte, int)
	status  int
	holds   []byte // what the answer must contain; empty: anything
}

// Request implements load.Worker.
func (a *asking) Request(dst []byte) ([]byte, int) { return a.request(dst) }

// Answer implements load.Worker.
func (a *asking) Answer(answer load.Answer) error {
	if answer.Status != a.status || !bytes.Contains(answer.Body, a.holds) {
		return load.Unexpected(answer)
	}
	return nil
}

func workers(n int, worker func(i int) load.Worker) []load.Worker {
	list := make([]load.Worker, n)
	for i := range list {
		list[i] = worker(i)
	}
	return list
}

// Creates makes workers that each create people of a company of their own; run is different for every run.
func (o Organisation) Creates(n int, run string) []load.Worker {
	return workers(n, func(i int) load.Worker {
		company := people.Company(fmt.Sprintf("%s-%d", run, i))
		number := int64(0)
		var body []byte
		w := &asking{status: 201, holds: []byte(`"userName":"`)}
		w.request = func(dst []byte) ([]byte, int) {
			body = company.Person(number).AppendJSON(body[:0])
			number++
			return o.Form.Send(dst, "POST", body, "/Users"), 0
		}
		return w
	})
}

// Gets makes workers that read people by id.
func (o Organisation) Gets(n int) []load.Worker {
	return workers(n, func(int) load.Worker {
		w := &asking{status: 200}
		w.request = func(dst []byte) ([]byte, int) {
			id := o.anybody()
			w.holds = append(append(w.holds[:0], `"id":"`...), id...)
			return o.Form.Get(dst, "/Users/", id), 0
		}
		return w
	})
}

func (o Organisation) anybody() string { return o.People.User(rand.IntN(o.People.Users)).String() }

// Equals makes workers that look people up by user name.
func (o Organisation) Equals(n int) []load.Worker {
	return workers(n, func(int) load.Worker {
		w := &asking{status: 200, holds: []byte(`"totalResults":1,`)}
		w.request = func(dst []byte) ([]byte, int) {
			p := o.People.Company.Person(rand.Int64N(int64(o.People.Users)))
			return o.Form.Get(dst, "/Users?filter=userName+eq+%22", p.UserName, "%22"), 0
		}
		return w
	})
}

// Lists makes workers that read the first 100 people.
func (o Organisation) Lists(n int) []load.Worker {
	holds := fmt.Appendf(nil, `"itemsPerPage":%d,`, min(100, o.People.Users))
	return workers(n, func(int) load.Worker {
		return &asking{status: 200, holds: holds, request: func(dst []byte) ([]byte, int) {
			return o.Form.Get(dst, "/Users?startIndex=1&count=100"), 0
		}}
	})
}

// Totals makes workers that ask how many people there are, and for none of them.
func (o Organisation) Totals(n int) []load.Worker {
	return workers(n, func(int) load.Worker {
		return &asking{status: 200, holds: []byte(`"itemsPerPage":0`), request: func(dst []byte) ([]byte, int) {
			return o.Form.Get(dst, "/Users?count=0"), 0
		}}
	})
}

// Search is a kind of search inside names: what is searched for is part of one person's, or few people's.
type Search struct {
	Name   string // as the report calls it
	filter func(people.Person) string
}

// Searches are the searches that must find an index.
func Searches() []Search {
	inner := func(p people.Person) string { // without the first letter, so that no prefix helps
		_, rest, _ := strings.Cut(p.UserName, ".")
		return rest[1:strings.IndexByte(rest, '@')]
	}
	outer := func(p people.Person) string { return p.UserName[:strings.IndexByte(p.UserName, '@')] }
	return []Search{
		{"userName sw", func(p people.Person) string { return `userName sw "` + outer(p) + `"` }},
		{"userName co", func(p people.Person) string { return `userName co "` + inner(p) + `"` }},
		{"emails.value sw", func(p people.Person) string { return `emails.value sw "` + outer(p) + `"` }},
		{"emails.value co", func(p people.Person) string { return `emails.value co "` + inner(p) + `"` }},
		{"displayName sw", func(p people.Person) string { return `displayName sw "` + p.Display() + `"` }},
		{"displayName co", func(p people.Person) string { return `displayName co "` + p.Display()[1+len(p.Given):] + `"` }},
	}
}

// Searches makes workers that search. People with short numbers are left out: theirs begin the numbers of others.
func (o Organisation) Searches(n int, s Search) []load.Worker {
	half := int64(o.People.Users / 2)
	return workers(n, func(int) load.Worker {
		w := &asking{status: 200, holds: []byte(`"userName":"`)}
		w.request = func(dst []byte) ([]byte, int) {
			p := o.People.Company.Person(half + rand.Int64N(max(1, half)))
			return o.Form.Get(dst, "/Users?filter=", load.Escape(s.filter(p))), 0
		}
		return w
	})
}
