package scim

import (
	"context"
	"sync"

	"usher/domain"
	"usher/scim/schema"
)

// maxCachedSets bounds the organisations whose schemas are kept compiled. Most have none of their own and share the
// standard set.
const maxCachedSets = 1024

// schemaCache keeps the compiled schemas of organisations. A set is found under the version that every authenticated
// caller carries, so that a schema added on another replica counts from the next request on.
type schemaCache struct {
	directory *domain.Directory
	standard  *schema.Set

	mu   sync.RWMutex
	sets map[domain.OrganisationID]versionedSet
}

type versionedSet struct {
	version int64
	set     *schema.Set
}

func newSchemaCache(directory *domain.Directory) (*schemaCache, error) {
	standard, err := schema.Standard()
	return &schemaCache{directory: directory, standard: standard, sets: map[domain.OrganisationID]versionedSet{}}, err
}

// of is the schemas that hold for a caller.
func (c *schemaCache) of(ctx context.Context, caller domain.Caller) (*schema.Set, error) {
	if caller.SchemaVersion == 0 {
		return c.standard, nil
	}
	c.mu.RLock()
	known, ok := c.sets[caller.Organisation]
	c.mu.RUnlock()
	if ok && known.version >= caller.SchemaVersion {
		return known.set, nil
	}
	custom, version, err := c.directory.Schemas(ctx, caller)
	if err != nil {
		return nil, err
	}
	set, err := c.standard.With(custom)
	if err != nil {
		return nil, err
	}
	c.keep(caller.Organisation, versionedSet{version: version, set: set})
	return set, nil
}

// keep remembers a set unless a newer one is known; where there are too many, any other makes room.
func (c *schemaCache) keep(org domain.OrganisationID, v versionedSet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.sets[org]
	if ok && known.version > v.version {
		return
	}
	if !ok && len(c.sets) >= maxCachedSets {
		for other := range c.sets {
			delete(c.sets, other)
			break
		}
	}
	c.sets[org] = v
}

// view is the schemas of one resource type for the caller.
func (x *exchange) view(t schema.Type) (*schema.View, error) {
	set, err := x.schemas.of(x.r.Context(), x.caller)
	if err != nil {
		return nil, err
	}
	return set.View(t), nil
}
