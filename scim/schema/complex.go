package schema

import "usher/domain/attribute"

// complex straightens a single complex value. A value that a client clears is Null; one of which only what the client
// may not say is left is dropped. Sub-attributes that are cleared stay as Null, so that a patch can clear them.
func (s *straightener) complex(a *attr, v attribute.Value) (attribute.Value, outcome, error) {
	switch v.Kind() {
	case attribute.Null:
		return v, same, nil
	case attribute.List:
		switch v.Len() {
		case 0:
			return attribute.Value{}, changed, nil
		case 1:
			s.tell(a.habits.asList)
			item, did, err := s.complex(a, v.Item(0))
			return item, max(did, changed), err
		}
		return v, same, wrongKind(a, v)
	case attribute.Complex:
		return s.members(a, v)
	case attribute.String, attribute.Number, attribute.Bool:
	}
	return s.fromScalar(a, v, a.habits.asText)
}

// members straightens a complex value that is given as an object.
func (s *straightener) members(a *attr, v attribute.Value) (attribute.Value, outcome, error) {
	if v.Len() == 0 {
		return attribute.Value{}, changed, nil
	}
	out, did, err := s.object(&a.subs, v, true)
	if err != nil {
		return v, same, err
	}
	if a.refers {
		out, did = s.dereference(a, v, out, did)
	}
	switch {
	case out.Len() == 0:
		return out, dropped, nil
	case a.subs.value >= 0 && !out.Assigned() && out.Has("value"):
		return attribute.Value{}, changed, nil // the value stands for the whole
	}
	return out, did, nil
}

// fromScalar makes an object of a bare value, where the attribute has a value to put it in.
func (s *straightener) fromScalar(a *attr, v attribute.Value, rule string) (attribute.Value, outcome, error) {
	if v.Kind() == attribute.String && v.Text() == "" {
		s.tell(RuleEmptyText)
		return attribute.Value{}, changed, nil
	}
	if a.subs.value < 0 {
		return v, same, wrongKind(a, v)
	}
	sub := &a.subs.attrs[a.subs.value]
	value, _, err := s.simple(sub, v)
	if err != nil {
		return v, same, err
	}
	s.tell(rule)
	return attribute.NewComplex(attribute.Member{Name: sub.name, Value: value}), changed, nil
}

// dereference takes the id from $ref where nothing else says it.
func (s *straightener) dereference(a *attr, in, out attribute.Value, did outcome) (attribute.Value, outcome) {
	if out.Has("value") {
		return out, did
	}
	ref := in.Get("$ref")
	if ref.Kind() != attribute.String || len(ref.Text()) > maxText {
		return out, did
	}
	id := lastSegment(ref.Text())
	if id == "" {
		return out, did
	}
	s.tell(RuleReferenceWithoutValue)
	out.Set("value", attribute.NewString(id))
	out, _ = order(&a.subs, out)
	return out, changed
}

// place is where a member of an object goes: an attribute's position, and the member's own.
type place struct{ at, member int }

// fewMembers is how many members an object has before its places need the heap.
const fewMembers = 40

// object straightens the members of an object by the attributes that may stand in it: canonical names and order,
// unknown and read-only members gone. Cleared members stay as Null where nulls is set.
func (s *straightener) object(o *object, v attribute.Value, nulls bool) (attribute.Value, outcome, error) {
	var few [fewMembers]place
	members, did := v.Members(), same
	places := few[:0]
	for i := range members {
		at := o.find(members[i].Name)
		if at < 0 {
			did = changed
			if at = s.alias(o, v, members[i]); at < 0 {
				continue
			}
		}
		if o.attrs[at].ignored {
			did = changed
			continue
		}
		if members[i].Name != o.attrs[at].name || len(places) > 0 && places[len(places)-1].at >= at {
			did = changed
		}
		places = insert(places, place{at, i})
	}
	var out []attribute.Member
	if did == changed {
		out = make([]attribute.Member, 0, len(places))
	}
	for n, p := range places {
		a := &o.attrs[p.at]
		value, done, err := s.value(a, members[p.member].Value)
		if err != nil {
			return v, same, err
		}
		if !nulls && value.Kind() == attribute.Null {
			done = dropped
		}
		if did == same && done != same {
			did = changed
			out = append(make([]attribute.Member, 0, len(places)), members[:n]...)
		}
		if did == changed && done != dropped {
			out = append(out, attribute.Member{Name: a.name, Value: value})
		}
	}
	if did == same {
		return v, same, nil
	}
	return attribute.NewComplex(out...), changed, nil
}

// insert keeps places in order of attributes; of two members for one attribute the later wins.
func insert(places []place, p place) []place {
	i := len(places)
	for i > 0 && places[i-1].at > p.at {
		i--
	}
	if i > 0 && places[i-1].at == p.at {
		places[i-1] = p
		return places
	}
	places = append(places, place{})
	copy(places[i+1:], places[i:])
	places[i] = p
	return places
}

// alias finds the attribute that an unknown member stands for, unless the object has it under its own name too; -1:
// the member is unknown and dropped.
func (s *straightener) alias(o *object, v attribute.Value, m attribute.Member) int {
	for _, alias := range o.aliases {
		if attribute.EqualName(alias.name, m.Name) && !v.Has(alias.stands) {
			s.tell(alias.rule)
			return o.find(alias.stands)
		}
	}
	s.unknown(m)
	return -1
}
