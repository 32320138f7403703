package domain_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

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
	seen                                  time.Time // what inactivity is counted from
	chose                                 time.Time // a password; zero: never
	key                                   string    // of theirs; empty: none that has not ended
}

func (p *modelPerson) able() bool {
	return p.owner && p.status == domain.Active && !p.blocked && !p.ends && !p.gone
}

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
	events int      // as many were there after the last step
	last   string   // what the model was after the last step
}

// Random sequences of what administrators, directories and the clock do, beside a small model: the store is at every step
// what the model is, and what must never be is not: seats are not oversold nor free while somebody waits, one owner
// remains who can sign in, nobody inactive holds a seat, a session, a key or a queue, and what a step changed has an event
// (of every change exactly the right ones: storetest.Consistent).
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
		p.waits, p.status, p.accepted, p.seen = false, domain.Active, true, m.clock.Now()
	}
}

func (m *model) leave(p *modelPerson) {
	m.line = slices.DeleteFunc(m.line, func(o *modelPerson) bool { return o == p })
	p.waits = false
}

// out is what becomes of somebody who is deactivated or deleted.
func (m *model) out(p *modelPerson) {
	m.leave(p)
	if p.key != "" {
		m.ended = append(m.ended, p.key)
	}
	p.queued, p.key = false, ""
}

// enters is what becomes of somebody whom a directory wants active.
func (m *model) enters(p *modelPerson) (code string) {
	switch {
	case m.held() < m.limit:
		p.status, p.accepted, p.seen = domain.Active, true, m.clock.Now()
	case m.wait:
		p.status, p.waits = domain.Pending, true
		m.line = append(m.line, p)
	default:
		return domain.CodeSeatsExhausted
	}
	return ""
}

func (m *model) push(t *rapid.T) {
	m.t = t
	m.made++
	p := &modelPerson{name: fmt.Sprintf("u%d@acme.test", m.made), pushed: true, status: domain.Inactive}
	old := slices.IndexFunc(m.people, func(o *modelPerson) bool { return o.gone && o.suspended })
	if old >= 0 && rapid.Bool().Draw(t, "again") {
		p.name, p.suspended = m.people[old].name, true
		m.people[old].suspended = false
	}
	code := ""
	if !p.suspended {
		code = m.enters(p)
	}
	u, err := m.directory.Provision(context.Background(), m.caller, storetest.Person(p.name))
	if m.expect(err, code) {
		p.id = u.ID
		m.came(u.ID)
		m.people = append(m.people, p)
	}
}

func (m *model) pushActive(t *rapid.T) {
	m.t = t
	p := m.somebody()
	if !p.pushed {
		_, err := m.tryChange(p.id, storetest.Setting(storetest.Truth("active", false)))
		m.expect(err, domain.CodeNotFound)
		return
	}
	active := rapid.Bool().Draw(t, "active")
	code := ""
	switch {
	case !active && p.status != domain.Inactive && m.protected(p):
		code = domain.CodeLastOwner
	case !active:
		if p.status != domain.Inactive {
			m.out(p)
		}
		p.status = domain.Inactive
	case p.status == domain.Inactive && !p.suspended:
		code = m.enters(p)
	}
	_, err := m.tryChange(p.id, storetest.Setting(storetest.Truth("active", active)))
	m.expect(err, code)
	m.freed()
}

func (m *model) delete(t *rapid.T) {
	m.t = t
	p := m.somebody()
	code := ""
	if m.protected(p) {
		code = domain.CodeLastOwner
	}
	var err error
	if p.pushed && rapid.Bool().Draw(t, "by the directory") {
		err = m.directory.Deprovision(context.Background(), m.caller, p.id, domain.IfMatch{})
	} else {
		err = m.admin.Delete(context.Background(), m.boss(), p.id, domain.IfMatch{})
	}
	if m.expect(err, code) {
		p.gone = true
		m.out(p)
		m.freed()
	}
}

func (m *model) add(t *rapid.T) {
	m.t = t
	m.made++
	p := &modelPerson{name: fmt.Sprintf("u%d@acme.test", m.made), status: domain.Pending}
	code := ""
	if m.held() >= m.limit {
		code = domain.CodeSeatsExhausted
	}
	u, err := m.admin.Add(context.Background(), m.boss(), domain.NewPerson{FullName: "X", Email: p.name, Role: m.staff})
	if m.expect(err, code) {
		p.id = u.ID
		m.came(u.ID)
		m.people = append(m.people, p)
	}
}

func (m *model) activate(t *rapid.T) {
	m.t = t
	p := m.somebody()
	code := ""
	if p.status == domain.Inactive && m.held() >= m.limit {
		code = domain.CodeSeatsExhausted
	}
	_, err := m.admin.Activate(context.Background(), m.boss(), p.id, domain.IfMatch{})
	if m.expect(err, code) && p.status == domain.Inactive {
		p.suspended, p.seen, p.status = false, m.clock.Now(), domain.Pending
		if p.accepted {
			p.status = domain.Active
		}
	}
}

func (m *model) deactivate(t *rapid.T) {
	m.t = t
	p := m.somebody()
	code := ""
	if p.status != domain.Inactive && m.protected(p) {
		code = domain.CodeLastOwner
	}
	_, err := m.admin.Deactivate(context.Background(), m.boss(), p.id, domain.IfMatch{})
	if m.expect(err, code) && p.status != domain.Inactive {
		m.out(p)
		p.status, p.suspended = domain.Inactive, true
		m.freed()
	}
}

func (m *model) confirm(t *rapid.T) {
	m.t = t
	p := m.somebody()
	code := ""
	switch {
	case p.status == domain.Inactive:
		code = domain.CodeInvalidValue
	case p.waits:
		code = domain.CodeWaitingForSeat
	}
	_, err := m.admin.Confirm(context.Background(), m.boss(), p.id, domain.IfMatch{})
	if m.expect(err, code) && p.status == domain.Pending {
		p.status, p.accepted, p.seen = domain.Active, true, m.clock.Now()
	}
}

func (m *model) block(t *rapid.T) {
	m.t = t
	p := m.somebody()
	code := ""
	if m.protected(p) {
		code = domain.CodeLastOwner
	}
	if m.expect(m.admin.Block(context.Background(), m.boss(), p.id, domain.IfMatch{}), code) {
		p.blocked = true
	}
}

func (m *model) unblock(t *rapid.T) {
	m.t = t
	p := m.somebody()
	m.expect(m.admin.Unblock(context.Background(), m.boss(), p.id, domain.IfMatch{}), "")
	if p.blocked {
		p.blocked, p.seen = false, m.clock.Now()
	}
}

func (m *model) owner(t *rapid.T) {
	m.t = t
	p := m.somebody()
	if rapid.Bool().Draw(t, "make") {
		_, err := m.admin.MakeOwner(context.Background(), m.boss(), p.id, domain.IfMatch{})
		m.expect(err, "")
		p.owner = true
		return
	}
	code := ""
	if m.protected(p) {
		code = domain.CodeLastOwner
	}
	_, err := m.admin.UnmakeOwner(context.Background(), m.boss(), p.id, domain.IfMatch{})
	if m.expect(err, code) {
		p.owner = false
	}
}

func (m *model) end(t *rapid.T) {
	m.t = t
	p := m.somebody()
	day, code := "", ""
	if rapid.Bool().Draw(t, "ends") {
		day = "2999-12-31"
		if m.protected(p) {
			code = domain.CodeLastOwner
		}
	}
	_, err := m.admin.SetWindow(context.Background(), m.boss(), p.id, domain.WindowSpec{ValidUntil: day})
	if m.expect(err, code) {
		p.ends = day != ""
	}
}

func (m *model) seats(t *rapid.T) {
	m.t = t
	limit := rapid.IntRange(0, 7).Draw(t, "limit")
	code := ""
	if limit < m.held() {
		code = domain.CodeSeatsHeld
	}
	if m.expect(m.admin.SetSeats(context.Background(), m.boss(), full(limit)), code) {
		m.limit = limit
		m.freed()
	}
}

func (m *model) overflow(t *rapid.T) {
	m.t = t
	m.wait = rapid.Bool().Draw(t, "wait")
	_, err := m.admin.ChangePolicy(context.Background(), m.boss(), domain.IfMatch{}, func(p domain.Policy) (domain.Policy, error) {
		if p.SeatOverflow = domain.SeatOverflowRefuse; m.wait {
			p.SeatOverflow = domain.SeatOverflowWait
		}
		return p, nil
	})
	m.expect(err, "")
}

func (m *model) sweep(t *rapid.T) {
	m.t = t
	m.clock.Move(time.Duration(rapid.IntRange(1, 60).Draw(t, "days")) * 24 * time.Hour)
	report, err := m.installation().Sweep(context.Background(), m.tenant.Organisation.Slug, true, domain.SweepInactivity)
	m.expect(err, "")
	want := 0
	for _, p := range m.inOrder() {
		if p.gone || p.blocked || p.status != domain.Active || m.clock.Now().Sub(p.seen) < 90*24*time.Hour || m.protected(p) {
			continue
		}
		p.blocked = true
		want++
	}
	require.Equal(t, want, report.Blocked)
}

// accept lets somebody choose a password by the last invitation that they were sent.
func (m *model) accept(t *rapid.T) {
	m.t = t
	p := m.somebody()
	link, err := m.admin.Invitation(context.Background(), m.boss(), p.id)
	if err != nil {
		m.expect(err, domain.CodeNotFound)
		return
	}
	code := ""
	switch {
	case link.State != domain.LinkOpen:
		code = domain.CodeLinkNotGood
	case p.blocked:
		code = domain.CodeAccessRefused
	}
	token := storetest.Links().Token(m.org(), domain.LinkInvitation, link.ID)
	_, err = m.entrance.AcceptInvitation(context.Background(), token, goodPassword, domain.Visitor{})
	if m.expect(err, code) {
		require.Equal(t, domain.Pending, p.status, "an invitation stands open for who is pending only")
		p.status, p.accepted, p.seen, p.chose = domain.Active, true, m.clock.Now(), m.clock.Now()
	}
}

// signIn signs somebody in by the password that everybody chooses, if they have chosen one.
func (m *model) signIn(t *rapid.T) {
	m.t = t
	p := m.somebody()
	_, err := m.entrance.SignIn(context.Background(), m.org(), p.name, goodPassword, domain.Visitor{})
	switch {
	case p.chose.IsZero() || p.status == domain.Inactive:
		m.expect(err, domain.CodeSignInRefused)
	case p.blocked || p.status != domain.Active:
		m.expect(err, domain.CodeAccessRefused)
	default:
		m.expect(err, "")
		if m.clock.Now().Sub(p.chose) < 120*24*time.Hour { // else they have to choose another one before they are in
			p.seen = m.clock.Now()
		}
	}
}

// enqueue puts somebody into a queue.
func (m *model) enqueue(t *rapid.T) {
	m.t = t
	p := m.somebody()
	code := ""
	if p.status == domain.Inactive {
		code = domain.CodeInvalidValue
	}
	_, err := m.admin.Assign(context.Background(), m.boss(), p.id, domain.IfMatch{}, domain.AccessChange{Queues: &[]domain.QueueID{m.queue}})
	if m.expect(err, code) {
		p.queued = true
	}
}

// giveKey makes an API key of somebody.
func (m *model) giveKey(t *rapid.T) {
	m.t = t
	p := m.somebody()
	code := ""
	if p.status == domain.Inactive {
		code = domain.CodeInvalidValue
	}
	_, text, err := m.operator().CreateAPIKeyOf(context.Background(), m.tenant.Organisation.Slug, p.id.String(), keySpec(m.scene.T, "users:view"))
	if m.expect(err, code) {
		p.key = text
	}
}

// pass lets time go by, and every sweep that is due do its work; who is in stays in for less than an hour.
func (m *model) pass(t *rapid.T) {
	m.t = t
	m.clock.Move(time.Duration(rapid.IntRange(1, 59).Draw(t, "minutes")) * time.Minute)
	_, err := m.operator().Sweep(context.Background(), m.tenant.Organisation.Slug, true,
		domain.SweepWindows, domain.SweepLinks, domain.SweepSessions, domain.SweepSeats, domain.SweepPasswords, domain.SweepCredentials)
	m.expect(err, "")
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
		u, err := m.admin.User(context.Background(), m.boss(), p.id)
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
		if p.status == domain.Inactive {
			sessions, err := m.admin.Sessions(context.Background(), m.boss(), p.id)
			require.NoError(t, err)
			require.Empty(t, sessions, "%s is inactive and has a session", p.name)
		}
		access, err := m.admin.UserAccess(context.Background(), m.boss(), p.id)
		require.NoError(t, err)
		require.Equal(t, p.queued, len(access.Queues) > 0, "%s in a queue", p.name)
	}
	for _, key := range m.ended {
		_, err := m.presents(key)
		require.True(t, domain.IsKind(err, domain.Unauthenticated), "%v", err)
	}
	m.told()
	require.Positive(t, owners, "one owner remains who can sign in")
	usage, err := m.admin.Seats(context.Background(), m.boss())
	require.NoError(t, err)
	require.Equal(t, []domain.SeatUsage{{SeatPlan: full(m.limit), Held: m.held(), Waiting: len(m.line)}}, usage)
}

// told demands an event of a step that changed anything.
func (m *model) told() {
	var shown strings.Builder
	fmt.Fprint(&shown, m.limit, m.wait, len(m.line))
	for _, p := range m.people {
		fmt.Fprint(&shown, "\n", p.name, p.status, p.owner, p.accepted, p.queued, p.blocked, p.ends, p.gone, p.waits, p.chose, p.key)
	}
	is, events := shown.String(), len(m.scene.events())
	if is != m.last {
		require.Greater(m.t, events, m.events, "a change without an event")
	}
	m.last, m.events = is, events
}
