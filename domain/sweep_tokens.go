package domain

import "time"

// tokenWarning is how long before its end the owners are told of a token, or, where that is more, for the last quarter of
// its life.
const tokenWarning = 14 * 24 * time.Hour

// warnsAt is from when on it is told that the token ends; zero: never. Those of OAuth clients are renewed by themselves.
func (t Token) warnsAt() time.Time {
	if t.ExpiresAt.IsZero() || !t.Client.IsZero() || !t.WarnedAt.IsZero() {
		return time.Time{}
	}
	return t.ExpiresAt.Add(-min(tokenWarning, t.ExpiresAt.Sub(t.CreatedAt)/4))
}

// tokens tells of the tokens of directories that end soon, once of each: with them ends what the directory pushes.
func (r *sweepRun) tokens(tx Tx) (finished bool, err error) {
	org := r.organisation.ID
	all, err := tx.Tokens().List(org)
	if err != nil {
		return false, err
	}
	for _, t := range all {
		at := t.warnsAt()
		if !t.InForce(r.now) || at.IsZero() || r.now.Before(at) {
			continue
		}
		c, err := tx.Connections().Get(org, t.Connection)
		if err != nil {
			return false, err
		}
		if err := tx.Tokens().Warned(org, t.ID, r.now); err != nil {
			return false, err
		}
		event, err := r.write(TokenExpiring, UserID{}, r.now)
		if err != nil {
			return false, err
		}
		event.SubjectKind, event.Subject = "token", t.ID.UUID
		event.After = texts("connection", c.ID.String(), "connectionName", c.Name, "expiresAt", timestamp(t.ExpiresAt))
		if err := tx.Events().Append(event); err != nil {
			return false, err
		}
		r.report.Tokens++
	}
	return true, nil
}
