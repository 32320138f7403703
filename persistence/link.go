package persistence

import (
	"time"

	"usher/domain"
)

type links struct{ session }

const linkColumns = `l.link_id, l.user_id, l.kind, l.hash, l.state, l.resent, l.created_at, l.expires_at, COALESCE(l.ended_at, 0)`

func (t links) Insert(l domain.Link) error {
	return t.exec(`INSERT INTO links (organisation_id, link_id, user_id, kind, hash, state, resent, created_at, expires_at, ended_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, l.Organisation.UUID, l.ID.UUID, l.User.UUID, string(l.Kind), l.Hash[:], string(l.State), l.Resent,
		l.CreatedAt.UnixMilli(), l.ExpiresAt.UnixMilli(), millis(l.EndedAt))
}

// all reads links of an organisation; where goes on after it.
func (t links) all(org domain.OrganisationID, where string, args ...any) ([]domain.Link, error) {
	var list []domain.Link
	err := t.query("SELECT "+linkColumns+" FROM links l WHERE l.organisation_id = ? AND "+where, append([]any{org.UUID}, args...), func(r row) error {
		l := domain.Link{Organisation: org}
		var kind, state string
		var hash []byte
		var created, expires, ended int64
		err := r.Scan(&l.ID.UUID, &l.User.UUID, &kind, &hash, &state, &l.Resent, &created, &expires, &ended)
		copy(l.Hash[:], hash)
		l.Kind, l.State = domain.LinkKind(kind), domain.LinkState(state)
		l.CreatedAt, l.ExpiresAt, l.EndedAt = instant(created), instant(expires), instant(ended)
		list = append(list, l)
		return err
	})
	return list, err
}

func (t links) one(org domain.OrganisationID, where string, args ...any) (domain.Link, error) {
	list, err := t.all(org, where, args...)
	if err == nil && len(list) == 0 {
		err = notFound("link")
	}
	if err != nil {
		return domain.Link{}, err
	}
	return list[0], nil
}

func (t links) Get(org domain.OrganisationID, id domain.LinkID) (domain.Link, error) {
	return t.one(org, "l.link_id = ?", id.UUID)
}

func (t links) Presented(ref domain.LinkRef) (domain.Link, error) {
	return t.one(ref.Organisation, "l.link_id = ? AND l.hash = ?", ref.ID.UUID, ref.Hash[:])
}

func (t links) Latest(org domain.OrganisationID, user domain.UserID, kind domain.LinkKind) (domain.Link, bool, error) {
	// The one that is open was sent last, whatever the clock said of the replica that sent another.
	list, err := t.all(org, "l.user_id = ? AND l.kind = ? ORDER BY (l.state = 'open') DESC, l.created_at DESC, l.link_id DESC LIMIT 1", user.UUID, string(kind))
	if err != nil || len(list) == 0 {
		return domain.Link{}, false, err
	}
	return list[0], true, nil
}

func (t links) Resent(org domain.OrganisationID, user domain.UserID, kind domain.LinkKind, since time.Time) (int, error) {
	var n int64
	_, err := fetch(t, "SELECT count(*) FROM links WHERE organisation_id = ? AND user_id = ? AND kind = ? AND created_at > ? AND resent",
		[]any{org.UUID, user.UUID, string(kind), since.UnixMilli()}, &n)
	return int(n), err
}

func (t links) Open(org domain.OrganisationID, user domain.UserID) ([]domain.Link, error) {
	return t.all(org, "l.user_id = ? AND l.state = 'open' ORDER BY l.link_id", user.UUID)
}

func (t links) Over(org domain.OrganisationID, at time.Time, limit int) ([]domain.Link, error) {
	return t.all(org, "l.state = 'open' AND l.expires_at <= ? ORDER BY l.link_id LIMIT ?", at.UnixMilli(), limit)
}

func (t links) End(l domain.Link, state domain.LinkState, at time.Time) error {
	return t.touch(errStale, "UPDATE links SET state = ?, ended_at = ? WHERE organisation_id = ? AND link_id = ? AND state = 'open'",
		string(state), at.UnixMilli(), l.Organisation.UUID, l.ID.UUID)
}
