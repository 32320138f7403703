package patch

import (
	"strings"

	"usher/domain/attribute"
	"usher/scim/filter"
)

// stream takes the members of a group out of a PATCH body while it is read, so that 100,000 of them never become a
// tree (see [attribute.Bounds]). It takes only objects with a value. Everything else stays in the tree and is
// straightened there.
//
// Whether the items of an operation's value are members at all is known only with its path, which may come after the
// value. They are taken on trial then; see keep.
type stream struct {
	r     filter.Resolver
	taken map[int]*taken // by position of the operation
	keep  map[int]bool   // operations whose value proved not to be members

	key     string // the last key of a value that was looked up
	members bool   // whether that is the members
}

// taken is what one operation brought.
type taken struct {
	items  []string            // from the value itself
	within map[string][]string // from a member of the value, by the key it was called
}

func newStream(r filter.Resolver) *stream {
	if !namesMembers(r, "members") {
		return nil
	}
	return &stream{r: r, taken: map[int]*taken{}, keep: map[int]bool{}}
}

// namesMembers reports whether a path, with or without value filter, is that of a group's members.
func namesMembers(r filter.Resolver, path string) bool {
	path, _, _ = strings.Cut(path, "[")
	at, _, ok := r.Resolve(strings.TrimSpace(path))
	return ok && at.URN == "" && at.Name == "members"
}

// take is the callback of [attribute.Bounds].
func (s *stream) take(names []string, index []int, item attribute.Value) (bool, error) {
	if len(names) < 2 || len(names) > 3 || len(index) != 2 ||
		!attribute.EqualName(names[0], "Operations") || !attribute.EqualName(names[1], "value") {
		return false, nil
	}
	id, ok := plainMember(item)
	if !ok {
		return false, nil
	}
	if len(names) == 2 {
		if s.keep[index[0]] {
			return false, nil
		}
		t := s.of(index[0])
		t.items = append(t.items, id)
		return true, nil
	}
	if key := names[2]; key != s.key {
		s.key, s.members = key, namesMembers(s.r, key)
	}
	if s.members {
		t := s.of(index[0])
		t.within[s.key] = append(t.within[s.key], id)
	}
	return s.members, nil
}

func (s *stream) of(operation int) *taken {
	t := s.taken[operation]
	if t == nil {
		t = &taken{within: map[string][]string{}}
		s.taken[operation] = t
	}
	return t
}

// plainMember is the identifier in an item that is an object with a value. What else it says of the member is not the
// directory's to say (RFC 7643 section 4.2).
func plainMember(item attribute.Value) (string, bool) {
	id := item.Get("value")
	return id.Text(), id.Kind() == attribute.String && id.Text() != ""
}

// misread finds the operations whose items were taken although their path is not that of the members, and forgets what
// was taken. When there are any, the body is read a second time.
func (s *stream) misread(operations attribute.Value) bool {
	again := false
	for i, t := range s.taken {
		if len(t.items) > 0 && !namesMembers(s.r, operations.Item(i).Get("path").Text()) {
			s.keep[i], again = true, true
		}
	}
	if again {
		s.taken = map[int]*taken{}
	}
	return again
}
