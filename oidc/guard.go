package oidc

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// What a provider gets of this server's patience.
const (
	maxAnswer  = 1 << 20 // bytes of a body
	maxHeaders = 64 << 10
	dialTime   = 5 * time.Second
	wholeTime  = 10 * time.Second // of one request, unless the configuration says otherwise
)

// guarded makes the client by which providers are asked. It speaks TLS, follows no redirect, uses no proxy, reads a
// bounded answer in bounded time, and looks at every address after the name has been resolved and before anything is
// sent: a name that resolves to something public once and to something inside the next time gets nowhere.
func guarded(c Config) *http.Client {
	dialer := &net.Dialer{Timeout: dialTime, KeepAlive: 30 * time.Second}
	if !c.AllowPrivate {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("%w: %s", errAddress, address)
			}
			if !public(to.Addr()) {
				return fmt.Errorf("%w: %s", errAddress, to.Addr())
			}
			return nil
		}
	}
	transport := &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.Roots},
		TLSHandshakeTimeout:    dialTime,
		ResponseHeaderTimeout:  c.Patience,
		MaxResponseHeaderBytes: maxHeaders,
		MaxConnsPerHost:        16,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        time.Minute,
		ForceAttemptHTTP2:      true,
	}
	return &http.Client{
		Transport:     &guard{inner: transport, allowHTTP: c.AllowHTTP},
		Timeout:       c.Patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

var (
	errAddress  = errors.New("the address is not a public one")
	errPlain    = errors.New("the address is not https")
	errTooLarge = errors.New("the answer is too large")
)

// guard bounds what is sent where, and what is read.
type guard struct {
	inner     *http.Transport
	allowHTTP bool
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !g.allowHTTP {
		return nil, errPlain
	}
	answer, err := g.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if answer.ContentLength > maxAnswer {
		_ = answer.Body.Close()
		return nil, errTooLarge
	}
	answer.Body = &boundedBody{waits: r.Context().Err, body: answer.Body, left: maxAnswer}
	return answer, nil
}

// CloseIdleConnections is called by [http.Client.CloseIdleConnections].
func (g *guard) CloseIdleConnections() { g.inner.CloseIdleConnections() }

// boundedBody fails where a body goes on beyond its bound, or comes to its end only because nobody waits any more: a server
// that is told so ends its answer, and its last bytes can arrive before the connection is closed here.
type boundedBody struct {
	waits func() error // why nobody does any more
	body  io.ReadCloser
	left  int64
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLarge
	}
	if gone := b.waits(); gone != nil && errors.Is(err, io.EOF) {
		err = gone
	}
	return n, err
}

// Close implements io.Closer.
func (b *boundedBody) Close() error { return b.body.Close() }

// reserved are the blocks that are no host of the public Internet (IANA special-purpose registries, RFC 6890) beside those
// that [netip.Addr] has a word for. The IPv6 ones that carry an IPv4 address could lead anywhere.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("fec0::/10"),
}

// public reports whether an address is a host of the public Internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, block := range reserved {
		if block.Contains(a) {
			return false
		}
	}
	return true
}

// address checks one that the provider names: absolute, https unless the operator allows otherwise, without user or
// fragment.
func (p *RelyingParty) address(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || strings.Contains(text, "#") || len(text) > 2000:
		return errors.New("it is no absolute address")
	case u.Scheme != "https" && (u.Scheme != "http" || !p.config.AllowHTTP):
		return errPlain
	}
	return nil
}

// unreachable explains why a request got no answer. The query of the address is not told.
func unreachable(step Step, err error) *Error {
	var where *url.Error
	if errors.As(err, &where) {
		err = where.Err
	}
	e := refuse(step, "connect", SideProvider, "the provider cannot be reached", err)
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.Is(err, errAddress):
		e.Step, e.Check, e.Side = StepAddress, "private", SideHere
		e.Message = "the provider's name leads to an address that is not public; only the operator of this server can allow that"
	case errors.Is(err, errPlain):
		e.Check, e.Message = "https", "the provider's address is not https, which only the operator of this server can allow"
	case errors.Is(err, errTooLarge):
		e.Check, e.Message = "size", "the provider's answer is too large to be one"
	case errors.As(err, &name):
		e.Step, e.Check, e.Message = StepAddress, "name", "the provider's name cannot be resolved; see whether the issuer is spelled right"
	case errors.As(err, &certificate), errors.As(err, &authority):
		e.Step, e.Check, e.Message = StepTLS, "certificate", "the provider's certificate does not hold: expired, for another name, or by an authority that is not known here"
	case errors.As(err, &record):
		e.Step, e.Check, e.Message = StepTLS, "tls", "the provider does not answer with TLS at this address"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		e.Check, e.Message = "time", "the provider takes too long to answer; try again"
	}
	return e
}
