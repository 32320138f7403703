package persistence

import (
	"github.com/google/uuid"

	"usher/domain"
)

// attach gives the people of a page their groups and managers, on PostgreSQL: one statement for all of them costs a
// fraction of a sub-select for each.
func attach(s session, scope domain.Scope, people []domain.User) error {
	if len(people) == 0 {
		return nil
	}
	if err := attachGroups(s, scope, people); err != nil {
		return err
	}
	return attachManagers(s, scope, people)
}

func attachGroups(s session, scope domain.Scope, people []domain.User) error {
	at := make(map[uuid.UUID]*domain.User, len(people))
	ids := make([]uuid.UUID, len(people))
	for i := range people {
		at[people[i].ID.UUID], ids[i] = &people[i], people[i].ID.UUID
	}
	var member uuid.UUID
	var ref domain.GroupRef
	// OFFSET 0 keeps the planner from turning the look-up of each person's memberships into one walk through all.
	err := s.query(`SELECT listed.id, x.group_id, g.display_name FROM `+idList(s.dialect())+`
CROSS JOIN LATERAL (SELECT m.group_id FROM memberships m WHERE m.organisation_id = ? AND m.member_id = listed.id OFFSET 0) AS x
JOIN groups g ON g.organisation_id = ? AND g.group_id = x.group_id AND g.archived_at IS NULL`,
		[]any{ids, scope.Organisation.UUID, scope.Organisation.UUID}, func(r row) error {
			if err := r.Scan(&member, &ref.ID.UUID, &ref.Display); err != nil {
				return err
			}
			at[member].Groups = append(at[member].Groups, ref)
			return nil
		})
	for i := range people {
		sortGroupRefs(people[i].Groups)
	}
	return err
}

func attachManagers(s session, scope domain.Scope, people []domain.User) error {
	var ids []uuid.UUID
	var texts []string
	seen := map[string]bool{}
	for i := range people {
		text := people[i].Manager
		if text == "" || seen[text] {
			continue
		}
		seen[text] = true
		texts = append(texts, text)
		if id := managerID(people[i]); id != uuid.Nil {
			ids = append(ids, id)
		}
	}
	if len(texts) == 0 {
		return nil
	}
	const visible = `, m.user_id, COALESCE(m.display_name, m.user_name) FROM users m
WHERE m.organisation_id = ? AND m.connection_id = ? AND m.archived_at IS NULL AND `
	byText := make(map[string]*domain.PersonRef, len(texts))
	note := func(r row) error {
		var text string
		var ref domain.PersonRef
		err := r.Scan(&text, &ref.ID.UUID, &ref.Display)
		byText[text] = &ref
		return err
	}
	// By external id first: where both name somebody, the id wins.
	err := s.query("SELECT m.external_id"+visible+"m.external_id = ANY (?::text[])",
		[]any{scope.Organisation.UUID, scope.Connection.UUID, texts}, note)
	if err == nil && len(ids) > 0 {
		err = s.query("SELECT m.user_id::text"+visible+"m.user_id = ANY (?::uuid[])",
			[]any{scope.Organisation.UUID, scope.Connection.UUID, ids}, note)
	}
	for i := range people {
		people[i].ManagerRef = byText[people[i].Manager]
	}
	return err
}
