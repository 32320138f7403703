package scim

import (
	"context"
	"net/http"
	"strings"

	"usher/domain"
)

// bearer reads the token of a request (RFC 6750 section 2.1). Exactly one Authorization header is believed, and only
// with its scheme: of two, a proxy on the way may have seen the other.
func bearer(h http.Header) (domain.Bearer, error) {
	lines := h["Authorization"]
	if len(lines) != 1 {
		return domain.Bearer{}, unauthenticated(`Bearer realm="usher"`)
	}
	scheme, token, found := strings.Cut(strings.TrimSpace(lines[0]), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return domain.Bearer{}, unauthenticated(`Bearer realm="usher"`)
	}
	return domain.ParseBearer(strings.TrimLeft(token, " "))
}

// unauthenticated is the refusal of a request that carries no token at all: the challenge then names no error
// (RFC 6750 section 3.1).
func unauthenticated(challenge string) error {
	return &refusal{
		outcome: outcomes[domain.CodeUnauthenticated], code: domain.CodeUnauthenticated, challenge: challenge,
		detail: `send the header "Authorization: Bearer" with a directory token; "usher token create" makes one for the identity provider`,
	}
}

// trust says what must be known of a caller before a request is served.
type trust bool

const (
	// inForce: the token was looked up for this request.
	inForce trust = false

	// fromMemory: the caller may be remembered, because the request reads something, and that read verifies the token
	// in the same statement. Whatever ends such a request otherwise (a refusal above all) must look the token up first;
	// see [exchange.serve].
	fromMemory trust = true
)

// authenticate finds the caller. The caller of a refusal is known where it is the organisation or connection that is
// stopped.
func (s *service) authenticate(ctx context.Context, h http.Header, t trust) (caller domain.Caller, recalled bool, err error) {
	b, err := bearer(h)
	if err != nil {
		return caller, false, err
	}
	if t == fromMemory {
		if caller, recalled = s.Directory.Recall(b); recalled {
			caller.RequestID, caller.From = s.RequestID(ctx), s.ClientAddress(ctx)
			return caller, true, nil
		}
	}
	caller, err = s.Directory.Authenticate(ctx, b)
	caller.RequestID, caller.From = s.RequestID(ctx), s.ClientAddress(ctx)
	return caller, false, err
}
