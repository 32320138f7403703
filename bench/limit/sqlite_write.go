package limit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"usher/bench/load"
	"usher/domain/attribute"
)

func errRows(n int) error { return fmt.Errorf("limit: a statement gave or changed %d rows", n) }

// createSQL is what creates a person, in its order.
func createSQL() []string {
	return []string{claimNameSQL, insertUserSQL, insertEmailSQL, indexWordsSQL, countSQL, insertEventSQL, insertValuesSQL, openSeatSQL}
}

// model is what new people are copied from.
type model struct{ id, name, document string }

func (s *SQLite) readModel(ctx context.Context) error {
	s.model = model{id: s.people.User(0).String()}
	return s.readers.QueryRowContext(ctx, "SELECT user_name, document FROM users WHERE organisation_id = ? AND user_id = ?",
		s.org(), s.model.id).Scan(&s.model.name, &s.model.document)
}

// job is one unit of work that waits for its group.
type job struct {
	run  func() error
	done chan error
}

// grouped starts the one goroutine that writes: it takes what waits, up to a group, and commits it together.
func (s *SQLite) grouped(jobs <-chan job) {
	group := make([]job, 0, perGroup)
	for first := range jobs {
		group = append(group[:0], first)
	gather:
		for len(group) < perGroup {
			select {
			case j, ok := <-jobs:
				if !ok {
					break gather
				}
				group = append(group, j)
			default:
				break gather
			}
		}
		err := s.commit(group)
		for _, j := range group {
			j.done <- err
		}
	}
}

func (s *SQLite) commit(group []job) error {
	if _, err := s.writes["BEGIN IMMEDIATE"].Exec(); err != nil {
		return err
	}
	for _, j := range group {
		if err := j.run(); err != nil {
			return err // the transaction is left open: the run is over
		}
	}
	_, err := s.writes["COMMIT"].Exec()
	return err
}

// write runs units of work from many callers in groups. prepare makes the unit of one caller's nth call.
func (s *SQLite) write(ctx context.Context, callers int, d time.Duration, prepare func(caller, n int) (func() error, error)) (load.Result, error) {
	jobs := make(chan job, 4*perGroup)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.grouped(jobs)
	}()
	outcomes := make([]chan error, callers)
	for i := range outcomes {
		outcomes[i] = make(chan error, 1)
	}
	result, err := each(ctx, callers, d, func(caller, n int) error {
		run, err := prepare(caller, n)
		if err != nil {
			return err
		}
		jobs <- job{run, outcomes[caller]}
		return <-outcomes[caller]
	})
	close(jobs)
	<-ended
	return result, err
}

// run executes a prepared statement of the writer; it must change a row.
func (s *SQLite) run(text string, args ...any) error {
	result, err := s.writes[text].Exec(args...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return errRows(int(n))
	}
	return nil
}

// Create creates people.
func (s *SQLite) Create(ctx context.Context, callers int, d time.Duration) (load.Result, error) {
	return s.write(ctx, callers, d, func(int, int) (func() error, error) {
		n := s.next.Add(1)
		return func() error { return s.create(n) }, nil
	})
}

func (s *SQLite) create(n int64) error {
	number := fmt.Sprint(n)
	id, event := s.people.User(int(n)).String(), s.people.Event(int(n)).String()
	name, display, now := "limit."+number+"@limit.bench.test", "Ana Limit "+number, time.Now().UnixMilli()
	document := strings.NewReplacer(s.model.id, id, s.model.name, name).Replace(s.model.document)
	org, connection := s.org(), s.connection()
	for _, st := range []struct {
		text string
		args []any
	}{
		{claimNameSQL, []any{org, name, id, connection, "user_name"}},
		{insertUserSQL, []any{
			org, id, connection, "active", false, "full", name, name, "limit-" + number, display, strings.ToLower(display), "ana", "limit",
			nil, nil, document, 1, now, now, now,
		}},
		{insertEmailSQL, []any{org, id, 0, name, "work", true}},
		{indexWordsSQL, []any{org, id, name + "\n" + strings.ToLower(display)}},
		{countSQL, []any{org, connection, "user", 0, 1}},
		{insertEventSQL, []any{org, event, "user.created", "connection", connection, "user", id, "limit-" + number, now}},
		{insertValuesSQL, []any{org, id, event, nil, document, "127.0.0.1", nil}},
	} {
		if err := s.run(st.text, st.args...); err != nil {
			return fmt.Errorf("%.40s: %w", st.text, err)
		}
	}
	return s.seat(id)
}

// seat takes a seat where seats are limited.
func (s *SQLite) seat(id string) error {
	var limit, open int
	if err := s.writes[openSeatSQL].QueryRow(s.org(), "full").Scan(&limit, &open); err != nil || limit < 0 {
		return err
	}
	return s.run(takeSeatSQL, id, s.org(), "full", open)
}

// Patch switches people off and on: those of the second half of the seed, of whom every caller has some of its own.
func (s *SQLite) Patch(ctx context.Context, callers int, d time.Duration) (load.Result, error) {
	half := s.people.Users / 2
	if half < callers {
		return load.Result{}, fmt.Errorf("limit: %d people are too few for %d callers with people of their own", s.people.Users, callers)
	}
	return s.write(ctx, callers, d, func(caller, n int) (func() error, error) {
		own := half / callers
		number := half + caller + n%own*callers
		p := person{number: int64(number)}
		id := s.people.User(number).String()
		err := s.get.QueryRow(append([]any{s.org(), id, s.connection()}, s.standing()...)...).Scan(p.dest(s.get.columns)...)
		return func() error { return s.toggle(&p) }, err
	})
}

func (s *SQLite) toggle(p *person) error {
	n := s.next.Add(1)
	event, now := s.people.Event(int(n)).String(), time.Now().UnixMilli()
	before, after, status, what := `"active":true`, `"active":false`, "inactive", "user.deactivated"
	if p.status == status {
		before, after, status, what = after, before, "active", "user.activated"
	}
	is := s.people.Company.Person(p.number)
	document := strings.Replace(string(p.document), before, after, 1)
	err := s.run(saveUserSQL, status, p.owner, p.licence, p.name, p.key, p.external, p.display, attribute.Fold(p.display),
		attribute.Fold(is.Given), attribute.Fold(is.Family), nil, nil, document, p.version+1, now, p.accepted, p.org, p.id, p.version)
	if err != nil {
		return fmt.Errorf("save: %w", err)
	}
	if err := s.run(insertEventSQL, p.org, event, what, "connection", p.connection, "user", p.id, "limit", now); err != nil {
		return fmt.Errorf("event: %w", err)
	}
	if err := s.run(insertValuesSQL, p.org, p.id, event, "{"+before+"}", "{"+after+"}", "127.0.0.1", nil); err != nil {
		return fmt.Errorf("event values: %w", err)
	}
	if status == "active" {
		return s.seat(p.id)
	}
	_, err = s.writes[releaseSeatSQL].Exec(p.org, p.id)
	return err
}
