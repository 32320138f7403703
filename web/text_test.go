package web_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/web"
)

// Every text is there in every language, with the same places in it.
func TestCataloguesAgree(t *testing.T) {
	t.Parallel()
	all, err := web.Load()
	require.NoError(t, err)
	english := all[web.English]
	require.NotEmpty(t, english.Keys())
	for _, language := range web.Languages() {
		c := all[language]
		require.Equal(t, english.Keys(), c.Keys(), language)
		for _, key := range c.Keys() {
			require.Equal(t, places(english.Text(key)), places(c.Text(key)), "%s in %s", key, language)
			require.NotEmpty(t, c.Text(key), key)
		}
	}
}

var placeForm = regexp.MustCompile(`\{[a-z]+\}`)

// places are the {names} in a text.
func places(text string) map[string]int {
	found := map[string]int{}
	for _, m := range placeForm.FindAllString(text, -1) {
		found[m]++
	}
	return found
}
