package signin

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// counted counts the work of a request: comparisons of passwords, units of work and reads, and what each of them asks for.
type counted struct {
	domain.Store
	storetest.Passwords

	matches, writes atomic.Int64
	asked           []string // nouns, in order
}

func (c *counted) Matches(hash, password string) (bool, error) {
	c.matches.Add(1)
	return c.Passwords.Matches(hash, password)
}

func (c *counted) Read(ctx context.Context, fn func(domain.Tx) error) error {
	return c.Store.Read(ctx, c.noted("read", fn))
}

func (c *counted) Write(ctx context.Context, fn func(domain.Tx) error) error {
	c.writes.Add(1)
	return c.Store.Write(ctx, c.noted("write", fn))
}

// noted notes what a unit of work asks for, once, though the store may run it again.
func (c *counted) noted(what string, fn func(domain.Tx) error) func(domain.Tx) error {
	before := c.asked
	return func(tx domain.Tx) error {
		c.asked = append(slices.Clip(before), what)
		return fn(noting{tx, c})
	}
}

func (c *counted) restart() {
	c.matches.Store(0)
	c.writes.Store(0)
	c.asked = nil
}

// noting is a unit of work that notes which nouns are asked: a method of one is a statement.
type noting struct {
	domain.Tx

	by *counted
}

func (n noting) note(noun string) domain.Tx {
	n.by.asked = append(n.by.asked, noun)
	return n.Tx
}

func (n noting) Organisations() domain.Organisations { return n.note("organisations").Organisations() }
func (n noting) Connections() domain.Connections     { return n.note("connections").Connections() }
func (n noting) Users() domain.Users                 { return n.note("users").Users() }
func (n noting) Events() domain.Events               { return n.note("events").Events() }
func (n noting) Rates() domain.Rates                 { return n.note("rates").Rates() }
func (n noting) Assignments() domain.Assignments     { return n.note("assignments").Assignments() }
func (n noting) Policies() domain.Policies           { return n.note("policies").Policies() }
func (n noting) SignIns() domain.SignIns             { return n.note("sign-ins").SignIns() }
func (n noting) Links() domain.Links                 { return n.note("links").Links() }
func (n noting) Identities() domain.Identities       { return n.note("identities").Identities() }
func (n noting) ResetRequests() domain.ResetRequests { return n.note("reset requests").ResetRequests() }

// strangers are people in a test's organisation whom no stranger may tell from each other, nor from nobody.
func (b *browser) strangers() []string {
	b.Helper()
	b.member("ana@acme.test")
	gone := b.member("gone@acme.test")
	_, err := b.admin.Deactivate(b.Context(), b.boss(), gone.ID, domain.IfMatch{})
	require.NoError(b, err)
	b.invited("pending@acme.test")
	_, err = b.directory.Provision(b.Context(), b.tenant.Caller, storetest.Person("sso@acme.test", storetest.Emails("sso@acme.test")))
	require.NoError(b, err)
	return []string{"nobody@acme.test", "ana@acme.test", "gone@acme.test", "pending@acme.test", "sso@acme.test"}
}

// watched is a door whose work is counted.
func (b *browser) watched() (*Handler, *counted) {
	work := &counted{Store: b.store}
	env := b.clock.Environment()
	env.Passwords = work
	door := b.replica()
	door.Entrance = domain.NewEntrance(work, env, rand.Reader)
	return door, work
}

// Security 38 and 40: names nobody has, people who only come by single sign-on, people who are not here and wrong passwords
// have one answer, to the byte, and take the same work. Time is bench's to show; what takes it is counted here.
func TestSecurity40OneAnswer(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		names := b.strangers()
		door, work := b.watched()
		for _, secret := range []string{"a wrong password", "", "null", strings.Repeat("x", 256)} {
			var answer []string
			var spent [2]int64
			for i, name := range names {
				visitor := b.gate.browser()
				visitor.door = door
				visitor.get("/sign-in/" + b.slug())
				work.restart()
				got := visitor.post("/sign-in/"+b.slug(), "name", name, "password", secret)
				is, cost := shape(got), [2]int64{work.matches.Load(), work.writes.Load()}
				if i == 0 {
					answer, spent = is, cost
				}
				require.Equal(b, answer, is, name)
				require.Equal(b, spent, cost, "%s: comparisons and units of work", name)
			}
			b.clock.Move(time.Minute)
		}
	})
}

// Security 40: who asks for a new password is answered the same, after the same statements, whoever they are and however often
// they have asked; what becomes of it is done when they have their answer.
func TestSecurity40ResetIsAnsweredFirst(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		names := b.strangers()
		ana, err := b.entrance.SignIn(b.Context(), b.org(), "ana@acme.test", gatePassword, domain.Visitor{Address: "192.0.2.9"})
		require.NoError(b, err)
		door, work := b.watched()
		var answer, asked []string
		for _, settled := range []bool{false, true, true} {
			for _, name := range names {
				visitor := b.gate.browser()
				visitor.door = door
				visitor.get("/reset")
				work.restart()
				is := shape(visitor.post("/reset", "name", name, "organisation", b.slug()))
				if answer == nil {
					answer, asked = is, work.asked
				}
				require.Equal(b, answer, is, name)
				require.Equal(b, asked, work.asked, name)
				require.Zero(b, work.matches.Load(), name)
			}
			if settled {
				storetest.SendResets(b, b.store, b.org(), b.entrance)
			}
			b.clock.Move(time.Minute)
		}
		require.NotEmpty(b, b.letter(domain.User{ID: ana.Session.User}, domain.LinkReset))
	})
}
