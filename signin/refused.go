package signin

import (
	"errors"
	"net/http"
	"time"

	"usher/domain"
)

// refusedPage is for somebody who is who they say, and may not come in.
type refusedPage struct {
	Text, Remedy string    // keys
	Opens        time.Time // zero: nothing opens by itself
	Zone         *time.Location
	SignOut      bool   // a session is still there, which opens nothing
	Who          string // is signed in; empty: not said
	Leave        string // where to sign out; empty: here
}

// find finds the words for a reason.
func (p *refusedPage) find(v *visit) {
	if !v.texts[v.language].Has(p.Text) {
		p.Text = "refused.other"
	}
	p.Remedy = p.Text + ".remedy"
}

// turnAway tells somebody why they may not come in, and what would change it, in their language and zone.
func (v *visit) turnAway(reason string, refusal *domain.AccessRefusal) error {
	page := refusedPage{Text: "refused." + reason, SignOut: v.token() != ""}
	if refusal != nil {
		page.Opens, page.Zone = refusal.NextOpening, refusal.Zone.Location()
		if refusal.Language != "" {
			v.preferred = refusal.Language
		}
	}
	if org := v.presented.Session.Organisation; v.doorway.Organisation.ID.IsZero() && !org.IsZero() {
		if err := v.enterBy(org); err != nil && !domain.IsKind(err, domain.NotFound) {
			return err
		}
	}
	page.find(v)
	return v.render(http.StatusForbidden, "refused", page)
}

// refusal finds in an error why somebody who is who they say may not come in.
func refusal(err error) (reason string, told *domain.AccessRefusal, ok bool) {
	if errors.As(err, &told) {
		return told.Reason, told, true
	}
	var known *domain.Error
	if errors.As(err, &known) && known.Code == domain.CodeAccessRefused {
		return known.Field, nil, true
	}
	return "", nil, false
}
