package domain

import (
	"github.com/google/uuid"

	"usher/domain/attribute"
)

// LicenceType is what a seat is for.
type LicenceType struct {
	Organisation OrganisationID
	Name         string
	Modules      Objects // that people with this licence reach (rule licence.modules): all, or those that are listed
	Version      int64
}

// subject is what the event log calls a licence type: it has no id of its own but its name.
func (l LicenceType) subject() uuid.UUID {
	return uuid.NewSHA1(l.Organisation.UUID, []byte("licence:"+l.Name))
}

func (l LicenceType) tree() attribute.Value {
	tree := texts("licence", l.Name)
	if l.Modules.All {
		tree.Set("allModules", attribute.NewBool(true))
	} else {
		tree.Set("modules", textList(l.Modules.IDs))
	}
	return tree
}

// LicenceTypes is the store of what licences are for. Their seats are in [Seats], which makes them ([Seats.Plan]).
type LicenceTypes interface {
	// List gives all of an organisation, by name.
	List(org OrganisationID) ([]LicenceType, error)
	// Save writes a changed one over the version that was read; the unit of work runs again when that is no longer the
	// current one.
	Save(was, is LicenceType) error
}
