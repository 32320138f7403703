package attribute

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold is the key under which two strings that differ only by case are one: Unicode NFKC, full case folding, NFKC
// again. It is computed here for both databases, since their own lower() handles ASCII only.
func Fold(s string) string {
	if lower, ok := foldASCII(s); ok {
		return lower
	}
	return norm.NFKC.String(strings.Map(foldCherokee, cases.Fold().String(norm.NFKC.String(s))))
}

// foldCherokee folds small letters to capitals, which is the direction of this one script (Unicode, CaseFolding.txt):
// package cases exchanges the two.
func foldCherokee(r rune) rune {
	switch {
	case 'ꭰ' <= r && r <= 'ꮿ':
		return r - 'ꭰ' + 'Ꭰ'
	case 'ᏸ' <= r && r <= 'ᏽ':
		return r - 'ᏸ' + 'Ᏸ'
	}
	return r
}

// foldASCII folds a string of ASCII only, without allocation where nothing changes.
func foldASCII(s string) (string, bool) {
	upper := false
	for i := range len(s) {
		c := s[i]
		if c >= 0x80 {
			return "", false
		}
		if 'A' <= c && c <= 'Z' {
			upper = true
		}
	}
	if !upper {
		return s, true
	}
	return strings.ToLower(s), true
}

// EqualName compares attribute names and schema URNs, which are ASCII, without case (RFC 7643 section 2.1).
func EqualName(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if 'A' <= x && x <= 'Z' {
			x += 'a' - 'A'
		}
		if 'A' <= y && y <= 'Z' {
			y += 'a' - 'A'
		}
		if x != y {
			return false
		}
	}
	return true
}
