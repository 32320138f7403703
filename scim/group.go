package scim

import (
	"net/http"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/patch"
	"usher/scim/schema"
)

// createGroup answers POST /Groups (RFC 7644 section 3.3).
func (x *exchange) createGroup() error {
	view, shown, err := x.shape(schema.Group)
	if err != nil {
		return err
	}
	body, members, err := x.groupBody(view)
	if err != nil {
		return err
	}
	group, err := x.Directory.CreateGroup(x.r.Context(), x.caller, body, members)
	if err != nil {
		return err
	}
	return x.answerGroup(http.StatusCreated, &group, shown)
}

// groupBody reads a whole group: its attributes, and its members as they pass by.
func (x *exchange) groupBody(view *schema.View) (attribute.Value, []uuid.UUID, error) {
	text, err := x.body(maxGroupBody)
	if err != nil {
		return attribute.Value{}, nil, err
	}
	var members memberList
	body, err := parse(text, attribute.Bounds{Element: members.take})
	if err != nil {
		return attribute.Value{}, nil, err
	}
	if members.bare {
		x.note(schema.RuleScalarForComplexList)
	}
	if members.linked {
		x.note(schema.RuleReferenceWithoutValue)
	}
	tree, err := x.wholeGroup(view, body, &members)
	return tree, members.distinct(), err
}

// wholeGroup reads the attributes of a whole group, and those of its members that did not pass by as a stream.
func (x *exchange) wholeGroup(view *schema.View, body attribute.Value, members *memberList) (attribute.Value, error) {
	tree, err := view.Tree(body, x.note)
	if err != nil {
		return tree, err
	}
	if err := members.rest(tree.Get("members")); err != nil {
		return tree, err
	}
	tree.Delete("members")
	return tree, view.Complete(tree)
}

// readGroup answers GET /Groups/{id} (RFC 7644 section 3.4.1).
func (x *exchange) readGroup() error {
	_, shown, err := x.shape(schema.Group)
	if err != nil {
		return err
	}
	id, err := groupID(x.id())
	if err != nil {
		return err
	}
	group, err := x.Directory.Group(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	if c := readCondition(x.r.Header, "If-None-Match"); c.set && c.matches(group.Version, 0) {
		return x.unchanged(metaOfGroup(&group))
	}
	return x.answerGroup(http.StatusOK, &group, shown)
}

// replaceGroup answers PUT /Groups/{id} (RFC 7644 section 3.5.1). Members that are left out are gone, like every other
// attribute that is.
func (x *exchange) replaceGroup() error {
	view, shown, err := x.shape(schema.Group)
	if err != nil {
		return err
	}
	id, err := x.openGroup()
	if err != nil {
		return err
	}
	body, members, err := x.groupBody(view)
	if err != nil {
		return err
	}
	group, err := x.Directory.ChangeGroup(x.r.Context(), x.caller, id, x.ifMatch(), groupReplacement(view, body, members))
	if err != nil {
		return err
	}
	return x.answerGroup(http.StatusOK, &group, shown)
}

// groupReplacement is the steps of a PUT.
func groupReplacement(view *schema.View, tree attribute.Value, members []uuid.UUID) []domain.GroupStep {
	return []domain.GroupStep{
		{Attributes: func(current attribute.Value) (attribute.Value, error) { return view.Replace(current, tree) }},
		{Replace: true, Members: members},
	}
}

// patchGroup answers PATCH /Groups/{id} (RFC 7644 section 3.5.2). A big group is not sent back for one change, unless
// the request says which attributes it wants.
func (x *exchange) patchGroup() error {
	view, shown, err := x.shape(schema.Group)
	if err != nil {
		return err
	}
	id, err := x.openGroup()
	if err != nil {
		return err
	}
	text, err := x.body(maxGroupBody)
	if err != nil {
		return err
	}
	steps, err := x.groupSteps(view, text)
	if err != nil {
		return err
	}
	group, err := x.Directory.ChangeGroup(x.r.Context(), x.caller, id, x.ifMatch(), steps)
	if err != nil {
		return err
	}
	if shown.All() {
		n, err := x.Directory.MemberCount(x.r.Context(), x.caller, id, bigGroup+1)
		if err != nil {
			return err
		}
		if n > bigGroup {
			x.describe(http.StatusNoContent, metaOfGroup(&group))
			x.send(http.StatusNoContent, nil)
			return nil
		}
	}
	return x.answerGroup(http.StatusOK, &group, shown)
}

func (x *exchange) groupSteps(view *schema.View, text []byte) ([]domain.GroupStep, error) {
	operations, err := patch.Read(text, view, view, x.note)
	if err != nil {
		return nil, err
	}
	return patch.GroupSteps(operations, view, view, x.note)
}

// deleteGroup answers DELETE /Groups/{id} (RFC 7644 section 3.6).
func (x *exchange) deleteGroup() error {
	id, err := x.openGroup()
	if err != nil {
		return err
	}
	if err := x.Directory.DeleteGroup(x.r.Context(), x.caller, id, x.ifMatch()); err != nil {
		return err
	}
	x.send(http.StatusNoContent, nil)
	return nil
}

func (x *exchange) ifMatch() domain.IfMatch { return readCondition(x.r.Header, "If-Match").versions() }

// openGroup reads the identifier of a group that is to be changed, and refuses the change where If-None-Match names
// the current version.
func (x *exchange) openGroup() (domain.GroupID, error) {
	id, err := groupID(x.id())
	if err != nil {
		return id, err
	}
	if c := readCondition(x.r.Header, "If-None-Match"); c.set {
		group, err := x.Directory.Group(x.r.Context(), x.caller, id)
		if err != nil {
			return id, err
		}
		if c.matches(group.Version, 0) {
			return id, errMatched()
		}
	}
	return id, nil
}

// answerGroup answers with a group.
func (x *exchange) answerGroup(status int, g *domain.Group, shown schema.Selection) error {
	x.describe(status, metaOfGroup(g))
	s := x.stream(status)
	if err := x.writeGroup(s, g, shown); err != nil {
		s.release()
		return err
	}
	return s.close()
}

// groupID reads the identifier of a group, as userID.
func groupID(text string) (domain.GroupID, error) {
	id, ok := domain.ParseID[domain.Group](text)
	if !ok {
		return id, notFound("group")
	}
	return id, nil
}
