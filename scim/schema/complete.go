package schema

import (
	"usher/domain"
	"usher/domain/attribute"
)

// Complete checks that a whole resource, as [View.Tree] gives it, has what its schemas require: userName of a User,
// displayName of a Group, and what a custom schema requires as soon as the resource uses that schema (RFC 7643
// section 6: the extensions themselves are optional). Required sub-attributes count where their attribute is there.
//
// Invalid, CodeRequired with Field set.
func (v *View) Complete(tree attribute.Value) error { return complete(&v.root, tree) }

func complete(o *object, v attribute.Value) error {
	for _, i := range o.demands {
		a := &o.attrs[i]
		value := v.Get(a.name)
		if !value.Assigned() {
			if a.required {
				return &domain.Error{
					Kind: domain.Invalid, Code: domain.CodeRequired, Field: a.field, Message: "send a value for " + a.field,
				}
			}
			continue
		}
		if value.Kind() != attribute.List {
			if err := complete(&a.subs, value); err != nil {
				return err
			}
			continue
		}
		for _, item := range value.Members() {
			if err := complete(&a.subs, item.Value); err != nil {
				return err
			}
		}
	}
	return nil
}
