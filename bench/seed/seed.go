// Package seed fills an organisation with people and groups quickly: a million people in minutes, where pushing them
// would take an hour. What is stored is made by the use cases themselves ([domain.Directory.Provision] and CreateGroup
// over a store that only takes notes), from bodies read as the server reads them; only the writing of rows is this
// package's own, in bulk. A test seeds and pushes the same people and compares every row of every table.
//
// The server must not run meanwhile.
//
//	people, err := seed.Fill(ctx, "sqlite:usher.db", token, seed.Plan{Company: "seed", Users: 1_000_000})
//	people.User(7) // the id of person 7
package seed

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"usher/bench/people"
	"usher/domain"
	"usher/persistence"
)

// Plan says who there is to be.
type Plan struct {
	Company people.Company
	Users   int
	Groups  []Group

	// Clock gives the instants at which people come; nil: the real time.
	Clock func() time.Time
}

// Group is a group of consecutive people.
type Group struct {
	Name     string
	From, To int // the members: people From to To-1
}

// Teams divides people into groups of a size.
func Teams(users, size int) []Group {
	var teams []Group
	for from := 0; size > 0 && from < users; from += size {
		teams = append(teams, Group{Name: fmt.Sprintf("Team %05d", from/size), From: from, To: min(from+size, users)})
	}
	return teams
}

// People tells the identifiers of what was seeded. They ascend as those of UUIDv7 do, and can be computed, so that a
// benchmark needs no list of a million of them.
type People struct {
	Company people.Company
	Users   int
	Caller  domain.Caller // on whose behalf they were seeded
	Prefix  uint64        // the first 64 bits of all identifiers
}

// The kinds of identifiers, by bits below the variant.
const (
	variant  = 0x80 << 56
	ofUsers  = 0
	ofEvents = 1 << 56
	ofGroups = 2 << 56
)

// newPrefix is the first half of a UUIDv7 at a time.
func newPrefix(at time.Time) uint64 { return uint64(at.UnixMilli())<<16 | 7<<12 }

// User is the id of person n.
func (p People) User(n int) domain.UserID { return domain.UserID{UUID: p.id(ofUsers, n)} }

// Group is the id of group n of the plan.
func (p People) Group(n int) domain.GroupID { return domain.GroupID{UUID: p.id(ofGroups, n)} }

// Event is the id of the event of person n, or of whatever else is counted beyond the people and groups of the plan.
func (p People) Event(n int) domain.EventID { return domain.EventID{UUID: p.id(ofEvents, n)} }

func (p People) id(kind uint64, n int) uuid.UUID {
	var id uuid.UUID
	low := uint64(variant) | kind | uint64(n)
	for i := range 8 {
		id[i] = byte(p.Prefix >> (56 - 8*i))
		id[8+i] = byte(low >> (56 - 8*i))
	}
	return id
}

// writer writes what was made as rows of one database.
type writer interface {
	people(batch []made) error
	group(g madeGroup) error
	finish() error // counts, indexes, statistics
	close() error
}

// batch is how many people are written at once.
const batch = 10_000

// Fill seeds the organisation and connection that a directory token belongs to.
func Fill(ctx context.Context, databaseURL, token string, plan Plan) (People, error) {
	if plan.Clock == nil {
		plan.Clock = time.Now
	}
	caller, err := callerOf(ctx, databaseURL, token, plan.Clock())
	if err != nil {
		return People{}, err
	}
	p := People{Company: plan.Company, Users: plan.Users, Caller: caller, Prefix: newPrefix(plan.Clock())}
	var w writer
	if kind, file := persistence.Kind(databaseURL); kind == "sqlite" {
		w, err = newSQLiteWriter(ctx, file, caller)
	} else {
		w, err = newPostgresWriter(ctx, databaseURL, caller, plan.Users)
	}
	if err != nil {
		return p, fmt.Errorf("seed: open: %w", err)
	}
	defer func() { _ = w.close() }()
	if err := p.fill(ctx, w, plan); err != nil {
		return p, fmt.Errorf("seed: %w", err)
	}
	return p, w.finish()
}

func (p People) fill(ctx context.Context, w writer, plan Plan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	maker, err := newMaker(p, plan.Clock)
	if err != nil {
		return err
	}
	// One processor makes people while the other writes them.
	batches, failed := make(chan []made, 2), make(chan error, 1)
	go func() {
		defer close(batches)
		for n := 0; n < plan.Users; n += batch {
			list, err := maker.people(ctx, n, min(n+batch, plan.Users))
			if err != nil {
				failed <- err
				return
			}
			select {
			case batches <- list:
			case <-ctx.Done():
				failed <- ctx.Err()
				return
			}
		}
	}()
	for list := range batches {
		if err := w.people(list); err != nil {
			return fmt.Errorf("write people: %w", err)
		}
	}
	select {
	case err := <-failed:
		return err
	default:
	}
	for n, g := range plan.Groups {
		made, err := maker.group(ctx, n, g)
		if err != nil {
			return err
		}
		if err := w.group(made); err != nil {
			return fmt.Errorf("write group %s: %w", g.Name, err)
		}
	}
	return nil
}

// callerOf is who a token stands for.
func callerOf(ctx context.Context, databaseURL, token string, now time.Time) (caller domain.Caller, err error) {
	bearer, err := domain.ParseBearer(token)
	if err != nil {
		return caller, err
	}
	store, err := persistence.Open(ctx, persistence.Config{URL: databaseURL})
	if err != nil {
		return caller, err
	}
	defer func() { _ = store.Close() }()
	err = store.Read(ctx, func(tx domain.Tx) error {
		caller, err = tx.Tokens().Caller(bearer, now)
		return err
	})
	return caller, err
}
