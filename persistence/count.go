package persistence

import (
	"github.com/google/uuid"

	"usher/domain"
)

// The kinds of resource_counts.
const (
	countUsers  = "user"
	countGroups = "group"
)

const countShards = 16

// count keeps how many resources a connection shows, so that a total need not count rows. On PostgreSQL it is spread
// over shards, chosen by the resource, so that units of work seldom wait for each other's row.
func count(s session, org domain.OrganisationID, connection domain.ConnectionID, kind string, resource uuid.UUID, by int) error {
	if connection.IsZero() {
		return nil // nobody pages through those
	}
	shard := 0
	if s.dialect() == postgres {
		shard = int(resource[len(resource)-1]) % countShards
	}
	return s.exec(`INSERT INTO resource_counts (organisation_id, connection_id, kind, shard, n) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, connection_id, kind, shard) DO UPDATE SET n = resource_counts.n + excluded.n`,
		org.UUID, connection.UUID, kind, shard, by)
}
