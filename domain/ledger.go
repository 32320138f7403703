package domain

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Ledger counts, in memory, what happens too often to be written down each time: refusals, habits put right, and when
// a token was last used. Flush writes it down; whoever runs the process calls that every second and at the end. A crash
// loses the last second of counts, and nothing that anybody relies on.
//
// It is bounded: whatever is sent, at most [MaxCounted] different things are kept between two flushes (and beyond that
// one Other per connection and kind).
type Ledger struct {
	store Store
	env   Environment

	mu      sync.Mutex
	tallies map[tallyKey]*Tally
	uses    map[TokenHash]use       // since the last flush
	written map[TokenHash]time.Time // the minute that the store knows, while it lasts
}

type tallyKey struct {
	organisation OrganisationID
	connection   ConnectionID
	kind         TallyKind
	what         string
}

type use struct {
	organisation OrganisationID
	token        TokenHash
	minute       time.Time
	key          bool // an API key, not a directory token
}

// Bounds of the ledger.
const (
	MaxCounted  = 4096 // different things between two flushes
	maxWhat     = 200  // characters of what is counted
	maxDetail   = 500  // characters of its detail
	ledgerBatch = 256  // entries in one unit of work, so that nobody waits long for it
)

// NewLedger makes an empty ledger over a store.
func NewLedger(store Store, env Environment) *Ledger {
	return &Ledger{
		store: store, env: env,
		tallies: map[tallyKey]*Tally{}, uses: map[TokenHash]use{}, written: map[TokenHash]time.Time{},
	}
}

// Count notes that something happened on a caller's connection: what names it, detail is what the directory was told.
// Neither may hold a secret or a filter value.
func (l *Ledger) Count(caller Caller, kind TallyKind, what, detail string) {
	now := l.env.instant()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(Tally{
		Organisation: caller.Organisation, Connection: caller.Connection, Kind: kind, What: storable(what, maxWhat),
		Count: 1, FirstAt: now, LastAt: now, Detail: storable(detail, maxDetail), RequestID: caller.RequestID,
	})
}

// add counts t with what is there. l.mu is held.
func (l *Ledger) add(t Tally) {
	key := tallyKey{t.Organisation, t.Connection, t.Kind, t.What}
	known := l.tallies[key]
	if known == nil && len(l.tallies) >= MaxCounted {
		t.What, key.what = Other, Other
		known = l.tallies[key]
	}
	if known == nil {
		l.tallies[key] = &t
		return
	}
	known.Count += t.Count
	if t.FirstAt.Before(known.FirstAt) {
		known.FirstAt = t.FirstAt
	}
	if !t.LastAt.Before(known.LastAt) {
		known.LastAt, known.Detail, known.RequestID = t.LastAt, t.Detail, t.RequestID
	}
}

// Used notes that a caller's token was used. What is written down is the minute, once.
func (l *Ledger) Used(caller Caller) {
	l.used(use{organisation: caller.Organisation, token: caller.Token})
}

// UsedKey notes that an administrator's API key was used, likewise.
func (l *Ledger) UsedKey(who Administrator) {
	if who.credential != (TokenHash{}) {
		l.used(use{organisation: who.Organisation, token: who.credential, key: true})
	}
}

func (l *Ledger) used(u use) {
	u.minute = l.env.instant().Truncate(time.Minute)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.written[u.token].Equal(u.minute) {
		l.uses[u.token] = u
	}
}

// write writes it down.
func (u use) write(tx Tx) error {
	if u.key {
		return tx.APIKeys().Used(u.organisation, u.token, u.minute)
	}
	return tx.Tokens().Used(u.organisation, u.token, u.minute)
}

// Flush writes down what was counted since the last time, and says why that failed. While the store is Unavailable the
// counts are kept for the next time, within the bound.
func (l *Ledger) Flush(ctx context.Context) error {
	tallies, uses := l.take()
	var failed []error
	for batch := range slices.Chunk(tallies, ledgerBatch) {
		err := l.store.Write(ctx, func(tx Tx) error {
			for _, t := range batch {
				if err := tx.Tallies().Add(t); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			failed = append(failed, err)
			l.giveBack(batch, err)
		}
	}
	for batch := range slices.Chunk(uses, ledgerBatch) {
		err := l.store.Write(ctx, func(tx Tx) error {
			for _, u := range batch {
				if err := u.write(tx); err != nil && !IsKind(err, NotFound) {
					return err
				}
			}
			return nil
		})
		if err != nil {
			failed = append(failed, err)
			l.forget(batch)
		}
	}
	return errors.Join(failed...)
}

// take empties the ledger. What it held comes in one order on all replicas, so that their flushes do not lock each
// other out.
func (l *Ledger) take() (tallies []Tally, uses []use) {
	now := l.env.instant()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.tallies {
		tallies = append(tallies, *t)
	}
	for _, u := range l.uses {
		uses = append(uses, u)
	}
	for token, minute := range l.written {
		if now.Sub(minute) > time.Minute {
			delete(l.written, token)
		}
	}
	for _, u := range uses {
		l.written[u.token] = u.minute
	}
	clear(l.tallies)
	clear(l.uses)
	slices.SortFunc(tallies, func(a, b Tally) int {
		return cmp.Or(
			bytes.Compare(a.Organisation.UUID[:], b.Organisation.UUID[:]), bytes.Compare(a.Connection.UUID[:], b.Connection.UUID[:]),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.What, b.What))
	})
	slices.SortFunc(uses, func(a, b use) int { return bytes.Compare(a.token[:], b.token[:]) })
	return tallies, uses
}

// giveBack keeps counts that could not be written. Those that the store refuses for another reason than being away
// are lost: they would be refused for ever.
func (l *Ledger) giveBack(tallies []Tally, err error) {
	if !IsKind(err, Unavailable) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range tallies {
		l.add(t)
	}
}

// forget makes the next use of tokens noted again.
func (l *Ledger) forget(uses []use) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, u := range uses {
		delete(l.written, u.token)
	}
}

// storable makes a text one that both databases take: valid UTF-8 without NUL, of at most so many characters.
func storable(s string, limit int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit])
}
