package domain_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
)

// A token can be made again by whoever has the key, opens one link of one kind, and no change of it opens anything.
func TestLinkKey(t *testing.T) {
	t.Parallel()
	key, err := domain.NewLinkKey([]byte("0123456789abcdef0123456789abcdef"))
	require.NoError(t, err)
	org := domain.OrganisationID{UUID: uuid.MustParse("01900000-0000-7000-8000-000000000001")}
	id := domain.LinkID{UUID: uuid.MustParse("01900000-0000-7000-8000-000000000002")}
	token := key.Token(org, domain.LinkInvitation, id)
	// Computed with another implementation of HMAC, so that a change cannot silently spoil the links that are out.
	require.Equal(t, "usher_link_AZAAAAAAcACAAAAAAAAAAQGQAAAAAHAAgAAAAAAAAAKCPx7fDF4uY9jjhLVQmn8io7XGB5tU5QqvoREgqh92UA", token)
	require.Equal(t, token, key.Token(org, domain.LinkInvitation, id), "the same again")
	require.Regexp(t, `^usher_link_[A-Za-z0-9_-]{86}$`, token, "fit for an address")

	ref, ok := key.Parse(domain.LinkInvitation, token)
	require.True(t, ok)
	require.Equal(t, domain.LinkRef{Organisation: org, ID: id, Hash: sha256.Sum256([]byte(token))}, ref)
	_, ok = key.Parse(domain.LinkReset, token)
	require.False(t, ok, "of another kind")
	other, err := domain.NewLinkKey([]byte("another key, of thirty-two bytes"))
	require.NoError(t, err)
	_, ok = other.Parse(domain.LinkInvitation, token)
	require.False(t, ok, "of another key")
	body := strings.TrimPrefix(token, domain.LinkTokenPrefix)
	raw, err := base64.RawURLEncoding.DecodeString(body)
	require.NoError(t, err)
	for i := range raw {
		raw[i] ^= 1
		_, ok = key.Parse(domain.LinkInvitation, domain.LinkTokenPrefix+base64.RawURLEncoding.EncodeToString(raw))
		require.False(t, ok, "byte %d", i)
		raw[i] ^= 1
	}
	for _, wrong := range []string{"", domain.LinkTokenPrefix, body, token + "\n", token[:len(token)-1], token + "A", "usher_scim_" + body} {
		_, ok = key.Parse(domain.LinkInvitation, wrong)
		require.False(t, ok, "%q", wrong)
	}

	var none domain.LinkKey
	require.Empty(t, none.Token(org, domain.LinkInvitation, id))
	_, ok = none.Parse(domain.LinkInvitation, token)
	require.False(t, ok)
	_, err = domain.NewLinkKey([]byte("short"))
	require.Error(t, err)
	for _, format := range []string{"%s", "%v", "%+v", "%#v", "%q"} {
		require.NotContains(t, fmt.Sprintf(format, key), "0123")
		require.NotContains(t, fmt.Sprintf(format, struct{ Links domain.LinkKey }{key}), "0123")
	}
}
