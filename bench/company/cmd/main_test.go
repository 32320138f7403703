package main

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
	"usher/scim"
)

func TestACompanyIsPushedFromTheCommandLine(t *testing.T) {
	t.Parallel()
	store := storetest.SQLite(t)
	var base string
	handler, err := scim.New(scim.Config{
		Directory: domain.NewDirectory(store, domain.Environment{Now: time.Now, NewID: uuid.NewV7}), BaseURL: func() string { return base },
		CursorKey: bytes.Repeat([]byte{7}, 32), Now: time.Now, Log: slog.New(slog.NewJSONHandler(t.Output(), nil)),
	})
	require.NoError(t, err)
	web := httptest.NewServer(handler)
	defer web.Close()
	base = web.URL + scim.Prefix
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte(storetest.NewTenant(t, store, "acme", -1).Token+"\n"), 0o600))

	var out, complaints strings.Builder
	code := run(t.Context(), []string{"--url", base, "--token-file", token, "--users", "12", "--groups", "3", "--connections", "2"}, &out, &complaints)
	require.Zero(t, code, complaints.String())
	require.Contains(t, out.String(), "| the company | 12 | 3 |")
	require.Contains(t, out.String(), "\nDifferences: 0\n")

	out.Reset()
	code = run(t.Context(), []string{"--url", base, "--token-file", token, "--users", "11", "--groups", "3"}, &out, &complaints)
	require.Equal(t, 1, code, "there is somebody more than was pushed")
	require.Contains(t, out.String(), "totalResults should be 11, and is 12")
}

func TestWrongUseIsToldApartFromFailure(t *testing.T) {
	t.Parallel()
	token, empty := filepath.Join(t.TempDir(), "token"), filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(token, []byte("t"), 0o600))
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	for _, test := range []struct {
		args string
		code int
		says string
	}{
		{"--help", 0, "token-file"},
		{"", 2, "--token-file"},
		{"--token-file " + empty, 2, "there is no token"},
		{"--token-file " + token + " more", 2, `"more"`},
		{"--token-file " + token + " --user 3", 2, "not defined: -user"},
		{"--token-file " + token + " --users 0", 2, "1 to 1000000 people"},
		{"--token-file " + token + " --groups 20001", 2, "0 to 20000 groups"},
		{"--token-file " + token + " --connections 0", 2, "1 to 256 connections"},
		{"--token-file " + token + " --url http://example.test/scim/v2", 2, "example.test"},
		{"--token-file " + token + " --url http://127.0.0.1:1/scim/v2", 1, "refused"},
	} {
		var out, complaints strings.Builder
		require.Equal(t, test.code, run(t.Context(), strings.Fields(test.args), &out, &complaints), test.args)
		require.Contains(t, complaints.String(), test.says)
		require.Empty(t, out.String())
	}
}
