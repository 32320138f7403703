package schema

import (
	"usher/domain"
	"usher/scim/filter"
)

// usherExtension is Usher's own extension of User. What a PUT leaves out of it stays, attribute by attribute: most
// directories never say any of it, and what stands there may be an administrator's or the service's own.
func usherExtension() definition {
	return definition{
		urn: domain.URNUsher, name: "Usher User", description: "What a person is given in Usher", sticky: true, stickyParts: true,
		attributes: []characteristics{
			{
				name: "extension", typ: domain.TypeString, caseExact: true, mutability: filter.ReadWrite, uniqueness: uniqueOnServer,
				description: "The telephone extension: exactly four digits, unique in the organisation",
			},
			{
				name: "mfaRequired", typ: domain.TypeBoolean, mutability: filter.ReadWrite,
				description: "Whether the person needs a second factor to sign in, whatever the policy of the organisation says of others",
			},
		},
	}
}
