package patch

import (
	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

// pathed reads an operation with path: who may do it, and the value straightened for what is there.
func (rd *reader) pathed(kind Kind, path filter.Path, sent value) error {
	if kind != Remove && !sent.there {
		return refuse(domain.CodeInvalidValue, path.String(), "add and replace need a value; send null to clear")
	}
	switch {
	case path.Facts.Secret:
		return nil // a password is taken and dropped (rule provision.password)
	case isID(&path) && kind != Remove && path.Where == nil:
		rd.emit(Operation{Kind: kind, Path: path, Value: sent.of}) // its own id is no change
		return nil
	case path.Facts.Mutability == filter.ReadOnly, serversOwn(&path):
		return isReadOnly(&path)
	case isMembers(&path):
		return rd.members(kind, path, sent)
	case kind == Remove:
		return rd.removal(path, sent)
	}
	v, err := rd.straightened(path, rd.unwrap(&path, sent.of))
	if err != nil {
		return err
	}
	if path.Attribute.Name == "" {
		return rd.straight(kind, path, v)
	}
	return rd.set(Operation{Kind: kind, Path: path, Value: v})
}

// serversOwn are the common attributes that only the server writes (RFC 7643 section 3.1), whatever the schema says.
func serversOwn(p *filter.Path) bool {
	if p.Attribute.URN != "" {
		return false
	}
	switch p.Attribute.Name {
	case "id", "meta", "schemas":
		return true
	}
	return false
}

// set emits an operation that gives a value, or clears. An object of which nothing is left says nothing.
func (rd *reader) set(o Operation) error {
	switch {
	case o.Value.Kind() == attribute.Complex && o.Value.Len() == 0:
		return nil
	case o.Value.Kind() == attribute.Null && o.Path.Facts.Required && o.Path.Where == nil:
		return lasting(o.Kind, &o.Path)
	case o.Value.Kind() == attribute.Null && o.Kind == Add && o.Path.Facts.Multi && o.Path.Attribute.Sub == "":
		return nil // nothing to add
	}
	rd.emit(o)
	return nil
}

// straightened is the canonical value for what is at a path.
func (rd *reader) straightened(path filter.Path, v attribute.Value) (attribute.Value, error) {
	at := path.Attribute
	if v.Kind() == attribute.Complex && v.Len() == 0 && path.Facts.Complex {
		return v, nil // no sub-attribute is named, none changes
	}
	switch {
	case path.Where == nil || at.Sub != "":
		return rd.canon.Value(at, v, rd.note)
	case !path.Facts.Complex: // an item of a list of plain values
		at.Many = false
		return rd.canon.Value(at, v, rd.note)
	}
	return rd.parts(at, v)
}

// parts straightens what is to be merged into an element of a list: each sub-attribute for itself, since a part of an
// element need not be a whole one. Cleared sub-attributes are Null.
func (rd *reader) parts(whole domain.Attribute, v attribute.Value) (attribute.Value, error) {
	if v.Kind() == attribute.List && v.Len() == 1 {
		v = v.Item(0)
	}
	if isEmpty(v) {
		return attribute.Value{}, nil
	}
	if v.Kind() != attribute.Complex && v.Kind() != attribute.List {
		v = attribute.NewComplex(attribute.Member{Name: "value", Value: v})
		if _, _, ok := rd.sub(whole, "value"); !ok {
			v = attribute.Value{}
		}
	}
	if v.Kind() != attribute.Complex {
		return v, domain.InvalidField(filter.Spell(whole.Path), "send an object of sub-attributes here")
	}
	out := attribute.NewComplex()
	for _, m := range v.Members() {
		at, facts, ok := rd.sub(whole, m.Name)
		if !ok || facts.Mutability == filter.ReadOnly || facts.Secret {
			continue
		}
		part, err := rd.canon.Value(at, m.Value, rd.note)
		if err != nil {
			return out, err
		}
		if part.Kind() == attribute.Null && facts.Required {
			return out, lasting(Replace, &filter.Path{Attribute: at})
		}
		out.Set(at.Sub, part)
	}
	return out, nil
}

// sub finds a sub-attribute.
func (rd *reader) sub(whole domain.Attribute, name string) (domain.Attribute, filter.Facts, bool) {
	return rd.r.Resolve(filter.Spell(whole.Path) + "." + name)
}

// unwrap takes the value of an attribute without sub-attributes out of {"value": …}.
func (rd *reader) unwrap(path *filter.Path, v attribute.Value) attribute.Value {
	if path.Facts.Complex || path.Facts.Multi && path.Attribute.Sub == "" {
		return v
	}
	inner := v
	if inner.Kind() == attribute.List && inner.Len() == 1 {
		inner = inner.Item(0)
	}
	if inner.Kind() != attribute.Complex || !inner.Has("value") {
		return v
	}
	rd.note(RuleWrappedValue)
	return inner.Get("value")
}

// isEmpty reports whether a value stands for none: null, "", [] and {} (RFC 7643 section 2.5, and Entra's "").
func isEmpty(v attribute.Value) bool {
	return !v.Assigned() || v.Kind() == attribute.String && v.Text() == ""
}
