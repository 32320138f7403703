package patch

import (
	"slices"
	"strings"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

// list is what an operation makes of a list, or of the single object that a value path chooses from.
func (s *state) list(o *Operation, before attribute.Value) (attribute.Value, error) {
	items := before.Items()
	if before.Kind() != attribute.List {
		items = nil
		if before.Assigned() {
			items = []attribute.Value{before}
		}
	}
	if err := s.charge(len(items) + 1); err != nil {
		return before, err
	}
	var err error
	switch {
	case o.Path.Where != nil:
		items, err = s.atValuePath(o, items)
	case o.Path.Attribute.Sub != "":
		items, err = s.inEvery(o, items)
	case o.Kind == Add:
		items, err = s.added(o, items, o.Value.Items())
	case o.Kind == Replace:
		return o.Value, nil
	case o.Listed:
		items, err = s.without(o, items)
	default:
		return attribute.Value{}, nil
	}
	switch {
	case err != nil:
		return before, err
	case o.Path.Facts.Multi:
		return attribute.NewList(items...), nil
	case len(items) == 0:
		return attribute.Value{}, nil
	}
	return items[0], nil
}

// added appends what is not there. An element is there when one has the same value, and the same type unless one of the
// two has none; then what is new about it is set (RFC 7644 section 3.5.2.1).
func (s *state) added(o *Operation, items, more []attribute.Value) ([]attribute.Value, error) {
	if err := s.charge(len(more)); err != nil {
		return nil, err
	}
	id := s.identity(o.Path.Whole())
	index := make(map[string][]int, len(items))
	for i, item := range items {
		key := id.key(item)
		index[key] = append(index[key], i)
	}
	primary := -1
	for _, item := range more {
		key := id.key(item)
		at, err := s.twin(items, index[key], item)
		if err != nil {
			return nil, err
		}
		if at < 0 {
			at = len(items)
			items = append(items, item)
			index[key] = append(index[key], at)
		} else if items[at], err = s.joined(o, items[at], item); err != nil {
			return nil, err
		}
		if item.Get("primary").Truth() {
			primary = at
		}
	}
	return onePrimary(items, primary), nil
}

// twin finds the element that is the same as the item, among those of the same identity; -1: none is.
func (s *state) twin(items []attribute.Value, candidates []int, item attribute.Value) (int, error) {
	if err := s.charge(len(candidates)); err != nil {
		return 0, err
	}
	found := -1
	for _, at := range candidates {
		switch a, b := items[at].Get("type"), item.Get("type"); {
		case a.Assigned() == b.Assigned() && strings.EqualFold(a.Text(), b.Text()):
			return at, nil
		case found < 0 && (!a.Assigned() || !b.Assigned()):
			found = at
		}
	}
	return found, nil
}

// joined sets on an element what the item says beyond it. Value and type, by which the two are the same, stay as they
// are spelt.
func (s *state) joined(o *Operation, element, item attribute.Value) (attribute.Value, error) {
	if item.Kind() != attribute.Complex {
		return element, nil
	}
	for _, name := range []string{"value", "type"} {
		if element.Get(name).Assigned() {
			item.Delete(name)
		}
	}
	return s.withParts(element, o.Path.Whole(), item)
}

// without removes the elements that a removal lists: by value and type where a value is given, else all that have what
// is given.
func (s *state) without(o *Operation, items []attribute.Value) ([]attribute.Value, error) {
	id := s.identity(o.Path.Whole())
	listed := map[string][]attribute.Value{}
	var partial []attribute.Value
	for _, m := range o.Value.Members() {
		if m.Value.Kind() == attribute.Complex && !m.Value.Get("value").Assigned() {
			partial = append(partial, m.Value)
			continue
		}
		key := id.key(m.Value)
		listed[key] = append(listed[key], m.Value)
	}
	kept := items[:0]
	for _, item := range items {
		same := listed[id.key(item)]
		if err := s.charge(1 + len(same) + len(partial)); err != nil {
			return nil, err
		}
		goes := slices.ContainsFunc(same, func(l attribute.Value) bool {
			return !l.Get("type").Assigned() || strings.EqualFold(l.Get("type").Text(), item.Get("type").Text())
		}) || slices.ContainsFunc(partial, func(p attribute.Value) bool { return has(item, p) })
		if !goes {
			kept = append(kept, item)
		}
	}
	return kept, nil
}

// has reports whether an element has every sub-attribute that is given.
func has(element, given attribute.Value) bool {
	for _, m := range given.Members() {
		a, b := element.Get(m.Name), m.Value
		if !attribute.Equal(a, b) && (a.Kind() != attribute.String || b.Kind() != attribute.String || attribute.Fold(a.Text()) != attribute.Fold(b.Text())) {
			return false
		}
	}
	return true
}

// identity says which elements of a list are the same one.
type identity struct{ exact bool }

func (s *state) identity(whole domain.Attribute) identity {
	if at, _, ok := s.r.Resolve(filter.Spell(whole.Path) + ".value"); ok {
		return identity{exact: at.CaseExact}
	}
	return identity{exact: whole.CaseExact}
}

// key is equal for elements that have the same value, or, without value, the same content.
func (id identity) key(item attribute.Value) string {
	v := item
	if item.Kind() == attribute.Complex {
		if v = item.Get("value"); !v.Assigned() {
			return "=" + content(item)
		}
	}
	if v.Kind() == attribute.String && !id.exact {
		return ":" + attribute.Fold(v.Text())
	}
	return ":" + string(attribute.AppendJSON(nil, v))
}

// content is an object as JSON, its members in order of name.
func content(object attribute.Value) string {
	members := slices.Clone(object.Members())
	slices.SortFunc(members, func(a, b attribute.Member) int { return strings.Compare(a.Name, b.Name) })
	return string(attribute.AppendJSON(nil, attribute.NewComplex(members...)))
}
