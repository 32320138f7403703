package schema

import (
	"usher/domain"
	"usher/domain/attribute"
)

// list straightens the value of a multi-valued attribute. An empty list, and one of which nothing is left, is Null.
func (s *straightener) list(a *attr, v attribute.Value) (attribute.Value, outcome, error) {
	switch v.Kind() {
	case attribute.Null:
		return v, same, nil
	case attribute.List:
		return s.items(a, v)
	case attribute.Complex:
		if a.typ == domain.TypeComplex {
			if v.Len() == 0 {
				return attribute.Value{}, changed, nil
			}
			s.tell(RuleSingleObjectForList)
		}
	case attribute.String:
		if v.Text() == "" {
			s.tell(RuleEmptyText)
			return attribute.Value{}, changed, nil
		}
	case attribute.Bool, attribute.Number:
	}
	item, did, err := s.item(a, v)
	if err != nil {
		return v, same, err
	}
	if a.typ != domain.TypeComplex {
		s.tell(RuleSingleValueForList)
	}
	if did == dropped {
		return attribute.Value{}, changed, nil
	}
	return attribute.NewList(item), changed, nil
}

// fewItems is how many items a list has before straightening them needs the heap for more than the outcome.
const fewItems = 8

func (s *straightener) items(a *attr, v attribute.Value) (attribute.Value, outcome, error) {
	var few [fewItems]attribute.Value
	items, out, did := v.Members(), few[:0], same
	primary := false
	for i := range items {
		item, done, err := s.item(a, items[i].Value)
		if err != nil {
			return v, same, err
		}
		if done != dropped && a.subs.primary >= 0 && item.Get("primary").Truth() {
			if primary {
				s.tell(RuleTwoPrimaries)
				item.Set("primary", attribute.NewBool(false))
				done = changed
			}
			primary = true
		}
		if did == same && done != same {
			did = changed
			for _, before := range items[:i] {
				out = append(out, before.Value)
			}
		}
		if did == changed && done != dropped {
			out = append(out, item)
		}
	}
	switch {
	case did == same && len(items) > 0:
		return v, same, nil
	case len(out) == 0:
		return attribute.Value{}, changed, nil
	}
	return attribute.NewList(out...), changed, nil
}

// item straightens one item of a multi-valued attribute; what is unassigned is dropped.
func (s *straightener) item(a *attr, v attribute.Value) (attribute.Value, outcome, error) {
	if a.typ != domain.TypeComplex {
		if v.Kind() == attribute.List {
			return v, same, wrongKind(a, v)
		}
		item, did, err := s.simple(a, v)
		if item.Kind() == attribute.Null {
			did = dropped
		}
		return item, did, err
	}
	switch v.Kind() {
	case attribute.Null:
		return v, dropped, nil
	case attribute.List:
		return v, same, wrongKind(a, v)
	case attribute.Complex:
		return s.element(a, v)
	case attribute.String, attribute.Number, attribute.Bool:
	}
	item, did, err := s.fromScalar(a, v, RuleScalarForComplexList)
	if item.Kind() == attribute.Null {
		did = dropped
	}
	return item, did, err
}

// element straightens one object of a multi-valued attribute. It is dropped when its value is cleared, and when
// nothing but its type and primary is left.
func (s *straightener) element(a *attr, v attribute.Value) (attribute.Value, outcome, error) {
	out, did, err := s.object(&a.subs, v, false)
	if err != nil {
		return v, same, err
	}
	if a.refers {
		out, did = s.dereference(a, v, out, did)
	}
	if a.subs.value >= 0 && v.Has("value") && !out.Has("value") || !substantial(&a.subs, out) {
		s.tell(RuleEmptyElement)
		return out, dropped, nil
	}
	return out, did, nil
}

// substantial reports whether an element says more than its type and primary, where the attribute has both: they only
// say which element it is (RFC 7643 section 2.4).
func substantial(o *object, element attribute.Value) bool {
	if o.kind < 0 || o.primary < 0 {
		return element.Len() > 0
	}
	for _, m := range element.Members() {
		if m.Name != "type" && m.Name != "primary" {
			return true
		}
	}
	return false
}
