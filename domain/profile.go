package domain

import (
	"slices"
	"strings"

	"usher/domain/attribute"
)

// Profile is a named set of permissions. Its name is fixed once it is created; everything else can be edited.
type Profile struct {
	Entry[Profile]

	Icon     string // name of an icon; empty: none
	Grants   Permissions
	Baseline bool // everybody active has its permissions (rule user.baseline)
	System   bool // cannot be deleted
}

// ProfileID identifies a profile.
type ProfileID = ID[Profile]

// MaxProfiles bounds the profiles of one organisation.
const MaxProfiles = 500

func (p Profile) tree() attribute.Value {
	tree := texts("name", p.Name.Text, "description", p.Description, "icon", p.Icon)
	tree.Set("grants", p.Grants.Tree())
	tree.Set("baseline", attribute.NewBool(p.Baseline))
	tree.Set("system", attribute.NewBool(p.System))
	return tree
}

// ModuleSummary is what a set of permissions comes to in one module (rule profile.summary): All where one of its actions
// is allowed on every object, else the number of different objects on which one is; none of both is Not allowed.
type ModuleSummary struct {
	Module  string
	All     bool
	Objects int
}

// Allowed reports whether anything is.
func (s ModuleSummary) Allowed() bool { return s.All || s.Objects > 0 }

// Summary is what permissions come to in each of the modules, in their order (rule profile.summary).
func (p Permissions) Summary(modules []Module) []ModuleSummary {
	lines := make([]ModuleSummary, len(modules))
	for i, m := range modules {
		lines[i].Module = m.ID
		var ids []string
		for of, objects := range p {
			if of.Module == m.ID {
				lines[i].All = lines[i].All || objects.All
				ids = append(ids, objects.IDs...)
			}
		}
		if !lines[i].All {
			slices.Sort(ids)
			lines[i].Objects = len(slices.Compact(ids))
		}
	}
	return lines
}

// parseIcon checks the name of an icon: empty, or spelt as modules are.
func parseIcon(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s != "" && !isIdentifier(s) {
		return "", InvalidField("icon", "name an icon with 1 to 64 lower-case letters, digits, hyphens and underscores, or none")
	}
	return s, nil
}
