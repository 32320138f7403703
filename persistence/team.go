package persistence

import "usher/domain"

func teams(s session) entries[domain.Team] {
	return entries[domain.Team]{
		session: s, table: "teams", id: "team_id", noun: "team",
		entry: func(t *domain.Team) *domain.Entry[domain.Team] { return &t.Entry },
	}
}
