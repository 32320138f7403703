// Package api owns the REST interface for applications and administrators: who asks, what was asked, which use case of
// [domain.Administration] answers, and how that is told. Everything is below [Prefix]; the OpenAPI 3.1 document of it all
// is at /openapi.json there, and comes from the same registrations as the routes.
//
// A request passes through the files like this: door.go authenticates it, counts it and reads its body, answer.go gives
// the answer again that was given before (Idempotency-Key), legible.go refuses what can be read in more ways than one, a noun's file calls the use case, and what goes wrong on the
// way becomes a problem (RFC 9457) in problem.go. Every answer is put together whole before its first byte goes out. It
// leaves every rule to the domain.
//
//	handler, err := api.New(api.Config{Administration: administration, Now: time.Now, Log: log, CursorKey: key, …})
//	mux.Handle(api.Prefix+"/", handler)
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"usher/domain"
)

// Prefix is the path that the handler is served under.
const Prefix = "/api/v1"

// documentPath is where the OpenAPI document is, below [Prefix]. It needs no key: it says what there is, not what is in it.
const documentPath = "/openapi.json"

// Config of the adapter. Everything is required but Limiter, Observe, RequestID and ClientAddress.
type Config struct {
	Administration *domain.Administration

	// CursorKey signs the cursors: 32 bytes, the same on all replicas.
	CursorKey []byte

	// Seal encrypts an answer that is kept for an Idempotency-Key; Open gives it back for the same place. Answers may hold
	// secrets that are shown once.
	Seal, Open func(text, place []byte) ([]byte, error)

	// Webhooks says where webhooks may go, and seals their secrets.
	Webhooks domain.WebhookTerms

	// Checker tests OpenID providers of connections.
	Checker domain.ProviderChecker

	// Clients knows connections as clients of their OpenID providers.
	Clients Clients

	// Now is the clock by which requests are timed.
	Now func() time.Time

	// Log is where faults are told: what happened and in which request, never what was sent.
	Log *slog.Logger

	// Resolver asks DNS for the records that prove e-mail domains.
	Resolver domain.Resolver

	Limiter Limiter // nil: no rate limit
	Guests  Guests  // nil: nobody but API keys is known

	// Observe is told of every request that was answered. route is the pattern ("/api/v1/users/{id}"), not the path; who is
	// the zero Administrator for a request whose key was not accepted.
	Observe func(r *http.Request, route string, who domain.Administrator, status int)

	// RequestID is the identifier of the request in logs and events.
	RequestID func(ctx context.Context) string

	// ClientAddress is the network address that a request comes from, as far as it can be believed.
	ClientAddress func(ctx context.Context) string
}

// Limiter limits the requests of one API key, whichever replicas they arrive at.
type Limiter interface {
	Take(ctx context.Context, scope domain.Scope) domain.Allowance
}

// Guests finds the person whom a request shows to be in: by a session's cookie, or by an assertion in place of an API key.
type Guests interface {
	// Guest gives them as they stand at this moment; known is false for a request that shows neither. Unauthenticated, AccessRefused,
	// StepMissing.
	Guest(r *http.Request) (g domain.Guest, known bool, err error)
}

// service is the handler with what it needs, the same for all requests.
type service struct {
	Config

	cursors  signer
	routes   *chi.Mux
	api      huma.API
	document []byte
}

// New makes the handler of everything under [Prefix].
func New(c Config) (http.Handler, error) { return newService(c) }

func newService(c Config) (*service, error) {
	if c.Administration == nil || c.Now == nil || c.Log == nil || c.Seal == nil || c.Open == nil || c.Checker == nil || c.Clients == nil || c.Webhooks.Seal == nil {
		return nil, errors.New("api: Administration, Checker, Clients, Now, Log, Seal, Open and Webhooks.Seal are required")
	}
	if c.RequestID == nil {
		c.RequestID = func(context.Context) string { return "" }
	}
	if c.ClientAddress == nil {
		c.ClientAddress = func(context.Context) string { return "" }
	}
	s := &service{Config: c}
	var err error
	if s.cursors, err = newSigner(c.CursorKey); err != nil {
		return nil, err
	}
	s.route()
	if s.document, err = json.Marshal(s.api.OpenAPI()); err != nil {
		return nil, fmt.Errorf("api: encode the OpenAPI document: %w", err)
	}
	return s, nil
}

// route lays out all operations.
func (s *service) route() {
	below := chi.NewRouter()
	registry := huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer)
	s.api = humachi.New(below, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Usher", Version: "1",
				Description: "People and what they may do, groups, connections, licences and events of one organisation. Every request bears an API key, " +
					"which names the organisation and is permitted what it was made for.",
			},
			Servers: []*huma.Server{{URL: Prefix}},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					securityScheme: {Type: "http", Scheme: "bearer", BearerFormat: domain.APIKeyPrefix + "…", Description: "An API key, made by \"usher apikey create\" or by POST /api-keys."},
				},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{s.toldByUs},
	})
	s.api.UseMiddleware(s.legible)
	s.describeProblems()
	s.addSelf()
	s.addUsers()
	s.addUserLife()
	s.addDoors()
	s.addDecisions()
	s.addExplain()
	s.addGroups()
	s.addMappings()
	s.addDryRun()
	s.addJobs()
	s.addConnections()
	s.addConnectionCheck()
	s.addCounts()
	s.addConnectionProvider()
	s.addConnectionPolicies()
	s.addAdoptions()
	s.addEmailDomains()
	s.addTokens()
	s.addOAuthClients()
	s.addClaimedGroups()
	s.addLicences()
	s.addPolicy()
	s.addEvents()
	s.addWebhooks()
	s.addAPIKeys()
	s.addApplications()
	s.addAppearance()
	s.addRoles()
	s.addProfiles()
	s.addTeams()
	s.addQueues()
	s.addModules()
	s.addLicenceModules()
	s.addAccess()
	s.addUserLicence()
	s.addDefaults()
	s.addRecords()
	s.addStatistics()
	s.addReviews()
	s.addOnboarding()
	declareNull(registry)

	below.NotFound(func(w http.ResponseWriter, r *http.Request) { s.refuse(w, r, unknownPath()) })
	below.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allowed(below, r))
		s.refuse(w, r, methodNotAllowed())
	})
	s.routes = chi.NewRouter()
	s.routes.Mount(Prefix, below)
}

// allowed lists the methods that there are at the path of a request (RFC 9110 section 10.2.1).
func allowed(routes chi.Routes, r *http.Request) string {
	path := chi.RouteContext(r.Context()).RoutePath
	var methods []string
	for _, method := range []string{http.MethodDelete, http.MethodGet, http.MethodPatch, http.MethodPost, http.MethodPut} {
		if routes.Match(chi.NewRouteContext(), method, path) {
			methods = append(methods, method)
		}
	}
	return strings.Join(methods, ", ")
}
