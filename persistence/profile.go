package persistence

import (
	"usher/domain"
	"usher/domain/attribute"
)

func profiles(s session) entries[domain.Profile] {
	return entries[domain.Profile]{
		session: s, table: "profiles", id: "profile_id", noun: "profile", columns: []string{"icon", "grants", "baseline", "system"},
		entry: func(p *domain.Profile) *domain.Entry[domain.Profile] { return &p.Entry },
		values: func(p domain.Profile) []any {
			return []any{p.Icon, permissionText(p.Grants), p.Baseline, p.System}
		},
		scan: func(p *domain.Profile) ([]any, func() error) {
			var grants string
			return []any{&p.Icon, &grants, &p.Baseline, &p.System}, func() (err error) {
				p.Grants, err = permissionsOf(grants)
				return err
			}
		},
	}
}

// permissionText is permissions as they are stored, see domain.Permissions.Tree.
func permissionText(p domain.Permissions) string { return string(attribute.AppendJSON(nil, p.Tree())) }

// permissionBounds are more than permissions can come to.
func permissionBounds() attribute.Bounds { return attribute.Bounds{Depth: 8, Nodes: 50_000_000} }

// permissionsOf is the reverse; of an empty text none.
func permissionsOf(text string) (domain.Permissions, error) {
	if text == "" {
		return domain.Permissions{}, nil
	}
	tree, err := attribute.Read([]byte(text), permissionBounds())
	if err != nil {
		return nil, err
	}
	return domain.ReadPermissions(tree)
}
