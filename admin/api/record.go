package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"usher/domain"
)

// RecordKey names something of the application.
type RecordKey struct {
	Kind string `json:"kind" doc:"A kind of record: lower-case letters, digits, hyphens and underscores." example:"deals" minLength:"1" maxLength:"64"`
	ID   string `json:"id" doc:"The application's own id: visible ASCII without a slash." minLength:"1" maxLength:"200"`
}

func (k RecordKey) key() domain.RecordKey { return domain.RecordKey(k) }

// Record is something that the application says a person owns.
type Record struct {
	RecordKey

	OwnerID string    `json:"owner_id" format:"uuid"`
	Since   time.Time `json:"since" doc:"When the owner got it."`
}

// sharedRecord is a record with those it is shared with.
type sharedRecord struct {
	Record

	Shares []recordShare `json:"shares" nullable:"false"`
}

type recordShare struct {
	UserID *string `json:"user_id" format:"uuid" doc:"null: it is a team."`
	TeamID *string `json:"team_id" format:"uuid" doc:"null: it is a person."`
	Access string  `json:"access" enum:"view,edit"`
}

type toldRecord struct {
	RecordKey

	OwnerID string `json:"owner_id" doc:"The person who owns it." maxLength:"36"`
}

// recordsReport counts what telling about records changed.
type recordsReport struct {
	Created   int `json:"created"`
	Moved     int `json:"moved" doc:"Somebody else owned them."`
	Unchanged int `json:"unchanged"`
}

type putRecords struct {
	Body struct {
		Records []toldRecord `json:"records" nullable:"false" minItems:"1" maxItems:"1000"`
	}
}

type removeRecords struct {
	Body struct {
		Records []RecordKey `json:"records" nullable:"false" minItems:"1" maxItems:"1000"`
	}
}

type recordsRemoved struct {
	Removed int `json:"removed"`
}

// ByRecord is the input of an operation on one record.
type ByRecord struct {
	Kind string `path:"kind" doc:"Its kind." maxLength:"64"`
	ID   string `path:"id" doc:"Its id, percent-encoded where needed." maxLength:"600"`
}

func (in ByRecord) key() domain.RecordKey { return domain.RecordKey{Kind: in.Kind, ID: in.ID} }

type recordAccessInput struct {
	ByRecord

	User string `query:"user" doc:"The person who wants to work with it." maxLength:"36"`
}

// recordAccess says what somebody may do with a record.
type recordAccess struct {
	Access string  `json:"access" enum:"none,view,edit" doc:"edit includes view."`
	Reason *string `json:"reason" enum:"owner,system_owner,share,team_share,role" doc:"By what: the person owns it, may do everything, has it shared with them or with their team, or their role shows the owner's data. null: none."`
}

type shareRecord struct {
	ByRecord

	IfMatch string `header:"If-Match" doc:"Carry it out only if the ETag is still this one." maxLength:"1000"`

	Body struct {
		Shares []struct {
			UserID *string `json:"user_id,omitempty" maxLength:"36"`
			TeamID *string `json:"team_id,omitempty" maxLength:"36"`
			Access string  `json:"access" enum:"view,edit"`
		} `json:"shares" nullable:"false" doc:"Each with a person or with a team." maxItems:"200"`
	}
}

type recordsOfInput struct {
	ByID
	Paged

	Kind string `query:"kind" doc:"Only records of this kind." maxLength:"64"`
}

// recordCounts is how many records a person owns.
type recordCounts struct {
	Total int           `json:"total"`
	Kinds []recordCount `json:"kinds" nullable:"false" doc:"The most frequent kinds, at most 100."`
}

type recordCount struct {
	Kind  string `json:"kind"`
	Count int    `json:"count"`
}

// leftRecords is somebody who is gone and whose records wait for another owner.
type leftRecords struct {
	UserID      string       `json:"user_id" format:"uuid"`
	DisplayName string       `json:"display_name" doc:"Empty once what is personal of the person is erased."`
	Deleted     bool         `json:"deleted" doc:"Otherwise the person is inactive."`
	Since       time.Time    `json:"since"`
	Records     recordCounts `json:"records"`
}

type transferRecords struct {
	ByID

	Body struct {
		SuccessorID string `json:"successor_id" doc:"Another person, who is active." minLength:"1" maxLength:"36"`
	}
}

func (s *service) addRecords() {
	add(s, operation{
		method: http.MethodPut, path: "/records", id: "put-records", tag: "Records", summary: "Say who owns records",
		description: "Each record once. The same again changes nothing. The event counts what changed, whatever the number.", needs: "records:edit",
	}, s.putRecords)
	add(s, operation{
		method: http.MethodPost, path: "/records/remove", id: "remove-records", tag: "Records", summary: "Forget records",
		description: "With whom they were shared is forgotten too; those that are not known are passed over.", needs: "records:edit",
	}, func(ctx context.Context, who domain.Administrator, in *removeRecords) (*plain[recordsRemoved], error) {
		keys := make([]domain.RecordKey, len(in.Body.Records))
		for i, k := range in.Body.Records {
			keys[i] = k.key()
		}
		n, err := s.Administration.RemoveRecords(ctx, who, keys)
		return &plain[recordsRemoved]{Body: recordsRemoved{n}}, err
	})
	add(s, operation{
		method: http.MethodGet, path: "/records/left", id: "list-left-records", tag: "Records", summary: "List who is gone and whose records wait for another owner",
		description: "POST /users/{id}/transfer-records gives them one, for people who were deleted too.", needs: "records:view",
	}, s.listLeftRecords)
	add(s, operation{
		method: http.MethodGet, path: "/records/{kind}/{id}", id: "get-record", tag: "Records", summary: "Read who owns a record and with whom it is shared", needs: "records:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByRecord) (*one[sharedRecord], error) {
		found, err := s.Administration.Record(ctx, who, in.key())
		return oneRecord(found), err
	})
	add(s, operation{
		method: http.MethodGet, path: "/records/{kind}/{id}/access", id: "get-record-access", tag: "Records", summary: "May a person work with a record?",
		description: "Its owner and system owners may edit it; whom it is shared with may do what the share says; whoever's role shows the owner's data may view it; who is inactive may do nothing. " +
			"Whether the person may do such things at all is in what permissions they have.", needs: "records:view",
	}, s.getRecordAccess)
	add(s, operation{
		method: http.MethodPut, path: "/records/{kind}/{id}/shares", id: "share-record", tag: "Records", summary: "Say with whom a record is shared",
		description: "It takes the place of what was said before.", needs: "records:edit",
	}, s.shareRecord)
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/records", id: "list-user-records", tag: "Records", summary: "List the records of a person", description: "By kind and id; of somebody who was deleted too.", needs: "records:view",
	}, s.listUserRecords)
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/record-counts", id: "count-user-records", tag: "Records", summary: "Count the records of a person", needs: "records:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*plain[recordCounts], error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		counts, err := s.Administration.RecordCounts(ctx, who, id)
		return &plain[recordCounts]{Body: showCounts(counts)}, err
	})
	add(s, operation{
		method: http.MethodPost, path: "/users/{id}/transfer-records", id: "transfer-records", tag: "Records", summary: "Give all records of a person to another one",
		description: "At once and with one event, however many there are; the answer counts them. The person may be active, inactive or deleted.", needs: "records:edit",
	}, func(ctx context.Context, who domain.Administrator, in *transferRecords) (*plain[recordCounts], error) {
		from, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		to, err := filtered[domain.User]("successor_id", in.Body.SuccessorID)
		if err != nil {
			return nil, err
		}
		counts, err := s.Administration.TransferRecords(ctx, who, from, to)
		return &plain[recordCounts]{Body: showCounts(counts)}, respelt(err, "successor", "successor_id")
	})
}

func (s *service) putRecords(ctx context.Context, who domain.Administrator, in *putRecords) (*plain[recordsReport], error) {
	records := make([]domain.Record, len(in.Body.Records))
	for i, r := range in.Body.Records {
		records[i].RecordKey = r.key()
		var err error
		if records[i].Owner, err = chosenID[domain.User]("records["+strconv.Itoa(i)+"].owner_id", &r.OwnerID); err != nil {
			return nil, err
		}
	}
	report, err := s.Administration.PutRecords(ctx, who, records)
	return &plain[recordsReport]{Body: recordsReport(report)}, err
}

func (s *service) listLeftRecords(ctx context.Context, who domain.Administrator, in *Paged) (*page[leftRecords], error) {
	x, query := exchangeOf(ctx), []string{"left-records", who.Organisation.String()}
	after, err := x.openPosition(in.Cursor, query...)
	if err != nil {
		return nil, err
	}
	var from domain.UserID
	if after != nil {
		from.UUID = after.ID
	}
	found, err := s.Administration.LeftRecords(ctx, who, from, in.Limit+1)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(found) > in.Limit {
		found = found[:in.Limit]
		next = x.sealPosition(&domain.Position{ID: found[in.Limit-1].User.ID.UUID}, query...)
	}
	return newPage(x, found, func(l domain.LeftRecords) leftRecords {
		return leftRecords{
			UserID: l.User.ID.String(), DisplayName: l.User.Display(), Deleted: !l.User.ArchivedAt.IsZero(), Since: l.Since, Records: showCounts(l.Counts),
		}
	}, next), nil
}

func (s *service) getRecordAccess(ctx context.Context, who domain.Administrator, in *recordAccessInput) (*plain[recordAccess], error) {
	user, err := filtered[domain.User]("user", in.User)
	if err != nil {
		return nil, err
	}
	d, err := s.Administration.RecordAccess(ctx, who, in.key(), user)
	shown := recordAccess{Access: string(d.Access), Reason: orNil(d.Reason)}
	if d.Access == domain.RecordNone {
		shown.Access = "none"
	}
	return &plain[recordAccess]{Body: shown}, err
}

func (s *service) shareRecord(ctx context.Context, who domain.Administrator, in *shareRecord) (*one[sharedRecord], error) {
	shares := make([]domain.RecordShare, len(in.Body.Shares))
	for i, told := range in.Body.Shares {
		shares[i].May = domain.RecordAccess(told.Access)
		var err error
		if shares[i].User, err = chosenID[domain.User]("shares["+strconv.Itoa(i)+"].user_id", told.UserID); err != nil {
			return nil, err
		}
		if shares[i].Team, err = chosenID[domain.Team]("shares["+strconv.Itoa(i)+"].team_id", told.TeamID); err != nil {
			return nil, err
		}
	}
	found, err := s.Administration.ShareRecord(ctx, who, in.key(), ifMatch(in.IfMatch), shares)
	return oneRecord(found), err
}

func oneRecord(r domain.SharedRecord) *one[sharedRecord] {
	return &one[sharedRecord]{ETag: tag(r.Version()), Body: showShared(r)}
}

func (s *service) listUserRecords(ctx context.Context, who domain.Administrator, in *recordsOfInput) (*page[Record], error) {
	owner, err := identified[domain.User](in.ID, "user")
	if err != nil {
		return nil, err
	}
	x, query := exchangeOf(ctx), []string{"records", who.Organisation.String(), in.ID, in.Kind}
	var after domain.RecordKey
	if in.Cursor != "" {
		says, err := x.cursors.open(in.Cursor, query...)
		if err != nil {
			return nil, err
		}
		after.Kind, after.ID, _ = strings.Cut(string(says), "/")
	}
	found, err := s.Administration.RecordsOf(ctx, who, owner, in.Kind, after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(found) > in.Limit {
		found = found[:in.Limit]
		last := found[in.Limit-1]
		next = x.cursors.seal([]byte(last.Kind+"/"+last.ID), query...)
	}
	return newPage(x, found, showRecord, next), nil
}

func showRecord(r domain.Record) Record {
	return Record{RecordKey: RecordKey(r.RecordKey), OwnerID: r.Owner.String(), Since: r.Since}
}

func showShared(r domain.SharedRecord) sharedRecord {
	shown := sharedRecord{Record: showRecord(r.Record), Shares: make([]recordShare, len(r.Shares))}
	for i, s := range r.Shares {
		shown.Shares[i] = recordShare{UserID: idOr(s.User), TeamID: idOr(s.Team), Access: string(s.May)}
	}
	return shown
}

func showCounts(c domain.RecordCounts) recordCounts {
	shown := recordCounts{Total: c.Total, Kinds: []recordCount{}}
	for _, k := range c.Kinds {
		shown.Kinds = append(shown.Kinds, recordCount{Kind: k.Kind, Count: k.N})
	}
	return shown
}
