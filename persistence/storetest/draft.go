package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
)

// DraftUser is the person that Provision would insert for a directory, as the domain describes them, without a store:
// for tests of a port by itself.
func DraftUser(t testing.TB, caller domain.Caller, tree attribute.Value) domain.User {
	t.Helper()
	var d draft
	_, err := domain.NewDirectory(&d, Environment()).Provision(context.Background(), caller, tree)
	require.NoError(t, err)
	return d.user
}

// DraftChange is a person as ChangeUser would save them: was with its e-mails, and is.
func DraftChange(t testing.TB, caller domain.Caller, known domain.User, change func(attribute.Value) (attribute.Value, error)) (was, is domain.User) {
	t.Helper()
	d := draft{user: known}
	_, err := domain.NewDirectory(&d, Environment()).ChangeUser(context.Background(), caller, known.ID, domain.IfMatch{}, &known, change)
	require.NoError(t, err)
	return d.before, d.user
}

// DraftGroup is the group that CreateGroup would insert.
func DraftGroup(t testing.TB, caller domain.Caller, tree attribute.Value) domain.Group {
	t.Helper()
	var d draft
	_, err := domain.NewDirectory(&d, Environment()).CreateGroup(context.Background(), caller, tree, nil)
	require.NoError(t, err)
	return d.group
}

// draft is a store that keeps the one noun it is asked to save. What it is not asked is nil.
type draft struct {
	domain.Tx
	before, user domain.User
	group        domain.Group
}

func (d *draft) Read(_ context.Context, fn func(domain.Tx) error) error  { return fn(d) }
func (d *draft) Write(_ context.Context, fn func(domain.Tx) error) error { return fn(d) }

func (d *draft) Users() domain.Users   { return draftUsers{draft: d} }
func (d *draft) Groups() domain.Groups { return draftGroups{draft: d} }
func (d *draft) Seats() domain.Seats   { return draftSeats{} }
func (d *draft) Events() domain.Events { return draftEvents{} }

func (d *draft) Suspensions() domain.Suspensions { return draftSuspensions{} }
func (d *draft) StatusSteps() domain.StatusSteps { return draftStatusSteps{} }
func (d *draft) Policies() domain.Policies       { return draftPolicies{} }
func (d *draft) Waiting() domain.Waiting         { return draftWaiting{} }
func (d *draft) Inactivity() domain.Inactivity   { return draftInactivity{} }

func (d *draft) Records() domain.Records   { return draftRecords{} }
func (d *draft) Dossiers() domain.Dossiers { return draftDossiers{} }
func (d *draft) Mappings() domain.Mappings { return draftMappings{} }

type draftDossiers struct{ domain.Dossiers }

func (draftDossiers) DemandSettled(domain.OrganisationID, domain.UserID) error { return nil }

type draftMappings struct{ domain.Mappings }

func (draftMappings) DemandNoQueues(domain.OrganisationID, domain.UserID) error { return nil }

// SignIns implements domain.Tx: nothing is kept of anybody.
func (d *draft) SignIns() domain.SignIns { return draftSignIns{} }

type draftSignIns struct{ domain.SignIns }

func (draftSignIns) Known(domain.OrganisationID, domain.UserID) (bool, error) { return false, nil }

type draftUsers struct {
	domain.Users
	draft *draft
}

func (u draftUsers) Insert(user domain.User) error { u.draft.user = user; return nil }

func (u draftUsers) Save(was, is domain.User) error {
	u.draft.before, u.draft.user = was, is
	return nil
}

func (u draftUsers) Get(domain.Scope, domain.UserID) (domain.User, error) { return u.draft.user, nil }

type draftGroups struct {
	domain.Groups
	draft *draft
}

func (g draftGroups) Insert(group domain.Group) error { g.draft.group = group; return nil }

type draftSeats struct{ domain.Seats }

func (draftSeats) Take(domain.OrganisationID, string, domain.UserID) error { return nil }
func (draftSeats) Release(domain.OrganisationID, domain.UserID) error      { return nil }

type draftEvents struct{ domain.Events }

func (draftEvents) Append(domain.Event) error { return nil }

type draftSuspensions struct{ domain.Suspensions }

func (draftSuspensions) Match(domain.User) (s domain.Suspension, found bool, err error) {
	return s, false, nil
}

func (draftSuspensions) Get(domain.OrganisationID, domain.UserID) (s domain.Suspension, found bool, err error) {
	return s, false, nil
}

type draftStatusSteps struct{ domain.StatusSteps }

func (draftStatusSteps) Put(domain.StatusStep) error { return nil }

type draftPolicies struct{ domain.Policies }

func (draftPolicies) Get(domain.OrganisationID) (domain.Policy, error) {
	return domain.DefaultPolicy(), nil
}

type draftWaiting struct{ domain.Waiting }

func (draftWaiting) Leave(domain.OrganisationID, domain.UserID) error { return nil }

func (draftWaiting) First(domain.OrganisationID, string) (p domain.WaitingPlace, found, wished bool, err error) {
	return p, false, false, nil
}

type draftInactivity struct{ domain.Inactivity }

func (draftInactivity) Restart(domain.OrganisationID, domain.UserID, time.Time) error { return nil }

type draftRecords struct{ domain.Records }

func (draftRecords) Owns(domain.OrganisationID, domain.UserID) (bool, error) { return false, nil }
