package persistence

import (
	"time"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
)

// pageUsers reads the people that a query asks for.
func pageUsers(s session, q domain.Query) (domain.Page[domain.User], error) {
	search := newSearch(s, q, userNoun(managedIn(q.Scope)))
	if seek := search.where.seek; s.dialect() == sqlite || wide(q.Scope) || managedIn(q.Scope) != managedOwn || seek != nil && seek.rank <= few {
		return search.page()
	}
	search.columns = func(dialect) string { return userColumnsAlone }
	page, err := search.page()
	if err == nil {
		err = attach(s, q.Scope, page.Items)
	}
	return page, err
}

func userNoun(kind managed) noun[domain.User] {
	return noun[domain.User]{
		table:   &usersTable,
		columns: func(d dialect) string { return userColumns(d, kind) },
		scan:    scanUser,
		id:      func(u *domain.User) uuid.UUID { return u.ID.UUID },
		look:    lookAtUsers,
	}
}

// lookAtUsers selects of a person what the query mentions; groups and managers cost a join each.
func lookAtUsers(t *translator, q domain.Query) *look {
	l, columns := &look{where: q.Where}, userColumns(t.dialect, managedIn(t.scope))
	if mentions(q, domain.URNUsher) {
		l.columns = columns + ", " + shownColumns(t.dialect)
		l.read = lookShown
		return l
	}
	if mentions(q, domain.URNPerson) {
		l.columns = columns + personColumns(t.dialect)
		l.read = func(r row) (uuid.UUID, attribute.Value, error) {
			var p personRow
			u, err := scanUser(&tail{row: r, dest: []any{&p.given, &p.blocked, &p.waiting, &p.seen}})
			if err != nil {
				return u.ID.UUID, attribute.Value{}, err
			}
			tree, err := userTree(&u)
			tree.Set(domain.URNPerson, p.tree(&u))
			return u.ID.UUID, tree, err
		}
		return l
	}
	if mentions(q, "groups") || mentions(q, domain.URNEnterprise) {
		l.columns = columns
		l.read = func(r row) (uuid.UUID, attribute.Value, error) {
			u, err := scanUser(r)
			if err != nil {
				return u.ID.UUID, attribute.Value{}, err
			}
			tree, err := userTree(&u)
			return u.ID.UUID, tree, err
		}
		return l
	}
	l.columns = "u.user_id, u.document, u.version, u.created_at, u.modified_at"
	l.read = func(r row) (uuid.UUID, attribute.Value, error) {
		var u domain.User
		var created, modified int64
		if err := r.Scan(&u.ID.UUID, &u.Document, &u.Version, &created, &modified); err != nil {
			return u.ID.UUID, attribute.Value{}, err
		}
		u.CreatedAt, u.ModifiedAt = instant(created), instant(modified)
		tree, err := userTree(&u)
		return u.ID.UUID, tree, err
	}
	return l
}

// userTree is the whole resource of a person: the document with what is resolved on reading, addresses excepted.
func userTree(u *domain.User) (attribute.Value, error) {
	tree, err := u.Attributes()
	if err != nil {
		return attribute.Value{}, err
	}
	if u.ManagerRef != nil && u.ManagerRef.Display != "" {
		enterprise := tree.Get(domain.URNEnterprise)
		manager := enterprise.Get("manager")
		manager.Set("displayName", attribute.NewString(u.ManagerRef.Display))
		enterprise.Set("manager", manager)
		tree.Set(domain.URNEnterprise, enterprise)
	}
	if len(u.Groups) > 0 {
		groups := make([]attribute.Value, len(u.Groups))
		for i, g := range u.Groups {
			groups[i] = attribute.NewComplex(
				attribute.Member{Name: "value", Value: attribute.NewString(g.ID.String())},
				attribute.Member{Name: "display", Value: attribute.NewString(g.Display)},
				attribute.Member{Name: "type", Value: attribute.NewString(directMember)})
		}
		tree.Set("groups", attribute.NewList(groups...))
	}
	tree.Set("meta", metaTree("User", u.Version, u.CreatedAt, u.ModifiedAt))
	return tree, nil
}

// lookShown reads a person with what Usher's extension shows of them.
func lookShown(r row) (uuid.UUID, attribute.Value, error) {
	var s shownRow
	more := &tail{row: r, dest: s.dest()}
	u, err := scanUser(more)
	if err != nil {
		return u.ID.UUID, attribute.Value{}, err
	}
	tree, err := userTree(&u)
	if err != nil {
		return u.ID.UUID, tree, err
	}
	shown, err := s.noun(time.Time{})
	tree.Set(domain.URNUsher, shown.Tree(tree.Get(domain.URNUsher)))
	return u.ID.UUID, tree, err
}
