package scim

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
)

func TestConditions(t *testing.T) {
	t.Parallel()
	const version, rest = 7, 0x1f0e
	tests := map[string]struct {
		lines    []string
		matches  bool // the whole tag, as If-None-Match asks
		set, any bool // as If-Match asks
		versions []int64
	}{
		"no header":                        {},
		"weak":                             {lines: []string{`W/"7-1f0e"`}, matches: true, set: true, versions: []int64{7}},
		"strong, compared weakly":          {lines: []string{`"7-1f0e"`}, matches: true, set: true, versions: []int64{7}},
		"a small w":                        {lines: []string{`w/"7-1f0e"`}, matches: true, set: true, versions: []int64{7}},
		"the version alone":                {lines: []string{`W/"7"`}, set: true, versions: []int64{7}},
		"another membership":               {lines: []string{`W/"7-2222"`}, set: true, versions: []int64{7}},
		"another version":                  {lines: []string{`W/"6-1f0e"`}, set: true, versions: []int64{6}},
		"a list":                           {lines: []string{`W/"1", W/"7-1f0e" ,"9"`}, matches: true, set: true, versions: []int64{1, 7, 9}},
		"two headers":                      {lines: []string{`W/"1"`, `W/"7-1f0e"`}, matches: true, set: true, versions: []int64{1, 7}},
		"any":                              {lines: []string{" * "}, matches: true, set: true, any: true},
		"somebody else's tag":              {lines: []string{`"abc"`}, set: true},
		"a leading zero is another tag":    {lines: []string{`W/"07"`}, set: true},
		"no quotes":                        {lines: []string{`W/7`}, set: true},
		"no quotes after a good one":       {lines: []string{`W/"7-1f0e", 7`}, set: true},
		"an open quote":                    {lines: []string{`W/"7`}, set: true},
		"empty":                            {lines: []string{""}, set: true},
		"a star in a list is no condition": {lines: []string{`*, W/"7"`}, set: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := readCondition(http.Header{"If-Match": test.lines}, "If-Match")
			require.Equal(t, test.matches, c.matches(version, rest))
			require.Equal(t, domain.IfMatch{Set: test.set, Any: test.any, Versions: test.versions}, c.versions())
		})
	}
}

// The tag follows what a person's resource shows of others, and is the plain version where it shows nothing.
func TestUserTag(t *testing.T) {
	t.Parallel()
	group := func(n byte, display string) domain.GroupRef {
		return domain.GroupRef{ID: domain.GroupID{UUID: uuid.UUID{15: n}}, Display: display}
	}
	manager := func(display string) *domain.PersonRef {
		return &domain.PersonRef{ID: domain.UserID{UUID: uuid.UUID{15: 9}}, Display: display}
	}
	require.Zero(t, userTag(&domain.User{}))
	require.Equal(t, `W/"7"`, metaOfUser(&domain.User{Version: 7}).etag())
	seen := map[uint64]string{0: "nothing"}
	for name, u := range map[string]domain.User{
		"one group":          {Groups: []domain.GroupRef{group(1, "Sales")}},
		"another group":      {Groups: []domain.GroupRef{group(2, "Sales")}},
		"the group renamed":  {Groups: []domain.GroupRef{group(1, "Sale")}},
		"two groups":         {Groups: []domain.GroupRef{group(1, "Sales"), group(2, "Sales")}},
		"a manager":          {ManagerRef: manager("Ana")},
		"the manager's name": {ManagerRef: manager("Ina")},
		"both":               {Groups: []domain.GroupRef{group(1, "Sales")}, ManagerRef: manager("Ana")},
	} {
		tag := userTag(&u)
		require.Equal(t, tag, userTag(&u), "the tag of one resource is one")
		require.Empty(t, seen[tag], "%s has the tag of %s", name, seen[tag])
		seen[tag] = name
	}
}
