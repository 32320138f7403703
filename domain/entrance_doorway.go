package domain

import (
	"cmp"
	"context"
	"slices"
)

// Doorway is an organisation as its door shows it to everybody: a name, and the ways in.
type Doorway struct {
	Organisation Organisation
	Appearance   Appearance
	Ways         []Way // by single sign-on, by name
}

// Way is a connection that signs people in.
type Way struct {
	Connection ConnectionID
	Name       string
	Kind       ConnectionKind
}

// DoorwayBySlug finds the door of an organisation by its short name. NotFound.
func (e *Entrance) DoorwayBySlug(ctx context.Context, slug string) (Doorway, error) {
	return e.doorway(ctx, func(tx Tx) (Organisation, error) { return tx.Organisations().BySlug(slug) })
}

// Doorway finds the door of an organisation. NotFound.
func (e *Entrance) Doorway(ctx context.Context, org OrganisationID) (Doorway, error) {
	return e.doorway(ctx, func(tx Tx) (Organisation, error) { return tx.Organisations().Get(org) })
}

// SoleDoorway finds the door of the only organisation there is; found is false where there are none or several.
func (e *Entrance) SoleDoorway(ctx context.Context) (d Doorway, found bool, err error) {
	var o Organisation
	err = e.store.Read(ctx, func(tx Tx) (err error) {
		o, found, err = tx.Organisations().Sole()
		return err
	})
	if err != nil || !found {
		return Doorway{}, false, err
	}
	d, err = e.Doorway(ctx, o.ID)
	return d, err == nil, err
}

func (e *Entrance) doorway(ctx context.Context, find func(tx Tx) (Organisation, error)) (Doorway, error) {
	var d Doorway
	err := e.store.Read(ctx, func(tx Tx) (err error) {
		d = Doorway{}
		if d.Organisation, err = find(tx); err != nil {
			return err
		}
		if d.Appearance, err = tx.Appearances().Get(d.Organisation.ID, ""); err != nil {
			return err
		}
		connections, err := tx.Connections().List(d.Organisation.ID)
		for _, c := range connections {
			if c.DisabledAt.IsZero() && c.OIDC.Issuer != "" {
				d.Ways = append(d.Ways, Way{Connection: c.ID, Name: c.Name, Kind: c.Kind})
			}
		}
		slices.SortFunc(d.Ways, func(a, b Way) int { return cmp.Compare(a.Name, b.Name) })
		return err
	})
	return d, err
}
