package domain

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// DeleteConnection ends a connection for ever: its tokens, clients, policy and linked identities are gone with the next
// request, whatever is made under its name later. Its people stay, as people of no connection, with their seats and what
// they were given; what its directory said beyond its limits is forgotten; its groups go, and with them what mappings gave for them; the mappings stay, without a group. It needs
// directory:edit, and nobody ends mappings that kept people from what they could not give (rule owner.escalation). NotFound, VersionMismatch; LastOwner where the last owner signs in by it alone.
func (ad *Administration) DeleteConnection(ctx context.Context, who Administrator, id ConnectionID, match IfMatch) error {
	err := ad.change(ctx, who, ModuleDirectory, ActionEdit, id.String(), func(tx Tx, now time.Time) error {
		c, err := tx.Connections().Get(who.Organisation, id)
		if err != nil {
			return err
		}
		if err := match.admits(c.Version()); err != nil {
			return err
		}
		mapped, err := mappingsOf(tx, c)
		if err != nil {
			return err
		}
		if err := ad.mayUnmap(tx, who, mapped, nil); err != nil {
			return err
		}
		return deleteConnection(tx, ad.author(who), c, now)
	})
	return ad.protected(ctx, who, id, err)
}

// protected records that rule owner.last refused a change of a connection, which undid everything else.
func (ad *Administration) protected(ctx context.Context, who Administrator, id ConnectionID, err error) error {
	if !IsCode(err, CodeLastOwner) {
		return err
	}
	return ownerProtectedFrom(ctx, ad.store, ad.author(who), "connection", id.UUID, ad.env.instant(), err)
}

// DeleteConnection ends a connection for ever, as [Administration.DeleteConnection]. NotFound, LastOwner.
func (in *Installation) DeleteConnection(ctx context.Context, slug, name string) (Connection, error) {
	now := in.env.instant()
	var gone Connection
	var by author
	err := in.change(ctx, slug, func(tx Tx, o Organisation) (err error) {
		by = in.author(o)
		if gone, err = tx.Connections().ByName(o.ID, name); err != nil {
			return err
		}
		return deleteConnection(tx, by, gone, now)
	})
	if IsCode(err, CodeLastOwner) {
		err = ownerProtectedFrom(ctx, in.store, by, "connection", gone.ID.UUID, now, err)
	}
	return gone, err
}

// ownerProtectedFrom records that rule owner.last refused something, which undid everything else, and gives the refusal back.
func ownerProtectedFrom(ctx context.Context, store Store, by author, kind string, subject uuid.UUID, now time.Time, refusal error) error {
	err := store.Write(ctx, func(tx Tx) error {
		return by.record(tx, OwnerProtected, kind, subject, now, attribute.Value{}, attribute.Value{})
	})
	if err != nil {
		return err
	}
	return refusal
}

func deleteConnection(tx Tx, by author, c Connection, now time.Time) error {
	if err := keepWayIn(tx, c); err != nil {
		return err
	}
	losing, err := mappedPeople(tx, c)
	if err != nil {
		return err
	}
	beyond, err := dropBeyond(tx, c)
	if err != nil {
		return err
	}
	losing = append(losing, beyond...)
	if _, err := tx.Sessions().EndByConnection(c.Organisation, c.ID); err != nil {
		return err
	}
	people, groups, err := tx.Connections().Delete(c, now)
	if err != nil {
		return err
	}
	before := createdConnection(c)
	before.Set("people", attribute.NewNumber(strconv.Itoa(people)))
	before.Set("groups", attribute.NewNumber(strconv.Itoa(groups)))
	if err := by.record(tx, ConnectionDeleted, "connection", c.ID.UUID, now, before, attribute.Value{}); err != nil {
		return err
	}
	if len(losing) == 0 {
		return nil
	}
	return apply(tx, c.Organisation, reach{about: JobSubject{Kind: jobAboutConnection, ID: c.ID.UUID}, people: losing}, now, by.scribe())
}

// dropBeyond lets go for good of what a connection's directory said beyond its limits: once the connection is gone there are
// none that would bar it (rule provision.limits). It gives the people of whom it was said.
func dropBeyond(tx Tx, c Connection) ([]UserID, error) {
	policy, err := tx.ConnectionPolicies().Get(c.Organisation, c.ID)
	if err != nil {
		return nil, err
	}
	return tx.Claims().DropBeyond(c.Organisation, c.ID, policy.Limits)
}

// mappingsOf are the mappings of a connection's groups.
func mappingsOf(tx Tx, c Connection) ([]Mapping, error) {
	list, err := tx.Mappings().List(c.Organisation)
	if err != nil {
		return nil, err
	}
	var of []Mapping
	for _, m := range list {
		_, err := tx.Groups().Get(Scope{Organisation: c.Organisation, Connection: c.ID, Declared: true}, m.Group)
		switch {
		case err == nil:
			of = append(of, m)
		case !IsKind(err, NotFound):
			return nil, err
		}
	}
	return of, nil
}

// mappedPeople are all people who may get something by a mapping of the connection's groups.
func mappedPeople(tx Tx, c Connection) ([]UserID, error) {
	mappings, err := mappingsOf(tx, c)
	if err != nil || len(mappings) == 0 {
		return nil, err
	}
	mapped := make([]GroupID, len(mappings))
	for i, m := range mappings {
		mapped[i] = m.Group
	}
	const everybody = 1 << 30
	people, err := tx.Mappings().PeopleBelow(c.Organisation, mapped, everybody)
	return distinctPeople(people), err
}

// keepWayIn refuses to stop or delete a connection by which the last owner signs in, where no owner has another way (rule
// owner.last).
func keepWayIn(tx Tx, c Connection) error {
	owners, err := tx.Users().Owners(c.Organisation)
	if err != nil {
		return err
	}
	all, err := tx.Connections().List(c.Organisation)
	if err != nil {
		return err
	}
	works := map[ConnectionID]string{} // by their issuers
	for _, other := range all {
		if other.ID != c.ID && other.signsIn() {
			works[other.ID] = other.OIDC.Issuer
		}
	}
	loses := false
	for _, o := range owners {
		if !o.able() {
			continue
		}
		local, found, err := tx.SignIns().Get(c.Organisation, o.ID)
		if err != nil || found && local.lasting() {
			return err
		}
		identities, err := tx.Identities().List(c.Organisation, o.ID)
		if err != nil {
			return err
		}
		for _, i := range identities {
			if works[i.Connection] == i.Issuer {
				return nil
			}
			loses = loses || i.Connection == c.ID && i.Issuer == c.OIDC.Issuer
		}
	}
	if !loses {
		return nil
	}
	return &Error{
		Kind: Forbidden, Code: CodeLastOwner,
		Message: "the last owner who can sign in does so by this connection alone; give an owner a password or another connection first",
	}
}
