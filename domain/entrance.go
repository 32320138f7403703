package domain

import (
	"context"
	"io"
	"net/netip"
	"slices"
	"time"

	"usher/domain/attribute"
)

// Entrance is what people do to get in and out: sign in, accept an invitation, choose a new password, end a session. It
// tells nobody who is not in who there is: every way to be wrong has one answer and takes the same work.
type Entrance struct {
	store  Store
	env    Environment
	random io.Reader // of the tokens of sessions
}

// NewEntrance makes the use cases over a store. random must be a cryptographic source.
func NewEntrance(store Store, env Environment, random io.Reader) *Entrance {
	return &Entrance{store: store, env: env, random: random}
}

// Visitor is from where somebody, or a client, tries to get in.
type Visitor struct {
	Address   string // of the network, as far as it can be believed; empty: unknown, and not throttled
	Agent     string // what the browser calls itself
	Device    string // the token of a remembered device; empty: none
	RequestID string
}

// SignedIn is the outcome of a sign-in: a session, and the token that is all there is to know to use it. Where steps are
// left, the session opens nothing until they are taken.
type SignedIn struct {
	Session Session
	Token   string
}

// SessionTokenPrefix begins the token of every session, DeviceTokenPrefix that of every remembered device.
const (
	SessionTokenPrefix = "usher_session_"
	DeviceTokenPrefix  = "usher_device_"
)

const (
	attemptsPerAddress = 30               // in attemptWindow (rule block.no-lockout-dos)
	attemptWindow      = time.Minute      //
	unfinished         = 15 * time.Minute // for the steps of a sign-in
	deviceLifetime     = 30 * 24 * time.Hour
	seenEvery          = time.Minute // how exactly it is known when somebody was here
	maxAgent           = 256         // characters
	maxAddress         = 64
)

// attempt counts a try from an address, whatever becomes of it, and refuses what is too many: before any account's own
// counter, so that whoever tries many names is slowed before they block anybody (rule block.no-lockout-dos). NotFound where
// there is no such organisation.
func (e *Entrance) attempt(ctx context.Context, org OrganisationID, v Visitor) error {
	total := 0
	err := e.store.Write(ctx, func(tx Tx) error {
		if _, err := tx.Organisations().Get(org); err != nil || v.Address == "" {
			return err
		}
		var err error
		total, err = tx.Rates().Add(e.env.counter(org, "address", network(v.Address), networkSlots), e.env.Now().UnixNano()/int64(attemptWindow), 1)
		return err
	})
	if err != nil || total <= attemptsPerAddress {
		return err
	}
	return &Error{Kind: Throttled, Code: CodeRateLimited, Message: "there were too many attempts from your network; wait a minute and try again"}
}

// network is what one visitor has for themselves: an address, of IPv6 its /64 (RFC 6177 section 2).
func network(address string) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil || parsed.Unmap().Is4() {
		return address
	}
	prefix, err := parsed.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}

// inVain does the work of writing down a failure where there is nobody whose failure it could be.
func (e *Entrance) inVain(ctx context.Context, org OrganisationID, name string) error {
	return e.store.Write(ctx, func(tx Tx) error {
		_, err := tx.Rates().Add(e.env.counter(org, "name", name, nameSlots), e.env.Now().UnixNano()/int64(attemptWindow), 1)
		return err
	})
}

// scribe of what a person does themselves.
func (e *Entrance) scribe(org OrganisationID, by Actor, v Visitor) scribe {
	return e.author(org, by, v).scribe()
}

func (e *Entrance) author(org OrganisationID, by Actor, v Visitor) author {
	return author{env: e.env, organisation: org, actor: by, requestID: v.RequestID, from: v.Address}
}

// self is a person as an actor.
func self(user UserID) Actor { return Actor{Kind: "user", ID: user.UUID} }

// open begins a session of somebody, of which it is given the method, the steps that are left for the session to take, and
// how it was proved.
func (e *Entrance) open(tx Tx, s Session, v Visitor, now time.Time) (SignedIn, error) {
	id, err := newID[Session](e.env)
	if err != nil {
		return SignedIn{}, err
	}
	secret, err := newSecret(e.random)
	if err != nil {
		return SignedIn{}, err
	}
	token, hash := secretText(SessionTokenPrefix, s.Organisation, secret)
	s.ID, s.Hash, s.Agent, s.Address = id, hash, bounded(v.Agent, maxAgent), bounded(v.Address, maxAddress)
	s.CreatedAt, s.SeenAt = now, now
	if _, err := tx.SignIns().Hold(s.Organisation, s.User); err != nil {
		return SignedIn{}, err
	}
	if err := tx.Sessions().Insert(s); err != nil {
		return SignedIn{}, err
	}
	if len(s.Steps) > 0 {
		return SignedIn{Session: s, Token: token}, nil
	}
	return SignedIn{Session: s, Token: token}, e.came(tx, s, v, now)
}

// came records that somebody is in.
func (e *Entrance) came(tx Tx, s Session, v Visitor, now time.Time) error {
	if err := tx.Inactivity().Accessed(s.Organisation, s.User, now); err != nil {
		return err
	}
	by := doorsClosed{write: e.scribe(s.Organisation, self(s.User), v), now: now}
	how := texts("session", s.ID.String(), "method", string(s.Method))
	if s.Factor != FactorNone {
		how.Set("factor", attribute.NewString(string(s.Factor)))
	}
	if !s.Connection.IsZero() {
		how.Set("connection", attribute.NewString(s.Connection.String()))
	}
	return by.say(tx, SignedInEvent, s.User, how)
}

// rotate gives a session another token and takes a step off it (security: a session's token changes with what it opens). Of
// s, it writes how it was proved.
func (e *Entrance) rotate(tx Tx, s Session, done SignInStep, v Visitor, now time.Time) (SignedIn, error) {
	secret, err := newSecret(e.random)
	if err != nil {
		return SignedIn{}, err
	}
	is := s
	token, hash := secretText(SessionTokenPrefix, s.Organisation, secret)
	is.Hash, is.Steps = hash, slices.DeleteFunc(slices.Clone(s.Steps), func(step SignInStep) bool { return step == done })
	if err := tx.Sessions().Rotate(s, is); err != nil {
		return SignedIn{}, err
	}
	if len(s.Steps) > 0 && len(is.Steps) == 0 {
		return SignedIn{Session: is, Token: token}, e.came(tx, is, v, now)
	}
	return SignedIn{Session: is, Token: token}, nil
}

// bounded is at most so many characters of a text that a client sends, without control characters.
func bounded(text string, most int) string {
	kept := make([]rune, 0, most)
	for _, r := range text {
		if len(kept) == most {
			break
		}
		if r < ' ' || r == 0x7f || r == 0xfffd {
			r = ' '
		}
		kept = append(kept, r)
	}
	return string(kept)
}

// localSignInOff tells somebody who has shown who they are that a password is no way in for them.
func localSignInOff() *Error {
	return &Error{Kind: Forbidden, Code: CodeLocalSignInOff, Message: "your organisation lets people in by its identity provider only; sign in with that"}
}

// signInRefused is the one answer to a wrong name, a wrong password, and everything that nobody may learn from outside.
func signInRefused() *Error {
	return &Error{Kind: Unauthenticated, Code: CodeSignInRefused, Message: "the name or the password is wrong, or there were too many attempts; try again in a while, or ask for a new password"}
}
