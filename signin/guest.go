package signin

import (
	"errors"
	"net/http"
	"strings"

	"usher/domain"
	"usher/oidc/assertion"
)

// Guest finds the person whom a request of another adapter shows to be in: by the session's cookie, or by an assertion for one
// of their organisation's applications as the bearer (RFC 6750 section 2.1), which counts for as long as the session that
// it was made for. known is false for a request that shows neither, or a key or token of some other sort.
func (h *Handler) Guest(r *http.Request) (g domain.Guest, known bool, err error) {
	lines := r.Header["Authorization"]
	if len(lines) == 0 {
		token := h.sessionToken(r)
		if token == "" {
			return g, false, nil
		}
		c, err := h.Entrance.Check(r.Context(), token, domain.ApplicationKey{})
		return c.Guest, true, err
	}
	scheme, token, _ := strings.Cut(strings.TrimSpace(lines[0]), " ")
	if len(lines) > 1 || !strings.EqualFold(scheme, "Bearer") || strings.Count(token, ".") != 2 || h.Signer == nil {
		return g, false, nil
	}
	says, err := h.Signer.Verify(r.Context(), strings.TrimLeft(token, " "))
	if errors.Is(err, assertion.ErrNotOurs) {
		return g, true, domain.UnknownSession()
	}
	if err != nil {
		return g, true, err
	}
	org, session := said[domain.Organisation](says, "org"), said[domain.Session](says, "sid")
	c, err := h.Entrance.CheckSession(r.Context(), org, session, domain.ApplicationKey{Audience: says.Audience})
	if domain.IsCode(err, domain.CodeApplicationUnknown) || err == nil && c.User.ID.String() != says.Subject {
		err = domain.UnknownSession() // the application is gone, and what was signed for it counts no longer
	}
	c.Application = domain.Application{} // they are told everything about themselves, whoever they came by
	return c.Guest, true, err
}

// said is an identifier among the claims of an assertion; zero: there is none.
func said[Noun any](c assertion.Claims, name string) domain.ID[Noun] {
	text, _ := c.More[name].(string)
	id, _ := domain.ParseID[Noun](text)
	return id
}
