package domain

import (
	"context"

	"github.com/google/uuid"
)

// AddSchema gives an organisation a schema of its own for people, from its checked definition. It is announced and
// understood with the next request. NotFound, NameTaken.
func (in *Installation) AddSchema(ctx context.Context, slug string, s Schema) (Schema, error) {
	s.CreatedAt = in.env.instant()
	err := in.change(ctx, slug, func(tx Tx, o Organisation) error {
		s.Organisation = o.ID
		if err := tx.Schemas().Insert(s); err != nil {
			return err
		}
		return in.record(tx, o.ID, SchemaAdded, "schema", schemaSubject(s), s.CreatedAt, texts("urn", s.URN))
	})
	return s, err
}

// schemaSubject is what the event log calls a schema: it has no id of its own, its URN is its identity.
func schemaSubject(s Schema) uuid.UUID { return uuid.NewSHA1(s.Organisation.UUID, []byte(s.URN)) }

// ListSchemas gives the schemas of an organisation by URN. NotFound.
func (in *Installation) ListSchemas(ctx context.Context, slug string) ([]Schema, error) {
	var all []Schema
	err := in.store.Read(ctx, func(tx Tx) error {
		o, err := tx.Organisations().BySlug(slug)
		if err != nil {
			return err
		}
		all, _, err = tx.Schemas().List(o.ID)
		return err
	})
	return all, err
}
