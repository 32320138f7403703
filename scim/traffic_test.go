package scim_test

import (
	"path/filepath"
	"testing"

	"net/http"

	"github.com/stretchr/testify/require"

	"usher/internal/replay"
)

// What each vendor sends over a whole life lands without a failure, twice in a row on the same store.
func TestTraffic(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../testdata/traffic/*.jsonl")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var stories []story
	for _, file := range files {
		steps, err := replay.Load(file)
		require.NoError(t, err)
		stories = append(stories, story{filepath.Base(file), func(t *testing.T, s *server) {
			for range 2 {
				report := replay.Run(t.Context(), http.DefaultClient, s.url, s.token, steps)
				require.True(t, report.OK(), "%s", report)
			}
			require.Empty(t, s.log.String(), "a fault of ours")
		}})
	}
	tell(t, stories)
}
