package domain_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
	"usher/persistence/storetest"
)

// The rules about what people own, each under its name, over every database.
func TestRulesOfRecords(t *testing.T) {
	t.Parallel()
	each := storetest.Shared(t)
	for name, rule := range map[string]func(*scene){
		"deactivate.records":                deactivateRecords,
		"deactivate.records-from-directory": deactivateRecordsFromDirectory,
		"deactivate.records-at-once":        deactivateRecordsAtOnce,
		"deactivate.records-many":           deactivateRecordsMany,
		"delete.records":                    deleteRecords,
		"delete.records-from-directory":     deleteRecordsFromDirectory,
		"records.reported":                  recordsReported,
		"records.shared":                    recordsShared,
		"records.shared-of-a-team":          recordsSharedOfTeam,
		"records.shared-of-who-is-deleted":  recordsSharedOfDeleted,
		"records.left":                      recordsLeft,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, store *persistence.Store) {
				s := newScene(t, store, -1)
				rule(s)
				if !t.Failed() {
					storetest.Consistent(t, store, s.org())
				}
			})
		})
	}
}

func deal(id string) domain.RecordKey { return domain.RecordKey{Kind: "deals", ID: id} }

// own makes somebody own deals with these ids.
func (s *scene) own(owner domain.UserID, ids ...string) {
	s.Helper()
	var records []domain.Record
	for _, id := range ids {
		records = append(records, domain.Record{RecordKey: deal(id), Owner: owner})
	}
	_, err := s.admin.PutRecords(s.Context(), s.boss(), records)
	require.NoError(s, err)
}

// owned counts what somebody owns.
func (s *scene) owned(owner domain.UserID) int {
	s.Helper()
	counts, err := s.admin.RecordCounts(s.Context(), s.boss(), owner)
	require.NoError(s, err)
	return counts.Total
}

// left are those whose records wait.
func (s *scene) left() []domain.UserID {
	s.Helper()
	list, err := s.admin.LeftRecords(s.Context(), s.boss(), domain.UserID{}, 100)
	require.NoError(s, err)
	ids := []domain.UserID{}
	for _, l := range list {
		ids = append(ids, l.User.ID)
	}
	return ids
}

// only is the one event of a type.
func only(t testing.TB, events []domain.Event, what domain.EventType) domain.Event {
	t.Helper()
	var found []domain.Event
	for _, e := range events {
		if e.Type == what {
			found = append(found, e)
		}
	}
	require.Len(t, found, 1, "%s", what)
	return found[0]
}

// unfit are successors who cannot take over from somebody, by why.
func (s *scene) unfit(gone domain.UserID) map[string]domain.UserID {
	s.Helper()
	inactive, pending := s.local("inactive-"+gone.String()), s.add("pending-"+gone.String()+"@acme.test")
	s.deactivate(inactive.ID)
	deleted := s.provision("deleted-" + gone.String())
	s.deprovision(deleted.ID)
	elsewhere := storetest.NewTenant(s, s.store, storetest.Slug(s)+"-"+gone.String()[28:], -1)
	foreign := storetest.Account(s, s.store, elsewhere, "foreign", nil)
	return map[string]domain.UserID{
		"themselves": gone, "inactive": inactive.ID, "pending": pending.ID, "deleted": deleted.ID, "foreign": foreign.ID, "nobody": {UUID: uuid.New()},
	}
}

func deactivateRecords(s *scene) {
	ana, bob := s.local("ana"), s.local("bob")
	s.own(ana.ID, "1", "2", "3")
	deactivate := func(h domain.Handover) error {
		_, err := s.admin.DeactivateWith(s.Context(), s.boss(), ana.ID, domain.IfMatch{}, h)
		return err
	}
	unfit := s.unfit(ana.ID)
	made := s.eventsSince(func() {
		_, err := s.admin.Deactivate(s.Context(), s.boss(), ana.ID, domain.IfMatch{})
		storetest.Refused(s, err, domain.Conflict, domain.CodeRecordsOwned)
		require.ErrorContains(s, err, "owns 3 records; name a successor")
		for why, successor := range unfit {
			err := deactivate(domain.Handover{Successor: successor})
			storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
			require.ErrorContains(s, err, "successor", why)
		}
		storetest.Refused(s, deactivate(domain.Handover{Successor: bob.ID, Leave: true}), domain.Invalid, domain.CodeInvalidValue)
	})
	require.Empty(s, made, "a refusal changes nothing")
	require.Equal(s, domain.Active, s.found(ana.ID).Status)
	require.Equal(s, 3, s.owned(ana.ID))

	made = s.eventsSince(func() { require.NoError(s, deactivate(domain.Handover{Successor: bob.ID})) })
	require.Len(s, made, 2)
	told := only(s, made, domain.RecordsTransferred)
	require.Equal(s, ana.ID.UUID, told.Subject)
	require.JSONEq(s, `{"total":3,"kinds":{"deals":3},"successor":"`+bob.ID.String()+`"}`, string(attribute.AppendJSON(nil, told.After)))
	require.Equal(s, []int{0, 3}, []int{s.owned(ana.ID), s.owned(bob.ID)})
	require.Equal(s, domain.Inactive, s.found(ana.ID).Status)
	require.Empty(s, s.left())

	_, err := s.admin.DeactivateWith(s.Context(), s.boss(), bob.ID, domain.IfMatch{}, domain.Handover{Leave: true})
	require.NoError(s, err)
	require.Equal(s, []domain.UserID{bob.ID}, s.left())
	require.Equal(s, 3, s.owned(bob.ID), "deactivate.keeps: they are left, and stay")
	again := func(successor domain.UserID) error {
		_, err := s.admin.DeactivateWith(s.Context(), s.boss(), bob.ID, domain.IfMatch{}, domain.Handover{Successor: successor})
		return err
	}
	for why, successor := range s.unfit(bob.ID) {
		require.True(s, domain.IsCode(again(successor), domain.CodeInvalidValue), "%s, also where the person is inactive already", why)
	}
	heir := s.local("heir")
	made = s.eventsSince(func() { require.NoError(s, again(heir.ID)) })
	require.Equal(s, []domain.EventType{domain.RecordsTransferred}, eventTypes(made))
	require.Equal(s, []int{0, 3}, []int{s.owned(bob.ID), s.owned(heir.ID)})
	require.Empty(s, s.left())
	require.Empty(s, s.eventsSince(func() { require.NoError(s, again(heir.ID)) }))
	_, err = s.admin.TransferRecords(s.Context(), s.boss(), heir.ID, s.local("carol").ID)
	require.NoError(s, err)
	s.activate(bob.ID)
	require.Empty(s, s.left(), "who is back is not gone")

	nobody := s.local("nobody")
	for why, successor := range s.unfit(nobody.ID) {
		_, err := s.admin.DeactivateWith(s.Context(), s.boss(), nobody.ID, domain.IfMatch{}, domain.Handover{Successor: successor})
		require.True(s, domain.IsCode(err, domain.CodeInvalidValue), "%s, also where nothing is to be taken over", why)
	}
	require.Equal(s, domain.Active, s.found(nobody.ID).Status)

	cleo := s.local("cleo")
	s.own(cleo.ID, "4")
	_, err = s.admin.Deactivate(s.Context(), s.boss(), cleo.ID, domain.IfMatch{})
	require.ErrorContains(s, err, "owns 1 record; name a successor")
}

func deactivateRecordsFromDirectory(s *scene) {
	boss := s.provision("boss")
	ana := s.provision("ana", storetest.Manager(boss.ID.String()))
	s.own(ana.ID, "1", "2")
	made := s.eventsSince(func() { s.setActive(ana.ID, false) })
	require.Equal(s, boss.ID.String(), only(s, made, domain.RecordsTransferred).After.Get("successor").Text(), "the manager takes over")
	require.Equal(s, 2, s.owned(boss.ID))

	made = s.eventsSince(func() { s.setActive(boss.ID, false) })
	require.Equal(s, boss.ID.UUID, only(s, made, domain.RecordsLeft).Subject, "a push is never refused for records")
	require.Equal(s, []domain.UserID{boss.ID}, s.left())
	require.Equal(s, 2, s.owned(boss.ID))

	// What the connection's policy says counts: the manager or else the fallback, always the fallback, or nobody.
	second, heir := s.provision("second"), s.local("heir")
	policy := func(kind domain.SuccessorKind, fallback domain.UserID) {
		_, err := s.admin.ChangeConnectionPolicy(s.Context(), s.boss(), s.caller.Connection, domain.IfMatch{}, func(p domain.ConnectionPolicy) (domain.ConnectionPolicy, error) {
			p.Successor = domain.Successor{Kind: kind, Fallback: fallback}
			return p, nil
		})
		require.NoError(s, err)
		s.caller, err = s.directory.Authenticate(s.Context(), s.tenant.Bearer)
		require.NoError(s, err)
	}
	for i, c := range []struct {
		kind   domain.SuccessorKind
		to     domain.UserID
		leaves bool
	}{
		{domain.SuccessorManager, second.ID, false}, {domain.SuccessorFallback, heir.ID, false}, {domain.SuccessorLeave, domain.UserID{}, true},
	} {
		policy(c.kind, heir.ID)
		gone := s.provision(fmt.Sprintf("gone%d", i), storetest.Manager(second.ID.String()))
		s.own(gone.ID, fmt.Sprintf("gone%d", i))
		made := s.eventsSince(func() { s.setActive(gone.ID, false) })
		if c.leaves {
			only(s, made, domain.RecordsLeft)
			continue
		}
		require.Equal(s, c.to.String(), only(s, made, domain.RecordsTransferred).After.Get("successor").Text(), c.kind)
	}
	policy(domain.SuccessorManager, heir.ID)
	s.setActive(second.ID, false)
	late := s.provision("late", storetest.Manager(second.ID.String()))
	s.own(late.ID, "late")
	s.deprovision(late.ID)
	require.Equal(s, 3, s.owned(heir.ID), "a manager who is gone takes nothing over, the fallback does")
	byHand := s.provision("by-hand")
	s.manage(byHand.ID, s.local("chosen").ID)
	s.own(byHand.ID, "by-hand")
	made = s.eventsSince(func() { s.deprovision(byHand.ID) })
	require.Equal(s, s.signsInBy("chosen").String(), only(s, made, domain.RecordsTransferred).After.Get("successor").Text(), "the manager whom an administrator chose")
	policy(domain.SuccessorManager, domain.UserID{})

	left := s.left()
	s.setActive(ana.ID, true)
	s.own(ana.ID, "3")
	made = s.eventsSince(func() { s.setActive(ana.ID, false) })
	only(s, made, domain.RecordsLeft) // a manager who is gone takes nothing over
	require.ElementsMatch(s, append(left, ana.ID), s.left())
	require.Empty(s, s.eventsSince(func() { s.setActive(ana.ID, false) }))
}

// deactivateRecordsAtOnce: whoever goes while the application tells that they own something either leaves it to somebody, or
// is known to have left it.
func deactivateRecordsAtOnce(s *scene) {
	for round := range 8 {
		ana := s.local(fmt.Sprintf("ana%d", round))
		errs := concurrently(2, func(i int) error {
			if i == 0 {
				_, err := s.admin.PutRecords(s.Context(), s.boss(), []domain.Record{{RecordKey: deal(fmt.Sprint(round)), Owner: ana.ID}})
				return err
			}
			_, err := s.admin.Deactivate(s.Context(), s.boss(), ana.ID, domain.IfMatch{})
			return err
		})
		require.NoError(s, errs[0])
		if errs[1] != nil {
			storetest.Refused(s, errs[1], domain.Conflict, domain.CodeRecordsOwned)
			require.Equal(s, domain.Active, s.found(ana.ID).Status)
			continue
		}
		require.Equal(s, domain.Inactive, s.found(ana.ID).Status)
		require.Contains(s, s.left(), ana.ID)
	}
	ana, bob := s.local("ana"), s.local("bob")
	s.own(ana.ID, "a")
	s.own(bob.ID, "b")
	errs := concurrently(2, func(i int) error {
		gone, heir := ana.ID, bob.ID
		if i == 1 {
			gone, heir = bob.ID, ana.ID
		}
		_, err := s.admin.DeactivateWith(s.Context(), s.boss(), gone, domain.IfMatch{}, domain.Handover{Successor: heir})
		return err
	})
	require.Equal(s, map[string]int{"": 1, domain.CodeInvalidValue: 1}, outcomes(s.T, errs), "two do not leave their records to each other")
	require.Equal(s, 2, s.owned(ana.ID)+s.owned(bob.ID))
}

// deactivateRecordsMany: 100,000 records move in one unit of work, with one event of bounded size.
func deactivateRecordsMany(s *scene) {
	ana, bob := s.local("ana"), s.local("bob")
	const batches = 100
	for b := range batches {
		records := make([]domain.Record, domain.MaxRecordBatch)
		for i := range records {
			records[i] = domain.Record{RecordKey: domain.RecordKey{Kind: fmt.Sprintf("kind%d", i%150), ID: fmt.Sprintf("%d-%d", b, i)}, Owner: ana.ID}
		}
		_, err := s.admin.PutRecords(s.Context(), s.boss(), records)
		require.NoError(s, err)
	}
	made := s.eventsSince(func() {
		_, err := s.admin.DeactivateWith(s.Context(), s.boss(), ana.ID, domain.IfMatch{}, domain.Handover{Successor: bob.ID})
		require.NoError(s, err)
	})
	told := only(s, made, domain.RecordsTransferred)
	require.Equal(s, fmt.Sprint(batches*domain.MaxRecordBatch), told.After.Get("total").Text())
	require.Len(s, told.After.Get("kinds").Members(), domain.MaxRecordKinds)
	require.Equal(s, batches*domain.MaxRecordBatch, s.owned(bob.ID))
	require.Zero(s, s.owned(ana.ID))
}

func deleteRecords(s *scene) {
	ana, bob := s.local("ana"), s.local("bob")
	s.own(ana.ID, "1")
	storetest.Refused(s, s.admin.Delete(s.Context(), s.boss(), ana.ID, domain.IfMatch{}), domain.Conflict, domain.CodeRecordsOwned)
	require.Equal(s, domain.Active, s.found(ana.ID).Status)
	for why, successor := range s.unfit(ana.ID) {
		err := s.admin.DeleteWith(s.Context(), s.boss(), ana.ID, domain.IfMatch{}, domain.Handover{Successor: successor})
		require.True(s, domain.IsCode(err, domain.CodeInvalidValue), why)
	}
	require.NoError(s, s.admin.DeleteWith(s.Context(), s.boss(), ana.ID, domain.IfMatch{}, domain.Handover{Successor: bob.ID}))
	require.Equal(s, 1, s.owned(bob.ID))
	require.NoError(s, s.admin.DeleteWith(s.Context(), s.boss(), bob.ID, domain.IfMatch{}, domain.Handover{Leave: true}))
	require.Equal(s, []domain.UserID{bob.ID}, s.left())
	cleo := s.local("cleo")
	moved, err := s.admin.TransferRecords(s.Context(), s.boss(), bob.ID, cleo.ID)
	require.NoError(s, err)
	require.Equal(s, domain.RecordCounts{Total: 1, Kinds: []domain.RecordCount{{Kind: "deals", N: 1}}}, moved)
	require.Empty(s, s.left())
	require.Equal(s, 1, s.owned(cleo.ID))
}

func deleteRecordsFromDirectory(s *scene) {
	boss := s.provision("boss")
	ana := s.provision("ana", storetest.Manager(boss.ID.String()))
	s.own(ana.ID, "1")
	made := s.eventsSince(func() { s.deprovision(ana.ID) })
	only(s, made, domain.RecordsTransferred)
	require.Equal(s, 1, s.owned(boss.ID))
	made = s.eventsSince(func() { s.deprovision(boss.ID) })
	only(s, made, domain.RecordsLeft)
	require.Equal(s, []domain.UserID{boss.ID}, s.left())
}

func recordsReported(s *scene) {
	ana, bob := s.local("ana"), s.local("bob")
	put := func(records ...domain.Record) (domain.RecordsReport, error) {
		return s.admin.PutRecords(s.Context(), s.clerk("records:edit"), records)
	}
	record := func(id string, owner domain.UserID) domain.Record {
		return domain.Record{RecordKey: deal(id), Owner: owner}
	}
	made := s.eventsSince(func() {
		for field, records := range map[string][]domain.Record{
			"records":             {},
			"records[1].owner_id": {record("a", ana.ID), record("1", domain.UserID{UUID: uuid.New()})},
			"records[0].id":       {record("a/b", ana.ID)},
			"records[1].id":       {record("a", ana.ID), record("a", bob.ID)},
			"records[0].kind":     {{RecordKey: domain.RecordKey{Kind: "Deals", ID: "1"}, Owner: ana.ID}},
		} {
			_, err := put(records...)
			require.ErrorContains(s, err, "("+field+")")
		}
		_, err := put(record("1", domain.UserID{UUID: uuid.New()}))
		require.ErrorContains(s, err, "see the list of people")
		_, err = s.admin.PutRecords(s.Context(), s.clerk("records:view"), []domain.Record{record("1", ana.ID)})
		storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
	})
	require.Empty(s, made)
	made = s.eventsSince(func() {
		report, err := put(record("1", ana.ID), record("2", ana.ID), record("3", bob.ID))
		require.NoError(s, err)
		require.Equal(s, domain.RecordsReport{Created: 3}, report)
		report, err = put(record("1", ana.ID), record("2", bob.ID), record("4", bob.ID))
		require.NoError(s, err)
		require.Equal(s, domain.RecordsReport{Created: 1, Moved: 1, Unchanged: 1}, report)
		report, err = put(record("1", ana.ID))
		require.NoError(s, err)
		require.Equal(s, domain.RecordsReport{Unchanged: 1}, report)
		n, err := s.admin.RemoveRecords(s.Context(), s.boss(), []domain.RecordKey{deal("1"), deal("nobody's")})
		require.NoError(s, err)
		require.Equal(s, 1, n)
	})
	require.Len(s, made, 3, "one event for each that changed something")
	require.Equal(s, []int{0, 3}, []int{s.owned(ana.ID), s.owned(bob.ID)})
	list, err := s.admin.RecordsOf(s.Context(), s.clerk("records:view"), bob.ID, "deals", deal("2"), 1)
	require.NoError(s, err)
	require.Equal(s, []domain.RecordKey{deal("3")}, []domain.RecordKey{list[0].RecordKey})
	_, err = s.admin.RecordsOf(s.Context(), s.boss(), domain.UserID{UUID: uuid.New()}, "", domain.RecordKey{}, 1)
	storetest.Gone(s, err)
	_, err = s.admin.TransferRecords(s.Context(), s.boss(), domain.UserID{UUID: uuid.New()}, ana.ID)
	storetest.Gone(s, err)
	require.Empty(s, s.eventsSince(func() {
		_, err := s.admin.TransferRecords(s.Context(), s.boss(), ana.ID, bob.ID)
		require.NoError(s, err)
	}), "nothing moves from who owns nothing")
}

func recordsShared(s *scene) {
	top := s.role("Top", domain.RoleID{}, domain.SeesSubtree)
	low := s.role("Low", top.ID, domain.SeesOwn)
	team := s.team("Sales")
	chief, ana, bob, cleo, root := s.local("chief"), s.local("ana"), s.local("bob"), s.local("cleo"), s.local("root")
	s.assign(chief.ID, domain.AccessChange{Role: domain.Choose(top.ID)})
	for _, u := range []domain.User{ana, bob} {
		s.assign(u.ID, domain.AccessChange{Role: domain.Choose(low.ID)})
	}
	s.assign(cleo.ID, domain.AccessChange{Team: domain.Choose(team.ID)})
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), root.ID, domain.IfMatch{}))
	s.own(ana.ID, "1")
	may := func(u domain.User) domain.RecordDecision {
		s.Helper()
		d, err := s.admin.RecordAccess(s.Context(), s.clerk("records:view"), deal("1"), u.ID)
		require.NoError(s, err)
		return d
	}
	require.Equal(s, domain.RecordDecision{Access: domain.RecordEdit, Reason: domain.RecordByOwner}, may(ana))
	require.Equal(s, domain.RecordDecision{Access: domain.RecordEdit, Reason: domain.RecordBySystemOwner}, may(root))
	require.Equal(s, domain.RecordDecision{Access: domain.RecordView, Reason: domain.RecordByRole}, may(chief))
	require.Equal(s, domain.RecordDecision{}, may(bob))
	require.Equal(s, domain.RecordDecision{}, may(cleo))

	share := func(shares ...domain.RecordShare) error {
		_, err := s.admin.ShareRecord(s.Context(), s.clerk("records:edit"), deal("1"), domain.IfMatch{}, shares)
		return err
	}
	for _, wrong := range [][]domain.RecordShare{
		{{May: domain.RecordView}}, {{User: bob.ID}}, {{User: bob.ID, Team: team.ID, May: domain.RecordView}}, {{User: bob.ID, May: "own"}},
		{{User: bob.ID, May: domain.RecordView}, {User: bob.ID, May: domain.RecordEdit}}, {{User: domain.UserID(team.ID), May: domain.RecordView}},
	} {
		storetest.Refused(s, share(wrong...), domain.Invalid, domain.CodeInvalidValue)
	}
	made := s.eventsSince(func() {
		require.NoError(s, share(domain.RecordShare{User: bob.ID, May: domain.RecordView}, domain.RecordShare{Team: team.ID, May: domain.RecordEdit}))
		require.NoError(s, share(domain.RecordShare{Team: team.ID, May: domain.RecordEdit}, domain.RecordShare{User: bob.ID, May: domain.RecordView}))
	})
	require.Equal(s, "1", only(s, made, domain.RecordShared).After.Get("id").Text())
	require.Equal(s, domain.RecordDecision{Access: domain.RecordView, Reason: domain.RecordByShare}, may(bob))
	require.Equal(s, domain.RecordDecision{Access: domain.RecordEdit, Reason: domain.RecordByTeam}, may(cleo))
	s.assign(bob.ID, domain.AccessChange{Team: domain.Choose(team.ID)})
	require.Equal(s, domain.RecordDecision{Access: domain.RecordEdit, Reason: domain.RecordByTeam}, may(bob), "the most of them counts")
	s.deactivate(bob.ID)
	require.Equal(s, domain.RecordDecision{}, may(bob), "who is inactive works with nothing")

	_, err := s.admin.RecordAccess(s.Context(), s.boss(), deal("2"), bob.ID)
	storetest.Gone(s, err)
	_, err = s.admin.RecordAccess(s.Context(), s.boss(), deal("1"), domain.UserID{UUID: uuid.New()})
	storetest.Gone(s, err)
}

// recordsSharedOfTeam: a team with which records are shared goes only where another one takes its place, which gets the shares;
// of two the stronger one holds.
func recordsSharedOfTeam(s *scene) {
	gone, heir := s.team("Gone"), s.team("Heir")
	ana, bob := s.local("ana"), s.local("bob")
	s.own(ana.ID, "1", "2", "3", "4")
	s.assign(bob.ID, domain.AccessChange{Team: domain.Choose(gone.ID)})
	view, edit := domain.RecordView, domain.RecordEdit
	for id, shares := range map[string][]domain.RecordShare{
		"1": {{Team: gone.ID, May: edit}}, "2": {{Team: gone.ID, May: edit}, {Team: heir.ID, May: view}},
		"3": {{Team: gone.ID, May: view}, {Team: heir.ID, May: edit}, {User: bob.ID, May: view}}, "4": {{Team: heir.ID, May: view}},
	} {
		_, err := s.admin.ShareRecord(s.Context(), s.boss(), deal(id), domain.IfMatch{}, shares)
		require.NoError(s, err)
	}
	remove := func(replacement domain.TeamID) error {
		return s.admin.DeleteTeam(s.Context(), s.boss(), gone.ID, domain.IfMatch{}, replacement)
	}
	s.assign(bob.ID, domain.AccessChange{Team: domain.Choose(domain.TeamID{})})
	storetest.Refused(s, remove(domain.TeamID{}), domain.Conflict, domain.CodeInUse)
	s.assign(bob.ID, domain.AccessChange{Team: domain.Choose(gone.ID)})
	made := s.eventsSince(func() { require.NoError(s, remove(heir.ID)) })
	told := map[string]string{}
	for _, e := range made {
		if e.Type == domain.RecordShared {
			require.NotEmpty(s, e.Before.Get("shares").Items())
			told[e.After.Get("id").Text()] = string(attribute.AppendJSON(nil, e.After.Get("shares")))
		}
	}
	toHeir := `{"team":"` + heir.ID.String() + `","may":"edit"}`
	require.Equal(s, map[string]string{"1": "[" + toHeir + "]", "2": "[" + toHeir + "]", "3": "[" + toHeir + `,{"user":"` + bob.ID.String() + `","may":"view"}]`}, told)
	for id, may := range map[string]domain.RecordAccess{"1": edit, "2": edit, "3": edit, "4": view} {
		decision, err := s.admin.RecordAccess(s.Context(), s.boss(), deal(id), bob.ID)
		require.NoError(s, err)
		require.Equal(s, domain.RecordDecision{Access: may, Reason: domain.RecordByTeam}, decision, id)
	}
}

// recordsSharedOfDeleted: what was shared with somebody who was deleted is shared with nobody, and what is read can be sent back.
func recordsSharedOfDeleted(s *scene) {
	ana, bob, cleo := s.local("ana"), s.local("bob"), s.local("cleo")
	s.own(ana.ID, "1")
	shares := []domain.RecordShare{{User: bob.ID, May: domain.RecordView}, {User: cleo.ID, May: domain.RecordEdit}}
	_, err := s.admin.ShareRecord(s.Context(), s.boss(), deal("1"), domain.IfMatch{}, shares)
	require.NoError(s, err)
	require.NoError(s, s.admin.Delete(s.Context(), s.boss(), bob.ID, domain.IfMatch{}))
	found, err := s.admin.Record(s.Context(), s.boss(), deal("1"))
	require.NoError(s, err)
	require.Equal(s, shares[1:], found.Shares)
	require.Empty(s, s.eventsSince(func() {
		_, err := s.admin.ShareRecord(s.Context(), s.boss(), deal("1"), domain.IfMatch{Set: true, Versions: []int64{found.Version()}}, found.Shares)
		require.NoError(s, err)
	}))
	require.NoError(s, s.admin.Purge(s.Context(), s.boss(), bob.ID))
	require.Equal(s, 1, storetest.Count(s, storetest.Raw(s, s.store), "SELECT count(*) FROM record_shares WHERE organisation_id = $1", s.org().String()))
}

// recordsLeft: records that the application says somebody has who is inactive wait as well, until it says otherwise.
func recordsLeft(s *scene) {
	ana, bob := s.local("ana"), s.local("bob")
	s.deactivate(ana.ID)
	require.Empty(s, s.left())
	s.own(ana.ID, "1")
	require.Equal(s, []domain.UserID{ana.ID}, s.left())
	s.own(bob.ID, "1")
	require.Empty(s, s.left())
}
