package signin

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"usher/domain"
	"usher/web"
)

// refusedPath is for proxies that keep the answer to their question to themselves, as nginx does: it is asked as checkPath is,
// and answers the browser, with the page of why not. Whom nothing stops any more is sent on.
const refusedPath = "/auth/refused"

// problem is why a request may not go on, for programs (RFC 9457, in the words of the REST API).
type problem struct {
	Type        string `json:"type"`
	Title       string `json:"title"`
	Status      int    `json:"status"`
	Detail      string `json:"detail"`
	Code        string `json:"code"`
	SignIn      string `json:"sign_in,omitempty"`      // with 401, as headerSignIn
	NextOpening string `json:"next_opening,omitempty"` // with 403, as headerNextOpening
	RequestID   string `json:"request_id,omitempty"`
}

// tell answers with what there is to say, beside the headers, to programs.
func (h *Handler) tell(w http.ResponseWriter, r *http.Request, status int, code, sentence string) {
	header := w.Header()
	text, err := json.Marshal(problem{
		Type: "urn:usher:problem:" + code, Title: http.StatusText(status), Status: status, Detail: sentence, Code: code,
		SignIn: header.Get(headerSignIn), NextOpening: header.Get(headerNextOpening), RequestID: h.RequestID(r),
	})
	if err != nil {
		h.Log.LogAttrs(r.Context(), slog.LevelError, "a refusal could not be written", slog.Any("cause", err))
	}
	header.Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// page reports whether the request is a browser's for a page.
func (q question) page(r *http.Request) bool {
	return (q.method == http.MethodGet || q.method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// refuse tells who may not go on why: a browser, where the proxy hands on what it is answered, by a page.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, q question, c domain.Checked, known *domain.Error) {
	reason := known.Code
	if known.Code == domain.CodeAccessRefused {
		reason = known.Field
	}
	w.Header().Set(headerReason, reason)
	if !c.Decision.NextOpening.IsZero() {
		w.Header().Set(headerNextOpening, c.Decision.NextOpening.UTC().Format(time.RFC3339))
	}
	if q.hands && q.page(r) {
		err := h.showRefused(w, r, c, reason)
		if err == nil {
			return
		}
		h.Log.LogAttrs(r.Context(), slog.LevelError, "a page could not be made", slog.Any("cause", err))
	}
	h.tell(w, r, http.StatusForbidden, reason, known.Message)
}

// showRefused is the page of who may not go on. The browser takes it for one of the application, at whose address it is: all
// that it is made of has the address of this server.
func (h *Handler) showRefused(w http.ResponseWriter, r *http.Request, c domain.Checked, reason string) error {
	v := &visit{Handler: h, w: w, r: r}
	d, err := c.Details()
	if err != nil {
		return err
	}
	zone, err := c.Zone()
	if err != nil {
		return err
	}
	v.preferred = d.Language
	v.language = v.spoken(v.preferred)
	if v.nonce, err = web.Nonce(h.Random); err != nil {
		return err
	}
	if err := v.enterBy(c.User.Organisation); err != nil {
		return err
	}
	shown := refusedPage{Text: "refused." + reason, Opens: c.Decision.NextOpening, Zone: zone.Location(), Who: d.Name, Leave: h.BaseURL + "/sign-out"}
	shown.find(v)
	p := v.page("refused.title", shown)
	p.Path, p.Base = "", h.origin
	web.Secure(w.Header(), web.Shield{Nonce: v.nonce, HTTPS: h.secure, From: h.origin})
	return v.show(http.StatusForbidden, "refused", p)
}

// goBack sends a browser back to where it was refused a moment ago and is no more.
func (h *Handler) goBack(w http.ResponseWriter, r *http.Request, q question, c domain.Checked) {
	to, err := h.onward(r.Context(), c.User.Organisation, q.asked)
	if err != nil || to == homePath {
		to = h.BaseURL + homePath
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}
