package schema

import (
	"usher/domain"
	"usher/domain/attribute"
)

// Order puts the members of a resource's tree into canonical order, those of its complex values and extensions too:
// the order of the schema, extensions after the core attributes, the enterprise extension last and manager last in it.
// Members that no schema knows come last. The tree that is given is not changed.
func (v *View) Order(tree attribute.Value) attribute.Value {
	out, _ := order(&v.root, tree)
	return out
}

// order gives the ordered object, and whether it is another than the one given.
func order(o *object, v attribute.Value) (attribute.Value, bool) {
	var few [fewMembers]place
	members, sorted := v.Members(), true
	places := few[:0]
	for i := range members {
		at := o.find(members[i].Name)
		if at < 0 {
			at = len(o.attrs) + i
		}
		sorted = sorted && (i == 0 || places[len(places)-1].at < at)
		places = insert(places, place{at, i})
	}
	var out []attribute.Member
	if !sorted {
		out = make([]attribute.Member, 0, len(places))
	}
	for n, p := range places {
		m, moved := members[p.member], false
		if p.at < len(o.attrs) && o.attrs[p.at].typ == domain.TypeComplex {
			m.Value, moved = orderValue(&o.attrs[p.at], m.Value)
		}
		if moved && out == nil {
			out = append(make([]attribute.Member, 0, len(places)), members[:n]...)
		}
		if out != nil {
			out = append(out, m)
		}
	}
	if out == nil {
		return v, false
	}
	return attribute.NewComplex(out...), true
}

// orderValue orders a complex value or each item of a list of them.
func orderValue(a *attr, v attribute.Value) (attribute.Value, bool) {
	switch v.Kind() {
	case attribute.Complex:
		return order(&a.subs, v)
	case attribute.List:
		var items []attribute.Value
		for i, m := range v.Members() {
			if m.Value.Kind() != attribute.Complex {
				continue
			}
			item, moved := order(&a.subs, m.Value)
			if !moved {
				continue
			}
			if items == nil {
				items = v.Items()
			}
			items[i] = item
		}
		if items != nil {
			return attribute.NewList(items...), true
		}
	case attribute.Null, attribute.Bool, attribute.Number, attribute.String:
	}
	return v, false
}
