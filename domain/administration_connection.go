package domain

import (
	"context"
	"strconv"
	"time"

	"usher/domain/attribute"
)

// MaxConnections is how many connections an organisation may be given by its administrators.
const MaxConnections = 500

// Connections gives the connections of the organisation, by name. It needs directory:view.
func (ad *Administration) Connections(ctx context.Context, who Administrator) ([]Connection, error) {
	var all []Connection
	err := ad.look(ctx, who, ModuleDirectory, ActionView, "", func(tx Tx) (err error) {
		all, err = tx.Connections().List(who.Organisation)
		return err
	})
	return all, err
}

// Connection reads one connection. It needs directory:view. NotFound.
func (ad *Administration) Connection(ctx context.Context, who Administrator, id ConnectionID) (Connection, error) {
	var c Connection
	err := ad.look(ctx, who, ModuleDirectory, ActionView, id.String(), func(tx Tx) (err error) {
		c, err = tx.Connections().Get(who.Organisation, id)
		return err
	})
	return c, err
}

// CreateConnection makes a connection without a token (rule provision.activation sets how its people become active). It
// needs directory:edit. NameTaken, Invalid, TooMany.
func (ad *Administration) CreateConnection(ctx context.Context, who Administrator, spec ConnectionSpec) (Connection, error) {
	if err := who.need(ModuleDirectory, ActionEdit, ""); err != nil {
		return Connection{}, err
	}
	c, err := plannedConnection(ad.env, spec)
	if err != nil {
		return Connection{}, err
	}
	c.Organisation = who.Organisation
	err = ad.change(ctx, who, ModuleDirectory, ActionEdit, "", func(tx Tx, now time.Time) error {
		all, err := tx.Connections().List(who.Organisation)
		if err != nil {
			return err
		}
		if len(all) >= MaxConnections {
			return &Error{Kind: Conflict, Code: CodeTooMany, Message: "the organisation has " + strconv.Itoa(len(all)) + " connections, which is all it may have; use one that is there"}
		}
		return insertConnection(tx, ad.author(who), c)
	})
	if err != nil {
		return Connection{}, err
	}
	return c, nil
}

// SetConnectionDisabled stops a connection (its tokens are refused, its people stay) or lets it work again. It needs
// directory:edit. NotFound, VersionMismatch.
func (ad *Administration) SetConnectionDisabled(ctx context.Context, who Administrator, id ConnectionID, disabled bool, match IfMatch) (Connection, error) {
	var outcome Connection
	err := ad.change(ctx, who, ModuleDirectory, ActionEdit, id.String(), func(tx Tx, now time.Time) error {
		c, err := tx.Connections().Get(who.Organisation, id)
		if err != nil {
			return err
		}
		if err := match.admits(c.Version()); err != nil {
			return err
		}
		outcome, err = disableConnection(tx, ad.author(who), c, disabled, now)
		return err
	})
	return outcome, ad.protected(ctx, who, id, err)
}

// disableConnection stops a connection or lets it work again. Who came in by it is out with the next request (rule
// access.immediate), also where they come in at this moment: see [Presented]. LastOwner.
func disableConnection(tx Tx, by author, c Connection, disabled bool, now time.Time) (Connection, error) {
	if c.DisabledAt.IsZero() != disabled {
		return c, nil
	}
	was, what := c.DisabledAt, ConnectionEnabled
	if c.DisabledAt = (time.Time{}); disabled {
		what, c.DisabledAt = ConnectionDisabled, now
		if err := keepWayIn(tx, c); err != nil {
			return c, err
		}
	}
	if err := tx.Connections().Disable(c.Organisation, c.ID, c.DisabledAt); err != nil {
		return c, err
	}
	after := texts("disabledAt", timestamp(c.DisabledAt))
	if disabled {
		ended, err := tx.Sessions().EndByConnection(c.Organisation, c.ID)
		if err != nil {
			return c, err
		}
		if ended > 0 {
			after.Set("sessions", attribute.NewNumber(strconv.Itoa(ended)))
		}
	}
	return c, by.record(tx, what, "connection", c.ID.UUID, now, texts("disabledAt", timestamp(was)), after)
}

// insertConnection stores a new connection.
func insertConnection(tx Tx, by author, c Connection) error {
	if err := tx.Connections().Insert(c); err != nil {
		return err
	}
	return by.record(tx, ConnectionCreated, "connection", c.ID.UUID, c.CreatedAt, attribute.Value{}, createdConnection(c))
}
