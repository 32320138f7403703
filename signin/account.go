package signin

import (
	"net/http"
	"slices"
	"time"

	"usher/domain"
	"usher/web"
)

// account is the page of who is signed in.
type account struct {
	domain.Self

	Name      string
	Now       time.Time
	Zone      *time.Location
	Language  web.Language
	Sessions  []shownSession
	Others    bool
	Password  bool // they have one, and can change it here
	ExpiresAt time.Time
	Email     string
	Notice    string
}

// shownSession is a signed-in browser.
type shownSession struct {
	domain.Session

	Browser, System string // empty: not known
	Handheld        bool
	Here            bool
}

// known reads who is signed in, and speaks their language.
func (v *visit) known() (domain.Self, error) {
	self, err := v.Entrance.Self(v.r.Context(), v.token())
	if err != nil {
		return self, err
	}
	v.self = self
	if err := v.enterBy(self.Organisation.ID); err != nil {
		return self, err
	}
	v.preferred = self.Fields.Language
	v.language = v.spoken(v.preferred)
	return self, nil
}

// showAccount is who is signed in, where, and what they can change.
func showAccount(v *visit) error {
	self, err := v.known()
	if err != nil {
		return err
	}
	sessions, err := v.Entrance.Sessions(v.r.Context(), v.token())
	if err != nil {
		return err
	}
	page := account{
		Self: self, Name: self.User.Display(), Now: v.Now(), Zone: self.Zone.Location(), Language: v.language,
		Password: !self.PasswordSetAt.IsZero(), ExpiresAt: self.PasswordExpiresAt,
	}
	if address, ok := self.User.SignInEmail(); ok && address.Key != self.User.UserName.Key {
		page.Email = address.Text
	}
	for _, s := range sessions {
		if len(s.Steps) > 0 {
			continue // nobody is in by it
		}
		browser, system, handheld := browserOf(s.Agent)
		page.Sessions = append(page.Sessions, shownSession{Session: s, Browser: browser, System: system, Handheld: handheld, Here: s.ID == self.Session.ID})
	}
	slices.SortStableFunc(page.Sessions, func(a, b shownSession) int { return before(a.Here, b.Here) })
	page.Others = len(page.Sessions) > 1
	if done := v.r.URL.Query().Get("changed"); slices.Contains([]string{"password", "language", "session", "sessions"}, done) {
		page.Notice = "account.notice." + done
	}
	return v.render(http.StatusOK, "account", page)
}

func before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// chooseLanguage is kept with the person, and in this browser for when they are not signed in.
func chooseLanguage(v *visit) error {
	chosen := web.Language(v.r.PostFormValue("language"))
	if !slices.Contains(web.Languages(), chosen) {
		return notFound(v)
	}
	if err := v.Entrance.ChooseLanguage(v.r.Context(), v.token(), string(chosen), v.visitor()); err != nil {
		return err
	}
	v.keep(languageCookie, string(chosen), year)
	return v.redirect(homePath + "?changed=language")
}

// endSession ends one session of the person; if it is this one, they are out.
func endSession(v *visit) error {
	id, ok := domain.ParseID[domain.Session](v.r.PathValue("session"))
	if !ok {
		return notFound(v)
	}
	p, err := v.session()
	if err != nil {
		return err
	}
	if id == p.Session.ID {
		return signOut(v)
	}
	if err := v.Entrance.EndSession(v.r.Context(), v.token(), id, v.visitor()); err != nil && !domain.IsKind(err, domain.NotFound) {
		return err // one that has ended by itself is fine
	}
	return v.redirect(homePath + "?changed=session")
}

func endOthers(v *visit) error {
	if err := v.Entrance.EndOtherSessions(v.r.Context(), v.token(), v.visitor()); err != nil {
		return err
	}
	return v.redirect(homePath + "?changed=sessions")
}
