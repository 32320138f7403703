// Package redact owns what is kept of the words of other servers, which may repeat what they were sent: one short line, and
// without what of ours is secret.
//
//	problem := redact.Line(answer.Error(), 300, password, token)
package redact

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Hidden stands for what was left out.
const Hidden = "(hidden)"

// part is how many characters of a secret in a row are left out: who repeats it may break it into lines.
const part = 8

// Line makes one line of at most so many characters of foreign text, in which none of the secrets is: as it is, quoted, escaped for
// an address, in hexadecimal, or in Base64, wherever in what is encoded it stands (so does a password within AUTH PLAIN or HTTP
// Basic). Of a secret that is longer than 8 characters no 8 in a row are left. What is not of UTF-8 is replaced.
func Line(text string, most int, secrets ...string) string {
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD")))
	text = without(text, secrets)
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most]) + "…"
	}
	return text
}

// without is a text with what is of secrets left out. Case does not count.
func without(text string, secrets []string) string {
	parts := map[string]bool{} // of equal lengths up to part
	lengths := map[int]bool{}
	for _, secret := range secrets {
		for _, form := range forms(secret) {
			form = lower(form)
			n := min(len(form), part)
			lengths[n] = true
			for i := range len(form) - n + 1 {
				parts[form[i:i+n]] = true
			}
		}
	}
	folded := lower(text)
	hidden := make([]bool, len(text))
	for n := range lengths {
		for i := range len(folded) - n + 1 {
			if parts[folded[i:i+n]] {
				for j := i; j < i+n; j++ {
					hidden[j] = true
				}
			}
		}
	}
	var kept strings.Builder
	for i := range len(text) {
		switch {
		case !hidden[i]:
			kept.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			kept.WriteString(Hidden)
		}
	}
	return strings.ToValidUTF8(kept.String(), "") // a part may begin within a character
}

// forms are how a secret may be written down.
func forms(secret string) []string {
	if secret == "" {
		return nil
	}
	quoted := strconv.Quote(secret)
	all := []string{secret, quoted[1 : len(quoted)-1], url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret))}
	for before := range 3 { // bytes, of the three that make four characters
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", before) + secret))
		first, last := (before*8+5)/6, (before+len(secret))*8/6 // those of nothing but the secret
		if first < last {
			all = append(all, encoded[first:last], strings.NewReplacer("+", "-", "/", "_").Replace(encoded[first:last]))
		}
	}
	return all
}

// lower folds letters of ASCII, so that nothing changes its place.
func lower(s string) string {
	folded := []byte(s)
	for i, c := range folded {
		if 'A' <= c && c <= 'Z' {
			folded[i] = c + ('a' - 'A')
		}
	}
	return string(folded)
}
