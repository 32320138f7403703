package signin

import (
	"context"
	"net/url"
	"path"
	"strings"

	"usher/domain"
)

// homePath is where people are at home here: where they go who said nowhere, or somewhere that they may not be sent.
const homePath = "/account"

const maxReturn = 2000 // bytes of an address to come back to

// parseReturn reads where somebody wants to go after they signed in: a page of this server, and then at is empty, or an
// address of an application, reached at an origin that is still to be looked up. Whatever a browser could read differently
// than we do is neither (security: return_to): backslashes, control characters and spaces, "//host", another scheme, a user
// name, a host outside ASCII, an origin not spelt as browsers spell it.
func parseReturn(text string) (at domain.Origin, ok bool) {
	if text == "" || len(text) > maxReturn || strings.ContainsFunc(text, func(r rune) bool { return unsafe(r) || r == ' ' || r > '~' }) {
		return "", false
	}
	if text[0] == '/' {
		return "", ownPath(text)
	}
	u, err := url.Parse(text)
	if err != nil || u.User != nil {
		return "", false
	}
	if at, err = domain.ParseOrigin(u.Scheme + "://" + u.Host); err != nil {
		return "", false
	}
	rest, begins := strings.CutPrefix(text, string(at))
	return at, begins && (rest == "" || rest[0] == '/' || rest[0] == '?' || rest[0] == '#')
}

// unsafe is what readers of addresses take for something else, written out or not.
func unsafe(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f }

// ownPath reports whether a path is one of this server that shows something. What only begins or ends something is no place
// to go to.
func ownPath(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || strings.HasPrefix(text, "//") || strings.ContainsFunc(u.Path, unsafe) {
		return false
	}
	if clean := path.Clean(u.Path); u.Path != clean && u.Path != clean+"/" {
		return false
	}
	for _, action := range []string{"/auth", "/oidc", "/sign-out"} {
		if u.Path == action || strings.HasPrefix(u.Path, action+"/") {
			return false
		}
	}
	return true
}

// onward is where somebody of an organisation goes who wants to go somewhere: there, if it is a page of this server or of
// an application of the organisation; else home. It is the only way from what a request says to where a browser is sent.
func (h *Handler) onward(ctx context.Context, org domain.OrganisationID, text string) (string, error) {
	at, ok := parseReturn(text)
	switch {
	case !ok:
		return homePath, nil
	case at == "":
		return text, nil
	}
	reached, err := h.Entrance.Reaches(ctx, org, at)
	if err != nil || !reached {
		return homePath, err
	}
	return text, nil
}
