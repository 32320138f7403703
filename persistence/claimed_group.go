package persistence

import (
	"slices"
	"strings"
	"time"

	"usher/domain"
)

type claimedGroups struct{ session }

func (t claimedGroups) Of(org domain.OrganisationID, user domain.UserID) ([]domain.GroupID, error) {
	var list []domain.GroupID
	err := t.query("SELECT group_id FROM claimed_groups WHERE organisation_id = ? AND user_id = ? ORDER BY group_id", []any{org.UUID, user.UUID},
		func(r row) error {
			var id domain.GroupID
			err := r.Scan(&id.UUID)
			list = append(list, id)
			return err
		})
	return list, err
}

func (t claimedGroups) Save(org domain.OrganisationID, user domain.UserID, was, is []domain.GroupID, at time.Time) error {
	for _, id := range was {
		if slices.Contains(is, id) {
			continue
		}
		err := t.exec("DELETE FROM claimed_groups WHERE organisation_id = ? AND user_id = ? AND group_id = ?", org.UUID, user.UUID, id.UUID)
		if err != nil {
			return err
		}
	}
	for _, id := range is {
		if slices.Contains(was, id) {
			continue
		}
		err := t.exec(`INSERT INTO claimed_groups (organisation_id, user_id, group_id, since) VALUES (?, ?, ?, ?)
ON CONFLICT (organisation_id, user_id, group_id) DO NOTHING`, org.UUID, user.UUID, id.UUID, at.UnixMilli())
		if err != nil {
			return err
		}
	}
	return nil
}

func (t claimedGroups) Named(org domain.OrganisationID, connection domain.ConnectionID, names []string) ([]domain.Group, error) {
	var list []domain.Group
	for part := range slices.Chunk(names, maxNamed) {
		marks, args := strings.TrimSuffix(strings.Repeat("?, ", len(part)), ", "), []any{org.UUID, connection.UUID}
		for range 2 {
			for _, name := range part {
				args = append(args, name)
			}
		}
		for _, name := range part {
			args = append(args, domain.NewName(name).Key)
		}
		found, err := mappings(t).groups("g.organisation_id = ? AND g.connection_id = ? AND g.archived_at IS NULL AND (g.claim_value IN ("+marks+
			") OR g.external_id IN ("+marks+") OR g.display_name_key IN ("+marks+"))", args...)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

func (t claimedGroups) Declared(org domain.OrganisationID, connection domain.ConnectionID) ([]domain.Group, error) {
	return mappings(t).groups("g.organisation_id = ? AND g.connection_id = ? AND g.claim_value IS NOT NULL AND g.archived_at IS NULL ORDER BY g.group_id",
		org.UUID, connection.UUID)
}

// maxNamed bounds the names that one statement looks for.
const maxNamed = 500
