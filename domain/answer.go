package domain

import (
	"context"
	"time"
)

// Answer is what a request with an Idempotency-Key was answered, so that the same request sent again is answered the
// same and done once. It belongs to who asked: nobody gets another's answer by guessing a key.
type Answer struct {
	Organisation OrganisationID
	Asker        Actor
	Key          string   // as the client chose it, 1 to 255 characters
	Request      [32]byte // SHA-256 of the request
	Sealed       []byte   // the answer, under the secret key of the installation; empty: there is none yet
	About        UserID   // the person whom the answer tells of, when it is kept; zero: none
	ExpiresAt    time.Time
}

// AnswerLife is how long an answer is kept.
const AnswerLife = 24 * time.Hour

// maxIdempotencyKey bounds the key that a client chooses, in bytes.
const maxIdempotencyKey = 255

// Answers is the store of answers.
type Answers interface {
	// Claim notes that a request is about to be carried out. found is the answer that is there under its key already,
	// with or without what was answered; nil when the claim is made. Answers that expired before now are cleared away.
	Claim(a Answer, now time.Time) (found *Answer, err error)
	// Keep gives a claim its answer.
	Keep(a Answer) error
	// Release takes a claim back.
	Release(a Answer) error
	// Forget drops the answers about a person.
	Forget(org OrganisationID, about UserID) error
}

// Claim begins a request under an Idempotency-Key. The Answer is the kept one where replay is true: it is to be given
// again, and nothing done. Otherwise the request is to be carried out, and then [Administration.Keep] or
// [Administration.Release] called. RequestInProgress where the first one has no answer yet, KeyReused where the key came
// with another request, Invalid for a key that is none.
func (ad *Administration) Claim(ctx context.Context, who Administrator, key string, request [32]byte) (a Answer, replay bool, err error) {
	if !isIdempotencyKey(key) {
		return Answer{}, false, InvalidField("Idempotency-Key", "send 1 to 255 printable ASCII characters, different for every request; a random UUID does")
	}
	now := ad.env.instant()
	a = Answer{Organisation: who.Organisation, Asker: who.Actor, Key: key, Request: request, ExpiresAt: now.Add(AnswerLife)}
	var found *Answer
	err = ad.store.Write(ctx, func(tx Tx) (err error) {
		found, err = tx.Answers().Claim(a, now)
		return err
	})
	switch {
	case err != nil || found == nil:
		return a, false, err
	case found.Request != request:
		return a, false, &Error{
			Kind: Invalid, Code: CodeKeyReused, Field: "Idempotency-Key",
			Message: "this key came with another request before; choose a new key for a new request",
		}
	case len(found.Sealed) == 0:
		return a, false, &Error{
			Kind: Conflict, Code: CodeRequestInProgress, Field: "Idempotency-Key",
			Message: "the first request with this key has no answer yet; repeat it in a moment, and if it still has none after two minutes look whether it was carried out before you send it with a new key",
		}
	}
	return *found, true, nil
}

// Keep gives a claim its answer, sealed. It goes when the person whom it is about is erased.
func (ad *Administration) Keep(ctx context.Context, a Answer, sealed []byte, about UserID) error {
	a.Sealed, a.About = sealed, about
	return ad.store.Write(ctx, func(tx Tx) error { return tx.Answers().Keep(a) })
}

// Release takes a claim back: the request changed nothing, and may be sent again under its key.
func (ad *Administration) Release(ctx context.Context, a Answer) error {
	return ad.store.Write(ctx, func(tx Tx) error { return tx.Answers().Release(a) })
}

func isIdempotencyKey(s string) bool {
	if s == "" || len(s) > maxIdempotencyKey {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
