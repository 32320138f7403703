package delivery_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/delivery"
	"usher/domain"
	"usher/persistence/storetest"
)

type refusal struct{}

func (refusal) Error() string { return "550 no such mailbox" }
func (refusal) Final() bool   { return true }

// Security 50: while the mail server is down letters wait, a worker that is killed after sending has another send the same
// letter again, and what the server refuses for good is given up with an event.
func TestSecurity50Letters(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		ana, err := s.directory.Provision(s.Context(), s.tenant.Caller, storetest.Person("ana@acme.test", storetest.Emails("ana@acme.test"), storetest.Text("preferredLanguage", "es-ES")))
		require.NoError(s, err)
		var sent []domain.Envelope
		var answer error
		courier := func(store domain.Store, after func()) *delivery.Courier {
			return delivery.New(delivery.Config{
				Outbox: domain.NewOutbox(store, s.clock.Environment()), Log: slog.New(slog.DiscardHandler), Now: s.clock.Now,
				Letters: func(_ context.Context, e domain.Envelope) error {
					sent = append(sent, e)
					after()
					return answer
				},
			})
		}
		well := courier(s.store, func() {})
		letters := func() (list []domain.Letter) {
			require.NoError(s, s.store.Read(s.Context(), func(tx domain.Tx) (err error) {
				list, err = tx.Letters().List(s.tenant.Organisation.ID, 10)
				return err
			}))
			return list
		}
		queued := func(n int) {
			deadline := time.Now().Add(time.Minute)
			for len(letters()) < n {
				_, err := well.PassOn(s.Context())
				require.NoError(s, err)
				require.True(s, time.Now().Before(deadline))
			}
		}
		round := func(c *delivery.Courier) { _, _ = c.SendLetters(s.Context()) }

		require.NoError(s, s.administration.Block(s.Context(), s.who, ana.ID, domain.IfMatch{}))
		queued(1)
		answer = errors.New("connection refused")
		round(well)
		round(well)
		require.Len(s, sent, 1, "it waits before the next attempt")
		require.Equal(s, domain.DeliveryQueued, letters()[0].State)
		s.clock.Move(time.Hour)
		answer = nil
		store := &mortal{Store: s.store}
		round(courier(store, func() { store.dead.Store(true) }))
		require.Len(s, sent, 2)
		round(well)
		require.Len(s, sent, 2, "it is under a lease")
		s.clock.Move(domain.Lease)
		round(well)
		require.Len(s, sent, 3)
		require.Equal(s, sent[1].Letter.ID, sent[2].Letter.ID)
		require.Equal(s, domain.DeliveryDelivered, letters()[0].State)
		require.Equal(s, []string{"ana@acme.test", "es-ES", ""}, []string{sent[2].Address, sent[2].Language, sent[2].Fallback})
		require.Equal(s, "administrator", sent[2].Event.After.Get("reason").Text())
		round(well)
		require.Len(s, sent, 3)

		spanish := domain.LanguageSpanish
		_, err = s.administration.ChangeAppearance(s.Context(), s.who, domain.IfMatch{}, domain.AppearanceChange{Language: &spanish})
		require.NoError(s, err)
		require.NoError(s, s.administration.Unblock(s.Context(), s.who, ana.ID, domain.IfMatch{}))
		queued(2)
		answer = refusal{}
		round(well)
		s.clock.Move(time.Hour)
		round(well)
		require.Len(s, sent, 4, "it is given up at once")
		require.Equal(s, domain.LanguageSpanish, sent[3].Fallback, "the organisation's")
		var failed []domain.Event
		require.NoError(s, s.store.Read(s.Context(), func(tx domain.Tx) error {
			list, err := tx.Events().List(s.tenant.Organisation.ID, domain.EventID{}, 100)
			for _, e := range list {
				if e.Type == domain.LetterFailed {
					failed = append(failed, e)
				}
			}
			return err
		}))
		require.Len(s, failed, 1)
		require.Equal(s, ana.ID.UUID, failed[0].Subject)
		require.Equal(s, "550 no such mailbox", failed[0].After.Get("problem").Text())
		storetest.Consistent(s, s.store, s.tenant.Organisation.ID)
	})
}

// What a mail server says is kept as one short line that any database takes, and without the link of the letter: one that
// could not be written down would have the letter sent for ever.
func TestSecurity43WhatMailServersSay(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		role, err := s.administration.CreateRole(s.Context(), s.who, domain.RoleSpec{Name: "Agent", Sees: domain.SeesAll})
		require.NoError(s, err)
		_, err = s.administration.Add(s.Context(), s.who, domain.NewPerson{FullName: "Ana", Email: "ana@acme.test", Role: role.ID})
		require.NoError(s, err)
		var sent domain.Envelope
		courier := delivery.New(delivery.Config{
			Outbox: domain.NewOutbox(s.store, s.clock.Environment()), Log: slog.New(slog.DiscardHandler), Now: s.clock.Now,
			Letters: func(_ context.Context, e domain.Envelope) error {
				sent = e
				return errors.New("554 no\r\n\x00\xff \u202Ehere: /invitation/" + e.Token + " " + strings.Repeat("é", 1000))
			},
		})
		var kept []domain.Letter
		for deadline := time.Now().Add(time.Minute); sent.Token == ""; {
			_, err := courier.PassOn(s.Context())
			require.NoError(s, err)
			_, err = courier.SendLetters(s.Context())
			require.NoError(s, err)
			require.True(s, time.Now().Before(deadline))
		}
		require.NoError(s, s.store.Read(s.Context(), func(tx domain.Tx) (err error) {
			kept, err = tx.Letters().List(s.tenant.Organisation.ID, 10)
			return err
		}))
		require.Len(s, kept, 1)
		beginning := "554 no   \uFFFD  here: /invitation/(hidden) "
		require.Equal(s, beginning+strings.Repeat("é", 300-utf8.RuneCountInString(beginning))+"…", kept[0].Problem)
	})
}

// A passkey that seems to have been copied is told of to whose it is, what ends to the owners.
func TestLettersGoTo(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		org := s.tenant.Organisation.ID
		ana := storetest.Account(s, s.store, s.tenant, "ana@acme.test", nil)
		owner := storetest.Account(s, s.store, s.tenant, "owner@acme.test", func(u *domain.User) { u.Owner = true })
		type told struct {
			Kind domain.LetterKind
			User domain.UserID
		}
		var want []told
		for _, c := range []struct {
			event domain.EventType
			told
		}{
			{domain.PasskeyCopied, told{domain.LetterPasskeyCopied, ana.ID}},
			{domain.TokenExpiring, told{domain.LetterCredential, owner.ID}},
			{domain.OAuthClientExpiring, told{domain.LetterCredential, owner.ID}},
			{domain.APIKeyExpiring, told{domain.LetterCredential, owner.ID}},
		} {
			want = append(want, c.told)
			id, err := uuid.NewV7()
			require.NoError(s, err)
			require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
				return tx.Events().Append(domain.Event{
					ID: domain.EventID{UUID: id}, Organisation: org, Type: c.event, Actor: domain.ActorSystem(), SubjectKind: "user", Subject: ana.ID.UUID, At: s.clock.Now(),
				})
			}))
		}
		courier := delivery.New(delivery.Config{
			Outbox: domain.NewOutbox(s.store, s.clock.Environment()), Log: slog.New(slog.DiscardHandler), Now: s.clock.Now,
			Letters: func(context.Context, domain.Envelope) error { return nil },
		})
		var got []told
		for deadline := time.Now().Add(time.Minute); len(got) < len(want); {
			_, err := courier.PassOn(s.Context())
			require.NoError(s, err)
			got = nil
			require.NoError(s, s.store.Read(s.Context(), func(tx domain.Tx) error {
				list, err := tx.Letters().List(org, 10)
				for _, l := range list {
					got = append(got, told{l.Kind, l.User})
				}
				return err
			}))
			require.True(s, time.Now().Before(deadline), "%d letters came", len(got))
		}
		require.ElementsMatch(s, want, got)
	})
}

// A mailing of one organisation keeps neither another's letters waiting nor the one that somebody of its own has asked for, and
// a mail server that is slow with one has the others meanwhile.
func TestLettersTakeTurns(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		const mailing = 90
		other := storetest.NewTenant(s, s.store, "beta", -1).Organisation.ID
		now := s.clock.Now()
		queue := func(org domain.OrganisationID, kind domain.LetterKind, n int) {
			for range n {
				now = now.Add(time.Millisecond)
				l := domain.Letter{
					ID: domain.LetterID{UUID: uuid.New()}, Organisation: org, Kind: kind, User: domain.UserID{UUID: uuid.New()},
					Event: domain.EventID{UUID: uuid.New()}, State: domain.DeliveryQueued, DueAt: now, CreatedAt: now,
				}
				require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error { return tx.Letters().Queue(l) }))
			}
		}
		org := s.tenant.Organisation.ID
		queue(org, domain.LetterInvitation, mailing)
		queue(org, domain.LetterReset, 1)
		queue(other, domain.LetterInvitation, 1)
		s.clock.Move(time.Minute)
		courier := delivery.New(delivery.Config{
			Outbox: domain.NewOutbox(s.store, s.clock.Environment()), Log: slog.New(slog.DiscardHandler), Now: s.clock.Now,
		})
		left := func(org domain.OrganisationID) (kinds map[domain.LetterKind]int) {
			kinds = map[domain.LetterKind]int{}
			require.NoError(s, s.store.Read(s.Context(), func(tx domain.Tx) error {
				list, err := tx.Letters().List(org, 1000)
				for _, l := range list {
					if l.State == domain.DeliveryQueued {
						kinds[l.Kind]++
					}
				}
				return err
			}))
			return kinds
		}
		for _, still := range []int{mailing - 38, mailing - 78, 0} { // forty in a round, two of them the others
			worked, err := courier.SendLetters(s.Context())
			require.NoError(s, err)
			require.Equal(s, still > 0, worked, "there is more")
			require.Empty(s, left(other))
			require.Zero(s, left(org)[domain.LetterReset])
			require.Equal(s, still, left(org)[domain.LetterInvitation])
		}
	})
}
