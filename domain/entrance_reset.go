package domain

import (
	"context"
	"errors"
	"time"
)

// ResetRequest says that somebody asked for a link to choose a new password, and was answered.
type ResetRequest struct {
	Organisation OrganisationID
	User         UserID // who signs in by the name that was given; nobody's where there is none
	RequestID    string
	Address      string // from where, as [Visitor] has it
	At           time.Time
}

// ResetRequests is the store of those that nobody has looked at since.
type ResetRequests interface {
	// Put adds one, by one statement whoever it is for; where one waits for the same person it stays as it was.
	Put(r ResetRequest) error
	// Waiting reads those of all organisations, the oldest first, at most limit.
	Waiting(limit int) ([]ResetRequest, error)
	// Take removes one; taken is false where another replica was faster.
	Take(r ResetRequest) (taken bool, err error)
}

// RequestReset asks for a link to choose a new password for whoever signs in by a name (rule password.reset). What becomes of
// that depends on who it is: whether they are here, may have a password and are reached by a letter. So it is not done while
// somebody waits for the answer: what is done now is the same for every name, to the statement, and in the end one row stands
// for the request, whose work is done afterwards ([Entrance.SendResets]), by any replica and also after a crash. Rows of names
// that nobody has are of people that nobody is, a bounded number of them. RateLimited.
func (e *Entrance) RequestReset(ctx context.Context, org OrganisationID, name string, v Visitor) error {
	err := e.attempt(ctx, org, v)
	if err != nil {
		return ignore(err, NotFound)
	}
	key, now := NewName(name).Key, e.env.instant()
	return e.store.Write(ctx, func(tx Tx) error {
		user, found, err := tx.SignIns().ByName(org, key)
		if err != nil {
			return err
		}
		if !found {
			user = UserID{UUID: e.env.counter(org, "reset", key, nameSlots).Connection.UUID}
		}
		return tx.ResetRequests().Put(ResetRequest{Organisation: org, User: user, RequestID: v.RequestID, Address: v.Address, At: now})
	})
}

const resetsAtOnce = 100

// SendResets does what was asked for by RequestReset, and reports whether there may be more of it. What fails keeps no other one
// waiting, and is tried again by the next run; who was not sent a link for as long as one is good has asked again, or forgotten.
func (e *Entrance) SendResets(ctx context.Context) (worked bool, err error) {
	var list []ResetRequest
	err = e.store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.ResetRequests().Waiting(resetsAtOnce)
		return err
	})
	failed := []error{err}
	for _, r := range list {
		failed = append(failed, e.SendReset(ctx, r))
	}
	err = errors.Join(failed...)
	return err == nil && len(list) == resetsAtOnce, err
}

// SendReset is SendResets for one request. Where another replica was faster it does nothing.
func (e *Entrance) SendReset(ctx context.Context, r ResetRequest) error {
	now := e.env.instant()
	return e.store.Write(ctx, func(tx Tx) error {
		taken, err := tx.ResetRequests().Take(r)
		if err != nil || !taken || now.Sub(r.At) >= resetLifetime {
			return err
		}
		return e.sendReset(tx, r, now)
	})
}

// sendReset sends a link to somebody who is active, may have a password, is reached by a letter and has not had enough of them.
func (e *Entrance) sendReset(tx Tx, r ResetRequest, now time.Time) error {
	u, err := tx.Users().Find(r.Organisation, r.User)
	if err != nil || u.Status != Active {
		return ignore(err, NotFound)
	}
	for _, may := range []func(Tx, User) (bool, error){mayHavePassword, resettable} {
		if ok, err := may(tx, u); err != nil || !ok {
			return err
		}
	}
	if err := e.env.mayResend(tx, u, LinkReset, now); err != nil {
		return ignore(err, Throttled)
	}
	_, err = sendLink(tx, u, LinkReset, resetLifetime, true, now, e.scribe(r.Organisation, self(u.ID), Visitor{RequestID: r.RequestID, Address: r.Address}))
	return err
}

// mayHavePassword reports whether somebody signs in by a password, or could: not who has only ever come, or can only come,
// by single sign-on.
func mayHavePassword(tx Tx, u User) (bool, error) {
	policy, err := tx.Policies().Get(u.Organisation)
	if err != nil || !policy.Locally(u.Owner) {
		return false, err
	}
	held, _, err := tx.SignIns().Get(u.Organisation, u.ID)
	if err != nil || held.Password != "" {
		return err == nil, err
	}
	identities, err := tx.Identities().List(u.Organisation, u.ID)
	if err != nil || len(identities) > 0 {
		return false, err
	}
	if u.Connection.IsZero() {
		return true, nil
	}
	c, err := tx.Connections().Get(u.Organisation, u.Connection)
	return err == nil && c.OIDC.Issuer == "", err
}
