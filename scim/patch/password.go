package patch

import (
	"strings"

	"usher/domain/attribute"
	"usher/scim/filter"
)

// Secretive knows the password of a resource type: schema.View does.
type Secretive interface {
	filter.Resolver
	// Password is what a whole or partial resource gives as its password; Null where it gives none.
	Password(resource attribute.Value) attribute.Value
}

// Password is what a PATCH body, which [Read] has accepted, gives as the password: the last that an operation adds or puts in
// place, as it was sent; Null where none does. A removal takes no password away. It is apart from Read, whose operations
// never hold one.
func Password(body []byte, s Secretive) attribute.Value {
	var found attribute.Value
	tree, err := attribute.Read(body, attribute.Bounds{})
	if err != nil {
		return found
	}
	rd := &reader{r: s, note: func(string) {}}
	for _, m := range tree.Get("Operations").Members() {
		kind, err := rd.kind(m.Value)
		if err != nil || kind == Remove {
			continue
		}
		sent := m.Value.Get("value")
		if text := strings.TrimSpace(m.Value.Get("path").Text()); !rd.isWhole(text) {
			path, err := filter.ParsePath(text, s)
			if err != nil || !path.Facts.Secret || path.Where != nil || path.Attribute.Sub != "" {
				continue
			}
			sent = rd.unwrap(&path, sent)
		} else {
			sent = s.Password(sent)
		}
		if sent.Assigned() {
			found = sent
		}
	}
	return found
}
