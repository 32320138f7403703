package domain

import "time"

// inactivity looks at the next people who have not been here for long.
func (r *sweepRun) inactivity(tx Tx, s *Sweep) (finished bool, err error) {
	policy, err := tx.Policies().Get(s.Organisation)
	if err != nil {
		return false, err
	}
	limit, warning := days(policy.InactivityDays), days(policy.InactivityWarningDays)
	people, err := tx.Inactivity().Idle(s.Organisation, r.dueAt.Add(warning-limit), s.After, SweepBatch)
	if err != nil {
		return false, err
	}
	for _, idle := range people {
		s.After = idle.User
		if err := r.idle(tx, idle, limit); err != nil {
			return false, err
		}
	}
	return len(people) < SweepBatch, nil
}

// idle blocks or warns somebody who was not here for long.
func (r *sweepRun) idle(tx Tx, idle Idle, limit time.Duration) error {
	ends := idle.Since.Add(limit)
	if r.dueAt.Before(ends) {
		if idle.WarnedAt.After(idle.Since) {
			return nil
		}
		r.report.Warned++
		if err := tx.Inactivity().Warned(r.organisation.ID, idle.User, r.now); err != nil {
			return err
		}
		event, err := r.write.event(InactivityWarned, idle.User, r.now)
		if err != nil {
			return err
		}
		event.After = texts("blocksAt", timestamp(ends))
		return tx.Events().Append(event)
	}
	err := demandOwner(tx, User{ID: idle.User, Organisation: r.organisation.ID, Owner: idle.Owner})
	if IsCode(err, CodeLastOwner) {
		r.report.Protected++
		event, err := r.write.event(OwnerProtected, idle.User, r.now)
		if err != nil {
			return err
		}
		return tx.Events().Append(event)
	}
	if err != nil {
		return err
	}
	r.report.Blocked++
	block := Block{Organisation: r.organisation.ID, User: idle.User, Reason: BlockedByInactivity, Since: r.now, By: ActorSystem()}
	if err := tx.Blocks().Put(Block{}, block); err != nil {
		return err
	}
	event, err := r.write.event(UserBlocked, idle.User, r.now)
	if err != nil {
		return err
	}
	event.After = block.tree()
	return tx.Events().Append(event)
}
