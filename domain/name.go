package domain

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"usher/domain/attribute"
)

// Name is a text that compares without case: as it was sent, and the key under which the store finds it. A Name that
// exists is valid.
type Name struct {
	Text string
	Key  string // attribute.Fold of Text
}

const (
	maxNameLength = 1024 // characters; above it a name is an accident
	maxKeyLength  = 2000 // bytes of a text by which something is found; PostgreSQL's indexes take little more
	foldGrowth    = 18   // how much longer, at most, a key is than its text (Unicode NFKC, UTF-8)
)

// ParseUserName checks a user name (RFC 7643 section 4.1.1): not blank, no control characters, at most 1,024
// characters.
func ParseUserName(s string) (Name, error) {
	switch {
	case strings.TrimSpace(s) == "":
		return Name{}, &Error{Kind: Invalid, Code: CodeRequired, Field: "userName", Message: "a userName that is not blank is required"}
	case utf8.RuneCountInString(s) > maxNameLength:
		return Name{}, InvalidField("userName", "use at most 1,024 characters")
	case strings.ContainsFunc(s, unicode.IsControl):
		return Name{}, InvalidField("userName", "use no control characters")
	}
	name := NewName(s)
	return name, checkKey("userName", name.Key)
}

// checkKey refuses a text that is compared exactly, or the key of one that is not, which is too long to be found by.
func checkKey(field, key string) error {
	if len(key) > maxKeyLength {
		return InvalidField(field, "use at most 2,000 bytes of UTF-8 (between 500 and 2,000 characters)")
	}
	return nil
}

// checkName is checkKey for a text that is compared without case.
func checkName(field, text string) error {
	if len(text) <= maxKeyLength/foldGrowth {
		return nil
	}
	return checkKey(field, attribute.Fold(text))
}

// NewName makes a Name of any text that needs no check.
func NewName(s string) Name { return Name{Text: s, Key: attribute.Fold(s)} }

// ParseEmail reads an address a person could sign in or be reached with: local part, @ and domain, nothing else around
// it. A directory's e-mails are kept as sent whether or not they parse; only those that do count as addresses.
func ParseEmail(s string) (Name, bool) {
	if len(s) > 320 || strings.ContainsAny(s, " <>\t\r\n") {
		return Name{}, false
	}
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Address != s {
		return Name{}, false
	}
	return NewName(s), true
}
