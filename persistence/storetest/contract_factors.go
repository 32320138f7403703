package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

func devices(t *testing.T, store *persistence.Store) {
	_, u := doorstep(t, store)
	org := u.Organisation
	at := time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)
	device := func(after time.Duration) domain.Device {
		d := domain.Device{
			ID: domain.DeviceID{UUID: newUUID(t)}, Organisation: org, User: u.ID, Hash: hash(t), Agent: "Firefox", CreatedAt: at.Add(after), ExpiresAt: at.Add(after + time.Hour),
		}
		write(t, store, func(tx domain.Tx) error { return tx.Devices().Insert(d) })
		return d
	}
	a, b := device(0), device(time.Minute)
	list := func(now time.Time) []domain.Device {
		return reading(t, store, func(tx domain.Tx) ([]domain.Device, error) { return tx.Devices().List(org, u.ID, now) })
	}
	known := func(user domain.UserID, now time.Time) bool {
		return reading(t, store, func(tx domain.Tx) (bool, error) { return tx.Devices().Known(org, user, a.Hash, now) })
	}
	require.Equal(t, []domain.Device{b, a}, list(at))
	require.Equal(t, []domain.Device{b}, list(a.ExpiresAt))
	require.Equal(t, []bool{true, false, false}, []bool{
		known(u.ID, at), known(u.ID, a.ExpiresAt), known(domain.UserID{UUID: newUUID(t)}, at),
	})
	forget := func() error {
		return writing(store, func(tx domain.Tx) error { return tx.Devices().Forget(org, u.ID, a.ID) })
	}
	require.NoError(t, forget())
	Gone(t, forget())
	var n int
	write(t, store, func(tx domain.Tx) (err error) {
		n, err = tx.Devices().ForgetAll(org, u.ID)
		return err
	})
	require.Equal(t, 1, n)
	require.Empty(t, list(at))
	db := Raw(t, store)
	rows := func() int {
		return Count(t, db, "SELECT count(*) FROM devices WHERE organisation_id = $1", org.String())
	}
	device(0)
	device(time.Hour - time.Millisecond)
	require.Equal(t, 2, rows())
	device(time.Hour)
	require.Equal(t, 2, rows(), "who remembers another forgets what has expired")
}

func secondFactors(t *testing.T, store *persistence.Store) {
	_, u := doorstep(t, store)
	org := u.Organisation
	list := func() []domain.SecondFactor {
		return reading(t, store, func(tx domain.Tx) ([]domain.SecondFactor, error) { return tx.SecondFactors().List(org, u.ID) })
	}
	f := domain.SecondFactor{Organisation: org, User: u.ID, Kind: "totp", Sealed: []byte{1, 2}}
	write(t, store, func(tx domain.Tx) error { return tx.SecondFactors().Put(f) })
	require.Equal(t, []domain.SecondFactor{f}, list())
	f.Sealed, f.ConfirmedAt = []byte{3}, time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)
	write(t, store, func(tx domain.Tx) error { return tx.SecondFactors().Put(f) })
	require.Equal(t, []domain.SecondFactor{f}, list())
	use := func(step int64) error {
		return writing(store, func(tx domain.Tx) error { return tx.SecondFactors().Use(f, step) })
	}
	require.NoError(t, use(7))
	f.Step = 7
	require.Equal(t, []domain.SecondFactor{f}, list())
	for _, used := range []int64{7, 6} {
		stale(t, store, func(tx domain.Tx) error { return tx.SecondFactors().Use(f, used) })
	}
	require.NoError(t, use(8))
	var n int
	for _, want := range []int{1, 0} {
		write(t, store, func(tx domain.Tx) (err error) {
			n, err = tx.SecondFactors().Remove(org, u.ID)
			return err
		})
		require.Equal(t, want, n)
	}
	require.Empty(t, list())
}

func recoveryCodes(t *testing.T, store *persistence.Store) {
	_, u := doorstep(t, store)
	org, stranger := u.Organisation, domain.UserID{UUID: newUUID(t)}
	at := time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)
	left := func() (n int, made time.Time) {
		require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
			n, made, err = tx.RecoveryCodes().Left(org, u.ID)
			return err
		}))
		return n, made
	}
	use := func(user domain.UserID, hash domain.TokenHash) (used bool) {
		write(t, store, func(tx domain.Tx) (err error) {
			used, err = tx.RecoveryCodes().Use(org, user, hash)
			return err
		})
		return used
	}
	n, made := left()
	require.Zero(t, n)
	require.Zero(t, made)
	old, codes := []domain.TokenHash{hash(t)}, []domain.TokenHash{hash(t), hash(t), hash(t)}
	for _, set := range [][]domain.TokenHash{old, codes} {
		write(t, store, func(tx domain.Tx) error { return tx.RecoveryCodes().Replace(org, u.ID, set, at) })
	}
	n, made = left()
	require.Equal(t, 3, n)
	require.Equal(t, at, made)
	require.Equal(t, []bool{false, false, true, false}, []bool{use(u.ID, old[0]), use(stranger, codes[0]), use(u.ID, codes[0]), use(u.ID, codes[0])})
	for _, want := range []int{2, 0} {
		var n int
		write(t, store, func(tx domain.Tx) (err error) {
			n, err = tx.RecoveryCodes().Remove(org, u.ID)
			return err
		})
		require.Equal(t, want, n)
	}
}

func passkeys(t *testing.T, store *persistence.Store) {
	_, u := doorstep(t, store)
	org, stranger := u.Organisation, domain.UserID{UUID: newUUID(t)}
	at := time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)
	passkey := func(after time.Duration) domain.Passkey {
		k := domain.Passkey{
			ID: domain.PasskeyID{UUID: newUUID(t)}, Organisation: org, User: u.ID, Credential: []byte{0, byte(after / time.Minute)}, PublicKey: []byte{1, 0},
			Flags: 0xff, Transports: []string{"usb", "nfc"}, Signatures: 1<<32 - 2, Name: "It's one", CreatedAt: at.Add(after),
		}
		write(t, store, func(tx domain.Tx) error { return tx.Passkeys().Insert(k) })
		return k
	}
	a, b := passkey(0), passkey(time.Minute)
	list := func() []domain.Passkey {
		return reading(t, store, func(tx domain.Tx) ([]domain.Passkey, error) { return tx.Passkeys().List(org, u.ID) })
	}
	find := func(user domain.UserID, credential []byte) (domain.Passkey, error) {
		return tryReading(store, func(tx domain.Tx) (domain.Passkey, error) { return tx.Passkeys().ByCredential(org, user, credential) })
	}
	require.Equal(t, []domain.Passkey{b, a}, list())
	found, err := find(u.ID, a.Credential)
	require.NoError(t, err)
	require.Equal(t, a, found)
	for _, lookup := range []func() (domain.Passkey, error){
		func() (domain.Passkey, error) { return find(stranger, a.Credential) }, func() (domain.Passkey, error) { return find(u.ID, []byte{9}) },
	} {
		_, err := lookup()
		Gone(t, err)
	}
	twin := a
	twin.ID.UUID = newUUID(t)
	Refused(t, writing(store, func(tx domain.Tx) error { return tx.Passkeys().Insert(twin) }), domain.Conflict, domain.CodePasskeyTaken)

	use := func(tx domain.Tx) error { return tx.Passkeys().Use(a, 5, 1<<32-1, at.Add(time.Hour)) }
	write(t, store, use)
	used := a
	used.Flags, used.Signatures, used.UsedAt = 5, 1<<32-1, at.Add(time.Hour)
	require.Equal(t, []domain.Passkey{b, used}, list())
	stale(t, store, use)

	remove := func(user domain.UserID) error {
		return writing(store, func(tx domain.Tx) error { return tx.Passkeys().Remove(org, user, a.ID) })
	}
	Gone(t, remove(stranger))
	require.NoError(t, remove(u.ID))
	Gone(t, remove(u.ID))
	for _, want := range []int{1, 0} {
		var n int
		write(t, store, func(tx domain.Tx) (err error) {
			n, err = tx.Passkeys().RemoveAll(org, u.ID)
			return err
		})
		require.Equal(t, want, n)
	}
}
