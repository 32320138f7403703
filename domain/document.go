package domain

import (
	"strings"

	"usher/domain/attribute"
)

// composeDocument makes the canonical document of a resource: schemas and id first, then the attributes in their
// order, extensions after them, the enterprise extension last and manager last in it, so that what is resolved on
// reading (the manager's name, groups, meta) can be spliced in at the end without decoding.
func composeDocument(core, id string, tree attribute.Value) []byte {
	schemas := []attribute.Value{attribute.NewString(core)}
	var plain, extensions []attribute.Member
	var enterprise attribute.Value
	for _, m := range tree.Members() {
		switch {
		case !m.Value.Assigned() || notStored(m.Name):
		case attribute.EqualName(m.Name, URNEnterprise):
			enterprise = managerLast(m.Value)
		case isURN(m.Name):
			extensions = append(extensions, m)
			schemas = append(schemas, attribute.NewString(m.Name))
		default:
			plain = append(plain, m)
		}
	}
	if enterprise.Assigned() {
		extensions = append(extensions, attribute.Member{Name: URNEnterprise, Value: enterprise})
		schemas = append(schemas, attribute.NewString(URNEnterprise))
	}
	members := make([]attribute.Member, 0, len(plain)+len(extensions)+2)
	members = append(members,
		attribute.Member{Name: "schemas", Value: attribute.NewList(schemas...)},
		attribute.Member{Name: "id", Value: attribute.NewString(id)})
	members = append(members, plain...)
	members = append(members, extensions...)
	return attribute.AppendJSON(make([]byte, 0, 512), attribute.NewComplex(members...))
}

// notStored names what is answered but never part of the document, or never answered at all.
func notStored(name string) bool {
	for _, n := range []string{"schemas", "id", "meta", "groups", "members", "password"} {
		if attribute.EqualName(name, n) {
			return true
		}
	}
	return false
}

func isURN(name string) bool { return len(name) > 4 && strings.EqualFold(name[:4], "urn:") }

// managerLast reorders the enterprise extension; of the manager only what the directory sent is kept (the value).
func managerLast(enterprise attribute.Value) attribute.Value {
	manager := enterprise.Get("manager").Get("value")
	enterprise.Delete("manager")
	if manager.Text() != "" {
		enterprise.Set("manager", attribute.NewComplex(attribute.Member{Name: "value", Value: manager}))
	}
	return enterprise
}

// decodeDocument reads a stored document back.
func decodeDocument(document []byte) (attribute.Value, error) {
	tree, err := attribute.Read(document, attribute.Bounds{Depth: 64, Nodes: 5_000_000})
	if err != nil {
		return attribute.Value{}, &Error{Kind: Internal, Code: CodeInternal, Message: "a stored document cannot be read", Err: err}
	}
	return tree, nil
}
