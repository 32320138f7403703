package domain

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"usher/domain/attribute"
)

// Passwords turns passwords into what is kept of them, and compares. It is slow on purpose, and is never called inside a
// unit of work.
type Passwords interface {
	// Hash spells what is kept of a password, with its method, costs and salt (PHC string format), without a blank.
	Hash(password string) (string, error)
	// Matches reports whether a password is the one that was hashed. The empty hash matches nothing and takes as long.
	Matches(hash, password string) (bool, error)
	// Common reports whether a password is one of those that are tried first.
	Common(password string) bool
}

// Bounds of a password, in characters (rule password.policy; NIST SP 800-63B-4 section 3.1.1.2), and how many of the last
// ones, the current one among them, cannot be chosen again (rule password.expiry).
const (
	MinPassword   = 12
	MaxPassword   = 256
	keptPasswords = 5
)

// The reasons for which a new password is refused.
const (
	PasswordNotText   = "not_text"
	PasswordTooShort  = "too_short"
	PasswordTooLong   = "too_long"
	PasswordHoldsName = "holds_name"
	PasswordCommon    = "common"
	PasswordUsed      = "used" // it is one of the last
)

// normal is a password as it is hashed: the same for all spellings of the same characters (Unicode NFKC).
func normal(password string) string { return norm.NFKC.String(password) }

// checkPassword applies rule password.policy to a new password of somebody with a user name. PasswordRefused.
func checkPassword(passwords Passwords, password, userName string) error {
	text := normal(password)
	length := utf8.RuneCountInString(text)
	folded := attribute.Fold(text)
	switch {
	case !utf8.ValidString(password):
		return passwordRefused(PasswordNotText, "the password is not valid text; use letters, digits, blanks and marks")
	case length < MinPassword:
		return passwordRefused(PasswordTooShort, fmt.Sprintf("the password is too short; use at least %d characters, such as a few words", MinPassword))
	case length > MaxPassword:
		return passwordRefused(PasswordTooLong, fmt.Sprintf("the password is too long; use at most %d characters", MaxPassword))
	case contains(folded, attribute.Fold(userName)):
		return passwordRefused(PasswordHoldsName, "the password contains the user name; choose one that has nothing to do with it")
	case passwords.Common(text):
		return passwordRefused(PasswordCommon, "the password is one that many people use and that is tried first; choose another one, such as a few words that do not belong together")
	}
	return nil
}

// contains reports whether a password contains a user name, or the part of it before the @ where that is long enough to
// mean something.
func contains(folded, userName string) bool {
	local, _, address := strings.Cut(userName, "@")
	const telling = 4
	return userName != "" && strings.Contains(folded, userName) || address && utf8.RuneCountInString(local) >= telling && strings.Contains(folded, local)
}

func passwordRefused(reason, message string) *Error {
	return &Error{Kind: Invalid, Code: CodePasswordRefused, Field: "password", Reason: reason, Message: message}
}

// NewPassword is a password that somebody chose, checked and hashed, outside of any unit of work.
type newPassword struct {
	hash string
	same []string // the hashes of the person that it was compared with
	used bool     // one of them is of this password
}

// prepare checks a new password of somebody who has had passwords, and hashes it.
func (e Environment) prepare(password, userName string, held SignIn) (newPassword, error) {
	if e.Passwords == nil {
		return newPassword{}, &Error{Kind: Internal, Code: CodeInternal, Message: "there is nothing to keep passwords with"}
	}
	if err := checkPassword(e.Passwords, password, userName); err != nil {
		return newPassword{}, err
	}
	made := newPassword{same: held.kept()}
	for _, hash := range made.same {
		matches, err := e.Passwords.Matches(hash, normal(password))
		if err != nil {
			return newPassword{}, faulty("compare a password", err)
		}
		made.used = made.used || matches
	}
	if made.used {
		return newPassword{}, passwordRefused(PasswordUsed, fmt.Sprintf("the password is one of the last %d; choose a new one", keptPasswords))
	}
	var err error
	if made.hash, err = e.Passwords.Hash(normal(password)); err != nil {
		return newPassword{}, faulty("hash a password", err)
	}
	return made, nil
}

func faulty(doing string, err error) *Error {
	return &Error{Kind: Internal, Code: CodeInternal, Message: "the password could not be worked on", Err: fmt.Errorf("%s: %w", doing, err)}
}

// kept are the hashes that a new password may not match: of the current one and those before it.
func (s SignIn) kept() []string {
	if s.Password == "" {
		return nil
	}
	return slices.Concat([]string{s.Password}, s.Previous)
}

// set makes a prepared password the person's. ends is when it ends if it is temporary, else zero. It fails when the person
// got another password since it was prepared: then the unit of work is for the caller to give up.
func (s *SignIn) set(made newPassword, ends, now time.Time) error {
	if !slices.Equal(made.same, s.kept()) {
		return &Error{Kind: Conflict, Code: CodeVersionMismatch, Message: "the password was changed at the same moment; sign in with the new one"}
	}
	if s.Password != "" {
		s.Previous = slices.Insert(s.Previous, 0, s.Password)
		s.Previous = s.Previous[:min(len(s.Previous), keptPasswords-1)]
	}
	s.Password, s.PasswordSetAt, s.PasswordEndsAt, s.PasswordWarnedAt = made.hash, now, ends, time.Time{}
	s.Failures, s.SlowedUntil = 0, time.Time{}
	return nil
}

// expires is when the password has to be changed; zero: never (rule password.expiry).
func (s SignIn) expires(policy Policy) time.Time {
	if s.Password == "" || policy.PasswordDays == 0 {
		return time.Time{}
	}
	return s.PasswordSetAt.Add(days(policy.PasswordDays))
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
