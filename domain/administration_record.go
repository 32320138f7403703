package domain

import (
	"context"
	"fmt"
	"slices"
	"time"

	"usher/domain/attribute"
)

// RecordsReport counts what telling about records changed.
type RecordsReport struct {
	Created   int // that nobody had told about
	Moved     int // that somebody else owned
	Unchanged int
}

// PutRecords says who owns records: at most [MaxRecordBatch] of them, each once. It is one unit of work and one event. Needs
// records:edit. Invalid, naming the record at fault; TooMany.
func (ad *Administration) PutRecords(ctx context.Context, who Administrator, records []Record) (RecordsReport, error) {
	var report RecordsReport
	records, at, err := sortedRecords(records)
	if err != nil {
		return report, err
	}
	var owners []UserID
	for _, r := range records {
		owners = append(owners, r.Owner)
	}
	slices.SortFunc(owners, compareIDs[User])
	owners = slices.Compact(owners)
	err = ad.change(ctx, who, ModuleRecords, ActionEdit, "", func(tx Tx, now time.Time) error {
		report = RecordsReport{}
		here, err := tx.Records().Share(who.Organisation, owners)
		if err != nil {
			return err
		}
		standing := map[UserID]Status{}
		for _, h := range here {
			standing[h.ID] = h.Status
		}
		for i := range records {
			if standing[records[i].Owner] == Nobody {
				return InvalidField(fmt.Sprintf("records[%d].owner_id", at[records[i].RecordKey]), "there is no person with the id "+records[i].Owner.String()+"; see the list of people")
			}
			records[i].Since = now
		}
		if report.Created, report.Moved, err = tx.Records().Differing(who.Organisation, records); err != nil {
			return err
		}
		report.Unchanged = len(records) - report.Created - report.Moved
		if report.Created+report.Moved == 0 {
			return nil
		}
		if err := tx.Records().Put(who.Organisation, records); err != nil {
			return err
		}
		for _, owner := range owners {
			if standing[owner] != Inactive {
				continue
			}
			if err := tx.Records().Leave(who.Organisation, owner, now); err != nil {
				return err
			}
		}
		return ad.record(tx, who, RecordsReported, "organisation", who.Organisation.UUID, now, attribute.Value{},
			numbers("created", report.Created, "moved", report.Moved))
	})
	return report, err
}

// sortedRecords checks records and puts them in order of key, so that units of work wait for each other and never block
// both; at says where each of them stood.
func sortedRecords(records []Record) (sorted []Record, at map[RecordKey]int, err error) {
	if len(records) == 0 || len(records) > MaxRecordBatch {
		return nil, nil, tooMany("records", fmt.Sprintf("send 1 to %d records at once", MaxRecordBatch))
	}
	at = map[RecordKey]int{}
	for i, r := range records {
		if err := r.check(fmt.Sprintf("records[%d].", i)); err != nil {
			return nil, nil, err
		}
		if _, twice := at[r.RecordKey]; twice {
			return nil, nil, InvalidField(fmt.Sprintf("records[%d].id", i), "this record is there twice; send each once")
		}
		at[r.RecordKey] = i
	}
	sorted = slices.Clone(records)
	slices.SortFunc(sorted, func(a, b Record) int { return a.compare(b.RecordKey) })
	return sorted, at, nil
}

// RemoveRecords forgets records, with whom they were shared; those that nobody told about are passed over. Needs
// records:edit. Invalid, TooMany.
func (ad *Administration) RemoveRecords(ctx context.Context, who Administrator, keys []RecordKey) (removed int, err error) {
	records := make([]Record, len(keys))
	for i, k := range keys {
		records[i].RecordKey = k
	}
	records, _, err = sortedRecords(records)
	if err != nil {
		return 0, err
	}
	keys = make([]RecordKey, len(records))
	for i, r := range records {
		keys[i] = r.RecordKey
	}
	err = ad.change(ctx, who, ModuleRecords, ActionEdit, "", func(tx Tx, now time.Time) (err error) {
		if removed, err = tx.Records().Remove(who.Organisation, keys); err != nil || removed == 0 {
			return err
		}
		return ad.record(tx, who, RecordsReported, "organisation", who.Organisation.UUID, now, attribute.Value{}, numbers("removed", removed))
	})
	return removed, err
}

// SharedRecord is a record with those it is shared with.
type SharedRecord struct {
	Record

	Shares []RecordShare
}

// Version tells one state of the record from another, for If-Match.
func (r SharedRecord) Version() int64 {
	texts := []string{r.Kind, r.ID, r.Owner.String()}
	for _, s := range r.Shares {
		texts = append(texts, s.User.String(), s.Team.String(), string(s.May))
	}
	return contentVersion(texts...)
}

// Record finds a record, and with whom it is shared. Needs records:view. NotFound.
func (ad *Administration) Record(ctx context.Context, who Administrator, key RecordKey) (SharedRecord, error) {
	var found SharedRecord
	err := ad.look(ctx, who, ModuleRecords, ActionView, "", func(tx Tx) (err error) {
		if found.Record, err = tx.Records().Get(who.Organisation, key); err != nil {
			return err
		}
		found.Shares, err = tx.Records().Shares(who.Organisation, key)
		return err
	})
	return found, err
}

// RecordsOf reads records of a person, in order of kind and id, after a key (the zero one is before all). Needs
// records:view. NotFound.
func (ad *Administration) RecordsOf(ctx context.Context, who Administrator, owner UserID, kind string, after RecordKey, limit int) ([]Record, error) {
	var list []Record
	err := ad.look(ctx, who, ModuleRecords, ActionView, "", func(tx Tx) (err error) {
		if err := anybody(tx, who.Organisation, owner); err != nil {
			return err
		}
		list, err = tx.Records().Of(who.Organisation, owner, kind, after, limit)
		return err
	})
	return list, err
}

// RecordCounts counts the records of a person, who may have been deleted. Needs records:view. NotFound.
func (ad *Administration) RecordCounts(ctx context.Context, who Administrator, owner UserID) (RecordCounts, error) {
	var counts RecordCounts
	err := ad.look(ctx, who, ModuleRecords, ActionView, "", func(tx Tx) (err error) {
		if err := anybody(tx, who.Organisation, owner); err != nil {
			return err
		}
		counts, err = tx.Records().Counts(who.Organisation, owner)
		return err
	})
	return counts, err
}

// anybody demands that there is such a person, here or archived. NotFound.
func anybody(tx Tx, org OrganisationID, id UserID) error {
	_, err := tx.Users().Find(org, id)
	if IsKind(err, NotFound) {
		_, err = tx.Users().Archived(org, id)
	}
	return err
}

// LeftRecords reads who is gone and whose records wait for another owner, in order of id. Needs records:view.
func (ad *Administration) LeftRecords(ctx context.Context, who Administrator, after UserID, limit int) ([]LeftRecords, error) {
	var list []LeftRecords
	err := ad.look(ctx, who, ModuleRecords, ActionView, "", func(tx Tx) (err error) {
		list, err = tx.Records().Left(who.Organisation, after, limit)
		return err
	})
	return list, err
}

// TransferRecords gives all records of a person, who may be gone, to another one who is active: in one unit of work with one
// event. Where there are none nothing changes. Needs records:edit. NotFound, Invalid.
func (ad *Administration) TransferRecords(ctx context.Context, who Administrator, from, to UserID) (RecordCounts, error) {
	var counts RecordCounts
	err := ad.change(ctx, who, ModuleRecords, ActionEdit, "", func(tx Tx, now time.Time) error {
		if _, err := tx.Records().Hold(who.Organisation, from); err != nil {
			return err
		}
		if err := checkSuccessor(tx, who.Organisation, "successor", from, to); err != nil {
			return err
		}
		var err error
		counts, err = transfer(tx, who.Organisation, from, to, now, ad.scribe(who))
		return err
	})
	return counts, err
}

// ShareRecord says with whom a record is shared, in place of what was said before. match is a condition on the record and
// its shares. Needs records:edit. NotFound, Invalid, Precondition, TooMany.
func (ad *Administration) ShareRecord(ctx context.Context, who Administrator, key RecordKey, match IfMatch, shares []RecordShare) (SharedRecord, error) {
	if len(shares) > MaxRecordShares {
		return SharedRecord{}, tooMany("shares", fmt.Sprintf("share a record with at most %d people and teams; a team counts once", MaxRecordShares))
	}
	outcome := SharedRecord{Shares: slices.Clone(shares)}
	shares = outcome.Shares
	slices.SortFunc(shares, RecordShare.compare)
	err := ad.change(ctx, who, ModuleRecords, ActionEdit, "", func(tx Tx, now time.Time) error {
		var err error
		if outcome.Record, err = tx.Records().Get(who.Organisation, key); err != nil {
			return err
		}
		was, err := tx.Records().Shares(who.Organisation, key)
		if err != nil {
			return err
		}
		if err := match.admits(SharedRecord{outcome.Record, was}.Version()); err != nil {
			return err
		}
		if err := checkShares(tx, who.Organisation, was, shares); err != nil || slices.Equal(was, shares) {
			return err
		}
		return ad.setShares(tx, who, key, was, shares, now)
	})
	return outcome, err
}

// setShares writes shares over those there were, with the event.
func (ad *Administration) setShares(tx Tx, who Administrator, key RecordKey, was, is []RecordShare, now time.Time) error {
	if err := tx.Records().SetShares(who.Organisation, key, was, is); err != nil {
		return err
	}
	after := texts("kind", key.Kind, "id", key.ID)
	after.Set("shares", shareTree(is))
	return ad.record(tx, who, RecordShared, "record", key.subject(who.Organisation), now, attribute.NewComplex(
		attribute.Member{Name: "shares", Value: shareTree(was)}), after)
}

// reshare gives what is shared with a team to the one that takes its place, with an event for each record; where both have a
// share, the stronger one holds (rule profile.delete). InUse where none takes its place.
func (ad *Administration) reshare(tx Tx, who Administrator, gone, heir TeamID, now time.Time) error {
	const batch = 500
	for {
		keys, err := tx.Records().SharedWith(who.Organisation, gone, batch)
		if err != nil {
			return err
		}
		if len(keys) > 0 && heir.IsZero() {
			return inUse("records are shared with this team; name another one with which they are shared in its place")
		}
		for _, key := range keys {
			was, err := tx.Records().Shares(who.Organisation, key)
			if err != nil {
				return err
			}
			if err := ad.setShares(tx, who, key, was, inherited(was, gone, heir), now); err != nil {
				return err
			}
		}
		if len(keys) < batch {
			return nil
		}
	}
}

// inherited are shares where one team has those of another one, too.
func inherited(was []RecordShare, gone, heir TeamID) []RecordShare {
	share := RecordShare{Team: heir}
	var is []RecordShare
	for _, s := range was {
		switch {
		case s.Team != gone && s.Team != heir:
			is = append(is, s)
		case s.May.includes(share.May):
			share.May = s.May
		}
	}
	is = append(is, share)
	slices.SortFunc(is, RecordShare.compare)
	return is
}

func shareTree(shares []RecordShare) attribute.Value {
	items := make([]attribute.Value, len(shares))
	for i, s := range shares {
		items[i] = s.tree()
	}
	return attribute.NewList(items...)
}

// checkShares refuses shares with nobody, twice with the same, or that let do nothing. A new share with a team waits for who is
// about to delete one.
func checkShares(tx Tx, org OrganisationID, was, shares []RecordShare) error {
	for i, s := range shares {
		field := "shares"
		switch {
		case s.User.IsZero() == s.Team.IsZero():
			return InvalidField(field, "name in each share either a person or a team")
		case s.May != RecordView && s.May != RecordEdit:
			return InvalidField(field, "share a record to view or to edit it")
		case i > 0 && shares[i-1].compare(s) == 0:
			return InvalidField(field, "name each person and each team once")
		}
		if slices.Contains(was, s) {
			continue
		}
		var err error
		if s.Team.IsZero() {
			_, err = tx.Users().Find(org, s.User)
		} else if err = tx.Assignments().Lock(org); err == nil {
			_, err = tx.Teams().Get(org, s.Team)
		}
		if IsKind(err, NotFound) {
			return InvalidField(field, "there is no person or team with the id "+cmpID(s)+"; see the lists of people and of teams")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func cmpID(s RecordShare) string {
	if s.User.IsZero() {
		return s.Team.String()
	}
	return s.User.String()
}

// RecordDecision says what somebody may do with a record, and why.
type RecordDecision struct {
	Access RecordAccess
	Reason string // one of the reasons below; empty where nothing is allowed
}

// The reasons, from the strongest.
const (
	RecordByOwner       = "owner"        // the person owns the record
	RecordBySystemOwner = "system_owner" // the person may do everything
	RecordByShare       = "share"        // with the person
	RecordByTeam        = "team_share"   // with the person's team
	RecordByRole        = "role"         // the person's role shows the owner's data (rule role.sees)
)

// RecordAccess decides whether a person may work with a record (rule records.shared): its owner and system owners edit it,
// whom it is shared with may do what the share says, and whoever's role shows the owner's data views it. Who is inactive may
// do nothing. Needs records:view. NotFound, naming the field user or none.
func (ad *Administration) RecordAccess(ctx context.Context, who Administrator, key RecordKey, viewer UserID) (RecordDecision, error) {
	var decision RecordDecision
	err := ad.look(ctx, who, ModuleRecords, ActionView, "", func(tx Tx) error {
		if viewer.IsZero() {
			return &Error{Kind: Invalid, Code: CodeRequired, Field: "user", Message: "name the person who wants to work with the record"}
		}
		standing, err := tx.Records().Standing(who.Organisation, key, viewer)
		switch {
		case err != nil:
			return err
		case !standing.Known:
			return &Error{Kind: NotFound, Code: CodeNotFound, Field: "id", Message: "nobody has told about such a record"}
		}
		decision = standing.decide(nil)
		if decision.Access != RecordNone || standing.Status == Inactive {
			return nil // roles let view, and no more
		}
		roles, err := tx.Roles().List(who.Organisation)
		decision = standing.decide(NewHierarchy(roles))
		return err
	})
	return decision, err
}

// decide is the decision by all that a person has.
func (s RecordStanding) decide(roles Hierarchy) RecordDecision {
	switch {
	case s.Status == Inactive:
		return RecordDecision{}
	case s.Viewer.User == s.Owner.User:
		return RecordDecision{RecordEdit, RecordByOwner}
	case s.Viewer.Owner:
		return RecordDecision{RecordEdit, RecordBySystemOwner}
	case s.ByUser != RecordNone && s.ByUser.includes(s.ByTeam):
		return RecordDecision{s.ByUser, RecordByShare}
	case s.ByTeam != RecordNone:
		return RecordDecision{s.ByTeam, RecordByTeam}
	case roles.Sees(s.Viewer, s.Owner):
		return RecordDecision{RecordView, RecordByRole}
	}
	return RecordDecision{}
}
