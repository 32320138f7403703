package domain

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// IdentityID names an identity of a person. It is made of what the identity is keyed by, and so the same wherever it is shown.
type IdentityID = ID[Identity]

// ID names the identity.
func (i Identity) ID() IdentityID {
	return IdentityID{UUID: uuid.NewSHA1(i.Connection.UUID, []byte(i.Issuer+"\x00"+i.Subject))}
}

// LinkedIdentity is an identity with the name of its connection.
type LinkedIdentity struct {
	Identity

	ConnectionName string
}

// Identities gives the sign-ins at identity providers that are somebody's, oldest first. Needs users:view. NotFound.
func (ad *Administration) Identities(ctx context.Context, who Administrator, id UserID) ([]LinkedIdentity, error) {
	var list []LinkedIdentity
	err := ad.look(ctx, who, ModuleUsers, ActionView, id.String(), func(tx Tx) (err error) {
		if _, err := tx.Users().Find(who.Organisation, id); err != nil {
			return err
		}
		list, err = identitiesOf(tx, who.Organisation, id)
		return err
	})
	return list, err
}

// Identities is [Administration.Identities] for the operator, who names the person by id or user name. NotFound.
func (in *Installation) Identities(ctx context.Context, slug, person string) ([]LinkedIdentity, error) {
	var list []LinkedIdentity
	err := in.store.Read(ctx, func(tx Tx) error {
		o, err := tx.Organisations().BySlug(slug)
		if err != nil {
			return err
		}
		id, err := personNamed(tx, o.ID, person)
		if err != nil {
			return err
		}
		list, err = identitiesOf(tx, o.ID, id)
		return err
	})
	return list, err
}

// identitiesOf are the identities of a person, with the names of their connections.
func identitiesOf(tx Tx, org OrganisationID, id UserID) ([]LinkedIdentity, error) {
	identities, err := tx.Identities().List(org, id)
	if err != nil {
		return nil, err
	}
	list := make([]LinkedIdentity, len(identities))
	for i, known := range identities {
		c, err := tx.Connections().Get(org, known.Connection)
		if err != nil && !IsKind(err, NotFound) { // it went a moment ago
			return nil, err
		}
		list[i] = LinkedIdentity{Identity: known, ConnectionName: c.Name}
	}
	return list, nil
}

// Unlink takes a sign-in at an identity provider from somebody, whose sessions by it end. Who comes by it again is looked for
// anew, and may be found by externalId, invitation or e-mail as at the first time. Needs users:edit, and for an owner to be
// one. NotFound, OwnerOnly, LastOwner (rule owner.last).
func (ad *Administration) Unlink(ctx context.Context, who Administrator, id UserID, identity IdentityID) error {
	_, err := ad.alter(ctx, who, ActionEdit, id, IfMatch{}, func(tx Tx, u User, now time.Time) (User, error) {
		if u.Owner && !who.Owner {
			return User{}, &Error{Kind: Forbidden, Code: CodeOwnerOnly, Message: "only an owner takes a sign-in from an owner; ask one of the organisation's owners"}
		}
		return u, unlink(tx, ad.author(who), u, identity, now)
	})
	return err
}

// Unlink is [Administration.Unlink] for the operator. NotFound, LastOwner.
func (in *Installation) Unlink(ctx context.Context, slug, person string, identity IdentityID) error {
	now := in.env.instant()
	var u User
	var by author
	err := in.change(ctx, slug, func(tx Tx, o Organisation) error {
		id, err := personNamed(tx, o.ID, person)
		if err != nil {
			return err
		}
		if u, err = tx.Users().Find(o.ID, id); err != nil {
			return err
		}
		by = in.author(o)
		return unlink(tx, by, u, identity, now)
	})
	if IsCode(err, CodeLastOwner) {
		return ownerProtectedFrom(ctx, in.store, by, "user", u.ID.UUID, now, err)
	}
	return err
}

// unlink takes an identity from somebody. The row of how they sign in is held, so that nobody comes by it meanwhile.
func unlink(tx Tx, by author, u User, identity IdentityID, now time.Time) error {
	list, err := tx.Identities().List(u.Organisation, u.ID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(list, func(i Identity) bool { return i.ID() == identity })
	if at < 0 {
		return &Error{Kind: NotFound, Code: CodeNotFound, Field: "identity", Message: "this person has no such sign-in at an identity provider; list those they have"}
	}
	i := list[at]
	if _, err := tx.SignIns().Hold(u.Organisation, u.ID); err != nil {
		return err
	}
	if err := takeWayIn(tx, u, func() error { return tx.Identities().Take(i) }); err != nil {
		return err
	}
	ended, err := tx.Sessions().EndByProvider(u.Organisation, i.Connection, i.Issuer, "", u.ID)
	if err != nil {
		return err
	}
	says := doorsClosed{write: by.scribe(), now: now}
	for _, s := range ended {
		if err := says.say(tx, SessionEnded, u.ID, texts("session", s.ID.String())); err != nil {
			return err
		}
	}
	return by.record(tx, IdentityUnlinked, "user", u.ID.UUID, now, i.tree(), attribute.Value{})
}

// takeWayIn takes a way in from somebody, and refuses that where they are the last owner and have no other one (rule
// owner.last).
func takeWayIn(tx Tx, u User, take func() error) error {
	if !u.Owner {
		return take()
	}
	before, err := tx.Users().Owners(u.Organisation)
	if err != nil {
		return err
	}
	if err := take(); err != nil {
		return err
	}
	after, err := tx.Users().Owners(u.Organisation)
	if err != nil {
		return err
	}
	if ownerRemains(before, u.ID) || slices.ContainsFunc(after, func(o Owner) bool { return o.ID == u.ID && o.WayIn }) {
		return nil
	}
	return &Error{
		Kind: Forbidden, Code: CodeLastOwner,
		Message: "the last owner who can sign in does so by this alone; give an owner a password or another sign-in first",
	}
}
