package company

import (
	"context"
	"time"
)

// run is one company on its way to a server and back.
type run struct {
	Company

	client      *client
	ids         struct{ people, groups *register }
	memberOf    [][]int // the groups of each person, by number
	differences differences
	report      Report
}

func newRun(s Server, c Company) (*run, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	client, err := newClient(s)
	if err != nil {
		return nil, err
	}
	r := &run{Company: c, client: client}
	r.ids.people, r.ids.groups = newRegister(c.People), newRegister(c.Groups)
	var made Count
	made.What, made.People, made.Groups = "the company", c.People, c.Groups
	r.memberOf, made.Memberships, made.Nested = c.memberOf()
	r.report = Report{Connections: s.Connections, Counts: []Count{made}}
	return r, nil
}

// Run pushes a company, reads it back, pushes it again and reads it again. The error is of a request that failed, or of
// an answer that nothing can be made of; what is only not as it should be is in the report.
func Run(ctx context.Context, s Server, c Company) (*Report, error) {
	r, err := newRun(s, c)
	if err != nil {
		return nil, err
	}
	defer r.client.http.CloseIdleConnections()
	if err := r.all(ctx); err != nil {
		return nil, err
	}
	return &r.report, nil
}

func (r *run) all(ctx context.Context) error {
	err := inTurn(
		func() error { return r.push(ctx, "push: ") },
		func() error { return r.read(ctx) },
		func() error { return r.pushAgain(ctx) },
		func() error { return r.walk(ctx, "read again by cursor", byCursor) },
	)
	r.report.Differences, r.report.First = r.differences.count, r.differences.first
	return err
}

func (r *run) push(ctx context.Context, what string) error {
	p := &push{run: r}
	err := p.all(ctx, what)
	people, groups := &p.people, &p.groups
	r.report.Counts = append(r.report.Counts,
		Count{What: what + "created", People: int(people.created.Load()), Groups: int(groups.created.Load()), Memberships: unknown, Nested: unknown},
		Count{What: what + "found", People: int(people.found.Load()), Groups: int(groups.found.Load()), Memberships: unknown, Nested: unknown})
	return err
}

// pushAgain pushes what is there: nobody may be created. That nothing is changed either shows when it is read again.
func (r *run) pushAgain(ctx context.Context) error {
	const what = "push again: "
	err := r.push(ctx, what)
	created := r.report.Counts[len(r.report.Counts)-2]
	compare("", object{"people": 0, "groups": 0}, object{"people": created.People, "groups": created.Groups}, r.differences.at(what+"created"))
	return err
}

// read reads everything in three ways.
func (r *run) read(ctx context.Context) error {
	return inTurn(
		func() error { return r.walk(ctx, "read by index", byIndex) },
		func() error { return r.walk(ctx, "read by cursor", byCursor) },
		func() error { return r.one(ctx) },
	)
}

// phase measures a part of the run.
func (r *run) phase(what string, do func() error) error {
	before, began := r.client.requests.Load(), time.Now()
	err := do()
	r.report.Phases = append(r.report.Phases, Phase{What: what, Requests: r.client.requests.Load() - before, Took: time.Since(began)})
	return err
}

// inTurn does one thing after the other, until one fails.
func inTurn(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
