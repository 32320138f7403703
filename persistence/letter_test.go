package persistence_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// What is due is found by an index, and not by walking through what waits.
//
//race:without two statements, looked at
func TestDueLettersUseIndexes(t *testing.T) {
	t.Parallel()
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		now := time.Now()
		for range 3 {
			org := storetest.NewTenant(t, store, "x"+uuid.NewString(), -1).Organisation.ID
			require.NoError(t, store.Write(t.Context(), func(tx domain.Tx) error {
				for i := range 500 {
					if err := tx.Letters().Queue(domain.Letter{
						ID: domain.LetterID{UUID: uuid.New()}, Organisation: org, Kind: domain.LetterInvitation, User: domain.UserID{UUID: uuid.New()},
						Event: domain.EventID{UUID: uuid.New()}, State: domain.DeliveryQueued, DueAt: now.Add(time.Duration(i) * time.Second), CreatedAt: now,
					}); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		settle(t, store)
		for statement, args := range persistence.LetterStatements() {
			plan, err := persistence.Explain(store, statement, args...)
			require.NoError(t, err)
			require.Contains(t, plan, "letters_due", statement)
			for _, walk := range []string{"Seq Scan on letters", "SCAN l", "hashed SubPlan"} { // the last is made of all that is due
				require.NotContains(t, plan, walk, statement)
			}
		}
	})
}
