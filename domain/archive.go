package domain

import (
	"time"

	"usher/domain/attribute"
)

// archive deletes a person: names, seat and memberships are free in the same transaction, people who reported to them
// report to nobody, and who was suspended is known again (rules seat.release, owner.last, suspend.sticks).
func archive(tx Tx, was User, now time.Time, write scribe) error {
	tree, err := was.Attributes()
	if err != nil {
		return err
	}
	was.recall(tree)
	is := was
	is.Status, is.ArchivedAt, is.ModifiedAt, is.Version = Inactive, now, later(now, was.ModifiedAt), was.Version+1
	if err := checkStep(was, is); err != nil {
		return err
	}
	if err := loseOwner(tx, was, is); err != nil {
		return err
	}
	if err := clearReports(tx, is, now, write); err != nil {
		return err
	}
	if was.Status == Inactive {
		if err := rememberSuspension(tx, was); err != nil {
			return err
		}
	}
	if err := write.env.rememberInvited(tx, was, now); err != nil {
		return err
	}
	if was.Status != Inactive {
		if err := closeDoors(tx, is.Organisation, is.ID, now, write); err != nil {
			return err
		}
	}
	if err := tx.Identities().Unlink(is.Organisation, is.ID); err != nil { // who signs in by them may come again
		return err
	}
	if err := tx.Users().Archive(is); err != nil {
		return err
	}
	event, err := write.event(UserDeleted, is.ID, now)
	if err != nil {
		return err
	}
	event.Before = tree
	if err := tx.Events().Append(event); err != nil {
		return err
	}
	return moveSeat(tx, was, is, now, write)
}

func rememberSuspension(tx Tx, u User) error {
	_, found, err := tx.Suspensions().Get(u.Organisation, u.ID)
	if err != nil || !found {
		return err
	}
	return tx.Suspensions().Remember(u)
}

// clearReports takes a manager who goes out of the resources of the people who name them by id. A directory that names somebody
// whom it does not see learns nothing by it: to it that is an unknown id, and stays one (security 5).
func clearReports(tx Tx, manager User, now time.Time, write scribe) error {
	const batch = 500
	for {
		reports, err := tx.Managers().Reports(manager.Organisation, manager.ID, batch)
		if err != nil {
			return err
		}
		for _, was := range reports {
			if was.ID == manager.ID {
				continue // who reports to themselves goes with what they said
			}
			if err := clearReport(tx, was, now, write); err != nil {
				return err
			}
		}
		if len(reports) < batch {
			return nil
		}
	}
}

func clearReport(tx Tx, was User, now time.Time, write scribe) error {
	before, err := was.Attributes()
	if err != nil {
		return err
	}
	was.recall(before)
	after := before
	enterprise := after.Get(URNEnterprise)
	enterprise.Delete("manager")
	after.Set(URNEnterprise, enterprise)
	is := was
	if err := is.describe(after); err != nil {
		return err
	}
	is.Version, is.ModifiedAt = was.Version+1, later(now, was.ModifiedAt)
	if err := tx.Users().Save(was, is); err != nil {
		return err
	}
	event, err := write.event(UserUpdated, is.ID, now)
	if err != nil {
		return err
	}
	event.Before, event.After = attribute.Diff(before, after)
	return tx.Events().Append(event)
}
