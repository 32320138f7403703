package persistence

import (
	"slices"

	"github.com/google/uuid"

	"usher/domain"
)

// The kinds of holders of record_shares.
const (
	sharedWithUser = "user"
	sharedWithTeam = "team"
)

func holderOf(s domain.RecordShare) (kind string, id uuid.UUID) {
	if s.Team.IsZero() {
		return sharedWithUser, s.User.UUID
	}
	return sharedWithTeam, s.Team.UUID
}

// Shares are in order of person, then team: the zero id comes first. Those of people who were deleted are there until they are
// erased, and count for nothing.
func (t records) Shares(org domain.OrganisationID, key domain.RecordKey) ([]domain.RecordShare, error) {
	var list []domain.RecordShare
	err := t.query(`SELECT holder_kind, holder_id, may FROM record_shares s WHERE organisation_id = ? AND kind = ? AND record_id = ?
AND NOT EXISTS (SELECT 1 FROM users u WHERE s.holder_kind = '`+sharedWithUser+`' AND u.organisation_id = s.organisation_id AND u.user_id = s.holder_id
AND u.archived_at IS NOT NULL) ORDER BY holder_kind, holder_id`, []any{org.UUID, key.Kind, key.ID}, func(r row) error {
		var kind, may string
		var id uuid.UUID
		err := r.Scan(&kind, &id, &may)
		s := domain.RecordShare{May: domain.RecordAccess(may)}
		if kind == sharedWithTeam {
			s.Team.UUID = id
		} else {
			s.User.UUID = id
		}
		list = append(list, s)
		return err
	})
	return list, err
}

func (t records) SetShares(org domain.OrganisationID, key domain.RecordKey, was, is []domain.RecordShare) error {
	for _, s := range was {
		if slices.Contains(is, s) {
			continue
		}
		kind, id := holderOf(s)
		err := t.exec("DELETE FROM record_shares WHERE organisation_id = ? AND kind = ? AND record_id = ? AND holder_kind = ? AND holder_id = ?",
			org.UUID, key.Kind, key.ID, kind, id)
		if err != nil {
			return err
		}
	}
	for _, s := range is {
		if slices.Contains(was, s) {
			continue
		}
		kind, id := holderOf(s)
		err := t.exec(`INSERT INTO record_shares (organisation_id, kind, record_id, holder_kind, holder_id, may) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, kind, record_id, holder_kind, holder_id) DO UPDATE SET may = excluded.may`,
			org.UUID, key.Kind, key.ID, kind, id, string(s.May))
		if err != nil {
			return err
		}
	}
	return nil
}

func (t records) SharedWith(org domain.OrganisationID, team domain.TeamID, limit int) ([]domain.RecordKey, error) {
	var list []domain.RecordKey
	err := t.query("SELECT kind, record_id FROM record_shares WHERE organisation_id = ? AND holder_kind = ? AND holder_id = ? ORDER BY kind, record_id LIMIT ?",
		[]any{org.UUID, sharedWithTeam, team.UUID, limit}, func(r row) error {
			var key domain.RecordKey
			err := r.Scan(&key.Kind, &key.ID)
			list = append(list, key)
			return err
		})
	return list, err
}

// recordStandingSQL reads role and team of both people: what was decided, or else the default.
const recordStandingSQL = `SELECT v.owner, v.status, CASE WHEN vr.user_id IS NOT NULL THEN vr.object_id WHEN v.connection_id IS NOT NULL THEN d.role_id END,
vt.object_id, COALESCE(o.owner, false), r.owner_id,
CASE WHEN orole.user_id IS NOT NULL THEN orole.object_id WHEN o.connection_id IS NOT NULL THEN d.role_id END, ot.object_id,
COALESCE(su.may, ''), COALESCE(st.may, '')
FROM users v
LEFT JOIN access_defaults d ON d.organisation_id = v.organisation_id
LEFT JOIN assignments vr ON vr.organisation_id = v.organisation_id AND vr.user_id = v.user_id AND vr.kind = 'role' AND vr.slot = ''
LEFT JOIN assignments vt ON vt.organisation_id = v.organisation_id AND vt.user_id = v.user_id AND vt.kind = 'team' AND vt.slot = ''
LEFT JOIN records r ON r.organisation_id = v.organisation_id AND r.kind = ? AND r.record_id = ?
LEFT JOIN users o ON o.organisation_id = r.organisation_id AND o.user_id = r.owner_id
LEFT JOIN assignments orole ON orole.organisation_id = o.organisation_id AND orole.user_id = o.user_id AND orole.kind = 'role' AND orole.slot = ''
LEFT JOIN assignments ot ON ot.organisation_id = o.organisation_id AND ot.user_id = o.user_id AND ot.kind = 'team' AND ot.slot = ''
LEFT JOIN record_shares su ON su.organisation_id = r.organisation_id AND su.kind = r.kind AND su.record_id = r.record_id
AND su.holder_kind = 'user' AND su.holder_id = v.user_id
LEFT JOIN record_shares st ON st.organisation_id = r.organisation_id AND st.kind = r.kind AND st.record_id = r.record_id
AND st.holder_kind = 'team' AND st.holder_id = vt.object_id
WHERE v.organisation_id = ? AND v.user_id = ? AND v.archived_at IS NULL`

func (t records) Standing(org domain.OrganisationID, key domain.RecordKey, viewer domain.UserID) (domain.RecordStanding, error) {
	s := domain.RecordStanding{Viewer: domain.Place{User: viewer}}
	var status, byUser, byTeam string
	found, err := fetch(t, recordStandingSQL, []any{key.Kind, key.ID, org.UUID, viewer.UUID}, &s.Viewer.Owner, &status, &s.Viewer.Role.UUID,
		&s.Viewer.Team.UUID, &s.Owner.Owner, &s.Owner.User.UUID, &s.Owner.Role.UUID, &s.Owner.Team.UUID, &byUser, &byTeam)
	if err == nil && !found {
		err = &domain.Error{Kind: domain.NotFound, Code: domain.CodeNotFound, Field: "user", Message: "there is no such user; send the id of somebody who is here"}
	}
	s.Status, s.Known = domain.Status(status), !s.Owner.User.IsZero()
	s.ByUser, s.ByTeam = domain.RecordAccess(byUser), domain.RecordAccess(byTeam)
	return s, err
}
