package domain

import (
	"context"
	"slices"
	"strings"
	"time"

	"usher/domain/attribute"
)

// Arriving is somebody who came back from the OpenID provider of a connection, and what it says of them: all of it is the
// provider's word, which the caller has proved to be that.
type Arriving struct {
	Identity Identity // organisation, connection, issuer and subject

	Told          Told
	UserName      string
	Email         string
	EmailVerified bool // the provider vouches for it
	ExternalID    string
	Groups        []string
	GroupsLeftOut bool // the provider did not tell them all, so that Groups takes nothing away

	Context         string    // acr
	Methods         []string  // amr
	SignedInAt      time.Time // auth_time; zero: not told
	ProviderSession string    // sid
	LogoutHint      []byte    // what ends that, sealed

	Invitation string // the token of one that was opened in this browser; empty: none
}

// Why somebody whom their provider knows has no account here, for events and logs: what the person is told does not depend
// on it, so that nobody learns by what they claim who has an account.
const (
	NoAccountUnknown     = "unknown"        // nothing says who it is, and the connection makes no accounts
	NoAccountAmbiguous   = "several"        // several accounts have the e-mail
	NoAccountOwner       = "owner"          // an owner is not found by an e-mail
	NoAccountLinked      = "linked"         // the account belongs to another sign-in
	NoAccountForeign     = "foreign"        // the account is of another connection
	NoAccountNameTaken   = "name_taken"     // somebody else has the user name
	NoAccountNameMissing = "name_missing"   // the provider tells none
	NoAccountNameForeign = "name_untrusted" // it is an address of a proved domain for which the connection is not trusted
	NoAccountSuspended   = "suspended"      // an administrator deactivated who had these names (rule suspend.sticks)
)

// NoAccount is the refusal of somebody whom their provider knows and nobody here does: one sentence whatever the reason is,
// which is in Field.
func noAccount(o Organisation, reason string) *Error {
	return &Error{
		Kind: Forbidden, Code: CodeNoAccount, Field: reason,
		Message: "your identity provider knows you, and there is no account here that is yours; ask an administrator of " + o.Name + " to add you or to send you an invitation",
	}
}

// FirstAccess signs in whoever came back from a provider. The person is found by the identity; else by the directory's
// externalId, where the connection says that a claim equals it; else by an open invitation of this browser (rule invite.sso);
// else, once, by an e-mail that the provider verified, of a domain for which it is trusted, that exactly one account has,
// which no identity has yet; else they are made, where the connection allows that. Whatever is found this way is the
// identity's from then on. A pending person becomes active (rule provision.activation), and wrong passwords keep nobody out
// who comes this way (rule block.no-lockout-dos). It is one unit of work: who is refused leaves nothing behind but the event
// that says so. ConnectionShut; SignInTooWeak, whose Field is the claim (rule access.mfa); NoAccount; SeatsExhausted;
// AccessRefused, whose Field is the reason.
func (e *Entrance) FirstAccess(ctx context.Context, a Arriving, v Visitor) (SignedIn, error) {
	i := a.Identity
	if i.Issuer == "" || i.Subject == "" || len(i.Issuer) > maxIssuer || len(i.Subject) > maxSubject {
		return SignedIn{}, &Error{Kind: Invalid, Code: CodeInvalidValue, Field: "subject", Message: "an identity needs an issuer and a subject"}
	}
	var outcome SignedIn
	err := handingOut("", func() (err error) {
		outcome, err = e.arrive(ctx, a, v)
		return err
	})
	if IsCode(err, CodeUserNameTaken) || IsCode(err, CodeIdentityTaken) || IsCode(err, CodeSeatsExhausted) {
		// Perhaps by themselves, who came twice at the same moment.
		outcome, err = e.arrive(ctx, a, v)
	}
	switch {
	case err == nil:
		return outcome, nil
	case IsCode(err, CodeUserNameTaken), IsCode(err, CodeIdentityTaken):
		reason := NoAccountNameTaken
		if IsCode(err, CodeIdentityTaken) {
			reason = NoAccountLinked
		}
		if err = e.nobody(ctx, i.Organisation, reason); err != nil && !IsCode(err, CodeNoAccount) {
			return SignedIn{}, err
		}
	}
	return SignedIn{}, e.turnedAway(ctx, a, v, err)
}

// nobody is noAccount for an organisation by its id.
func (e *Entrance) nobody(ctx context.Context, org OrganisationID, reason string) error {
	var o Organisation
	err := e.store.Read(ctx, func(tx Tx) (err error) {
		o, err = tx.Organisations().Get(org)
		return err
	})
	if err != nil {
		return err
	}
	return noAccount(o, reason)
}

// arrival is one attempt to let in somebody who came back from a provider.
type arrival struct {
	Arriving

	entrance   *Entrance
	tx         Tx
	visitor    Visitor
	now        time.Time
	newID      UserID // of the person who may have to be made
	org        Organisation
	connection Connection
	settings   ProviderSettings
}

func (e *Entrance) arrive(ctx context.Context, a Arriving, v Visitor) (SignedIn, error) {
	id, err := newID[User](e.env)
	if err != nil {
		return SignedIn{}, err
	}
	var outcome SignedIn
	r := arrival{Arriving: a, entrance: e, visitor: v, now: e.env.instant(), newID: id}
	err = e.store.Write(ctx, func(tx Tx) (err error) {
		r := r
		r.tx = tx
		outcome, err = r.let()
		return err
	})
	return outcome, err
}

// let lets the person in, or says why not.
func (r *arrival) let() (SignedIn, error) {
	if err := r.through(); err != nil {
		return SignedIn{}, err
	}
	u, err := r.person()
	if err != nil {
		return SignedIn{}, err
	}
	write := r.entrance.scribe(r.org.ID, self(u), r.visitor)
	if err := r.entrance.admit(r.tx, r.org.ID, u, r.now, write); err != nil {
		return SignedIn{}, err
	}
	if err := r.claimed(u); err != nil {
		return SignedIn{}, err
	}
	if err := r.refreshed(u); err != nil {
		return SignedIn{}, err
	}
	s := Session{
		Organisation: r.org.ID, User: u, Method: BySingleSignOn, Connection: r.connection.ID, Issuer: r.Identity.Issuer, LogoutHint: r.LogoutHint,
	}
	if len(r.ProviderSession) <= maxSubject {
		s.ProviderSession = r.ProviderSession
	}
	if !r.SignedInAt.After(r.now) {
		s.ProvedAt = r.SignedInAt.UTC().Truncate(time.Millisecond)
	} else {
		s.ProvedAt = r.now // the provider's clock is ahead of this one
	}
	return r.entrance.open(r.tx, s, r.visitor, r.now)
}

// through reads the connection, and refuses who cannot come by it, or proves too little (rule access.mfa).
func (r *arrival) through() (err error) {
	i := r.Identity
	if r.connection, err = r.tx.Connections().Get(i.Organisation, i.Connection); err != nil {
		return err
	}
	if !r.connection.signsIn() || r.connection.OIDC.Issuer != i.Issuer {
		return &Error{Kind: Forbidden, Code: CodeConnectionShut, Message: "this way to sign in is switched off, or was changed meanwhile; use another one, or ask your administrator"}
	}
	if r.org, err = r.tx.Organisations().Get(i.Organisation); err != nil {
		return err
	}
	if r.settings, err = r.tx.ProviderSettings().Get(i.Organisation, i.Connection); err != nil {
		return err
	}
	if missing, met := r.settings.Proof.met(r.Context, r.Methods); !met {
		return &Error{
			Kind: Forbidden, Code: CodeSignInTooWeak, Field: missing,
			Message: "your organisation asks for a stronger sign-in than your identity provider made, such as one with a second factor; sign in again and use one, or ask your administrator",
		}
	}
	return nil
}

// person finds whose the identity is, and makes it theirs where it was nobody's.
func (r *arrival) person() (UserID, error) {
	user, found, err := r.tx.Identities().Find(r.Identity)
	if err != nil {
		return user, err
	}
	if found {
		if _, err := r.tx.SignIns().Hold(r.org.ID, user); err != nil {
			return user, err
		}
		return user, r.tx.Identities().Used(r.Identity, r.now)
	}
	for _, way := range []func() (UserID, bool, error){r.byExternalID, r.byInvitation, r.byEmail} {
		if user, found, err = way(); err != nil || found {
			return user, err
		}
	}
	if !r.settings.JustInTime {
		return user, noAccount(r.org, NoAccountUnknown)
	}
	return r.newID, r.makePerson()
}

// byExternalID finds the person of this connection whom the directory calls as a claim does.
func (r *arrival) byExternalID() (UserID, bool, error) {
	if !r.settings.LinksExternalID || r.ExternalID == "" || len(r.ExternalID) > maxKeyLength {
		return UserID{}, false, nil
	}
	page, err := r.tx.Users().Page(Query{
		Scope: Scope{Organisation: r.org.ID, Connection: r.connection.ID}, Limit: 2, Where: equals("externalId", "", r.ExternalID),
	})
	if err != nil {
		return UserID{}, false, err
	}
	i := slices.IndexFunc(page.Items, func(u User) bool { return u.Connection == r.connection.ID && u.ExternalID == r.ExternalID })
	if i < 0 {
		return UserID{}, false, nil
	}
	u := page.Items[i]
	return u.ID, true, r.link(u, LinkedByExternalID, func(known Identity) bool {
		return known.Connection == r.connection.ID && known.Issuer == r.Identity.Issuer
	})
}

// byInvitation finds the person whom an invitation was sent to that is open, and uses it up (rule invite.sso).
func (r *arrival) byInvitation() (UserID, bool, error) {
	ref, genuine := r.entrance.env.Links.Parse(LinkInvitation, r.Invitation)
	if !genuine || ref.Organisation != r.org.ID {
		return UserID{}, false, nil
	}
	g, err := present(r.tx, ref, r.now)
	if IsCode(err, CodeLinkNotGood) {
		return UserID{}, false, nil
	}
	if err != nil {
		return UserID{}, false, err
	}
	if g.user.Connection != r.connection.ID && !g.user.Connection.IsZero() {
		return UserID{}, false, noAccount(r.org, NoAccountForeign)
	}
	if err := r.link(g.user, LinkedByInvitation, nil); err != nil {
		return UserID{}, false, err
	}
	after := texts("link", g.link.ID.String(), "method", string(BySingleSignOn))
	return g.user.ID, true, r.entrance.accept(r.tx, ref, after, r.entrance.scribe(r.org.ID, self(g.user.ID), r.visitor), r.now)
}

// byEmail finds the one account that has the address which the provider verified. What others may choose for themselves is no
// proof of anything, so the organisation must have proved the domain, and trust the connection for it. An owner is not found
// this way, whoever has the address; nor is an account that some sign-in belongs to already, or that is another connection's.
func (r *arrival) byEmail() (UserID, bool, error) {
	domain, ok := domainOf(r.Email)
	if !r.EmailVerified || !ok {
		return UserID{}, false, nil
	}
	trusted, err := r.tx.EmailDomains().Trusts(r.org.ID, domain, r.connection.ID)
	if err != nil || !trusted {
		return UserID{}, false, err
	}
	page, err := r.tx.Users().Page(Query{
		Scope: Scope{Organisation: r.org.ID, Whole: true}, Limit: 2, Where: equals("emails", "value", r.Email),
	})
	if err != nil || len(page.Items) == 0 {
		return UserID{}, false, err
	}
	u := page.Items[0]
	switch {
	case len(page.Items) > 1:
		return UserID{}, false, noAccount(r.org, NoAccountAmbiguous)
	case u.Owner:
		return UserID{}, false, noAccount(r.org, NoAccountOwner)
	case u.Connection != r.connection.ID && !u.Connection.IsZero():
		return UserID{}, false, noAccount(r.org, NoAccountForeign)
	}
	return u.ID, true, r.link(u, LinkedByEmail, func(Identity) bool { return true })
}

// equals is a search for one value of an attribute.
func equals(name, sub, value string) Predicate {
	return Compare{
		Attribute: Attribute{Path: Path{Name: name, Sub: sub}, Many: sub != "", CaseExact: name == "externalId"}, Operator: Equal,
		Operand: Operand{Value: attribute.NewString(value)},
	}
}

// link makes the identity somebody's, unless one is theirs that bars it.
func (r *arrival) link(u User, by LinkedBy, bars func(known Identity) bool) error {
	if _, err := r.tx.SignIns().Hold(r.org.ID, u.ID); err != nil {
		return err
	}
	if bars != nil {
		known, err := r.tx.Identities().List(r.org.ID, u.ID)
		if err != nil {
			return err
		}
		i := r.Identity
		if slices.ContainsFunc(known, func(k Identity) bool {
			return k.Connection == i.Connection && k.Issuer == i.Issuer && k.Subject == i.Subject
		}) {
			return nil // they came twice at the same moment, and it was linked since it was looked for
		}
		if slices.ContainsFunc(known, bars) {
			return noAccount(r.org, NoAccountLinked)
		}
	}
	i := r.Identity
	i.User, i.LinkedAt, i.LinkedBy, i.UsedAt, i.Said = u.ID, r.now, by, r.now, Told{}
	if by == LinkedJustInTime {
		i.Said = r.told()
	}
	if err := r.tx.Identities().Link(i); err != nil {
		return err
	}
	return doorsClosed{write: r.entrance.scribe(r.org.ID, self(u.ID), r.visitor), now: r.now}.say(r.tx, IdentityLinked, u.ID, i.tree())
}

// told is what the provider tells of names and language, as far as it can be kept.
func (r *arrival) told() Told {
	t := r.Told
	for _, text := range []*string{&t.Name, &t.GivenName, &t.FamilyName} {
		*text = strings.TrimSpace(bounded(*text, maxPersonText))
	}
	tag, ok := ParseLanguage(t.Language)
	if t.Language = ""; ok {
		t.Language = tag
	}
	return t
}
