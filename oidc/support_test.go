package oidc_test

import (
	"crypto/x509"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/oidc"
	"usher/oidc/oidctest"
)

// clock stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// scene is a provider and a relying party that is registered there.
type scene struct {
	*testing.T
	provider     *oidctest.Provider
	party        *oidc.RelyingParty
	registration oidc.Registration
	clock        *clock
}

func newScene(t *testing.T) *scene {
	t.Helper()
	provider := oidctest.New(t)
	c := &clock{now: time.Now().Truncate(time.Second)}
	provider.Now = c.Now
	return &scene{T: t, provider: provider, clock: c, party: newParty(t, c, provider.Roots), registration: register(provider.Issuer)}
}

func newParty(t *testing.T, c *clock, roots *x509.CertPool) *oidc.RelyingParty {
	t.Helper()
	party, err := oidc.New(oidc.Config{AllowPrivate: true, Roots: roots, Now: c.Now})
	require.NoError(t, err)
	t.Cleanup(party.Close)
	return party
}

func register(issuer string) oidc.Registration {
	return oidc.Registration{
		Organisation: domain.OrganisationID{UUID: uuid.Must(uuid.NewV7())}, Connection: domain.ConnectionID{UUID: uuid.Must(uuid.NewV7())},
		Issuer: issuer, ClientID: oidctest.ClientID, Client: oidc.Credential{Secret: oidctest.ClientSecret}, RedirectURI: oidctest.RedirectURI,
		Mapping: oidc.Preset(domain.KindGeneric),
	}
}

// start begins a sign-in, through the cookie and back.
func (s *scene) start(w oidc.Wish) (string, oidc.Started) {
	s.Helper()
	address, started, err := s.party.Start(s.Context(), s.registration, w)
	require.NoError(s, err)
	sealed, err := started.Seal()
	require.NoError(s, err)
	opened, err := oidc.OpenStarted(sealed)
	require.NoError(s, err)
	return address, opened
}

// signIn goes there and back.
func (s *scene) signIn() (oidc.Arrival, error) {
	s.Helper()
	address, started := s.start(oidc.Wish{})
	return s.party.Finish(s.Context(), s.registration, started, s.provider.Visit(address))
}

// refused is a sign-in that fails at a step for a reason.
func (s *scene) refused(step oidc.Step, check string) oidc.Error {
	s.Helper()
	arrival, err := s.signIn()
	require.Zero(s, arrival)
	return refusal(s, err, step, check)
}

func refusal(t testing.TB, err error, step oidc.Step, check string) oidc.Error {
	t.Helper()
	e, ok := oidc.Refused(err)
	require.True(t, ok, "not a refusal: %v", err)
	require.Equal(t, []string{string(step), check}, []string{string(e.Step), e.Check}, "%v", err)
	require.NotEmpty(t, e.Message)
	require.NotEmpty(t, e.Side)
	require.NotContains(t, err.Error(), oidctest.ClientSecret)
	return *e
}

// forged is a sign-in whose ID token was changed on the way.
func (s *scene) forged(change func(*oidctest.Token), check string) {
	s.Helper()
	s.provider.Forge = change
	s.refused(oidc.StepIDToken, check)
	s.provider.Forge = nil
}
