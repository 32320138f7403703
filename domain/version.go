package domain

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"strconv"
	"time"
)

// stateVersion makes a version of the instants that are all that can change of a noun: a number that differs where one
// of them does.
func stateVersion(instants ...time.Time) int64 {
	const prime, positive = 1_000_003, 1<<62 - 1
	version := int64(1)
	for _, at := range instants {
		version *= prime
		if !at.IsZero() {
			version += at.UnixMilli()
		}
	}
	return version & positive
}

// contentVersion makes a version of all that a noun without a counter says, in an order: a number that differs where the
// content does.
func contentVersion(texts ...string) int64 {
	sum := sha256.New()
	for _, text := range texts {
		_, _ = io.WriteString(sum, strconv.Itoa(len(text))+":"+text)
	}
	return int64(binary.BigEndian.Uint64(sum.Sum(nil)) >> 2) // 62 bits
}
