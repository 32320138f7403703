package domain

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Security 34: however many names are tried and from however many networks, there are so many counters and no more; which
// fall together differs from organisation to organisation and from key to key.
func TestSecurity34Counters(t *testing.T) {
	t.Parallel()
	key, err := NewLinkKey(make([]byte, 32))
	require.NoError(t, err)
	e := &Entrance{env: Environment{Links: key}}
	org := OrganisationID{UUID: uuid.Must(uuid.NewV7())}
	names, networks := map[Scope]bool{}, map[Scope]bool{}
	for i := range 100_000 {
		names[e.env.counter(org, "name", fmt.Sprintf("nobody-%d@acme.test", i), nameSlots)] = true
		networks[e.env.counter(org, "address", network(fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff)), networkSlots)] = true
	}
	require.Len(t, names, nameSlots, "all are used, and there are no others")
	require.LessOrEqual(t, len(networks), networkSlots)
	require.Greater(t, len(networks), networkSlots/2, "spread, so that hardly anybody shares one")
	one := e.env.counter(org, "address", "192.0.2.1", networkSlots)
	require.Equal(t, one, e.env.counter(org, "address", "192.0.2.1", networkSlots))
	require.NotEqual(t, one, e.env.counter(OrganisationID{UUID: uuid.Must(uuid.NewV7())}, "address", "192.0.2.1", networkSlots))
	other, err := NewLinkKey([]byte("another key of links: 32 bytes !"))
	require.NoError(t, err)
	require.NotEqual(t, key.slot(org, "address", "192.0.2.1"), other.slot(org, "address", "192.0.2.1"))
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::ffff": "2001:db8:1:2::/64",
		"::ffff:192.0.2.1": "::ffff:192.0.2.1", "fe80::1%eth0": "fe80::/64", "unknown": "unknown", "": "",
	} {
		require.Equal(t, want, network(address), address)
	}
}
