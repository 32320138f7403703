package api

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// The same request under one Idempotency-Key is carried out once and answered the same, secrets included; what is kept of
// it is sealed.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		path := "/connections/" + s.tenant.Connection.ID.String() + "/tokens"
		first := s.post(path, `{"expires_in_hours":5}`, "Idempotency-Key", "k-1")
		require.Equal(s, http.StatusCreated, first.status, first.body)
		require.Empty(s, first.header.Get("Idempotency-Replayed"))
		again := s.post(path, `{"expires_in_hours":5}`, "Idempotency-Key", "k-1")
		require.Equal(s, first.status, again.status)
		require.Equal(s, first.body, again.body)
		require.Equal(s, "true", again.header.Get("Idempotency-Replayed"))
		for _, name := range keptHeaders() {
			require.Equal(s, first.header.Get(name), again.header.Get(name), name)
		}
		require.Equal(s, 1, s.events()[domain.TokenCreated])
		db := storetest.Raw(s, s.store)
		var sealed []byte
		require.NoError(s, db.QueryRow("SELECT sealed FROM answers WHERE idempotency_key = 'k-1'").Scan(&sealed))
		require.NotContains(s, string(sealed), "usher_scim_")
		require.NotContains(s, string(sealed), s.tenant.Connection.ID.String())

		refused(s, s.post(path, `{"expires_in_hours":6}`, "Idempotency-Key", "k-1"), http.StatusUnprocessableEntity, domain.CodeKeyReused, "Idempotency-Key")
		refused(s, s.post("/connections", `{"expires_in_hours":5}`, "Idempotency-Key", "k-1"), http.StatusUnprocessableEntity, domain.CodeKeyReused, "Idempotency-Key")
		for _, bad := range []string{strings.Repeat("k", 256), "ä"} {
			refused(s, s.post(path, "", "Idempotency-Key", bad), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "Idempotency-Key")
		}

		// Another API key does not get the answer: its request is its own.
		other := s.as(s.key(storetest.EveryPermission()...), http.MethodPost, path, `{"expires_in_hours":5}`, "Idempotency-Key", "k-1")
		require.Equal(s, http.StatusCreated, other.status)
		require.NotEqual(s, first.text(s, "token"), other.text(s, "token"))

		// A refusal is not kept: the request may be corrected, or sent again when it may succeed.
		refused(s, s.post("/connections", `{"name":"DEFAULT"}`, "Idempotency-Key", "k-2"), http.StatusConflict, domain.CodeNameTaken, "name")
		require.Equal(s, http.StatusCreated, s.post("/connections", `{"name":"free"}`, "Idempotency-Key", "k-2").status)

		s.clock.Move(domain.AnswerLife)
		late := s.post(path, `{"expires_in_hours":5}`, "Idempotency-Key", "k-1")
		require.Equal(s, http.StatusCreated, late.status)
		require.NotEqual(s, first.text(s, "token"), late.text(s, "token"))
		require.Equal(s, 1, storetest.Count(s, db, "SELECT count(*) FROM answers"), "what expired is cleared away")
	})
}

// Who is erased is erased from the kept answers as well: the same request under its key is a new one. Others' stay.
func TestIdempotencyKeyAfterPurge(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		role := s.role("Agent", domain.SeesOwn)
		add := func(name, key string) got {
			return s.post("/users", `{"full_name":"`+name+`","email":"`+name+`@acme.test","role_id":"`+role+`"}`, "Idempotency-Key", key)
		}
		first, other := add("Ana", "K9"), add("Bob", "K10")
		user := "/users/" + first.text(s, "id")
		require.Equal(s, http.StatusOK, s.post(user+"/confirm", "", "Idempotency-Key", "K11").status)
		db := storetest.Raw(s, s.store)
		require.Equal(s, 3, storetest.Count(s, db, "SELECT count(*) FROM answers"))
		s.done(s.remove(user))
		require.Equal(s, "true", add("Ana", "K9").header.Get("Idempotency-Replayed"), "a deletion erases nothing")
		s.done(s.post(user+"/purge", ""))
		require.Equal(s, 1, storetest.Count(s, db, "SELECT count(*) FROM answers"))
		again := add("Ana", "K9")
		require.Empty(s, again.header.Get("Idempotency-Replayed"))
		require.NotEqual(s, first.text(s, "id"), again.text(s, "id"))
		require.Equal(s, "true", add("Bob", "K10").header.Get("Idempotency-Replayed"))
		require.Equal(s, other.body, add("Bob", "K10").body)
		group := s.pushGroup("Everybody").String()
		require.Equal(s, http.StatusOK, s.post(dryRunPath, `{"group_id":"`+group+`","role_id":"`+role+`"}`, "Idempotency-Key", "K12").status)
		require.Equal(s, 2, storetest.Count(s, db, "SELECT count(*) FROM answers"), "a dry run tells of many and changes nothing")
	})
}

// Of many that send the same request at once, one is carried out; the others are told so, or get its answer.
func TestIdempotencyKeyAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		const clients, rounds = 8, 5
		for round := range rounds {
			answers := make([]got, clients)
			start := make(chan struct{})
			var group sync.WaitGroup
			for i := range clients {
				group.Go(func() {
					<-start
					answers[i] = s.post("/connections", `{"name":"c`+string(rune('a'+round))+`"}`, "Idempotency-Key", "round-"+string(rune('a'+round)))
				})
			}
			close(start)
			group.Wait()
			bodies, carriedOut := map[string]bool{}, 0
			for _, a := range answers {
				if a.status == http.StatusConflict {
					refused(s, a, http.StatusConflict, domain.CodeRequestInProgress, "Idempotency-Key")
					continue
				}
				require.Equal(s, http.StatusCreated, a.status, a.body)
				bodies[a.body] = true
				if a.header.Get("Idempotency-Replayed") == "" {
					carriedOut++
				}
			}
			require.Equal(s, 1, carriedOut)
			require.Len(s, bodies, 1)
		}
		require.Equal(s, rounds, s.events()[domain.ConnectionCreated])
	})
}

// A request that failed on our side may have been carried out: it is not carried out again under its key.
func TestIdempotencyKeyAfterAFault(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		who := domain.Administrator{Organisation: s.tenant.Organisation.ID, Actor: domain.Actor{Kind: domain.ActorAPIKey, ID: s.tenant.Organisation.ID.UUID}}
		a, replay, err := s.service.Administration.Claim(s.Context(), who, "k", [32]byte{1})
		require.NoError(s, err)
		require.False(s, replay)
		s.clock.Move(time.Hour)
		_, _, err = s.service.Administration.Claim(s.Context(), who, "k", [32]byte{1})
		require.True(s, domain.IsCode(err, domain.CodeRequestInProgress))
		require.NoError(s, s.service.Administration.Release(s.Context(), a))
		_, replay, err = s.service.Administration.Claim(s.Context(), who, "k", [32]byte{1})
		require.NoError(s, err)
		require.False(s, replay)
	})
}
