package schema

import (
	"strings"

	"usher/domain"
	"usher/domain/attribute"
)

// folded reports whether a resource has members whose names are paths, at its top level or in an extension.
func (v *View) folded(value attribute.Value) bool {
	members := value.Members()
	for i := range members {
		name := members[i].Name
		if strings.IndexByte(name, ':') < 0 && strings.IndexByte(name, '.') < 0 {
			continue
		}
		a := v.root.get(name)
		if a == nil || a.extension && a.subs.folded(members[i].Value) {
			return true
		}
	}
	return false
}

func (o *object) folded(value attribute.Value) bool {
	if value.Kind() != attribute.Complex {
		return false
	}
	members := value.Members()
	for i := range members {
		if strings.IndexByte(members[i].Name, '.') >= 0 {
			return true
		}
	}
	return false
}

// unfold puts members whose names are paths where they belong (rules dotted_key, urn_key). Where an object and a path
// name the same attribute, the path wins. Unknown members go first, so that grafting stays linear in what was sent.
func (v *View) unfold(s *straightener, value attribute.Value) attribute.Value {
	var plain, qualified []attribute.Member
	var core []attribute.Value // objects called by the core URN: two spellings of it are two members
	for _, m := range value.Members() {
		switch {
		case v.root.find(m.Name) >= 0 || strings.IndexByte(m.Name, ':') < 0:
			plain = append(plain, m)
		case attribute.EqualName(m.Name, v.typ.URN()) && m.Value.Kind() == attribute.Complex:
			s.tell(RuleURNKey)
			core = append(core, m.Value)
		default:
			qualified = append(qualified, m)
		}
	}
	out := v.root.unfold(s, attribute.NewComplex(plain...))
	for _, object := range core {
		for _, m := range v.root.unfold(s, object).Members() {
			if a := v.root.get(m.Name); !a.extension {
				v.root.graft(s, &out, domain.Path{Name: a.name}, m.Value)
			}
		}
	}
	for _, m := range qualified {
		a := v.lookup(m.Name)
		if a == nil || a.extension || a.attribute.Many && a.attribute.Sub != "" {
			s.unknown(m)
			continue
		}
		s.tell(RuleURNKey)
		v.root.graft(s, &out, a.attribute.Path, m.Value)
	}
	return out
}

// unfold does the same for the dotted names in an object; its unknown members go.
func (o *object) unfold(s *straightener, value attribute.Value) attribute.Value {
	var plain, dotted []attribute.Member
	for _, m := range value.Members() {
		a := o.get(m.Name)
		switch {
		case a != nil && a.extension && a.subs.folded(m.Value):
			// One of which nothing is left was not cleared.
			if inner := a.subs.unfold(s, m.Value); inner.Len() > 0 {
				plain = append(plain, attribute.Member{Name: m.Name, Value: inner})
			}
		case a != nil || o.isAlias(m.Name):
			plain = append(plain, m)
		case strings.IndexByte(m.Name, '.') >= 0:
			dotted = append(dotted, m)
		default:
			s.unknown(m)
		}
	}
	out := attribute.NewComplex(plain...)
	for _, m := range dotted {
		a := o.at(m.Name)
		if a == nil || a.attribute.Many {
			s.unknown(m)
			continue
		}
		s.tell(RuleDottedKey)
		o.graft(s, &out, domain.Path{Name: a.attribute.Name, Sub: a.attribute.Sub}, m.Value)
	}
	return out
}

// graft sets the value at a path of attributes that o has; an object is merged into an object that is there.
func (o *object) graft(s *straightener, out *attribute.Value, path domain.Path, value attribute.Value) {
	name, rest := path.URN, domain.Path{Name: path.Name, Sub: path.Sub}
	if name == "" {
		name, rest = path.Name, domain.Path{Name: path.Sub}
	}
	a := o.get(name)
	inner := out.Get(a.name)
	merge := !a.multi && inner.Kind() == attribute.Complex && value.Kind() == attribute.Complex
	switch {
	case rest == domain.Path{} && !merge:
		out.Set(a.name, value)
		return
	case inner.Kind() == attribute.Complex:
		inner = a.subs.unfold(s, inner)
	default:
		inner = attribute.NewComplex()
	}
	if rest != (domain.Path{}) {
		a.subs.graft(s, &inner, rest, value)
	} else {
		for _, m := range a.subs.unfold(s, value).Members() {
			inner.Set(m.Name, m.Value)
		}
	}
	out.Set(a.name, inner)
}

func (o *object) isAlias(name string) bool {
	for _, alias := range o.aliases {
		if attribute.EqualName(alias.name, name) {
			return true
		}
	}
	return false
}

// unknown tells of a member that no schema knows, unless it says nothing anyway.
func (s *straightener) unknown(m attribute.Member) {
	if m.Value.Assigned() {
		s.tell(RuleUnknownAttribute)
	}
}
