package domain

import "slices"

// Limits are what a directory may give people: nil is no restriction, a list is all there is. Nothing makes it give
// ownership.
type Limits struct {
	Roles    []RoleID
	Profiles []ProfileID
	Licences []string
}

// Role reports whether the directory may give a role.
func (l Limits) Role(id RoleID) bool { return l.Roles == nil || slices.Contains(l.Roles, id) }

// Profile reports whether the directory may give a profile.
func (l Limits) Profile(id ProfileID) bool {
	return l.Profiles == nil || slices.Contains(l.Profiles, id)
}

// Licence reports whether the directory may give a licence.
func (l Limits) Licence(licence string) bool {
	return l.Licences == nil || slices.Contains(l.Licences, licence)
}
