package domain_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
	"usher/persistence/storetest"
)

// The steps that the model takes (see model_test.go): each is done to the store, and to the model as the rules say, with the
// events that the rules make of it.

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
		if m.of(p, domain.UserCreated); p.suspended {
			m.of(p, domain.SuspensionKept)
		}
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
			m.of(p, domain.UserDeactivated)
			m.leavesQueues(p)
			m.out(p)
		}
		p.status = domain.Inactive
	case p.status == domain.Inactive && p.suspended:
		m.of(p, domain.SuspensionKept)
	case p.status == domain.Inactive:
		if code = m.enters(p); code == "" {
			m.of(p, domain.UserActivated)
		}
	}
	_, err := m.tryChange(p.id, storetest.Setting(storetest.Truth("active", active)))
	m.expectOf(p, err, code)
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
	if m.expectOf(p, err, code) {
		p.gone = true
		m.of(p, domain.UserDeleted)
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
		p.id, p.invited = u.ID, m.clock.Now()
		m.came(u.ID)
		m.people = append(m.people, p)
		m.of(p, domain.UserCreated, domain.UserAccessChanged, domain.UserInvited)
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
		p.suspended, p.status = false, domain.Pending
		if p.accepted {
			p.status = domain.Active
		}
		m.restarts(p)
		m.of(p, domain.UserActivated)
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
	if m.expectOf(p, err, code) && p.status != domain.Inactive {
		m.of(p, domain.UserDeactivated)
		m.leavesQueues(p)
		m.out(p)
		p.status, p.suspended = domain.Inactive, true
		m.freed()
	} else if code == "" && !p.suspended {
		m.of(p, domain.SuspensionBegan)
		p.suspended = true
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
		m.comesIn(p)
		m.of(p, domain.UserConfirmed)
		m.over(p)
	}
}

func (m *model) block(t *rapid.T) {
	m.t = t
	p := m.somebody()
	code := ""
	if m.protected(p) {
		code = domain.CodeLastOwner
	}
	if m.expectOf(p, m.admin.Block(context.Background(), m.boss(), p.id, domain.IfMatch{}), code) && !p.byHand {
		p.blocked, p.byHand = true, true
		m.of(p, domain.UserBlocked)
	}
}

func (m *model) unblock(t *rapid.T) {
	m.t = t
	p := m.somebody()
	m.expect(m.admin.Unblock(context.Background(), m.boss(), p.id, domain.IfMatch{}), "")
	if p.blocked {
		p.blocked, p.byHand = false, false
		m.restarts(p)
		m.of(p, domain.UserUnblocked)
	}
}

func (m *model) owner(t *rapid.T) {
	m.t = t
	p := m.somebody()
	if rapid.Bool().Draw(t, "make") {
		_, err := m.admin.MakeOwner(context.Background(), m.boss(), p.id, domain.IfMatch{})
		m.expect(err, "")
		if !p.owner {
			m.of(p, domain.OwnerMade)
		}
		p.owner = true
		return
	}
	code := ""
	if m.protected(p) {
		code = domain.CodeLastOwner
	}
	_, err := m.admin.UnmakeOwner(context.Background(), m.boss(), p.id, domain.IfMatch{})
	if m.expectOf(p, err, code) && p.owner {
		p.owner = false
		m.of(p, domain.OwnerUnmade)
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
	_, err := m.admin.SetWindow(context.Background(), m.boss(), p.id, domain.IfMatch{}, domain.WindowSpec{ValidUntil: day})
	if m.expectOf(p, err, code) && p.ends != (day != "") {
		p.ends = day != ""
		m.of(p, domain.AccessWindowChanged)
	}
}

func (m *model) seats(t *rapid.T) {
	m.t = t
	limit := rapid.IntRange(0, 7).Draw(t, "limit")
	code := ""
	if limit < m.held() {
		code = domain.CodeSeatsHeld
	}
	if m.expect(m.admin.SetSeats(context.Background(), m.boss(), domain.IfMatch{}, full(limit)), code) {
		if limit != m.limit {
			m.says(domain.SeatsChanged, m.org().UUID)
		}
		m.limit = limit
		m.freed()
	}
}

func (m *model) overflow(t *rapid.T) {
	m.t = t
	wait := rapid.Bool().Draw(t, "wait")
	if wait != m.wait {
		m.says(domain.PolicyChanged, m.org().UUID)
	}
	m.wait = wait
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
		idle := m.clock.Now().Sub(p.seen)
		switch {
		case p.gone || p.blocked || p.status != domain.Active || idle < modelInactivity-modelWarning:
		case idle < modelInactivity:
			if !p.warned {
				p.warned = true
				m.of(p, domain.InactivityWarned)
			}
		case m.protected(p):
			m.of(p, domain.OwnerProtected)
		default:
			p.blocked = true
			want++
			m.of(p, domain.UserBlocked)
		}
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
		m.comesIn(p)
		p.chose, p.aging, p.invited = m.clock.Now(), false, time.Time{}
		p.sessions = append(p.sessions, m.clock.Now())
		m.of(p, domain.UserInvitationAccepted, domain.SignedInEvent)
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
		p.sessions = append(p.sessions, m.clock.Now())
		if m.clock.Now().Sub(p.chose) < modelPassword { // else they have to choose another one before they are in
			m.restarts(p)
			m.of(p, domain.SignedInEvent)
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
	if m.expect(err, code) && !p.queued {
		p.queued = true
		m.of(p, domain.UserAccessChanged)
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
	key, text, err := m.operator().CreateAPIKeyOf(context.Background(), m.tenant.Organisation.Slug, p.id.String(), keySpec(m.scene.T, "users:view"))
	if m.expect(err, code) {
		p.keys = append(p.keys, modelKey{key.ID, text})
		m.says(domain.APIKeyCreated, key.ID.UUID)
	}
}

// pass lets time go by, and every sweep that is due do its work.
func (m *model) pass(t *rapid.T) {
	m.t = t
	m.clock.Move(time.Duration(rapid.IntRange(1, 59).Draw(t, "minutes")) * time.Minute)
	_, err := m.operator().Sweep(context.Background(), m.tenant.Organisation.Slug, true,
		domain.SweepWindows, domain.SweepLinks, domain.SweepSessions, domain.SweepSeats, domain.SweepPasswords, domain.SweepCredentials)
	m.expect(err, "")
	now := m.clock.Now()
	for _, p := range m.people {
		if !p.invited.IsZero() && now.Sub(p.invited) >= modelInvitation {
			m.over(p)
		}
		p.sessions = slices.DeleteFunc(p.sessions, func(began time.Time) bool {
			over := now.Sub(began) >= modelIdle // nobody uses one
			if over {
				m.of(p, domain.SessionEnded)
			}
			return over
		})
		if !p.gone && p.status == domain.Active && !p.chose.IsZero() && !p.aging && now.Sub(p.chose) >= modelPassword-modelWarning {
			p.aging = true
			m.of(p, domain.PasswordExpiring)
		}
	}
}

// leavesQueues is told where somebody who is out was in a queue.
func (m *model) leavesQueues(p *modelPerson) {
	if p.queued {
		m.of(p, domain.UserAccessChanged)
	}
}
