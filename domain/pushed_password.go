package domain

import (
	"context"
	"time"

	"usher/domain/attribute"
)

// PushedPassword is a password as a directory pushes it with a person. The zero value is none. It shows itself to nobody.
type PushedPassword struct{ sent attribute.Value }

// PushPassword wraps what was sent as a password: nothing is a password that is null or empty.
func PushPassword(sent attribute.Value) PushedPassword {
	if sent.Kind() == attribute.String && sent.Text() == "" {
		sent = attribute.Value{}
	}
	return PushedPassword{sent: sent}
}

// String hides the password.
func (p PushedPassword) String() string { return "password (hidden)" }

// GoString hides the password.
func (p PushedPassword) GoString() string { return p.String() }

// text is the password. PasswordRefused for what is no text.
func (p PushedPassword) text() (string, error) {
	switch p.sent.Kind() {
	case attribute.String, attribute.Number: // some spell texts of digits as numbers
		return p.sent.Text(), nil
	case attribute.Null, attribute.Bool, attribute.Complex, attribute.List:
	}
	return "", passwordRefused(PasswordNotText, "send the password as text")
}

// pushed is a pushed password that is to be kept, checked and hashed outside of any unit of work. The zero value is none.
type pushed struct{ text, hash string }

// pushedFor decides what becomes of a password that a directory pushes for somebody who is here, or with the zero id for
// somebody who is about to be (rule provision.password): it is dropped, unless the connection's policy keeps it. The one
// that the person has already changes nothing. NotFound; PasswordRefused by rule password.policy.
func (d *Directory) pushedFor(ctx context.Context, caller Caller, id UserID, password PushedPassword) (pushed, error) {
	if caller.Policy.PasswordSync != PasswordKeep || password.sent.Kind() == attribute.Null {
		return pushed{}, nil
	}
	text, err := password.text()
	if err != nil {
		return pushed{}, err
	}
	if d.env.Passwords == nil {
		return pushed{}, &Error{Kind: Internal, Code: CodeInternal, Message: "there is nothing to keep passwords with"}
	}
	var held SignIn
	if !id.IsZero() {
		err := d.store.Read(ctx, func(tx Tx) error {
			if _, err := tx.Users().Get(caller.Scope(), id); err != nil {
				return err
			}
			held, _, err = tx.SignIns().Get(caller.Organisation, id)
			return err
		})
		if err != nil {
			return pushed{}, err
		}
	}
	if held.Password != "" && held.PasswordEndsAt.IsZero() && len(text) <= 4*MaxPassword {
		same, err := d.env.Passwords.Matches(held.Password, normal(text))
		if err != nil {
			return pushed{}, faulty("compare a password", err)
		}
		if same {
			return pushed{}, nil
		}
	}
	if err := checkPassword(d.env.Passwords, text, ""); err != nil {
		return pushed{}, err
	}
	hash, err := d.env.Passwords.Hash(normal(text))
	if err != nil {
		return pushed{}, faulty("hash a password", err)
	}
	return pushed{text: text, hash: hash}, nil
}

// keepPassword makes a pushed password the person's, as one they chose: it is not temporary, ends their sessions, remembered
// browsers and the links to choose another one, and leaves a block as it is. Which passwords they had before is the
// directory's to remember. PasswordRefused where the user name is in it.
func (d *Directory) keepPassword(tx Tx, caller Caller, u User, p pushed, now time.Time) error {
	if p.hash == "" {
		return nil
	}
	if err := checkPassword(d.env.Passwords, p.text, u.UserName.Text); err != nil {
		return err
	}
	held, err := tx.SignIns().Hold(u.Organisation, u.ID)
	if err != nil {
		return err
	}
	failures, slowed := held.Failures, held.SlowedUntil
	if err := held.set(newPassword{hash: p.hash, same: held.kept()}, time.Time{}, now); err != nil {
		return err
	}
	if _, blocked, err := tx.Blocks().Get(u.Organisation, u.ID); err != nil {
		return err
	} else if blocked {
		held.Failures, held.SlowedUntil = failures, slowed
	}
	if err := tx.SignIns().Save(held); err != nil {
		return err
	}
	by := doorsClosed{write: d.scribe(caller), now: now}
	if err := by.proofsChanged(tx, Session{Organisation: u.Organisation, User: u.ID}); err != nil {
		return err
	}
	if err := by.revokeLinks(tx, u.Organisation, u.ID, LinkReset); err != nil {
		return err
	}
	return by.say(tx, PasswordChanged, u.ID, texts("how", "pushed"))
}
