package filter

import (
	"strings"
	"time"
)

// ParseTime reads an xsd:dateTime (RFC 7643 section 2.3.5) of the years 0000 to 9999: with a zone or without one (UTC
// then), with any number of fractional digits (nine are kept), with midnight also as 24:00:00. A plus sign that became
// a space on its way through a URL is read as the plus sign.
func ParseTime(text string) (time.Time, bool) {
	const layout = "2006-01-02T15:04:05"
	if len(text) < len(layout) || !shaped(text[:len(layout)], layout) {
		return time.Time{}, false
	}
	clock, rest := text[:len(layout)], text[len(layout):]
	fraction := ""
	if strings.HasPrefix(rest, ".") {
		digits := len(rest) - len(strings.TrimLeft(rest[1:], "0123456789"))
		if digits == 1 {
			return time.Time{}, false
		}
		fraction, rest = rest[:min(digits, 10)], rest[digits:]
	}
	zone := rest
	switch {
	case zone == "":
		zone = "Z"
	case len(zone) == 6 && shaped(zone[1:], "00:00") && (zone[0] == '+' || zone[0] == '-' || zone[0] == ' '):
		zone = strings.Replace(zone, " ", "+", 1)
	case zone != "Z":
		return time.Time{}, false
	}
	day := time.Duration(0)
	if strings.HasSuffix(clock, "T24:00:00") && strings.Trim(fraction, ".0") == "" {
		clock, day = clock[:10]+"T00:00:00", 24*time.Hour
	}
	t, err := time.Parse(time.RFC3339Nano, clock+fraction+zone)
	return t.Add(day), err == nil
}

// shaped reports whether s has digits where the pattern has them and the same characters elsewhere.
func shaped(s, pattern string) bool {
	for i := range len(pattern) {
		isDigit := '0' <= s[i] && s[i] <= '9'
		if wantDigit := '0' <= pattern[i] && pattern[i] <= '9'; wantDigit != isDigit || !wantDigit && s[i] != pattern[i] {
			return false
		}
	}
	return true
}
