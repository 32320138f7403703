package schema

import (
	"fmt"
	"strconv"
	"time"

	"usher/domain"
	"usher/domain/attribute"
)

// maxText bounds one text of a resource, in bytes.
const maxText = 64 << 10

// outcome says what straightening did to a value.
type outcome uint8

const (
	same    outcome = iota // the value is the one that was given
	changed                // it is another one
	dropped                // nothing is left of it that a client may say
)

// straightener puts one body right. It allocates only where something changes.
type straightener struct{ note func(rule string) }

func (s *straightener) tell(rule string) {
	if s.note != nil {
		s.note(rule)
	}
}

// value straightens the value of an attribute.
func (s *straightener) value(a *attr, v attribute.Value) (attribute.Value, outcome, error) {
	switch {
	case a.multi:
		return s.list(a, v)
	case a.typ == domain.TypeComplex:
		return s.complex(a, v)
	default:
		return s.simple(a, v)
	}
}

// simple straightens a single value without sub-attributes. What is unassigned becomes Null.
func (s *straightener) simple(a *attr, v attribute.Value) (attribute.Value, outcome, error) {
	switch {
	case v.Kind() == attribute.Null:
		return v, same, nil
	case v.Kind() == attribute.String && v.Text() == "":
		s.tell(RuleEmptyText)
		return attribute.Value{}, changed, nil
	case (v.Kind() == attribute.List || v.Kind() == attribute.Complex) && v.Len() == 0:
		return attribute.Value{}, changed, nil
	case v.Kind() == attribute.List && v.Len() == 1:
		s.tell(RuleListForSingle)
		item, _, err := s.simple(a, v.Item(0))
		return item, changed, err
	}
	switch a.typ {
	case domain.TypeBoolean:
		return s.boolean(a, v)
	case domain.TypeInteger, domain.TypeDecimal:
		return s.number(a, v)
	case domain.TypeDateTime:
		return s.dateTime(a, v)
	case domain.TypeBinary:
		if v.Kind() == attribute.String && !isBase64(v.Text()) {
			return v, same, domain.InvalidField(a.field, "send the bytes in base64")
		}
	case domain.TypeString, domain.TypeReference, domain.TypeComplex:
	}
	return s.text(a, v)
}

func (s *straightener) text(a *attr, v attribute.Value) (attribute.Value, outcome, error) {
	switch {
	case v.Kind() == attribute.Number && a.typ != domain.TypeBinary:
		s.tell(RuleTextAsNumber)
		return attribute.NewString(v.Text()), changed, nil
	case v.Kind() != attribute.String:
		return v, same, wrongKind(a, v)
	case len(v.Text()) > maxText:
		return v, same, domain.InvalidField(a.field, fmt.Sprintf("send at most %d bytes of text", maxText))
	}
	return v, same, nil
}

func (s *straightener) boolean(a *attr, v attribute.Value) (attribute.Value, outcome, error) {
	if v.Kind() == attribute.Bool {
		return v, same, nil
	}
	if v.Kind() == attribute.String {
		if b, ok := booleanFromText(v.Text()); ok {
			s.tell(RuleBooleanAsText)
			return b, changed, nil
		}
	}
	return v, same, wrongKind(a, v)
}

func (s *straightener) number(a *attr, v attribute.Value) (attribute.Value, outcome, error) {
	did := same
	if v.Kind() == attribute.String {
		n, ok := numberFromText(v.Text())
		if !ok {
			return v, same, wrongKind(a, v)
		}
		s.tell(RuleNumberAsText)
		v, did = n, changed
	}
	if v.Kind() != attribute.Number {
		return v, same, wrongKind(a, v)
	}
	if a.typ == domain.TypeInteger {
		if _, err := strconv.ParseInt(v.Text(), 10, 64); err != nil {
			return v, same, domain.InvalidField(a.field, "send a whole number of at most 64 bits, without point or exponent")
		}
		return v, did, nil
	}
	if _, err := strconv.ParseFloat(v.Text(), 64); err != nil {
		return v, same, domain.InvalidField(a.field, "send a number that a 64-bit float can hold")
	}
	return v, did, nil
}

// dateTime wants an instant as RFC 3339 spells it, which is xsd:dateTime with a time zone (RFC 7643 section 2.3.5).
func (s *straightener) dateTime(a *attr, v attribute.Value) (attribute.Value, outcome, error) {
	if v.Kind() != attribute.String {
		return v, same, wrongKind(a, v)
	}
	if len(v.Text()) > len("2006-01-02T15:04:05.999999999-07:00")+20 {
		return v, same, wrongKind(a, v)
	}
	if _, err := time.Parse(time.RFC3339, v.Text()); err == nil {
		return v, same, nil
	}
	if d, ok := dateFromText(v.Text()); ok {
		s.tell(RuleDateWithoutZone)
		return d, changed, nil
	}
	return v, same, wrongKind(a, v)
}

// wrongKind is the refusal of a value that is not of the attribute's type.
func wrongKind(a *attr, v attribute.Value) error {
	want := expected(a.typ)
	if a.multi {
		want = "an array, each item " + want
	}
	return domain.InvalidField(a.field, "send "+want+" here, not "+given(v))
}

// expected says what a value of a type looks like.
func expected(t domain.Type) string {
	switch t {
	case domain.TypeBoolean:
		return "true or false"
	case domain.TypeInteger:
		return "a whole number"
	case domain.TypeDecimal:
		return "a number"
	case domain.TypeDateTime:
		return "a date and time such as 2026-01-31T08:00:00Z"
	case domain.TypeReference:
		return "a URI as text"
	case domain.TypeBinary:
		return "bytes in base64 as text"
	case domain.TypeComplex:
		return "an object"
	case domain.TypeString:
	}
	return "text"
}

// given says what was sent in its place, without repeating it.
func given(v attribute.Value) string {
	switch v.Kind() {
	case attribute.String:
		return "this text"
	case attribute.List:
		return "an array"
	case attribute.Complex:
		return "an object"
	case attribute.Null, attribute.Bool, attribute.Number:
	}
	return "a " + v.Kind().String()
}
