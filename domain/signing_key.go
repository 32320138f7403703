package domain

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// SigningKey is a key pair by which this installation signs assertions for applications. Every replica signs with the same
// ones, and an application finds the public halves in the key set.
type SigningKey struct {
	Organisation OrganisationID // [OfInstallation] for those that every organisation's assertions are signed with
	Algorithm    string         // EdDSA or ES256
	Generation   int64          // 1 is the first of the algorithm
	ID           string         // kid
	Public       []byte         // SubjectPublicKeyInfo, DER
	Sealed       []byte         // PKCS #8, encrypted
	CreatedAt    time.Time
	UsedFrom     time.Time // it signs from then on, and until the next generation does
}

// OfInstallation stands where a row belongs to no organisation but to the whole installation. It is a UUID of version 8
// (RFC 9562 section 5.8), which no organisation gets.
func OfInstallation() OrganisationID {
	return OrganisationID{UUID: uuid.UUID{6: 0x80, 8: 0x80}}
}

// SigningKeys is the store of signing keys.
type SigningKeys interface {
	// List gives all, by algorithm and generation.
	List(org OrganisationID) ([]SigningKey, error)
	// Insert adds one, unless its generation is there already: then nothing happens.
	Insert(k SigningKey) error
	// Delete removes a generation.
	Delete(org OrganisationID, algorithm string, generation int64) error
}

// How a signing key lives. It is published for a day before it signs, so that whoever remembers the key set knows it by
// then, and for a day after the next one has begun, which is much longer than an assertion holds.
const (
	SigningKeyPeriod    = 30 * 24 * time.Hour
	SigningKeyAnnounced = 24 * time.Hour
	SigningKeyKept      = 24 * time.Hour
)

// SigningAlgorithms are those of which there is always a key.
func SigningAlgorithms() []string { return []string{"ES256", "EdDSA"} }

// MakeSigningKey makes a key pair for an algorithm, sealed for its generation: adapter oidc/assertion implements it.
type MakeSigningKey func(algorithm string, generation int64) (id string, public, sealed []byte, err error)

// SigningKeys gives the installation's keys that are published, by algorithm and generation, and rotates those whose time
// has come first. Any number of replicas may do so at the same moment: each generation comes into being once, and all
// answer the same keys.
func (in *Installation) SigningKeys(ctx context.Context, maker MakeSigningKey) ([]SigningKey, error) {
	whole := OfInstallation()
	list := func() (keys []SigningKey, err error) {
		err = in.store.Read(ctx, func(tx Tx) (err error) {
			keys, err = tx.SigningKeys().List(whole)
			return err
		})
		return keys, err
	}
	keys, err := list()
	if err != nil {
		return nil, err
	}
	fresh, old := dueSigningKeys(keys, in.env.instant())
	if len(fresh) == 0 && len(old) == 0 {
		return keys, nil
	}
	for i := range fresh {
		k := &fresh[i]
		if k.ID, k.Public, k.Sealed, err = maker(k.Algorithm, k.Generation); err != nil {
			return nil, err
		}
	}
	err = in.store.Write(ctx, func(tx Tx) error {
		for _, k := range old {
			if err := tx.SigningKeys().Delete(whole, k.Algorithm, k.Generation); err != nil {
				return err
			}
		}
		for _, k := range fresh {
			if err := tx.SigningKeys().Insert(k); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list() // another replica's keys, where it was faster
}

// dueSigningKeys says which generations are to be made, and which have been of no use for long enough.
func dueSigningKeys(keys []SigningKey, now time.Time) (fresh, old []SigningKey) {
	for _, algorithm := range SigningAlgorithms() {
		var newest SigningKey
		for _, k := range keys {
			if k.Algorithm != algorithm {
				continue
			}
			if newest.Generation > 0 && !now.Before(k.UsedFrom.Add(SigningKeyKept)) {
				old = append(old, newest)
			}
			newest = k
		}
		next := SigningKey{Organisation: OfInstallation(), Algorithm: algorithm, Generation: newest.Generation + 1, CreatedAt: now, UsedFrom: now}
		if newest.Generation > 0 {
			next.UsedFrom = now.Add(SigningKeyAnnounced)
			if due := newest.UsedFrom.Add(SigningKeyPeriod); due.After(next.UsedFrom) {
				next.UsedFrom = due
			}
			if now.Before(newest.UsedFrom.Add(SigningKeyPeriod - SigningKeyAnnounced)) {
				continue
			}
		}
		fresh = append(fresh, next)
	}
	return fresh, old
}
