package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"usher/domain/attribute"
)

const (
	maxPermissions  = 2000   // in one profile, or granted to one person
	maxObjects      = 1000   // listed for one permission
	maxListed       = 10_000 // listed for all of them
	maxObjectLength = 200    // bytes of the id of an object
)

// Tree spells permissions for the store and the event log: a member for each, called module:action, which is true for
// every object, a list of ids, or {"except": ids}.
func (p Permissions) Tree() attribute.Value {
	members := make([]attribute.Member, 0, len(p))
	for _, of := range p.List() {
		members = append(members, attribute.Member{Name: of.String(), Value: p[of].tree()})
	}
	return attribute.NewComplex(members...)
}

func (o Objects) tree() attribute.Value {
	if o.All && len(o.IDs) == 0 {
		return attribute.NewBool(true)
	}
	ids := textList(o.IDs)
	if !o.All {
		return ids
	}
	return attribute.NewComplex(attribute.Member{Name: "except", Value: ids})
}

func textList(texts []string) attribute.Value {
	items := make([]attribute.Value, len(texts))
	for i, text := range texts {
		items[i] = attribute.NewString(text)
	}
	return attribute.NewList(items...)
}

// ReadPermissions is the reverse of [Permissions.Tree]. Invalid.
func ReadPermissions(tree attribute.Value) (Permissions, error) {
	out := make(Permissions, tree.Len())
	for _, m := range tree.Members() {
		of, err := ParsePermission(m.Name)
		if err != nil {
			return nil, err
		}
		if objects := readObjects(m.Value); !objects.None() {
			out[of] = objects
		}
	}
	return out, nil
}

func readObjects(v attribute.Value) Objects {
	if v.Kind() == attribute.Bool {
		return Objects{All: v.Truth()}
	}
	if except := v.Get("except"); except.Assigned() {
		return readObjects(except).Complement()
	}
	ids := make([]string, v.Len())
	for i, m := range v.Members() {
		ids[i] = m.Value.Text()
	}
	return TheseObjects(ids...)
}

// without leaves out the permissions that are gone.
func (p Permissions) without(gone func(Permission) bool) Permissions {
	out := make(Permissions, len(p))
	for of, objects := range p {
		if !gone(of) {
			out[of] = objects
		}
	}
	return out
}

// mentions reports whether one of them is gone.
func (p Permissions) mentions(gone func(Permission) bool) bool {
	for of := range p {
		if gone(of) {
			return true
		}
	}
	return false
}

// parsed checks what somebody wants to grant or revoke and puts it in order: permissions that the catalogue knows, on
// every object or on a list. Invalid, TooMany.
func (p Permissions) parsed(field string, known Catalogue) (Permissions, error) {
	if len(p) > maxPermissions {
		return nil, tooMany(field, "give at most 2,000 permissions")
	}
	out, listed := make(Permissions, len(p)), 0
	for _, of := range p.List() {
		objects := p[of]
		if err := known.check(field, of, objects); err != nil {
			return nil, err
		}
		if listed += len(objects.IDs); listed > maxListed {
			return nil, tooMany(field, "list at most 10,000 objects in all, or give permissions on all objects of a module")
		}
		switch {
		case objects.All:
			out[of] = AllObjects()
		case len(objects.IDs) > 0:
			out[of] = TheseObjects(objects.IDs...)
		}
	}
	return out, nil
}

// checkObjects refuses a list of objects that is too long or names none.
func (o Objects) checkObjects(field string, of Permission) error {
	switch {
	case o.All && len(o.IDs) > 0:
		return InvalidField(field, "give "+of.String()+" on every object or on a list of them, without exceptions")
	case len(o.IDs) > maxObjects:
		return tooMany(field, "list at most 1,000 objects for "+of.String()+", or give it on all")
	}
	for _, id := range o.IDs {
		if strings.TrimSpace(id) == "" || len(id) > maxObjectLength || !utf8.ValidString(id) || strings.ContainsFunc(id, unicode.IsControl) {
			return InvalidField(field, "name each object of "+of.String()+" by an id of 1 to 200 bytes without control characters")
		}
	}
	return nil
}

// tooMany refuses more of something than the bounds allow.
func tooMany(field, message string) *Error {
	return &Error{Kind: Invalid, Code: CodeTooMany, Field: field, Message: message}
}
