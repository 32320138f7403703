package main

import (
	"encoding"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

// parsed is what a text becomes, or nil where it is refused.
func parsed[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](text string) any {
	var v T
	if err := P(&v).UnmarshalText([]byte(text)); err != nil {
		return nil
	}
	return v
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		"": address(""), "127.0.0.1:8080": address("127.0.0.1:8080"), ":80": address(":80"), "[::1]:0": address("[::1]:0"), "host:80": address("host:80"),
		"8080": nil, "127.0.0.1": nil, "127.0.0.1:http": nil, "127.0.0.1:65536": nil, "127.0.0.1:-1": nil, "::1:80": nil,
	} {
		require.Equal(t, want, parsed[address](text), "address %q", text)
	}
	for text, want := range map[string]any{
		"": baseURL(""), "https://usher.acme.test/": baseURL("https://usher.acme.test"), "http://127.0.0.1:8080": baseURL("http://127.0.0.1:8080"),
		"https://acme.test/usher//": baseURL("https://acme.test/usher"),
		"usher.acme.test":           nil, "ftp://acme.test": nil, "https://": nil, "https://a.test?x": nil, "https://a.test#x": nil, "https://u:p@a.test": nil, "://": nil, "https:///path": nil,
	} {
		require.Equal(t, want, parsed[baseURL](text), "base URL %q", text)
	}
	for text, want := range map[string]any{"": rate(0), "0": rate(0), "50": rate(50), "-1": nil, "1.5": nil, "x": nil, "1000001": nil} {
		require.Equal(t, want, parsed[rate](text), "rate %q", text)
	}
	for text, want := range map[string]any{
		"": lifetime(0), "8760h": lifetime(8760 * time.Hour), "365d": lifetime(365 * 24 * time.Hour), "1ms": lifetime(time.Millisecond),
		"0": nil, "0s": nil, "-1h": nil, "1": nil, "d": nil, "1.5d": nil, "36501d": nil, "9999999999999d": nil, "1w": nil,
	} {
		require.Equal(t, want, parsed[lifetime](text), "lifetime %q", text)
	}
	for text, want := range map[string]any{
		"": seats(nil), "unlimited": seats(nil),
		"full=100,simulator=20":          seats{{Licence: "full", Limit: 100}, {Licence: "simulator", Limit: 20}},
		"full = unlimited , simulator=0": seats{{Licence: "full", Unlimited: true}, {Licence: "simulator"}},
		"full":                           nil, "full=": nil, "full=x": nil, "full=-1": nil, "full=1,": nil, "full=1.5": nil,
	} {
		require.Equal(t, want, parsed[seats](text), "seats %q", text)
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	for given, want := range map[address]string{
		"127.0.0.1:80": "http://127.0.0.1:80", ":80": "http://127.0.0.1:80", "0.0.0.0:80": "http://127.0.0.1:80",
		"[::]:80": "http://127.0.0.1:80", "[::1]:80": "http://[::1]:80", "usher.test:80": "http://usher.test:80",
	} {
		require.Equal(t, want, given.reachable())
	}
	for given, want := range map[address]string{
		"127.0.0.1:80": "http://localhost:80", ":80": "http://localhost:80", "0.0.0.0:80": "http://localhost:80", "[::1]:80": "http://localhost:80",
		"192.0.2.7:80": "http://192.0.2.7:80", "usher.test:80": "http://usher.test:80",
	} {
		require.Equal(t, want, given.byName())
	}
}

// Every kind of error has its exit code: 2 where the command or the configuration is at fault.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	for kind, want := range map[domain.Kind]int{
		domain.Internal: exitFailed, domain.Unavailable: exitFailed, domain.Throttled: exitFailed, domain.Invalid: exitUsage,
		domain.NotFound: exitUsage, domain.Conflict: exitUsage, domain.Forbidden: exitUsage, domain.Precondition: exitUsage, domain.Unauthenticated: exitUsage,
	} {
		line, code := explain(&domain.Error{Kind: kind, Code: "x", Message: "what to do"}, nil)
		require.Equal(t, want, code)
		require.Equal(t, "what to do", line)
	}
}
