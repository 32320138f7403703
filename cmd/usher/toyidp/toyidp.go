// Package toyidp plays an identity provider for the demo, so that a newcomer sees what a real one does without an account
// anywhere: people sign in at it by OpenID Connect, and its directory pushes them by SCIM. To Usher it is one provider as
// any other: they meet only over HTTP, and neither knows the other's code.
//
// It guards nothing. Whoever reaches it is whomever they click on. So only `usher demo` starts it, on a loopback address
// (a test of cmd/usher sees to both), and Usher believes it only there.
//
//	provider, err := toyidp.New(toyidp.Config{Issuer: "http://localhost:8081", People: people, …})
//	http.Serve(listener, provider)
package toyidp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Person is somebody in the directory.
type Person struct {
	ID       string // the subject of their ID tokens, and their externalId in SCIM
	UserName string // their e-mail address, too
	Given    string
	Family   string
	Title    string
}

// Name is what the pages call somebody.
func (p Person) Name() string { return p.Given + " " + p.Family }

// Group is a group of the directory. Who else is in it at Usher is not the provider's to know.
type Group struct {
	Name    string
	Members []string // ids of people
}

// Client is Usher as it is registered here.
type Client struct {
	ID          string
	Secret      string
	RedirectURI string // where people come back to
	LogoutURI   string // where logout tokens go (back-channel logout)
	Home        string // Usher's own address: what people return to after signing out lies below it
	SignIn      string // where people begin
}

// SCIM is where the directory is pushed to.
type SCIM struct{ URL, Token string }

// Config of a provider.
type Config struct {
	Issuer string // its own address, without a slash at the end
	Client Client
	SCIM   SCIM
	People []Person
	Groups []Group

	Now    func() time.Time
	Random io.Reader // cryptographic
}

// Provider is the provider: an [http.Handler]. It is safe for use by many goroutines.
type Provider struct {
	config Config
	key    *ecdsa.PrivateKey
	client *http.Client
	routes http.Handler

	mu       sync.Mutex
	inactive map[string]bool     // people, by id
	members  map[string][]string // ids of people, by the name of the group
	codes    map[string]visit
	tokens   map[string]visit // by access token
	signedIn []visit          // whom Usher may have a session of
	pushes   []Push           // the latest first
}

// visit is one sign-in.
type visit struct {
	person    Person
	session   string // sid
	nonce     string
	challenge string
	at        time.Time
}

// Bounds of what is kept: a demo is small, and whoever reaches it may ask as often as they like.
const (
	maxKept  = 100
	codeTime = time.Minute
	pushTime = 10 * time.Second
)

// New makes a provider that has pushed nothing yet.
func New(c Config) (*Provider, error) {
	if c.Issuer == "" || c.Now == nil || c.Random == nil {
		return nil, errors.New("toyidp: Issuer, Now and Random are required")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), c.Random)
	if err != nil {
		return nil, err
	}
	p := &Provider{
		config: c, key: key, client: &http.Client{Timeout: pushTime},
		inactive: map[string]bool{}, members: map[string][]string{}, codes: map[string]visit{}, tokens: map[string]visit{},
	}
	for _, g := range c.Groups {
		p.members[g.Name] = slices.Clone(g.Members)
	}
	p.routes = p.handler()
	return p, nil
}

// Close gives back the idle connections to Usher.
func (p *Provider) Close() { p.client.CloseIdleConnections() }

// ServeHTTP implements http.Handler.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.routes.ServeHTTP(w, r) }

func (p *Provider) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.document)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /authorize", p.chosen)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /userinfo", p.userInfo)
	mux.HandleFunc("GET /logout", p.endSession)
	mux.HandleFunc("GET /{$}", p.directory)
	mux.HandleFunc("POST /people/{person}/{action}", p.act)
	pages := http.NewCrossOriginProtection()
	pages.AddInsecureBypassPattern("POST /token") // programs
	return pages.Handler(http.MaxBytesHandler(mux, 64<<10))
}

// person finds somebody by id.
func (p *Provider) person(id string) (Person, bool) {
	i := slices.IndexFunc(p.config.People, func(o Person) bool { return o.ID == id })
	if i < 0 {
		return Person{}, false
	}
	return p.config.People[i], true
}

// groupsOf are the names of the groups that somebody is in.
func (p *Provider) groupsOf(id string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := []string{}
	for _, g := range p.config.Groups {
		if slices.Contains(p.members[g.Name], id) {
			names = append(names, g.Name)
		}
	}
	return names
}

// answer writes JSON for programs.
func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	text, err := json.Marshal(body)
	if err != nil {
		status = http.StatusInternalServerError
	}
	w.WriteHeader(status)
	_, _ = w.Write(text)
}
