package persistence

import "time"

// millis is an instant as it is stored: milliseconds since 1970; the zero time is NULL.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// instant is the reverse, for a column scanned into a pointer or COALESCEd to 0.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// millisPointer is millis for GORM's models.
func millisPointer(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

func instantPointer(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return instant(*ms)
}

// textOrNull stores an empty text as NULL.
func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
