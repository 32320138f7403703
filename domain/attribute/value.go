// Package attribute owns the tree in which the attributes of a resource travel through the house: what an adapter
// reads off the wire, what the domain compares and changes, what the store keeps as one canonical document.
//
// It knows JSON text (bounded reading, canonical writing) and comparison without case, and nothing about SCIM schemas,
// HTTP or SQL. A tree is plain data:
//
//	user := attribute.NewComplex(
//		attribute.Member{Name: "userName", Value: attribute.NewString("ana@acme.test")},
//		attribute.Member{Name: "active", Value: attribute.NewBool(true)},
//	)
//	user.Get("USERNAME").Text() // "ana@acme.test"
package attribute

// Kind says which of the JSON shapes a Value has.
type Kind uint8

// The kinds of a Value. The zero Value is Null: null, an absent attribute and an empty list are one state
// (RFC 7643 section 2.5), see [Value.Assigned].
const (
	Null Kind = iota
	Bool
	Number
	String
	Complex
	List
)

// String is the kind's name as error messages say it.
func (k Kind) String() string {
	switch k {
	case Null:
		return "null"
	case Bool:
		return "boolean"
	case Number:
		return "number"
	case String:
		return "string"
	case Complex:
		return "object"
	case List:
		return "array"
	}
	return "unknown"
}

// Value is one node of the tree. The zero Value is Null.
type Value struct {
	kind Kind
	flag bool
	text string   // String: the characters; Number: the literal as JSON spells it
	kids []Member // Complex: its members in order; List: its items, without names
}

// Member is a named value of a Complex, or (without name) an item of a List.
type Member struct {
	Name  string
	Value Value
}

// NewString makes a String.
func NewString(s string) Value { return Value{kind: String, text: s} }

// NewBool makes a Bool.
func NewBool(b bool) Value { return Value{kind: Bool, flag: b} }

// NewNumber makes a Number from a JSON number literal, which is kept as it is spelt.
func NewNumber(literal string) Value { return Value{kind: Number, text: literal} }

// NewComplex makes a Complex that keeps the order of its members.
func NewComplex(members ...Member) Value { return Value{kind: Complex, kids: members} }

// NewList makes a List.
func NewList(items ...Value) Value {
	kids := make([]Member, len(items))
	for i, item := range items {
		kids[i].Value = item
	}
	return Value{kind: List, kids: kids}
}

// Kind of the value.
func (v Value) Kind() Kind { return v.kind }

// Text is the characters of a String or the literal of a Number; empty for every other kind.
func (v Value) Text() string { return v.text }

// Truth is the content of a Bool; false for every other kind.
func (v Value) Truth() bool { return v.flag }

// Len is the number of items of a List or of members of a Complex.
func (v Value) Len() int { return len(v.kids) }

// Members are the members of a Complex, or the unnamed items of a List. The caller must not change them.
func (v Value) Members() []Member { return v.kids }

// Item is the i-th item of a List or the value of the i-th member of a Complex.
func (v Value) Item(i int) Value { return v.kids[i].Value }

// Items of a List, copied into a slice.
func (v Value) Items() []Value {
	items := make([]Value, len(v.kids))
	for i := range v.kids {
		items[i] = v.kids[i].Value
	}
	return items
}

// Assigned reports whether the value counts as present: null, an empty list and an empty object do not
// (RFC 7643 section 2.5), nor does a list or object that holds only such values.
func (v Value) Assigned() bool {
	switch v.kind {
	case Null:
		return false
	case Complex, List:
		for i := range v.kids {
			if v.kids[i].Value.Assigned() {
				return true
			}
		}
		return false
	case Bool, Number, String:
		return true
	}
	return false
}

// Get is the member called name, compared without case (RFC 7643 section 2.1); Null when there is none.
func (v Value) Get(name string) Value {
	if i := v.index(name); i >= 0 {
		return v.kids[i].Value
	}
	return Value{}
}

// Has reports whether a Complex has a member called name, whatever its value.
func (v Value) Has(name string) bool { return v.index(name) >= 0 }

func (v Value) index(name string) int {
	if v.kind != Complex {
		return -1
	}
	for i := range v.kids {
		if EqualName(v.kids[i].Name, name) {
			return i
		}
	}
	return -1
}

// Set gives the member called name a new value, in its place if it exists, else at the end. Setting on a Null makes it
// a Complex; the receiver must not be of another kind. Trees share structure only through copies of a Value: Set first
// copies the member slice, so that other holders of the old value do not see the change.
func (v *Value) Set(name string, value Value) {
	i := v.index(name)
	kids := make([]Member, len(v.kids), len(v.kids)+1)
	copy(kids, v.kids)
	if i >= 0 {
		kids[i].Value = value
	} else {
		kids = append(kids, Member{Name: name, Value: value})
	}
	v.kind, v.kids = Complex, kids
}

// Delete removes the member called name; it reports whether there was one. Other holders do not see the change.
func (v *Value) Delete(name string) bool {
	i := v.index(name)
	if i < 0 {
		return false
	}
	kids := make([]Member, 0, len(v.kids)-1)
	kids = append(kids, v.kids[:i]...)
	v.kids = append(kids, v.kids[i+1:]...)
	return true
}

// Equal compares two trees: strings and names of members exactly, members of objects in any order, items of lists in
// order. Unassigned members equal absent ones.
func Equal(a, b Value) bool {
	if !a.Assigned() && !b.Assigned() {
		return true
	}
	if a.kind != b.kind {
		return false
	}
	switch a.kind {
	case Bool:
		return a.flag == b.flag
	case Number, String:
		return a.text == b.text
	case List:
		if len(a.kids) != len(b.kids) {
			return false
		}
		for i := range a.kids {
			if !Equal(a.kids[i].Value, b.kids[i].Value) {
				return false
			}
		}
		return true
	case Complex:
		return contains(a, b) && contains(b, a)
	case Null:
		return true
	}
	return false
}

func contains(whole, part Value) bool {
	for i := range part.kids {
		if !Equal(whole.Get(part.kids[i].Name), part.kids[i].Value) {
			return false
		}
	}
	return true
}

// Diff returns the members of two objects that differ, as they were and as they are: what an event records.
func Diff(before, after Value) (was, is Value) {
	was, is = NewComplex(), NewComplex()
	for _, m := range before.kids {
		if !Equal(m.Value, after.Get(m.Name)) {
			was.kids = append(was.kids, m)
		}
	}
	for _, m := range after.kids {
		if !Equal(m.Value, before.Get(m.Name)) {
			is.kids = append(is.kids, m)
		}
	}
	return was, is
}
