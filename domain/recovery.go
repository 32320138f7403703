package domain

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"strings"
	"time"
)

// Recovery codes get a person in who has lost their second factor. There are [RecoveryCodeCount] of them, shown once, each
// good once; new ones end the old.
const (
	RecoveryCodeCount = 10
	RecoveryCodesFew  = 3 // so many or fewer: it is time to make new ones
	recoveryBytes     = 10
	recoveryGroup     = 4
)

// RecoveryCodes is the store of recovery codes, of which it has the SHA-256 only. They have 80 random bits, so that nobody
// finds one by its hash.
type RecoveryCodes interface {
	// Replace writes codes in place of those there are.
	Replace(org OrganisationID, user UserID, hashes []TokenHash, at time.Time) error
	// Use uses one up and reports whether it was there: of any number who present it at once, to one alone.
	Use(org OrganisationID, user UserID, hash TokenHash) (used bool, err error)
	// Left counts those that were not used, and says when they were made; zero: never.
	Left(org OrganisationID, user UserID) (n int, madeAt time.Time, err error)
	// Remove removes all of somebody and says how many there were.
	Remove(org OrganisationID, user UserID) (int, error)
}

// recoveryCodes makes a set of codes: as they are shown, and what is kept.
func recoveryCodes(random io.Reader, org OrganisationID, user UserID) (shown []string, hashes []TokenHash, err error) {
	for range RecoveryCodeCount {
		raw := make([]byte, recoveryBytes)
		if _, err := io.ReadFull(random, raw); err != nil {
			return nil, nil, &Error{Kind: Internal, Code: CodeInternal, Message: "no random bytes", Err: fmt.Errorf("make a recovery code: %w", err)}
		}
		text := strings.ToLower(recoveryAlphabet().EncodeToString(raw))
		var groups []string
		for ; text != ""; text = text[recoveryGroup:] {
			groups = append(groups, text[:recoveryGroup])
		}
		code := strings.Join(groups, "-")
		hash, _ := recoveryHash(org, user, code)
		shown, hashes = append(shown, code), append(hashes, hash)
	}
	return shown, hashes, nil
}

// recoveryAlphabet has no letters that look like digits (Crockford's base 32).
func recoveryAlphabet() *base32.Encoding {
	return base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)
}

// recoveryHash is what is kept of a code, however it is typed: with or without hyphens and blanks, in capitals or not, with
// letters that look like digits. ok is false for what is no code.
func recoveryHash(org OrganisationID, user UserID, typed string) (hash TokenHash, ok bool) {
	const longest = 100
	if len(typed) > longest {
		return hash, false
	}
	text := strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(typed))
	raw, err := recoveryAlphabet().DecodeString(text)
	if err != nil || len(raw) != recoveryBytes || len(text) != recoveryAlphabet().EncodedLen(recoveryBytes) { // it skips what is over
		return hash, false
	}
	return sha256.Sum256([]byte("recovery code\x00" + org.String() + user.String() + string(raw))), true
}
