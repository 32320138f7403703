package signin

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"usher/domain"
	"usher/oidc"
)

// startedCookie begins the name of the cookie of a sign-in that is away at a provider; what tells those of several tabs apart
// follows it.
const startedCookie = "usher_oidc_"

const (
	maxStarted = 6    // of one browser; the oldest gives way
	maxFlow    = 3800 // bytes of such a cookie, of which browsers keep 4096
	maxHint    = 4096 // bytes of a token that is kept to sign out with: it becomes part of an address
)

// flow is a sign-in that is away at a provider. The server keeps nothing of it: it lies sealed in the browser that began it.
type flow struct {
	started    oidc.Started
	invitation string // the token of one that was opened in this browser
	again      bool   // more proof was asked for already
}

// wireFlow is a flow as it is sealed.
type wireFlow struct {
	Started    json.RawMessage `json:"s"`
	Invitation string          `json:"i,omitempty"`
	Again      bool            `json:"a,omitempty"`
}

// placeOfFlow is what such cookies are sealed for, each for its own name.
func placeOfFlow(key string) []byte { return []byte("sign-in at a provider\x00" + key) }

// placeOfHint is what the tokens are sealed for that sign people out at their provider.
func placeOfHint(org domain.OrganisationID, id domain.ConnectionID) []byte {
	return []byte("provider logout\x00" + org.String() + "/" + id.String())
}

// passage is the connection that the path names, as the client of its provider.
type passage struct {
	domain.Door

	registration oidc.Registration
}

// passage finds the connection that the path names.
func (v *visit) passage() (passage, error) {
	id, ok := domain.ParseID[domain.Connection](v.r.PathValue("connection"))
	if !ok {
		return passage{}, notFound(v)
	}
	door, err := v.Entrance.Door(v.r.Context(), id)
	if err != nil {
		return passage{}, err
	}
	v.doorway.Organisation = door.Organisation
	registration, err := v.Registrar.Registration(door.Connection, door.Settings)
	return passage{door, registration}, err
}

// startAtProvider sends the browser to the provider of a connection: from a page of ours, or, with iss, from the provider's
// portal (OpenID Connect Core 1.0 section 4). With fresh, who is signed in there already is asked again. An invitation that
// is being answered goes along (rule invite.sso).
func startAtProvider(v *visit) error {
	p, err := v.passage()
	if err != nil {
		return err
	}
	begun, err := v.Party.Initiated(p.registration, v.r.URL.Query())
	if err != nil {
		return err
	}
	w := p.wish(v)
	w.LoginHint, w.ReturnTo = begun.LoginHint, v.returnTo()
	if _, good := parseReturn(begun.ReturnTo); good && w.ReturnTo == "" {
		w.ReturnTo = begun.ReturnTo
	}
	if v.r.URL.Query().Get("fresh") != "" {
		now := time.Duration(0)
		w.Prompt, w.MaxAge = "login", &now
	}
	return v.away(p, w, v.opened(invitationCookie), false)
}

// wish is what the connection asks of its provider.
func (p passage) wish(v *visit) oidc.Wish {
	demand := p.Settings.Proof
	return oidc.Wish{Prompt: demand.Prompt, MaxAge: demand.MaxAge, Contexts: demand.Contexts, Languages: []string{string(v.language)}}
}

// away sends the browser to the provider, with all that has to be remembered of it.
func (v *visit) away(p passage, w oidc.Wish, invitation string, again bool) error {
	address, started, err := v.Party.Start(v.r.Context(), p.registration, w)
	if err != nil {
		return err
	}
	key := oidc.StateKey(string(started.State))
	value, err := v.sealFlow(key, flow{started: started, invitation: invitation, again: again})
	if err != nil {
		return err
	}
	v.makeRoom()
	v.keep(startedCookie+key, value, oidc.StartedFor)
	return v.redirect(address)
}

// sealFlow makes the cookie. What would make it too large for browsers to keep is left out: where to return to.
func (v *visit) sealFlow(key string, f flow) (string, error) {
	for {
		raw, err := f.started.Seal()
		if err != nil {
			return "", err
		}
		plain, err := json.Marshal(wireFlow{Started: raw, Invitation: f.invitation, Again: f.again})
		if err != nil {
			return "", err
		}
		sealed, err := v.Seal(plain, placeOfFlow(key))
		if err != nil {
			return "", err
		}
		value := base64.RawURLEncoding.EncodeToString(sealed)
		if len(value) <= maxFlow || f.started.ReturnTo == "" {
			return value, nil
		}
		f.started.ReturnTo = ""
	}
}

// openFlow reads the cookie of a key; ok is false for none, and for one that is not by this server.
func (v *visit) openFlow(key, value string) (f flow, ok bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || value == "" {
		return f, false
	}
	plain, err := v.Open(sealed, placeOfFlow(key))
	if err != nil {
		return f, false
	}
	var wire wireFlow
	if err := json.Unmarshal(plain, &wire); err != nil {
		return f, false
	}
	f.invitation, f.again = wire.Invitation, wire.Again
	f.started, err = oidc.OpenStarted(wire.Started)
	return f, err == nil
}

// makeRoom keeps the browser from remembering more sign-ins than one can have open: those whose time is over go, and the
// oldest where there are too many.
func (v *visit) makeRoom() {
	prefix := v.cookieName(startedCookie)
	type other struct {
		name string
		ends time.Time
	}
	var open []other
	for _, c := range v.r.Cookies() {
		key, is := strings.CutPrefix(c.Name, prefix)
		if !is {
			continue
		}
		f, good := v.openFlow(key, c.Value)
		if !good || !v.Now().Before(f.started.ExpiresAt) {
			v.forget(startedCookie + key)
			continue
		}
		open = append(open, other{startedCookie + key, f.started.ExpiresAt})
	}
	for len(open) >= maxStarted {
		oldest := 0
		for i, o := range open {
			if o.ends.Before(open[oldest].ends) {
				oldest = i
			}
		}
		v.forget(open[oldest].name)
		open = append(open[:oldest], open[oldest+1:]...)
	}
}

// comeBack takes what the browser came back from a provider with, and lets the person in.
func comeBack(v *visit) error {
	p, err := v.passage()
	if err != nil {
		return err
	}
	query := v.r.URL.Query()
	key := oidc.StateKey(query.Get("state"))
	f, known := v.openFlow(key, v.cookie(startedCookie+key))
	v.forget(startedCookie + key)
	if !known {
		if _, err := v.session(); err == nil { // the back button, after all went well
			return v.redirect(homePath)
		}
		_, err = oidc.OpenStarted(nil) // which says that this browser remembers nothing
		return err
	}
	arrived, err := v.Party.Finish(v.r.Context(), p.registration, f.started, query)
	if err != nil {
		return err
	}
	coming, err := v.arriving(arrived, f)
	if err != nil {
		return err
	}
	in, err := v.Entrance.FirstAccess(v.r.Context(), coming, v.visitor())
	if domain.IsCode(err, domain.CodeSignInTooWeak) && !f.again {
		w := p.wish(v)
		w.Prompt, w.LoginHint, w.ReturnTo = "login", arrived.Person.UserName, f.started.ReturnTo
		if f.started.MaxAge != nil {
			w.MaxAge = f.started.MaxAge // what was asked for fresh stays so
		}
		return v.away(p, w, f.invitation, true)
	}
	if err != nil {
		return err
	}
	if note := arrived.Person.GroupsNote(); note != "" {
		v.Log.LogAttrs(v.r.Context(), slog.LevelWarn, "a sign-in without all its groups", slog.String("connection", p.Connection.ID.String()), slog.String("note", note))
	}
	v.forget(invitationCookie)
	return v.signedIn(in, f.started.ReturnTo)
}

// arriving is who came back, for the domain.
func (v *visit) arriving(a oidc.Arrival, f flow) (domain.Arriving, error) {
	coming := domain.Arriving{
		Identity: domain.Identity{Organisation: a.Organisation, Connection: a.Connection, Issuer: a.Issuer, Subject: a.Subject},
		Told:     domain.Told{Name: a.Person.Name, GivenName: a.Person.GivenName, FamilyName: a.Person.FamilyName, Language: a.Person.Language},
		UserName: a.Person.UserName, Email: a.Person.Email, EmailVerified: a.Person.EmailVerified, ExternalID: a.Person.ExternalID,
		Groups: a.Person.Groups, GroupsLeftOut: a.Person.GroupsLeftOut, Context: a.Context, Methods: a.Methods, SignedInAt: a.SignedIn,
		ProviderSession: a.ProviderSession, Invitation: f.invitation,
	}
	if a.LogoutHint == "" || len(a.LogoutHint) > maxHint {
		return coming, nil
	}
	var err error
	coming.LogoutHint, err = v.Seal([]byte(a.LogoutHint), placeOfHint(a.Organisation, a.Connection))
	return coming, err
}
