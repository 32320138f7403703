package domain

import (
	"context"
	"time"
)

// SweepKind names what a sweep looks for.
type SweepKind string

// The kinds of sweeps.
const (
	SweepWindows     SweepKind = "windows"     // ends the sessions of people whose access window has closed (rule access.window)
	SweepLinks       SweepKind = "links"       // says of links whose time is over that they expired (rules invite.once, password.reset)
	SweepInactivity  SweepKind = "inactivity"  // blocks who was not here for long, and warns before (rule block.inactivity)
	SweepPasswords   SweepKind = "passwords"   // tells people that their password will have to be changed (rule password.expiry)
	SweepCredentials SweepKind = "credentials" // tells owners that a token of a directory, a client's secret or an API key ends soon
	SweepSessions    SweepKind = "sessions"    // ends sessions that are too old or were not used for too long
	SweepSeats       SweepKind = "seats"       // gives free seats to who waits or wishes for one (rules seat.wait, mapping.apply)
	SweepStrays      SweepKind = "strays"      // takes people and groups out of connections that are gone
	SweepReviews     SweepKind = "reviews"     // opens the review that is due and makes its findings (rule review)
)

// SweepKinds are all of them, in the order in which they are run.
func SweepKinds() []SweepKind {
	return []SweepKind{SweepWindows, SweepLinks, SweepInactivity, SweepPasswords, SweepCredentials, SweepSessions, SweepSeats, SweepStrays, SweepReviews}
}

// DueAt is when the sweep of a kind that is due at an instant was due: a quarter of an hour, an hour or a day (UTC) begins.
func (k SweepKind) DueAt(now time.Time) time.Time {
	switch k {
	case SweepWindows:
		return now.UTC().Truncate(15 * time.Minute)
	case SweepLinks:
		return now.UTC().Truncate(time.Hour)
	default:
		return DailySweep(now)
	}
}

// Sweep is one run over an organisation, at its due time, and how far it has come. Every batch is a unit of work that holds
// this row and moves After, so that any replica may run it, or go on where another one ended, and none does the same twice.
type Sweep struct {
	Organisation OrganisationID
	Kind         SweepKind
	DueAt        time.Time
	After        UserID // the last person looked at; zero: nobody yet
	FinishedAt   time.Time
}

// Sweeps is the store of sweeps.
type Sweeps interface {
	// Claim finds or makes the row of a sweep and keeps it from others until the unit of work ends.
	Claim(org OrganisationID, kind SweepKind, dueAt time.Time) (Sweep, error)
	// Move writes how far a claimed sweep has come.
	Move(s Sweep) error
	// Due reads organisations whose sweep of a due time is not finished, in order of id after the given one, at most limit:
	// those that were there when it was due, are not suspended, and have something of what it looks for now.
	Due(kind SweepKind, dueAt, now time.Time, after OrganisationID, limit int) ([]OrganisationID, error)
	// Forget drops the rows of the sweeps of a kind that were due before an instant.
	Forget(org OrganisationID, kind SweepKind, before time.Time) error
}

// SweepReport counts what a sweep did.
type SweepReport struct {
	DueAt       time.Time
	Blocked     int  // people who were blocked
	Warned      int  // people who were warned
	Protected   int  // owners who were not blocked, because they are the last one
	Expired     int  // links whose time was found to be over
	Told        int  // people who were told that their password expires
	Credentials int  // tokens, secrets and keys of whose end the owners were told
	Ended       int  // sessions
	Seated      int  // people who got a seat for which they waited
	Reviews     int  // reviews that were opened
	Done        bool // false: somebody else had finished it before
}

// Changes is how many things a sweep changed or told of.
func (r SweepReport) Changes() int {
	return r.Blocked + r.Warned + r.Protected + r.Expired + r.Told + r.Credentials + r.Ended + r.Seated + r.Reviews
}

func (r *SweepReport) add(more SweepReport) {
	r.Blocked += more.Blocked
	r.Warned += more.Warned
	r.Protected += more.Protected
	r.Expired += more.Expired
	r.Told += more.Told
	r.Credentials += more.Credentials
	r.Ended += more.Ended
	r.Seated += more.Seated
	r.Reviews += more.Reviews
	r.Done = r.Done || more.Done
}

// SweepBatch is how many people a unit of work of a sweep looks at, so that nobody waits long for it.
const SweepBatch = 200

// sweepMemory is how long it is known that a sweep was run. Nobody asks for one that was due longer ago.
const sweepMemory = 7 * 24 * time.Hour

// DailySweep is when the sweep that is due at an instant was due: the beginning of the day, UTC.
func DailySweep(now time.Time) time.Time { return now.UTC().Truncate(24 * time.Hour) }

// Sweep runs the sweeps of one organisation that are due today, or, with now, at this moment: of the kinds given, or all.
// Where one has run already nothing is done; where it was interrupted it goes on. NotFound.
func (in *Installation) Sweep(ctx context.Context, slug string, now bool, kinds ...SweepKind) (SweepReport, error) {
	at := in.env.instant()
	report := SweepReport{DueAt: DailySweep(at)}
	if now {
		report.DueAt = at
	}
	if len(kinds) == 0 {
		kinds = SweepKinds()
	}
	var o Organisation
	err := in.store.Read(ctx, func(tx Tx) (err error) {
		o, err = tx.Organisations().BySlug(slug)
		return err
	})
	for _, kind := range kinds {
		if err != nil {
			break
		}
		var part SweepReport
		part, err = in.sweep(ctx, o.ID, kind, report.DueAt, at)
		report.add(part)
	}
	return report, err
}

// sweep runs one sweep of one organisation to its end, batch by batch. NotFound.
func (in *Installation) sweep(ctx context.Context, org OrganisationID, kind SweepKind, dueAt, now time.Time) (SweepReport, error) {
	report := SweepReport{DueAt: dueAt}
	reviewed := false // reviews have units of work of their own, of which each knows whether it was done
	for {
		run := sweepRun{in: in, dueAt: dueAt, now: now, reviewed: reviewed}
		finished := false
		err := in.store.Write(ctx, func(tx Tx) (err error) {
			run.report = SweepReport{}
			finished, err = run.batch(tx, org, kind)
			return err
		})
		if err != nil {
			return report, err
		}
		report.add(run.report)
		if finished {
			return report, nil
		}
		if kind == SweepReviews {
			if report.Reviews, err = in.SweepReviews(ctx, run.organisation.Slug); err != nil {
				return report, err
			}
			reviewed = true
		}
	}
}

// sweepRun is a batch of a sweep.
type sweepRun struct {
	in           *Installation
	organisation Organisation
	dueAt, now   time.Time
	write        scribe
	report       SweepReport
	reviewed     bool // the reviews were swept before this batch
}

// batch does the next part of a sweep.
func (r *sweepRun) batch(tx Tx, org OrganisationID, kind SweepKind) (finished bool, err error) {
	if r.organisation, err = tx.Organisations().Get(org); err != nil {
		return false, err
	}
	r.write = r.in.itself(r.organisation).scribe()
	sweep, err := tx.Sweeps().Claim(org, kind, r.dueAt)
	if err != nil || !sweep.FinishedAt.IsZero() {
		return true, err
	}
	r.report.Done = kind != SweepReviews || r.reviewed // several may sweep the reviews, and one of them is the one that did
	if finished, err = r.part(tx, &sweep); err != nil {
		return false, err
	}
	if finished {
		sweep.FinishedAt = r.now
		if err := tx.Sweeps().Forget(org, kind, r.dueAt.Add(-sweepMemory)); err != nil {
			return false, err
		}
	}
	return finished, tx.Sweeps().Move(sweep)
}

func (r *sweepRun) part(tx Tx, s *Sweep) (finished bool, err error) {
	switch s.Kind {
	case SweepWindows:
		return r.windows(tx, s)
	case SweepLinks:
		return r.links(tx)
	case SweepInactivity:
		return r.inactivity(tx, s)
	case SweepPasswords:
		return r.passwords(tx, s)
	case SweepCredentials:
		return r.credentials(tx)
	case SweepSessions:
		return r.sessions(tx)
	case SweepSeats:
		return true, r.seats(tx)
	case SweepReviews:
		return r.reviewed, nil
	case SweepStrays:
		return true, tx.Connections().Strays(s.Organisation, r.now)
	}
	return false, InvalidField("kind", "there is no such sweep")
}
