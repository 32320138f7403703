package patch

import (
	"slices"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

// setsPrimary reports whether an operation makes the elements it reaches primary.
func setsPrimary(o *Operation) bool {
	if o.Path.Attribute.Sub != "" {
		return o.Path.Attribute.Sub == "primary" && o.Value.Truth()
	}
	return o.Value.Get("primary").Truth()
}

// onePrimary takes primary from every element but the one at keep, which got it last (RFC 7644 section 3.5.2: the
// server sets it to false). keep < 0: nobody got it.
func onePrimary(items []attribute.Value, keep int) []attribute.Value {
	if keep < 0 {
		return items
	}
	for i := range items {
		if i != keep && items[i].Get("primary").Truth() {
			items[i].Set("primary", attribute.NewBool(false))
		}
	}
	return items
}

// touch remembers a list of whose elements parts may have gone.
func (s *state) touch(o *Operation) {
	if p := o.Path.Whole().Path; !slices.Contains(s.touched, p) {
		s.touched = append(s.touched, p)
	}
}

// prune takes away the elements of which only type and primary are left, which merely say which element it was. It
// waits for the last operation: one may clear what the next one sets. A new element that stays is last in its list,
// and now takes primary from the others.
func (s *state) prune() {
	for _, p := range s.touched {
		v := s.get(p)
		if v.Kind() != attribute.List || !s.told(p, "type") || !s.told(p, "primary") {
			continue
		}
		kept := slices.DeleteFunc(v.Items(), isBare)
		last := len(kept) - 1
		for last >= 0 && !kept[last].Get("primary").Truth() {
			last--
		}
		s.set(p, attribute.NewList(onePrimary(kept, last)...))
	}
}

// told reports whether the elements of a list have the sub-attribute.
func (s *state) told(p domain.Path, sub string) bool {
	_, _, ok := s.r.Resolve(filter.Spell(p) + "." + sub)
	return ok
}

func isBare(element attribute.Value) bool {
	for _, m := range element.Members() {
		if m.Value.Assigned() && m.Name != "type" && m.Name != "primary" {
			return false
		}
	}
	return element.Kind() == attribute.Complex
}
