package domain

import "time"

// moveWindow gives somebody another access window. A session that the one before had closed on does not go on in it, whether or not
// a sweep has come by meanwhile (rule access.window). Where the new one is closed, sessions stay, so that who tries one is told
// why.
func moveWindow(tx Tx, write scribe, u User, was, is Window, now time.Time) error {
	if err := tx.Windows().Put(u.Organisation, u.ID, is); err != nil {
		return err
	}
	event, err := write.event(AccessWindowChanged, u.ID, now)
	if err != nil {
		return err
	}
	event.Before, event.After = was.tree(), is.tree()
	if err := tx.Events().Append(event); err != nil || !is.Open(now) {
		return err
	}
	known, err := tx.SignIns().Known(u.Organisation, u.ID)
	if err != nil || !known {
		return err
	}
	if _, err := tx.SignIns().Hold(u.Organisation, u.ID); err != nil {
		return err
	}
	sessions, err := tx.Sessions().List(u.Organisation, u.ID)
	if err != nil {
		return err
	}
	by := doorsClosed{write: write, now: now}
	for _, s := range sessions {
		if was.Open(now) && !was.closedBetween(s.SeenAt, now) {
			continue
		}
		if err := by.endSession(tx, s.Organisation, s.User, s.ID); err != nil {
			return err
		}
	}
	return nil
}
