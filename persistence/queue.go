package persistence

import "usher/domain"

func queues(s session) entries[domain.Queue] {
	return entries[domain.Queue]{
		session: s, table: "queues", id: "queue_id", noun: "queue",
		entry: func(q *domain.Queue) *domain.Entry[domain.Queue] { return &q.Entry },
	}
}
