package persistence

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"usher/domain"
)

// signedIn keeps people's sessions; a session of this package is something else.
type signedIn struct{ session }

const sessionColumns = `s.session_id, s.user_id, s.hash, s.method, s.steps, s.agent, s.address, s.created_at, s.seen_at,
COALESCE(s.proved_at, 0), s.factor, s.connection_id, s.issuer, s.provider_session, s.logout_hint`

// sessionRow is what sessionColumns give.
type sessionRow struct {
	session               domain.Session
	hash                  []byte
	method, steps, factor string
	created, seen, proved int64
}

func (r *sessionRow) into() []any {
	s := &r.session
	return []any{
		&s.ID.UUID, &s.User.UUID, &r.hash, &r.method, &r.steps, &s.Agent, &s.Address, &r.created, &r.seen, &r.proved, &r.factor,
		&s.Connection.UUID, &s.Issuer, &s.ProviderSession, &s.LogoutHint,
	}
}

func (r *sessionRow) noun(org domain.OrganisationID) domain.Session {
	s := r.session
	s.Organisation = org
	copy(s.Hash[:], r.hash)
	for step := range strings.FieldsSeq(r.steps) {
		s.Steps = append(s.Steps, domain.SignInStep(step))
	}
	s.Method, s.CreatedAt, s.SeenAt = domain.AccessMethod(r.method), instant(r.created), instant(r.seen)
	s.ProvedAt, s.Factor = instant(r.proved), domain.Factor(r.factor)
	return s
}

func (t signedIn) Insert(s domain.Session) error {
	var connection, hint any
	if !s.Connection.IsZero() {
		connection = s.Connection.UUID
	}
	if len(s.LogoutHint) > 0 {
		hint = s.LogoutHint
	}
	return t.exec(`INSERT INTO sessions (organisation_id, session_id, user_id, hash, method, steps, agent, address, created_at, seen_at, proved_at, factor,
connection_id, issuer, provider_session, logout_hint) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.Organisation.UUID, s.ID.UUID, s.User.UUID, s.Hash[:], string(s.Method), spellSteps(s.Steps), s.Agent, s.Address,
		s.CreatedAt.UnixMilli(), s.SeenAt.UnixMilli(), millis(s.ProvedAt), string(s.Factor), connection, s.Issuer, s.ProviderSession, hint)
}

// presentedSQL is on the way of every request of somebody who is signed in: each part of it is one look-up by a key.
const presentedSQL = "SELECT " + presentedColumns + presentedFrom + "\nWHERE s.organisation_id = ? AND s.hash = ?"

// What presentedRow reads, and of which tables.
const (
	presentedColumns = sessionColumns + `, o.commons_stamp, o.suspended_at IS NOT NULL, u.archived_at IS NULL, u.status, u.owner,
w.user_id IS NOT NULL, COALESCE(k.reason, ''), COALESCE(v.time_zone, ''), COALESCE(v.valid_from, ''), COALESCE(v.valid_until, ''),
COALESCE(v.schedule, '')`
	presentedFrom = `
FROM sessions s
JOIN organisations o ON o.organisation_id = s.organisation_id
JOIN users u ON u.organisation_id = s.organisation_id AND u.user_id = s.user_id
LEFT JOIN waiting_people w ON w.organisation_id = s.organisation_id AND w.user_id = s.user_id
LEFT JOIN user_blocks k ON k.organisation_id = s.organisation_id AND k.user_id = s.user_id
LEFT JOIN access_windows v ON v.organisation_id = s.organisation_id AND v.user_id = s.user_id`
)

func (t signedIn) Find(org domain.OrganisationID, hash domain.TokenHash) (domain.Presented, error) {
	var p presentedRow
	c, err := withCommons(t, org, func() (uuid.NullUUID, error) {
		return p.find(t, presentedSQL, []any{org.UUID, hash[:]})
	})
	if err == nil && c == nil {
		err = domain.UnknownSession()
	}
	if err != nil {
		return domain.Presented{}, err
	}
	return p.presented(org, c)
}

// presentedRow is what presentedColumns give.
type presentedRow struct {
	session sessionRow
	stamp   uuid.NullUUID
	facts   domain.AccessFacts
	status  string
	owner   bool
	reason  string
	window  domain.WindowSpec
}

// find reads presentedColumns, and what follows them into more; without stamp there is no such session.
func (p *presentedRow) find(s session, sql string, args []any, more ...any) (uuid.NullUUID, error) {
	p.stamp = uuid.NullUUID{}
	_, err := fetch(s, sql, args, append(p.session.into(), append([]any{
		&p.stamp, &p.facts.OrganisationSuspended, &p.facts.Here, &p.status, &p.owner, &p.facts.Waiting, &p.reason,
		&p.window.TimeZone, &p.window.ValidFrom, &p.window.ValidUntil, &p.window.Schedule,
	}, more...)...)...)
	return p.stamp, err
}

func (p *presentedRow) presented(org domain.OrganisationID, c *commons) (domain.Presented, error) {
	is := domain.Presented{Session: p.session.noun(org), Facts: p.facts, Owner: p.owner, Idle: c.idle, Longest: c.longest}
	is.Facts.Status, is.Facts.Block, is.Facts.Method = domain.Status(p.status), domain.BlockReason(p.reason), domain.BySession
	is.DoorShut = c.shut(is.Session, is.Owner)
	var err error
	is.Facts.Window, err = windowOf(p.window)
	return is, err
}

func (t signedIn) all(org domain.OrganisationID, where string, args ...any) ([]domain.Session, error) {
	var list []domain.Session
	err := t.query("SELECT "+sessionColumns+" FROM sessions s WHERE s.organisation_id = ? AND "+where, append([]any{org.UUID}, args...), func(r row) error {
		var s sessionRow
		err := r.Scan(s.into()...)
		list = append(list, s.noun(org))
		return err
	})
	return list, err
}

func (t signedIn) List(org domain.OrganisationID, user domain.UserID) ([]domain.Session, error) {
	return t.all(org, "s.user_id = ? ORDER BY s.created_at DESC, s.session_id DESC", user.UUID)
}

// spellSteps is steps as a column has them.
func spellSteps(steps []domain.SignInStep) string {
	words := make([]string, len(steps))
	for i, step := range steps {
		words[i] = string(step)
	}
	return strings.Join(words, " ")
}

func (t signedIn) Rotate(was, is domain.Session) error {
	return t.touch(errStale, "UPDATE sessions SET hash = ?, steps = ?, proved_at = ?, factor = ? WHERE organisation_id = ? AND session_id = ? AND hash = ?",
		is.Hash[:], spellSteps(is.Steps), millis(is.ProvedAt), string(is.Factor), was.Organisation.UUID, was.ID.UUID, was.Hash[:])
}

func (t signedIn) Seen(s domain.Session, at time.Time) error {
	return t.exec("UPDATE sessions SET seen_at = ? WHERE organisation_id = ? AND session_id = ? AND seen_at < ?",
		at.UnixMilli(), s.Organisation.UUID, s.ID.UUID, at.UnixMilli())
}

func (t signedIn) End(org domain.OrganisationID, user domain.UserID, id domain.SessionID) error {
	return t.touch(notFound("session"), "DELETE FROM sessions WHERE organisation_id = ? AND session_id = ? AND user_id = ?", org.UUID, id.UUID, user.UUID)
}

func (t signedIn) EndAll(org domain.OrganisationID, user domain.UserID, but domain.SessionID) ([]domain.SessionID, error) {
	var ended []domain.SessionID
	err := t.inside("DELETE FROM sessions WHERE organisation_id = ? AND user_id = ? AND session_id <> ? RETURNING session_id",
		[]any{org.UUID, user.UUID, idOrLowest(but.UUID)}, func(r row) error {
			var id domain.SessionID
			err := r.Scan(&id.UUID)
			ended = append(ended, id)
			return err
		})
	return ended, err
}

func (t signedIn) EndByProvider(org domain.OrganisationID, connection domain.ConnectionID, issuer, providerSession string, user domain.UserID) ([]domain.Session, error) {
	where, args := "s.connection_id = ? AND s.issuer = ?", []any{connection.UUID, issuer}
	if providerSession != "" {
		where, args = where+" AND s.provider_session = ?", append(args, providerSession)
	}
	if !user.IsZero() {
		where, args = where+" AND s.user_id = ?", append(args, user.UUID)
	}
	if len(args) == 2 { // all that began there is not what anybody asks for
		return nil, nil
	}
	list, err := t.all(org, where+" ORDER BY s.session_id", args...)
	if err != nil {
		return nil, err
	}
	return list, t.end(org, list)
}

// end takes sessions away.
func (t signedIn) end(org domain.OrganisationID, list []domain.Session) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]uuid.UUID, len(list))
	for i, s := range list {
		ids[i] = s.ID.UUID
	}
	return t.exec("DELETE FROM sessions WHERE organisation_id = ? AND session_id IN (SELECT listed.id FROM "+idList(t.dialect())+")", org.UUID, ids)
}

func (t signedIn) EndByConnection(org domain.OrganisationID, connection domain.ConnectionID) (int, error) {
	n := 0
	err := t.inside("DELETE FROM sessions WHERE organisation_id = ? AND connection_id = ? RETURNING 1", []any{org.UUID, connection.UUID}, func(row) error {
		n++
		return nil
	})
	return n, err
}

func (t signedIn) Windowed(org domain.OrganisationID, after domain.UserID, limit int) ([]domain.WindowedUser, error) {
	var list []domain.WindowedUser
	err := t.query(`SELECT a.user_id, a.time_zone, a.valid_from, a.valid_until, a.schedule FROM access_windows a
WHERE a.organisation_id = ? AND a.user_id > ? AND EXISTS (SELECT 1 FROM sessions s WHERE s.organisation_id = a.organisation_id AND s.user_id = a.user_id)
ORDER BY a.user_id LIMIT ?`, []any{org.UUID, idOrLowest(after.UUID), limit}, func(r row) error {
		var u domain.WindowedUser
		var spec domain.WindowSpec
		if err := r.Scan(&u.User.UUID, &spec.TimeZone, &spec.ValidFrom, &spec.ValidUntil, &spec.Schedule); err != nil {
			return err
		}
		var err error
		u.Window, err = windowOf(spec)
		list = append(list, u)
		return err
	})
	return list, err
}

func (t signedIn) Over(org domain.OrganisationID, begun, seen time.Time, limit int) ([]domain.Session, error) {
	list, err := t.all(org, "(s.created_at <= ? OR s.seen_at <= ?) ORDER BY s.session_id LIMIT ?", begun.UnixMilli(), seen.UnixMilli(), limit)
	if err != nil {
		return nil, err
	}
	return list, t.end(org, list)
}
