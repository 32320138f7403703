package scim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"usher/domain"
	"usher/domain/attribute"
)

// A version is a weak entity tag (RFC 7644 section 3.14, RFC 9110 section 8.8.3): W/"7" for the seventh version of a
// resource. What a person's resource shows of others (the groups they are in, the name of their manager) changes
// without a new version of the person, so a tag over those parts follows where there are any: W/"7-1f0e…". A cached
// copy is current when the whole tag matches (If-None-Match); a write is admitted when the version does (If-Match), so
// that a person who joins a group meanwhile makes nobody's update fail.

// appendETag appends the tag with the quotes as they stand in a header.
func appendETag(dst []byte, version int64, rest uint64) []byte {
	dst = append(dst, 'W', '/', '"')
	dst = appendVersion(dst, version, rest)
	return append(dst, '"')
}

// appendVersion appends what stands between the quotes.
func appendVersion(dst []byte, version int64, rest uint64) []byte {
	dst = strconv.AppendInt(dst, version, 10)
	if rest != 0 {
		dst = append(dst, '-')
		dst = strconv.AppendUint(dst, rest, 16)
	}
	return dst
}

// userTag is the tag over what a person's resource shows beside the person's own: FNV-1a over groups, manager, and what
// rows say of Usher's extension; 0 where there is nothing.
func userTag(u *domain.User) uint64 {
	if len(u.Groups) == 0 && u.ManagerRef == nil && !u.Usher.Assigned() {
		return 0
	}
	h := fnvOffset
	for i := range u.Groups {
		h = fnvBytes(h, u.Groups[i].ID.UUID[:])
		h = fnvText(h, u.Groups[i].Display)
	}
	if u.ManagerRef != nil {
		h = fnvBytes(h, u.ManagerRef.ID.UUID[:])
		h = fnvText(h, u.ManagerRef.Display)
	}
	if u.Usher.Assigned() {
		h = fnvBytes(h, attribute.AppendJSON(nil, u.Usher))
	}
	return max(h, 1)
}

// The parameters of FNV-1a, 64 bits.
const (
	fnvOffset uint64 = 14695981039346656037
	fnvPrime  uint64 = 1099511628211
)

func fnvBytes(h uint64, b []byte) uint64 {
	for _, c := range b {
		h = (h ^ uint64(c)) * fnvPrime
	}
	return h
}

// fnvText adds a text and its end, so that "a", "b" is not "ab".
func fnvText(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return (h ^ 0xff) * fnvPrime
}

// condition is an If-Match or If-None-Match header: the tags without W/ and quotes.
type condition struct {
	set  bool
	any  bool // "*"
	tags []string
}

// readCondition reads all header lines of a name. A header that is not a list of tags matches nothing, so that a
// write under a malformed If-Match is refused (412) instead of carried out unconditionally.
func readCondition(h http.Header, name string) condition {
	lines := h[name]
	if len(lines) == 0 {
		return condition{}
	}
	return parseCondition(strings.Join(lines, ","))
}

func parseCondition(text string) condition {
	c := condition{set: true}
	text = strings.TrimSpace(text)
	if text == "*" {
		c.any = true
		return c
	}
	for text != "" {
		tag, rest, ok := cutTag(text)
		if !ok {
			return condition{set: true}
		}
		c.tags = append(c.tags, tag)
		text = strings.TrimLeft(rest, " \t,")
	}
	return c
}

// cutTag takes one entity tag off the front. Weak and strong ones compare alike (RFC 9110 section 8.8.3.2).
func cutTag(text string) (tag, rest string, ok bool) {
	if t, weak := strings.CutPrefix(text, "W/"); weak {
		text = t
	} else if t, weak := strings.CutPrefix(text, "w/"); weak {
		text = t
	}
	if text == "" || text[0] != '"' {
		return "", "", false
	}
	end := strings.IndexByte(text[1:], '"')
	if end < 0 {
		return "", "", false
	}
	return text[1 : 1+end], text[end+2:], true
}

// matches reports whether the whole tag is among those of the condition.
func (c condition) matches(version int64, rest uint64) bool {
	if c.any {
		return true
	}
	if len(c.tags) == 0 {
		return false
	}
	return slices.Contains(c.tags, string(appendVersion(nil, version, rest)))
}

// versions is the condition as the domain checks it, by version alone.
func (c condition) versions() domain.IfMatch {
	m := domain.IfMatch{Set: c.set, Any: c.any}
	for _, tag := range c.tags {
		number, _, _ := strings.Cut(tag, "-")
		if v, err := strconv.ParseInt(number, 10, 64); err == nil && strconv.FormatInt(v, 10) == number {
			m.Versions = append(m.Versions, v)
		}
	}
	return m
}

// errMatched refuses a write whose If-None-Match names the current version (RFC 9110 section 13.1.2).
func errMatched() error {
	return &domain.Error{
		Kind: domain.Precondition, Code: domain.CodeVersionMismatch,
		Message: "If-None-Match names the current version of the resource; leave the header out to change it",
	}
}

// ownVersions makes comparisons with meta.version about the version alone, as the store has it: what a tag says of
// others' resources (see etag.go) is no part of it.
func ownVersions(p domain.Predicate) domain.Predicate {
	each := func(terms []domain.Predicate) []domain.Predicate {
		for i := range terms {
			terms[i] = ownVersions(terms[i])
		}
		return terms
	}
	switch p := p.(type) {
	case domain.And:
		return domain.And{Terms: each(p.Terms)}
	case domain.Or:
		return domain.Or{Terms: each(p.Terms)}
	case domain.Not:
		return domain.Not{Term: ownVersions(p.Term)}
	case domain.Compare:
		if p.Attribute.Name != "meta" || p.Attribute.Sub != "version" || p.Operand.Value.Kind() != attribute.String {
			return p
		}
		if head, _, cut := strings.Cut(p.Operand.Value.Text(), "-"); cut && strings.HasPrefix(head, `W/"`) {
			p.Operand.Value = attribute.NewString(head + `"`)
		}
		return p
	}
	return p
}
