package main

import (
	"context"
	"iter"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientOf is the network address that the request of a context comes from; empty: not known.
func clientOf(ctx context.Context) string {
	if x := accessOf(ctx); x != nil {
		return x.client
	}
	return ""
}

// clientAddress is whose address a request comes from: the peer's, unless that is one of the proxies whose word is taken.
// Each of those has added the address that it was asked from at the end of X-Forwarded-For; the last that is no proxy's is
// the client's, and what is before it the client may have made up. It is an address and nothing else, whatever was sent:
// without port and zone, of IPv4 in its own form. Empty where the peer has none.
func clientAddress(r *http.Request, proxies []netip.Prefix) string {
	client, ok := addressIn(r.RemoteAddr)
	if !ok {
		return ""
	}
	for text := range named(r.Header["X-Forwarded-For"]) {
		if !slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(client) }) {
			break
		}
		next, ok := addressIn(text)
		if !ok {
			break
		}
		client = next
	}
	return client.String()
}

// named are what is in the lines of a list, the last first.
func named(lines []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range slices.Backward(lines) {
			for more := true; more; {
				comma := strings.LastIndexByte(line, ',')
				if !yield(strings.TrimSpace(line[comma+1:])) {
					return
				}
				more, line = comma >= 0, line[:max(comma, 0)]
			}
		}
	}
}

// addressIn reads an address, perhaps with a port.
func addressIn(text string) (netip.Addr, bool) {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	a, err := netip.ParseAddr(text)
	return a.Unmap().WithZone(""), err == nil
}
