package schema

import (
	"usher/domain"
	"usher/domain/attribute"
)

// Password is what a whole or partial resource gives as its password, as it was sent; Null where it gives none. It is apart
// from [View.Tree], whose outcome never holds one.
func (v *View) Password(resource attribute.Value) attribute.Value {
	var found attribute.Value
	for _, m := range resource.Members() {
		switch {
		case m.Value.Kind() == attribute.Complex && attribute.EqualName(m.Name, v.typ.URN()):
			if inner := v.Password(m.Value); inner.Assigned() {
				found = inner
			}
		case v.isPassword(m.Name):
			found = m.Value
		}
	}
	return found
}

// isPassword reports whether a name, with or without the URN of its schema, is the password's.
func (v *View) isPassword(name string) bool {
	const password = "password"
	if len(name) < len(password) || !attribute.EqualName(name[len(name)-len(password):], password) {
		return false
	}
	at, facts, ok := v.Resolve(name)
	return ok && facts.Secret && at.Path == domain.Path{Name: password}
}
