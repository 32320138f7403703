package domain

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Origin is where an application is reached, as browsers spell it (RFC 6454 section 6.2): scheme://host, with the port
// where it is not the one of the scheme, in lower case and ASCII. One that exists was checked.
type Origin string

const maxOrigin = 300 // bytes

// ParseOrigin reads an origin: https, or http on this machine (RFC 8252 section 8.3: what does not leave it needs no TLS).
// Names outside ASCII are written in their ASCII form, as browsers send them. Nothing is guessed: a path, a user name, a
// query or a wildcard is refused, so that what is compared later is exactly what was meant. Invalid.
func ParseOrigin(s string) (Origin, error) {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxOrigin || u.Opaque != "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(s, "#") {
		return "", InvalidField("origins", "write an origin as https://host or https://host:port, without path, user name and query")
	}
	host := strings.ToLower(u.Hostname())
	if !isHost(host) {
		return "", InvalidField("origins", "name one host in letters, digits, hyphens and dots (names outside ASCII in their form that begins with xn--), without wildcards")
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return "", InvalidField("origins", "an origin begins with https://")
	case u.Scheme == "http" && !isLoopback(host):
		return "", InvalidField("origins", "use https; http is for this machine only (localhost, 127.0.0.1)")
	}
	port, usual := u.Port(), map[string]string{"https": "443", "http": "80"}[u.Scheme]
	if number, err := strconv.Atoi(port); port != "" && (err != nil || number < 1 || number > 65535 || strconv.Itoa(number) != port) || strings.HasSuffix(u.Host, ":") {
		return "", InvalidField("origins", "a port is a number from 1 to 65535")
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" && port != usual {
		host += ":" + port
	}
	return Origin(u.Scheme + "://" + host), nil
}

// isHost reports whether a text in lower case is the name of one host or its address.
func isHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Zone() == "" && ip.String() == host
	}
	const longest = 253 // RFC 1035 section 2.3.4
	if host == "" || len(host) > longest {
		return false
	}
	digits := true
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.ContainsFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
		}) {
			return false
		}
		digits = !strings.ContainsFunc(label, func(r rune) bool { return r < '0' || r > '9' })
	}
	return !digits // 127.1 and 0x7f.1 are addresses to browsers and names to others
}

// isLoopback reports whether a host is this machine.
func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
