package scim

import (
	"net/http"
	"slices"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/schema"
)

// carryOut carries out one operation, or several that refer to each other.
func (b *bulkRun) carryOut(together []int) {
	slices.Sort(together)
	operations := make([]*operation, len(together))
	for i, at := range together {
		operations[i] = b.operations[at]
	}
	if b.down != nil {
		for _, o := range operations {
			if o.failure == nil {
				o.failure = b.down
			}
			b.settle(o, nil)
		}
		return
	}
	if len(together) == 1 && !slices.Contains(operations[0].refers, together[0]) {
		o := operations[0]
		err := b.blocked(o, nil)
		if err == nil && o.failure == nil {
			err = b.run(o)
		}
		b.settle(o, err)
		return
	}
	within := map[string]*operation{}
	for _, o := range operations {
		within[o.bulkID] = o
	}
	failed, err := b.mutual(operations, within)
	for _, o := range operations {
		switch {
		case failed == nil || o == failed:
			b.settle(o, err)
		default:
			b.settle(o, unresolved(failed.bulkID))
		}
	}
}

// blocked refuses an operation that names what did not come to be. Those within are still to come.
func (b *bulkRun) blocked(o *operation, within map[string]*operation) error {
	if o.dangles != "" {
		return unresolved(o.dangles)
	}
	for _, at := range o.refers {
		other := b.operations[at]
		if within[other.bulkID] != other && other.id == "" {
			return unresolved(other.bulkID)
		}
	}
	return nil
}

// created gives the id of what a POST has created.
func (b *bulkRun) created(bulkID string) (string, bool) {
	at, ok := b.byID[bulkID]
	if !ok || b.operations[at].id == "" {
		return "", false
	}
	return b.operations[at].id, true
}

// run carries out one operation whose references are all there.
func (b *bulkRun) run(o *operation) error {
	if o.link != "" {
		other := b.operations[b.byID[o.link]]
		if other.of != o.of {
			return unresolved(o.link)
		}
		o.id = other.id
	}
	o.data = resolved(o.data, "", b.created)
	switch {
	case o.method == http.MethodPost:
		return b.create(o, nil)
	case o.of == schema.User:
		return b.changePerson(o)
	}
	return b.changeGroup(o)
}

// create carries out a POST, without the references that go to join.
func (b *bulkRun) create(o *operation, join func(tree *attribute.Value) error) error {
	view := b.views[o.of]
	tree, err := view.Tree(o.data, b.note)
	if err != nil {
		return err
	}
	if join != nil {
		if err := join(&tree); err != nil {
			return err
		}
	}
	if o.of == schema.User {
		if err := view.Complete(tree); err != nil {
			return err
		}
		user, err := b.Directory.ProvisionWith(b.r.Context(), b.caller, tree, domain.PushPassword(view.Password(o.data)))
		if err == nil {
			o.became(metaOfUser(&user))
		}
		return err
	}
	var members memberList
	tree, err = b.wholeGroup(view, tree, &members)
	if err != nil {
		return err
	}
	group, err := b.Directory.CreateGroup(b.r.Context(), b.caller, tree, members.distinct())
	if err == nil {
		o.became(metaOfGroup(&group))
	}
	return err
}

// became records the resource of an operation as it is now.
func (o *operation) became(m meta) { o.id, o.version = m.id, m.etag() }

// changePerson carries out PUT, PATCH and DELETE of a person.
func (b *bulkRun) changePerson(o *operation) error {
	id, err := userID(o.id)
	if err != nil {
		return err
	}
	ctx, view := b.r.Context(), b.views[schema.User]
	var how change
	switch o.method {
	case http.MethodDelete:
		return b.Directory.Deprovision(ctx, b.caller, id, o.match)
	case http.MethodPut:
		how, err = b.replacing(view, o.data)
	default:
		how, err = b.patching(view, appendExact(nil, o.data))
	}
	if err != nil {
		return err
	}
	user, err := b.Directory.ChangeUserWith(ctx, b.caller, id, o.match, nil, how.of, how.password)
	if err == nil {
		o.became(metaOfUser(&user))
	}
	return err
}

// changeGroup carries out PUT, PATCH and DELETE of a group.
func (b *bulkRun) changeGroup(o *operation) error {
	id, err := groupID(o.id)
	if err != nil {
		return err
	}
	ctx, view := b.r.Context(), b.views[schema.Group]
	var steps []domain.GroupStep
	switch o.method {
	case http.MethodDelete:
		return b.Directory.DeleteGroup(ctx, b.caller, id, o.match)
	case http.MethodPut:
		var members memberList
		var tree attribute.Value
		if tree, err = b.wholeGroup(view, o.data, &members); err == nil {
			steps = groupReplacement(view, tree, members.distinct())
		}
	default:
		steps, err = b.groupSteps(view, appendExact(nil, o.data))
	}
	if err != nil {
		return err
	}
	group, err := b.Directory.ChangeGroup(ctx, b.caller, id, o.match, steps)
	if err == nil {
		o.became(metaOfGroup(&group))
	}
	return err
}
