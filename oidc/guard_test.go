package oidc

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A provider that is told that nobody waits any more may end its answer at that: the end that comes then is none.
func TestAnswerThatEndsWithThePatience(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	body := &boundedBody{waits: ctx.Err, body: io.NopCloser(strings.NewReader("{")), left: maxAnswer}
	got, err := io.ReadAll(body)
	require.NoError(t, err)
	require.Equal(t, "{", string(got))

	body = &boundedBody{waits: ctx.Err, body: io.NopCloser(strings.NewReader("{")), left: maxAnswer}
	cancel()
	_, err = io.ReadAll(body)
	require.ErrorIs(t, err, context.Canceled)
}
