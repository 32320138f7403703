package schema

import (
	"strings"

	"usher/domain"
	"usher/domain/attribute"
)

// Selection says which attributes of a resource an answer shows (RFC 7644 section 3.9). The zero Selection shows all.
// It is immutable and safe for concurrent use.
type Selection struct {
	view  *View
	mode  mode
	marks []mark // by position in the view's root; nil: nothing is named
}

type mode uint8

const (
	everything mode = iota // as it is
	byDefault              // nothing is asked for, but some attributes are returned on request only
	only                   // what attributes names
	except                 // all but what excludedAttributes names
)

// mark says that an attribute is named: whole, or some of its sub-attributes.
type mark struct {
	whole bool
	subs  []mark
}

// Selection reads the parameters attributes and excludedAttributes, each given as its names. Sub-attributes
// ("name.familyName", "emails.value"), names qualified by a URN, and the URN of a schema alone are understood; names
// that no schema knows are ignored. What is returned always (id, schemas) stays whatever is asked for.
//
// Invalid, CodeInvalidValue: both are given, or attributes asks for what is never returned.
func (v *View) Selection(attributes, excluded []string) (Selection, error) {
	s := Selection{view: v}
	switch {
	case len(attributes) > 0 && len(excluded) > 0:
		return Selection{}, domain.InvalidField("excludedAttributes", "send attributes or excludedAttributes, not both")
	case len(attributes) > 0:
		s.mode = only
	case len(excluded) > 0:
		s.mode = except
	case v.root.requests:
		s.mode = byDefault
		return s, nil
	default:
		return s, nil
	}
	s.marks = make([]mark, len(v.root.attrs))
	for _, name := range attributes {
		if a := s.name(name); a != nil && a.facts.Secret {
			return Selection{}, domain.InvalidField("attributes", "leave out "+a.field+": it is never returned")
		}
	}
	for _, name := range excluded {
		s.name(name)
	}
	return s, nil
}

// name marks what a name stands for, and gives it unless it is unknown or a whole schema.
func (s *Selection) name(name string) *attr {
	name = strings.TrimSpace(name)
	if attribute.EqualName(name, s.view.typ.URN()) {
		for i := range s.view.root.attrs {
			s.marks[i].whole = s.marks[i].whole || !s.view.root.attrs[i].extension
		}
		return nil
	}
	a := s.view.lookup(name)
	if a == nil {
		return nil
	}
	o, marks := &s.view.root, s.marks
	path := steps(a.attribute.Path)
	for i, step := range path {
		at := o.find(step)
		o = &o.attrs[at].subs
		if i == len(path)-1 {
			marks[at].whole = true
			break
		}
		if marks[at].subs == nil {
			marks[at].subs = make([]mark, len(o.attrs))
		}
		marks = marks[at].subs
	}
	return a
}

// Names reports whether anything of the extension with a URN was asked for by its name.
func (s Selection) Names(urn string) bool { return s.mode == only && s.Wants(urn) }

// All reports whether the selection shows a resource as it is, so that nothing needs to be taken apart.
func (s Selection) All() bool { return s.mode == everything }

// Wants reports whether anything of the attribute called name (or of the extension with that URN) is shown, so that
// what is not need not be read.
func (s Selection) Wants(name string) bool {
	if s.mode == everything {
		return true
	}
	at := s.view.root.find(name)
	if at < 0 {
		return s.mode != only
	}
	a, m := &s.view.root.attrs[at], s.mark(at)
	return s.shows(a, m) || s.partly(a, m)
}

func (s Selection) mark(at int) mark {
	if s.marks == nil {
		return mark{}
	}
	return s.marks[at]
}

// shows reports whether the whole attribute is shown, its sub-attributes aside.
func (s Selection) shows(a *attr, m mark) bool {
	switch {
	case a.returned == returnedAlways:
		return true
	case a.returned == returnedNever || a.facts.Secret:
		return false
	case s.mode == only:
		return m.whole
	case a.returned == returnedRequest:
		return false
	}
	return s.mode != except || !m.whole
}

// partly reports whether something inside an attribute that is not asked for as a whole is shown: what is named, and in
// an extension what is always returned.
func (s Selection) partly(a *attr, m mark) bool {
	return s.mode == only && len(m.subs) > 0 || a.extension && a.subs.always
}

// Apply leaves in a resource's tree what the selection shows. The tree that is given is not changed.
func (s Selection) Apply(tree attribute.Value) attribute.Value {
	if s.mode == everything {
		return tree
	}
	return s.object(&s.view.root, tree, s.marks, false)
}

// object projects an object by the marks of its attributes; whole says that the attribute it is the value of was named.
func (s Selection) object(o *object, v attribute.Value, marks []mark, whole bool) attribute.Value {
	out := make([]attribute.Member, 0, v.Len())
	for _, member := range v.Members() {
		at := o.find(member.Name)
		if at < 0 {
			if s.mode != only {
				out = append(out, member)
			}
			continue
		}
		a, m := &o.attrs[at], mark{}
		if marks != nil {
			m = marks[at]
		}
		if value := s.value(a, member.Value, m, whole); value.Kind() != attribute.Null {
			out = append(out, attribute.Member{Name: member.Name, Value: value})
		}
	}
	return attribute.NewComplex(out...)
}

// value projects the value of one attribute; Null: it is not shown. whole says that what contains it was named.
func (s Selection) value(a *attr, v attribute.Value, m mark, whole bool) attribute.Value {
	named := m
	named.whole = m.whole || whole && (a.returned != returnedRequest || a.apart)
	shown := s.shows(a, named)
	switch {
	case !shown && s.mode == except && a.extension:
		return unlessEmpty(alwaysOf(&a.subs, v))
	case !shown && !s.partly(a, m):
		return attribute.Value{}
	case a.typ != domain.TypeComplex:
		return v
	}
	inner := s.mode == only && shown
	if v.Kind() != attribute.List {
		return unlessEmpty(s.object(&a.subs, v, m.subs, inner))
	}
	items := make([]attribute.Value, 0, v.Len())
	for _, item := range v.Members() {
		if projected := s.object(&a.subs, item.Value, m.subs, inner); projected.Len() > 0 {
			items = append(items, projected)
		}
	}
	return unlessEmpty(attribute.NewList(items...))
}

// alwaysOf leaves of an extension that is excluded what is returned whatever is asked (RFC 7643 section 7).
func alwaysOf(o *object, v attribute.Value) attribute.Value {
	var out []attribute.Member
	for _, member := range v.Members() {
		if at := o.find(member.Name); at >= 0 && o.attrs[at].returned == returnedAlways {
			out = append(out, member)
		}
	}
	return attribute.NewComplex(out...)
}

func unlessEmpty(v attribute.Value) attribute.Value {
	if v.Len() == 0 {
		return attribute.Value{}
	}
	return v
}
