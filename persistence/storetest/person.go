package storetest

import (
	"strings"

	"usher/domain"
	"usher/domain/attribute"
)

// Person is what a directory sends for a person: a user name and whatever else is given.
func Person(userName string, more ...attribute.Member) attribute.Value {
	tree := attribute.NewComplex(Text("userName", userName))
	for _, m := range more {
		tree.Set(m.Name, m.Value)
	}
	return tree
}

// GroupNamed is what a directory sends for a group, members excepted.
func GroupNamed(displayName string, more ...attribute.Member) attribute.Value {
	tree := attribute.NewComplex(Text("displayName", displayName))
	for _, m := range more {
		tree.Set(m.Name, m.Value)
	}
	return tree
}

// Text is a member that holds a text.
func Text(name, text string) attribute.Member {
	return attribute.Member{Name: name, Value: attribute.NewString(text)}
}

// Truth is a member that holds true or false.
func Truth(name string, truth bool) attribute.Member {
	return attribute.Member{Name: name, Value: attribute.NewBool(truth)}
}

// Emails is a member that holds addresses, all of type work, the first one primary.
func Emails(addresses ...string) attribute.Member {
	items := make([]attribute.Value, len(addresses))
	for i, address := range addresses {
		items[i] = attribute.NewComplex(Text("value", address), Text("type", "work"), Truth("primary", i == 0))
	}
	return attribute.Member{Name: "emails", Value: attribute.NewList(items...)}
}

// Name is a member that holds a person's names.
func Name(given, family string) attribute.Member {
	return attribute.Member{Name: "name", Value: attribute.NewComplex(Text("familyName", family), Text("givenName", given))}
}

// Manager is the enterprise extension with a manager.
func Manager(value string) attribute.Member {
	manager := attribute.NewComplex(Text("value", value))
	return attribute.Member{Name: domain.URNEnterprise, Value: attribute.NewComplex(attribute.Member{Name: "manager", Value: manager})}
}

// Setting is a change that sets the members given and leaves everything else.
func Setting(members ...attribute.Member) func(attribute.Value) (attribute.Value, error) {
	return func(current attribute.Value) (attribute.Value, error) {
		for _, m := range members {
			current.Set(m.Name, m.Value)
		}
		return current, nil
	}
}

// Clearing is a change that removes the members named.
func Clearing(names ...string) func(attribute.Value) (attribute.Value, error) {
	return func(current attribute.Value) (attribute.Value, error) {
		for _, name := range names {
			current.Delete(name)
		}
		return current, nil
	}
}

// Incompressible is a text of so many characters in which nothing repeats that a database could make smaller: ideographs
// by a linear congruence, three bytes each in UTF-8.
func Incompressible(characters int) string {
	var b strings.Builder
	b.Grow(3 * characters)
	for i, state := 0, uint32(1); i < characters; i++ {
		state = state*1664525 + 1013904223
		b.WriteRune(rune(0x4e00 + state>>16%0x5000))
	}
	return b.String()
}
