package domain

// seats gives free seats to those who wait for one, in their order, and then to those whom a mapping would have moved to a
// licence that had none. Whoever frees a seat gives it away at once: this finds what is left, such as more wishes than one unit of
// work fulfils.
func (r *sweepRun) seats(tx Tx) error {
	org := r.organisation.ID
	if err := tx.Assignments().Lock(org); err != nil {
		return err
	}
	plans, err := tx.Seats().Usage(org)
	if err != nil {
		return err
	}
	write := r.write.noting(func(what EventType) {
		if what == SeatAssigned {
			r.report.Seated++
		}
	})
	for _, plan := range plans {
		if plan.Waiting > 0 {
			if _, err := seatWaiting(tx, org, plan.Licence, r.now, write); err != nil {
				return err
			}
		}
		wishing, err := tx.Dossiers().Wishing(org, plan.Licence, applyAtOnce)
		if err != nil {
			return err
		}
		if len(wishing) == 0 {
			continue
		}
		if err := recompute(tx, org, wishing, r.now, write); err != nil {
			return err
		}
	}
	return nil
}
