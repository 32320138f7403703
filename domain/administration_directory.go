package domain

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// URNPerson leads the attributes of people that administrators search by and no directory may name. The schemas of
// SCIM do not have it, so no SCIM filter can reach them.
const URNPerson = "urn:usher:person"

// PeopleQuery asks for people of the whole organisation. The zero values of the filters select all.
type PeopleQuery struct {
	Search     string // part of the user name, the display name or an e-mail, without case
	Status     Status
	Licence    string
	Connection ConnectionID
	Group      GroupID // direct members
	Filter     PeopleFilter
	Sort       string // "created" (also when empty), "user_name" or "display_name"
	Descending bool
	Limit      int
	After      *Position
}

// maxSearch bounds a search text, in characters.
const maxSearch = 200

// where are the query's conditions, all of which have to hold. Invalid.
func (q PeopleQuery) where() ([]Predicate, error) {
	var terms []Predicate
	exact := func(name, value string) {
		terms = append(terms, Compare{
			Attribute: Attribute{Path: Path{URN: URNPerson, Name: name}, CaseExact: true}, Operator: Equal,
			Operand: Operand{Value: attribute.NewString(value)},
		})
	}
	switch q.Status {
	case "":
	case Pending, Active, Inactive:
		exact("status", string(q.Status))
	default:
		return nil, InvalidField("status", "use one of pending, active, inactive")
	}
	if q.Licence != "" {
		if !licenceForm.MatchString(q.Licence) {
			return nil, InvalidField("licence", "use the name of a licence type, such as full")
		}
		exact("licence", q.Licence)
	}
	if !q.Group.IsZero() {
		terms = append(terms, Compare{
			Attribute: Attribute{Path: Path{Name: "groups", Sub: "value"}, Many: true}, Operator: Equal,
			Operand: Operand{Value: attribute.NewString(q.Group.String())},
		})
	}
	search, err := searched(q.Search)
	if err != nil {
		return nil, err
	}
	if search != "" {
		contains := func(path Path, many bool) Predicate {
			return Compare{Attribute: Attribute{Path: path, Many: many}, Operator: Contains, Operand: Operand{Value: attribute.NewString(search)}}
		}
		terms = append(terms, Or{Terms: []Predicate{
			contains(Path{Name: "userName"}, false), contains(Path{Name: "displayName"}, false), contains(Path{Name: "emails", Sub: "value"}, true),
		}})
	}
	return terms, nil
}

// order is the query's sort. In order of id is in order of creation. Invalid.
func (q PeopleQuery) order() (Sort, error) {
	by := Sort{Descending: q.Descending}
	switch q.Sort {
	case "", "created":
		by.Attribute.Name = "id"
	case "user_name":
		by.Attribute.Name = "userName"
	case "display_name":
		by.Attribute.Name = "displayName"
	default:
		return by, InvalidField("sort", "use created, user_name or display_name, with - before it for the reverse")
	}
	return by, nil
}

// scope is the whole organisation of an administrator, or one connection in it.
func (a Administrator) scope(only ConnectionID) Scope {
	return Scope{Organisation: a.Organisation, Connection: only, Whole: only.IsZero(), Declared: true}
}

// GroupQuery asks for groups of the whole organisation, in order of creation.
type GroupQuery struct {
	Search     string // part of the display name, without case
	Connection ConnectionID
	Limit      int
	After      *Position
}

// searched is the text that a query looks for; empty: none. Invalid.
func searched(text string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case !utf8.ValidString(text):
		return "", InvalidField("q", "search for text in UTF-8")
	case utf8.RuneCountInString(text) > maxSearch:
		return "", InvalidField("q", "search for at most 200 characters")
	}
	return text, nil
}

// Groups reads the groups that a query asks for, without members. It needs directory:view. Invalid.
func (ad *Administration) Groups(ctx context.Context, who Administrator, q GroupQuery) (Page[Group], error) {
	query := Query{Scope: who.scope(q.Connection), Limit: q.Limit, After: q.After}
	search, err := searched(q.Search)
	if err != nil {
		return Page[Group]{}, err
	}
	if search != "" {
		query.Where = Compare{
			Attribute: Attribute{Path: Path{Name: "displayName"}}, Operator: Contains, Operand: Operand{Value: attribute.NewString(search)},
		}
	}
	var page Page[Group]
	err = ad.look(ctx, who, ModuleDirectory, ActionView, "", func(tx Tx) (err error) {
		page, err = tx.Groups().Page(query)
		return err
	})
	return page, err
}

// Group reads one group, without members. It needs directory:view. NotFound.
func (ad *Administration) Group(ctx context.Context, who Administrator, id GroupID) (Group, error) {
	var g Group
	err := ad.look(ctx, who, ModuleDirectory, ActionView, "", func(tx Tx) (err error) {
		g, err = tx.Groups().Get(who.scope(ConnectionID{}), id)
		return err
	})
	return g, err
}

// GroupMembers reads up to limit members of a group after the given id, in order of id. It needs directory:view. NotFound.
func (ad *Administration) GroupMembers(ctx context.Context, who Administrator, id GroupID, after uuid.UUID, limit int) ([]Member, error) {
	var members []Member
	err := ad.look(ctx, who, ModuleDirectory, ActionView, "", func(tx Tx) error {
		scope := who.scope(ConnectionID{})
		if _, err := tx.Groups().Get(scope, id); err != nil {
			return err
		}
		var err error
		members, err = tx.Groups().Members(scope, id, after, limit)
		return err
	})
	return members, err
}
