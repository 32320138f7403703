package persistence

import (
	"strings"

	"usher/domain"
)

type blocks struct{ session }

func (t blocks) Get(org domain.OrganisationID, user domain.UserID) (domain.Block, bool, error) {
	b := domain.Block{Organisation: org, User: user}
	var reason string
	var since int64
	found, err := fetch(t, "SELECT reason, since, actor_kind, actor_id FROM user_blocks WHERE organisation_id = ? AND user_id = ?",
		[]any{org.UUID, user.UUID}, &reason, &since, &b.By.Kind, &b.By.ID)
	if err != nil || !found {
		return domain.Block{}, false, err
	}
	b.Reason, b.Since = domain.BlockReason(reason), instant(since)
	return b, true, nil
}

func (t blocks) Of(org domain.OrganisationID, users []domain.UserID) ([]domain.Block, error) {
	var list []domain.Block
	if len(users) == 0 {
		return list, nil
	}
	err := t.query("SELECT user_id, reason, since, actor_kind, actor_id FROM user_blocks WHERE organisation_id = ? AND user_id"+amongUsers(users),
		usersArgs(org, users), func(r row) error {
			b := domain.Block{Organisation: org}
			var reason string
			var since int64
			err := r.Scan(&b.User.UUID, &reason, &since, &b.By.Kind, &b.By.ID)
			b.Reason, b.Since = domain.BlockReason(reason), instant(since)
			list = append(list, b)
			return err
		})
	return list, err
}

// amongUsers is the condition, with the parameters of usersArgs, that a column is one of some people.
func amongUsers(users []domain.UserID) string {
	return " IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(users)), ", ") + ")"
}

func usersArgs(org domain.OrganisationID, users []domain.UserID) []any {
	args := []any{org.UUID}
	for _, id := range users {
		args = append(args, id.UUID)
	}
	return args
}

func (t blocks) Put(was, is domain.Block) error {
	sql := `INSERT INTO user_blocks (organisation_id, user_id, reason, since, actor_kind, actor_id) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, user_id) DO NOTHING`
	args := []any{is.Organisation.UUID, is.User.UUID, string(is.Reason), is.Since.UnixMilli(), is.By.Kind, is.By.ID}
	if was.Reason != "" {
		sql = `UPDATE user_blocks SET reason = ?, since = ?, actor_kind = ?, actor_id = ?
WHERE organisation_id = ? AND user_id = ? AND reason = ? AND since = ?`
		args = []any{
			string(is.Reason), is.Since.UnixMilli(), is.By.Kind, is.By.ID, is.Organisation.UUID, is.User.UUID,
			string(was.Reason), was.Since.UnixMilli(),
		}
	}
	return t.touch(errStale, sql, args...)
}

func (t blocks) Lift(b domain.Block) error {
	return t.touch(errStale, "DELETE FROM user_blocks WHERE organisation_id = ? AND user_id = ? AND reason = ? AND since = ?",
		b.Organisation.UUID, b.User.UUID, string(b.Reason), b.Since.UnixMilli())
}
