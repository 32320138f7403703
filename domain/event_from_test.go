package domain_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

const console = "console-1" // the operator's machine

// console is what the operator does on a machine that has a name.
func (s *scene) console() *domain.Installation {
	env := s.clock.Environment()
	env.Host = console
	return domain.NewInstallation(s.store, env, randomSource())
}

// Every event says from where it was done, by whichever door, and whose address that is; what Usher does by itself is done
// from nowhere.
func TestEventSaysFromWhere(t *testing.T) {
	t.Parallel()
	const from = "2001:db8::7"
	const byConnection, byOperator, bySystem, byPerson = "connection", "operator", "system", "user"
	nobody := domain.UserID{}
	type deed struct {
		of     domain.EventType // one of what happens; all of it says the same
		by     string
		from   string
		person domain.UserID
		do     func() error
	}
	each := storetest.Shared(t)
	for name, prepare := range map[string]func(s *visit) deed{
		"an administrator": func(s *visit) deed {
			u, who := s.provision("ana@acme.test"), s.boss()
			who.From = from
			return deed{domain.UserDeactivated, byPerson, from, domain.UserID{UUID: who.Actor.ID}, func() error {
				_, err := s.admin.Deactivate(s.Context(), who, u.ID, domain.IfMatch{})
				return err
			}}
		},
		"an administrator who tries a webhook": func(s *visit) deed {
			who := s.boss()
			who.From = from
			terms := domain.WebhookTerms{Seal: func(plain, _ []byte) ([]byte, error) { return plain, nil }}
			w, _, err := s.admin.CreateWebhook(s.Context(), who, terms, domain.WebhookSpec{URL: "https://crm.acme.test/hook"})
			require.NoError(s, err)
			return deed{domain.WebhookTested, byPerson, from, domain.UserID{UUID: who.Actor.ID}, func() error {
				_, err := s.admin.TestWebhook(s.Context(), who, w.ID)
				return err
			}}
		},
		"an API key of nobody": func(s *visit) deed {
			u, who := s.provision("ana@acme.test"), s.application("users:deactivate", "users:unblock")
			who.From = from
			return deed{domain.UserBlocked, domain.ActorAPIKey, from, nobody, func() error {
				return s.admin.Block(s.Context(), who, u.ID, domain.IfMatch{})
			}}
		},
		"an API key of somebody": func(s *visit) deed {
			u, owner := s.provision("ana@acme.test"), s.local("olga@acme.test")
			who := s.keyOf(owner, "users:deactivate", "users:unblock")
			who.From = from
			return deed{domain.UserBlocked, domain.ActorAPIKey, from, owner.ID, func() error {
				return s.admin.Block(s.Context(), who, u.ID, domain.IfMatch{})
			}}
		},
		"a directory": func(s *visit) deed {
			s.caller.From = from
			return deed{domain.UserCreated, byConnection, from, nobody, func() error { return s.tryProvision("ana@acme.test") }}
		},
		"a directory that is remembered": func(s *visit) deed {
			_, err := s.directory.Authenticate(s.Context(), s.tenant.Bearer)
			require.NoError(s, err)
			var known bool
			s.caller, known = s.directory.Recall(s.tenant.Bearer)
			require.True(s, known)
			s.caller.From = from
			return deed{domain.UserCreated, byConnection, from, nobody, func() error { return s.tryProvision("ana@acme.test") }}
		},
		"a client of a directory": func(s *visit) deed {
			c, secret, err := s.operator().CreateOAuthClient(s.Context(), s.tenant.Organisation.Slug, s.tenant.Connection.Name, domain.OAuthClientSpec{})
			require.NoError(s, err)
			return deed{domain.TokenCreated, byConnection, from, nobody, func() error {
				_, _, err := domain.NewOAuth(s.store, s.clock.Environment(), randomSource()).Token(s.Context(), c.ID.String(), secret, domain.Visitor{Address: from})
				return err
			}}
		},
		"somebody who signs in": func(s *visit) deed {
			u := s.member("ana@acme.test")
			s.from.Address = from
			return deed{domain.SignedInEvent, byPerson, from, u.ID, func() error {
				_, err := s.signIn("ana@acme.test", goodPassword)
				return err
			}}
		},
		"somebody who guesses": func(s *visit) deed {
			s.member("ana@acme.test")
			s.from.Address = from
			for range 5 {
				_, err := s.signIn("ana@acme.test", wrongPassword)
				require.Error(s, err)
			}
			return deed{domain.UserBlocked, bySystem, from, nobody, func() error {
				_, err := s.signIn("ana@acme.test", wrongPassword)
				require.Error(s, err)
				return nil
			}}
		},
		"somebody whom their provider moves": func(s *visit) deed { // which gives another one their seat
			p := s.provider("idp")
			s.settings(p, func(set *domain.ProviderSettings) { set.JustInTime, set.AppliesGroups = true, true })
			s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
			s.setSeats(domain.SeatPlan{Licence: domain.LicenceFull, Limit: 1})
			s.setSeats(domain.SeatPlan{Licence: "simulator", Unlimited: true})
			s.mapped(s.declared(p.connection.ID, "trainees", "Trainees").ID, 10, domain.MappingGrants{Licence: "simulator"})
			ana := s.comes(p, "ana")
			s.provision("waits@acme.test")
			s.from.Address = from
			return deed{domain.SeatAssigned, byConnection, from, ana, func() error {
				s.comes(p, "ana", "trainees")
				return nil
			}}
		},
		"the operator": func(s *visit) deed {
			return deed{domain.ConnectionDisabled, byOperator, console, nobody, func() error {
				_, err := s.console().DisableConnection(s.Context(), s.tenant.Organisation.Slug, s.tenant.Connection.Name)
				return err
			}}
		},
		"the operator with seats": func(s *visit) deed {
			return deed{domain.SeatsChanged, byOperator, console, nobody, func() error {
				_, err := s.console().SetSeats(s.Context(), s.tenant.Organisation.Slug, []domain.SeatPlan{{Licence: domain.LicenceFull, Limit: 9}})
				return err
			}}
		},
		"the operator in the place of an administrator": func(s *visit) deed {
			return deed{domain.ApplicationCreated, byOperator, console, nobody, func() error {
				_, err := s.console().CreateApplication(s.Context(), s.tenant.Organisation.Slug, domain.ApplicationSpec{Name: "CRM", Origins: []string{"https://crm.acme.test"}})
				return err
			}}
		},
		"a sweep": func(s *visit) deed {
			s.came(s.provision("ana@acme.test").ID)
			s.clock.Move(100 * 24 * time.Hour)
			return deed{domain.UserBlocked, bySystem, "", nobody, func() error {
				_, err := s.console().Sweep(s.Context(), s.tenant.Organisation.Slug, false, domain.SweepInactivity)
				return err
			}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, store *persistence.Store) {
				s := newVisit(newScene(t, store, -1))
				d := prepare(s)
				made := s.eventsSince(func() { require.NoError(s, d.do()) })
				require.Contains(s, eventTypes(made), d.of)
				for _, e := range made {
					require.Equal(s, []any{d.from, d.person}, []any{e.From, e.Person}, e.Type)
					require.True(s, e.Type != d.of || e.Actor.Kind == d.by, "%s by %s", e.Type, e.Actor.Kind)
				}
			})
		})
	}
}

// keyOf is who a new key of somebody is, who is granted what it permits.
func (s *scene) keyOf(u domain.User, permissions ...string) domain.Administrator {
	s.Helper()
	s.assign(u.ID, domain.AccessChange{Granted: new(permitted(permissions...))})
	_, text, err := s.operator().CreateAPIKeyOf(s.Context(), s.tenant.Organisation.Slug, u.ID.String(), keySpec(s, permissions...))
	require.NoError(s, err)
	who, err := s.presents(text)
	require.NoError(s, err)
	return who
}

// purgeFromWhere: of somebody who is purged, no event says from where they acted, and none about them says anything any more;
// the events stay, and say from where others acted.
func purgeFromWhere(s *visit) {
	const theirs, others = "203.0.113.66", "203.0.113.99"
	eva := s.provision("eva@acme.test")
	s.from.Address = theirs
	ana := s.member("ana@acme.test")
	who := s.boss()
	who.Actor.ID, who.From = ana.ID.UUID, theirs
	require.NoError(s, s.admin.Block(s.Context(), who, eva.ID, domain.IfMatch{}))
	_, err := s.admin.OpenReview(s.Context(), who) // what has no person for its subject
	require.NoError(s, err)
	key := s.keyOf(s.found(ana.ID), "users:deactivate", "users:unblock")
	key.From = theirs
	require.NoError(s, s.admin.Unblock(s.Context(), key, eva.ID, domain.IfMatch{}))
	boss := s.boss()
	boss.From = others
	require.NoError(s, s.admin.Block(s.Context(), boss, eva.ID, domain.IfMatch{}))
	require.NoError(s, s.admin.Block(s.Context(), boss, ana.ID, domain.IfMatch{}))
	before := s.events()
	require.NoError(s, s.admin.Delete(s.Context(), boss, ana.ID, domain.IfMatch{}))
	require.NoError(s, s.admin.Purge(s.Context(), boss, ana.ID))
	s.nowhere(theirs)
	after := s.events()
	var stays []domain.EventType
	for i, was := range before {
		is := after[i]
		require.Equal(s, []any{was.ID, was.Type, was.Actor, was.Subject, was.RequestID, was.At}, []any{is.ID, is.Type, is.Actor, is.Subject, is.RequestID, is.At})
		switch {
		case was.Subject == ana.ID.UUID:
			require.Equal(s, domain.Event{}, domain.Event{From: is.From, Person: is.Person, Before: is.Before, After: is.After}, is.Type)
		case was.From == theirs:
			require.Equal(s, []any{was.After, "", domain.UserID{}}, []any{is.After, is.From, is.Person}, is.Type)
			stays = append(stays, is.Type)
		default:
			require.Equal(s, was, is)
		}
	}
	require.ElementsMatch(s, []domain.EventType{domain.UserBlocked, domain.UserUnblocked, domain.ReviewOpened, domain.ReviewMade}, stays)
	require.Equal(s, others, after[len(before)-2].From, "what somebody else did to another one")
}
