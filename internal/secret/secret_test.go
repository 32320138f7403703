package secret_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/secret"
)

const text = "0123456789abcdef0123456789abcdef"

func key(t *testing.T, text string) secret.Key {
	t.Helper()
	k, err := secret.Parse(text)
	require.NoError(t, err)
	return k
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, short := range []string{"", "   ", "tooshort", text[1:], text[1:] + "\n\n"} {
		_, err := secret.Parse(short)
		require.ErrorIs(t, err, secret.ErrTooShort, "%q", short)
	}
	a, err := key(t, text).Derive("cursor")
	require.NoError(t, err)
	b, err := key(t, "\n"+text+"\r\n").Derive("cursor")
	require.NoError(t, err)
	require.Equal(t, a, b, "white space around the text is no part of the key")
}

func TestKeyDoesNotShow(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"%s", "%v", "%+v", "%#v", "%q"} {
		require.NotContains(t, fmt.Sprintf(format, key(t, text)), text[:8])
	}
}

func TestDerive(t *testing.T) {
	t.Parallel()
	k := key(t, text)
	cursor, err := k.Derive("cursor")
	require.NoError(t, err)
	require.Len(t, cursor, secret.KeySize)
	// Computed with another implementation of RFC 5869, so that an update cannot silently change every derived key.
	require.Equal(t, "b50bac17ce4e6e1a19f44df65edb24f5f692edfaf122a8999b4f1cf45d2abab3", fmt.Sprintf("%x", cursor))

	again, err := k.Derive("cursor")
	require.NoError(t, err)
	require.Equal(t, cursor, again)
	other, err := k.Derive("seal")
	require.NoError(t, err)
	require.NotEqual(t, cursor, other)
	_, err = secret.Key{}.Derive("cursor")
	require.Error(t, err)
}

func TestSeal(t *testing.T) {
	t.Parallel()
	k := key(t, text)
	plain, place := []byte("client secret"), []byte("organisation/connection")
	sealed, err := k.Seal("seal", plain, place)
	require.NoError(t, err)
	require.NotContains(t, string(sealed), "client")
	again, err := k.Seal("seal", plain, place)
	require.NoError(t, err)
	require.NotEqual(t, sealed, again, "a nonce is used once")

	opened, err := k.Open("seal", sealed, place)
	require.NoError(t, err)
	require.Equal(t, plain, opened)

	_, err = k.Open("seal", sealed, []byte("organisation/another"))
	require.ErrorIs(t, err, secret.ErrSealed)
	_, err = k.Open("cursor", sealed, place)
	require.ErrorIs(t, err, secret.ErrSealed)
	_, err = key(t, strings.Repeat("x", 32)).Open("seal", sealed, place)
	require.ErrorIs(t, err, secret.ErrSealed)
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		_, err = k.Open("seal", changed, place)
		require.ErrorIs(t, err, secret.ErrSealed, "byte %d", i)
		_, err = k.Open("seal", sealed[:i], place)
		require.ErrorIs(t, err, secret.ErrSealed, "%d bytes", i)
	}
}

func TestLoadOrMake(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "usher.db.key")

	// Many processes begin at once: one key, one file, nothing left beside it.
	keys := make([]secret.Key, 16)
	var group sync.WaitGroup
	for i := range keys {
		group.Go(func() {
			k, err := secret.LoadOrMake(path)
			if err == nil {
				keys[i] = k
			}
		})
	}
	group.Wait()
	for _, k := range keys {
		require.False(t, k.IsZero())
		require.Equal(t, keys[0], k)
	}
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Regexp(t, `^[0-9a-f]{64}\n$`, string(content))
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, content string
		mode          os.FileMode
		want          string
	}{
		{"others may read it", text, 0o644, "chmod 600"},
		{"its group may read it", text, 0o640, "mode 0640"},
		{"it is short", "abc\n", 0o600, "at least 32 characters"},
		{"it is empty", "", 0o600, "holds no key"},
		{"it is huge", strings.Repeat("x", 100_000), 0o600, "too large"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "key")
			require.NoError(t, os.WriteFile(path, []byte(tt.content), 0o600))
			require.NoError(t, os.Chmod(path, tt.mode))
			_, err := secret.LoadOrMake(path)
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, path)
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, tt.content, string(content), "what is there is never replaced")
		})
	}
	t.Run("it is a directory", func(t *testing.T) {
		t.Parallel()
		_, err := secret.LoadOrMake(t.TempDir())
		require.ErrorContains(t, err, "is not a file")
	})
	t.Run("its directory is not there", func(t *testing.T) {
		t.Parallel()
		_, err := secret.LoadOrMake(filepath.Join(t.TempDir(), "nowhere", "key"))
		require.ErrorContains(t, err, "no such file or directory")
	})
}
