package scim

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/schema"
)

// memberList collects the members of a group's body as identifiers, so that a group of 100,000 members is never a tree.
type memberList struct {
	ids    []uuid.UUID
	bare   bool // some were bare identifiers
	linked bool // some had a $ref in place of a value
}

// take is offered every item of a list of the body and takes those of members (see [attribute.Bounds]).
func (l *memberList) take(names []string, index []int, item attribute.Value) (bool, error) {
	if len(names) != 1 || len(index) != 1 || !isMembers(names[0]) {
		return false, nil
	}
	return true, l.add(item)
}

// isMembers knows the attribute's name, also qualified by the URN of its schema.
func isMembers(name string) bool {
	return attribute.EqualName(name, "members") || attribute.EqualName(name, domain.URNGroup+":members")
}

// rest adds members that did not pass by as a stream: a single object, or an object called by the URN around them.
func (l *memberList) rest(v attribute.Value) error {
	if v.Kind() != attribute.List {
		return l.add(v)
	}
	for _, m := range v.Members() {
		if err := l.add(m.Value); err != nil {
			return err
		}
	}
	return nil
}

// add takes one member: {"value": id}, what else it holds being the server's to say (RFC 7643 section 4.2).
func (l *memberList) add(member attribute.Value) error {
	var value string
	switch member.Kind() {
	case attribute.Null:
		return nil
	case attribute.String:
		value, l.bare = member.Text(), true
	case attribute.Complex:
		if !member.Assigned() {
			return nil
		}
		sent := member.Get("value")
		if link := member.Get("$ref").Text(); !sent.Assigned() && link != "" {
			link = strings.TrimRight(link, "/")
			value, l.linked = link[strings.LastIndexByte(link, '/')+1:], true
			break
		}
		if sent.Kind() != attribute.String || sent.Text() == "" {
			return domain.InvalidField("members.value", "every member needs a value, the id of a user or group")
		}
		value = sent.Text()
	case attribute.Bool, attribute.Number, attribute.List:
		return domain.InvalidField("members", `every member is an object like {"value": "the id of a user or group"}`)
	}
	id, ok := domain.ParseID[domain.User](value)
	if !ok {
		return domain.UnknownMember(value)
	}
	l.ids = append(l.ids, id.UUID)
	return nil
}

// distinct is the members without repetition, in order of id.
func (l *memberList) distinct() []uuid.UUID {
	slices.SortFunc(l.ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(l.ids)
}

const memberPage = 1000 // members read at once

// writeGroup writes a group into an answer, its members page by page as they are read. Memory holds one page, however
// big the group is.
func (x *exchange) writeGroup(s *stream, g *domain.Group, shown schema.Selection) error {
	whole := shown.All()
	if whole {
		s.buf = append(s.buf, g.Document[:len(g.Document)-1]...)
		s.buf = appendMeta(s.buf, metaOfGroup(g), x.base)
	} else {
		tree, err := groupTree(g, x.base)
		if err != nil {
			return err
		}
		s.buf = attribute.AppendJSON(s.buf, shown.Apply(tree))
		s.buf = s.buf[:len(s.buf)-1]
	}
	if shown.Wants("members") && x.r.Method != http.MethodHead {
		if err := x.writeMembers(s, g, shown, whole); err != nil {
			return err
		}
	}
	s.buf = append(s.buf, '}')
	return s.spill()
}

func (x *exchange) writeMembers(s *stream, g *domain.Group, shown schema.Selection, whole bool) error {
	lead := `,"members":[`
	var last uuid.UUID
	for {
		page, err := x.Directory.Members(x.r.Context(), x.caller, g.ID, last, memberPage)
		if err != nil {
			return err
		}
		for i := range page {
			s.buf = append(s.buf, lead...)
			lead = ","
			if whole {
				s.buf = appendMember(s.buf, &page[i], x.base)
			} else {
				s.buf = appendShownMember(s.buf, &page[i], shown, x.base)
			}
		}
		if err := s.spill(); err != nil {
			return err
		}
		if len(page) < memberPage {
			break
		}
		last = page[len(page)-1].ID
	}
	if lead == "," {
		s.buf = append(s.buf, ']')
	}
	return nil
}

// appendShownMember appends what a selection (members.value) shows of a member.
func appendShownMember(dst []byte, m *domain.Member, shown schema.Selection, base string) []byte {
	group := attribute.NewComplex(attribute.Member{Name: "members", Value: attribute.NewList(memberTree(m, base))})
	member := shown.Apply(group).Get("members")
	if member.Len() == 0 {
		return append(dst, "{}"...)
	}
	return attribute.AppendJSON(dst, member.Item(0))
}
