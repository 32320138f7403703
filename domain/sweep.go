package domain

import (
	"context"
	"time"
)

// SweepKind names what a sweep looks for.
type SweepKind string

// SweepInactivity blocks who was not here for long, and warns before (rule block.inactivity).
const SweepInactivity SweepKind = "inactivity"

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
}

// SweepReport counts what a sweep did.
type SweepReport struct {
	DueAt     time.Time
	Blocked   int  // people who were blocked
	Warned    int  // people who were warned
	Protected int  // owners who were not blocked, because they are the last one
	Done      bool // false: somebody else had finished it before
}

// SweepBatch is how many people a unit of work of a sweep looks at, so that nobody waits long for it.
const SweepBatch = 200

// DailySweep is when the sweep that is due at an instant was due: the beginning of the day, UTC.
func DailySweep(now time.Time) time.Time { return now.UTC().Truncate(24 * time.Hour) }

// Sweep runs the sweep of inactivity of one organisation that is due today, or, with now, one that is due at this moment.
// Where it has run already nothing is done; where it was interrupted it goes on. NotFound.
func (in *Installation) Sweep(ctx context.Context, slug string, now bool) (SweepReport, error) {
	at := in.env.instant()
	report := SweepReport{DueAt: DailySweep(at)}
	if now {
		report.DueAt = at
	}
	for {
		var batch SweepReport
		var finished bool
		err := in.change(ctx, slug, func(tx Tx, o Organisation) (err error) {
			batch, finished, err = in.sweepBatch(tx, o, report.DueAt, at)
			return err
		})
		if err != nil {
			return report, err
		}
		report.Blocked += batch.Blocked
		report.Warned += batch.Warned
		report.Protected += batch.Protected
		report.Done = report.Done || batch.Done
		if finished {
			return report, nil
		}
	}
}

// sweepBatch looks at the next people of a sweep.
func (in *Installation) sweepBatch(tx Tx, o Organisation, dueAt, now time.Time) (report SweepReport, finished bool, err error) {
	sweep, err := tx.Sweeps().Claim(o.ID, SweepInactivity, dueAt)
	if err != nil || !sweep.FinishedAt.IsZero() {
		return report, true, err
	}
	report.Done = true
	policy, err := tx.Policies().Get(o.ID)
	if err != nil {
		return report, false, err
	}
	limit := time.Duration(policy.InactivityDays) * 24 * time.Hour
	warning := time.Duration(policy.InactivityWarningDays) * 24 * time.Hour
	people, err := tx.Inactivity().Idle(o.ID, dueAt.Add(warning-limit), sweep.After, SweepBatch)
	if err != nil {
		return report, false, err
	}
	write := in.scribe(o, ActorSystem())
	for _, idle := range people {
		sweep.After = idle.User
		if err := in.sweepOne(tx, o, idle, limit, dueAt, now, write, &report); err != nil {
			return report, false, err
		}
	}
	if finished = len(people) < SweepBatch; finished {
		sweep.FinishedAt = now
	}
	return report, finished, tx.Sweeps().Move(sweep)
}

// sweepOne blocks or warns somebody who was not here for long.
func (in *Installation) sweepOne(tx Tx, o Organisation, idle Idle, limit time.Duration, dueAt, now time.Time, write scribe, report *SweepReport) error {
	ends := idle.Since.Add(limit)
	if dueAt.Before(ends) {
		if idle.WarnedAt.After(idle.Since) {
			return nil
		}
		report.Warned++
		if err := tx.Inactivity().Warned(o.ID, idle.User, now); err != nil {
			return err
		}
		event, err := write(InactivityWarned, idle.User, now)
		if err != nil {
			return err
		}
		event.After = texts("blocksAt", timestamp(ends))
		return tx.Events().Append(event)
	}
	err := demandOwner(tx, User{ID: idle.User, Organisation: o.ID, Owner: idle.Owner})
	if IsCode(err, CodeLastOwner) {
		report.Protected++
		event, err := write(OwnerProtected, idle.User, now)
		if err != nil {
			return err
		}
		return tx.Events().Append(event)
	}
	if err != nil {
		return err
	}
	report.Blocked++
	block := Block{Organisation: o.ID, User: idle.User, Reason: BlockedByInactivity, Since: now, By: ActorSystem()}
	if err := tx.Blocks().Put(Block{}, block); err != nil {
		return err
	}
	event, err := write(UserBlocked, idle.User, now)
	if err != nil {
		return err
	}
	event.After = block.tree()
	return tx.Events().Append(event)
}
