// Package password owns what is kept of passwords: Argon2id hashes (RFC 9106) in the PHC string format, and the list of
// passwords that are too common. It implements domain.Passwords.
//
//	passwords, err := password.New(rand.Reader)
//	hash, err := passwords.Hash("a long sentence nobody else says")
//	ok, err := passwords.Matches(hash, "another one")
package password

import (
	"crypto/subtle"
	_ "embed" // the list of common passwords
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"unicode"

	"golang.org/x/crypto/argon2"
)

// The costs of a hash: 32 MiB, twice over, one thread: 50 to 100 ms on a common server of 2026. Both are at or above the
// recommendation of the OWASP Password Storage Cheat Sheet (19 MiB, twice). A hash tells its own costs, so that they can
// be raised later.
const (
	memory   = 32 << 10 // KiB
	passes   = 2
	threads  = 1
	saltSize = 16 // bytes
	keySize  = 32
)

// The greatest costs that a stored hash may ask for, so that no row can make the server stand still.
const (
	maxMemory = 1 << 20 // KiB
	maxPasses = 16
)

// common is a list of passwords in use, folded to lower case, one a line, in order: the most frequent of the list that
// Django ships (django/contrib/auth/common-passwords.txt.gz, by Royce Williams, made of the public list "pwned
// passwords"), all long ones of it, runs of neighbouring keys and equal characters, and words of this kind of product.
//
//go:embed common.txt
var common string

// Costs of a hash.
type Costs struct {
	Memory uint32 // KiB
	Passes uint32
}

// Passwords hashes and compares. At most as many at once as there are processors: each takes 32 MiB.
type Passwords struct {
	random io.Reader
	costs  Costs
	turns  chan struct{}
	common map[string]bool
	blank  string // a hash of nobody's password
}

// New makes one. random must be a cryptographic source.
func New(random io.Reader) (*Passwords, error) {
	return NewAt(random, Costs{Memory: memory, Passes: passes})
}

// NewAt makes one whose hashes cost something else, for tests that hash often.
func NewAt(random io.Reader, costs Costs) (*Passwords, error) {
	p := &Passwords{random: random, costs: costs, turns: make(chan struct{}, runtime.GOMAXPROCS(0)), common: map[string]bool{}}
	for line := range strings.Lines(common) {
		p.common[strings.TrimSuffix(line, "\n")] = true
	}
	var err error
	p.blank, err = p.Hash("nobody has this password, and comparing with it takes as long as with any other")
	return p, err
}

// Hash implements domain.Passwords.
func (p *Passwords) Hash(password string) (string, error) {
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(p.random, salt); err != nil {
		return "", fmt.Errorf("password: make a salt: %w", err)
	}
	key := p.derive(password, salt, p.costs.Passes, p.costs.Memory, threads, keySize)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.costs.Memory, p.costs.Passes, threads, encode(salt), encode(key)), nil
}

// derive waits for its turn.
func (p *Passwords) derive(password string, salt []byte, passes, memory uint32, threads uint8, size uint32) []byte {
	p.turns <- struct{}{}
	defer func() { <-p.turns }()
	return argon2.IDKey([]byte(password), salt, passes, memory, threads, size)
}

// ErrForm says that what is stored is no hash that this package made.
var ErrForm = errors.New("password: the stored hash is not one of Argon2id")

// Matches implements domain.Passwords.
func (p *Passwords) Matches(hash, password string) (bool, error) {
	nobody := hash == ""
	if nobody {
		hash = p.blank
	}
	parts := strings.Split(hash, "$")
	const fields = 6 // nothing, method, version, costs, salt, key
	if len(parts) != fields || parts[1] != "argon2id" {
		return false, ErrForm
	}
	var version int
	var memory, passes uint32
	var threads uint8
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &threads); err != nil || version != argon2.Version {
		return false, ErrForm
	}
	if memory > maxMemory || passes < 1 || passes > maxPasses || threads < 1 {
		return false, ErrForm
	}
	salt, errSalt := base64.RawStdEncoding.DecodeString(parts[4])
	key, errKey := base64.RawStdEncoding.DecodeString(parts[5])
	if errSalt != nil || errKey != nil || len(key) != keySize {
		return false, ErrForm
	}
	made := p.derive(password, salt, passes, memory, threads, keySize)
	return subtle.ConstantTimeCompare(made, key) == 1 && !nobody, nil
}

// Common implements domain.Passwords: the password is on the list, or it is nothing but one of the list, repeated, or with
// digits and marks before and behind it.
func (p *Passwords) Common(password string) bool {
	folded := strings.ToLower(password)
	core := strings.TrimFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) })
	for _, candidate := range []string{folded, core} {
		if candidate == "" {
			continue
		}
		if p.common[candidate] || p.common[repeated(candidate)] {
			return true
		}
	}
	return false
}

// repeated is the shortest text of which s is made by repeating it.
func repeated(s string) string {
	for size := 1; size <= len(s)/2; size++ {
		if len(s)%size == 0 && strings.Repeat(s[:size], len(s)/size) == s {
			return s[:size]
		}
	}
	return s
}
