package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"usher/cmd/usher/toyidp"
	"usher/domain"
	"usher/domain/attribute"
)

// demoPerson is one of the people of the demo.
type demoPerson struct {
	account, given, family, title string
	groups                        []string
	toy                           bool // can be clicked on at the toy identity provider
}

func demoPeople() []demoPerson {
	return []demoPerson{
		{"ana", "Ana", "García", "Head of Support", []string{"Support", "Team leads"}, true},
		{"bjorn", "Björn", "Åkesson", "Agent", []string{"Support"}, true},
		{"chioma", "Chioma", "Okafor", "Agent", []string{"Support"}, true},
		{"daniel", "Даниил", "Иванов", "Engineer", []string{"Engineering"}, false},
		{"emi", "絵美", "佐藤", "Engineer", []string{"Engineering"}, false},
		{"farah", "فرح", "حداد", "Accountant", []string{"Finance"}, false},
	}
}

// push puts people and groups into the directory as a token's identity provider would, and counts them.
func push(ctx context.Context, app *App, token string, shown *shownDemo) (map[string]domain.GroupID, error) {
	bearer, err := domain.ParseBearer(token)
	if err != nil {
		return nil, err
	}
	caller, err := app.Directory.Authenticate(ctx, bearer)
	if err != nil {
		return nil, err
	}
	members := map[string][]uuid.UUID{}
	var names []string
	var manager string
	for _, person := range demoPeople() {
		user, err := app.Directory.Provision(ctx, caller, person.attributes(manager))
		if err != nil {
			return nil, err
		}
		manager = cmp.Or(manager, user.ID.String())
		for _, name := range person.groups {
			if members[name] == nil {
				names = append(names, name)
			}
			members[name] = append(members[name], user.ID.UUID)
		}
		shown.Users++
	}
	groups := map[string]domain.GroupID{}
	for _, name := range names {
		made, err := app.Directory.CreateGroup(ctx, caller, attribute.NewComplex(member("displayName", attribute.NewString(name))), members[name])
		if err != nil {
			return nil, err
		}
		groups[name] = made.ID
		shown.Groups++
	}
	return groups, nil
}

// attributes are the person as an identity provider would send them.
func (d demoPerson) attributes(manager string) attribute.Value {
	address := attribute.NewString(d.userName())
	enterprise := attribute.NewComplex(member("department", attribute.NewString(d.groups[0])))
	if manager != "" {
		enterprise.Set("manager", attribute.NewComplex(member("value", attribute.NewString(manager))))
	}
	return attribute.NewComplex(
		member("externalId", attribute.NewString(d.externalID())),
		member("userName", address),
		member("name", attribute.NewComplex(
			member("familyName", attribute.NewString(d.family)), member("givenName", attribute.NewString(d.given)))),
		member("displayName", attribute.NewString(d.given+" "+d.family)),
		member("title", attribute.NewString(d.title)),
		member("active", attribute.NewBool(true)),
		member("emails", attribute.NewList(attribute.NewComplex(
			member("value", address), member("type", attribute.NewString("work")), member("primary", attribute.NewBool(true))))),
		member(domain.URNEnterprise, enterprise),
	)
}

func (d demoPerson) userName() string   { return d.account + "@acme.test" }
func (d demoPerson) externalID() string { return "demo-" + d.account }

func member(name string, value attribute.Value) attribute.Member {
	return attribute.Member{Name: name, Value: value}
}

// toyPeople are those who can be clicked on, and toyGroups what they can be in.
func toyPeople() (people []toyidp.Person, groups []toyidp.Group) {
	for _, d := range demoPeople() {
		for _, name := range d.groups {
			i := slices.IndexFunc(groups, func(g toyidp.Group) bool { return g.Name == name })
			if i < 0 && !d.toy {
				continue
			}
			if i < 0 {
				i, groups = len(groups), append(groups, toyidp.Group{Name: name})
			}
			if d.toy {
				groups[i].Members = append(groups[i].Members, d.externalID())
			}
		}
		if d.toy {
			people = append(people, toyidp.Person{ID: d.externalID(), UserName: d.userName(), Given: d.given, Family: d.family, Title: d.title})
		}
	}
	return people, groups
}
