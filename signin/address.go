package signin

import (
	"net/netip"
	"slices"
	"strings"
)

// clientAddress is whose address a request comes from: the peer's, unless that is one of the proxies whose word is taken.
// Each of those has added the address that it was asked from at the end of a list; the last that is no proxy's is the
// client's, and what is before it the client may have made up.
func clientAddress(peer string, forwarded []string, proxies []netip.Prefix) string {
	trusted := func(text string) bool {
		address, err := netip.ParseAddr(text)
		return err == nil && slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(address.Unmap().WithZone("")) })
	}
	client := peer
	list := strings.Split(strings.Join(forwarded, ","), ",")
	for i := len(list) - 1; i >= 0 && trusted(client); i-- {
		address, err := netip.ParseAddr(strings.TrimSpace(list[i]))
		if err != nil {
			break
		}
		client = address.String()
	}
	return client
}
