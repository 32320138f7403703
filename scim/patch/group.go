package patch

import (
	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/filter"
)

// GroupSteps turns the operations on a group into steps whose cost is that of the change, not of the group: what
// concerns members becomes rows to add and remove, everything else a function of the attributes.
//
// Errors are *domain.Error of Kind Invalid: a member that is no identifier is as unknown as one that nobody has
// ([domain.UnknownMember]); CodeNoTarget for an add or replace by a value path that describes no member.
func GroupSteps(operations []Operation, r filter.Resolver, canon Canonicaliser, note func(rule string)) ([]domain.GroupStep, error) {
	var steps []domain.GroupStep
	for i := 0; i < len(operations); {
		if isMembers(&operations[i].Path) {
			more, err := memberSteps(&operations[i])
			if err != nil {
				return nil, numbered(operations[i].number, err)
			}
			steps = append(steps, more...)
			i++
			continue
		}
		first := i
		for i < len(operations) && !isMembers(&operations[i].Path) {
			i++
		}
		run := operations[first:i]
		steps = append(steps, domain.GroupStep{Attributes: func(current attribute.Value) (attribute.Value, error) {
			return Apply(run, current, r, canon, note)
		}})
	}
	return steps, nil
}

// memberSteps is what one operation on members does.
func memberSteps(o *Operation) ([]domain.GroupStep, error) {
	switch {
	case o.Path.Where != nil:
		return selectedSteps(o)
	case o.Kind == Remove && o.Listed:
		return removal(known(o.Members)), nil
	case o.Kind == Remove:
		return []domain.GroupStep{{RemoveWhere: new(domain.Predicate)}}, nil
	}
	ids, err := identifiers(o.Members)
	switch {
	case err != nil:
		return nil, err
	case o.Kind == Replace:
		return []domain.GroupStep{{Replace: true, Members: ids}}, nil
	}
	return addition(ids), nil
}

// selectedSteps is what an operation with a value filter does. An add or replace brings in the members that its value
// or, without one, its filter names (members[value eq "…"]); a replace takes out those that the filter selects.
func selectedSteps(o *Operation) ([]domain.GroupStep, error) {
	selected, plain := values(o.Path.Where)
	out := removal(known(selected))
	if !plain {
		out = []domain.GroupStep{{RemoveWhere: &o.Path.Where}}
	}
	if o.Kind == Remove {
		return out, nil
	}
	named := o.Members
	if len(named) == 0 {
		id, ok := describedMember(o.Path.Where)
		if !ok {
			return nil, noTarget(&o.Path)
		}
		named, out = []string{id}, nil
	}
	ids, err := identifiers(named)
	if err != nil || o.Kind == Add {
		return addition(ids), err
	}
	return append(out, addition(ids)...), nil
}

func addition(ids []uuid.UUID) []domain.GroupStep {
	if len(ids) == 0 {
		return nil
	}
	return []domain.GroupStep{{Add: ids}}
}

func removal(ids []uuid.UUID) []domain.GroupStep {
	if len(ids) == 0 {
		return nil
	}
	return []domain.GroupStep{{Remove: ids}}
}

// values are the identifiers that a filter selects when it is nothing but value eq "…", alone or joined by or: then the
// members can be removed by their keys.
func values(where domain.Predicate) (ids []string, plain bool) {
	switch where := where.(type) {
	case domain.Or:
		for _, term := range where.Terms {
			more, plain := values(term)
			if !plain {
				return nil, false
			}
			ids = append(ids, more...)
		}
		return ids, true
	case domain.Compare:
		if where.Operator == domain.Equal && where.Attribute.Sub == "value" && where.Operand.Value.Kind() == attribute.String {
			return []string{where.Operand.Value.Text()}, true
		}
	}
	return nil, false
}

// describedMember is the identifier in a conjunction of equalities.
func describedMember(where domain.Predicate) (string, bool) {
	switch where := where.(type) {
	case domain.Compare:
		ids, ok := values(where)
		return append(ids, "")[0], ok
	case domain.And:
		id, found := "", false
		for _, term := range where.Terms {
			compare, ok := term.(domain.Compare)
			if !ok || compare.Operator != domain.Equal {
				return "", false
			}
			if ids, ok := values(compare); ok {
				id, found = ids[0], true
			}
		}
		return id, found
	}
	return "", false
}

// identifiers reads members that are to be in the group, each once.
func identifiers(members []string) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, 0, len(members))
	seen := make(map[uuid.UUID]struct{}, len(members))
	for _, text := range members {
		id, ok := domain.ParseID[domain.User](text)
		if !ok {
			return nil, domain.UnknownMember(text)
		}
		if _, again := seen[id.UUID]; !again {
			seen[id.UUID] = struct{}{}
			ids = append(ids, id.UUID)
		}
	}
	return ids, nil
}

// known reads members that are to leave the group. What is no identifier is in no group.
func known(members []string) []uuid.UUID {
	ids := make([]uuid.UUID, 0, len(members))
	for _, text := range members {
		if id, ok := domain.ParseID[domain.User](text); ok {
			ids = append(ids, id.UUID)
		}
	}
	return ids
}
