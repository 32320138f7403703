package domain

import "context"

// CreateAPIKey makes an API key of an organisation with any permissions that its module catalogue has. text is the key itself: it is shown once and
// kept nowhere. NotFound, Invalid, TooMany.
func (in *Installation) CreateAPIKey(ctx context.Context, slug string, spec APIKeySpec) (k APIKey, text string, err error) {
	return in.CreateAPIKeyOf(ctx, slug, "", spec)
}

// CreateAPIKeyOf is CreateAPIKey for a person, by id or user name, with whose access it ends; empty for nobody. NotFound.
func (in *Installation) CreateAPIKeyOf(ctx context.Context, slug, person string, spec APIKeySpec) (k APIKey, text string, err error) {
	now := in.env.instant()
	err = in.change(ctx, slug, func(tx Tx, o Organisation) error {
		if person != "" {
			if spec.User, err = personNamed(tx, o.ID, person); err != nil {
				return err
			}
		}
		if k, text, err = makeAPIKey(in.env, in.random, o.ID, spec, now); err != nil {
			return err
		}
		anything := func(Permissions) error { return nil }
		return createKey(tx, in.author(o), k, anything, now)
	})
	if err != nil {
		return APIKey{}, "", err
	}
	return k, text, nil
}

// ListAPIKeys gives the keys of an organisation, newest first, those that have expired or were revoked as well, with the catalogue of what
// they may name. NotFound.
func (in *Installation) ListAPIKeys(ctx context.Context, slug string) (keys []APIKey, known Catalogue, err error) {
	err = in.store.Read(ctx, func(tx Tx) error {
		o, err := tx.Organisations().BySlug(slug)
		if err != nil {
			return err
		}
		keys, known, err = listKeys(tx, o.ID)
		return err
	})
	return keys, known, err
}

// RevokeAPIKey ends a key with the next request that bears it. NotFound.
func (in *Installation) RevokeAPIKey(ctx context.Context, slug string, id APIKeyID) (APIKey, error) {
	now := in.env.instant()
	var outcome APIKey
	err := in.change(ctx, slug, func(tx Tx, o Organisation) error {
		k, err := tx.APIKeys().Get(o.ID, id)
		if IsKind(err, NotFound) {
			return &Error{
				Kind: NotFound, Code: CodeNotFound, Field: "id",
				Message: "the organisation " + o.Slug + " has no API key " + id.String() + "; \"usher apikey list --org " + o.Slug + "\" shows which there are",
			}
		}
		if err != nil {
			return err
		}
		outcome, err = revokeKey(tx, in.author(o), k, now)
		return err
	})
	return outcome, err
}
