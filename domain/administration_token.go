package domain

import (
	"context"
	"strconv"
	"time"

	"usher/domain/attribute"
)

// The bounds of tokens that administrators make.
const (
	MaxTokens  = 50                  // in force of one connection
	MaxOverlap = 30 * 24 * time.Hour // of a token with the one that takes its place
)

// Tokens gives the tokens of a connection, newest first, those no longer in force as well. It needs directory:view.
// NotFound.
func (ad *Administration) Tokens(ctx context.Context, who Administrator, of ConnectionID) ([]Token, error) {
	var tokens []Token
	err := ad.look(ctx, who, ModuleDirectory, ActionView, "", func(tx Tx) error {
		if _, err := tx.Connections().Get(who.Organisation, of); err != nil {
			return err
		}
		all, err := tx.Tokens().List(who.Organisation)
		tokens = ofConnection(all, of)
		return err
	})
	return tokens, err
}

func ofConnection(all []Token, of ConnectionID) []Token {
	var tokens []Token
	for _, t := range all {
		if t.Connection == of {
			tokens = append(tokens, t)
		}
	}
	return tokens
}

// CreateToken makes a token of a connection; lifetime 0 means that it does not expire. text is the token itself: it is
// shown once and kept nowhere. Who has it speaks for the directory, and can change anybody of its people: it needs
// directory:edit and every other permission (rule owner.escalation). NotFound, Invalid, TooMany, Forbidden.
func (ad *Administration) CreateToken(ctx context.Context, who Administrator, of ConnectionID, lifetime time.Duration) (t Token, text string, err error) {
	if err := checkLifetime(lifetime); err != nil {
		return Token{}, "", err
	}
	err = ad.change(ctx, who, ModuleDirectory, ActionEdit, "", func(tx Tx, now time.Time) error {
		t, text, err = ad.addToken(tx, who, of, after(now, lifetime), now)
		return err
	})
	if err != nil {
		return Token{}, "", err
	}
	return t, text, nil
}

// addToken makes and stores a token of a connection.
func (ad *Administration) addToken(tx Tx, who Administrator, of ConnectionID, expires, now time.Time) (t Token, text string, err error) {
	c, err := tx.Connections().Get(who.Organisation, of)
	if err != nil {
		return Token{}, "", err
	}
	if err := who.mayReachAnybody(tx, "connection"); err != nil {
		return Token{}, "", err
	}
	all, err := tx.Tokens().List(who.Organisation)
	if err != nil {
		return Token{}, "", err
	}
	n := 0
	for _, t := range ofConnection(all, of) {
		if t.InForce(now) && t.Client.IsZero() {
			n++
		}
	}
	if n >= MaxTokens {
		return Token{}, "", &Error{Kind: Conflict, Code: CodeTooMany, Message: "the connection has " + strconv.Itoa(n) + " tokens in force, which is all it may have; revoke one that is not used"}
	}
	if t, text, err = makeToken(ad.env, ad.random, c, expires, now); err != nil {
		return Token{}, "", err
	}
	return t, text, insertToken(tx, ad.author(who), t)
}

// insertToken stores a new token.
func insertToken(tx Tx, by author, t Token) error {
	if err := tx.Tokens().Insert(t); err != nil {
		return err
	}
	return by.record(tx, TokenCreated, "token", t.ID.UUID, t.CreatedAt, attribute.Value{}, createdToken(t))
}

// revokeToken ends a token.
func revokeToken(tx Tx, by author, t Token, now time.Time) (Token, error) {
	if !t.RevokedAt.IsZero() {
		return t, nil
	}
	t.RevokedAt = now
	if err := tx.Tokens().Revoke(t.Organisation, t.ID, now); err != nil {
		return t, err
	}
	return t, by.record(tx, TokenRevoked, "token", t.ID.UUID, now, attribute.Value{}, texts("revokedAt", timestamp(now)))
}

// RevokeToken ends a token with the next request that bears it. It needs directory:edit. NotFound, VersionMismatch.
func (ad *Administration) RevokeToken(ctx context.Context, who Administrator, id TokenID, match IfMatch) (Token, error) {
	var outcome Token
	err := ad.change(ctx, who, ModuleDirectory, ActionEdit, "", func(tx Tx, now time.Time) error {
		t, err := tx.Tokens().Get(who.Organisation, id)
		if err != nil {
			return err
		}
		if err := match.admits(t.Version()); err != nil {
			return err
		}
		outcome, err = revokeToken(tx, ad.author(who), t, now)
		return err
	})
	return outcome, err
}

// RotateToken makes a token in place of one that is in force, good for as long as that was made for. The old one ends
// after the overlap, or when it would have ended anyway. It needs what CreateToken needs. NotFound, Invalid, VersionMismatch,
// Forbidden.
func (ad *Administration) RotateToken(ctx context.Context, who Administrator, id TokenID, overlap time.Duration, match IfMatch) (made Token, text string, err error) {
	if overlap < 0 || overlap > MaxOverlap {
		return Token{}, "", InvalidField("overlap_hours", "use 0 to 720 hours")
	}
	err = ad.change(ctx, who, ModuleDirectory, ActionEdit, "", func(tx Tx, now time.Time) error {
		old, err := tx.Tokens().Get(who.Organisation, id)
		if err != nil {
			return err
		}
		if err := match.admits(old.Version()); err != nil {
			return err
		}
		if !old.InForce(now) {
			return InvalidField("id", "this token has expired or was revoked; make a new one for its connection")
		}
		if !old.Client.IsZero() {
			return InvalidField("id", "this token was given to an OAuth client, which asks for the next one by itself; rotate the client's secret")
		}
		var expires time.Time
		if !old.ExpiresAt.IsZero() {
			expires = now.Add(old.ExpiresAt.Sub(old.CreatedAt))
		}
		if made, text, err = ad.addToken(tx, who, old.Connection, expires, now); err != nil {
			return err
		}
		if err := tx.Tokens().Warned(who.Organisation, id, now); err != nil { // who replaces it knows that it ends
			return err
		}
		ends := now.Add(overlap)
		if !old.ExpiresAt.IsZero() && !ends.Before(old.ExpiresAt) {
			return nil
		}
		if err := tx.Tokens().Expire(who.Organisation, id, ends); err != nil {
			return err
		}
		return ad.record(tx, who, TokenUpdated, "token", id.UUID, now,
			texts("expiresAt", timestamp(old.ExpiresAt)), texts("expiresAt", timestamp(ends), "replacedBy", made.ID.String()))
	})
	if err != nil {
		return Token{}, "", err
	}
	return made, text, nil
}
