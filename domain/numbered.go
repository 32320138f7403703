package domain

import "strconv"

// numbered puts a number before what it counts, for sentences that people read: "1 record", "3 records".
func numbered(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + more
}
