package domain

import "time"

// Device is a browser that a person asked to be remembered, so that it is not asked for a second factor.
type Device struct {
	ID           DeviceID
	Organisation OrganisationID
	User         UserID
	Hash         TokenHash
	Agent        string
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

// DeviceID names a remembered device.
type DeviceID = ID[Device]

// Devices is the store of remembered devices. One that is forgotten is not there.
type Devices interface {
	// Insert adds a device, and removes those of its person that expired before it was made.
	Insert(d Device) error
	// Known reports whether a hash is of a device of somebody that has not expired.
	Known(org OrganisationID, user UserID, hash TokenHash, now time.Time) (bool, error)
	// List gives somebody's devices, newest first, those that have expired left out.
	List(org OrganisationID, user UserID, now time.Time) ([]Device, error)
	// Forget removes one. NotFound.
	Forget(org OrganisationID, user UserID, id DeviceID) error
	// ForgetAll removes all of somebody and says how many there were.
	ForgetAll(org OrganisationID, user UserID) (int, error)
}
