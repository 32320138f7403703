package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// What a connection was refused, what was put right for it and who was turned away is counted and shown, the most frequent first.
func TestCounts(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		connection := s.tenant.Connection.ID
		path := "/connections/" + connection.String() + "/counts"
		none := s.get(path)
		s.answered(none, http.StatusOK)
		require.Empty(s, none.items(s))

		ledger := domain.NewLedger(s.store, s.clock.Environment())
		caller := s.tenant.Caller
		caller.RequestID = "push-1"
		first := s.clock.Now().UTC().Truncate(time.Millisecond).Format(time.RFC3339Nano)
		ledger.Count(caller, domain.TallyRefused, "POST /Users 409 user_name_taken", "choose another userName")
		ledger.Count(caller, domain.TallyStraightened, "boolean-text", "")
		s.clock.Move(time.Minute)
		last := s.clock.Now().UTC().Truncate(time.Millisecond).Format(time.RFC3339Nano)
		for range 2 {
			ledger.Count(caller, domain.TallyRefused, "PATCH /Users 400 invalid_value", "use a date")
		}
		ledger.Count(caller, domain.TallyStraightened, "boolean-text", "")
		require.NoError(s, ledger.Flush(s.Context()))
		c, _, _ := storetest.NewConnection(s, s.store, s.tenant.Organisation.ID, "idp", func(c *domain.Connection) {
			c.OIDC = domain.OIDCClient{Issuer: "https://idp.test", ClientID: "usher"}
		})
		_, err := s.entrance().FirstAccess(s.Context(), domain.Arriving{
			Identity: domain.Identity{Organisation: c.Organisation, Connection: c.ID, Issuer: c.OIDC.Issuer, Subject: "ana"}, UserName: "ana",
		}, domain.Visitor{RequestID: "visit-1"})
		require.True(s, domain.IsCode(err, domain.CodeNoAccount), err)

		all := s.get(path)
		s.answered(all, http.StatusOK)
		habit := map[string]any{"kind": "straightened", "what": "boolean-text", "count": 2.0, "first_at": first, "last_at": last, "detail": nil, "request_id": "push-1"}
		refusals := []map[string]any{
			{"kind": "refused", "what": "PATCH /Users 400 invalid_value", "count": 2.0, "first_at": last, "last_at": last, "detail": "use a date", "request_id": "push-1"},
			{"kind": "refused", "what": "POST /Users 409 user_name_taken", "count": 1.0, "first_at": first, "last_at": first, "detail": "choose another userName", "request_id": "push-1"},
		}
		require.Equal(s, append(refusals, habit), all.items(s))
		require.Equal(s, refusals, s.get(path+"?kind=refused").items(s))
		require.Equal(s, []map[string]any{refusals[0], habit}, s.get(path+"?limit=1").items(s))
		away := s.get("/connections/" + c.ID.String() + "/counts?kind=turned_away").items(s)
		require.Len(s, away, 1)
		require.Equal(s, []any{"turned_away", 1.0, nil, "visit-1"}, []any{away[0]["kind"], away[0]["count"], away[0]["detail"], away[0]["request_id"]})

		refused(s, s.get(path+"?kind=everything"), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "kind")
		refused(s, s.get(path+"?limit=1002"), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "limit")
		refused(s, s.as(s.key("users:view"), http.MethodGet, path, ""), http.StatusForbidden, domain.CodePermissionMissing, "directory:view")
	})
}

// A connection counts a thousand different things of a kind, and the answer has them all.
func TestCountsAreBounded(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		caller := s.tenant.Caller
		now := s.clock.Now()
		require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
			for i := range domain.MaxTallies + 5 {
				err := tx.Tallies().Add(domain.Tally{
					Organisation: caller.Organisation, Connection: caller.Connection, Kind: domain.TallyRefused, What: fmt.Sprintf("thing %04d", i), Count: 1, FirstAt: now, LastAt: now,
				})
				if err != nil {
					return err
				}
			}
			return nil
		}))
		path := "/connections/" + caller.Connection.String() + "/counts"
		all := s.get(path+"?limit=1001").values(s, "what")
		require.Len(s, all, domain.MaxTallies+1)
		require.Equal(s, []string{domain.Other, "thing 0000"}, all[:2])
		require.Len(s, s.get(path).items(s), 100)
	})
}

// Security 4: the counts of another organisation's connection are answered like those of one that never existed.
func TestSecurity4Counts(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		theirs := s.stranger().Connection.ID.String()
		foreign, nobody := s.get("/connections/"+theirs+"/counts"), s.get("/connections/"+never+"/counts")
		refused(s, foreign, http.StatusNotFound, domain.CodeNotFound, "")
		require.Equal(s, nobody.body, strings.ReplaceAll(foreign.body, theirs, never))
		require.Equal(s, nobody.status, foreign.status)
	})
}
