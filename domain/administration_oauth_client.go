package domain

import (
	"context"
	"time"
)

// OAuthClients gives the OAuth clients of a connection, newest first, those no longer in force as well. It needs
// directory:view. NotFound.
func (ad *Administration) OAuthClients(ctx context.Context, who Administrator, of ConnectionID) ([]OAuthClient, error) {
	var clients []OAuthClient
	err := ad.look(ctx, who, ModuleDirectory, ActionView, "", func(tx Tx) error {
		if _, err := tx.Connections().Get(who.Organisation, of); err != nil {
			return err
		}
		var err error
		clients, err = tx.OAuthClients().List(who.Organisation, of)
		return err
	})
	return clients, err
}

// CreateOAuthClient makes an OAuth client of a connection. text is its secret: it is shown once and kept nowhere. It
// needs directory:edit and, as a token does, every other permission. NotFound, Invalid, TooMany, Forbidden.
func (ad *Administration) CreateOAuthClient(ctx context.Context, who Administrator, of ConnectionID, spec OAuthClientSpec) (c OAuthClient, text string, err error) {
	if err := spec.Check(); err != nil {
		return OAuthClient{}, "", err
	}
	err = ad.change(ctx, who, ModuleDirectory, ActionEdit, "", func(tx Tx, now time.Time) error {
		connection, err := tx.Connections().Get(who.Organisation, of)
		if err != nil {
			return err
		}
		if err := who.mayReachAnybody(tx, "connection"); err != nil {
			return err
		}
		if c, text, err = makeOAuthClient(ad.env, ad.random, connection, spec, now); err != nil {
			return err
		}
		return insertOAuthClient(tx, ad.author(who), c)
	})
	if err != nil {
		return OAuthClient{}, "", err
	}
	return c, text, nil
}

// RotateOAuthClient gives a client another secret, which is good for as long as the one before was made for. That one
// stays good for the overlap, of at most 30 days; without overlap the tokens that it obtained end as well. It needs what
// CreateOAuthClient needs. NotFound, Invalid, VersionMismatch, Forbidden.
func (ad *Administration) RotateOAuthClient(ctx context.Context, who Administrator, id OAuthClientID, overlap time.Duration, match IfMatch) (c OAuthClient, text string, err error) {
	if overlap < 0 || overlap > MaxOverlap {
		return OAuthClient{}, "", InvalidField("overlap_hours", "use 0 to 720 hours")
	}
	err = ad.change(ctx, who, ModuleDirectory, ActionEdit, "", func(tx Tx, now time.Time) error {
		held, err := tx.OAuthClients().Hold(who.Organisation, id)
		if err != nil {
			return err
		}
		if err := match.admits(held.Version()); err != nil {
			return err
		}
		if err := who.mayReachAnybody(tx, "connection"); err != nil {
			return err
		}
		c, text, err = rotateOAuthClient(tx, ad.author(who), ad.random, held, overlap, now)
		return err
	})
	if err != nil {
		return OAuthClient{}, "", err
	}
	return c, text, nil
}

// RevokeOAuthClient ends a client, and with the next request every token that it was given. It needs directory:edit.
// NotFound, VersionMismatch.
func (ad *Administration) RevokeOAuthClient(ctx context.Context, who Administrator, id OAuthClientID, match IfMatch) (OAuthClient, error) {
	var outcome OAuthClient
	err := ad.change(ctx, who, ModuleDirectory, ActionEdit, "", func(tx Tx, now time.Time) error {
		held, err := tx.OAuthClients().Hold(who.Organisation, id)
		if err != nil {
			return err
		}
		if err := match.admits(held.Version()); err != nil {
			return err
		}
		outcome, err = revokeOAuthClient(tx, ad.author(who), held, now)
		return err
	})
	return outcome, err
}

// CreateOAuthClient makes an OAuth client of a connection, as [Administration.CreateOAuthClient]. NotFound, Invalid,
// TooMany.
func (in *Installation) CreateOAuthClient(ctx context.Context, slug, connection string, spec OAuthClientSpec) (c OAuthClient, text string, err error) {
	if err := spec.Check(); err != nil {
		return OAuthClient{}, "", err
	}
	now := in.env.instant()
	err = in.change(ctx, slug, func(tx Tx, o Organisation) error {
		of, err := tx.Connections().ByName(o.ID, connection)
		if err != nil {
			return err
		}
		if c, text, err = makeOAuthClient(in.env, in.random, of, spec, now); err != nil {
			return err
		}
		return insertOAuthClient(tx, in.author(o), c)
	})
	if err != nil {
		return OAuthClient{}, "", err
	}
	return c, text, nil
}
