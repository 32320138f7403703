package scim

import (
	"bytes"
	"strconv"
	"time"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/schema"
)

// A resource is answered by splicing: the stored document is the resource without what is resolved on reading, and that
// is appended before the closing brace. The shape the document has at its end is domain/document.go's promise.

// instantForm is a dateTime on the wire (RFC 7643 section 2.3.5): UTC, whole milliseconds.
const instantForm = "2006-01-02T15:04:05.000Z"

// appendUser appends a person's whole resource. base is the absolute URL of the prefix.
func appendUser(dst []byte, u *domain.User, base string) []byte {
	dst = appendUserOpen(dst, u, base)
	if len(u.Groups) > 0 {
		dst = append(dst, `,"groups":[`...)
		for i := range u.Groups {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendGroupRef(dst, &u.Groups[i], base)
		}
		dst = append(dst, ']')
	}
	dst = appendMeta(dst, metaOfUser(u), base)
	return append(dst, '}')
}

// appendUserOpen appends the document without its closing brace, with what is known of the manager. The document of a
// person with a manager ends with the manager.
func appendUserOpen(dst []byte, u *domain.User, base string) []byte {
	const managerEnd = `"}}}`
	if u.ManagerRef == nil || !bytes.HasSuffix(u.Document, []byte(managerEnd)) {
		return append(dst, u.Document[:len(u.Document)-1]...)
	}
	dst = append(dst, u.Document[:len(u.Document)-len(managerEnd)+1]...)
	dst = append(dst, `,"$ref":"`...)
	dst = appendLocation(dst, base, schema.User, u.ManagerRef.ID.String())
	dst = append(dst, '"')
	if u.ManagerRef.Display != "" {
		dst = append(dst, `,"displayName":`...)
		dst = attribute.AppendString(dst, u.ManagerRef.Display)
	}
	return append(dst, `}}`...)
}

// appendGroupRef appends one of a person's groups (RFC 7643 section 4.1.2).
func appendGroupRef(dst []byte, g *domain.GroupRef, base string) []byte {
	id := g.ID.String()
	dst = append(dst, `{"value":"`...)
	dst = append(dst, id...)
	dst = append(dst, `","$ref":"`...)
	dst = appendLocation(dst, base, schema.Group, id)
	dst = append(dst, '"')
	if g.Display != "" {
		dst = append(dst, `,"display":`...)
		dst = attribute.AppendString(dst, g.Display)
	}
	return append(dst, `,"type":"direct"}`...)
}

// appendMember appends one member of a group (RFC 7643 section 4.2).
func appendMember(dst []byte, m *domain.Member, base string) []byte {
	id, t := m.ID.String(), memberType(m.Kind)
	dst = append(dst, `{"value":"`...)
	dst = append(dst, id...)
	dst = append(dst, `","$ref":"`...)
	dst = appendLocation(dst, base, t, id)
	dst = append(dst, '"')
	if m.Display != "" {
		dst = append(dst, `,"display":`...)
		dst = attribute.AppendString(dst, m.Display)
	}
	dst = append(dst, `,"type":"`...)
	dst = append(dst, t.String()...)
	return append(dst, `"}`...)
}

func memberType(k domain.MemberKind) schema.Type {
	if k == domain.MemberGroup {
		return schema.Group
	}
	return schema.User
}

// meta is what a resource says about itself (RFC 7643 section 3.1).
type meta struct {
	of                schema.Type
	id                string
	created, modified time.Time
	version           int64
	tag               uint64 // see userTag
}

func metaOfUser(u *domain.User) meta {
	return meta{schema.User, u.ID.String(), u.CreatedAt, u.ModifiedAt, u.Version, userTag(u)}
}

func metaOfGroup(g *domain.Group) meta {
	return meta{schema.Group, g.ID.String(), g.CreatedAt, g.ModifiedAt, g.Version, 0}
}

// etag is the resource's version as a header has it; meta.version is the same text.
func (m meta) etag() string { return string(appendETag(make([]byte, 0, 32), m.version, m.tag)) }

func appendMeta(dst []byte, m meta, base string) []byte {
	dst = append(dst, `,"meta":{"resourceType":"`...)
	dst = append(dst, m.of.String()...)
	dst = append(dst, `","created":"`...)
	dst = appendInstant(dst, m.created)
	dst = append(dst, `","lastModified":"`...)
	dst = appendInstant(dst, m.modified)
	dst = append(dst, `","location":"`...)
	dst = appendLocation(dst, base, m.of, m.id)
	dst = append(dst, `","version":"W/\"`...)
	dst = appendVersion(dst, m.version, m.tag)
	return append(dst, `\""}`...)
}

func appendLocation(dst []byte, base string, t schema.Type, id string) []byte {
	dst = append(dst, base...)
	dst = append(dst, t.Endpoint()...)
	dst = append(dst, '/')
	return append(dst, id...)
}

// location is the absolute URL of a resource.
func location(base string, t schema.Type, id string) string {
	return string(appendLocation(make([]byte, 0, len(base)+48), base, t, id))
}

// escapedURL is a URL fit to stand inside a JSON string: what would end or escape the string is percent-encoded.
func escapedURL(url string) string {
	for i := range len(url) {
		if c := url[i]; c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return escapeURL(url)
		}
	}
	return url
}

func escapeURL(url string) string {
	escaped := make([]byte, 0, len(url)+8)
	for i := range len(url) {
		c := url[i]
		if c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			escaped = append(escaped, '%')
			if c < 0x10 {
				escaped = append(escaped, '0')
			}
			escaped = strconv.AppendUint(escaped, uint64(c), 16)
			continue
		}
		escaped = append(escaped, c)
	}
	return string(escaped)
}

// appendInstant is what instantForm says, without interpreting it: a page has two hundred of them.
func appendInstant(dst []byte, at time.Time) []byte {
	at = at.UTC()
	year, month, day := at.Date()
	hour, minute, second := at.Clock()
	dst = append(appendDigits(dst, year, 4), '-')
	dst = append(appendDigits(dst, int(month), 2), '-')
	dst = append(appendDigits(dst, day, 2), 'T')
	dst = append(appendDigits(dst, hour, 2), ':')
	dst = append(appendDigits(dst, minute, 2), ':')
	dst = append(appendDigits(dst, second, 2), '.')
	return append(appendDigits(dst, at.Nanosecond()/int(time.Millisecond), 3), 'Z')
}

// appendDigits writes a number that is not negative, with zeros in front.
func appendDigits(dst []byte, n, width int) []byte {
	for range width {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; n > 0 && i >= len(dst)-width; i-- {
		dst[i] += byte(n % 10)
		n /= 10
	}
	return dst
}
