package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"usher/domain"
)

// The types of settings: a value that exists is one that can be used. An empty text, as an empty environment variable
// has it, is a setting that was not made.

// address is where a server listens: HOST:PORT.
type address string

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *address) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	_, port, err := net.SplitHostPort(string(text))
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("use HOST:PORT, for example 127.0.0.1:8080, not %.80q", text)
	}
	*a = address(text)
	return nil
}

// reachable is the URL under which a client on this machine reaches a server on the address.
func (a address) reachable() string {
	host, port, err := net.SplitHostPort(string(a))
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// byName is the same by the name of this machine, where the address is its own: browsers make passkeys for names, not for
// numbers.
func (a address) byName() string {
	host, port, err := net.SplitHostPort(string(a))
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())) {
		return "http://" + net.JoinHostPort("localhost", port)
	}
	return a.reachable()
}

// baseURL is the address that clients use, without a slash at the end.
type baseURL string

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *baseURL) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	u, err := url.Parse(string(text))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("use the address that clients reach, for example https://usher.acme.test, without query or fragment")
	}
	*b = baseURL(strings.TrimRight(u.String(), "/"))
	return nil
}

// network is a range of addresses, or one address.
type network netip.Prefix

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *network) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	prefix, err := netip.ParsePrefix(string(text))
	if address, single := netip.ParseAddr(string(text)); single == nil {
		prefix, err = address.Prefix(address.BitLen())
	}
	if err != nil {
		return fmt.Errorf("use an address or a network such as 10.0.0.0/8, not %.80q", text)
	}
	*n = network(prefix.Masked())
	return nil
}

// rate is a number of requests a second; 0 is no limit.
type rate int

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *rate) UnmarshalText(text []byte) error {
	n, err := wholeNumber(text, 1_000_000)
	*r = rate(n)
	return err
}

// poolSize is a number of database connections; 0 is what fits the database.
type poolSize int

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *poolSize) UnmarshalText(text []byte) error {
	n, err := wholeNumber(text, 10_000)
	*s = poolSize(n)
	return err
}

func wholeNumber(text []byte, most int) (int, error) {
	if len(text) == 0 {
		return 0, nil
	}
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 0 || n > most {
		return 0, fmt.Errorf("use a whole number from 0 to %d, not %.40q", most, text)
	}
	return n, nil
}

// lifetime is a duration from now; days may be counted too.
type lifetime time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *lifetime) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	const day, most = 24 * time.Hour, 100 * 365 // days
	d, err := time.ParseDuration(string(text))
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		var n int
		if n, err = strconv.Atoi(days); err == nil && n <= most {
			d = time.Duration(n) * day
		}
	}
	if err != nil || d <= 0 || d > most*day {
		return fmt.Errorf("use a duration from now such as 8760h or 365d, not %.40q", text)
	}
	*l = lifetime(d)
	return nil
}

// seats says how many seats of which licence type were bought: full=100,simulator=20, or unlimited.
type seats []domain.SeatPlan

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *seats) UnmarshalText(text []byte) error {
	*s = nil
	if len(text) == 0 || string(text) == "unlimited" {
		return nil
	}
	for entry := range strings.SplitSeq(string(text), ",") {
		licence, number, ok := strings.Cut(strings.TrimSpace(entry), "=")
		plan := domain.SeatPlan{Licence: strings.TrimSpace(licence)}
		number = strings.TrimSpace(number)
		if plan.Unlimited = number == "unlimited"; ok && !plan.Unlimited {
			n, err := strconv.Atoi(number)
			ok, plan.Limit = err == nil && n >= 0, n
		}
		if !ok {
			return fmt.Errorf("use unlimited, or a number of seats for each licence such as full=100,simulator=20, not %.80q", text)
		}
		*s = append(*s, plan)
	}
	return nil
}
