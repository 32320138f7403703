package schema

import (
	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

// attr is one attribute, sub-attribute or extension, compiled.
type attr struct {
	characteristics
	attribute domain.Attribute // as predicates and patches know it
	facts     filter.Facts
	field     string // the path as a message spells it
	extension bool   // its name is a URN, its sub-attributes are a schema's attributes
	sticky    bool   // a PUT that leaves it out leaves it as it is
	ignored   bool   // whatever a client says of it: the server's to say, or never kept
	refers    bool   // it names another resource by value, and $ref is the server's to say
	habits    habits
	subs      object // empty unless complex
}

// object is the attributes that may stand side by side, in canonical order, and an index of their names.
type object struct {
	attrs            []attr
	slots            []int16 // open addressing by foldHash; -1 is free
	longest          int     // bytes of the longest name
	aliases          []alias
	demands          []int // the positions of those that are required, or have a sub-attribute that is
	requests, always bool  // one of them, or of their sub-attributes, is returned on request only; always
	// where well-known sub-attributes stand (RFC 7643 section 2.4); -1: not there
	value, ref, kind, primary int
}

// compileRoot makes the top level of a resource type: common attributes first, meta after the core attributes, each
// extension as an attribute called by its URN.
func compileRoot(core definition, common []characteristics, extensions []definition) object {
	attrs := make([]attr, 0, len(common)+len(core.attributes)+len(extensions))
	var meta []attr
	for _, c := range common {
		a := compileAttr(c, domain.Path{Name: c.name}, nil)
		if c.name == "meta" {
			meta = append(meta, a)
			continue
		}
		attrs = append(attrs, a)
	}
	for _, c := range core.attributes {
		attrs = append(attrs, compileAttr(c, domain.Path{Name: c.name}, nil))
	}
	attrs = append(attrs, meta...)
	for _, e := range extensions {
		attrs = append(attrs, compileExtension(e))
	}
	return newObject(attrs, nil)
}

func compileExtension(e definition) attr {
	subs := make([]attr, 0, len(e.attributes))
	for _, c := range e.attributes {
		sub := compileAttr(c, domain.Path{URN: e.urn, Name: c.name}, nil)
		sub.sticky = e.stickyParts
		subs = append(subs, sub)
	}
	return attr{
		characteristics: characteristics{name: e.urn, description: e.description, typ: domain.TypeComplex},
		attribute:       domain.Attribute{Path: domain.Path{URN: e.urn}, Type: domain.TypeComplex},
		facts:           filter.Facts{Complex: true},
		field:           e.urn,
		extension:       true,
		sticky:          e.sticky,
		habits:          habits{asList: RuleListForSingle},
		subs:            newObject(subs, nil),
	}
}

// compileAttr compiles an attribute, or a sub-attribute of parent.
func compileAttr(c characteristics, path domain.Path, parent *characteristics) attr {
	a := attr{characteristics: c, field: spell(path)}
	top := &c
	if parent != nil {
		top = parent
		if parent.mutability == filter.ReadOnly {
			a.mutability = filter.ReadOnly
		}
	}
	secret := c.returned == returnedNever || c.mutability == filter.WriteOnly ||
		top.returned == returnedNever || top.mutability == filter.WriteOnly
	a.attribute = domain.Attribute{Path: path, Type: c.typ, CaseExact: c.caseExact, Many: top.multi}
	a.ignored = a.mutability == filter.ReadOnly || secret
	a.habits = habitsOf(path)
	subs := make([]attr, 0, len(c.subs))
	for _, s := range c.subs {
		subs = append(subs, compileAttr(s, domain.Path{URN: path.URN, Name: path.Name, Sub: s.name}, &c))
	}
	a.subs = newObject(subs, a.habits.aliases)
	a.refers = a.subs.value >= 0 && a.subs.ref >= 0 && a.subs.attrs[a.subs.ref].ignored
	a.facts = filter.Facts{
		Multi: top.multi, Complex: c.typ == domain.TypeComplex, HasValue: a.subs.value >= 0, Secret: secret,
		Mutability: a.mutability, Required: c.required || a.habits.lasting,
	}
	return a
}

// spell is a path as a client would write it.
func spell(p domain.Path) string {
	s := p.Name
	if p.URN != "" {
		s = p.URN + ":" + s
	}
	if p.Sub != "" {
		s += "." + p.Sub
	}
	return s
}

// newObject indexes attributes.
func newObject(attrs []attr, aliases []alias) object {
	size := 4
	for size < 2*len(attrs) {
		size *= 2
	}
	o := object{attrs: attrs, slots: make([]int16, size), aliases: aliases, value: -1, ref: -1, kind: -1, primary: -1}
	for i := range o.slots {
		o.slots[i] = -1
	}
	for i := range attrs {
		name := attrs[i].name
		o.longest = max(o.longest, len(name))
		slot := foldHash(name) & uint32(size-1)
		for o.slots[slot] >= 0 {
			slot = (slot + 1) & uint32(size-1)
		}
		o.slots[slot] = int16(i)
		if c := &attrs[i]; c.mutability != filter.ReadOnly && (c.required || len(c.subs.demands) > 0) {
			o.demands = append(o.demands, i)
		}
		o.requests = o.requests || attrs[i].returned == returnedRequest && !attrs[i].apart || attrs[i].subs.requests
		o.always = o.always || attrs[i].returned == returnedAlways || attrs[i].subs.always
		switch name {
		case "value":
			o.value = i
		case "$ref":
			o.ref = i
		case "type":
			o.kind = i
		case "primary":
			o.primary = i
		}
	}
	return o
}

// find is the position of the attribute called name, compared without case (RFC 7643 section 2.1); -1: there is none.
func (o *object) find(name string) int {
	if len(name) > o.longest {
		return -1
	}
	mask := uint32(len(o.slots) - 1)
	for slot := foldHash(name) & mask; ; slot = (slot + 1) & mask {
		at := o.slots[slot]
		if at < 0 {
			return -1
		}
		if attribute.EqualName(o.attrs[at].name, name) {
			return int(at)
		}
	}
}

// get is the attribute called name, compared without case; nil: there is none.
func (o *object) get(name string) *attr {
	if at := o.find(name); at >= 0 {
		return &o.attrs[at]
	}
	return nil
}

// foldHash hashes the end of an ASCII name without case (FNV-1a): URNs begin alike.
func foldHash(name string) uint32 {
	const most = 24
	h := uint32(2166136261)
	for i := max(0, len(name)-most); i < len(name); i++ {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}
