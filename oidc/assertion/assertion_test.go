package assertion_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/internal/secret"
	"usher/oidc/assertion"
	"usher/persistence"
	"usher/persistence/storetest"
)

const issuer = "https://usher.acme.test"

// replica is a signer as one process has it.
func replica(t testing.TB, store domain.Store, clock *storetest.Clock, text string) *assertion.Signer {
	t.Helper()
	key, err := secret.Parse(text)
	require.NoError(t, err)
	signer, err := assertion.New(assertion.Config{
		Keys: domain.NewInstallation(store, clock.Environment(), rand.Reader).SigningKeys, Issuer: issuer, Now: clock.Now,
		Log:  slog.New(slog.NewJSONHandler(io.Discard, nil)),
		Seal: func(text, place []byte) ([]byte, error) { return key.Seal("assertion", text, place) },
		Open: func(sealed, place []byte) ([]byte, error) { return key.Open("assertion", sealed, place) },
	})
	require.NoError(t, err)
	return signer
}

const secretKey = "a-secret-key-for-tests-0123456789abcdef"

// published is the key set as an application fetches it.
func published(t testing.TB, signer http.Handler) jose.JSONWebKeySet {
	t.Helper()
	recorder := httptest.NewRecorder()
	signer.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, assertion.Path, http.NoBody))
	require.Equal(t, http.StatusOK, recorder.Code)
	require.Equal(t, "public, max-age=300", recorder.Header().Get("Cache-Control"))
	var set jose.JSONWebKeySet
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &set))
	for _, key := range set.Keys {
		require.True(t, key.IsPublic(), "no private half in %s", recorder.Body)
		require.Equal(t, "sig", key.Use)
	}
	return set
}

// checked verifies an assertion as an application does, and gives its claims and which key signed it.
func checked(t testing.TB, set jose.JSONWebKeySet, raw, audience string, now time.Time) (map[string]any, string) {
	t.Helper()
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256})
	require.NoError(t, err)
	kid := token.Headers[0].KeyID
	keys := set.Key(kid)
	require.Len(t, keys, 1, "the key %s is published", kid)
	require.Equal(t, keys[0].Algorithm, token.Headers[0].Algorithm)
	var claims jwt.Claims
	all := map[string]any{}
	require.NoError(t, token.Claims(keys[0].Key, &claims, &all))
	require.NoError(t, claims.Validate(jwt.Expected{Issuer: issuer, AnyAudience: jwt.Audience{audience}, Time: now}))
	require.Equal(t, assertion.Lifetime, claims.Expiry.Time().Sub(claims.IssuedAt.Time()))
	require.NotEmpty(t, claims.ID)
	return all, kid
}

func TestMint(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		clock := storetest.NewClock()
		signer := replica(t, store, clock, secretKey)
		mint := func(c assertion.Claims) string {
			t.Helper()
			token, err := signer.Mint(t.Context(), c)
			require.NoError(t, err)
			return token
		}
		first := mint(assertion.Claims{Subject: "u1", Audience: "https://crm.acme.test", More: map[string]any{"role": "agent"}})
		set := published(t, signer)
		require.Len(t, set.Keys, 2)
		claims, kid := checked(t, set, first, "https://crm.acme.test", clock.Now())
		require.Equal(t, []any{"u1", "https://crm.acme.test", "agent"}, []any{claims["sub"], claims["aud"], claims["role"]})
		again, same := checked(t, set, mint(assertion.Claims{Subject: "u1", Audience: "a"}), "a", clock.Now())
		require.Equal(t, kid, same)
		require.NotEqual(t, claims["jti"], again["jti"])
		_, other := checked(t, set, mint(assertion.Claims{Subject: "u1", Audience: "a", Algorithm: "ES256"}), "a", clock.Now())
		require.NotEqual(t, kid, other)

		for name, c := range map[string]assertion.Claims{
			"no subject":       {Audience: "a"},
			"no audience":      {Subject: "u"},
			"unknown way":      {Subject: "u", Audience: "a", Algorithm: "HS256"},
			"a claim of ours":  {Subject: "u", Audience: "a", More: map[string]any{"iss": "x"}},
			"another lifetime": {Subject: "u", Audience: "a", More: map[string]any{"exp": 1}},
		} {
			_, err := signer.Mint(t.Context(), c)
			require.Error(t, err, name)
		}

		// The private halves are encrypted, and for nobody with another secret key.
		stranger := replica(t, store, clock, "another-secret-key-for-tests-0123456789")
		_, err := stranger.Mint(t.Context(), assertion.Claims{Subject: "u1", Audience: "a"})
		require.ErrorIs(t, err, secret.ErrSealed)
		recorder := httptest.NewRecorder()
		stranger.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, assertion.Path, http.NoBody))
		require.Equal(t, http.StatusServiceUnavailable, recorder.Code)
		recorder = httptest.NewRecorder()
		signer.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, assertion.Path, http.NoBody))
		require.Equal(t, http.StatusMethodNotAllowed, recorder.Code)
	})
}

// Over two years, on three replicas that look whenever they like: there is always a key that signs, it was published for a
// day before, what was signed can be checked for as long as it holds, and each generation was made once.
func TestRotation(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		clock := storetest.NewClock()
		replicas := []*assertion.Signer{replica(t, store, clock, secretKey), replica(t, store, clock, secretKey), replica(t, store, clock, secretKey)}
		seen, since, signedBy := map[string]bool{}, map[string]time.Time{}, map[string]bool{}
		began := clock.Now()
		last := ""
		for range 200 {
			var all sync.WaitGroup
			documents := make([]string, len(replicas))
			for i, r := range replicas {
				all.Go(func() {
					document, err := r.KeySet(context.WithoutCancel(t.Context()))
					documents[i] = string(document)
					if err != nil {
						t.Errorf("replica %d: %v", i, err)
					}
				})
			}
			all.Wait()
			require.Equal(t, documents[0], documents[1])
			require.Equal(t, documents[0], documents[2])
			set := published(t, replicas[0])
			require.LessOrEqual(t, len(set.Keys), 6)
			for _, key := range set.Keys {
				if !seen[key.KeyID] {
					seen[key.KeyID], since[key.KeyID] = true, clock.Now()
				}
			}
			token, err := replicas[1].Mint(t.Context(), assertion.Claims{Subject: "u", Audience: "a"})
			require.NoError(t, err)
			_, kid := checked(t, set, token, "a", clock.Now())
			if signedBy[kid] = true; since[kid].After(began) {
				require.False(t, clock.Now().Before(since[kid].Add(domain.SigningKeyAnnounced)), "known to everybody before it signs")
			}
			last = kid
			clock.Move(11 * time.Hour)
			checked(t, published(t, replicas[2]), token, "a", clock.Now().Add(-11*time.Hour)) // the key outlives the assertion
		}
		require.NotEmpty(t, last)
		require.Len(t, signedBy, 4, "in 91 days")
		db := storetest.Raw(t, store)
		require.Equal(t, len(seen), int(generations(t, store)), "each generation came into being once")
		require.Zero(t, storetest.Count(t, db, "SELECT count(*) FROM events"))
	})
}

// generations is how many were ever made.
func generations(t testing.TB, store domain.Store) (n int64) {
	t.Helper()
	newest := map[string]int64{}
	require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) error {
		keys, err := tx.SigningKeys().List(domain.OfInstallation())
		for _, k := range keys {
			newest[k.Algorithm] = k.Generation
		}
		return err
	}))
	for _, generation := range newest {
		n += generation
	}
	return n
}

// Any number of replicas that begin at the same moment sign with the same keys.
func TestBeginningAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		clock := storetest.NewClock()
		const replicas = 16
		documents := make([]string, replicas)
		var all sync.WaitGroup
		for i := range replicas {
			signer := replica(t, store, clock, secretKey)
			all.Go(func() {
				document, err := signer.KeySet(context.WithoutCancel(t.Context()))
				documents[i] = string(document)
				if err != nil {
					t.Errorf("replica %d: %v", i, err)
				}
			})
		}
		all.Wait()
		for _, document := range documents {
			require.Equal(t, documents[0], document)
		}
		require.Equal(t, int64(2), generations(t, store))
	})
}

// A database that is away for a while stops nobody from signing.
func TestKeysThatCannotBeReadAnew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		clock := storetest.NewClock()
		installation := domain.NewInstallation(store, clock.Environment(), rand.Reader)
		away := false
		signer, err := assertion.New(assertion.Config{
			Keys: func(ctx context.Context, maker domain.MakeSigningKey) ([]domain.SigningKey, error) {
				if away {
					return nil, errors.New("away")
				}
				return installation.SigningKeys(ctx, maker)
			},
			Issuer: issuer, Now: clock.Now, Log: slog.New(slog.NewJSONHandler(io.Discard, nil)),
			Seal: func(text, _ []byte) ([]byte, error) { return text, nil }, Open: func(text, _ []byte) ([]byte, error) { return text, nil },
		})
		require.NoError(t, err)
		mint := func() error {
			_, err := signer.Mint(t.Context(), assertion.Claims{Subject: "u", Audience: "a"})
			return err
		}
		require.NoError(t, mint())
		away = true
		clock.Move(59 * time.Minute)
		require.NoError(t, mint())
		clock.Move(time.Minute)
		require.ErrorContains(t, mint(), "away")
		away = false
		require.NoError(t, mint())
	})
}
