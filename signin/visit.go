package signin

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"

	"usher/domain"
	"usher/web"
)

// maxForm bounds what a form sends, in bytes.
const maxForm = 64 << 10

// visit is one request of a browser, and what it is answered with.
type visit struct {
	*Handler

	w     http.ResponseWriter
	r     *http.Request
	nonce string

	language  web.Language
	preferred string         // the language of who it is, where that is known
	doorway   domain.Doorway // whose door it is; zero: not known yet
	self      domain.Self    // who is signed in, on pages that show it

	asked     bool // the session was looked for
	presented domain.Presented
	refused   error
}

// visited answers a request of a pattern.
func (h *Handler) visited(w http.ResponseWriter, r *http.Request, pattern string, methods map[string]func(v *visit) error) {
	h.Observe(r, pattern)
	v := &visit{Handler: h, w: w, r: r}
	v.language = v.spoken("")
	v.keepLanguage()
	var err error
	if v.nonce, err = web.Nonce(h.Random); err != nil {
		h.Log.LogAttrs(r.Context(), slog.LevelError, "a page could not be made", slog.Any("cause", err))
	}
	web.Secure(w.Header(), web.Shield{Nonce: v.nonce, HTTPS: h.secure})
	defer func() {
		if fault := recover(); fault != nil {
			h.Log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("cause", fmt.Sprintf("%T", fault)), slog.String("stack", string(debug.Stack())))
			v.fail(&domain.Error{Kind: domain.Internal, Code: domain.CodeInternal})
		}
	}()
	if err := v.admit(methods); err != nil {
		v.fail(err)
	}
}

// admit refuses what comes from another site, or in another form than a page sends, and lets the rest be answered.
func (v *visit) admit(methods map[string]func(v *visit) error) error {
	method := v.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	answer := methods[method]
	if answer == nil {
		v.w.Header().Set("Allow", allowed(methods))
		return errMethod
	}
	if method == http.MethodGet {
		return answer(v)
	}
	if err := v.cross.Check(v.r); err != nil {
		return errCrossSite
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	switch media, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type")); {
	case err == nil && media == "application/json": // read by who expects it
	case err == nil && media == "application/x-www-form-urlencoded", v.r.ContentLength == 0:
		if err := v.r.ParseForm(); err != nil {
			return errForm
		}
	default:
		return errCrossSite // a form of another site, disguised as text (RFC 6454 has no say in those)
	}
	return answer(v)
}

// What is refused before anybody looks at it.
var (
	errMethod    = errors.New("signin: the method is not allowed here")
	errCrossSite = errors.New("signin: the form was sent from another site")
	errForm      = errors.New("signin: the form cannot be read")
)

// visitor is who comes, as the domain asks.
func (v *visit) visitor() domain.Visitor {
	return domain.Visitor{Address: v.ClientAddress(v.r), Agent: v.r.UserAgent(), Device: v.cookie(deviceCookie), RequestID: v.RequestID(v.r)}
}

// token is the session's, as the browser shows it; empty: it shows none.
func (v *visit) token() string { return v.cookie(sessionCookie) }

// session is who is signed in here, as they stand at this moment. Unauthenticated, AccessRefused; StepMissing, and then the
// session is known all the same.
func (v *visit) session() (domain.Presented, error) {
	if !v.asked {
		v.asked = true
		v.presented, v.refused = v.Entrance.Verify(v.r.Context(), v.token())
	}
	return v.presented, v.refused
}

// spoken is the language of the page: the person's, else what was chosen on it, else in this browser, else what the browser
// prefers, else the organisation's.
func (v *visit) spoken(person string) web.Language {
	return web.Choose(person, v.r.URL.Query().Get("lang"), v.cookie(languageCookie), v.r.Header.Get("Accept-Language"), v.doorway.Appearance.Language)
}

// keepLanguage has the browser keep a language that was chosen on the page.
func (v *visit) keepLanguage() {
	if chosen := v.r.URL.Query().Get("lang"); slices.Contains(web.Languages(), web.Language(chosen)) && chosen != v.cookie(languageCookie) {
		v.keep(languageCookie, chosen, year)
	}
}

// text is one in the language of the page.
func (v *visit) text(key string, pairs ...any) string {
	v.language = v.spoken(v.preferred)
	return v.texts[v.language].Text(key, pairs...)
}

// page is the page as its template sees it, about something.
func (v *visit) page(title string, data any) *web.Page {
	v.language = v.spoken(v.preferred)
	p := &web.Page{
		Language: v.language, Title: title, Nonce: v.nonce, Brand: v.brand(), Reference: v.RequestID(v.r), Data: data,
	}
	if !v.self.User.ID.IsZero() {
		p.SignedIn, p.Wide, p.Zone = v.self.User.Display(), true, v.self.Zone.Location()
	} else if v.r.Method == http.MethodGet {
		p.Path, p.Query = v.r.URL.Path, v.r.URL.Query()
	}
	return p
}

// brand is whose door it is.
func (v *visit) brand() web.Brand {
	b := web.Brand{Name: v.doorway.Organisation.Name, Accent: v.doorway.Appearance.Accent}
	if tag := v.doorway.Appearance.Logo; tag != "" {
		b.Logo = "/brand/" + v.doorway.Organisation.Slug + "/logo?v=" + url.QueryEscape(string(tag))
	}
	return b
}

// render answers with a page. name is its file's and, with ".title", the key of its title.
func (v *visit) render(status int, name string, data any) error {
	return v.show(status, name, v.page(name+".title", data))
}

// show answers with a page that is put together already.
func (v *visit) show(status int, name string, p *web.Page) error {
	var b bytes.Buffer
	if err := v.book.Render(&b, name, p); err != nil {
		return &domain.Error{Kind: domain.Internal, Code: domain.CodeInternal, Err: err}
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", string(v.language))
	v.w.Header().Add("Vary", "Accept-Language, Cookie")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes())
	return nil
}

// redirect sends the browser on to a page of this server, or, with an address, elsewhere. After a form it goes elsewhere by
// way of a page, since browsers hold redirects after forms to where forms may go.
func (v *visit) redirect(to string) error {
	if v.r.Method != http.MethodGet && v.r.Method != http.MethodHead && !strings.HasPrefix(to, "/") {
		return v.leave(to)
	}
	v.w.Header().Set("Location", to)
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// leave sends the browser on by a page: to another site, or to a path of this one that leads there.
func (v *visit) leave(to string) error {
	host := to
	if u, err := url.Parse(to); err == nil {
		host = u.Host
	}
	return v.render(http.StatusOK, "leave", struct{ To, Host string }{to, host})
}

// signedIn gives the browser the session of a sign-in, in place of the one it had, and goes on: to the step that is left,
// or to where the person wanted to go.
func (v *visit) signedIn(s domain.SignedIn, returnTo string) error {
	if before := v.token(); before != "" && before != s.Token {
		if err := v.Entrance.SignOut(v.r.Context(), before, v.visitor()); err != nil {
			return err
		}
	}
	return v.renewed(s, returnTo)
}

// renewed gives the browser the new token of a session, and goes on as signedIn. A browser that has shown no cookie at all
// goes by way of a page that sees whether it keeps them.
func (v *visit) renewed(s domain.SignedIn, returnTo string) error {
	v.keep(sessionCookie, s.Token, 0)
	if len(s.Session.Steps) > 0 {
		return v.proceed(stepPath(s.Session.Steps[0], returnTo))
	}
	to, err := v.onward(v.r.Context(), s.Session.Organisation, returnTo)
	if err != nil {
		return err
	}
	return v.proceed(to)
}

// proceed sends a browser on that has been given a session.
func (v *visit) proceed(to string) error {
	if len(v.r.Cookies()) == 0 {
		to = withReturn("/sign-in/check", to)
	}
	return v.redirect(to)
}

// stepPath is the page of a step.
func stepPath(step domain.SignInStep, returnTo string) string {
	path := map[domain.SignInStep]string{
		domain.StepSecondFactor: "/sign-in/factor", domain.StepPassword: "/sign-in/password", domain.StepEnrol: "/sign-in/enrol",
	}[step]
	return withReturn(path, returnTo)
}

// withReturn is a path of this server that knows where the person wants to go.
func withReturn(path, returnTo string) string {
	if returnTo == "" {
		return path
	}
	return path + "?return_to=" + url.QueryEscape(returnTo)
}

// returnTo is where the person wants to go, if it is somewhere that one could be sent; else empty. Whether this person may
// be is looked up when they go, see [Handler.onward].
func (v *visit) returnTo() string {
	to := v.r.FormValue("return_to")
	if _, ok := parseReturn(to); !ok {
		return ""
	}
	return to
}
