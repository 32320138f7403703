// Package secret owns the secret key of an installation: reading it, making it where an installation is allowed to make
// its own, deriving a key for every purpose from it, and sealing what must be kept but not read by whoever sees the
// database.
//
//	key, err := secret.Parse(text)
//	cursors := key.Derive("cursor")
//	sealed, err := key.Seal("seal", []byte("client secret"), []byte("where it belongs"))
//
// All replicas of an installation share one secret key. Whoever has it can read what was sealed and forge cursors.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

// MinLength is how many characters the text of a secret key has at least: 32 characters of hexadecimal or base64 digits
// are 128 bits or more.
const MinLength = 32

// KeySize is the size of a derived key in bytes.
const KeySize = 32

// Key is the secret key of an installation. Its text never shows, whatever prints it.
type Key struct{ material []byte }

// ErrTooShort says that a text is too short for a secret key.
var ErrTooShort = fmt.Errorf("a secret key has at least %d characters; make one with: openssl rand -hex 32", MinLength)

// Parse makes a key of its text; white space around it, such as the line end of a file, is no part of it. ErrTooShort.
func Parse(text string) (Key, error) {
	text = strings.TrimSpace(text)
	if len(text) < MinLength {
		return Key{}, ErrTooShort
	}
	return Key{material: []byte(text)}, nil
}

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return len(k.material) == 0 }

// String hides the key.
func (k Key) String() string { return "secret key (hidden)" }

// GoString hides the key.
func (k Key) GoString() string { return k.String() }

// Derive makes the key of a purpose (HKDF-SHA256, RFC 5869): knowing one says nothing about another, or about the
// secret key.
func (k Key) Derive(purpose string) ([]byte, error) {
	if k.IsZero() {
		return nil, errors.New("secret: there is no key to derive from")
	}
	derived, err := hkdf.Key(sha256.New, k.material, nil, "usher "+purpose, KeySize)
	if err != nil {
		return nil, fmt.Errorf("secret: derive the key for %s: %w", purpose, err)
	}
	return derived, nil
}

// sealVersion leads every sealed value, so that another method can follow.
const sealVersion = 1

// Seal encrypts plain (AES-256-GCM) under the key of a purpose. Only Open with the same place, which says where the
// value belongs, gives it back: a sealed value that was copied to another row does not open there.
func (k Key) Seal(purpose string, plain, place []byte) ([]byte, error) {
	gcm, err := k.cipher(purpose)
	if err != nil {
		return nil, err
	}
	sealed := make([]byte, 1+gcm.NonceSize(), 1+gcm.NonceSize()+len(plain)+gcm.Overhead())
	sealed[0] = sealVersion
	if _, err := rand.Read(sealed[1:]); err != nil {
		return nil, fmt.Errorf("secret: make a nonce: %w", err)
	}
	return gcm.Seal(sealed, sealed[1:], plain, place), nil
}

// ErrSealed says that a sealed value does not open: another key made it, or it was changed or moved.
var ErrSealed = errors.New("this was sealed with another secret key, or changed since")

// Open gives back what Seal was given. ErrSealed.
func (k Key) Open(purpose string, sealed, place []byte) ([]byte, error) {
	gcm, err := k.cipher(purpose)
	if err != nil {
		return nil, err
	}
	if len(sealed) < 1+gcm.NonceSize() || sealed[0] != sealVersion {
		return nil, ErrSealed
	}
	nonce, body := sealed[1:1+gcm.NonceSize()], sealed[1+gcm.NonceSize():]
	plain, err := gcm.Open(nil, nonce, body, place)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

func (k Key) cipher(purpose string) (cipher.AEAD, error) {
	derived, err := k.Derive(purpose)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	return gcm, nil
}
