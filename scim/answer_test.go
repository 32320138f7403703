package scim_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"
)

// is requires a status.
func (a answer) is(status int) answer {
	a.t.Helper()
	require.Equal(a.t, status, a.status, "%s %s", a.text, a.log)
	return a
}

// refused requires an error of this status and scimType with the body of RFC 7644 section 3.12.
func (a answer) refused(status int, scimType string) answer {
	a.t.Helper()
	a.is(status)
	require.Equal(a.t, []any{"urn:ietf:params:scim:api:messages:2.0:Error"}, a.at("/schemas"), a.text)
	require.Equal(a.t, strconv.Itoa(status), a.at("/status"), a.text)
	require.NotEmpty(a.t, a.at("/detail"), a.text)
	require.Contains(a.t, a.header.Get("Content-Type"), "json")
	if scimType == "" {
		require.Nil(a.t, a.at("/scimType"), a.text)
	} else {
		require.Equal(a.t, scimType, a.at("/scimType"), a.text)
	}
	return a
}

// at is the value at a pointer whose steps are separated by slashes; nil where there is none.
func (a answer) at(pointer string) any {
	v := a.doc
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch node := v.(type) {
		case map[string]any:
			v = node[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(node) {
				return nil
			}
			v = node[i]
		default:
			return nil
		}
	}
	return v
}

func (a answer) str(pointer string) string {
	a.t.Helper()
	text, ok := a.at(pointer).(string)
	require.True(a.t, ok, "no text at %s of %s", pointer, a.text)
	return text
}

func (a answer) num(pointer string) int {
	a.t.Helper()
	n, ok := a.at(pointer).(json.Number)
	require.True(a.t, ok, "no number at %s of %s", pointer, a.text)
	i, err := strconv.Atoi(n.String())
	require.NoError(a.t, err)
	return i
}

func (a answer) list(pointer string) []any {
	a.t.Helper()
	list, ok := a.at(pointer).([]any)
	require.True(a.t, ok, "no list at %s of %s", pointer, a.text)
	return list
}

// names are the texts at a pointer inside each of the Resources, in order.
func (a answer) names(pointer string) []string {
	a.t.Helper()
	list := []string{}
	for i := range a.list("/Resources") {
		text, _ := a.at("/Resources/" + strconv.Itoa(i) + pointer).(string)
		list = append(list, text)
	}
	return list
}

// members are the values of a group's members, sorted.
func (a answer) members() []string {
	a.t.Helper()
	list := []string{}
	if a.at("/members") == nil {
		return list
	}
	for i := range a.list("/members") {
		list = append(list, a.str("/members/"+strconv.Itoa(i)+"/value"))
	}
	slices.Sort(list)
	return list
}

func sorted(texts ...string) []string {
	slices.Sort(texts)
	return texts
}
