package domain

import (
	"context"
	"time"

	"usher/domain/attribute"
)

// Authenticate finds who presents an API key, as it is at this moment (rule access.immediate). A key of a person permits no
// more than they may do, and nothing while they may not come in. Unauthenticated; Forbidden where the organisation is
// suspended (rule suspend.organisation), and AccessRefused: then the Administrator is known all the same, for the log.
func (ad *Administration) Authenticate(ctx context.Context, b Bearer) (Administrator, error) {
	var key APIKey
	var suspended bool
	var of Admission
	now := ad.env.instant()
	err := ad.store.Read(ctx, func(tx Tx) (err error) {
		if key, suspended, err = tx.APIKeys().Holder(b, now); err != nil || key.User.IsZero() {
			return err
		}
		of, err = tx.Assignments().Admission(key.Organisation, key.User)
		return err
	})
	if err != nil {
		return Administrator{}, err
	}
	who := Administrator{
		Organisation: key.Organisation, Actor: Actor{Kind: ActorAPIKey, ID: key.ID.UUID},
		Permissions: key.Permissions, credential: key.Hash, person: key.User,
	}
	if err := (Caller{OrganisationSuspended: suspended}).admitted(); err != nil || key.User.IsZero() {
		return who, err
	}
	if d := of.Decide(BySession, now); !d.Allowed {
		return who, accessRefused(d)
	}
	if !of.Access.Owner {
		who.Permissions = key.Permissions.Meet(of.Access.Effective())
	}
	return who, nil
}

// Self is the API key that asks. NotFound for who has come in another way.
func (ad *Administration) Self(ctx context.Context, who Administrator) (APIKey, error) {
	var key APIKey
	err := ad.store.Read(ctx, func(tx Tx) (err error) {
		key, err = tx.APIKeys().Get(who.Organisation, APIKeyID{UUID: who.Actor.ID})
		return err
	})
	return key, err
}

// APIKeys gives the keys of the organisation, newest first, those no longer in force as well, with the catalogue of what they may name. It
// needs directory:view.
func (ad *Administration) APIKeys(ctx context.Context, who Administrator) (keys []APIKey, known Catalogue, err error) {
	err = ad.look(ctx, who, ModuleDirectory, ActionView, "", func(tx Tx) (err error) {
		keys, known, err = listKeys(tx, who.Organisation)
		return err
	})
	return keys, known, err
}

func listKeys(tx Tx, org OrganisationID) (keys []APIKey, known Catalogue, err error) {
	if keys, err = tx.APIKeys().List(org); err != nil {
		return nil, nil, err
	}
	known, err = loadCatalogue(tx, org)
	return keys, known, err
}

// CreateAPIKey makes a key that holds no more than its maker does (rule owner.escalation); what a person makes, or a key of
// theirs, is theirs, and ends when they do (rule deactivate.doors). text is the key itself: it is shown once and kept nowhere.
// It needs directory:edit. Invalid, also for a permission that the module catalogue does not have, TooMany.
func (ad *Administration) CreateAPIKey(ctx context.Context, who Administrator, spec APIKeySpec) (k APIKey, text string, err error) {
	if err := who.need(ModuleDirectory, ActionEdit, ""); err != nil {
		return APIKey{}, "", err
	}
	switch {
	case who.Actor.Kind == actorUser:
		spec.User = UserID{UUID: who.Actor.ID}
	case !who.person.IsZero():
		spec.User = who.person
	}
	now := ad.env.instant()
	if k, text, err = makeAPIKey(ad.env, ad.random, who.Organisation, spec, now); err != nil {
		return APIKey{}, "", err
	}
	allow := func(p Permissions) error { return who.mayGrant("permissions", p) }
	err = ad.change(ctx, who, ModuleDirectory, ActionEdit, "", func(tx Tx, now time.Time) error {
		return createKey(tx, ad.author(who), k, allow, now)
	})
	if err != nil {
		return APIKey{}, "", err
	}
	return k, text, nil
}

// RevokeAPIKey ends a key with the next request that bears it; a key may end itself. It needs directory:edit. NotFound,
// VersionMismatch.
func (ad *Administration) RevokeAPIKey(ctx context.Context, who Administrator, id APIKeyID, match IfMatch) (APIKey, error) {
	var outcome APIKey
	err := ad.change(ctx, who, ModuleDirectory, ActionEdit, "", func(tx Tx, now time.Time) error {
		k, err := tx.APIKeys().Get(who.Organisation, id)
		if err != nil {
			return err
		}
		if err := match.admits(k.Version()); err != nil {
			return err
		}
		outcome, err = revokeKey(tx, ad.author(who), k, now)
		return err
	})
	return outcome, err
}

// createdKey is what the event of a new key shows.
func createdKey(k APIKey) attribute.Value {
	user := ""
	if !k.User.IsZero() {
		user = k.User.String()
	}
	return texts("name", k.Name, "user", user, "permissions", k.Permissions.spelt(), "expiresAt", timestamp(k.ExpiresAt))
}
