package attribute

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds limit what Read accepts, so that no text makes it use unbounded memory or stack.
type Bounds struct {
	Depth int // nested objects and arrays; 0 means DefaultDepth
	Nodes int // values altogether, those taken by Element excepted; 0 means DefaultNodes

	// Element, when set, is offered every item of a list as soon as it is read and may take it, so that it never
	// becomes part of the tree: this is how a group of 100,000 members is read as a stream. names are the members
	// that lead to the list, index the positions in the lists on the way, the last being the item's own. Neither may
	// be kept.
	Element func(names []string, index []int, item Value) (taken bool, err error)
}

// The bounds in force where none are given.
const (
	DefaultDepth = 32
	DefaultNodes = 200_000
)

// SyntaxError says what is wrong with a JSON text and where.
type SyntaxError struct {
	Offset int    // bytes before the fault
	Reason string // one clause for the person who sent it
}

func (e *SyntaxError) Error() string {
	return "at byte " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// Read parses one JSON text. Beyond RFC 8259 it refuses, as *SyntaxError: text that is not UTF-8, NUL in a string,
// unpaired surrogates, two members of one object whose names differ at most by case (RFC 7643 section 2.1), more
// depth or values than the bounds allow, and anything after the value.
func Read(text []byte, bounds Bounds) (Value, error) {
	if bounds.Depth == 0 {
		bounds.Depth = DefaultDepth
	}
	if bounds.Nodes == 0 {
		bounds.Nodes = DefaultNodes
	}
	if !utf8.Valid(text) {
		return Value{}, &SyntaxError{Offset: invalidAt(text), Reason: "the text is not valid UTF-8"}
	}
	r := reader{s: string(text), bounds: bounds}
	r.space()
	v, err := r.value(0)
	if err != nil {
		return Value{}, err
	}
	r.space()
	if r.i < len(r.s) {
		return Value{}, r.fault("unexpected text after the JSON value")
	}
	return v, nil
}

func invalidAt(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(text)
}

// reader is a recursive descent over s; strings without escapes are slices of s.
type reader struct {
	s      string
	i      int
	nodes  int
	bounds Bounds
	names  []string
	index  []int
}

func (r *reader) fault(reason string) error { return &SyntaxError{Offset: r.i, Reason: reason} }

func (r *reader) space() {
	for r.i < len(r.s) {
		switch r.s[r.i] {
		case ' ', '\t', '\n', '\r':
			r.i++
		default:
			return
		}
	}
}

func (r *reader) value(depth int) (Value, error) {
	if r.i >= len(r.s) {
		return Value{}, r.fault("the JSON text ends too early")
	}
	r.nodes++
	if r.nodes > r.bounds.Nodes {
		return Value{}, r.fault("more values than the limit of " + strconv.Itoa(r.bounds.Nodes))
	}
	switch c := r.s[r.i]; {
	case c == '"':
		s, err := r.string()
		return Value{kind: String, text: s}, err
	case c == '{':
		return r.object(depth + 1)
	case c == '[':
		return r.array(depth + 1)
	case c == 't':
		return NewBool(true), r.word("true")
	case c == 'f':
		return NewBool(false), r.word("false")
	case c == 'n':
		return Value{}, r.word("null")
	case c == '-' || '0' <= c && c <= '9':
		return r.number()
	default:
		return Value{}, r.fault(fmt.Sprintf("unexpected character %q", firstRune(r.s[r.i:])))
	}
}

func firstRune(s string) rune {
	c, _ := utf8.DecodeRuneInString(s)
	return c
}

func (r *reader) word(w string) error {
	if len(r.s)-r.i < len(w) || r.s[r.i:r.i+len(w)] != w {
		return r.fault("expected " + w)
	}
	r.i += len(w)
	return nil
}

func (r *reader) number() (Value, error) {
	start := r.i
	if r.peek() == '-' {
		r.i++
	}
	switch {
	case r.peek() == '0':
		r.i++
	case !r.digits():
		return Value{}, r.fault("a number needs a digit here")
	}
	if r.peek() == '.' {
		r.i++
		if !r.digits() {
			return Value{}, r.fault("a number needs a digit after the point")
		}
	}
	if c := r.peek(); c == 'e' || c == 'E' {
		r.i++
		if c := r.peek(); c == '+' || c == '-' {
			r.i++
		}
		if !r.digits() {
			return Value{}, r.fault("a number needs a digit in the exponent")
		}
	}
	return Value{kind: Number, text: r.s[start:r.i]}, nil
}

func (r *reader) peek() byte {
	if r.i < len(r.s) {
		return r.s[r.i]
	}
	return 0
}

func (r *reader) digits() bool {
	start := r.i
	for r.i < len(r.s) && '0' <= r.s[r.i] && r.s[r.i] <= '9' {
		r.i++
	}
	return r.i > start
}

func (r *reader) string() (string, error) {
	r.i++ // the opening quote
	start := r.i
	for r.i < len(r.s) {
		switch c := r.s[r.i]; {
		case c == '"':
			s := r.s[start:r.i]
			r.i++
			return s, nil
		case c == '\\':
			return r.escaped(start)
		case c < 0x20:
			return "", r.fault("a control character in a string must be escaped")
		default:
			r.i++
		}
	}
	return "", r.fault("the string has no closing quote")
}

// escaped reads the rest of a string from its first escape on.
func (r *reader) escaped(start int) (string, error) {
	buf := append(make([]byte, 0, r.i-start+32), r.s[start:r.i]...)
	for r.i < len(r.s) {
		switch c := r.s[r.i]; {
		case c == '"':
			r.i++
			return string(buf), nil
		case c < 0x20:
			return "", r.fault("a control character in a string must be escaped")
		case c != '\\':
			buf = append(buf, c)
			r.i++
			continue
		}
		r.i++
		c := r.peek()
		switch c {
		case '"', '\\', '/':
			buf = append(buf, c)
		case 'b':
			buf = append(buf, '\b')
		case 'f':
			buf = append(buf, '\f')
		case 'n':
			buf = append(buf, '\n')
		case 'r':
			buf = append(buf, '\r')
		case 't':
			buf = append(buf, '\t')
		case 'u':
			char, err := r.unicode()
			if err != nil {
				return "", err
			}
			buf = utf8.AppendRune(buf, char)
			continue
		default:
			return "", r.fault("unknown escape in a string")
		}
		r.i++
	}
	return "", r.fault("the string has no closing quote")
}

// unicode reads \uXXXX, with its second half where it is a surrogate; r.i stands on the u.
func (r *reader) unicode() (rune, error) {
	first, err := r.hex4()
	if err != nil {
		return 0, err
	}
	if first == 0 {
		return 0, r.fault("NUL is not allowed in a string")
	}
	if !utf16.IsSurrogate(first) {
		return first, nil
	}
	if len(r.s)-r.i < 2 || r.s[r.i] != '\\' || r.s[r.i+1] != 'u' {
		return 0, r.fault("unpaired surrogate in a string")
	}
	r.i++
	second, err := r.hex4()
	if err != nil {
		return 0, err
	}
	pair := utf16.DecodeRune(first, second)
	if pair == utf8.RuneError {
		return 0, r.fault("unpaired surrogate in a string")
	}
	return pair, nil
}

func (r *reader) hex4() (rune, error) {
	r.i++ // the u
	if len(r.s)-r.i < 4 {
		return 0, r.fault("\\u needs four hexadecimal digits")
	}
	var char rune
	for _, c := range []byte(r.s[r.i : r.i+4]) {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, r.fault("\\u needs four hexadecimal digits")
		}
		char = char<<4 | rune(c)
	}
	r.i += 4
	return char, nil
}

func (r *reader) array(depth int) (Value, error) {
	if depth > r.bounds.Depth {
		return Value{}, r.fault("nested deeper than the limit of " + strconv.Itoa(r.bounds.Depth))
	}
	r.i++
	list := Value{kind: List}
	r.space()
	if r.peek() == ']' {
		r.i++
		return list, nil
	}
	r.index = append(r.index, 0)
	defer func() { r.index = r.index[:len(r.index)-1] }()
	for {
		r.space()
		nodes := r.nodes
		item, err := r.value(depth)
		if err != nil {
			return Value{}, err
		}
		taken := false
		if r.bounds.Element != nil {
			if taken, err = r.bounds.Element(r.names, r.index, item); err != nil {
				return Value{}, err
			}
		}
		if taken {
			r.nodes = nodes
		} else {
			list.kids = append(list.kids, Member{Value: item})
		}
		r.index[len(r.index)-1]++
		r.space()
		switch r.peek() {
		case ',':
			r.i++
		case ']':
			r.i++
			return list, nil
		default:
			return Value{}, r.fault("expected a comma or ] in an array")
		}
	}
}

func (r *reader) object(depth int) (Value, error) {
	if depth > r.bounds.Depth {
		return Value{}, r.fault("nested deeper than the limit of " + strconv.Itoa(r.bounds.Depth))
	}
	r.i++
	object := Value{kind: Complex}
	r.space()
	if r.peek() == '}' {
		r.i++
		return object, nil
	}
	var seen names
	for {
		r.space()
		if r.peek() != '"' {
			return Value{}, r.fault("expected the name of a member in quotes")
		}
		at := r.i
		name, err := r.string()
		if err != nil {
			return Value{}, err
		}
		if !seen.add(name, object.kids) {
			r.i = at
			return Value{}, r.fault(fmt.Sprintf("the object has two members called %q (names compare without case)", clip(name)))
		}
		r.space()
		if r.peek() != ':' {
			return Value{}, r.fault("expected a colon after the name of a member")
		}
		r.i++
		r.space()
		r.names = append(r.names, name)
		value, err := r.value(depth)
		r.names = r.names[:len(r.names)-1]
		if err != nil {
			return Value{}, err
		}
		object.kids = append(object.kids, Member{Name: name, Value: value})
		r.space()
		switch r.peek() {
		case ',':
			r.i++
		case '}':
			r.i++
			return object, nil
		default:
			return Value{}, r.fault("expected a comma or } in an object")
		}
	}
}

// names finds a repeated member name: by looking through the few there are, by a set once there are many.
type names struct{ set map[string]struct{} }

const fewNames = 24

func (n *names) add(name string, before []Member) bool {
	if len(before) < fewNames {
		for i := range before {
			if EqualName(before[i].Name, name) {
				return false
			}
		}
		return true
	}
	if n.set == nil {
		n.set = make(map[string]struct{}, 2*fewNames)
		for i := range before {
			n.set[lowerName(before[i].Name)] = struct{}{}
		}
	}
	key := lowerName(name)
	if _, there := n.set[key]; there {
		return false
	}
	n.set[key] = struct{}{}
	return true
}

func lowerName(name string) string {
	if lower, ok := foldASCII(name); ok {
		return lower
	}
	b := []byte(name)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// clip shortens what a message repeats of the sender's text.
func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
