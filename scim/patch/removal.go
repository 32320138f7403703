package patch

import (
	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

// removal reads a removal. The RFC gives it no value; where a list gets one, it names the elements that go, and only
// they do. An empty list names none: the directory that computed it has nothing to remove.
func (rd *reader) removal(path filter.Path, sent value) error {
	list := path.Facts.Multi && path.Attribute.Sub == "" && path.Where == nil
	listed := list && sent.of.Kind() != attribute.Null
	if path.Facts.Required && path.Where == nil && !listed {
		return lasting(Remove, &path)
	}
	o := Operation{Kind: Remove, Path: path, Listed: listed}
	if listed {
		rd.note(RuleRemoveByValue)
		items := sent.of.Items()
		if sent.of.Kind() != attribute.List {
			items = []attribute.Value{sent.of}
		}
		wanted := make([]attribute.Value, 0, len(items))
		for _, item := range items {
			v, err := rd.pattern(path, item)
			if err != nil {
				return err
			}
			if v.Assigned() {
				wanted = append(wanted, v)
			}
		}
		o.Value = attribute.NewList(wanted...)
	}
	rd.emit(o)
	return nil
}

// pattern straightens an item of a list of what is to go.
func (rd *reader) pattern(path filter.Path, item attribute.Value) (attribute.Value, error) {
	if !path.Facts.Complex {
		at := path.Attribute
		at.Many = false
		return rd.canon.Value(at, item, rd.note)
	}
	return rd.parts(path.Attribute, item)
}

// members reads an operation on the members of a group. Most were taken while the body was read; what is left are
// spellings that the schema straightens.
func (rd *reader) members(kind Kind, path filter.Path, sent value) error {
	o := Operation{Kind: kind, Path: path, Members: sent.members}
	if path.Attribute.Sub != "" {
		return rd.memberPart(o)
	}
	rest := sent.of
	if path.Where != nil && kind != Remove && isEmpty(rest) && len(sent.members) == 0 {
		if kind == Replace { // what the filter selects is cleared; to add nothing is to change nothing
			o.Kind = Remove
			rd.emit(o)
		}
		return nil
	}
	o.Listed = kind == Remove && (rest.Kind() != attribute.Null || len(sent.members) > 0)
	if rest.Assigned() {
		straight, err := rd.canon.Value(path.Attribute, rest, rd.note)
		if err != nil {
			return err
		}
		for _, m := range straight.Members() {
			id := m.Value.Get("value").Text()
			switch {
			case id != "":
				o.Members = append(o.Members, id)
			case path.Where == nil:
				return domain.InvalidField("members.value", "every member needs a value, the id of a user or group")
			}
		}
	}
	if o.Listed && path.Where == nil {
		rd.note(RuleRemoveByValue)
	}
	rd.emit(o)
	return nil
}

// memberPart reads an operation on a sub-attribute of members. They are given with the member (RFC 7643 section 4.2:
// immutable), so only the value can go, and the member with it.
func (rd *reader) memberPart(o Operation) error {
	if o.Kind != Remove || o.Path.Attribute.Sub != "value" {
		return isImmutable(o.Path.String())
	}
	o.Path.Attribute = o.Path.Whole()
	rd.emit(o)
	return nil
}
