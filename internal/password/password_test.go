package password_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/internal/password"
)

func TestHash(t *testing.T) {
	t.Parallel()
	p, err := password.New(rand.Reader)
	require.NoError(t, err)
	long := strings.Repeat("x", 255)
	hash, err := p.Hash(long + "a")
	require.NoError(t, err)
	require.Regexp(t, `^\$argon2id\$v=19\$m=32768,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`, hash)
	require.NotContains(t, hash, " ", "several are kept in one column, with a blank between")
	again, err := p.Hash(long + "a")
	require.NoError(t, err)
	require.NotEqual(t, hash, again, "salted")
	for _, tt := range []struct {
		hash, password string
		want           bool
	}{
		{hash, long + "a", true},
		{hash, long + "b", false}, // only the last of 256 characters differs
		{hash, "", false},
		{"", "", false},
		{"", "null", false},
		{"", "nobody has this password, and comparing with it takes as long as with any other", false},
	} {
		ok, err := p.Matches(tt.hash, tt.password)
		require.NoError(t, err)
		require.Equal(t, tt.want, ok, "%.20q", tt.password)
	}
	// Made with the reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32.
	ok, err := p.Matches("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password")
	require.NoError(t, err)
	require.True(t, ok)
	for _, wrong := range []string{
		" ", "plain", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=4000000000,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$", "$argon2id$v=19$m=65536,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
	} {
		_, err := p.Matches(wrong, "password")
		require.ErrorIs(t, err, password.ErrForm, wrong)
	}
}

// Nobody's password takes as long to compare as somebody's: medians of several, and a wide bound.
func TestNobodyTakesAsLong(t *testing.T) { //nolint:paralleltest // it measures time
	p, err := password.New(rand.Reader)
	require.NoError(t, err)
	hash, err := p.Hash("somebody's password")
	require.NoError(t, err)
	quickest := func(hash string) time.Duration {
		least := time.Hour
		for range 5 {
			began := time.Now()
			_, err := p.Matches(hash, "a wrong password")
			require.NoError(t, err)
			least = min(least, time.Since(began))
		}
		return least
	}
	some, none := quickest(hash), quickest("")
	require.Less(t, none, 3*some)
	require.Less(t, some, 3*none)
}

func TestCommon(t *testing.T) {
	t.Parallel()
	p, err := password.New(rand.Reader)
	require.NoError(t, err)
	for _, common := range []string{
		"password1234", "Password123!", "PASSWORDPASSWORD", "qwertyuiop12", "123456789012", "111111111111", "iloveyouiloveyou", "!!!sunshine2026", "aaaaaaaaaaaaaa",
	} {
		require.True(t, p.Common(common), common)
	}
	for _, fine := range []string{"correct mule battery staple", "Ñandú-grün-7-Büro", "9f3c1a7be2d04", "sunshine over the harbour", ""} {
		require.False(t, p.Common(fine), fine)
	}
}
