package persistence

import (
	"strings"

	"usher/domain"
)

type licenceTypes struct{ session }

// everyModule stands for NULL where the modules of a licence are read: no module is called so.
const everyModule = "*"

func modulesOf(text string) domain.Objects {
	if text == everyModule {
		return domain.AllObjects()
	}
	return domain.TheseObjects(listOf(text)...)
}

func (t licenceTypes) List(org domain.OrganisationID) ([]domain.LicenceType, error) {
	var list []domain.LicenceType
	err := t.query("SELECT licence, COALESCE(modules, '"+everyModule+"'), version FROM licences WHERE organisation_id = ? ORDER BY licence",
		[]any{org.UUID}, func(r row) error {
			l := domain.LicenceType{Organisation: org}
			var modules string
			err := r.Scan(&l.Name, &modules, &l.Version)
			l.Modules = modulesOf(modules)
			list = append(list, l)
			return err
		})
	return list, err
}

func (t licenceTypes) Save(was, is domain.LicenceType) error {
	var modules any
	if !is.Modules.All {
		modules = strings.Join(is.Modules.IDs, ",")
	}
	err := t.touch(errStale, "UPDATE licences SET modules = ?, version = ? WHERE organisation_id = ? AND licence = ? AND version = ?",
		modules, is.Version, is.Organisation.UUID, is.Name, was.Version)
	if err != nil {
		return err
	}
	return commonsChanged(t, is.Organisation)
}

func (t licenceTypes) Holders(org domain.OrganisationID, licence string, limit int) ([]domain.UserID, error) {
	return assignments(t).people(`SELECT u.user_id FROM users u
LEFT JOIN waiting_people w ON w.organisation_id = u.organisation_id AND w.user_id = u.user_id
WHERE u.organisation_id = ? AND u.licence = ? AND u.archived_at IS NULL ORDER BY COALESCE(w.place, 0), u.user_id LIMIT ?`,
		org.UUID, licence, limit)
}

func (t licenceTypes) Named(org domain.OrganisationID, licence string) (bool, error) {
	var one int
	return fetch(t, `SELECT 1 FROM user_claims WHERE organisation_id = ? AND kind = 'licence' AND text = ?
UNION ALL SELECT 1 FROM licence_wishes WHERE organisation_id = ? AND licence = ? LIMIT 1`,
		[]any{org.UUID, licence, org.UUID, licence}, &one)
}

func (t licenceTypes) Rename(org domain.OrganisationID, licence, by string) error {
	for _, sql := range []string{
		"UPDATE user_claims SET text = ? WHERE organisation_id = ? AND kind = 'licence' AND text = ?",
		"UPDATE assignments SET licence = ? WHERE organisation_id = ? AND kind = 'licence' AND licence = ?",
		"UPDATE licence_wishes SET licence = ? WHERE organisation_id = ? AND licence = ?",
	} {
		if err := t.exec(sql, by, org.UUID, licence); err != nil {
			return err
		}
	}
	return t.exec(`DELETE FROM licence_wishes WHERE organisation_id = ? AND licence = ? AND EXISTS (SELECT 1 FROM users u
WHERE u.organisation_id = licence_wishes.organisation_id AND u.user_id = licence_wishes.user_id AND u.licence = licence_wishes.licence)`,
		org.UUID, by)
}

// Delete takes the free seats first: on PostgreSQL one that somebody is about to take is waited for, and then seen to be
// held.
func (t licenceTypes) Delete(l domain.LicenceType) error {
	of := []any{l.Organisation.UUID, l.Name}
	if err := t.exec("DELETE FROM seats WHERE organisation_id = ? AND licence = ? AND holder_id IS NULL", of...); err != nil {
		return err
	}
	err := t.touch(errStale, `DELETE FROM licences WHERE organisation_id = ? AND licence = ? AND version = ?
AND NOT EXISTS (SELECT 1 FROM seats s WHERE s.organisation_id = licences.organisation_id AND s.licence = licences.licence)
AND NOT EXISTS (SELECT 1 FROM users u WHERE u.organisation_id = licences.organisation_id AND u.licence = licences.licence AND u.archived_at IS NULL)`,
		append(of, l.Version)...)
	if err != nil {
		return err
	}
	return commonsChanged(t, l.Organisation)
}
