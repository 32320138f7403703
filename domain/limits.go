package domain

import "slices"

// Limits are what a directory may give people: nil is no restriction, a list is all there is. Nothing makes it give
// ownership.
type Limits struct {
	Roles    []RoleID
	Profiles []ProfileID
	Licences []string
}

// NothingAllowed are the limits of a directory that may give nothing.
func NothingAllowed() Limits {
	return Limits{Roles: []RoleID{}, Profiles: []ProfileID{}, Licences: []string{}}
}

// equal compares what may be given, in the order in which it is listed.
func (l Limits) equal(m Limits) bool {
	return slices.Equal(l.Roles, m.Roles) && slices.Equal(l.Profiles, m.Profiles) && slices.Equal(l.Licences, m.Licences) &&
		(l.Roles == nil) == (m.Roles == nil) && (l.Profiles == nil) == (m.Profiles == nil) && (l.Licences == nil) == (m.Licences == nil)
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
