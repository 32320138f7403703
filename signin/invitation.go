package signin

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"usher/domain"
)

// invitationPage is the page of an open invitation.
type invitationPage struct {
	passwordForm

	Name      string
	ExpiresAt time.Time
	Ways      []domain.Way
	Password  bool // a password can be chosen
}

// deadLink is the page of a link that opens nothing.
type deadLink struct {
	Kind  string // invitation, reset
	State string // accepted, revoked, expired; empty: it was never made here
	Again string // path to ask for a new one; empty: there is none
}

// showInvitation asks how somebody wants to come in. It changes nothing: programs look at letters before people do.
func showInvitation(v *visit) error {
	page, err := v.invitation()
	if err != nil {
		return v.dead(domain.LinkInvitation, err)
	}
	v.probe()
	return v.render(http.StatusOK, "invitation", page)
}

// invitation reads the invitation that the path names.
func (v *visit) invitation() (invitationPage, error) {
	opened, err := v.Entrance.OpenLink(v.r.Context(), domain.LinkInvitation, v.r.PathValue("token"))
	if err != nil {
		return invitationPage{}, err
	}
	if err := v.enterBy(opened.Organisation); err != nil {
		return invitationPage{}, err
	}
	return invitationPage{
		passwordForm: passwordForm{Action: v.r.URL.Path, ReturnTo: v.returnTo(), Account: opened.UserName, Least: domain.MinPassword},
		Name:         opened.Display, ExpiresAt: opened.ExpiresAt, Ways: v.doorway.Ways, Password: opened.Locally,
	}, nil
}

// acceptInvitation comes in with a password, or goes to the identity provider that was chosen, and takes the invitation along.
func acceptInvitation(v *visit) error {
	page, err := v.invitation()
	if err != nil {
		return v.dead(domain.LinkInvitation, err)
	}
	if named := v.r.PostFormValue("connection"); named != "" {
		for _, w := range page.Ways {
			if w.Connection.String() != named {
				continue
			}
			if err := v.keepSealed(invitationCookie, v.r.PathValue("token"), invitationLifetime); err != nil {
				return err
			}
			return v.leave(withReturn(startPath(w.Connection), page.ReturnTo))
		}
		return notFound(v)
	}
	password, ok := v.chosen(&page.passwordForm)
	if !ok {
		return v.render(http.StatusUnprocessableEntity, "invitation", page)
	}
	signed, err := v.Entrance.AcceptInvitation(v.r.Context(), v.r.PathValue("token"), password, v.visitor())
	if status, ok := v.passwordError(&page.passwordForm, err); ok {
		return v.render(status, "invitation", page)
	}
	if err != nil {
		return v.dead(domain.LinkInvitation, err)
	}
	v.rememberPlace()
	return v.signedIn(signed, page.ReturnTo)
}

// askAgain sends a new invitation in place of an expired one, to the address on file.
func askAgain(v *visit) error {
	if err := v.Entrance.AskAgain(v.r.Context(), v.r.PathValue("token"), v.visitor()); err != nil {
		return v.dead(domain.LinkInvitation, err)
	}
	return v.render(http.StatusOK, "asked_again", nil)
}

// dead is the page of a link that opens nothing; other errors are handed on.
func (v *visit) dead(kind domain.LinkKind, err error) error {
	var known *domain.Error
	if !errors.As(err, &known) || known.Code != domain.CodeLinkNotGood {
		return err
	}
	page := deadLink{Kind: string(kind), State: known.Field}
	if page.State == "" {
		page.State = "unknown"
	}
	switch {
	case kind == domain.LinkReset:
		page.Again = "/reset"
	case known.Field == string(domain.LinkExpired):
		page.Again = "/invitation/" + v.r.PathValue("token") + "/again"
	}
	v.Log.LogAttrs(v.r.Context(), slog.LevelInfo, "a link opened nothing", slog.String("kind", page.Kind), slog.Any("cause", err))
	return v.render(http.StatusGone, "dead_link", page)
}
