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
	return t.touch(errStale, "UPDATE licences SET modules = ?, version = ? WHERE organisation_id = ? AND licence = ? AND version = ?",
		modules, is.Version, is.Organisation.UUID, is.Name, was.Version)
}
