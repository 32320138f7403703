package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/google/uuid"

	"usher/bench/report"
	"usher/domain"
	"usher/persistence"
)

const visitedOrigin = "https://crm.bench.test" // of the application that people go to

// checkGoals are checks a second, in thousands, by database.
func checkGoals() map[string]float64 { return map[string]float64{"postgres": 4, "sqlite": 8} }

// checks measures what a proxy asks before it lets a request go on, about one session that is asked for again and again:
// every answer is decided anew and has a signed assertion.
func (b *bench) checks(ctx context.Context, sites []*site) error {
	if !b.wants("check") {
		return nil
	}
	s := sites[0]
	if s.server == nil {
		return nil
	}
	token, err := s.visit(ctx)
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	f := &figures{}
	for range b.Rounds {
		result, err := s.load(ctx, "check", b.Seconds, s.main.Checks(b.connections(s.flag()), s.server.Address(), token, visitedOrigin))
		if err != nil {
			return err
		}
		all := result.Latency()
		f.usher = append(f.usher, result.Rate())
		f.p50, f.p99 = append(f.p50, all.Quantile(0.5).Seconds()), append(f.p99, all.Quantile(0.99).Seconds())
		limit, err := s.limit.run(ctx, "get", s.main)
		if err != nil {
			return err
		}
		f.limit = append(f.limit, limit)
	}
	b.add(
		f.row(s.against(), "/auth/check, one session, against get's limit", f.limit, 0),
		report.Row{
			Table: s.single(), Form: report.OfValues, Operation: "/auth/check of one session, each decided anew and asserted",
			Usher: report.Median(f.usher) / 1e3, Unit: "thousand a second", Goal: report.AtLeast(checkGoals()[s.flag()]),
		})
	return nil
}

// visit lets somebody sign in whom nobody patches.
func (s *site) visit(ctx context.Context) (string, error) {
	store, err := persistence.Open(ctx, persistence.Config{URL: s.url})
	if err != nil {
		return "", err
	}
	defer func() { _ = store.Close() }()
	return signIn(ctx, store, s.main.People.Caller, s.main.People.User(s.users-1))
}

// signIn registers an application and lets somebody sign in, who may do something. It gives the token of the session.
func signIn(ctx context.Context, store domain.Store, caller domain.Caller, user domain.UserID) (string, error) {
	env := domain.Environment{Now: time.Now, NewID: uuid.NewV7}
	org := caller.Organisation
	ad := domain.NewAdministration(store, env, rand.Reader)
	if err := giveProfile(ctx, ad, org, "Visitors"); err != nil {
		return "", err
	}
	who := domain.Administrator{Organisation: org, Actor: domain.ActorOperator(), Owner: true}
	if _, err := ad.CreateApplication(ctx, who, domain.ApplicationSpec{Name: "CRM", Origins: []string{visitedOrigin}}); err != nil {
		return "", err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	by := domain.Connection{
		ID: domain.ConnectionID{UUID: id}, Organisation: org, Name: "id", Kind: domain.KindGeneric, Activation: domain.ActivateAtOnce, CreatedAt: env.Now(),
		OIDC: domain.OIDCClient{Issuer: "https://id.bench.test", ClientID: "usher"},
	}
	is := domain.Identity{
		Organisation: org, Connection: by.ID, Issuer: by.OIDC.Issuer, Subject: "visitor", User: user, LinkedAt: env.Now(), LinkedBy: domain.LinkedByInvitation,
	}
	err = store.Write(ctx, func(tx domain.Tx) error {
		if err := tx.Connections().Insert(by); err != nil {
			return err
		}
		if _, err := tx.SignIns().Hold(org, user); err != nil {
			return err
		}
		return tx.Identities().Link(is)
	})
	if err != nil {
		return "", err
	}
	in, err := domain.NewEntrance(store, env, rand.Reader).FirstAccess(ctx, domain.Arriving{Identity: is}, domain.Visitor{})
	return in.Token, err
}
