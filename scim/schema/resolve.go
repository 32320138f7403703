package schema

import (
	"strings"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

// Resolve turns an attribute path as a client spells it (RFC 7644 section 3.10) into the canonical attribute and what
// the schema says of it: "userName", "NAME.familyname", "emails", "meta.created", core and extension attributes
// qualified by their URN, the bare URN of an extension (an attribute with only URN set, TypeComplex), and the few
// attributes that a vendor names without their URN. ok is false for what this resource type does not know.
func (v *View) Resolve(path string) (domain.Attribute, filter.Facts, bool) {
	a := v.lookup(path)
	if a == nil {
		return domain.Attribute{}, filter.Facts{}, false
	}
	return a.attribute, a.facts, true
}

// lookup finds the attribute at a path as a client spells it.
func (v *View) lookup(path string) *attr {
	if !isURN(path) {
		if a := v.root.at(path); a != nil {
			return a
		}
		return v.unqualified(path)
	}
	if a := v.root.get(path); a != nil {
		return a
	}
	// No attribute's name has a colon, so the last one ends the URN.
	end := strings.LastIndexByte(path, ':')
	urn, rest := path[:end], path[end+1:]
	if attribute.EqualName(urn, v.typ.URN()) {
		return v.root.at(rest)
	}
	if extension := v.root.get(urn); extension != nil && extension.extension {
		return extension.subs.at(rest)
	}
	return nil
}

// at finds "name" or "name.sub".
func (o *object) at(path string) *attr {
	name, sub, dotted := strings.Cut(path, ".")
	a := o.get(name)
	if a == nil || !dotted {
		return a
	}
	return a.subs.get(sub)
}

// exact finds the attribute that a canonical path names.
func (v *View) exact(p domain.Path) *attr {
	o := &v.root
	var a *attr
	for _, name := range [...]string{p.URN, p.Name, p.Sub} {
		if name == "" {
			continue
		}
		if a = o.get(name); a == nil {
			return nil
		}
		o = &a.subs
	}
	return a
}

// steps are the names on the way down a path.
func steps(p domain.Path) []string {
	names := make([]string, 0, 3)
	for _, name := range [...]string{p.URN, p.Name, p.Sub} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

func isURN(path string) bool { return len(path) > 4 && attribute.EqualName(path[:4], "urn:") }
