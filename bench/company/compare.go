package company

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// compare walks through two JSON values and tells every place where they differ. Lists are compared in their order.
func compare(path string, want, got any, differ func(path string, want, got any)) {
	switch want := want.(type) {
	case object:
		got, ok := got.(object)
		if !ok {
			differ(path, want, got)
			return
		}
		for key, wanted := range want {
			gotten, there := got[key]
			if !there {
				gotten = nothing{}
			}
			compare(inside(path, key), wanted, gotten, differ)
		}
		for key, gotten := range got {
			if _, has := want[key]; !has {
				differ(inside(path, key), nothing{}, gotten)
			}
		}
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			differ(path, want, got)
			return
		}
		for i := range want {
			compare(fmt.Sprintf("%s[%d]", path, i), want[i], got[i], differ)
		}
	default: // what can be compared: a list or an object on the other side is of another type
		if want != got {
			differ(path, want, got)
		}
	}
}

// inside is the path of a member of an object.
func inside(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// nothing stands for what is not there: which JSON's null is not.
type nothing struct{}

// differences collects what is not as it should be. It is used by many goroutines.
type differences struct {
	mu    sync.Mutex
	count int
	first []string
	most  int // of them that are kept; 0: 20
}

const defaultMost = 20

// add notes one: what was looked at, which field, what it should be and what it is.
func (d *differences) add(where, path string, want, got any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count++
	if len(d.first) < cmp.Or(d.most, defaultMost) {
		d.first = append(d.first, fmt.Sprintf("%s: %s should be %s, and is %s", where, path, brief(want), brief(got)))
	}
}

// at makes what compare wants, for one thing that is looked at.
func (d *differences) at(where string) func(path string, want, got any) {
	return func(path string, want, got any) { d.add(where, path, want, got) }
}

// brief writes a value for people, and no more of a long one than says what it is.
func brief(v any) string {
	if _, none := v.(nothing); none {
		return "absent"
	}
	const most = 300
	text := []rune(quote(v))
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}

// quote writes a value as JSON, letters and signs as they are.
func quote(v any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}
