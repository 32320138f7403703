package domain

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// Job is a change of groups or mappings that is being applied to more people than one unit of work takes (rule
// mapping.apply). It looks at everybody twice: first for those who lose something, then for the rest. Every batch is a unit
// of work that moves the position, so that any replica may go on where another one ended; looking twice at somebody
// changes nothing.
type Job struct {
	ID           JobID
	Organisation OrganisationID
	About        JobSubject
	Groups       []GroupID    // whose people it is about, those in groups inside them included
	Connection   ConnectionID // or all people of this connection; zero: none
	Actor        Actor        // who made the change
	RequestID    string
	Phase        JobPhase
	Group        GroupID // position: zero is among the people listed
	After        UserID
	People       int // whom a phase looks at, some perhaps several times; 0 until it has begun
	LookedAt     int // in this phase
	Changed      int // people for whom something changed
	CreatedAt    time.Time
	MovedAt      time.Time
	FinishedAt   time.Time // zero: not yet
}

// JobID identifies a job. It is the id of the event by which it began.
type JobID = ID[Job]

// JobSubject is what was changed: kind "group", "mapping" or "connection", and its id.
type JobSubject struct {
	Kind string
	ID   uuid.UUID
}

const (
	jobAboutGroup      = "group"
	jobAboutMapping    = "mapping"
	jobAboutConnection = "connection"
)

// JobPhase is what a job does now.
type JobPhase string

// The phases.
const (
	JobTakes      JobPhase = "take" // what people lose
	JobGives      JobPhase = "give" // and what they get
	JobDone       JobPhase = "done"
	JobSuperseded JobPhase = "superseded" // a later change of the same mapping takes care of these people, too
)

// Jobs is the store of jobs.
type Jobs interface {
	// Insert adds a job about people that are listed, with those who are direct members of a group now.
	Insert(j Job, people []UserID, membersOf GroupID) error
	// Open reads the jobs about something that are not finished, and keeps others from moving them.
	Open(org OrganisationID, about JobSubject) ([]Job, error)
	// Next finds, in whatever organisation, the job that is not finished and has waited longest.
	Next() (j Job, found bool, err error)
	// Hold reads a job that is not finished and that nobody else holds, and keeps it until the unit of work ends.
	Hold(org OrganisationID, id JobID) (j Job, found bool, err error)
	// Move writes how far a job has come.
	Move(j Job) error
	// Listed gives the listed people of a job after one of them, in order of id.
	Listed(j Job, after UserID, limit int) ([]UserID, error)
	// OfConnection gives the people of a job's connection after one of them, in order of id.
	OfConnection(j Job, after UserID, limit int) ([]UserID, error)
	// Count counts whom a job looks at, groups being all that it is about.
	Count(j Job, groups []GroupID) (int, error)
	// Get reads a job. NotFound.
	Get(org OrganisationID, id JobID) (Job, error)
	// List reads the jobs of an organisation, the latest first, at most limit before one of them; zero: from the latest.
	List(org OrganisationID, before JobID, limit int) ([]Job, error)
}

// jobBatch is how many people a unit of work of a job looks at, at most.
const jobBatch = 100

// startJob leaves a change to a job. An unfinished job about the same mapping is merged into it.
func startJob(tx Tx, org OrganisationID, r reach, now time.Time, write scribe) error {
	event, err := write.event(JobCreated, UserID{}, now)
	if err != nil {
		return err
	}
	j := Job{
		ID: JobID{UUID: event.ID.UUID}, Organisation: org, About: r.about, Groups: r.groups, Connection: r.connection,
		Actor: event.Actor, RequestID: event.RequestID, Phase: JobTakes, CreatedAt: now, MovedAt: now,
	}
	if r.about.Kind != jobAboutGroup { // those of groups list people who are nowhere else
		if err := tx.Assignments().Lock(org); err != nil {
			return err
		}
		open, err := tx.Jobs().Open(org, r.about)
		if err != nil {
			return err
		}
		for _, older := range open {
			j.Groups = append(j.Groups, older.Groups...)
			older.Phase, older.FinishedAt, older.MovedAt = JobSuperseded, now, now
			if err := tx.Jobs().Move(older); err != nil {
				return err
			}
		}
	}
	if err := tx.Jobs().Insert(j, distinctPeople(r.people), r.membersOf); err != nil {
		return err
	}
	event.SubjectKind, event.Subject = "job", j.ID.UUID
	event.After = texts("about", r.about.Kind, "id", r.about.ID.String())
	return tx.Events().Append(event)
}

// RunJobs carries out the next batch of the job that has waited longest, of whatever organisation. It reports whether there
// was anything to do. Any replica may run it at any time.
func (in *Installation) RunJobs(ctx context.Context) (worked bool, err error) {
	now := in.env.instant()
	people := in.jobs.next()
	err = in.store.Write(ctx, func(tx Tx) error {
		worked = false
		next, found, err := tx.Jobs().Next()
		if err != nil || !found {
			return err
		}
		if err := tx.Assignments().Lock(next.Organisation); err != nil {
			return err
		}
		j, found, err := tx.Jobs().Hold(next.Organisation, next.ID)
		if err != nil || !found {
			return err
		}
		worked = true
		return in.runBatch(tx, j, people, now)
	})
	if worked && err == nil {
		in.jobs.took(people, in.env.instant().Sub(now))
	}
	return worked, err
}

func (in *Installation) runBatch(tx Tx, j Job, limit int, now time.Time) error {
	write, err := in.jobScribe(tx, j)
	if err != nil {
		return err
	}
	if j.People == 0 && j.LookedAt == 0 {
		groups, err := tx.Mappings().Below(j.Organisation, j.Groups)
		if err != nil {
			return err
		}
		if j.People, err = tx.Jobs().Count(j, groups); err != nil {
			return err
		}
	}
	people, err := j.next(tx, limit)
	if err != nil {
		return err
	}
	changed, err := recomputing(tx, j.Organisation, people, j.Phase == JobTakes, now, write)
	if err != nil {
		return err
	}
	j.LookedAt += len(people)
	j.Changed += changed
	j.MovedAt = later(now, j.MovedAt)
	switch {
	case len(people) > 0:
	case j.Phase == JobTakes:
		j.Phase, j.Group, j.After, j.LookedAt = JobGives, GroupID{}, UserID{}, 0
	default:
		j.Phase, j.FinishedAt = JobDone, now
		event, err := write.event(JobFinished, UserID{}, now)
		if err != nil {
			return err
		}
		event.SubjectKind, event.Subject = "job", j.ID.UUID
		event.After = attribute.NewComplex(attribute.Member{Name: "changed", Value: attribute.NewNumber(strconv.Itoa(j.Changed))})
		if err := tx.Events().Append(event); err != nil {
			return err
		}
	}
	return tx.Jobs().Move(j)
}

// jobScribe writes the events of a job as deeds of who made the change, from where they made it: the event by which it began
// has that, and a job has none of its own, since it would outlive the person there. No job waits for that event.
func (in *Installation) jobScribe(tx Tx, j Job) (scribe, error) {
	began, err := tx.Events().Get(j.Organisation, EventID{UUID: j.ID.UUID})
	if err != nil && !IsKind(err, NotFound) {
		return scribe{}, err
	}
	return author{
		env: in.env, organisation: j.Organisation, actor: j.Actor, requestID: j.RequestID, from: began.From, person: began.Person,
	}.scribe(), nil
}

// next finds the next people of a job, and moves its position behind them: those that are listed, then group by group.
func (j *Job) next(tx Tx, limit int) ([]UserID, error) {
	if !j.Connection.IsZero() {
		people, err := tx.Jobs().OfConnection(*j, j.After, limit)
		j.pass(GroupID{}, people)
		return people, err
	}
	if j.Group.IsZero() {
		people, err := tx.Jobs().Listed(*j, j.After, limit)
		if err != nil || len(people) > 0 {
			j.pass(GroupID{}, people)
			return people, err
		}
		j.After = UserID{}
	}
	return j.below(tx, limit)
}

// below finds the next people in the groups of a job, group by group in order of id, and moves its position behind them.
func (j *Job) below(tx Tx, limit int) ([]UserID, error) {
	groups, err := tx.Mappings().Below(j.Organisation, j.Groups)
	if err != nil {
		return nil, err
	}
	var list []UserID
	for _, g := range groups {
		if g.String() < j.Group.String() && !j.Group.IsZero() {
			continue
		}
		var after UserID
		if g == j.Group {
			after = j.After
		}
		people, err := tx.Mappings().PeopleOf(j.Organisation, g, after, limit-len(list))
		if err != nil {
			return nil, err
		}
		j.pass(g, people)
		if list = append(list, people...); len(list) == limit {
			break
		}
	}
	return list, nil
}

func (j *Job) pass(g GroupID, people []UserID) {
	if n := len(people); n > 0 {
		j.Group, j.After = g, people[n-1]
	}
}
