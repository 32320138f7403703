package domain

import "context"

// CheckedStep is the outcome of one step of the test of a connection's OpenID provider.
type CheckedStep struct {
	Name    string // connection, address, tls, discovery, issuer, endpoints, algorithms, pkce, keys, client
	Verdict string // passed, failed, unclear (the provider does not let it be known), skipped (an earlier step failed)
	Message string // one sentence: what was found, or what is wrong and what to do
	Side    string // where to mend it: provider, here, person; empty where nothing is to be mended
	Said    string // the provider's own words, cut and in one line; foreign text
}

// ConnectionCheck is the test of a connection, step by step; after the first that failed the others are skipped.
type ConnectionCheck struct {
	Connection Connection
	Good       bool // nothing failed
	Steps      []CheckedStep
}

// ProviderChecker asks the OpenID provider of a connection everything but a person: adapter oidc implements it. What the
// provider refuses is a step; the error is for what is wrong on this side, such as a secret that does not open.
type ProviderChecker interface {
	CheckProvider(ctx context.Context, c Connection, s ProviderSettings) (good bool, steps []CheckedStep, err error)
}

// CheckConnection tests a connection's OpenID provider, with the client's secret, without anybody signing in. It changes
// nothing; since it makes this server ask others, it needs directory:edit. NotFound; Invalid for one that signs nobody in.
func (ad *Administration) CheckConnection(ctx context.Context, who Administrator, id ConnectionID, checker ProviderChecker) (ConnectionCheck, error) {
	var c Connection
	var s ProviderSettings
	err := ad.look(ctx, who, ModuleDirectory, ActionEdit, id.String(), func(tx Tx) (err error) {
		if c, err = tx.Connections().Get(who.Organisation, id); err != nil {
			return err
		}
		s, err = tx.ProviderSettings().Get(who.Organisation, id)
		return err
	})
	if err != nil {
		return ConnectionCheck{}, err
	}
	return checkConnection(ctx, c, s, checker)
}

// CheckConnection tests a connection's OpenID provider. NotFound; Invalid for one that signs nobody in.
func (in *Installation) CheckConnection(ctx context.Context, slug, name string, checker ProviderChecker) (ConnectionCheck, error) {
	var c Connection
	var s ProviderSettings
	err := in.store.Read(ctx, func(tx Tx) error {
		o, err := tx.Organisations().BySlug(slug)
		if err != nil {
			return err
		}
		if c, err = tx.Connections().ByName(o.ID, name); err != nil {
			return err
		}
		s, err = tx.ProviderSettings().Get(o.ID, c.ID)
		return err
	})
	if err != nil {
		return ConnectionCheck{}, err
	}
	return checkConnection(ctx, c, s, checker)
}

func checkConnection(ctx context.Context, c Connection, s ProviderSettings, checker ProviderChecker) (ConnectionCheck, error) {
	if c.OIDC.Issuer == "" {
		return ConnectionCheck{}, &Error{
			Kind: Invalid, Code: CodeInvalidValue, Field: "connection",
			Message: "the connection " + c.Name + " signs nobody in, so there is no OpenID provider to test; test one that was made with an issuer",
		}
	}
	good, steps, err := checker.CheckProvider(ctx, c, s)
	return ConnectionCheck{Connection: c, Good: good, Steps: steps}, err
}
