package patch

import (
	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

// Apply makes new attributes of the current ones: all operations in order, or none and an error. It never changes the
// current tree. When nothing differs afterwards the outcome is the current tree itself, so that adding what is there
// changes nothing (RFC 7644 section 3.5.2.1). Otherwise the outcome is in canonical order. note may be nil; it is told
// again when Apply is called again.
//
// Errors are *domain.Error of Kind Invalid: CodeNoTarget for a value path that matches nothing, CodeMutability,
// CodeInvalidValue, CodeRequired for what the outcome lacks, CodeTooMany when the operations ask for more comparisons than the bounds allow.
func Apply(operations []Operation, current attribute.Value, r filter.Resolver, canon Canonicaliser, note func(rule string)) (attribute.Value, error) {
	if note == nil {
		note = func(string) {}
	}
	s := &state{tree: current, r: r, canon: canon, note: note, budget: maxWork}
	for i := range operations {
		if err := s.apply(&operations[i]); err != nil {
			return attribute.Value{}, numbered(operations[i].number, err)
		}
	}
	s.prune()
	if attribute.Equal(current, s.tree) {
		return current, nil
	}
	after := canon.Order(s.tree)
	return after, canon.Complete(after)
}

// state is a resource on its way through the operations. Every change copies what it touches (see [attribute.Value]).
type state struct {
	tree    attribute.Value
	r       filter.Resolver
	canon   Canonicaliser
	note    func(rule string)
	touched []domain.Path // lists of which operations changed parts of elements
	budget  int
}

// maxWork bounds the elements that the operations of one body may look at, times the terms they look with, so that a
// thousand operations on a list of tens of thousands do not occupy the server.
const maxWork = 1_000_000

func (s *state) charge(work int) error {
	if s.budget -= work; s.budget < 0 {
		return refuse(domain.CodeTooMany, "Operations", "the operations compare too many values with each other; send fewer in one request")
	}
	return nil
}

func (s *state) apply(o *Operation) error {
	if isID(&o.Path) {
		return s.ownID(o)
	}
	if o.Path.Attribute.Name == "" {
		return s.extension(o)
	}
	whole := o.Path.Whole()
	before := s.get(whole.Path)
	after, err := s.changed(o, before)
	if err != nil || attribute.Equal(before, after) {
		return err
	}
	facts := o.Path.Facts
	if o.Path.Attribute.Sub != "" {
		if _, f, ok := s.r.Resolve(filter.Spell(whole.Path)); ok {
			facts = f
		}
	}
	switch {
	case facts.Mutability == filter.Immutable && before.Assigned():
		return isImmutable(filter.Spell(whole.Path))
	case facts.Required && !after.Assigned():
		return lasting(o.Kind, &filter.Path{Attribute: whole})
	}
	s.set(whole.Path, after)
	return nil
}

// changed is what an operation makes of the value of the whole attribute.
func (s *state) changed(o *Operation, before attribute.Value) (attribute.Value, error) {
	switch {
	case o.Path.Facts.Multi, o.Path.Where != nil:
		return s.list(o, before)
	case o.Path.Attribute.Sub != "":
		return s.withPart(before, o.Path.Attribute, o.Value)
	case o.Path.Facts.Complex && o.Value.Kind() == attribute.Complex:
		return s.merged(o, before)
	}
	return o.Value, nil // Null where it is cleared or removed
}

// merged sets the sub-attributes that are given and leaves the others (RFC 7644 section 3.5.2.3). Where the attribute
// has a value, another value is another thing, and nothing of the old one stays.
func (s *state) merged(o *Operation, before attribute.Value) (attribute.Value, error) {
	after := before
	if v := o.Value.Get("value"); o.Path.Facts.HasValue && v.Assigned() && !attribute.Equal(v, before.Get("value")) {
		after = attribute.NewComplex()
	}
	return s.withParts(after, o.Path.Attribute, o.Value)
}

// withParts sets and clears sub-attributes of an object.
func (s *state) withParts(object attribute.Value, whole domain.Attribute, parts attribute.Value) (attribute.Value, error) {
	for _, m := range parts.Members() {
		at := whole
		at.Sub = m.Name
		var err error
		if object, err = s.withPart(object, at, m.Value); err != nil {
			return object, err
		}
	}
	return object, nil
}

// withPart sets or, with Null, clears one sub-attribute of an object.
func (s *state) withPart(object attribute.Value, at domain.Attribute, v attribute.Value) (attribute.Value, error) {
	was := object.Get(at.Sub)
	if attribute.Equal(was, v) {
		return object, nil
	}
	if was.Assigned() {
		if _, facts, ok := s.r.Resolve(filter.Spell(at.Path)); ok && facts.Mutability == filter.Immutable {
			return object, isImmutable(filter.Spell(at.Path))
		}
	}
	if v.Assigned() {
		object.Set(at.Sub, v)
	} else {
		object.Delete(at.Sub)
	}
	return object, nil
}

// ownID tolerates an id that says what the resource is called anyway.
func (s *state) ownID(o *Operation) error {
	if o.Value.Kind() == attribute.String && o.Value.Text() == s.tree.Get("id").Text() {
		s.note(RuleOwnID)
		return nil
	}
	return isReadOnly(&o.Path)
}

// extension clears a whole extension; everything else comes here attribute by attribute.
func (s *state) extension(o *Operation) error {
	urn := o.Path.Attribute.URN
	for _, m := range s.tree.Get(urn).Members() {
		at, facts, ok := s.r.Resolve(urn + ":" + m.Name)
		switch {
		case !ok || !m.Value.Assigned():
		case facts.Mutability == filter.Immutable:
			return isImmutable(filter.Spell(at.Path))
		case facts.Required:
			return lasting(o.Kind, &filter.Path{Attribute: at})
		}
	}
	s.tree.Delete(urn)
	return nil
}

// get is the value of an attribute.
func (s *state) get(p domain.Path) attribute.Value {
	if p.URN != "" {
		return s.tree.Get(p.URN).Get(p.Name)
	}
	return s.tree.Get(p.Name)
}

// set gives an attribute a value; without one it goes, and its extension when nothing is left of it.
func (s *state) set(p domain.Path, v attribute.Value) {
	if p.URN == "" {
		assign(&s.tree, p.Name, v)
		return
	}
	extension := s.tree.Get(p.URN)
	assign(&extension, p.Name, v)
	assign(&s.tree, p.URN, extension)
}

func assign(object *attribute.Value, name string, v attribute.Value) {
	if v.Assigned() {
		object.Set(name, v)
		return
	}
	object.Delete(name)
}
