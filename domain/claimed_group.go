package domain

import "time"

// ClaimedGroups is the store of the groups that the claims of people's last sign-ins named. Whoever is in one has what its
// mappings give, as a member has, and is no member of it to the directory.
type ClaimedGroups interface {
	// Of gives those of somebody, in order of id.
	Of(org OrganisationID, user UserID) ([]GroupID, error)
	// Save writes those of somebody in place of what was.
	Save(org OrganisationID, user UserID, was, is []GroupID, at time.Time) error
	// Named are the groups of a connection that are there and have one of some names as external id, or as display name
	// without case; perhaps one several times.
	Named(org OrganisationID, connection ConnectionID, names []string) ([]Group, error)
}
