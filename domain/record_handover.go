package domain

import (
	"time"

	"usher/domain/attribute"
)

// Handover is what becomes of the records of somebody who goes (rules deactivate.records, delete.records). The zero value
// decides nothing, which will do for who owns none.
type Handover struct {
	Successor UserID // takes them over
	Leave     bool   // they stay, and wait for another owner
}

func (h Handover) check() error {
	if h.Leave && !h.Successor.IsZero() {
		return InvalidField("successor", "either name a successor or leave the records, not both")
	}
	return nil
}

// check refuses a successor who cannot take over. Invalid.
func checkSuccessor(tx Tx, org OrganisationID, field string, gone, successor UserID) error {
	if successor == gone {
		return InvalidField(field, "name another person than the one who goes")
	}
	held, err := tx.Records().Share(org, []UserID{successor})
	if err != nil {
		return err
	}
	switch {
	case len(held) == 0 || held[0].Status == Nobody:
		return InvalidField(field, "there is no person with the id "+successor.String()+"; choose somebody who is active")
	case held[0].Status != Active:
		return InvalidField(field, "this person is "+string(held[0].Status)+"; choose somebody who is active")
	}
	return nil
}

// handOver applies what an administrator decided about the records of somebody who has just been saved as gone.
// RecordsOwned where there are some and nothing was decided; Invalid for a successor who cannot take over.
func handOver(tx Tx, gone User, choice Handover, now time.Time, write scribe) error {
	if !choice.Successor.IsZero() {
		if err := checkSuccessor(tx, gone.Organisation, "successor", gone.ID, choice.Successor); err != nil {
			return err
		}
	}
	owns, err := tx.Records().Owns(gone.Organisation, gone.ID)
	switch {
	case err != nil || !owns:
		return err
	case choice.Leave:
		return leaveRecords(tx, gone, now, write)
	case choice.Successor.IsZero():
		counts, err := tx.Records().Counts(gone.Organisation, gone.ID)
		if err != nil {
			return err
		}
		return &Error{Kind: Conflict, Code: CodeRecordsOwned, Field: "successor", Message: "this person owns " +
			numbered(counts.Total, "record", "records") + "; name a successor who takes over, or say with leave_records that nothing is taken over"}
	}
	_, err = transfer(tx, gone.Organisation, gone.ID, choice.Successor, now, write)
	return err
}

// passOn applies rule deactivate.records to somebody whom a directory lets go: the records go to whom the connection's policy
// says, the manager or else the fallback, else they stay and wait.
func passOn(tx Tx, gone User, policy Successor, now time.Time, write scribe) error {
	owns, err := tx.Records().Owns(gone.Organisation, gone.ID)
	if err != nil || !owns {
		return err
	}
	var heirs []UserID
	if policy.Kind == SuccessorManager {
		if heirs, err = managerOf(tx, gone); err != nil {
			return err
		}
	}
	if policy.Kind != SuccessorLeave {
		heirs = append(heirs, policy.Fallback)
	}
	for _, heir := range heirs {
		if heir.IsZero() || heir == gone.ID {
			continue
		}
		err := checkSuccessor(tx, gone.Organisation, "successor", gone.ID, heir)
		if IsCode(err, CodeInvalidValue) {
			continue // who is gone as well takes nothing over
		}
		if err == nil {
			_, err = transfer(tx, gone.Organisation, gone.ID, heir, now, write)
		}
		return err
	}
	return leaveRecords(tx, gone, now, write)
}

// transfer gives all records of one person to another: one change, one event, however many there are.
func transfer(tx Tx, org OrganisationID, from, to UserID, now time.Time, write scribe) (RecordCounts, error) {
	counts, err := tx.Records().Counts(org, from)
	if err != nil || counts.Total == 0 {
		return counts, err
	}
	if err := tx.Records().Transfer(org, from, to, now); err != nil {
		return counts, err
	}
	event, err := write.event(RecordsTransferred, from, now)
	if err != nil {
		return counts, err
	}
	event.After = counts.tree()
	event.After.Set("successor", attribute.NewString(to.String()))
	return counts, tx.Events().Append(event)
}

// leaveRecords flags somebody who is gone and whose records stay.
func leaveRecords(tx Tx, gone User, now time.Time, write scribe) error {
	counts, err := tx.Records().Counts(gone.Organisation, gone.ID)
	if err != nil {
		return err
	}
	if err := tx.Records().Leave(gone.Organisation, gone.ID, now); err != nil {
		return err
	}
	event, err := write.event(RecordsLeft, gone.ID, now)
	if err != nil {
		return err
	}
	event.After = counts.tree()
	return tx.Events().Append(event)
}
