package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"

	"usher/bench/load"
	"usher/bench/report"
	"usher/domain"
	"usher/persistence"
)

const (
	decisionRate    = 2000   // decisions a second
	decisionWorkers = 16     // that share them
	decisionGoal    = 0.0010 // seconds at p99

	memoryForSpeed = 200 // percent by which the heap grows before it is collected, as in usher
)

// decide measures the decision about a person as forward-auth asks for it: may they come in, and what may they do. It
// runs inside this process at a fixed rate, on anybody of the largest organisation. A decision that begins late because
// those before it took too long is counted from when it was due.
func (b *bench) decide(ctx context.Context, sites []*site) error {
	if !b.wants("decide") {
		return nil
	}
	s := sites[len(sites)-1]
	s.shut() // one process owns a SQLite file
	store, err := persistence.Open(ctx, persistence.Config{URL: s.url})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	env := domain.Environment{Now: time.Now, NewID: uuid.NewV7}
	org := s.main.People.Caller.Organisation
	if err := giveProfile(ctx, domain.NewAdministration(store, env, rand.Reader), org, "Bench"); err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(memoryForSpeed))
	}
	half := s.users / 2 // the others may have been switched off
	anybody := func(i int) domain.UserID { return s.main.People.User(half + i) }
	var median, p99 []float64
	for round := range b.Rounds + 1 {
		h, err := decideFor(ctx, store, org, anybody, s.users-half, time.Duration(b.Seconds)*time.Second)
		if err != nil {
			return err
		}
		if round == 0 { // to warm up
			continue
		}
		b.sayf("%s: %d decisions, p50 %s, p99 %s", s.name(), h.Count(), short(h.Quantile(0.5)), short(h.Quantile(0.99)))
		median, p99 = append(median, h.Quantile(0.5).Seconds()), append(p99, h.Quantile(0.99).Seconds())
	}
	b.add(report.Row{
		Table: s.single(), Form: report.OfValues, Operation: fmt.Sprintf("decision and permissions, %s a second, p99", thousands(decisionRate)),
		Note:  fmt.Sprintf("%s people; p50 %.2f ms", thousands(s.users), 1e3*report.Median(median)),
		Usher: report.Median(p99), Unit: "s", Goal: report.AtMost(decisionGoal),
	})
	return nil
}

// giveProfile gives everybody a profile by default.
func giveProfile(ctx context.Context, ad *domain.Administration, org domain.OrganisationID, name string) error {
	who := domain.Administrator{Organisation: org, Actor: domain.ActorOperator(), Owner: true}
	profile, err := ad.CreateProfile(ctx, who, domain.ProfileSpec{Name: name, Grants: domain.Permissions{
		{Module: domain.ModuleUsers, Action: domain.ActionView}: domain.AllObjects(),
		{Module: domain.ModuleTeams, Action: domain.ActionView}: domain.TheseObjects("one", "two", "three"),
	}})
	if err != nil {
		return err
	}
	_, err = ad.SetDefaults(ctx, who, domain.IfMatch{}, domain.RoleID{}, profile.ID)
	return err
}

// decideFor decides about people at the fixed rate for some time.
func decideFor(ctx context.Context, store domain.Store, org domain.OrganisationID, user func(int) domain.UserID, users int, lasts time.Duration) (*load.Histogram, error) {
	var all load.Histogram
	var failure error
	var mu sync.Mutex
	var running sync.WaitGroup
	began := time.Now()
	for worker := range decisionWorkers {
		running.Go(func() {
			var h load.Histogram
			err := paced(began.Add(time.Duration(worker)*time.Second/decisionRate), time.Second*decisionWorkers/decisionRate, lasts, &h, func() error {
				return decideOnce(ctx, store, org, user(mathrand.IntN(users)))
			})
			mu.Lock()
			defer mu.Unlock()
			all.Merge(&h)
			failure = errors.Join(failure, err)
		})
	}
	running.Wait()
	return &all, failure
}

// paced does something once every interval from first on. What begins on time is counted from there, what begins late
// from when it was due.
func paced(first time.Time, every, lasts time.Duration, h *load.Histogram, do func() error) error {
	for due := first; due.Before(first.Add(lasts)); due = due.Add(every) {
		from := due
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
			from = time.Now()
		}
		if err := do(); err != nil {
			return err
		}
		h.Add(time.Since(from))
	}
	return nil
}

func decideOnce(ctx context.Context, store domain.Store, org domain.OrganisationID, user domain.UserID) error {
	return store.Read(ctx, func(tx domain.Tx) error {
		found, err := tx.Assignments().Admission(org, user)
		if err != nil {
			return err
		}
		if d := found.Decide(domain.BySession, time.Now()); !d.Allowed {
			return fmt.Errorf("user %s is refused: %s", user, d.Reason)
		}
		if !found.Access.Effective().Allows(domain.Permission{Module: domain.ModuleUsers, Action: domain.ActionView}, "") {
			return fmt.Errorf("user %s has lost a permission", user)
		}
		return nil
	})
}
