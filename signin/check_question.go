package signin

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"usher/domain"
)

// question is what a proxy asks: about whom the cookie says, about which request the rest.
type question struct {
	asked        string        // the address that was asked for, to come back to; empty: nobody said, or it is none to come back to
	origin       domain.Origin // of it; empty: as asked, or it is none of an application
	application  string        // the audience of the application, where the proxy's configuration says so
	organisation string        // the slug of the only organisation whose people may go on, likewise
	method       string        // of the request
	hands        bool          // the proxy hands our answer on to the browser
	redirect     string        // "1": redirect browsers, "0": never; empty: as the proxy does it
}

var errTwoAddresses = errors.New("the proxy names two different addresses that were asked for; let it set either X-Original-URL, or X-Forwarded-Proto, X-Forwarded-Host and X-Forwarded-Uri, and clear the others")

// parseQuestion reads what a proxy asks. Each has its own way to tell what was asked for:
//
//   - Envoy asks for the path itself, below ours, with the host of the request. What the path's query says is the client's,
//     so it sets no option here.
//   - Traefik and Caddy send X-Forwarded-Proto, -Host, -Uri and -Method, and replace what the client sent of them.
//   - nginx is told to send X-Original-URL.
//
// A proxy that sends one of these may hand on another from the client: where both are there and differ, nobody is believed.
func parseQuestion(r *http.Request) (question, error) {
	q := question{method: r.Method}
	if strings.HasPrefix(r.URL.Path, checkPath+"/") {
		q.hands = true
		q.about(forwardedProto(r), r.Host, strings.TrimPrefix(r.URL.EscapedPath(), checkPath), r.URL.RawQuery)
		return q, nil
	}
	if r.URL.RawQuery != "" {
		options := r.URL.Query()
		q.application, q.organisation, q.redirect = options.Get("application"), options.Get("organisation"), options.Get("redirect")
	}
	host, uri := r.Header["X-Forwarded-Host"], r.Header["X-Forwarded-Uri"]
	forwarded, original := len(host) > 0 && len(uri) > 0, r.Header["X-Original-Url"]
	if len(host) > 1 || len(uri) > 1 || len(original) > 1 {
		return q, errTwoAddresses
	}
	if forwarded {
		q.hands = len(original) == 0
		if method := r.Header.Get("X-Forwarded-Method"); method != "" {
			q.method = method
		}
		path, query, _ := strings.Cut(uri[0], "?")
		q.about(forwardedProto(r), host[0], path, query)
	}
	if len(original) == 0 {
		return q, nil
	}
	was := q.origin
	scheme, rest, found := strings.Cut(original[0], "://")
	if !found {
		return q, errors.New("X-Original-URL has to be a whole address, such as https://crm.acme.test/path")
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	path, query, _ := strings.Cut(rest[end:], "?")
	q.about(scheme, rest[:end], path, query)
	if forwarded && q.origin != was {
		return q, errTwoAddresses
	}
	return q, nil
}

// forwardedProto is the scheme of the request at the proxy; of a web socket that of the page that opens it.
func forwardedProto(r *http.Request) string {
	switch proto := r.Header.Get("X-Forwarded-Proto"); proto {
	case "ws":
		return "http"
	case "wss":
		return "https"
	default:
		return proto
	}
}

// about sets what was asked for. An address that cannot be one of an application names none.
func (q *question) about(scheme, host, path, query string) {
	at, err := domain.ParseOrigin(scheme + "://" + host)
	if err != nil {
		q.origin, q.asked = "", ""
		return
	}
	q.origin = at
	to := (&url.URL{RawQuery: query}).String()
	if path == "" {
		path = "/"
	}
	if q.asked = string(at) + path + to; len(q.asked) > maxReturn {
		q.asked = string(at) + "/"
	}
	if _, ok := parseReturn(q.asked); !ok {
		q.asked = string(at) + "/"
	}
}

// redirects reports whether a browser is sent to sign in by our answer: where the proxy hands that on, and the request
// is one for a page.
func (q question) redirects(r *http.Request) bool {
	switch q.redirect {
	case "0":
		return false
	case "1":
		return q.page(r)
	}
	return q.hands && q.page(r)
}
