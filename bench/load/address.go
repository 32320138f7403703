package load

import (
	"fmt"
	"net"
	"net/netip"
)

// Loopback checks that an address (host:port) is on this machine, and gives it with the host as a number. Names are not
// looked up, localhost excepted, so that no name server can send the load elsewhere.
func Loopback(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("load: %w", err)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || !ip.Unmap().IsLoopback() {
		return "", fmt.Errorf("load: %s is not on this machine; only loopback addresses are put under load", host)
	}
	return net.JoinHostPort(host, port), nil
}
