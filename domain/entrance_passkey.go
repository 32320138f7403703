package domain

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"usher/domain/attribute"
)

// PasskeyGiven is what a browser gives to prove somebody by a passkey.
type PasskeyGiven struct {
	Challenge  Challenge // that this browser was given
	Credential []byte    // which passkey it is
	Check      PasskeyCheck

	verified bool // the device must have seen who uses it, since nothing else proves it
}

// byPasskey is the proof by a passkey: a challenge that was not used, a signature that is right, and a counter that has gone
// on. A counter that has not is of a copy of the key: it is written down and refused (Web Authentication section 7.2, step 22).
func (e *Entrance) byPasskey(p PasskeyGiven, v Visitor) proof {
	return func(tx Tx, held SignIn, now time.Time) (bool, error) {
		k, err := tx.Passkeys().ByCredential(held.Organisation, held.User, p.Credential)
		if IsKind(err, NotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		answer, right := p.Check(k)
		if !right || p.verified && !answer.Verified {
			return false, nil
		}
		if first, err := p.Challenge.spend(tx, held.Organisation, now); err != nil || !first {
			return false, err
		}
		if k.cloned(answer) {
			by := doorsClosed{write: e.scribe(held.Organisation, self(held.User), v), now: now}
			if err := by.say(tx, PasskeyCopied, held.User, k.tree()); err != nil {
				return false, err
			}
			return false, passkeyCloned()
		}
		return true, tx.Passkeys().Use(k, answer.Flags, answer.Signatures, now)
	}
}

func passkeyCloned() error {
	return &Error{
		Kind: Unauthenticated, Code: CodePasskeyCloned,
		Message: "this passkey seems to have been copied, so it was not accepted; sign in another way, remove it and make a new one, and tell your administrator",
	}
}

// tree is a passkey as events show it.
func (k Passkey) tree() attribute.Value { return texts("passkey", k.ID.String(), "name", k.Name) }

// SignInByPasskey signs somebody in by a passkey alone, in place of a password and a second factor, for which the device
// must have seen who uses it. Whose it is, the device says. SignInRefused, AccessRefused, PasskeyCloned, RateLimited.
func (e *Entrance) SignInByPasskey(ctx context.Context, org OrganisationID, user UserID, given PasskeyGiven, v Visitor) (SignedIn, error) {
	err := e.attempt(ctx, org, v)
	if IsKind(err, NotFound) {
		return SignedIn{}, signInRefused()
	}
	if err != nil {
		return SignedIn{}, err
	}
	var outcome SignedIn
	var refused error
	now := e.env.instant()
	given.verified = true
	err = e.store.Write(ctx, func(tx Tx) error {
		outcome, refused = SignedIn{}, nil
		_, known, err := tx.SignIns().Get(org, user)
		if err != nil {
			return err
		}
		if !known {
			refused = signInRefused()
			return nil
		}
		held, err := tx.SignIns().Hold(org, user)
		if err != nil {
			return err
		}
		admission, err := tx.Assignments().Admission(org, user)
		if err != nil {
			return err
		}
		policy, err := tx.Policies().Get(org)
		if err != nil {
			return err
		}
		passed, err := e.byPasskey(given, v)(tx, held, now)
		switch {
		case IsCode(err, CodePasskeyCloned):
			refused = err
			return nil
		case err != nil:
			return err
		case !passed || !admission.Facts.Here || admission.Facts.Status == Inactive || held.Password == "" || !policy.Locally(admission.Access.Owner):
			refused = signInRefused()
			return nil
		}
		if d := admission.Decide(ByPasskey, now); !d.Allowed {
			refused = accessRefused(d)
			return nil
		}
		outcome, err = e.open(tx, Session{Organisation: org, User: user, Method: ByPasskey, Factor: FactorPasskey, ProvedAt: now}, v, now)
		return err
	})
	if err == nil {
		err = refused
	}
	return outcome, err
}

// AddPasskey keeps a passkey that a device has made for whoever has this session, once the caller has verified its answer to
// the challenge: as a second factor, and to sign in by itself. It takes the step of setting one up. As Enrol; PasskeyTaken;
// Invalid, TooMany.
func (e *Entrance) AddPasskey(ctx context.Context, token string, k Passkey, challenge Challenge, v Visitor) (Enrolled, error) {
	s, err := e.sensitive(ctx, token, StepEnrol, v)
	if err != nil {
		return Enrolled{}, err
	}
	if err := k.check(); err != nil {
		return Enrolled{}, err
	}
	if k.ID, err = newID[Passkey](e.env); err != nil {
		return Enrolled{}, err
	}
	now := e.env.instant()
	k.Organisation, k.User, k.CreatedAt, k.UsedAt = s.Organisation, s.User, now, time.Time{}
	return e.enrolled(ctx, s, FactorPasskey, v, now, func(tx Tx, by doorsClosed) error {
		first, err := challenge.spend(tx, s.Organisation, now)
		if err != nil {
			return err
		}
		if !first {
			return InvalidField("passkey", "this took too long, or was sent twice; begin again")
		}
		all, err := tx.Passkeys().List(s.Organisation, s.User)
		if err != nil {
			return err
		}
		if len(all) >= MaxPasskeys {
			return &Error{Kind: Invalid, Code: CodeTooMany, Field: "passkey", Message: "you have as many passkeys as there can be; remove one that you do not use"}
		}
		if err := tx.Passkeys().Insert(k); err != nil {
			return err
		}
		return by.say(tx, PasskeyAdded, s.User, k.tree())
	})
}

// check bounds what a device said, and gives a passkey a name.
func (k *Passkey) check() error {
	if k.Name = strings.TrimSpace(bounded(k.Name, maxPasskeyName)); k.Name == "" {
		return &Error{Kind: Invalid, Code: CodeRequired, Field: "name", Message: "give the passkey a name by which you will know it, such as the name of the device"}
	}
	k.Transports = slices.DeleteFunc(slices.Clone(k.Transports), func(t string) bool {
		return !slices.Contains([]string{"usb", "nfc", "ble", "smart-card", "hybrid", "internal"}, t)
	})
	if len(k.Credential) == 0 || len(k.Credential) > maxCredential || len(k.PublicKey) == 0 || len(k.PublicKey) > maxPublicKey || len(k.Transports) > maxTransports {
		return InvalidField("passkey", "the device has answered with something that is no passkey; try another one")
	}
	return nil
}

// RemovePasskey removes a passkey of whoever has this session. As RemoveCodes.
func (e *Entrance) RemovePasskey(ctx context.Context, token string, id PasskeyID, v Visitor) (SignedIn, error) {
	return e.withoutFactor(ctx, token, v, func(tx Tx, s Session, by doorsClosed) error {
		all, err := tx.Passkeys().List(s.Organisation, s.User)
		if err != nil {
			return err
		}
		for _, k := range all {
			if k.ID == id {
				if err := tx.Passkeys().Remove(s.Organisation, s.User, id); err != nil {
					return err
				}
				return by.say(tx, PasskeyRemoved, s.User, k.tree())
			}
		}
		return &Error{Kind: NotFound, Code: CodeNotFound, Message: "there is no such passkey, or no longer"}
	})
}

// NewChallenge makes what a device has to sign.
func (e *Entrance) NewChallenge() (Challenge, error) {
	secret, err := newSecret(e.random)
	return Challenge{Text: base64.RawURLEncoding.EncodeToString(secret[:]), EndsAt: e.env.instant().Add(challengeLifetime)}, err
}
