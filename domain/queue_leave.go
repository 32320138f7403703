package domain

import "time"

// settleQueues takes somebody who became inactive out of all queues, and puts somebody who came back into those that
// groups and directories give them; what was given by hand is remembered, and not restored (rule deactivate.queues). Who
// becomes inactive, and so needs no seat, has at once the licence that they could not get for want of one. The person's
// status has been written.
//
// The first attempt of a directory's push only demands that there is nothing to do, which costs it no round trip; where
// there is, the unit of work runs again, and is thorough.
func settleQueues(tx Tx, was, is User, thorough bool, now time.Time, write scribe) error {
	switch left, back := was.Status != Inactive && is.Status == Inactive, was.Status == Inactive && is.Status != Inactive; {
	case left && thorough:
		if err := leaveQueues(tx, is, now, write); err != nil {
			return err
		}
		return wishGranted(tx, is, now, write)
	case left:
		return tx.Dossiers().DemandSettled(is.Organisation, is.ID)
	case back && thorough:
		return recompute(tx, is.Organisation, []UserID{is.ID}, now, write)
	case back:
		return tx.Mappings().DemandNoQueues(is.Organisation, is.ID)
	}
	return nil
}

func leaveQueues(tx Tx, user User, now time.Time, write scribe) error {
	was, err := tx.Assignments().Of(user.Organisation, user.ID)
	if err != nil || len(was.Queues) == 0 {
		return err
	}
	if err := tx.Assignments().Lock(user.Organisation); err != nil {
		return err
	}
	if was, err = tx.Assignments().Of(user.Organisation, user.ID); err != nil {
		return err
	}
	var byHand []QueueID
	for _, q := range was.Queues {
		if q.Source == SourceAdministrator {
			byHand = append(byHand, q.ID)
		}
	}
	if err := tx.Dossiers().RememberQueues(user.Organisation, user.ID, byHand, now); err != nil {
		return err
	}
	is := was
	is.Queues = nil
	hand := settlement{tx: tx, org: user.Organisation, now: now, write: write}
	_, _, err = hand.save(was, is)
	return err
}

// wishGranted decides anew about somebody who wishes for a licence.
func wishGranted(tx Tx, user User, now time.Time, write scribe) error {
	dossiers, err := tx.Dossiers().Read(user.Organisation, []UserID{user.ID}, false)
	if err != nil || len(dossiers) == 0 || dossiers[0].Wish.Licence == "" {
		return err
	}
	return recompute(tx, user.Organisation, []UserID{user.ID}, now, write)
}
