package scim_test

import "testing"

// TestSCIM is docs/scim.md's list of what is most often broken elsewhere, by number: each on both databases.
func TestSCIM(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"01-names-without-case", namesWithoutCase},
		{"02-null-empty-absent-and-primary", nullEmptyAbsent},
		{"03-schemas", schemasAreRight},
		{"04-client-id-and-meta-ignored-externalId-exact", commonAttributes},
		{"05-userName-password-groups", userNamePasswordGroups},
		{"06-manager", managerIsComplex},
		{"07-location-and-etag", locationAndETag},
		{"08-filters", filters},
		{"09-paging", paging},
		{"10-sorting", sorting},
		{"11-attributes-and-put", attributesAndPut},
		{"12-search-and-root", searchAndRoot},
		{"13-put", put},
		{"14-patch", patching},
		{"14-patch-of-a-big-group", patchOfBigGroup},
		{"15-delete", deleting},
		{"16-bulk", bulk},
		{"16-bulk-in-any-order", bulkInAnyOrder},
		{"16-bulk-mutual", bulkMutual},
		{"16-bulk-failures", bulkFailures},
		{"17-me", me},
		{"18-conditions", conditions},
		{"19-errors", errorBodies},
		{"20-discovery", discovery},
		{"20-custom-schemas", customSchemas},
		{"21-media-types", mediaTypes},
		{"22-cursor", cursorPaging},
		{"22-cursor-refused", cursorRefused},
		{"23-paths", paths},
		{"25-page-sizes", pageSizes},
		{"26-manager-as-sent", managerAsSent},
		{"26-manager-by-hand", managerByHand},
		{"usher-extension", usherExtension},
		{"usher-read-only", usherReadOnly},
		{"roles-and-entitlements", rolesAndEntitlements},
	})
}

// TestRules is the rules of the domain as they show at this door, each under its name, on both databases.
func TestRules(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"suspend.sticks", suspendSticks},
		{"suspend.organisation", stopped},
		{"seat.required", seatOverflow},
		{"seat.wait", seatOverflow},
		{"scim.active", scimActive},
		{"user.fields", fieldsAsSent},
		{"mapping.precedence", precedence},
		{"provision.limits", limits},
		{"access.window", windowSaid},
		{"seat.type-change", licenceSaid},
		{"seat.type-change-with-active", licenceWithActive},
		{"seat.type-change-with-active-waits", licenceWithActiveWaits},
		{"seat.type-change-with-active-locked", licenceWithActiveLocked},
		{"seat.type-change-wished", licenceWished},
		{"user.extension-auto", extensions},
		{"provision.activation", provisionActivation},
		{"provision.password", passwordDropped},
		{"link.scope", otherOrganisations},
		{"owner.last", lastOwner},
		{"email.unique", accountsOfOthers},
	})
}
