package domain

import (
	"context"
	"slices"
	"time"

	"usher/domain/attribute"
)

// DeclaredGroups gives the groups of a connection that administrators declared, in order of declaration. It needs
// directory:view. NotFound.
func (ad *Administration) DeclaredGroups(ctx context.Context, who Administrator, connection ConnectionID) ([]Group, error) {
	var list []Group
	err := ad.look(ctx, who, ModuleDirectory, ActionView, connection.String(), func(tx Tx) (err error) {
		if _, err := tx.Connections().Get(who.Organisation, connection); err != nil {
			return err
		}
		list, err = tx.ClaimedGroups().Declared(who.Organisation, connection)
		return err
	})
	return list, err
}

// DeclareGroup makes a group of a connection that is known by what the claims of sign-ins call it, for organisations whose
// people no directory pushes: mappings name it as any group, and whoever signs in with that claim from then on has what it
// gives. No directory sees it. It needs directory:edit. NotFound, Invalid, NameTaken, TooMany.
func (ad *Administration) DeclareGroup(ctx context.Context, who Administrator, connection ConnectionID, spec DeclaredGroupSpec) (Group, error) {
	var made Group
	err := ad.change(ctx, who, ModuleDirectory, ActionEdit, connection.String(), func(tx Tx, now time.Time) error {
		c, err := tx.Connections().Get(who.Organisation, connection)
		if err != nil {
			return err
		}
		made, err = declareGroup(tx, ad.author(who), c, spec, now)
		return err
	})
	return made, err
}

// RemoveDeclaredGroup takes such a group away, and from its people what it gave; its mappings stay, without a group (rule
// mapping.rebind). It needs directory:edit, and is checked as [Administration.DeleteMapping] is. NotFound, also for a directory's group.
func (ad *Administration) RemoveDeclaredGroup(ctx context.Context, who Administrator, connection ConnectionID, id GroupID) error {
	return ad.change(ctx, who, ModuleDirectory, ActionEdit, connection.String(), func(tx Tx, now time.Time) error {
		c, err := tx.Connections().Get(who.Organisation, connection)
		if err != nil {
			return err
		}
		list, err := tx.Mappings().List(who.Organisation)
		if err != nil {
			return err
		}
		its := slices.DeleteFunc(list, func(m Mapping) bool { return m.Group != id })
		if err := ad.mayUnmap(tx, who, its, nil); err != nil {
			return err
		}
		_, err = removeDeclared(tx, ad.author(who), c, func(g Group) bool { return g.ID == id }, now)
		return err
	})
}

// DeclaredGroups is [Administration.DeclaredGroups] for the operator, who names the connection. NotFound.
func (in *Installation) DeclaredGroups(ctx context.Context, slug, connection string) ([]Group, error) {
	var list []Group
	err := in.store.Read(ctx, func(tx Tx) error {
		o, err := tx.Organisations().BySlug(slug)
		if err != nil {
			return err
		}
		c, err := tx.Connections().ByName(o.ID, connection)
		if err != nil {
			return err
		}
		list, err = tx.ClaimedGroups().Declared(o.ID, c.ID)
		return err
	})
	return list, err
}

// DeclareGroup is [Administration.DeclareGroup] for the operator. NotFound, Invalid, NameTaken, TooMany.
func (in *Installation) DeclareGroup(ctx context.Context, slug, connection string, spec DeclaredGroupSpec) (Group, error) {
	now := in.env.instant()
	var made Group
	err := in.change(ctx, slug, func(tx Tx, o Organisation) error {
		c, err := tx.Connections().ByName(o.ID, connection)
		if err != nil {
			return err
		}
		made, err = declareGroup(tx, in.author(o), c, spec, now)
		return err
	})
	return made, err
}

// RemoveDeclaredGroup is [Administration.RemoveDeclaredGroup] for the operator, who says what claims call the group. NotFound.
func (in *Installation) RemoveDeclaredGroup(ctx context.Context, slug, connection, value string) (Group, error) {
	now := in.env.instant()
	var gone Group
	err := in.change(ctx, slug, func(tx Tx, o Organisation) error {
		c, err := tx.Connections().ByName(o.ID, connection)
		if err != nil {
			return err
		}
		gone, err = removeDeclared(tx, in.author(o), c, func(g Group) bool { return g.ClaimValue == value }, now)
		return err
	})
	return gone, err
}

// declareGroup adds a declared group, in turn with others, so that there are never more than there may be.
func declareGroup(tx Tx, by author, c Connection, spec DeclaredGroupSpec, now time.Time) (Group, error) {
	g, err := declaredGroup(by.env, c.Organisation, c.ID, spec, now)
	if err != nil {
		return g, err
	}
	if err := tx.Assignments().Lock(c.Organisation); err != nil {
		return g, err
	}
	there, err := tx.ClaimedGroups().Declared(c.Organisation, c.ID)
	if err != nil {
		return g, err
	}
	if len(there) >= MaxDeclaredGroups {
		return g, tooMany("value", "the connection has as many declared groups as one can have; remove one that is not used")
	}
	if err := tx.Groups().Insert(g); err != nil {
		return g, err
	}
	return g, by.record(tx, ClaimedGroupDeclared, "group", g.ID.UUID, now, attribute.Value{}, g.declared())
}

// removeDeclared takes away the declared group of a connection that is meant. NotFound.
func removeDeclared(tx Tx, by author, c Connection, meant func(Group) bool, now time.Time) (Group, error) {
	there, err := tx.ClaimedGroups().Declared(c.Organisation, c.ID)
	if err != nil {
		return Group{}, err
	}
	at := slices.IndexFunc(there, meant)
	if at < 0 {
		return Group{}, &Error{Kind: NotFound, Code: CodeNotFound, Field: "group", Message: "nobody declared such a group of this connection; list those that are declared"}
	}
	g, err := tx.Groups().Lock(Scope{Organisation: c.Organisation, Connection: c.ID, Declared: true}, there[at].ID)
	if err != nil {
		return g, err
	}
	return g, archiveGroup(tx, g, now, by.scribe(), func() error {
		return by.record(tx, ClaimedGroupRemoved, "group", g.ID.UUID, now, g.declared(), attribute.Value{})
	})
}
