package scim

import (
	"context"
	"log/slog"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/schema"
)

// mutual carries out POSTs that refer to each other: all are created without those references, then joined. Where one
// fails, none of the others has what it asked for: what was created is taken back.
func (b *bulkRun) mutual(operations []*operation, within map[string]*operation) (failed *operation, err error) {
	for _, o := range operations {
		if err := b.blocked(o, within); err != nil {
			return o, err
		}
	}
	joins := make([][]*operation, len(operations))
	for i, o := range operations {
		o.data = resolved(o.data, "", func(bulkID string) (string, bool) {
			if within[bulkID] != nil {
				return "", false
			}
			return b.created(bulkID)
		})
		err := b.create(o, func(tree *attribute.Value) (err error) {
			joins[i], err = cutJoins(o.of, tree, within)
			return err
		})
		if err != nil {
			b.takeBack(operations[:i])
			return o, err
		}
	}
	for i, o := range operations {
		if len(joins[i]) == 0 {
			continue
		}
		if err := b.join(o, joins[i]); err != nil {
			b.takeBack(operations)
			return o, err
		}
	}
	return nil, nil //nolint:nilnil // nothing failed
}

// cutJoins takes the references to operations within out of a resource: members of a group, the manager of a person.
// There is no other attribute that could be set afterwards.
func cutJoins(t schema.Type, tree *attribute.Value, within map[string]*operation) (joins []*operation, err error) {
	named := func(v attribute.Value) *operation {
		id, _ := cutBulkID(v.Get("value").Text())
		return within[id]
	}
	if t == schema.Group {
		var kept []attribute.Value
		for _, m := range tree.Get("members").Members() {
			if o := named(m.Value); o != nil {
				joins = append(joins, o)
			} else {
				kept = append(kept, m.Value)
			}
		}
		tree.Set("members", attribute.NewList(kept...))
	} else if enterprise := tree.Get(domain.URNEnterprise); enterprise.Assigned() {
		if o := named(enterprise.Get("manager")); o != nil {
			joins = append(joins, o)
			enterprise.Delete("manager")
			tree.Set(domain.URNEnterprise, enterprise)
		}
	}
	visit(*tree, "", func(key, text string) {
		for _, id := range mentions(key, text) {
			if within[id] != nil {
				err = unresolved(id)
			}
		}
	})
	return joins, err
}

// join adds the references that had to wait.
func (b *bulkRun) join(o *operation, others []*operation) error {
	if o.of == schema.Group {
		var members []uuid.UUID
		for _, other := range others {
			if id, ok := domain.ParseID[domain.User](other.id); ok {
				members = append(members, id.UUID)
			}
		}
		id, err := groupID(o.id)
		if err != nil {
			return err
		}
		group, err := b.Directory.ChangeGroup(b.r.Context(), b.caller, id, domain.IfMatch{}, []domain.GroupStep{{Add: members}})
		if err == nil {
			o.became(metaOfGroup(&group))
		}
		return err
	}
	id, err := userID(o.id)
	if err != nil {
		return err
	}
	manager := attribute.NewComplex(attribute.Member{Name: "value", Value: attribute.NewString(others[0].id)})
	user, err := b.Directory.ChangeUser(b.r.Context(), b.caller, id, domain.IfMatch{}, nil, func(current attribute.Value) (attribute.Value, error) {
		enterprise := current.Get(domain.URNEnterprise)
		enterprise.Set("manager", manager)
		current.Set(domain.URNEnterprise, enterprise)
		return b.views[schema.User].Order(current), nil
	})
	if err == nil {
		o.became(metaOfUser(&user))
	}
	return err
}

// takeBack deletes what operations have created, also when the client has left meanwhile.
func (b *bulkRun) takeBack(operations []*operation) {
	ctx := context.WithoutCancel(b.r.Context())
	for _, o := range operations {
		var err error
		if o.of == schema.Group {
			var id domain.GroupID
			if id, err = groupID(o.id); err == nil {
				err = b.Directory.DeleteGroup(ctx, b.caller, id, domain.IfMatch{})
			}
		} else {
			var id domain.UserID
			if id, err = userID(o.id); err == nil {
				err = b.Directory.Deprovision(ctx, b.caller, id, domain.IfMatch{})
			}
		}
		if err != nil {
			b.logFault("take_back", slog.Any("cause", err))
		}
		o.id, o.version = "", ""
	}
}
