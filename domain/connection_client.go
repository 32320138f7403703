package domain

import (
	"context"
	"strconv"
	"time"

	"usher/domain/attribute"
)

// ConnectionClientChanged tells that a connection is another client, or one of another provider.
const ConnectionClientChanged EventType = "connection.client_changed"

// OIDCChange is what is to be different of a connection's registration at its OpenID provider; nil: as it is.
type OIDCChange struct {
	Issuer   *string // empty: nobody signs in by the connection any more
	ClientID *string

	// Seal encrypts another secret for the connection; nil: the secret stays, unless NoSecret says otherwise, or the issuer
	// changes: what one provider knows is never shown to another one.
	Seal     func(org OrganisationID, id ConnectionID) ([]byte, error)
	NoSecret bool
}

// ChangeConnectionClient changes what a connection is at which OpenID provider, from the next sign-in on.
//
// Where that is another issuer, people are strangers to it: identities are keyed by issuer, so that those of the old one are
// nobody's until the connection has it again; who comes is looked for anew. The sessions that began by the connection end,
// since the old provider can end them no more. A secret is only kept at the issuer that it is of.
//
// It needs directory:edit, and for another issuer everything that people may do, since a sign-in may be anybody then (rule
// owner.escalation). NotFound, Invalid, Escalation, VersionMismatch; LastOwner where the last owner signs in by it alone.
func (ad *Administration) ChangeConnectionClient(ctx context.Context, who Administrator, id ConnectionID, match IfMatch, change OIDCChange) (Connection, error) {
	var outcome Connection
	err := ad.change(ctx, who, ModuleDirectory, ActionEdit, id.String(), func(tx Tx, now time.Time) error {
		c, err := tx.Connections().Get(who.Organisation, id)
		if err != nil {
			return err
		}
		if err := match.admits(c.Version()); err != nil {
			return err
		}
		is, err := change.of(c)
		if err != nil {
			return err
		}
		if is.OIDC.Issuer != c.OIDC.Issuer {
			if err := who.mayReachAnybody(tx, "oidc-issuer"); err != nil {
				return err
			}
		}
		outcome, err = changeClient(tx, ad.author(who), c, is, change, now)
		return err
	})
	return outcome, ad.protected(ctx, who, id, err)
}

// ChangeConnectionClient changes it, as [Administration.ChangeConnectionClient]. NotFound, Invalid, LastOwner.
func (in *Installation) ChangeConnectionClient(ctx context.Context, slug, name string, change OIDCChange) (Connection, error) {
	now := in.env.instant()
	var outcome Connection
	var by author
	err := in.change(ctx, slug, func(tx Tx, o Organisation) (err error) {
		by = in.author(o)
		if outcome, err = tx.Connections().ByName(o.ID, name); err != nil {
			return err
		}
		is, err := change.of(outcome)
		if err != nil {
			return err
		}
		outcome, err = changeClient(tx, by, outcome, is, change, now)
		return err
	})
	if IsCode(err, CodeLastOwner) {
		err = ownerProtectedFrom(ctx, in.store, by, "connection", outcome.ID.UUID, now, err)
	}
	return outcome, err
}

// of is the connection with the change, without another secret. Invalid.
func (change OIDCChange) of(c Connection) (Connection, error) {
	set(&c.OIDC.Issuer, change.Issuer)
	set(&c.OIDC.ClientID, change.ClientID)
	if change.Issuer != nil && *change.Issuer == "" && change.ClientID == nil {
		c.OIDC.ClientID = ""
	}
	return c, OIDCSpec{Issuer: c.OIDC.Issuer, ClientID: c.OIDC.ClientID, Seal: change.Seal}.check()
}

// changeClient makes of a connection what of made of it.
func changeClient(tx Tx, by author, was, is Connection, change OIDCChange, now time.Time) (Connection, error) {
	moves := is.OIDC.Issuer != was.OIDC.Issuer
	if change.NoSecret || moves {
		is.OIDC.SealedSecret = nil
	}
	if change.Seal != nil {
		var err error
		if is.OIDC.SealedSecret, err = change.Seal(is.Organisation, is.ID); err != nil {
			return was, err
		}
	}
	before, after := attribute.Diff(clientTree(was.OIDC), clientTree(is.OIDC))
	if change.Seal != nil {
		after.Set("secret", attribute.NewString("new"))
	}
	if !before.Assigned() && !after.Assigned() {
		return was, nil
	}
	if moves && was.signsIn() {
		if err := keepWayIn(tx, was); err != nil {
			return was, err
		}
	}
	if err := tx.Connections().Register(was, is); err != nil {
		return was, err
	}
	if moves {
		ended, err := tx.Sessions().EndByConnection(is.Organisation, is.ID)
		if err != nil {
			return was, err
		}
		if ended > 0 {
			after.Set("sessions", attribute.NewNumber(strconv.Itoa(ended)))
		}
	}
	return is, by.record(tx, ConnectionClientChanged, "connection", is.ID.UUID, now, before, after)
}

// clientTree is a registration as events show it: of the secret whether there is one.
func clientTree(c OIDCClient) attribute.Value {
	secret := ""
	if len(c.SealedSecret) > 0 {
		secret = "kept"
	}
	return texts("issuer", c.Issuer, "clientId", c.ClientID, "secret", secret)
}
