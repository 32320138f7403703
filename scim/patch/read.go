package patch

import (
	"strconv"
	"strings"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

// Read reads and checks a PATCH body for resources of one type. note, unless nil, is told the name of every rule by
// which something was put right.
//
// Errors are *domain.Error of Kind Invalid: CodeInvalidSyntax for a body that is no list of operations, CodeTooMany
// above MaxOperations, CodeInvalidPath and CodeInvalidFilter for a path, CodeNoTarget for a removal without path,
// CodeMutability for what is read-only, CodeInvalidValue for a value.
func Read(body []byte, r filter.Resolver, canon Canonicaliser, note func(rule string)) ([]Operation, error) {
	if note == nil {
		note = func(string) {}
	}
	rd := &reader{r: r, canon: canon, note: note, stream: newStream(r)}
	raw, err := rd.raw(body)
	if err != nil {
		return nil, err
	}
	rd.out = make([]Operation, 0, raw.Len())
	for i, m := range raw.Members() {
		rd.at, rd.number = i, 0
		if raw.Len() > 1 {
			rd.number = i + 1
		}
		if err := rd.operation(m.Value); err != nil {
			return nil, numbered(rd.number, err)
		}
	}
	return rd.out, nil
}

type reader struct {
	r      filter.Resolver
	canon  Canonicaliser
	note   func(rule string)
	stream *stream // nil unless the resource is a group
	out    []Operation

	at     int // position of the operation that is being read
	number int // as Operation has it
}

// raw is the list of operations as it was sent. schemas is not looked at: what a PATCH is, its method says.
func (rd *reader) raw(body []byte) (attribute.Value, error) {
	var bounds attribute.Bounds
	if rd.stream != nil {
		bounds.Element = rd.stream.take
	}
	for {
		tree, err := attribute.Read(body, bounds)
		if err != nil {
			return tree, unreadable(err)
		}
		list := tree.Get("Operations")
		switch {
		case list.Kind() != attribute.List || list.Len() == 0:
			return list, refuse(domain.CodeInvalidSyntax, "Operations",
				`send an object with "Operations", an array of at least one operation`)
		case list.Len() > MaxOperations:
			return list, refuse(domain.CodeTooMany, "Operations",
				"send at most "+strconv.Itoa(MaxOperations)+" operations in one request")
		case rd.stream == nil || !rd.stream.misread(list):
			return list, nil
		}
	}
}

// operation reads one operation.
func (rd *reader) operation(raw attribute.Value) error {
	kind, err := rd.kind(raw)
	if err != nil {
		return err
	}
	sent := value{of: raw.Get("value"), there: raw.Has("value")}
	if rd.stream != nil && rd.stream.taken[rd.at] != nil {
		sent.members = rd.stream.taken[rd.at].items
	}
	text := raw.Get("path")
	switch text.Kind() {
	case attribute.Null:
		return rd.whole(kind, sent)
	case attribute.String:
		if rd.isWhole(strings.TrimSpace(text.Text())) {
			return rd.whole(kind, sent)
		}
	default:
		return refuse(domain.CodeInvalidPath, "path", "path must be text, not "+text.Kind().String())
	}
	path, err := filter.ParsePath(text.Text(), rd.r)
	if err != nil {
		return err
	}
	return rd.pathed(kind, path, sent)
}

// isWhole reports whether a path means the resource itself: an empty one, and the URN of the core schema, which is the
// one that has an id.
func (rd *reader) isWhole(path string) bool {
	if path == "" {
		return true
	}
	at, _, ok := rd.r.Resolve(path + ":id")
	return ok && at.Path == domain.Path{Name: "id"}
}

func (rd *reader) kind(raw attribute.Value) (Kind, error) {
	op := raw.Get("op").Text()
	word := strings.ToLower(strings.TrimSpace(op))
	var kind Kind
	switch word {
	case "add":
		kind = Add
	case "replace":
		kind = Replace
	case "remove":
		kind = Remove
	default:
		return 0, refuse(domain.CodeInvalidSyntax, "op", `every operation is an object whose "op" is add, replace or remove`)
	}
	if word != op {
		rd.note(RuleOperationCase)
	}
	return kind, nil
}

// value is what an operation carries: what of it is a tree, and what was taken out of it as members.
type value struct {
	of      attribute.Value
	there   bool // the operation has a value, be it null
	members []string
}

// emit adds an operation to the outcome.
func (rd *reader) emit(o Operation) {
	o.number = rd.number
	rd.out = append(rd.out, o)
}
