package scim

import (
	"slices"
	"strings"

	"usher/domain"
	"usher/domain/attribute"
)

// A resource that a Bulk request creates is named by "bulkId:" and the bulkId of its POST, wherever an id would stand:
// in the path of another operation, as a member, as a manager, in the value or path of a patch (RFC 7644 section 3.7.2).

const bulkIDPrefix = "bulkId:"

// cutBulkID takes a reference apart.
func cutBulkID(s string) (bulkID string, ok bool) {
	if len(s) <= len(bulkIDPrefix) || !strings.EqualFold(s[:len(bulkIDPrefix)], bulkIDPrefix) {
		return "", false
	}
	return s[len(bulkIDPrefix):], true
}

// link finds the references of every operation.
func (b *bulkRun) link() {
	for _, o := range b.operations {
		if o.failure != nil {
			continue
		}
		if o.link != "" {
			b.refer(o, o.link, true)
		}
		visit(o.data, "", func(key, text string) {
			for _, id := range mentions(key, text) {
				b.refer(o, id, isReference(key))
			}
		})
	}
}

// refer notes a reference. A text that looks like one but names no operation is a text, unless it stands where only a
// reference can.
func (b *bulkRun) refer(o *operation, bulkID string, must bool) {
	at, known := b.byID[bulkID]
	switch {
	case known && !slices.Contains(o.refers, at):
		o.refers = append(o.refers, at)
	case !known && must && o.dangles == "":
		o.dangles = bulkID
	}
}

// visit calls each with every text of a tree and the name of the attribute it stands under.
func visit(v attribute.Value, key string, each func(key, text string)) {
	switch v.Kind() {
	case attribute.String:
		each(key, v.Text())
	case attribute.Complex, attribute.List:
		for _, m := range v.Members() {
			name := m.Name
			if v.Kind() == attribute.List {
				name = key
			}
			visit(m.Value, name, each)
		}
	case attribute.Null, attribute.Bool, attribute.Number:
	}
}

// mentions are the bulkIds that a text names: the text as a whole, or in a patch's path between quotes.
func mentions(key, text string) []string {
	if attribute.EqualName(key, "path") {
		var ids []string
		for part := range strings.SplitSeq(text, `"`) {
			if id, ok := cutBulkID(part); ok {
				ids = append(ids, id)
			}
		}
		return ids
	}
	if id, ok := cutBulkID(text); ok && isReference(key) {
		return []string{id}
	}
	return nil
}

// isReference reports whether a reference makes sense under an attribute name; everywhere else a text that looks like
// one is a text.
func isReference(key string) bool {
	for _, name := range []string{"value", "manager", "managerId", "path"} {
		if attribute.EqualName(key, name) {
			return true
		}
	}
	return strings.HasSuffix(strings.ToLower(key), ":manager") || strings.HasSuffix(strings.ToLower(key), "manager.value")
}

// resolved is data with the references replaced by the ids that resource gives for them; those it does not know stay.
func resolved(v attribute.Value, key string, resource func(bulkID string) (string, bool)) attribute.Value {
	switch v.Kind() {
	case attribute.String:
		if attribute.EqualName(key, "path") {
			parts := strings.Split(v.Text(), `"`)
			for i, part := range parts {
				if id, ok := cutBulkID(part); ok {
					if known, ok := resource(id); ok {
						parts[i] = known
					}
				}
			}
			return attribute.NewString(strings.Join(parts, `"`))
		}
		if id, ok := cutBulkID(v.Text()); ok && isReference(key) {
			if known, ok := resource(id); ok {
				return attribute.NewString(known)
			}
		}
	case attribute.Complex:
		members := slices.Clone(v.Members())
		for i := range members {
			members[i].Value = resolved(members[i].Value, members[i].Name, resource)
		}
		return attribute.NewComplex(members...)
	case attribute.List:
		items := v.Items()
		for i := range items {
			items[i] = resolved(items[i], key, resource)
		}
		return attribute.NewList(items...)
	case attribute.Null, attribute.Bool, attribute.Number:
	}
	return v
}

// unresolved refuses an operation that names a resource which does not come to be.
func unresolved(bulkID string) error {
	const most = 60
	if len(bulkID) > most {
		bulkID = bulkID[:most] + "…"
	}
	return &domain.Error{
		Kind: domain.Conflict, Code: domain.CodeUnresolvedReference,
		Message: `the reference "bulkId:` + bulkID + `" cannot be resolved: no POST of this request with that bulkId succeeded; repair that operation and send both again`,
	}
}

// appendExact writes data as it was sent, null and empty values included, which [attribute.AppendJSON] leaves out: in a
// patch they say that something is to be cleared.
func appendExact(dst []byte, v attribute.Value) []byte {
	switch v.Kind() {
	case attribute.Complex:
		dst = append(dst, '{')
		for i, m := range v.Members() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(attribute.AppendString(dst, m.Name), ':')
			dst = appendExact(dst, m.Value)
		}
		return append(dst, '}')
	case attribute.List:
		dst = append(dst, '[')
		for i, m := range v.Members() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendExact(dst, m.Value)
		}
		return append(dst, ']')
	case attribute.Null, attribute.Bool, attribute.Number, attribute.String:
	}
	return attribute.AppendJSON(dst, v)
}
