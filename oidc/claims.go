package oidc

import (
	"encoding/json"
	"math"
	"strings"
	"time"
)

// claims are what a token or the userinfo endpoint says, numbers as [json.Number].
type claims map[string]any

// at finds a claim by its name, or by a JSON pointer (RFC 6901) where it lies deeper: /realm_access/roles. Names of claims
// are often addresses, so a dot separates nothing.
func (c claims) at(name string) any {
	if v, found := c[name]; found || !strings.HasPrefix(name, "/") {
		return v
	}
	var v any = map[string]any(c)
	for part := range strings.SplitSeq(name[1:], "/") {
		inner, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		if v, ok = inner[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]; !ok {
			return nil
		}
	}
	return v
}

// text is a claim that is a text, or empty.
func (c claims) text(name string) string {
	v := c.at(name)
	s, _ := v.(string)
	if len(s) > maxText {
		return ""
	}
	return s
}

// yes reports whether a claim is true. Some providers send it as a text.
func (c claims) yes(name string) bool {
	v := c.at(name)
	is, _ := v.(bool)
	return is || v == "true"
}

// texts is a claim that is a text or a list of texts; whatever else is in the list is left out. It is cut after limit.
func (c claims) texts(name string, limit int) (list []string, cut bool) {
	v := c.at(name)
	if s, ok := v.(string); ok && s != "" {
		return []string{s}, false
	}
	items, _ := v.([]any)
	for _, item := range items {
		s, ok := item.(string)
		if !ok || s == "" || len(s) > maxText {
			continue
		}
		if len(list) == limit {
			return list, true
		}
		list = append(list, s)
	}
	return list, false
}

// instant is a claim of seconds since 1970 (NumericDate, RFC 7519 section 2).
func (c claims) instant(name string) (time.Time, bool) {
	v := c.at(name)
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	seconds, err := n.Float64()
	if err != nil || math.IsNaN(seconds) || math.Abs(seconds) > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}
