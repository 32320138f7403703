package signin

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

// No page hides behind the door of an organisation, nor an organisation behind a page: the words that stand where a slug
// could are those that no organisation gets.
func TestNoSlugIsAPage(t *testing.T) {
	t.Parallel()
	var words []string
	for _, door := range routes() {
		before, _, found := strings.Cut(door.pattern, "{slug}")
		if !found {
			continue
		}
		for _, beside := range routes() {
			word, _, _ := strings.Cut(strings.TrimPrefix(beside.pattern, before), "/")
			if strings.HasPrefix(beside.pattern, before) && !strings.HasPrefix(word, "{") {
				words = append(words, word)
			}
		}
	}
	slices.Sort(words)
	require.Equal(t, slices.Compact(words), domain.ReservedSlugs())
	for _, word := range domain.ReservedSlugs() {
		var refused *domain.Error
		require.ErrorAs(t, domain.OrganisationSpec{Slug: word, Name: "Acme"}.Check(), &refused)
		require.Equal(t, "slug", refused.Field)
	}
}
