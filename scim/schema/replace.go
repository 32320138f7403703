package schema

import (
	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

// Replace is the resource that a PUT leaves behind (RFC 7644 section 3.5.1), of its current tree and the tree that was
// sent, as [View.Tree] gives it. What the client left out is cleared, with these exceptions: an extension of the
// organisation's own that is left out altogether stays, as do read-only and immutable values, and values that cannot be
// cleared (active).
//
// Invalid, CodeMutability: an immutable value would change.
func (v *View) Replace(current, sent attribute.Value) (attribute.Value, error) {
	return replace(&v.root, current, sent)
}

func replace(o *object, current, sent attribute.Value) (attribute.Value, error) {
	out := make([]attribute.Member, 0, sent.Len()+2)
	for i := range o.attrs {
		a := &o.attrs[i]
		was, is := current.Get(a.name), sent.Get(a.name)
		switch {
		case a.mutability == filter.ReadOnly,
			a.sticky && !sent.Has(a.name),
			(a.mutability == filter.Immutable || a.habits.lasting) && !is.Assigned():
			is = was
		case a.mutability == filter.Immutable && was.Assigned() && !attribute.Equal(was, is):
			return attribute.Value{}, &domain.Error{
				Kind: domain.Invalid, Code: domain.CodeMutability, Field: a.field,
				Message: a.field + " is immutable: send the value it has, or leave it out",
			}
		case a.typ == domain.TypeComplex && !a.multi && (was.Assigned() || is.Assigned()):
			var err error
			if is, err = replace(&a.subs, was, is); err != nil {
				return attribute.Value{}, err
			}
		}
		if is.Assigned() {
			out = append(out, attribute.Member{Name: a.name, Value: is})
		}
	}
	return attribute.NewComplex(out...), nil
}
