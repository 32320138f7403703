package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Check applies the operator Is to what stands At a pointer (in a body) or under a name (in headers).
type Check struct {
	At    string          `json:"at"`
	Is    string          `json:"is"`
	Value json.RawMessage `json:"value"`
}

func (c Check) validate() error {
	value, err := decode(c.Value)
	switch c.Is {
	case "absent", "absentOrEmpty", "exists":
		if c.Value != nil {
			return errors.New("takes no value")
		}
		return nil
	case "eq", "ne", "contains":
		return err
	case "type":
		if name, ok := value.(string); !ok || !slices.Contains([]string{"string", "array", "object", "boolean", "integer"}, name) {
			return errors.New("the value must be string, array, object, boolean or integer")
		}
	case "len":
		if n, ok := value.(json.Number); !ok || !isInteger(n) {
			return errors.New("the value must be an integer")
		}
	case "includes", "excludes":
		if _, ok := value.(map[string]any); !ok {
			return errors.New("the value must be an object")
		}
	default:
		return errors.New("no such operator")
	}
	return nil
}

func (c Check) judge(got any, found bool) []string {
	want, _ := decode(c.Value)
	if holds(c.Is, got, found, want) {
		return nil
	}
	text := "nothing"
	if found {
		b, err := json.Marshal(got)
		if err != nil { // not for what came out of JSON
			b = []byte(err.Error())
		}
		text = quote(string(b))
	}
	return []string{strings.TrimSpace(c.At+" "+c.Is+" "+string(c.Value)) + ", got " + text}
}

func holds(is string, got any, found bool, want any) bool {
	switch is {
	case "eq":
		return found && sameKind(got, want) && equal(got, want)
	case "ne":
		return !found || !equal(got, want)
	case "absent":
		return !found
	case "absentOrEmpty":
		n, sized := length(got)
		return !found || got == nil || sized && n == 0
	case "exists":
		return found
	case "type":
		return found && kind(got) == want
	case "contains":
		return contains(got, want)
	case "len":
		n, sized := length(got)
		return (!found || got == nil || sized) && equal(json.Number(strconv.Itoa(n)), want)
	case "includes":
		return anySuperset(got, want)
	case "excludes":
		_, isList := got.([]any)
		return !found || got == nil || isList && !anySuperset(got, want)
	}
	return false
}

func contains(got, want any) bool {
	switch got := got.(type) {
	case []any:
		return slices.ContainsFunc(got, func(v any) bool { return equal(v, want) })
	case string:
		part, ok := want.(string)
		return ok && strings.Contains(got, part)
	case map[string]any:
		name, ok := want.(string)
		_, has := got[name]
		return ok && has
	}
	return false
}

// anySuperset reports whether got is a list with an object in it that has all members of want.
func anySuperset(got, want any) bool {
	list, _ := got.([]any)
	members, _ := want.(map[string]any)
	return slices.ContainsFunc(list, func(v any) bool {
		object, ok := v.(map[string]any)
		if !ok {
			return false
		}
		for name, value := range members {
			if has, there := object[name]; !there || !equal(has, value) {
				return false
			}
		}
		return true
	})
}

func kind(v any) string {
	switch v := v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	case json.Number:
		if isInteger(v) {
			return "integer"
		}
		return "number"
	}
	return "null"
}

func sameKind(a, b any) bool { return kind(a) == kind(b) }

func length(v any) (n int, sized bool) {
	switch v := v.(type) {
	case string:
		return utf8.RuneCountInString(v), true
	case []any:
		return len(v), true
	case map[string]any:
		return len(v), true
	}
	return 0, false
}

func isInteger(n json.Number) bool { return !strings.ContainsAny(n.String(), ".eE") }

// equal compares JSON values; numbers by their value.
func equal(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equal)
	case json.Number:
		b, ok := b.(json.Number)
		if !ok || a == b || isInteger(a) && isInteger(b) {
			return ok && a == b
		}
		x, errX := a.Float64()
		y, errY := b.Float64()
		return errX == nil && errY == nil && x == y
	}
	return a == b
}

// segment is one step of a pointer such as /Resources/0/id or /emails[type=work]/value: a member or an index, and
// where name is set, the first object of the list there whose member name is the text value.
type segment struct{ key, name, value string }

func parsePointer(at string) ([]segment, error) {
	var segments []segment
	for rest := at; rest != ""; {
		if rest[0] != '/' {
			return nil, fmt.Errorf("pointer %q: / expected before %q", at, rest)
		}
		rest = rest[1:]
		end := strings.IndexByte(rest, '/')
		if open := selectorStart(rest); open >= 0 && (end < 0 || open < end) {
			name, after, _ := strings.Cut(rest[open+1:], "=")
			value, tail, closed := strings.Cut(after, "]")
			if !closed {
				return nil, fmt.Errorf("pointer %q: ] is missing", at)
			}
			segments = append(segments, segment{key: rest[:open], name: name, value: value})
			rest = tail
			continue
		}
		if end < 0 {
			end = len(rest)
		}
		segments = append(segments, segment{key: rest[:end]})
		rest = rest[end:]
	}
	return segments, nil
}

// selectorStart finds a [ that is followed by letters and =, else -1.
func selectorStart(s string) int {
	for i := range len(s) {
		if s[i] != '[' {
			continue
		}
		name, _, ok := strings.Cut(s[i+1:], "=")
		if ok && name != "" && strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz") == "" {
			return i
		}
	}
	return -1
}

func find(doc any, at string) (any, bool) {
	segments, err := parsePointer(at)
	if err != nil {
		return nil, false
	}
	for _, s := range segments {
		var found bool
		switch parent := doc.(type) {
		case map[string]any:
			doc, found = parent[s.key]
		case []any:
			if i, err := strconv.Atoi(s.key); err == nil && i >= 0 && i < len(parent) {
				doc, found = parent[i], true
			}
		}
		if found && s.name != "" {
			doc, found = pick(doc, s.name, s.value)
		}
		if !found {
			return nil, false
		}
	}
	return doc, true
}

// pick gives the first object of a list whose member name is the text value.
func pick(list any, name, value string) (any, bool) {
	elements, _ := list.([]any)
	for _, v := range elements {
		if object, ok := v.(map[string]any); ok && object[name] == value {
			return v, true
		}
	}
	return nil, false
}

func decode(b []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return v, nil
}

func isNull(b []byte) bool { return string(bytes.TrimSpace(b)) == "null" }

func quote(s string) string {
	if len(s) > excerpt {
		s = strings.ToValidUTF8(s[:excerpt], "") + "…"
	}
	return s
}
