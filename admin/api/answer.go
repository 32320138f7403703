package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"usher/domain"
)

// answer is an answer that has not gone out yet. It implements http.ResponseWriter.
type answer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func newAnswer() *answer { return &answer{status: http.StatusOK, header: http.Header{}} }

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// send lets the answer go out. Nothing of it is to be kept by a cache or run by a browser.
func (a *answer) send(w http.ResponseWriter) {
	h := w.Header()
	maps.Copy(h, a.header)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if a.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(a.body.Len()))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes()) // a client that has gone is not told
}

// keptAnswer is an answer as it is kept for an Idempotency-Key, sealed.
type keptAnswer struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header"`
	Body   []byte            `json:"body"`
}

// keptHeaders are those that belong to the answer and not to the moment.
func keptHeaders() []string { return []string{"Content-Type", "Etag", "Location"} }

// once carries a request out under its Idempotency-Key, or gives the answer again that it was given before. Success is
// kept, secrets included, sealed with the secret key of the installation. A refusal changed nothing: the claim is taken
// back, so that the request can be corrected and sent again. A fault of ours may have changed something: the claim stays,
// and the request is not carried out twice.
func (x *exchange) once(given *answer, key string) {
	claim, replay, err := x.Administration.Claim(x.r.Context(), x.who, key, x.fingerprint())
	if err == nil && replay {
		err = x.again(given, claim.Sealed, x.place(key))
	} else if err == nil {
		x.operate(given)
		switch {
		case x.route == Prefix+dryRunPath: // it tells of many people and changed nothing, so it may be carried out again
			err = x.Administration.Release(x.r.Context(), claim)
		case given.status < http.StatusMultipleChoices:
			var sealed []byte
			if sealed, err = x.seal(given, x.place(key)); err == nil {
				err = x.Administration.Keep(x.r.Context(), claim, sealed, x.about(given))
			}
		case given.status < http.StatusInternalServerError:
			err = x.Administration.Release(x.r.Context(), claim)
		}
		if err != nil { // the request itself is answered; only its repetition is not
			x.logFault(err)
			return
		}
	}
	if err != nil {
		x.refuse(given, x.r, x.problem(err))
	}
}

// about is the person whom an answer tells of; zero for none: whom the request made, or was about.
func (x *exchange) about(given *answer) domain.UserID {
	for _, path := range []string{given.header.Get("Location"), x.r.URL.Path} {
		if rest, found := strings.CutPrefix(path, Prefix+"/users/"); found {
			text, _, _ := strings.Cut(rest, "/")
			id, _ := domain.ParseID[domain.User](text)
			return id
		}
	}
	return domain.UserID{}
}

// fingerprint tells one request from another.
func (x *exchange) fingerprint() [32]byte {
	h := sha256.New()
	for _, part := range []string{x.r.Method, x.r.URL.Path, x.r.URL.RawQuery, strings.Join(x.r.Header.Values("If-Match"), ",")} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	h.Write(x.body)
	return [32]byte(h.Sum(nil))
}

// place is where a kept answer belongs: it opens nowhere else.
func (x *exchange) place(key string) []byte {
	return slices.Concat([]byte("answer"), x.who.Organisation.UUID[:], x.who.Actor.ID[:], []byte(key))
}

func (x *exchange) seal(given *answer, place []byte) ([]byte, error) {
	kept := keptAnswer{Status: given.status, Header: map[string]string{}, Body: given.body.Bytes()}
	for _, name := range keptHeaders() {
		if value := given.header.Get(name); value != "" {
			kept.Header[name] = value
		}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return nil, err
	}
	return x.Seal(text, place)
}

// again gives a kept answer.
func (x *exchange) again(given *answer, sealed, place []byte) error {
	text, err := x.Open(sealed, place)
	if err != nil {
		return err
	}
	var kept keptAnswer
	if err := json.Unmarshal(text, &kept); err != nil {
		return err
	}
	for name, value := range kept.Header {
		given.header.Set(name, value)
	}
	given.header.Set("Idempotency-Replayed", "true")
	given.status = kept.Status
	_, err = given.Write(kept.Body)
	return err
}
