package domain

import (
	"context"
	"time"

	"usher/domain/attribute"
)

// linkNotGood is the refusal of a link; Field says why where its token is genuine: accepted, revoked or expired.
func linkNotGood(state LinkState) error {
	message := "this link is not one that was sent from here; open the one in the letter, or ask for a new one"
	switch state {
	case LinkAccepted:
		message = "this link was used before; sign in, or ask for a new one"
	case LinkRevoked:
		message = "this link is no longer good, because a newer one was sent or the account has changed; open the newest letter, or ask for a new one"
	case LinkExpired:
		message = "the time of this link is over; ask for a new one"
	case LinkOpen:
	}
	return &Error{Kind: NotFound, Code: CodeLinkNotGood, Field: string(state), Message: message}
}

// Opened is what there is to know of an open link before anything is done with it.
type Opened struct {
	Organisation OrganisationID
	Locally      bool // a password opens anything for the person; else they come by single sign-on
	User         UserID
	UserName     string
	Display      string
	ExpiresAt    time.Time
}

// OpenLink says whose a link is, for the page that asks what to do; it changes nothing, since mail scanners open links too.
// LinkNotGood.
func (e *Entrance) OpenLink(ctx context.Context, kind LinkKind, token string) (Opened, error) {
	g, err := e.guest(ctx, kind, token)
	if err != nil {
		return Opened{}, err
	}
	return Opened{
		Organisation: g.link.Organisation, Locally: g.locally(), User: g.user.ID, UserName: g.user.UserName.Text, Display: g.user.Display(), ExpiresAt: g.link.ExpiresAt,
	}, nil
}

// guest is who presents an open link.
type guest struct {
	ref  LinkRef
	link Link
	user User
	held SignIn

	policy Policy
}

// locally reports whether a password opens anything for who presents the link.
func (g guest) locally() bool { return g.policy.Locally(g.user.Owner) }

func (e *Entrance) guest(ctx context.Context, kind LinkKind, token string) (guest, error) {
	ref, ok := e.env.Links.Parse(kind, token)
	if !ok {
		return guest{}, linkNotGood("")
	}
	var g guest
	err := e.store.Read(ctx, func(tx Tx) (err error) {
		if g, err = present(tx, ref, e.env.instant()); err != nil {
			return err
		}
		// What was read of the person is of a time when the link was open, so that who is second of two hears of the link.
		_, err = present(tx, ref, e.env.instant())
		return err
	})
	return g, err
}

// present reads an open link and its person.
func present(tx Tx, ref LinkRef, now time.Time) (guest, error) {
	l, err := tx.Links().Presented(ref)
	if IsKind(err, NotFound) {
		err = linkNotGood("")
	}
	if err != nil {
		return guest{}, err
	}
	if state := l.standing(now); state != LinkOpen {
		return guest{}, linkNotGood(state)
	}
	u, err := tx.Users().Find(l.Organisation, l.User)
	if IsKind(err, NotFound) {
		err = linkNotGood(LinkRevoked)
	}
	if err != nil {
		return guest{}, err
	}
	g := guest{ref: ref, link: l, user: u}
	if g.held, _, err = tx.SignIns().Get(l.Organisation, l.User); err != nil {
		return g, err
	}
	g.policy, err = tx.Policies().Get(l.Organisation)
	return g, err
}

// AcceptInvitation accepts an invitation with a password of the person's choice: they are active, and a session begins,
// whose steps are what is left where a second factor is required (rules invite.once, invite.accept). LinkNotGood,
// PasswordRefused, LocalSignInOff; AccessRefused, whose Field is the reason.
func (e *Entrance) AcceptInvitation(ctx context.Context, token, password string, v Visitor) (SignedIn, error) {
	g, err := e.guest(ctx, LinkInvitation, token)
	if err != nil {
		return SignedIn{}, err
	}
	if !g.locally() {
		return SignedIn{}, localSignInOff()
	}
	made, err := e.env.prepare(password, g.user.UserName.Text, g.held)
	if err != nil {
		return SignedIn{}, err
	}
	var outcome SignedIn
	now := e.env.instant()
	err = e.store.Write(ctx, func(tx Tx) error {
		held, err := tx.SignIns().Hold(g.link.Organisation, g.link.User)
		if err != nil {
			return err
		}
		write := e.scribe(g.link.Organisation, self(g.link.User), v)
		if err := e.accept(tx, g.ref, texts("link", g.link.ID.String(), "method", string(ByPassword)), write, now); err != nil {
			return err
		}
		if err := held.set(made, time.Time{}, now); err != nil {
			return err
		}
		if err := tx.SignIns().Save(held); err != nil {
			return err
		}
		policy, err := tx.Policies().Get(held.Organisation)
		if err != nil {
			return err
		}
		if !policy.Locally(g.user.Owner) {
			return localSignInOff()
		}
		begun, err := byPassword(tx, policy, held, v, now)
		if err != nil {
			return err
		}
		outcome, err = e.open(tx, begun, v, now)
		return err
	})
	return outcome, err
}

// accept uses up an invitation, by which its person becomes active. The row of how they sign in is held.
func (e *Entrance) accept(tx Tx, ref LinkRef, after attribute.Value, write scribe, now time.Time) error {
	g, err := present(tx, ref, now)
	if err != nil {
		return err
	}
	admission, err := tx.Assignments().Admission(g.link.Organisation, g.link.User)
	if err != nil {
		return err
	}
	if d := admission.Decide(BySingleSignOn, now); !d.Allowed { // as whom they would be once they are not pending
		return accessRefused(d)
	}
	if err := tx.Links().End(g.link, LinkAccepted, now); err != nil {
		return err
	}
	if g.user.Status != Pending {
		return nil
	}
	err = welcome(tx, g.user, UserInvitationAccepted, after, now, write)
	return err
}

// Bounds of an identity, in bytes (OpenID Connect Core 1.0 section 2: a subject has at most 255 ASCII characters).
const (
	maxIssuer  = 1000
	maxSubject = 255
)

// AskAgain sends a new invitation in place of an expired one, to the address on file (rule invite.once): whoever has the old
// token may ask. One that was revoked or used brings nothing, and no answer says so. RateLimited; LinkNotGood for a token
// that was never made.
func (e *Entrance) AskAgain(ctx context.Context, token string, v Visitor) error {
	ref, ok := e.env.Links.Parse(LinkInvitation, token)
	if !ok {
		return linkNotGood("")
	}
	if err := e.attempt(ctx, ref.Organisation, v); err != nil {
		return err
	}
	now := e.env.instant()
	return e.store.Write(ctx, func(tx Tx) error {
		l, err := tx.Links().Presented(ref)
		if IsKind(err, NotFound) {
			return linkNotGood("")
		}
		if err != nil {
			return err
		}
		latest, found, err := tx.Links().Latest(l.Organisation, l.User, LinkInvitation)
		if err != nil || !found || latest.ID != l.ID || l.standing(now) != LinkExpired {
			return err
		}
		u, err := tx.Users().Find(l.Organisation, l.User)
		if IsKind(err, NotFound) {
			return nil
		}
		if err != nil || u.Status != Pending || !reached(u) {
			return err
		}
		if err := e.env.mayResend(tx, u, LinkInvitation, now); err != nil {
			return err
		}
		_, err = invite(tx, u, true, now, e.scribe(l.Organisation, self(l.User), v))
		return err
	})
}

// ResetPassword uses up a link to choose a new password. All sessions of the person end; no new one begins, so that no
// second factor is gone round, and a block stays (rule password.reset). LinkNotGood, PasswordRefused, LocalSignInOff.
func (e *Entrance) ResetPassword(ctx context.Context, token, password string, v Visitor) error {
	g, err := e.guest(ctx, LinkReset, token)
	if err != nil {
		return err
	}
	if !g.locally() {
		return localSignInOff()
	}
	made, err := e.env.prepare(password, g.user.UserName.Text, g.held)
	if err != nil {
		return err
	}
	now := e.env.instant()
	return e.store.Write(ctx, func(tx Tx) error {
		held, err := tx.SignIns().Hold(g.link.Organisation, g.link.User)
		if err != nil {
			return err
		}
		again, err := present(tx, g.ref, now)
		if err != nil {
			return err
		}
		if !again.locally() {
			return localSignInOff()
		}
		if err := tx.Links().End(again.link, LinkAccepted, now); err != nil {
			return err
		}
		failures, slowed := held.Failures, held.SlowedUntil
		if err := held.set(made, time.Time{}, now); err != nil {
			return err
		}
		if _, blocked, err := tx.Blocks().Get(held.Organisation, held.User); err != nil {
			return err
		} else if blocked {
			held.Failures, held.SlowedUntil = failures, slowed
		}
		if err := tx.SignIns().Save(held); err != nil {
			return err
		}
		by := doorsClosed{write: e.scribe(held.Organisation, self(held.User), v), now: now}
		if err := by.proofsChanged(tx, Session{Organisation: held.Organisation, User: held.User}); err != nil {
			return err
		}
		if err := by.revokeLinks(tx, held.Organisation, held.User); err != nil {
			return err
		}
		return by.say(tx, PasswordChanged, held.User, texts("how", "reset", "link", g.link.ID.String()))
	})
}
