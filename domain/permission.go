package domain

import (
	"maps"
	"slices"
	"strings"
)

// Permission is one action in one module, spelt module:action, such as users:invite.
type Permission struct {
	Module string
	Action string
}

// The actions that every module has. A module may add its own.
const (
	ActionView   = "view"
	ActionCreate = "create"
	ActionEdit   = "edit"
	ActionDelete = "delete"
)

// maxPermissionPart bounds the two parts of a permission, in bytes.
const maxPermissionPart = 64

// ParsePermission reads module:action: two parts of lower-case letters, digits, hyphens and underscores.
func ParsePermission(text string) (Permission, error) {
	module, action, found := strings.Cut(text, ":")
	if !found || !isIdentifier(module) || !isIdentifier(action) {
		return Permission{}, InvalidField("permissions", "write each as module:action, such as users:view")
	}
	return Permission{Module: module, Action: action}, nil
}

// isIdentifier reports whether a text can name a module or an action.
func isIdentifier(s string) bool {
	return s != "" && len(s) <= maxPermissionPart && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

// String spells the permission.
func (p Permission) String() string { return p.Module + ":" + p.Action }

// Objects says on which objects of a module an action is allowed: those that are listed, or all but those. The zero value
// is none.
type Objects struct {
	All bool
	IDs []string // in order, each once: the objects, or with All the exceptions
}

// AllObjects is every object there is and will be.
func AllObjects() Objects { return Objects{All: true} }

// TheseObjects is the objects listed.
func TheseObjects(ids ...string) Objects {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return Objects{IDs: slices.Compact(ids)}
}

// None reports whether no object is meant.
func (o Objects) None() bool { return !o.All && len(o.IDs) == 0 }

// Has reports whether an object is among them.
func (o Objects) Has(id string) bool {
	_, listed := slices.BinarySearch(o.IDs, id)
	return listed != o.All
}

// Union is what is in either.
func (o Objects) Union(p Objects) Objects { return o.Complement().Minus(p).Complement() }

// Complement is what is not in it.
func (o Objects) Complement() Objects { return Objects{All: !o.All, IDs: o.IDs} }

// Minus is what is in o and not in p.
func (o Objects) Minus(p Objects) Objects {
	switch {
	case !o.All: // the listed ones that p has not
		return Objects{IDs: slices.DeleteFunc(slices.Clone(o.IDs), p.Has)}
	case p.All: // what p excepts, unless o excepts it too
		return Objects{IDs: slices.DeleteFunc(slices.Clone(p.IDs), func(id string) bool { return !o.Has(id) })}
	}
	ids := append(slices.Clone(o.IDs), p.IDs...)
	slices.Sort(ids)
	return Objects{All: true, IDs: slices.Compact(ids)}
}

// Permissions is a set of permissions, each on some objects. The zero value is empty; a set is never changed in place.
type Permissions map[Permission]Objects

// Allows reports whether an action is allowed on an object; with object "" on at least one that may come to be: on all but
// exceptions, or on any that is listed.
func (p Permissions) Allows(of Permission, object string) bool {
	objects := p[of]
	if object == "" {
		return !objects.None()
	}
	return objects.Has(object)
}

// Union is what either allows.
func (p Permissions) Union(q Permissions) Permissions {
	out := maps.Clone(p)
	if out == nil {
		out = Permissions{}
	}
	for of, objects := range q {
		if objects = out[of].Union(objects); !objects.None() {
			out[of] = objects
		}
	}
	return out
}

// Minus is what p allows and q does not.
func (p Permissions) Minus(q Permissions) Permissions {
	out := Permissions{}
	for of, objects := range p {
		if objects = objects.Minus(q[of]); !objects.None() {
			out[of] = objects
		}
	}
	return out
}

// Meet is what both allow, where p allows all objects of whatever it allows.
func (p Permissions) Meet(q Permissions) Permissions {
	out := Permissions{}
	for of, objects := range q {
		if p.Allows(of, "") {
			out[of] = objects
		}
	}
	return out
}

// Within keeps what concerns the modules for which keep holds.
func (p Permissions) Within(keep func(module string) bool) Permissions {
	out := Permissions{}
	for of, objects := range p {
		if keep(of.Module) {
			out[of] = objects
		}
	}
	return out
}

// List is the permissions in order of module and action.
func (p Permissions) List() []Permission {
	return slices.SortedFunc(maps.Keys(p), func(a, b Permission) int {
		if c := strings.Compare(a.Module, b.Module); c != 0 {
			return c
		}
		return strings.Compare(a.Action, b.Action)
	})
}
