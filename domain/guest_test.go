package domain_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

// What applications are told of how somebody came: no more than was shown.
func TestMethodsOfGuests(t *testing.T) {
	t.Parallel()
	for name, is := range map[string]struct {
		session domain.Session
		want    []string
	}{
		"password":               {domain.Session{Method: domain.ByPassword}, []string{"pwd"}},
		"password and code":      {domain.Session{Method: domain.ByPassword, Factor: domain.FactorCode}, []string{"pwd", "otp", "mfa"}},
		"password and passkey":   {domain.Session{Method: domain.ByPassword, Factor: domain.FactorPasskey}, []string{"pwd", "pop", "mfa"}},
		"password and recovery":  {domain.Session{Method: domain.ByPassword, Factor: domain.FactorRecovery}, []string{"pwd", "mfa"}},
		"a remembered browser":   {domain.Session{Method: domain.ByPassword, Factor: domain.FactorDevice}, []string{"pwd"}},
		"passkey alone":          {domain.Session{Method: domain.ByPasskey, Factor: domain.FactorPasskey}, []string{"pop", "mfa"}},
		"single sign-on":         {domain.Session{Method: domain.BySingleSignOn}, []string{"sso"}},
		"single sign-on, and so": {domain.Session{Method: domain.BySingleSignOn, Factor: domain.FactorCode}, []string{"sso"}},
	} {
		var g domain.Guest
		g.Session = is.session
		require.Equal(t, is.want, g.Methods(), name)
	}
	var g domain.Guest
	g.Session.CreatedAt = time.Unix(1_000, 0)
	require.Equal(t, g.Session.CreatedAt, g.AuthenticatedAt())
	g.Session.ProvedAt = time.Unix(2_000, 0)
	require.Equal(t, g.Session.ProvedAt, g.AuthenticatedAt())
}
