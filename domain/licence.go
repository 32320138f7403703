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
	// Holders gives the people here with a licence, whatever their status, at most limit: those who wait for a seat of it
	// last, in the order of their line.
	Holders(org OrganisationID, licence string, limit int) ([]UserID, error)
	// Named reports whether something that was said about people, or that they wish for, names a licence.
	Named(org OrganisationID, licence string) (bool, error)
	// Rename makes what was said about people, what they wish for and what is noted of where their licence comes from name
	// another licence. Who has that one wishes for it no more.
	Rename(org OrganisationID, licence, by string) error
	// Delete removes the version that was read, with its seats; the unit of work runs again when that is no longer the
	// current one, or somebody has the licence.
	Delete(l LicenceType) error
}
