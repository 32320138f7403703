package schema

import (
	"errors"
	"fmt"
	"strings"

	"usher/domain"
	"usher/domain/attribute"
)

// The bounds of a custom schema.
const (
	MaxDefinition  = 64 << 10 // bytes
	MaxAttributes  = 200      // sub-attributes included
	maxAttrName    = 64       // bytes
	maxURN         = 200      // bytes
	maxDescription = 1024     // bytes
)

// Parse checks the JSON definition of an organisation's own schema (RFC 7643 section 7) and gives it in canonical form:
// every characteristic spelt out, in the order of the RFC. The caller sets Organisation and CreatedAt.
//
// Every refusal is Invalid, names the field ("attributes[2].subAttributes[0].type") and says what to do: CodeTooLarge
// above 64 KiB, CodeTooMany above 200 attributes, CodeInvalidSyntax where it is not JSON, CodeRequired where something
// is missing, CodeInvalidValue for everything else.
func Parse(document []byte) (domain.Schema, error) {
	d, err := parseDefinition(document)
	if err != nil {
		return domain.Schema{}, err
	}
	return domain.Schema{URN: d.urn, Definition: encode(d.members())}, nil
}

func parseDefinition(document []byte) (definition, error) {
	if len(document) > MaxDefinition {
		return definition{}, refuse(domain.CodeTooLarge, "", fmt.Sprintf("use at most %d KiB", MaxDefinition>>10))
	}
	tree, err := attribute.Read(document, attribute.Bounds{Depth: 8})
	if err != nil {
		var fault *attribute.SyntaxError
		if errors.As(err, &fault) {
			return definition{}, refuse(domain.CodeInvalidSyntax, "", "write the schema as one JSON object: "+fault.Error())
		}
		return definition{}, err
	}
	p := parser{}
	d, err := p.definition(tree)
	if err != nil {
		return definition{}, err
	}
	return d, nil
}

// parser reads one definition; count is the attributes read so far.
type parser struct{ count int }

func (p *parser) definition(tree attribute.Value) (definition, error) {
	if tree.Kind() != attribute.Complex {
		return definition{}, refuse(domain.CodeInvalidSyntax, "", "write the schema as one JSON object")
	}
	known := []string{"schemas", "id", "name", "description", "attributes", "meta"}
	if err := onlyKnown(tree, "", known); err != nil {
		return definition{}, err
	}
	var d definition
	var err error
	if d.urn, err = text(tree, "", "id", true); err != nil {
		return d, err
	}
	if err := checkURN(d.urn); err != nil {
		return d, err
	}
	if d.name, err = text(tree, "", "name", false); err != nil {
		return d, err
	}
	if d.description, err = text(tree, "", "description", false); err != nil {
		return d, err
	}
	d.attributes, err = p.attributes(tree, "", "attributes")
	return d, err
}

// reserved are the URNs that are not an organisation's to define, with everything below them.
func reserved() []string {
	return []string{
		"urn:ietf:params:scim:schemas:core",
		"urn:ietf:params:scim:schemas:extension:enterprise",
		"urn:ietf:params:scim:schemas:extension:usher",
		"urn:ietf:params:scim:api",
	}
}

// checkURN wants a URN (RFC 8141) of characters that need no escape in a path, a filter or a URL.
func checkURN(urn string) error {
	const example = ", such as urn:ietf:params:scim:schemas:extension:acme:2.0:User"
	parts := strings.Split(urn, ":")
	switch {
	case !isURN(urn) || len(parts) < 3:
		return domain.InvalidField("id", "use a URN"+example)
	case len(urn) > maxURN:
		return domain.InvalidField("id", fmt.Sprintf("use a URN of at most %d characters", maxURN))
	}
	for _, part := range parts {
		if part == "" {
			return domain.InvalidField("id", "use a URN without empty parts"+example)
		}
		for _, c := range []byte(part) {
			if !isAlpha(c) && !isDigit(c) && c != '-' && c != '.' && c != '_' {
				return domain.InvalidField("id", "use only letters, digits, colons, hyphens, points and underscores"+example)
			}
		}
	}
	for _, r := range reserved() {
		short := min(len(urn), len(r))
		below := len(urn) == len(r) || len(urn) > len(r) && urn[len(r)] == ':' || len(urn) < len(r) && r[len(urn)] == ':'
		if attribute.EqualName(urn[:short], r[:short]) && below {
			return domain.InvalidField("id", "use a URN of your own; "+r+" is reserved"+example)
		}
	}
	return nil
}

// onlyKnown refuses members that a definition does not have: usually a slip that would change what is meant.
func onlyKnown(v attribute.Value, at string, known []string) error {
	for _, m := range v.Members() {
		ok := false
		for _, k := range known {
			ok = ok || attribute.EqualName(k, m.Name)
		}
		if !ok {
			return domain.InvalidField(below(at, m.Name), "leave this out; known here are "+strings.Join(known, ", "))
		}
	}
	return nil
}

// text reads a member that is text.
func text(v attribute.Value, at, name string, required bool) (string, error) {
	m := v.Get(name)
	switch {
	case m.Kind() == attribute.Null || m.Kind() == attribute.String && m.Text() == "":
		if required {
			return "", refuse(domain.CodeRequired, below(at, name), "give a value")
		}
		return "", nil
	case m.Kind() != attribute.String:
		return "", domain.InvalidField(below(at, name), "give text")
	case len(m.Text()) > maxDescription:
		return "", domain.InvalidField(below(at, name), fmt.Sprintf("use at most %d bytes", maxDescription))
	}
	return m.Text(), nil
}

func below(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

func refuse(code, field, message string) *domain.Error {
	return &domain.Error{Kind: domain.Invalid, Code: code, Field: field, Message: message}
}

func isAlpha(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
