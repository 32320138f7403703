package patch

import (
	"slices"
	"strings"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

// whole reads an operation without path (RFC 7644 section 3.5.2.1): its value is a set of attributes, each of which
// becomes an operation. Keys that are paths into a list come after the attributes, in the order in which they were sent.
func (rd *reader) whole(kind Kind, sent value) error {
	if kind == Remove {
		return refuse(domain.CodeNoTarget, "path", "say in path what to remove")
	}
	if sent.of.Kind() != attribute.Complex {
		return refuse(domain.CodeInvalidValue, "value", "without path, value must be an object of attributes")
	}
	var plain, paths, members []attribute.Member
	for _, m := range sent.of.Members() {
		switch {
		case rd.intoList(m.Name):
			paths = append(paths, m)
		case rd.stream != nil && namesMembers(rd.r, m.Name):
			members = append(members, m)
		default:
			plain = append(plain, m)
		}
	}
	if err := rd.attributes(kind, attribute.NewComplex(plain...)); err != nil {
		return err
	}
	for _, m := range slices.Concat(members, paths) {
		if err := rd.key(kind, m); err != nil {
			return err
		}
	}
	return nil
}

// intoList reports whether a key is a path into a multi-valued attribute: emails[type eq "work"].value, emails.value.
func (rd *reader) intoList(key string) bool {
	if strings.Contains(key, "[") {
		return true
	}
	at, facts, ok := rd.r.Resolve(key)
	return ok && facts.Multi && at.Sub != ""
}

// attributes makes an operation of each attribute of a partial resource.
func (rd *reader) attributes(kind Kind, v attribute.Value) error {
	tree, err := rd.canon.Tree(v, rd.note)
	if err != nil {
		return err
	}
	for _, m := range tree.Members() {
		path, ok := rd.canonical(m.Name)
		if !ok || path.Facts.Secret {
			continue
		}
		if err := rd.straight(kind, path, m.Value); err != nil {
			return err
		}
	}
	return nil
}

// straight emits an operation whose value is canonical already. An extension becomes its attributes.
func (rd *reader) straight(kind Kind, path filter.Path, v attribute.Value) error {
	if isMembers(&path) { // inside an object called by the core URN, where the stream does not look
		return rd.pathed(kind, path, value{of: v, there: true})
	}
	if path.Attribute.Name == "" && v.Kind() == attribute.Complex {
		for _, m := range v.Members() {
			inner, ok := rd.canonical(path.Attribute.URN + ":" + m.Name)
			if !ok {
				continue
			}
			if err := rd.straight(kind, inner, m.Value); err != nil {
				return err
			}
		}
		return nil
	}
	return rd.set(Operation{Kind: kind, Path: path, Value: v})
}

// canonical is the path of an attribute that the schema itself named.
func (rd *reader) canonical(name string) (filter.Path, bool) {
	at, facts, ok := rd.r.Resolve(name)
	facts.Complex = facts.Complex || at.Type == domain.TypeComplex
	return filter.Path{Attribute: at, Facts: facts}, ok
}

// key reads a member of a value whose name is a path of its own. One that starts with no known attribute is ignored,
// like every unknown key; one that is spoilt further on is refused, since the client meant something.
func (rd *reader) key(kind Kind, m attribute.Member) error {
	name, _, bracket := strings.Cut(m.Name, "[")
	if _, _, ok := rd.r.Resolve(strings.TrimSpace(name)); !ok {
		return nil
	}
	path, err := filter.ParsePath(m.Name, rd.r)
	if err != nil {
		return err
	}
	if path.Facts.Mutability == filter.ReadOnly {
		return nil
	}
	if bracket {
		rd.note(RuleValuePathKey)
	}
	sent := value{of: m.Value, there: true}
	if rd.stream != nil && rd.stream.taken[rd.at] != nil {
		sent.members = rd.stream.taken[rd.at].within[m.Name]
	}
	return rd.pathed(kind, path, sent)
}
