package domain

import (
	"time"
	_ "time/tzdata" // so that a zone means the same on a machine without a time zone database
)

// Zone is a time zone by its name in the IANA database. A Zone that exists is valid; the zero value is UTC.
type Zone struct {
	name     string
	location *time.Location
}

// maxZoneName bounds the name of a zone, in bytes.
const maxZoneName = 64

// ParseZone finds a zone by its name, such as Europe/Madrid. Invalid for one that does not exist.
func ParseZone(name string) (Zone, error) {
	unknown := InvalidField("time_zone", "use a name of the IANA time zone database, such as Europe/Madrid")
	if name == "" || name == "Local" || len(name) > maxZoneName {
		return Zone{}, unknown
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return Zone{}, unknown
	}
	return Zone{name: name, location: location}, nil
}

// Name of the zone.
func (z Zone) Name() string {
	if z.location == nil {
		return "UTC"
	}
	return z.name
}

// local is the zone for the clock.
func (z Zone) local() *time.Location {
	if z.location == nil {
		return time.UTC
	}
	return z.location
}
