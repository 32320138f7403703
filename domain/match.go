package domain

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"

	"usher/domain/attribute"
)

// Match is the meaning of a predicate: whether it holds for a resource given as its whole tree (document, groups and
// meta). A store that answers a predicate in SQL must select exactly what Match does; a differential test compares.
func Match(p Predicate, resource attribute.Value) bool {
	switch p := p.(type) {
	case nil:
		return true
	case And:
		for _, term := range p.Terms {
			if !Match(term, resource) {
				return false
			}
		}
		return true
	case Or:
		for _, term := range p.Terms {
			if Match(term, resource) {
				return true
			}
		}
		return false
	case Not:
		return !Match(p.Term, resource)
	case Present:
		return anyValue(resource, p.Attribute.Path, attribute.Value.Assigned)
	case Compare:
		return compareAny(p, resource)
	case Element:
		return anyValue(resource, p.Attribute.Path, func(element attribute.Value) bool {
			return element.Kind() == attribute.Complex && Match(p.Where, element)
		})
	}
	return false
}

// anyValue calls holds with every value at the path, the items of lists one by one, until it says true.
func anyValue(resource attribute.Value, path Path, holds func(attribute.Value) bool) bool {
	v := resource
	if path.URN != "" {
		v = v.Get(path.URN)
	}
	if path.Name == "" {
		return anyItem(v.Get(path.Sub), holds)
	}
	v = v.Get(path.Name)
	if path.Sub == "" {
		return anyItem(v, holds)
	}
	return anyItem(v, func(item attribute.Value) bool { return anyItem(item.Get(path.Sub), holds) })
}

func anyItem(v attribute.Value, holds func(attribute.Value) bool) bool {
	if v.Kind() != attribute.List {
		return holds(v)
	}
	for _, m := range v.Members() {
		if holds(m.Value) {
			return true
		}
	}
	return false
}

func compareAny(c Compare, resource attribute.Value) bool {
	assigned := false
	holds := anyValue(resource, c.Attribute.Path, func(v attribute.Value) bool {
		if !v.Assigned() {
			return false
		}
		assigned = true
		return compareOne(c, v)
	})
	if assigned {
		return holds
	}
	null := c.Operand.Value.Kind() == attribute.Null
	return c.Operator == Equal && null || c.Operator == NotEqual && !null
}

// compareOne compares one assigned value.
func compareOne(c Compare, v attribute.Value) bool {
	operand := c.Operand.Value
	if operand.Kind() == attribute.Null {
		return c.Operator == NotEqual
	}
	switch c.Operator {
	case Contains, StartsWith, EndsWith:
		if v.Kind() != attribute.String {
			return false
		}
		text, part := c.text(v), c.text(operand)
		switch c.Operator {
		case Contains:
			return strings.Contains(text, part)
		case StartsWith:
			return strings.HasPrefix(text, part)
		default:
			return strings.HasSuffix(text, part)
		}
	case Equal, NotEqual, Greater, GreaterOrEqual, Less, LessOrEqual:
	}
	order, like := c.order(v)
	switch c.Operator {
	case Equal:
		return like && order == 0
	case NotEqual:
		return !like || order != 0
	case Greater:
		return like && order > 0
	case GreaterOrEqual:
		return like && order >= 0
	case Less:
		return like && order < 0
	case LessOrEqual:
		return like && order <= 0
	default:
		return false
	}
}

// text is a string as it compares: folded unless the attribute is caseExact.
func (c Compare) text(v attribute.Value) string {
	if c.Attribute.CaseExact {
		return v.Text()
	}
	return attribute.Fold(v.Text())
}

// order compares v with the operand; like is false for values of different types.
func (c Compare) order(v attribute.Value) (order int, like bool) {
	operand := c.Operand.Value
	if c.Attribute.Type == TypeDateTime {
		t, err := time.Parse(time.RFC3339, v.Text())
		return t.Compare(c.Operand.Time), err == nil
	}
	if v.Kind() != operand.Kind() {
		return 0, false
	}
	switch v.Kind() {
	case attribute.Bool:
		return cmp.Compare(truthOrder(v), truthOrder(operand)), true
	case attribute.Number:
		return compareNumbers(v.Text(), operand.Text())
	case attribute.String:
		return strings.Compare(c.text(v), c.text(operand)), true
	case attribute.Null, attribute.Complex, attribute.List:
	}
	return 0, false
}

func truthOrder(v attribute.Value) int {
	if v.Truth() {
		return 1
	}
	return 0
}

func compareNumbers(a, b string) (int, bool) {
	i, errI := strconv.ParseInt(a, 10, 64)
	j, errJ := strconv.ParseInt(b, 10, 64)
	if errI == nil && errJ == nil {
		return cmp.Compare(i, j), true
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return cmp.Compare(x, y), errX == nil && errY == nil
}

// SortKey is the text by which a resource sorts on an attribute: byte order of keys is the order of values. ok is false
// when there is nothing to sort by.
func SortKey(resource attribute.Value, by Attribute) (key string, ok bool) {
	v := sortValue(resource, by.Path)
	if !v.Assigned() {
		return "", false
	}
	switch by.Type {
	case TypeBoolean:
		return strconv.Itoa(truthOrder(v)), true
	case TypeInteger:
		n, err := strconv.ParseInt(v.Text(), 10, 64)
		return orderedInteger(n), err == nil
	case TypeDecimal:
		f, err := strconv.ParseFloat(v.Text(), 64)
		return orderedFloat(f), err == nil
	case TypeDateTime:
		t, err := time.Parse(time.RFC3339, v.Text())
		return t.UTC().Format("2006-01-02T15:04:05.000000000Z"), err == nil
	case TypeString, TypeReference, TypeBinary, TypeComplex:
	}
	if v.Kind() != attribute.String {
		return "", false
	}
	if by.CaseExact {
		return v.Text(), true
	}
	return attribute.Fold(v.Text()), true
}

// sortValue picks the value to sort by: of several the primary one, else the first.
func sortValue(resource attribute.Value, path Path) attribute.Value {
	v := resource
	if path.URN != "" {
		v = v.Get(path.URN)
	}
	v = v.Get(path.Name)
	if v.Kind() == attribute.List {
		if v.Len() == 0 {
			return attribute.Value{}
		}
		chosen := v.Item(0)
		for _, m := range v.Members() {
			if m.Value.Get("primary").Truth() {
				chosen = m.Value
				break
			}
		}
		v = chosen
	}
	if path.Sub != "" {
		v = v.Get(path.Sub)
	}
	return v
}

// orderedInteger spells a number so that byte order is numeric order.
func orderedInteger(n int64) string {
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, uint64(n)^(1<<63)))
}

// orderedFloat spells a number so that byte order is numeric order.
func orderedFloat(f float64) string {
	bits := math.Float64bits(f)
	if bits>>63 == 1 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, bits))
}
