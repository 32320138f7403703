package domain

import (
	"context"
	"slices"
)

// TallyKinds are what is counted, in the order in which it is shown.
func TallyKinds() []TallyKind { return []TallyKind{TallyRefused, TallyStraightened, TallyTurnedAway} }

// Counts gives what was counted on a connection: of each kind the most frequent, at most so many; of kind "" of all kinds.
// It needs directory:view. NotFound.
func (ad *Administration) Counts(ctx context.Context, who Administrator, connection ConnectionID, kind TallyKind, most int) ([]Tally, error) {
	kinds := TallyKinds()
	if kind != "" {
		kinds = []TallyKind{kind}
	}
	var all []Tally
	err := ad.look(ctx, who, ModuleDirectory, ActionView, connection.String(), func(tx Tx) error {
		all = nil
		if _, err := tx.Connections().Get(who.Organisation, connection); err != nil {
			return err
		}
		for _, of := range kinds {
			list, err := tx.Tallies().List(who.Organisation, connection, of)
			if err != nil {
				return err
			}
			all = slices.Concat(all, list[:min(len(list), most)])
		}
		return nil
	})
	return all, err
}
