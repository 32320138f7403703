package patch

import (
	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

// atValuePath applies an operation to the elements that its value filter selects. Where none is, a removal has no
// target, and an add or replace makes the element that the filter describes: directories set the value of
// emails[type eq "work"] without asking whether there is one.
func (s *state) atValuePath(o *Operation, items []attribute.Value) ([]attribute.Value, error) {
	if err := s.charge(len(items) * terms(o.Path.Where)); err != nil {
		return nil, err
	}
	s.touch(o)
	matched, primary, found := items[:0], -1, false
	for _, item := range items {
		if !selects(o.Path.Where, item) {
			matched = append(matched, item)
			continue
		}
		found = true
		item, stays, err := s.atElement(o, item)
		if err != nil {
			return nil, err
		}
		if !stays {
			continue
		}
		if primary < 0 && setsPrimary(o) {
			primary = len(matched)
		}
		matched = append(matched, item)
	}
	switch {
	case found:
		return onePrimary(matched, primary), nil
	case o.Kind == Remove:
		return nil, noTarget(&o.Path)
	case o.Value.Kind() == attribute.Null, o.Value.Kind() == attribute.Complex && !o.Value.Assigned():
		return items, nil // nothing there, nothing to be there
	case !o.Path.Facts.Multi && len(items) > 0:
		return nil, noTarget(&o.Path)
	}
	element, err := s.described(o)
	if err != nil {
		return nil, err
	}
	s.note(RuleElementCreated)
	items = append(items, element)
	if element.Get("primary").Truth() && !isBare(element) { // a bare one may go again, see prune
		primary = len(items) - 1
	}
	return onePrimary(items, primary), nil
}

// selects reports whether an element satisfies a value filter. A plain value stands under the name of value.
func selects(where domain.Predicate, item attribute.Value) bool {
	if item.Kind() != attribute.Complex {
		item = attribute.NewComplex(attribute.Member{Name: "value", Value: item})
	}
	return domain.Match(where, item)
}

// terms counts the comparisons of a filter, at least one.
func terms(p domain.Predicate) int {
	n := 0
	switch p := p.(type) {
	case domain.And:
		for _, term := range p.Terms {
			n += terms(term)
		}
	case domain.Or:
		for _, term := range p.Terms {
			n += terms(term)
		}
	case domain.Not:
		n = terms(p.Term)
	}
	return max(n, 1)
}

// atElement applies an operation to one element; it stays unless all of it was removed or cleared.
func (s *state) atElement(o *Operation, element attribute.Value) (_ attribute.Value, stays bool, err error) {
	switch {
	case o.Path.Attribute.Sub != "":
		element, err = s.withPart(element, o.Path.Attribute, o.Value)
		return element, element.Assigned(), err
	case o.Kind == Remove || o.Value.Kind() == attribute.Null:
		return element, false, nil
	case o.Value.Kind() == attribute.Complex:
		element, err = s.withParts(element, o.Path.Attribute, o.Value)
		return element, element.Assigned(), err
	}
	return o.Value, true, nil
}

// inEvery applies an operation to a sub-attribute of every element (emails.type). Adding a value adds an element.
func (s *state) inEvery(o *Operation, items []attribute.Value) ([]attribute.Value, error) {
	s.touch(o)
	at := o.Path.Attribute
	if o.Value.Assigned() && (len(items) == 0 || o.Kind == Add && at.Sub == "value") {
		return s.added(o, items, []attribute.Value{attribute.NewComplex(attribute.Member{Name: at.Sub, Value: o.Value})})
	}
	kept := items[:0]
	for _, item := range items {
		item, err := s.withPart(item, at, o.Value)
		if err != nil {
			return nil, err
		}
		if item.Assigned() {
			kept = append(kept, item)
		}
	}
	if setsPrimary(o) {
		return onePrimary(kept, 0), nil
	}
	return kept, nil
}

// described makes the element that a value filter describes and the operation completes. Only a conjunction of
// equalities describes one.
func (s *state) described(o *Operation) (attribute.Value, error) {
	whole := o.Path.Whole()
	element := attribute.NewComplex()
	if !s.describe(&element, whole, o.Path.Where) {
		return element, noTarget(&o.Path)
	}
	if sub := o.Path.Attribute.Sub; sub != "" {
		if element.Get(sub).Assigned() && !attribute.Equal(element.Get(sub), o.Value) {
			return element, noTarget(&o.Path) // what the filter looks for is not what would be there
		}
		element.Set(sub, o.Value)
		return element, nil
	}
	if o.Value.Kind() != attribute.Complex { // a plain value
		if !attribute.Equal(element.Get("value"), o.Value) {
			return element, noTarget(&o.Path)
		}
		return o.Value, nil
	}
	for _, m := range o.Value.Members() {
		assign(&element, m.Name, m.Value)
	}
	return element, nil
}

// describe sets on the element what the filter says it equals.
func (s *state) describe(element *attribute.Value, whole domain.Attribute, where domain.Predicate) bool {
	switch where := where.(type) {
	case domain.And:
		for _, term := range where.Terms {
			if !s.describe(element, whole, term) {
				return false
			}
		}
		return true
	case domain.Compare:
		sub, operand := where.Attribute.Sub, where.Operand.Value
		if where.Operator != domain.Equal || !operand.Assigned() {
			return false
		}
		if element.Has(sub) {
			return attribute.Equal(element.Get(sub), operand)
		}
		if at, facts, ok := s.r.Resolve(filter.Spell(whole.Path) + "." + sub); ok {
			if facts.Mutability == filter.ReadOnly {
				return false
			}
			var err error
			if operand, err = s.canon.Value(at, operand, nil); err != nil {
				return false
			}
		}
		assign(element, sub, operand)
		return true
	}
	return false
}
