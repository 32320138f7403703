package schema

import (
	"usher/domain"
	"usher/domain/attribute"
)

// Tree straightens and validates a whole or partial resource: the body of a POST or PUT, or the value of a PATCH
// operation without path. The outcome has canonical names in canonical order and values of the right type; what no
// schema knows, what is read-only (id, schemas, meta, a user's groups) and what is never kept (the password) is gone.
// Members called "name.familyName" or by their URN are unfolded. note, unless nil, is told the name of every rule of
// dialect.go that applied, never a value.
//
// What the client cleared (null, [], {} or "") stays as a member that is Null, here and inside single complex values
// and extensions: a patch must clear it, a POST or PUT may treat it as absent, and it is never written out. Nothing is
// required, see [View.Complete]. value is not changed; the outcome may share structure with it.
//
// Invalid: CodeInvalidValue with Field set, CodeInvalidSyntax where value is not an object.
func (v *View) Tree(value attribute.Value, note func(rule string)) (attribute.Value, error) {
	if value.Kind() != attribute.Complex {
		return attribute.Value{}, &domain.Error{
			Kind: domain.Invalid, Code: domain.CodeInvalidSyntax, Message: "send the resource as a JSON object",
		}
	}
	s := straightener{note: note}
	if v.folded(value) {
		value = v.unfold(&s, value)
	}
	out, _, err := s.object(&v.root, value, true)
	if err != nil {
		return attribute.Value{}, err
	}
	v.undeclared(&s, value, out)
	return out, nil
}

// Value straightens and validates one value for the attribute or sub-attribute at a canonical path, as [View.Tree]
// does inside a resource. For a multi-valued attribute the outcome is a list, unless at.Many is false: then it is one
// item. A cleared value is Null, and so is every value of what is never kept (the password); an object of which only
// what the client may not say was there comes back empty.
//
// Invalid: CodeInvalidValue with Field set, CodeInvalidPath where the schema has no such attribute.
func (v *View) Value(at domain.Attribute, value attribute.Value, note func(rule string)) (attribute.Value, error) {
	a := v.exact(at.Path)
	if a == nil {
		return attribute.Value{}, &domain.Error{
			Kind: domain.Invalid, Code: domain.CodeInvalidPath, Field: spell(at.Path),
			Message: "no schema of this resource type has this attribute",
		}
	}
	if a.facts.Secret {
		return attribute.Value{}, nil
	}
	s := straightener{note: note}
	if a.extension && a.subs.folded(value) {
		if value = a.subs.unfold(&s, value); value.Len() == 0 {
			return value, nil
		}
	}
	if a.multi && !at.Many {
		item, did, err := s.item(a, value)
		if did == dropped {
			item = attribute.Value{}
		}
		return item, err
	}
	out, _, err := s.value(a, value)
	return out, err
}

// undeclared tells of extensions in a body whose schemas are listed, but not theirs.
func (v *View) undeclared(s *straightener, body, out attribute.Value) {
	if s.note == nil {
		return
	}
	schemas := body.Get("schemas")
	if schemas.Kind() != attribute.List {
		return
	}
	for _, m := range out.Members() {
		if !isURN(m.Name) || !m.Value.Assigned() {
			continue
		}
		declared := false
		for _, schema := range schemas.Members() {
			declared = declared || attribute.EqualName(schema.Value.Text(), m.Name)
		}
		if !declared {
			s.tell(RuleExtensionWithoutSchema)
		}
	}
}
