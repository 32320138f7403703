// Package oauth is the token endpoint: the door at which a client of a connection shows its id and secret and is given a
// short directory token (the client credentials grant, RFC 6749 section 4.4). Who a client is and what it is given is
// decided in package domain; making, rotating and revoking clients is for package api and the command line.
//
//	POST /oauth/token
//	Authorization: Basic …
//	Content-Type: application/x-www-form-urlencoded
//
//	grant_type=client_credentials
//
// Directories are the only ones that come here; people sign in elsewhere.
package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"usher/domain"
)

// Path is where the endpoint is.
const Path = "/oauth/token"

const (
	maxBody  = 8 << 10          // bytes
	bodyTime = 10 * time.Second // for the body to arrive

	// scope is what every token is for, whatever was asked (RFC 6749 section 3.3).
	scope = "scim"
)

// The errors of RFC 6749 section 5.2; those for a fault of ours are of section 4.1.2.1.
const (
	invalidRequest       = "invalid_request"
	invalidClient        = "invalid_client"
	unauthorizedClient   = "unauthorized_client"
	unsupportedGrantType = "unsupported_grant_type"
	temporarily          = "temporarily_unavailable"
	serverError          = "server_error"
)

// Limiter limits the requests of one connection, whichever replicas they arrive at.
type Limiter interface {
	Take(ctx context.Context, scope domain.Scope) domain.Allowance
}

// Config is what the endpoint needs.
type Config struct {
	OAuth   *domain.OAuth
	Limiter Limiter // nil: no rate limit
	Now     func() time.Time
	Log     *slog.Logger

	// RequestID is the identifier of the request in logs and events.
	RequestID func(ctx context.Context) string

	// ClientAddress is the network address that a request comes from, as far as it can be believed.
	ClientAddress func(ctx context.Context) string
}

// New makes the handler of [Path].
func New(c Config) (http.Handler, error) {
	if c.OAuth == nil || c.Now == nil || c.Log == nil {
		return nil, errors.New("oauth: OAuth, Now and Log are required")
	}
	if c.RequestID == nil {
		c.RequestID = func(context.Context) string { return "" }
	}
	if c.ClientAddress == nil {
		c.ClientAddress = func(context.Context) string { return "" }
	}
	return &endpoint{c}, nil
}

type endpoint struct{ Config }

// refusal is an answer that gives nothing.
type refusal struct {
	status      int
	code        string
	description string
	header      [2]string
}

// granted is a successful answer (RFC 6749 section 5.1).
type granted struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
}

// ServeHTTP implements http.Handler.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) //nolint:forbidigo // a deadline of a socket is on the machine's clock
	answer, refused := e.grant(w, r)
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=UTF-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	status, body := http.StatusOK, any(answer)
	if refused != nil {
		if refused.header[0] != "" {
			h.Set(refused.header[0], refused.header[1])
		}
		status, body = refused.status, map[string]string{"error": refused.code, "error_description": refused.description}
	}
	text, err := json.Marshal(body)
	if err != nil {
		e.Log.LogAttrs(r.Context(), slog.LevelError, "an answer could not be encoded", slog.Any("cause", err))
	}
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// grant does what a request asks.
func (e *endpoint) grant(w http.ResponseWriter, r *http.Request) (granted, *refusal) {
	form, refused := readForm(w, r)
	if refused != nil {
		return granted{}, refused
	}
	id, secret, refused := credentials(r, form)
	if refused != nil {
		return granted{}, refused
	}
	client, err := e.OAuth.Client(r.Context(), id, secret)
	if err != nil {
		return granted{}, e.refuse(r, err)
	}
	if e.Limiter != nil {
		if a := e.Limiter.Take(r.Context(), domain.Scope{Organisation: client.Organisation, Connection: client.Connection}); !a.OK {
			seconds := strconv.FormatInt(int64((a.Reset+time.Second-1)/time.Second), 10)
			return granted{}, &refusal{http.StatusTooManyRequests, temporarily, "too many requests of this connection; come again after the time in Retry-After", [2]string{"Retry-After", seconds}}
		}
	}
	switch form.Get("grant_type") {
	case "client_credentials":
	case "":
		return granted{}, bad(invalidRequest, "grant_type is missing; send grant_type=client_credentials")
	default:
		return granted{}, bad(unsupportedGrantType, "this is not a grant of this server; send grant_type=client_credentials")
	}
	t, text, err := e.OAuth.Token(r.Context(), id, secret, domain.Visitor{
		Address: e.ClientAddress(r.Context()), RequestID: e.RequestID(r.Context()),
	})
	if err != nil {
		return granted{}, e.refuse(r, err)
	}
	return granted{AccessToken: text, TokenType: "Bearer", ExpiresIn: int64(t.ExpiresAt.Sub(e.Now()) / time.Second), Scope: scope}, nil
}

// readForm reads the parameters, which come in the body and once each (RFC 6749 section 3.2).
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, *refusal) {
	if r.Method != http.MethodPost {
		return nil, &refusal{http.StatusMethodNotAllowed, invalidRequest, "use POST", [2]string{"Allow", http.MethodPost}}
	}
	if r.URL.Query().Has("client_secret") {
		return nil, bad(invalidRequest, "a secret does not belong into an address; send it in the body, and rotate this one")
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, bad(invalidRequest, "send a form, with the header Content-Type: application/x-www-form-urlencoded")
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, code: invalidRequest, description: "the body is larger than the limit of 8 KiB"}
	case err != nil:
		return nil, bad(invalidRequest, "the body did not arrive; send the request again")
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, bad(invalidRequest, "the body is not a form")
	}
	for _, values := range form {
		if len(values) > 1 {
			return nil, bad(invalidRequest, "send every parameter once")
		}
	}
	return form, nil
}

// credentials reads what a client shows: client_secret_basic or client_secret_post, not both (RFC 6749 section 2.3.1).
func credentials(r *http.Request, form url.Values) (id, secret string, refused *refusal) {
	lines := r.Header["Authorization"]
	if len(lines) == 0 {
		if !form.Has("client_id") || !form.Has("client_secret") {
			return "", "", unknown("send the client's id and secret, by HTTP Basic or as client_id and client_secret")
		}
		return form.Get("client_id"), form.Get("client_secret"), nil
	}
	if len(lines) > 1 || form.Has("client_secret") {
		return "", "", bad(invalidRequest, "send the client's secret once: by HTTP Basic or as client_secret")
	}
	name, password, ok := r.BasicAuth()
	if !ok {
		return "", "", unknown("send the client's id and secret by HTTP Basic or as client_id and client_secret")
	}
	id, errID := url.QueryUnescape(name)
	secret, errSecret := url.QueryUnescape(password)
	if errID != nil || errSecret != nil || form.Has("client_id") && form.Get("client_id") != id {
		return "", "", unknown(domain.UnknownOAuthClient().Message)
	}
	return id, secret, nil
}

func bad(code, description string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: code, description: description}
}

// unknown is the refusal of who is no client; it names the scheme, also to those who did not use it.
func unknown(description string) *refusal {
	return &refusal{http.StatusUnauthorized, invalidClient, description, [2]string{"WWW-Authenticate", `Basic realm="usher"`}}
}

// refuse tells an error of the domain. What happened inside stays inside.
func (e *endpoint) refuse(r *http.Request, err error) *refusal {
	var known *domain.Error
	switch {
	case domain.IsKind(err, domain.Unauthenticated):
		return unknown(domain.UnknownOAuthClient().Message)
	case domain.IsKind(err, domain.Forbidden) && errors.As(err, &known):
		return bad(unauthorizedClient, known.Message)
	case domain.IsKind(err, domain.Unavailable):
		return &refusal{http.StatusServiceUnavailable, temporarily, "the service cannot reach its storage at the moment; repeat the request in a few seconds", [2]string{"Retry-After", "5"}}
	}
	if !errors.Is(r.Context().Err(), context.Canceled) {
		e.Log.LogAttrs(r.Context(), slog.LevelError, "token request failed", slog.Any("cause", err))
	}
	return &refusal{status: http.StatusInternalServerError, code: serverError, description: strings.TrimSpace("the service failed to answer this request; repeat it (request " + e.RequestID(r.Context()) + ")")}
}
