package patch

// This file is every habit of a directory that concerns operations and that is put right, for all of them alike; what
// concerns values is put right by the schema. Each rule's name is told to note whenever it applies.
const (
	// RuleOperationCase: op is not in lower case, such as "Add" or "Replace".
	// Entra ID without aadOptscim062020: "Known issues and resolutions with SCIM 2.0 protocol compliance",
	// learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-config-problem-scim-compatibility.
	RuleOperationCase = "operation_case"

	// RuleValuePathKey: an operation without path has a member called by a value path, such as
	// emails[type eq "work"].value. Entra ID with aadOptscim062020, as above; the value is used as if the key were the
	// path.
	RuleValuePathKey = "value_path_key"

	// RuleElementCreated: an add or replace whose value path matches nothing makes the element that the path describes,
	// where RFC 7644 section 3.5.2.3 wants noTarget. Entra ID: "Develop and plan provisioning for a SCIM endpoint",
	// learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups; captured in
	// github.com/limosa-io/laravel-scim-server issue 34.
	RuleElementCreated = "element_created"

	// RuleRemoveByValue: a removal lists in value what is to go, where the RFC has a value filter in the path.
	// Entra ID without aadOptscim062020, as for RuleOperationCase ("Remove" of members).
	RuleRemoveByValue = "remove_by_value"

	// RuleWrappedValue: a value without sub-attributes arrives as {"value": …}, alone or in a list of one.
	// Entra ID: what Microsoft's own library expects, github.com/MicrosoftDocs/azure-docs issue 42220.
	RuleWrappedValue = "wrapped_value"

	// RuleOwnID: an operation sets the id that the resource has. Okta: the value of a group's rename holds it,
	// developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20 ("Update a specific Group name").
	RuleOwnID = "own_id"
)

// Rules are the names of all rules, for those who list or test them.
func Rules() []string {
	return []string{
		RuleOperationCase, RuleValuePathKey, RuleElementCreated, RuleRemoveByValue, RuleWrappedValue, RuleOwnID,
	}
}
