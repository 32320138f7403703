package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

func draftWebhook(t testing.TB, org domain.OrganisationID, at time.Time) domain.Webhook {
	t.Helper()
	return domain.Webhook{
		ID: domain.WebhookID{UUID: newUUID(t)}, Organisation: org, URL: "https://app.acme.test/?a=b", Description: "Zäh", Version: 1,
		CreatedAt: at, ModifiedAt: at, SealedSecret: []byte{0, 1, 0xff},
	}
}

func draftEvent(t testing.TB, org domain.OrganisationID, subject uuid.UUID) domain.Event {
	t.Helper()
	return domain.Event{
		ID: domain.EventID{UUID: newUUID(t)}, Organisation: org, Type: domain.TeamCreated, Actor: domain.ActorOperator(), SubjectKind: "team",
		Subject: subject, RequestID: "r", At: time.Now().UTC().Truncate(time.Millisecond),
	}
}

// fillDelivery gives an organisation a row in each table of what leaves the house.
func fillDelivery(t testing.TB, tx domain.Tx, org domain.OrganisationID, user domain.UserID) error {
	t.Helper()
	now := time.Now()
	w := draftWebhook(t, org, now)
	if err := tx.Webhooks().Insert(w); err != nil {
		return err
	}
	d := domain.Delivery{Organisation: org, Webhook: w.ID, Event: domain.EventID{UUID: newUUID(t)}, Type: domain.UserCreated, Subject: user.UUID, CreatedAt: now}
	if err := tx.Deliveries().Queue([]domain.Delivery{d}, false, now); err != nil {
		return err
	}
	if err := tx.Letters().Queue(domain.Letter{ID: domain.LetterID{UUID: newUUID(t)}, Organisation: org, Kind: domain.LetterBlocked, User: user, Event: d.Event, State: domain.DeliveryQueued, DueAt: now.Add(time.Hour), CreatedAt: now}); err != nil {
		return err
	}
	_, _, err := tx.Cursors().Claim(org)
	return err
}

func webhooks(t *testing.T, store *persistence.Store) {
	tenant, at := OwnTenant(t, store, -1), time.Date(2026, 3, 1, 1, 2, 3, 4e6, time.UTC)
	other := NewTenant(t, store, Slug(t)+"-2", -1)
	org := tenant.Organisation.ID
	first, second := draftWebhook(t, org, at), draftWebhook(t, org, at)
	second.Types = []domain.EventType{domain.UserCreated, domain.UserUpdated}
	second.DisabledAt, second.DisabledReason, second.FailingSince = at.Add(time.Second), domain.StoppedByGone, at
	second.SealedFormer, second.FormerUntil = []byte{7}, at.Add(time.Hour)
	for _, w := range []domain.Webhook{first, second} {
		write(t, store, func(tx domain.Tx) error { return tx.Webhooks().Insert(w) })
	}
	get := func(org domain.OrganisationID, id domain.WebhookID) (domain.Webhook, error) {
		return tryReading(store, func(tx domain.Tx) (domain.Webhook, error) { return tx.Webhooks().Get(org, id) })
	}
	list := func() []domain.Webhook {
		return reading(t, store, func(tx domain.Tx) ([]domain.Webhook, error) { return tx.Webhooks().List(org) })
	}
	require.Equal(t, []domain.Webhook{first, second}, list())
	_, err := get(other.Organisation.ID, first.ID)
	Gone(t, err)

	is := second
	is.URL, is.Description, is.Types, is.Version, is.ModifiedAt = "https://b.acme.test/", "", nil, 2, at.Add(time.Minute)
	is.DisabledAt, is.DisabledReason, is.FailingSince, is.SealedSecret, is.SealedFormer, is.FormerUntil = time.Time{}, "", time.Time{}, []byte{9}, nil, time.Time{}
	write(t, store, func(tx domain.Tx) error { return tx.Webhooks().Save(second, is) })
	got, err := get(org, is.ID)
	require.NoError(t, err)
	require.Equal(t, is, got)
	Refused(t, writing(store, func(tx domain.Tx) error { return tx.Webhooks().Save(second, is) }), domain.Unavailable, domain.CodeUnavailable)
	write(t, store, func(tx domain.Tx) error { return tx.Webhooks().Failing(org, is.ID, at) })
	got, err = get(org, is.ID)
	require.NoError(t, err)
	require.Equal(t, at, got.FailingSince)

	r := domain.Replay{After: domain.EventPosition{Commit: 3, ID: domain.EventID{UUID: newUUID(t)}}, Until: domain.EventPosition{Commit: 9}}
	replaying := func() bool {
		return slices.Contains(reading(t, store, func(tx domain.Tx) ([]domain.WebhookRef, error) { return tx.Webhooks().Replaying(1000) }),
			domain.WebhookRef{Organisation: org, ID: first.ID})
	}
	require.False(t, replaying())
	write(t, store, func(tx domain.Tx) error { return tx.Webhooks().Replay(org, first.ID, r) })
	require.True(t, replaying())
	write(t, store, func(tx domain.Tx) error {
		found, claimed, err := tx.Webhooks().ClaimReplay(org, first.ID)
		require.True(t, claimed)
		require.Equal(t, r, found)
		_, claimed, _ = tx.Webhooks().ClaimReplay(org, is.ID)
		require.False(t, claimed, "there is nothing")
		return err
	})
	write(t, store, func(tx domain.Tx) error { return tx.Webhooks().Replay(org, first.ID, domain.Replay{}) })
	require.False(t, replaying())

	require.Error(t, writing(store, func(tx domain.Tx) error { return tx.Webhooks().Delete(second) }), "of another version")
	write(t, store, func(tx domain.Tx) error { return tx.Webhooks().Delete(is) })
	require.Equal(t, []domain.Webhook{first}, list())
}

func deliveries(t *testing.T, store *persistence.Store) {
	tenant, now := OwnTenant(t, store, -1), time.Now().UTC().Truncate(time.Millisecond)
	org := tenant.Organisation.ID
	w, other := draftWebhook(t, org, now), draftWebhook(t, org, now)
	write(t, store, func(tx domain.Tx) error {
		if err := tx.Webhooks().Insert(w); err != nil {
			return err
		}
		return tx.Webhooks().Insert(other)
	})
	ana, ben := newUUID(t), newUUID(t)
	at := func(commit int64, subject uuid.UUID) domain.Delivery {
		id := domain.EventID{UUID: newUUID(t)}
		return domain.Delivery{
			Organisation: org, Webhook: w.ID, Event: id, Position: domain.EventPosition{Commit: commit, ID: id}, Type: domain.UserUpdated,
			Subject: subject, State: domain.DeliveryQueued, CreatedAt: now,
		}
	}
	late, early, bens := at(12, ana), at(10, ana), at(11, ben)
	elsewhere := at(13, ana)
	elsewhere.Webhook = other.ID
	all := []domain.Delivery{late, early, bens, elsewhere}
	queue := func(list []domain.Delivery, again bool, due time.Time) {
		write(t, store, func(tx domain.Tx) error { return tx.Deliveries().Queue(list, again, due) })
	}
	queue(all, false, now)
	queue(all, false, now.Add(time.Hour)) // which changes nothing
	lane := func(d domain.Delivery, due time.Time) domain.Lane {
		return domain.Lane{Organisation: org, Webhook: d.Webhook, Subject: d.Subject, DueAt: due}
	}
	due := func(at time.Time, without ...domain.WebhookID) []domain.Lane {
		found := reading(t, store, func(tx domain.Tx) ([]domain.Lane, error) { return tx.Deliveries().Due(at, without, 10_000) })
		found = slices.DeleteFunc(found, func(l domain.Lane) bool { return l.Organisation != org })
		slices.SortFunc(found, func(a, b domain.Lane) int {
			if c := bytes.Compare(a.Webhook.UUID[:], b.Webhook.UUID[:]); c != 0 {
				return c
			}
			return bytes.Compare(a.Subject[:], b.Subject[:])
		})
		return found
	}
	anas := lane(early, now)
	require.Equal(t, []domain.Lane{anas, lane(bens, now), lane(elsewhere, now)}, due(now))
	require.Equal(t, []domain.Lane{lane(elsewhere, now)}, due(now, w.ID))
	require.Empty(t, due(now.Add(-time.Millisecond)))
	head := func(l domain.Lane) (d domain.Delivery, found bool) {
		require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
			d, found, err = tx.Deliveries().Head(l)
			return err
		}))
		return d, found
	}
	first, found := head(anas)
	require.True(t, found)
	require.Equal(t, early, first)

	take := func(l domain.Lane) (taken bool) {
		write(t, store, func(tx domain.Tx) (err error) {
			taken, err = tx.Deliveries().Take(l, now.Add(time.Minute))
			return err
		})
		return taken
	}
	require.True(t, take(anas))
	require.False(t, take(anas), "another was faster")
	require.Len(t, due(now), 2)
	write(t, store, func(tx domain.Tx) error {
		at, found, err := tx.Deliveries().Hold(anas)
		require.True(t, found)
		require.Equal(t, now.Add(time.Minute), at)
		return err
	})
	first.State, first.Attempts, first.FirstAt, first.LastAt, first.Status, first.DoneAt = domain.DeliveryDelivered, 2, now, now.Add(time.Second), 204, now.Add(time.Second)
	write(t, store, func(tx domain.Tx) error { return tx.Deliveries().Settle(first) })
	again := first
	again.State, again.Problem = domain.DeliveryFailed, "too late"
	write(t, store, func(tx domain.Tx) error { return tx.Deliveries().Settle(again) }) // what is done stays so
	next, _ := head(anas)
	require.Equal(t, late, next)
	list := func(state domain.DeliveryState, after domain.EventPosition, limit int) []domain.Delivery {
		return reading(t, store, func(tx domain.Tx) ([]domain.Delivery, error) {
			return tx.Deliveries().List(org, w.ID, state, after, limit)
		})
	}
	require.Equal(t, []domain.Delivery{late, bens, first}, list("", domain.EventPosition{}, 10))
	require.Equal(t, []domain.Delivery{bens}, list("", late.Position, 1))
	require.Equal(t, []domain.Delivery{first}, list(domain.DeliveryDelivered, domain.EventPosition{}, 10))

	write(t, store, func(tx domain.Tx) error { return tx.Deliveries().Stop(org, w.ID) })
	require.Equal(t, []domain.Lane{lane(elsewhere, now)}, due(now.Add(time.Hour)))
	write(t, store, func(tx domain.Tx) error { return tx.Deliveries().Resume(org, w.ID, now.Add(time.Second)) })
	require.Equal(t, []domain.Lane{lane(late, now.Add(time.Second)), lane(bens, now.Add(time.Second)), lane(elsewhere, now)}, due(now.Add(time.Hour)))
	write(t, store, func(tx domain.Tx) error {
		if err := tx.Deliveries().Move(lane(bens, now), now.Add(2*time.Second)); err != nil {
			return err
		}
		return tx.Deliveries().Close(lane(late, now))
	})
	require.Equal(t, []domain.Lane{lane(bens, now.Add(2*time.Second)), lane(elsewhere, now)}, due(now.Add(time.Hour)))

	queue([]domain.Delivery{early}, true, now) // sent again, from the beginning
	require.Equal(t, []domain.Delivery{late, bens, early}, list(domain.DeliveryQueued, domain.EventPosition{}, 10))
	write(t, store, func(tx domain.Tx) error { return tx.Deliveries().Settle(first) })
	n, oldest := 0, time.Time{}
	require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
		n, oldest, err = tx.Deliveries().Backlog()
		return err
	}))
	require.GreaterOrEqual(t, n, 3)
	require.False(t, oldest.After(now))
	write(t, store, func(tx domain.Tx) error {
		_, err := tx.Deliveries().Prune(first.DoneAt, 1000)
		return err
	})
	require.Len(t, list("", domain.EventPosition{}, 10), 3, "not before its time")
	write(t, store, func(tx domain.Tx) error {
		n, err := tx.Deliveries().Prune(first.DoneAt.Add(time.Millisecond), 1000)
		require.Positive(t, n)
		return err
	})
	require.Equal(t, []domain.Delivery{late, bens}, list("", domain.EventPosition{}, 10))
	write(t, store, func(tx domain.Tx) error { return tx.Webhooks().Delete(w) })
	require.Equal(t, []domain.Lane{lane(elsewhere, now)}, due(now.Add(time.Hour)), "the deliveries go with their webhook")
}

func letters(t *testing.T, store *persistence.Store) {
	tenant, now := OwnTenant(t, store, -1), time.Now().UTC().Truncate(time.Millisecond)
	org := tenant.Organisation.ID
	l := domain.Letter{
		ID: domain.LetterID{UUID: newUUID(t)}, Organisation: org, Kind: domain.LetterBlocked, User: domain.UserID{UUID: newUUID(t)},
		Event: domain.EventID{UUID: newUUID(t)}, State: domain.DeliveryQueued, DueAt: now, CreatedAt: now,
	}
	second := l
	second.ID, second.DueAt = domain.LetterID{UUID: newUUID(t)}, now.Add(time.Second)
	for _, l := range []domain.Letter{second, l, l} {
		write(t, store, func(tx domain.Tx) error { return tx.Letters().Queue(l) })
	}
	dueAtMost := func(at time.Time, limit int) []domain.Letter {
		return reading(t, store, func(tx domain.Tx) ([]domain.Letter, error) { return tx.Letters().Due(org, at, limit) })
	}
	due := func(at time.Time) []domain.Letter { return dueAtMost(at, 10_000) }
	require.Equal(t, []domain.Letter{l, second}, due(now.Add(time.Second)))
	require.Equal(t, []domain.Letter{l}, due(now))
	lettersWaiting(t, store, l)
	awaited := second
	awaited.ID, awaited.Kind, awaited.DueAt = domain.LetterID{UUID: newUUID(t)}, domain.LetterReset, now.Add(2*time.Second)
	write(t, store, func(tx domain.Tx) error { return tx.Letters().Queue(awaited) })
	require.Equal(t, []domain.Letter{l, second}, due(now.Add(time.Second)))
	require.Equal(t, []domain.Letter{awaited, l, second}, due(now.Add(2*time.Second)), "somebody waits for it")
	require.Equal(t, []domain.Letter{awaited, l}, dueAtMost(now.Add(time.Minute), 2))
	require.Equal(t, []domain.Letter{awaited}, dueAtMost(now.Add(time.Minute), 1))
	awaited.State, awaited.DoneAt = domain.DeliveryDelivered, now.Add(3*time.Second)
	write(t, store, func(tx domain.Tx) error { return tx.Letters().Settle(awaited) })
	take := func() (taken bool) {
		write(t, store, func(tx domain.Tx) (err error) {
			taken, err = tx.Letters().Take(l, now.Add(time.Minute))
			return err
		})
		return taken
	}
	require.True(t, take())
	require.False(t, take(), "another was faster")
	l.Attempts, l.DueAt = 1, now.Add(time.Minute)
	require.Equal(t, []domain.Letter{second, l}, due(now.Add(time.Minute)))
	l.State, l.DoneAt, l.Problem = domain.DeliveryFailed, now.Add(time.Second), "550 nobody"
	write(t, store, func(tx domain.Tx) error { return tx.Letters().Settle(l) })
	late := l
	late.State = domain.DeliveryDelivered
	write(t, store, func(tx domain.Tx) error { return tx.Letters().Settle(late) })
	list := func() []domain.Letter {
		return reading(t, store, func(tx domain.Tx) ([]domain.Letter, error) { return tx.Letters().List(org, 10) })
	}
	require.ElementsMatch(t, []domain.Letter{l, second, awaited}, list())
	write(t, store, func(tx domain.Tx) error {
		_, err := tx.Letters().Prune(awaited.DoneAt.Add(time.Millisecond), 1000)
		return err
	})
	require.Equal(t, []domain.Letter{second}, list())
}

// lettersWaiting: organisations with something due are found, each once, in order and some at a time.
func lettersWaiting(t *testing.T, store *persistence.Store, like domain.Letter) {
	orgs := []domain.OrganisationID{like.Organisation}
	for i := range 3 {
		org := NewTenant(t, store, fmt.Sprintf("%.50s-%d", Slug(t), i), -1).Organisation.ID
		orgs = append(orgs, org)
		for range 2 {
			l := like
			l.ID, l.Organisation, l.Kind = domain.LetterID{UUID: newUUID(t)}, org, []domain.LetterKind{domain.LetterReset, domain.LetterBlocked, domain.LetterInvitation}[i]
			l.DueAt = like.DueAt.Add(time.Duration(i) * time.Second)
			write(t, store, func(tx domain.Tx) error { return tx.Letters().Queue(l) })
		}
	}
	waiting := func(at time.Time) (found []domain.OrganisationID) {
		const step = 2
		after := domain.OrganisationID{}
		for {
			page := reading(t, store, func(tx domain.Tx) ([]domain.OrganisationID, error) { return tx.Letters().Waiting(at, after, step) })
			found = append(found, page...)
			if len(page) < step {
				break
			}
			after = page[step-1]
		}
		require.True(t, slices.IsSortedFunc(found, func(a, b domain.OrganisationID) int { return strings.Compare(a.String(), b.String()) }))
		return slices.DeleteFunc(found, func(org domain.OrganisationID) bool { return !slices.Contains(orgs, org) })
	}
	require.ElementsMatch(t, orgs[:2], waiting(like.DueAt))
	require.ElementsMatch(t, orgs, waiting(like.DueAt.Add(time.Minute)))
	require.Empty(t, waiting(like.DueAt.Add(-time.Millisecond)))
}

func cursors(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	org := tenant.Organisation.ID
	add := func() domain.Event {
		e := draftEvent(t, org, newUUID(t))
		write(t, store, func(tx domain.Tx) error { return tx.Events().Append(e) })
		return e
	}
	behind := func() bool {
		return slices.Contains(reading(t, store, func(tx domain.Tx) ([]domain.OrganisationID, error) { return tx.Cursors().Behind() }), org)
	}
	var upTo int64
	// fresh waits, on PostgreSQL, for whatever else the server does.
	fresh := func() {
		t.Helper()
		deadline := time.Now().Add(time.Minute)
		for since := upTo; ; {
			var orgs []domain.OrganisationID
			require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
				orgs, upTo, err = tx.Cursors().Fresh(since)
				return err
			}))
			require.GreaterOrEqual(t, upTo, since)
			if slices.Contains(orgs, org) {
				return
			}
			require.True(t, time.Now().Before(deadline))
		}
	}
	require.False(t, behind())
	first := add()
	require.True(t, behind())
	fresh()
	claim := func() (at domain.EventPosition) {
		write(t, store, func(tx domain.Tx) error {
			got, claimed, err := tx.Cursors().Claim(org)
			require.True(t, claimed)
			at = got
			return err
		})
		return at
	}
	require.Zero(t, claim())
	position := reading(t, store, func(tx domain.Tx) (domain.EventPosition, error) { return tx.Events().Position(org, first.ID) })
	require.Equal(t, first.ID, position.ID)
	move := func(at domain.EventPosition) {
		write(t, store, func(tx domain.Tx) error { return tx.Cursors().Move(org, at) })
	}
	move(domain.EventPosition{Commit: position.Commit})
	require.True(t, behind(), "just before it")
	move(position)
	require.False(t, behind())
	require.Equal(t, position, claim())
	require.Equal(t, position, reading(t, store, func(tx domain.Tx) (domain.EventPosition, error) { return tx.Cursors().At(org) }))
	second := add()
	require.True(t, behind())
	fresh()

	got := reading(t, store, func(tx domain.Tx) (domain.Event, error) { return tx.Events().Get(org, second.ID) })
	require.Equal(t, second, got)
	other := NewTenant(t, store, Slug(t)+"-2", -1).Organisation.ID
	_, err := tryReading(store, func(tx domain.Tx) (domain.Event, error) { return tx.Events().Get(other, second.ID) })
	Gone(t, err)
	_, err = tryReading(store, func(tx domain.Tx) (domain.EventPosition, error) { return tx.Events().Position(other, second.ID) })
	Gone(t, err)

	// On PostgreSQL others see at once that an organisation is claimed, and do not wait.
	write(t, store, func(tx domain.Tx) error {
		_, claimed, err := tx.Cursors().Claim(org)
		require.True(t, claimed)
		if err == nil && store.Stat().Kind == "postgres" {
			err = store.Write(t.Context(), func(tx domain.Tx) error {
				_, claimed, err := tx.Cursors().Claim(org)
				require.False(t, claimed)
				return err
			})
		}
		return err
	})
}
