package domain

import (
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// credentialWarning is how long before its end the owners are told of a credential, or, where that is less, for the last
// quarter of its life.
const credentialWarning = 14 * 24 * time.Hour

// ending is a credential that ends by itself: a directory's token, a client's secret, an API key.
type ending struct {
	made, ends, warned time.Time
	event              EventType
	kind               string
	subject            uuid.UUID
	after              attribute.Value
	note               func(at time.Time) error // that it was told
}

// warnsAt is from when on it is told that the credential ends; zero: never, or no more.
func (e ending) warnsAt() time.Time {
	if e.ends.IsZero() || !e.warned.IsZero() {
		return time.Time{}
	}
	return e.ends.Add(-min(credentialWarning, e.ends.Sub(e.made)/4))
}

// credentials tells of what ends soon, once of each: with it ends what a directory pushes, or what an application does.
func (r *sweepRun) credentials(tx Tx) (finished bool, err error) {
	tokens, err := r.endingTokens(tx)
	if err != nil {
		return false, err
	}
	secrets, err := r.endingSecrets(tx)
	if err != nil {
		return false, err
	}
	keys, err := r.endingKeys(tx)
	if err != nil {
		return false, err
	}
	for _, e := range append(append(tokens, secrets...), keys...) {
		if at := e.warnsAt(); at.IsZero() || r.now.Before(at) {
			continue
		}
		if err := e.note(r.now); err != nil {
			return false, err
		}
		event, err := r.write.event(e.event, UserID{}, r.now)
		if err != nil {
			return false, err
		}
		event.SubjectKind, event.Subject, event.After = e.kind, e.subject, e.after
		event.After.Set("expiresAt", attribute.NewString(timestamp(e.ends)))
		if err := tx.Events().Append(event); err != nil {
			return false, err
		}
		r.report.Credentials++
	}
	return true, nil
}

// endingTokens are the tokens of directories. Those of OAuth clients are renewed by themselves.
func (r *sweepRun) endingTokens(tx Tx) ([]ending, error) {
	all, err := tx.Tokens().List(r.organisation.ID)
	if err != nil {
		return nil, err
	}
	var list []ending
	for _, t := range all {
		if !t.InForce(r.now) || t.ExpiresAt.IsZero() || !t.Client.IsZero() {
			continue
		}
		c, err := tx.Connections().Get(t.Organisation, t.Connection)
		if err != nil {
			return nil, err
		}
		list = append(list, ending{
			made: t.CreatedAt, ends: t.ExpiresAt, warned: t.WarnedAt, event: TokenExpiring, kind: "token", subject: t.ID.UUID, after: c.tag(),
			note: func(at time.Time) error { return tx.Tokens().Warned(t.Organisation, t.ID, at) },
		})
	}
	return list, nil
}

// endingSecrets are the secrets of OAuth clients, by which those get their tokens.
func (r *sweepRun) endingSecrets(tx Tx) ([]ending, error) {
	connections, err := tx.Connections().List(r.organisation.ID)
	if err != nil {
		return nil, err
	}
	var list []ending
	for _, of := range connections {
		clients, err := tx.OAuthClients().List(of.Organisation, of.ID)
		if err != nil {
			return nil, err
		}
		for _, c := range clients {
			if !c.InForce(r.now) || c.ExpiresAt.IsZero() {
				continue
			}
			list = append(list, ending{
				made: c.secretMade(), ends: c.ExpiresAt, warned: c.WarnedAt, event: OAuthClientExpiring, kind: oauthClientSubject, subject: c.ID.UUID, after: of.tag(),
				note: func(at time.Time) error { return tx.OAuthClients().Warned(c.Organisation, c.ID, at) },
			})
		}
	}
	return list, nil
}

// endingKeys are the keys of applications.
func (r *sweepRun) endingKeys(tx Tx) ([]ending, error) {
	all, err := tx.APIKeys().List(r.organisation.ID)
	if err != nil {
		return nil, err
	}
	var list []ending
	for _, k := range all {
		if !k.InForce(r.now) || k.ExpiresAt.IsZero() {
			continue
		}
		list = append(list, ending{
			made: k.CreatedAt, ends: k.ExpiresAt, warned: k.WarnedAt, event: APIKeyExpiring, kind: "api_key", subject: k.ID.UUID, after: texts("name", k.Name),
			note: func(at time.Time) error { return tx.APIKeys().Warned(k.Organisation, k.ID, at) },
		})
	}
	return list, nil
}

// tag names a connection in the events of what belongs to it.
func (c Connection) tag() attribute.Value {
	return texts("connection", c.ID.String(), "connectionName", c.Name)
}
