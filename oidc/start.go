package oidc

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"usher/domain"
	"usher/internal/redact"
)

// StartedFor is how long somebody may be away at the provider.
const StartedFor = 10 * time.Minute

// Wish is what a sign-in asks of the provider beyond who it is (Core section 3.1.2.1).
type Wish struct {
	ReturnTo  string         // where the person wants to go afterwards; kept, not checked, here
	Prompt    string         // none, login, consent, select_account, or several
	LoginHint string         // whom the provider should offer to sign in
	MaxAge    *time.Duration // sign in anew unless they did so within it
	Contexts  []string       // acr_values, best first
	Languages []string       // ui_locales
}

// Started is what must be known of a sign-in when the browser comes back. Nothing of it is kept on the server, so a
// million of them cost nothing here: the caller seals it, encrypted and authenticated, into a cookie of that browser.
type Started struct {
	Organisation domain.OrganisationID
	Connection   domain.ConnectionID
	Issuer       string
	ClientID     string
	RedirectURI  string
	State        Secret
	Nonce        Secret
	Verifier     Secret // of the proof key (PKCE)
	ReturnTo     string
	MaxAge       *time.Duration
	ExpiresAt    time.Time
}

// wireStarted is Started as it is sealed.
type wireStarted struct {
	Organisation string `json:"o"`
	Connection   string `json:"c"`
	Issuer       string `json:"i"`
	ClientID     string `json:"d"`
	RedirectURI  string `json:"r"`
	State        string `json:"s"`
	Nonce        string `json:"n"`
	Verifier     string `json:"v"`
	ReturnTo     string `json:"t,omitempty"`
	MaxAge       *int64 `json:"m,omitempty"`
	ExpiresAt    int64  `json:"e"`
}

// maxReturnTo bounds an address to return to, so that the cookie fits into what browsers keep.
const maxReturnTo = 1000

// Seal gives what goes into the cookie, in clear: the caller encrypts it. A return address that is too long is left out.
func (s Started) Seal() ([]byte, error) {
	wire := wireStarted{
		Organisation: s.Organisation.String(), Connection: s.Connection.String(), Issuer: s.Issuer, ClientID: s.ClientID, RedirectURI: s.RedirectURI,
		State: string(s.State), Nonce: string(s.Nonce), Verifier: string(s.Verifier), ReturnTo: s.ReturnTo, ExpiresAt: s.ExpiresAt.UnixMilli(),
	}
	if len(wire.ReturnTo) > maxReturnTo {
		wire.ReturnTo = ""
	}
	if s.MaxAge != nil {
		seconds := int64(*s.MaxAge / time.Second)
		wire.MaxAge = &seconds
	}
	return json.Marshal(wire)
}

// OpenStarted reads what [Started.Seal] gave, after the caller has decrypted it.
func OpenStarted(plain []byte) (Started, error) {
	var wire wireStarted
	err := json.Unmarshal(plain, &wire)
	organisation, known := domain.ParseID[domain.Organisation](wire.Organisation)
	connection, found := domain.ParseID[domain.Connection](wire.Connection)
	if err != nil || !known || !found {
		return Started{}, lost()
	}
	s := Started{
		Organisation: organisation, Connection: connection, Issuer: wire.Issuer, ClientID: wire.ClientID, RedirectURI: wire.RedirectURI,
		State: Secret(wire.State), Nonce: Secret(wire.Nonce), Verifier: Secret(wire.Verifier), ReturnTo: wire.ReturnTo, ExpiresAt: time.UnixMilli(wire.ExpiresAt),
	}
	if wire.MaxAge != nil {
		age := time.Duration(*wire.MaxAge) * time.Second
		s.MaxAge = &age
	}
	return s, nil
}

// StateKey tells the cookies of sign-ins in several tabs apart: a short hash of the state, which the browser brings back.
func StateKey(state string) string {
	sum := sha256.Sum256([]byte(state))
	return base64url(sum[:9])
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Start gives the address at the provider to send the browser to, and what to remember of it. There is a proof key (PKCE
// with S256, RFC 7636), a state and a nonce in each, whatever the provider announces.
func (p *RelyingParty) Start(ctx context.Context, r Registration, w Wish) (string, Started, error) {
	if err := r.ready(); err != nil {
		return "", Started{}, err
	}
	provider, err := p.Discover(ctx, r.Issuer)
	if err != nil {
		return "", Started{}, err
	}
	s := Started{
		Organisation: r.Organisation, Connection: r.Connection, Issuer: r.Issuer, ClientID: r.ClientID, RedirectURI: r.RedirectURI,
		ReturnTo: w.ReturnTo, MaxAge: w.MaxAge, ExpiresAt: p.config.Now().Add(StartedFor),
	}
	for _, value := range []*Secret{&s.State, &s.Nonce, &s.Verifier} {
		text, err := p.random()
		if err != nil {
			return "", Started{}, err
		}
		*value = Secret(text)
	}
	scopes := r.Scopes
	if scopes == nil {
		scopes = r.Mapping.Scopes
	}
	config := oauth2.Config{
		ClientID: r.ClientID, RedirectURL: r.RedirectURI, Scopes: append([]string{"openid"}, scopes...),
		Endpoint: oauth2.Endpoint{AuthURL: provider.AuthorizationEndpoint},
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(string(s.Verifier)), oauth2.SetAuthURLParam("nonce", string(s.Nonce))}
	for name, value := range w.parameters(r.Mapping) {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	return config.AuthCodeURL(string(s.State), options...), s, nil
}

// maxHint bounds what is passed on from a link to a provider.
const maxHint = 320

// parameters are those of a wish that was made.
func (w Wish) parameters(m Mapping) map[string]string {
	all := map[string]string{}
	set := func(name, value string) {
		if value != "" {
			all[name] = value
		}
	}
	set("prompt", w.Prompt)
	if len(w.LoginHint) <= maxHint {
		set("login_hint", redact.Line(w.LoginHint, maxSaid))
	}
	if w.MaxAge != nil {
		set("max_age", strconv.FormatInt(int64(*w.MaxAge/time.Second), 10))
	}
	set("acr_values", strings.Join(w.Contexts, " "))
	set("ui_locales", strings.Join(w.Languages, " "))
	switch len(m.HostedDomains) {
	case 0:
	case 1:
		set("hd", m.HostedDomains[0])
	default:
		set("hd", "*")
	}
	return all
}

// Initiation is a sign-in that begins at the provider (Core section 4): its portal sends the browser here, to begin here.
type Initiation struct {
	LoginHint string
	ReturnTo  string // target_link_uri, as foreign as any return address: the caller holds it against its allow-list
}

// Initiated reads what a provider's portal sent to the address for starting. iss must be the registered issuer: else a link
// could send people of one provider to another. Nothing in it proves anything: a sign-in begins, and no more.
func (p *RelyingParty) Initiated(r Registration, query url.Values) (Initiation, error) {
	if err := r.ready(); err != nil {
		return Initiation{}, err
	}
	for _, name := range []string{"iss", "login_hint", "target_link_uri"} {
		if len(query[name]) > 1 {
			return Initiation{}, refuse(StepCallback, name, SideProvider, "the link says "+name+" more than once", nil)
		}
	}
	if issuer := query.Get("iss"); issuer != "" && issuer != r.Issuer {
		return Initiation{}, refuse(StepCallback, "issuer", SideProvider, "the link is by another provider than this connection is for", nil)
	}
	return Initiation{LoginHint: query.Get("login_hint"), ReturnTo: query.Get("target_link_uri")}, nil
}
