package domain

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// Doorway is an organisation as its door shows it to everybody: a name, and the ways in.
type Doorway struct {
	Organisation Organisation
	Appearance   Appearance
	Locally      bool  // passwords open something for everybody; for owners they always do
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
	return e.onlyDoorway(ctx, func(tx Tx) (OrganisationID, bool, error) {
		o, found, err := tx.Organisations().Sole()
		return o.ID, found, err
	})
}

// DoorwayByOrigin finds the door of the only organisation that has an application at an origin; found is false where none has,
// or several have. It says no more of an application than where its people sign in.
func (e *Entrance) DoorwayByOrigin(ctx context.Context, at Origin) (d Doorway, found bool, err error) {
	return e.onlyDoorway(ctx, func(tx Tx) (OrganisationID, bool, error) { return tx.Applications().Registrant(at) })
}

func (e *Entrance) onlyDoorway(ctx context.Context, find func(tx Tx) (OrganisationID, bool, error)) (d Doorway, found bool, err error) {
	var org OrganisationID
	err = e.store.Read(ctx, func(tx Tx) (err error) {
		org, found, err = find(tx)
		return err
	})
	if err != nil || !found {
		return Doorway{}, false, err
	}
	d, err = e.Doorway(ctx, org)
	if IsKind(err, NotFound) { // it has gone a moment ago
		return Doorway{}, false, nil
	}
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
		policy, err := tx.Policies().Get(d.Organisation.ID)
		if err != nil {
			return err
		}
		d.Locally = policy.Locally(false)
		connections, err := tx.Connections().List(d.Organisation.ID)
		for _, c := range connections {
			if c.signsIn() {
				d.Ways = append(d.Ways, Way{Connection: c.ID, Name: c.Name, Kind: c.Kind})
			}
		}
		slices.SortFunc(d.Ways, func(a, b Way) int { return cmp.Compare(a.Name, b.Name) })
		return err
	})
	return d, err
}

// DoorwaysByEmail finds the doors at which somebody with an address may knock: that of whoever has proved its domain, with the
// connections that are trusted for it. It looks at the domain alone, so the answer is the same whether or not anybody has the
// address. None where nobody has proved the domain, or the text is no address.
func (e *Entrance) DoorwaysByEmail(ctx context.Context, email string) ([]Doorway, error) {
	domain, ok := domainOf(strings.TrimSpace(email))
	if !ok {
		return nil, nil
	}
	var of EmailDomain
	err := e.store.Read(ctx, func(tx Tx) error {
		org, known, err := tx.EmailDomains().Owner(domain)
		if err != nil || !known {
			return err
		}
		of, err = tx.EmailDomains().Get(org, domain)
		return err
	})
	if err != nil || of.Organisation.IsZero() {
		return nil, ignoring(err, NotFound)
	}
	d, err := e.Doorway(ctx, of.Organisation)
	if err != nil {
		return nil, ignoring(err, NotFound)
	}
	d.Ways = slices.DeleteFunc(d.Ways, func(w Way) bool { return !slices.Contains(of.Trusted, w.Connection) })
	return []Doorway{d}, nil
}

// ignoring is an error unless it is of a kind: what was there a moment ago has gone.
func ignoring(err error, kind Kind) error {
	if IsKind(err, kind) {
		return nil
	}
	return err
}

// domainOf is the domain of an address, as [EmailDomain] names it.
func domainOf(email string) (name string, ok bool) {
	if _, ok := ParseEmail(email); !ok {
		return "", false
	}
	name, _, err := ParseEmailDomain(email[strings.LastIndexByte(email, '@')+1:])
	return name, err == nil
}

// Door is a connection that people come by, for the adapter that speaks with its provider.
type Door struct {
	Organisation Organisation
	Connection   Connection
	Settings     ProviderSettings
}

// Door finds a connection by its id alone, which is all that the address at which people come back says. NotFound.
func (e *Entrance) Door(ctx context.Context, id ConnectionID) (Door, error) {
	var d Door
	err := e.store.Read(ctx, func(tx Tx) (err error) {
		if d.Connection, err = tx.Connections().Locate(id); err != nil {
			return err
		}
		if d.Organisation, err = tx.Organisations().Get(d.Connection.Organisation); err != nil {
			return err
		}
		d.Settings, err = tx.ProviderSettings().Get(d.Connection.Organisation, id)
		return err
	})
	return d, err
}
