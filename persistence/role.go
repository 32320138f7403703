package persistence

import "usher/domain"

func roles(s session) entries[domain.Role] {
	return entries[domain.Role]{
		session: s, table: "roles", id: "role_id", noun: "role", columns: []string{"parent_id", "sees"},
		entry:  func(r *domain.Role) *domain.Entry[domain.Role] { return &r.Entry },
		values: func(r domain.Role) []any { return []any{r.Parent.UUID, string(r.Sees)} },
		scan: func(r *domain.Role) ([]any, func() error) {
			var sees string
			return []any{&r.Parent.UUID, &sees}, func() error {
				r.Sees = domain.Sight(sees)
				return nil
			}
		},
	}
}
