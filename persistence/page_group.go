package persistence

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
)

// pageGroups reads the groups that a query asks for, without members.
func pageGroups(s session, q domain.Query) (domain.Page[domain.Group], error) {
	q.Scope.Adopting = false // which is about people
	return newSearch(s, q, groupNoun()).page()
}

func groupNoun() noun[domain.Group] {
	return noun[domain.Group]{
		table:   &groupsTable,
		columns: func(dialect) string { return groupColumns() },
		scan:    scanGroup,
		id:      func(g *domain.Group) uuid.UUID { return g.ID.UUID },
		look:    lookAtGroups,
	}
}

// lookAtGroups looks at documents only: a group may have any number of members, so what a predicate says of them is
// asked of the database and becomes an attribute of its own.
func lookAtGroups(t *translator, q domain.Query) *look {
	l := &look{columns: groupColumns()}
	answers := 0
	l.where = aboutMembers(q.Where, func(p domain.Predicate) domain.Predicate {
		c := t.where(p)
		if !c.exact {
			l.err = &domain.Error{Kind: domain.Invalid, Code: domain.CodeInvalidFilter, Message: "members cannot be compared in this way; compare their value, display or type with a text"}
		}
		l.columns += ", CASE WHEN " + c.sql + " THEN 1 ELSE 0 END"
		l.args = append(l.args, c.args...)
		answers++
		return domain.Compare{
			Attribute: domain.Attribute{Path: domain.Path{Name: answerName(answers - 1)}, Type: domain.TypeBoolean},
			Operand:   domain.Operand{Value: attribute.NewBool(true)},
		}
	})
	answered := make([]int, answers)
	more := tail{dest: make([]any, answers)}
	for i := range answered {
		more.dest[i] = &answered[i]
	}
	l.read = func(r row) (uuid.UUID, attribute.Value, error) {
		g, err := scanGroup(more.behind(r))
		if err != nil {
			return g.ID.UUID, attribute.Value{}, err
		}
		tree, err := groupTree(&g)
		for i, holds := range answered {
			tree.Set(answerName(i), attribute.NewBool(holds != 0))
		}
		return g.ID.UUID, tree, err
	}
	return l
}

// answerName is the name of an attribute that no resource can have, since NUL is refused.
func answerName(i int) string { return "\x00" + strconv.Itoa(i) }

// aboutMembers replaces the leaves of a predicate that concern members.
func aboutMembers(p domain.Predicate, by func(domain.Predicate) domain.Predicate) domain.Predicate {
	terms := func(list []domain.Predicate) []domain.Predicate {
		out := make([]domain.Predicate, len(list))
		for i, term := range list {
			out[i] = aboutMembers(term, by)
		}
		return out
	}
	switch p := p.(type) {
	case domain.And:
		return domain.And{Terms: terms(p.Terms)}
	case domain.Or:
		return domain.Or{Terms: terms(p.Terms)}
	case domain.Not:
		return domain.Not{Term: aboutMembers(p.Term, by)}
	}
	if path, ok := leafPath(p); ok && path.URN == "" && path.Name == "members" {
		return by(p)
	}
	return p
}

// groupTree is the resource of a group without members.
func groupTree(g *domain.Group) (attribute.Value, error) {
	tree, err := g.Attributes()
	if err != nil {
		return attribute.Value{}, err
	}
	tree.Set("meta", metaTree("Group", g.Version, g.CreatedAt, g.ModifiedAt))
	return tree, nil
}

// instantForm is how an instant is answered.
const instantForm = "2006-01-02T15:04:05.000Z"

// metaTree is what a resource says about itself (RFC 7643 section 3.1), its location excepted, which the store does
// not know.
func metaTree(kind string, version int64, created, modified time.Time) attribute.Value {
	return attribute.NewComplex(
		attribute.Member{Name: "resourceType", Value: attribute.NewString(kind)},
		attribute.Member{Name: "created", Value: attribute.NewString(created.UTC().Format(instantForm))},
		attribute.Member{Name: "lastModified", Value: attribute.NewString(modified.UTC().Format(instantForm))},
		attribute.Member{Name: "version", Value: attribute.NewString(`W/"` + strconv.FormatInt(version, 10) + `"`)})
}

// mentions reports whether a query looks at a top-level attribute, or at one of an extension.
func mentions(q domain.Query, name string) bool {
	is := func(p domain.Path) bool { return p.Name == name && p.URN == "" || p.URN == name }
	return q.Sort != nil && is(q.Sort.Attribute.Path) || anyLeaf(q.Where, is)
}

func anyLeaf(p domain.Predicate, holds func(domain.Path) bool) bool {
	var terms []domain.Predicate
	switch p := p.(type) {
	case domain.And:
		terms = p.Terms
	case domain.Or:
		terms = p.Terms
	case domain.Not:
		terms = []domain.Predicate{p.Term}
	default:
		path, ok := leafPath(p)
		return ok && holds(path)
	}
	for _, term := range terms {
		if anyLeaf(term, holds) {
			return true
		}
	}
	return false
}

// leafPath is the attribute that a leaf of a predicate is about.
func leafPath(p domain.Predicate) (domain.Path, bool) {
	switch p := p.(type) {
	case domain.Compare:
		return p.Attribute.Path, true
	case domain.Present:
		return p.Attribute.Path, true
	case domain.Element:
		return p.Attribute.Path, true
	}
	return domain.Path{}, false
}
