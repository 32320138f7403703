package toyidp

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// endSession is where Usher sends the browser of somebody who signs out (RP-Initiated Logout 1.0). Nobody is remembered
// here, so there is nothing to end but what a logout token would be about.
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if session := p.hinted(q.Get("id_token_hint")); session != "" {
		p.mu.Lock()
		p.signedIn = slices.DeleteFunc(p.signedIn, func(v visit) bool { return v.session == session })
		p.mu.Unlock()
	}
	home := p.config.Client.Home
	to := q.Get("post_logout_redirect_uri")
	if home == "" || to != home && !strings.HasPrefix(to, home+"/") {
		p.show(w, http.StatusOK, "message", messagePage{Title: "Signed out", Text: "You are signed out here, too.", Client: p.config.Client})
		return
	}
	if state := q.Get("state"); state != "" {
		to += "?" + url.Values{"state": {state}}.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // G710: below Usher's own address, as registered
}

// hinted is the session that one of the provider's own ID tokens is of, however old.
func (p *Provider) hinted(raw string) string {
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return ""
	}
	var claims struct {
		Session string `json:"sid"`
	}
	if token.Claims(p.key.Public(), &claims) != nil {
		return ""
	}
	return claims.Session
}

// signOut ends somebody's sessions at Usher by logout tokens, one each (Back-Channel Logout 1.0 section 2.5), and says what
// came of it.
func (p *Provider) signOut(ctx context.Context, o Person) error {
	p.mu.Lock()
	var theirs []visit
	p.signedIn = slices.DeleteFunc(p.signedIn, func(v visit) bool {
		if v.person.ID == o.ID {
			theirs = append(theirs, v)
		}
		return v.person.ID == o.ID
	})
	p.mu.Unlock()
	if len(theirs) == 0 {
		return fmt.Errorf("%s has not signed in at Usher through this provider, or has signed out since", o.Name())
	}
	for _, v := range theirs {
		token, err := p.sign("logout+jwt", map[string]any{
			"sub": o.ID, "sid": v.session, "jti": p.secret(),
			"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
		})
		if err != nil {
			return err
		}
		body := url.Values{"logout_token": {token}}.Encode()
		if err := p.send(ctx, request{
			method: http.MethodPost, url: p.config.Client.LogoutURI, kind: "application/x-www-form-urlencoded", body: body, shown: "logout_token=…",
		}, nil); err != nil {
			return err
		}
	}
	return nil
}
