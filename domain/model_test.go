package domain_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// modelPerson is what the model knows of somebody: no more than what a reader of the rules would.
type modelPerson struct {
	id                                    domain.UserID
	name                                  string
	status                                domain.Status
	owner, accepted, pushed, queued       bool
	blocked, ends, suspended, gone, waits bool
	byHand                                bool        // blocked by an administrator
	seen                                  time.Time   // what inactivity is counted from
	warned                                bool        // of inactivity, since they were seen
	chose                                 time.Time   // a password; zero: never
	aging                                 bool        // they were told that it expires
	invited                               time.Time   // when the open invitation was sent; zero: none
	sessions                              []time.Time // when they began
	keys                                  []modelKey
}

// modelKey is an API key of somebody.
type modelKey struct {
	id   domain.APIKeyID
	text string
}

// happening is an event as the model expects it: its type and subject.
func happening(of domain.EventType, subject uuid.UUID) string {
	return string(of) + " " + subject.String()
}

func (p *modelPerson) able() bool {
	return p.owner && p.status == domain.Active && !p.blocked && !p.ends && !p.gone
}

// The policy that an organisation is born with, in the words of the rules.
const (
	modelDay        = 24 * time.Hour
	modelInvitation = 7 * modelDay
	modelIdle       = 12 * time.Hour // a session
	modelInactivity = 90 * modelDay
	modelPassword   = 120 * modelDay
	modelWarning    = 14 * modelDay // before the end of either
)

// model is a small picture of an organisation: seats, owners, status, blocks.
type model struct {
	*scene
	entrance *domain.Entrance

	t      *rapid.T
	limit  int
	wait   bool
	people []*modelPerson
	line   []*modelPerson
	staff  domain.RoleID // of those who are added by hand
	queue  domain.QueueID
	made   int
	ended  []string // keys of people who are out

	expected []string // of the step that is taken
	told     int      // events that there were after the last step
}

// Random sequences of what administrators, directories and the clock do, beside a small model: the store is at every step
// what the model is, and what must never be is not: seats are not oversold nor free while somebody waits, one owner
// remains who can sign in, nobody inactive holds a seat, a session, a key or a queue, and every step tells of exactly the events
// that the model expects of it.
func TestLifeAgreesWithModel(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		run := 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			s := newSceneIn(t, store, storetest.NewTenant(t, store, fmt.Sprintf("model-%d-%d", run, time.Now().UnixNano()), 4))
			m := &model{scene: s, t: rt, limit: 4, staff: s.staff(), queue: s.queue("Line").ID}
			m.entrance = domain.NewEntrance(store, s.clock.Environment(), randomSource())
			m.addOwner("root@acme.test")
			m.addOwner("boss@acme.test")
			m.told = len(s.events())
			rt.Repeat(map[string]func(*rapid.T){
				"push":        m.push,
				"push active": m.pushActive,
				"delete":      m.delete,
				"add":         m.add,
				"activate":    m.activate,
				"deactivate":  m.deactivate,
				"confirm":     m.confirm,
				"block":       m.block,
				"unblock":     m.unblock,
				"owner":       m.owner,
				"end":         m.end,
				"seats":       m.seats,
				"overflow":    m.overflow,
				"sweep":       m.sweep,
				"accept":      m.accept,
				"sign in":     m.signIn,
				"enqueue":     m.enqueue,
				"give a key":  m.giveKey,
				"wait":        m.pass,
				"":            m.check,
			})
			storetest.Consistent(t, store, s.org())
		})
	})
}

func (m *model) boss() domain.Administrator { return m.scene.boss() }

func (m *model) addOwner(name string) {
	u := storetest.Account(m.scene.T, m.store, m.tenant, name, func(u *domain.User) { u.Owner, u.AcceptedAt = true, m.clock.Now() })
	m.came(u.ID)
	m.people = append(m.people, &modelPerson{id: u.ID, name: name, status: domain.Active, owner: true, accepted: true, seen: m.clock.Now()})
}

func (m *model) held() int {
	held := 0
	for _, p := range m.people {
		if !p.gone && p.status != domain.Inactive && !p.waits {
			held++
		}
	}
	return held
}

// comes reports whether an owner can sign in who has a password to do it with.
func (p *modelPerson) comes() bool { return p.able() && !p.chose.IsZero() }

// protected reports whether rule owner.last refuses to lose this one.
func (m *model) protected(p *modelPerson) bool {
	return p.owner && !slices.ContainsFunc(m.people, func(o *modelPerson) bool { return o != p && (o.comes() || o.able() && !p.comes()) })
}

// expectOf is expect for a change of somebody; where the last owner is protected that is told.
func (m *model) expectOf(p *modelPerson, err error, code string) bool {
	if code == domain.CodeLastOwner {
		m.of(p, domain.OwnerProtected)
	}
	return m.expect(err, code)
}

// expect compares an outcome with the code that the model expects; empty for success.
func (m *model) expect(err error, code string) bool {
	if code == "" {
		require.NoError(m.t, err)
		return true
	}
	require.True(m.t, domain.IsCode(err, code), "expected %s, not %v", code, err)
	return false
}

// somebody draws one of the people who are here. There is always an owner.
func (m *model) somebody() *modelPerson {
	here := slices.DeleteFunc(slices.Clone(m.people), func(p *modelPerson) bool { return p.gone })
	return rapid.SampledFrom(here).Draw(m.t, "who")
}

// freed gives free seats to the first in line.
func (m *model) freed() {
	for len(m.line) > 0 && m.held() < m.limit {
		p := m.line[0]
		m.line = m.line[1:]
		p.waits = false
		m.comesIn(p)
		m.of(p, domain.SeatAssigned)
	}
}

// comesIn is what becomes of somebody who is active from now on.
func (m *model) comesIn(p *modelPerson) {
	p.status, p.accepted = domain.Active, true
	m.restarts(p)
}

// restarts counts inactivity from now on.
func (m *model) restarts(p *modelPerson) { p.seen, p.warned = m.clock.Now(), false }

// over ends an invitation that stands open, if there is one, as revoked or, where its time was over, as expired.
func (m *model) over(p *modelPerson) {
	switch {
	case p.invited.IsZero():
		return
	case m.clock.Now().Sub(p.invited) < modelInvitation:
		m.of(p, domain.UserInvitationRevoked)
	default:
		m.of(p, domain.UserInvitationExpired)
	}
	p.invited = time.Time{}
}

func (m *model) leave(p *modelPerson) {
	m.line = slices.DeleteFunc(m.line, func(o *modelPerson) bool { return o == p })
	p.waits = false
}

// out is what becomes of somebody who is deactivated or deleted.
func (m *model) out(p *modelPerson) {
	m.leave(p)
	m.over(p)
	for range p.sessions {
		m.of(p, domain.SessionEnded)
	}
	for _, k := range p.keys {
		m.ended = append(m.ended, k.text)
		m.says(domain.APIKeyRevoked, k.id.UUID)
	}
	p.queued, p.keys, p.sessions = false, nil, nil
}

// enters is what becomes of somebody whom a directory wants active.
func (m *model) enters(p *modelPerson) (code string) {
	switch {
	case m.held() < m.limit:
		m.comesIn(p)
	case m.wait:
		p.status, p.waits = domain.Pending, true
		m.line = append(m.line, p)
	default:
		return domain.CodeSeatsExhausted
	}
	return ""
}

// inOrder is the people in the order in which a sweep looks at them.
func (m *model) inOrder() []*modelPerson {
	people := slices.Clone(m.people)
	slices.SortFunc(people, func(a, b *modelPerson) int { return slices.Compare(a.id.UUID[:], b.id.UUID[:]) })
	return people
}

// check compares the store with the model.
func (m *model) check(t *rapid.T) {
	m.t = t
	owners := 0
	for _, p := range m.people {
		u, err := m.admin.Person(context.Background(), m.boss(), p.id)
		if p.gone {
			require.True(t, domain.IsKind(err, domain.NotFound), "%v", err)
			continue
		}
		require.NoError(t, err)
		_, blocked, err := m.admin.BlockOf(context.Background(), m.boss(), p.id)
		require.NoError(t, err)
		require.Equal(t, []any{p.status, p.owner, p.accepted, p.blocked}, []any{u.Status, u.Owner, !u.AcceptedAt.IsZero(), blocked}, p.name)
		if p.able() {
			owners++
		}
		sessions, err := m.admin.Sessions(context.Background(), m.boss(), p.id)
		require.NoError(t, err)
		require.Len(t, sessions, len(p.sessions), "sessions of %s, who is %s", p.name, p.status)
		access, err := m.admin.UserAccess(context.Background(), m.boss(), p.id)
		require.NoError(t, err)
		require.Equal(t, p.queued, len(access.Queues) > 0, "%s in a queue", p.name)
	}
	for _, key := range m.ended {
		_, err := m.presents(key)
		require.True(t, domain.IsKind(err, domain.Unauthenticated), "%v", err)
	}
	m.listens()
	require.Positive(t, owners, "one owner remains who can sign in")
	usage, err := m.admin.Seats(context.Background(), m.boss())
	require.NoError(t, err)
	require.Equal(t, []domain.SeatUsage{{SeatPlan: full(m.limit), Held: m.held(), Waiting: len(m.line)}}, usage)
}

// says is what the model expects to be told of in this step.
func (m *model) says(of domain.EventType, subject uuid.UUID) {
	m.expected = append(m.expected, happening(of, subject))
}

// of is says about somebody.
func (m *model) of(p *modelPerson, types ...domain.EventType) {
	for _, of := range types {
		m.says(of, p.id.UUID)
	}
}

// listens compares the events of the last step with those that the model expects.
func (m *model) listens() {
	var got []string
	all := m.scene.events()
	for _, e := range all[m.told:] {
		got = append(got, happening(e.Type, e.Subject))
	}
	require.ElementsMatch(m.t, m.expected, got, "the events of this step")
	m.expected, m.told = nil, len(all)
}
