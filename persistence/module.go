package persistence

import (
	"strings"

	"usher/domain"
)

type modules struct{ session }

func (t modules) List(org domain.OrganisationID) ([]domain.Module, error) {
	var list []domain.Module
	err := t.query("SELECT module, name, actions, has_objects, version, created_at, modified_at FROM modules WHERE organisation_id = ? ORDER BY module",
		[]any{org.UUID}, func(r row) error {
			m := domain.Module{Organisation: org}
			var own string
			var created, modified int64
			err := r.Scan(&m.ID, &m.Name, &own, &m.HasObjects, &m.Version, &created, &modified)
			m.Actions = append([]string{domain.ActionView, domain.ActionCreate, domain.ActionEdit, domain.ActionDelete}, listOf(own)...)
			m.CreatedAt, m.ModifiedAt = instant(created), instant(modified)
			list = append(list, m)
			return err
		})
	return list, err
}

// listOf reads identifiers between commas.
func listOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func (t modules) Insert(m domain.Module) error {
	taken := &domain.Error{
		Kind: domain.Conflict, Code: domain.CodeNameTaken, Field: "module",
		Message: "the module " + clip(m.ID) + " is registered; change that one",
	}
	err := t.claim(taken, "INSERT INTO modules (organisation_id, module, name, actions, has_objects, version, created_at, modified_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		m.Organisation.UUID, m.ID, m.Name, strings.Join(m.OwnActions(), ","), m.HasObjects, m.Version, m.CreatedAt.UnixMilli(), m.ModifiedAt.UnixMilli())
	if err != nil {
		return err
	}
	return commonsChanged(t, m.Organisation)
}

func (t modules) Save(was, is domain.Module) error {
	err := t.touch(errStale, "UPDATE modules SET name = ?, actions = ?, has_objects = ?, version = ?, modified_at = ? WHERE organisation_id = ? AND module = ? AND version = ?",
		is.Name, strings.Join(is.OwnActions(), ","), is.HasObjects, is.Version, is.ModifiedAt.UnixMilli(), is.Organisation.UUID, is.ID, was.Version)
	if err != nil {
		return err
	}
	return commonsChanged(t, is.Organisation)
}

func (t modules) Delete(m domain.Module) error {
	err := t.touch(errStale, "DELETE FROM modules WHERE organisation_id = ? AND module = ? AND version = ?", m.Organisation.UUID, m.ID, m.Version)
	if err != nil {
		return err
	}
	return commonsChanged(t, m.Organisation)
}
