package persistence

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"usher/domain"
)

// commons is what the access of everybody in an organisation hangs on and no single person has: what profiles grant, what
// licences reach, how long sessions last, which applications there are. It is remembered between requests, and never taken for
// true without proof: whatever changes its tables draws the organisation another stamp in the same transaction, and what a
// statement reads of a person comes with the stamp of that moment. A stamp is drawn, not counted: it stands for one state,
// whatever was taken back or restored since.
type commons struct {
	stamp uuid.UUID

	ownersOnly    bool // local sign-in
	idle, longest time.Duration
	registered    []domain.Module
	licences      map[string]domain.Objects
	grants        map[uuid.UUID]domain.Permissions // of each profile
	baseline      domain.Permissions
	profiles      map[uuid.UUID]string
	roles, teams  map[uuid.UUID]string
	queues        map[uuid.UUID]rankedName
	byDefault     domain.Defaults
	disabled      map[uuid.UUID]bool // of each connection
	audiences     map[string]domain.Application
	origins       map[domain.Origin]domain.Application
}

// commonsChanged draws another stamp. Each statement that changes what is remembered is in a function that calls it (a test
// looks).
func commonsChanged(s session, org domain.OrganisationID) error {
	return s.exec("UPDATE organisations SET commons_stamp = ? WHERE organisation_id = ?", uuid.New(), org.UUID)
}

// rankedName is the name of a queue, and its place in their order.
type rankedName struct {
	name string
	rank int
}

// maxCommons is how many organisations are remembered; beyond them any other is forgotten.
const maxCommons = 1000

// remembered keeps commons between requests.
type remembered struct {
	mu sync.RWMutex
	of map[domain.OrganisationID]*commons
}

func (m *remembered) get(org domain.OrganisationID) *commons {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.of[org]
}

func (m *remembered) keep(org domain.OrganisationID, c *commons) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of == nil {
		m.of = map[domain.OrganisationID]*commons{}
	}
	if _, known := m.of[org]; !known && len(m.of) >= maxCommons {
		for other := range m.of {
			delete(m.of, other)
			break
		}
	}
	m.of[org] = c
}

// sameMoments is how often a read is made again for the sake of one moment, while the commons keep changing. What is used then
// was read no earlier than the request, all the same.
const sameMoments = 5

// withCommons reads something of a person, with the stamp of that moment, and gives the commons that belong to it; nil where
// there is no stamp, since there was nobody. What is not remembered is gathered, and remembered where the stamp is the
// same afterwards: then nothing came in between.
func withCommons(s session, org domain.OrganisationID, read func() (stamp uuid.NullUUID, err error)) (*commons, error) {
	for attempt := 1; ; attempt++ {
		stamp, err := read()
		if err != nil || !stamp.Valid {
			return nil, err
		}
		if known := s.remembered().get(org); known != nil && known.stamp == stamp.UUID {
			return known, nil
		}
		c, err := gatherCommons(s, org)
		if err != nil {
			return nil, err
		}
		if _, err := fetch(s, "SELECT commons_stamp FROM organisations WHERE organisation_id = ?", []any{org.UUID}, &c.stamp); err != nil {
			return nil, err
		}
		if c.stamp == stamp.UUID {
			s.remembered().keep(org, c)
			return c, nil
		}
		if attempt == sameMoments {
			return c, nil
		}
	}
}

// gatherCommons reads from the tables whose changes draw a new stamp, and from no other.
func gatherCommons(s session, org domain.OrganisationID) (*commons, error) {
	c := &commons{
		licences: map[string]domain.Objects{}, grants: map[uuid.UUID]domain.Permissions{uuid.Nil: {}}, profiles: map[uuid.UUID]string{}, queues: map[uuid.UUID]rankedName{},
		disabled: map[uuid.UUID]bool{}, audiences: map[string]domain.Application{}, origins: map[domain.Origin]domain.Application{},
	}
	for _, gather := range []func(session, domain.OrganisationID) error{
		c.gatherPolicy, c.gatherGrants, c.gatherNames, c.gatherConnections, c.gatherApplications,
	} {
		if err := gather(s, org); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *commons) gatherPolicy(s session, org domain.OrganisationID) error {
	p, err := policies{s}.Get(org)
	c.ownersOnly = p.LocalSignIn == domain.LocalSignInOwnersOnly
	c.idle, c.longest = time.Duration(p.SessionIdleHours)*time.Hour, time.Duration(p.SessionDays)*24*time.Hour
	return err
}

func (c *commons) gatherGrants(s session, org domain.OrganisationID) error {
	types, err := licenceTypes{s}.List(org)
	if err != nil {
		return err
	}
	for _, l := range types {
		c.licences[l.Name] = l.Modules
	}
	list, err := profiles(s).List(org)
	if err != nil {
		return err
	}
	for _, p := range list {
		c.grants[p.ID.UUID], c.profiles[p.ID.UUID] = p.Grants, p.Name.Text
		if p.Baseline {
			c.baseline = c.baseline.Union(p.Grants)
		}
	}
	if c.registered, err = (modules{s}).List(org); err != nil {
		return err
	}
	c.byDefault, err = assignments{s}.Defaults(org)
	return err
}

func (c *commons) gatherNames(s session, org domain.OrganisationID) (err error) {
	if c.roles, err = entryNames(roles(s), org); err != nil {
		return err
	}
	if c.teams, err = entryNames(teams(s), org); err != nil {
		return err
	}
	list, err := queues(s).List(org)
	for i, q := range list {
		c.queues[q.ID.UUID] = rankedName{q.Name.Text, i}
	}
	return err
}

// entryNames gives the names of entries by their ids.
func entryNames[Noun any](t entries[Noun], org domain.OrganisationID) (map[uuid.UUID]string, error) {
	list, err := t.List(org)
	names := make(map[uuid.UUID]string, len(list))
	for _, n := range list {
		e := t.entry(&n)
		names[e.ID.UUID] = e.Name.Text
	}
	return names, err
}

func (c *commons) gatherConnections(s session, org domain.OrganisationID) error {
	return s.query("SELECT connection_id, disabled_at IS NOT NULL FROM connections WHERE organisation_id = ?", []any{org.UUID}, func(r row) error {
		var id uuid.UUID
		var disabled bool
		err := r.Scan(&id, &disabled)
		c.disabled[id] = disabled
		return err
	})
}

func (c *commons) gatherApplications(s session, org domain.OrganisationID) error {
	list, err := applicationsOf(s).List(org)
	for _, a := range list {
		c.audiences[a.Audience] = a
		for _, origin := range a.Origins {
			c.origins[origin] = a
		}
	}
	return err
}

// application finds one as it is named; the zero value: there is no such.
func (c *commons) application(of domain.ApplicationKey) domain.Application {
	if of.Audience != "" {
		return c.audiences[of.Audience]
	}
	return c.origins[of.Origin]
}

// shut reports whether the door is closed by which a session's person came in.
func (c *commons) shut(s domain.Session, owner bool) bool {
	if s.Method != domain.BySingleSignOn {
		return !owner && c.ownersOnly
	}
	disabled, known := c.disabled[s.Connection.UUID]
	return !s.Connection.IsZero() && (!known || disabled)
}

// named gives queues with their names, in their order, without those that are gone.
func (c *commons) named(ids []uuid.UUID) []domain.Named {
	here := make(map[uuid.UUID]rankedName, len(ids))
	for _, id := range ids {
		if q, ok := c.queues[id]; ok {
			here[id] = q
		}
	}
	if len(here) == 0 {
		return nil
	}
	list := make([]domain.Named, 0, len(here))
	for _, id := range slices.SortedFunc(maps.Keys(here), func(a, b uuid.UUID) int { return here[a].rank - here[b].rank }) {
		list = append(list, domain.Named{ID: id, Name: here[id].name})
	}
	return list
}
