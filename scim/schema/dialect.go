package schema

import (
	"strings"
	"time"

	"usher/domain"
	"usher/domain/attribute"
)

// This file is every habit of a directory that concerns values and that is put right, for all of them alike. Each has a
// rule, whose name is told to note whenever it applies and counted per connection, and a fixture of the same name in
// testdata/dialect.
const (
	// RuleBooleanAsText: a boolean arrives as "True", "False", "true" or "false".
	// Entra ID: "Known issues and resolutions with SCIM 2.0 protocol compliance", learn.microsoft.com/entra/identity/
	// app-provisioning/application-provisioning-config-problem-scim-compatibility. OneLogin: "Define Your SCIM User
	// Schema", developers.onelogin.com/scim/define-user-schema (parameters stand between quotes).
	RuleBooleanAsText = "boolean_as_text"

	// RuleNumberAsText: an integer or decimal arrives as text.
	// Entra ID: "Customize attribute mappings", learn.microsoft.com/entra/identity/app-provisioning/
	// customize-application-attributes (a custom attribute is of type String unless the administrator says otherwise).
	RuleNumberAsText = "number_as_text"

	// RuleTextAsNumber: a text, usually an employee number or externalId, arrives as a JSON number.
	// WSO2 Identity Server: github.com/wso2/product-is issue 6627 ("externalId": 157663).
	RuleTextAsNumber = "text_as_number"

	// RuleEmptyText: "" stands for no value.
	// Entra ID: the null update test of its validator, github.com/AzureAD/SCIMReferenceCode,
	// Microsoft.SCIM.LogicAppValidationTemplate, SCIM_Null_Update_Test.
	RuleEmptyText = "empty_text"

	// RuleEmptyElement: an element of a list has no value left, at most its type and primary; it goes.
	// Entra ID: the same test clears phoneNumbers[type eq "mobile"].value with "" and null.
	RuleEmptyElement = "empty_element"

	// RuleSingleObjectForList: a multi-valued attribute arrives as one object.
	// OneLogin: developers.onelogin.com/scim/define-user-schema ("emails" of its enterprise template).
	RuleSingleObjectForList = "single_object_for_list"

	// RuleSingleValueForList: a multi-valued attribute without sub-attributes arrives as one value.
	// SCIM-SDK accepts it by default: github.com/Captain-P-Goldfish/SCIM-SDK issue 47.
	RuleSingleValueForList = "single_value_for_list"

	// RuleScalarForComplexList: elements arrive as bare values, "emails": ["a@b"], or the whole list as one.
	// WSO2 Identity Server: github.com/wso2/product-is issues 7290 and 13845.
	RuleScalarForComplexList = "scalar_for_complex_list"

	// RuleListForSingle: a single value arrives as a list of one.
	// SCIM-SDK: github.com/Captain-P-Goldfish/SCIM-SDK issue 47 (displayName as ["…"]).
	RuleListForSingle = "list_for_single"

	// RuleScalarForComplex: a complex attribute of a custom schema arrives as its value alone; RuleManagerAsText for
	// all others that have a value.
	RuleScalarForComplex = "scalar_for_complex"

	// RuleManagerAsText: the manager arrives as the bare id.
	// Entra ID: "Develop and plan provisioning for a SCIM endpoint", learn.microsoft.com/entra/identity/
	// app-provisioning/use-scim-to-provision-users-and-groups, table 1 ("Manager": "123456"), and
	// github.com/AzureAD/SCIMReferenceCode, SCIM_Update_Manager_Test.
	RuleManagerAsText = "manager_as_text"

	// RuleManagerAsList: the manager arrives as a list of one object.
	// Entra ID: use-scim-to-provision-users-and-groups, example 5.
	RuleManagerAsList = "manager_as_list"

	// RuleManagerID: the manager's id is called managerId, as in SCIM 1.1.
	// OneLogin: developers.onelogin.com/scim/define-user-schema (enterprise template).
	RuleManagerID = "manager_id"

	// RuleReferenceWithoutValue: a manager or member arrives as $ref without value; the URI's last segment is the id.
	// No vendor documents it; RFC 7643 section 4.3 names both, and clients that follow links send the one they follow.
	RuleReferenceWithoutValue = "reference_without_value"

	// RuleTwoPrimaries: more than one element says primary: true; the first keeps it (RFC 7643 section 2.4).
	// WSO2 Identity Server: github.com/wso2/product-is issue 10033.
	RuleTwoPrimaries = "two_primaries"

	// RuleDottedKey: a sub-attribute arrives as a member called "name.familyName".
	// Entra ID with aadOptscim062020: application-provisioning-config-problem-scim-compatibility.
	RuleDottedKey = "dotted_key"

	// RuleURNKey: an attribute arrives as a member called "urn:…:User:department", or core attributes in an object
	// called by the core URN. Entra ID with aadOptscim062020, as above.
	RuleURNKey = "urn_key"

	// RuleExtensionWithoutSchema: a body has an extension that its schemas do not list.
	// OneLogin: developers.onelogin.com/scim/define-user-schema (the list is typed by hand).
	RuleExtensionWithoutSchema = "extension_without_schema"

	// RuleDateWithoutZone: a dateTime arrives without time zone; it is taken as UTC (RFC 7643 section 2.3.5).
	// Entra ID: "Reference for writing expressions for attribute mappings", learn.microsoft.com/entra/identity/
	// app-provisioning/functions-for-customizing-application-data (FormatDateTime: the format is the administrator's).
	RuleDateWithoutZone = "date_without_zone"

	// RuleUnknownAttribute: an attribute that no schema of the resource has is dropped (RFC 7644 section 3.3).
	// Entra ID: use-scim-to-provision-users-and-groups, example 2 (department at top level).
	RuleUnknownAttribute = "unknown_attribute"
)

// Rules are the names of all rules, for those who list or test them.
func Rules() []string {
	return []string{
		RuleBooleanAsText, RuleNumberAsText, RuleTextAsNumber, RuleEmptyText, RuleEmptyElement,
		RuleSingleObjectForList, RuleSingleValueForList, RuleScalarForComplexList, RuleListForSingle,
		RuleScalarForComplex, RuleManagerAsText, RuleManagerAsList, RuleManagerID, RuleReferenceWithoutValue,
		RuleTwoPrimaries, RuleDottedKey, RuleURNKey, RuleExtensionWithoutSchema, RuleDateWithoutZone,
		RuleUnknownAttribute,
	}
}

// habits are what is peculiar to one attribute.
type habits struct {
	asText, asList string // rules for a bare value and a list of one in place of an object
	aliases        []alias
	lasting        bool // can be replaced but not cleared, although no schema says that it is required
}

// alias is another name under which a sub-attribute arrives.
type alias struct{ name, stands, rule string }

// habitsOf an attribute.
func habitsOf(p domain.Path) habits {
	h := habits{asText: RuleScalarForComplex, asList: RuleListForSingle}
	switch p {
	case domain.Path{URN: domain.URNEnterprise, Name: "manager"}:
		h.asText, h.asList = RuleManagerAsText, RuleManagerAsList
		h.aliases = []alias{{name: "managerId", stands: "value", rule: RuleManagerID}}
	case domain.Path{Name: "active"}:
		// Clearing it could mean either answer, and a person must not lose access by a slip.
		h.lasting = true
	}
	return h
}

// unqualified finds an extension's attribute that a vendor names without its URN: Entra ID asks for "manager" in its
// reference checks and patches it by that path (use-scim-to-provision-users-and-groups, example 5).
func (v *View) unqualified(path string) *attr {
	name, _, _ := strings.Cut(path, ".")
	if !attribute.EqualName(name, "manager") {
		return nil
	}
	if enterprise := v.root.get(domain.URNEnterprise); enterprise != nil {
		return enterprise.subs.at(path)
	}
	return nil
}

// booleanFromText reads a boolean written as text, in any case.
func booleanFromText(s string) (attribute.Value, bool) {
	switch {
	case strings.EqualFold(s, "true"):
		return attribute.NewBool(true), true
	case strings.EqualFold(s, "false"):
		return attribute.NewBool(false), true
	}
	return attribute.Value{}, false
}

// numberFromText reads a number written as text.
func numberFromText(s string) (attribute.Value, bool) {
	v, err := attribute.Read([]byte(strings.TrimSpace(s)), attribute.Bounds{Nodes: 1})
	return v, err == nil && v.Kind() == attribute.Number
}

// dateFromText completes a dateTime without time zone.
func dateFromText(s string) (attribute.Value, bool) {
	_, err := time.Parse("2006-01-02T15:04:05", s)
	return attribute.NewString(s + "Z"), err == nil
}

// isBase64 accepts both alphabets of RFC 4648, padded or not, in lines or not (RFC 7643 section 2.3.6).
func isBase64(s string) bool {
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '+', c == '/', c == '-', c == '_':
			digits++
		case c == '=' && i >= len(s)-2, c == '\r', c == '\n':
		default:
			return false
		}
	}
	return digits%4 != 1
}

// lastSegment of a URI that names a resource: its id.
func lastSegment(uri string) string {
	uri = strings.TrimRight(uri, "/")
	return uri[strings.LastIndexByte(uri, '/')+1:]
}
