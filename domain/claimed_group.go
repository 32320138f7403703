package domain

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"usher/domain/attribute"
)

// MaxDeclaredGroups is how many groups of a connection administrators may declare.
const MaxDeclaredGroups = 500

// maxClaimValue bounds, in bytes, what a claim may call a group: of longer texts a sign-in tells nothing.
const maxClaimValue = 1000

// DeclaredGroupSpec describes a group that no directory pushes: what claims call it, and what people read.
type DeclaredGroupSpec struct {
	Value string
	Name  string
}

// declaredGroup makes a group of a description. Invalid.
func declaredGroup(env Environment, org OrganisationID, connection ConnectionID, spec DeclaredGroupSpec, now time.Time) (Group, error) {
	name, err := entryName(spec.Name)
	if err != nil {
		return Group{}, err
	}
	value := strings.TrimSpace(spec.Value)
	if value == "" || len(value) > maxClaimValue || !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return Group{}, InvalidField("value", "send what the claim calls the group, 1 to 1,000 bytes of UTF-8 on one line")
	}
	id, err := newID[Group](env)
	if err != nil {
		return Group{}, err
	}
	g := Group{ID: id, Organisation: org, Connection: connection, ClaimValue: value, Version: 1, CreatedAt: now, ModifiedAt: now}
	err = g.describe(texts("displayName", name.Text))
	return g, err
}

// declared is a declared group as events show it.
func (g *Group) declared() attribute.Value {
	return texts("connection", g.Connection.String(), "value", g.ClaimValue, "name", g.DisplayName.Text)
}

// ClaimedGroups is the store of the groups that the claims of people's last sign-ins named. Whoever is in one has what its
// mappings give, as a member has, and is no member of it to the directory.
type ClaimedGroups interface {
	// Of gives those of somebody, in order of id.
	Of(org OrganisationID, user UserID) ([]GroupID, error)
	// Save writes those of somebody in place of what was.
	Save(org OrganisationID, user UserID, was, is []GroupID, at time.Time) error
	// Named are the groups of a connection that are there and were declared with one of some names, or have one as external
	// id, or as display name without case; perhaps one several times.
	Named(org OrganisationID, connection ConnectionID, names []string) ([]Group, error)
	// Declared are the groups of a connection that administrators declared, in order of declaration.
	Declared(org OrganisationID, connection ConnectionID) ([]Group, error)
}
