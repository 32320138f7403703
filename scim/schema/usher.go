package schema

import (
	"usher/domain"
	"usher/scim/filter"
)

// usherExtension is Usher's own extension of User. What a PUT leaves out of it stays, attribute by attribute: most
// directories never say any of it, and what stands there may be an administrator's or the service's own.
//
// What is read-only is returned on request (RFC 7643 section 7): it is read for whoever asks, and plain answers cost no
// more for it (docs/decisions/008).
func usherExtension() definition {
	const byName = ", by its name or id; answered as its name, whoever gave it"
	text := func(name, description string) characteristics {
		return characteristics{name: name, typ: domain.TypeString, mutability: filter.ReadWrite, description: description}
	}
	asked := func(name string, typ domain.Type, description string, canonical ...string) characteristics {
		return characteristics{
			name: name, typ: typ, caseExact: typ == domain.TypeString, mutability: filter.ReadOnly, returned: returnedRequest, apart: true,
			description: description, canonical: canonical,
		}
	}
	queues := text("queues", "The queues that the person is in, each"+byName)
	queues.multi = true
	window := characteristics{
		name: "accessWindow", typ: domain.TypeComplex, mutability: filter.ReadWrite, description: "When the person may come in; always, where it is not there",
		subs: []characteristics{
			text("timeZone", "The IANA time zone by which the rest is read, such as Europe/Madrid; UTC unless given"),
			text("validFrom", "The first day, such as 2026-01-31"),
			text("validUntil", "The last day"),
			text("schedule", "The spans of a week, such as mon 09:00-17:00, fri 22:00-06:00"),
		},
	}
	extension := text("extension", "The telephone extension: exactly four digits, unique in the organisation")
	extension.caseExact, extension.uniqueness = true, uniqueOnServer
	mfa := text("mfaRequired", "Whether the person needs a second factor to sign in, whatever the policy of the organisation says of others")
	mfa.typ = domain.TypeBoolean
	return definition{
		urn: domain.URNUsher, name: "Usher User", description: "What a person is given in Usher", sticky: true, stickyParts: true,
		attributes: []characteristics{
			text("role", "The role"+byName),
			text("profile", "The profile"+byName),
			text("team", "The team"+byName),
			queues,
			text("licence", "The licence type, such as full"),
			window,
			extension,
			mfa,
			asked("status", domain.TypeString, "Where the person is in their life; active is false exactly for who is inactive", "pending", "active", "inactive"),
			asked("blocked", domain.TypeBoolean, "Whether the person may not come in though they are active"),
			asked("invitation", domain.TypeString, "Where the latest invitation stands", "open", "accepted", "revoked", "expired"),
			asked("lastAccess", domain.TypeDateTime, "When the person came in last"),
			asked("seat", domain.TypeString, "Whether the person has a seat of their licence", "held", "waiting", "none"),
		},
	}
}
