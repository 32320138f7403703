package scim_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
	"usher/scim"
)

var update = flag.Bool("update", false, "write the answers of testdata/golden as they are now")

// TestGolden is the wire form to the byte: what testdata/golden/*.txt asks is answered with what stands there, on both
// databases. A file is pairs of a request and its answer, each a first line, headers, an empty line and a body; $1 in
// a request is the id of the first resource that was created, and so on. Time begins at the same instant and moves on
// by a second with every request; identifiers are counted.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/golden/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, d := range databases(t) {
			t.Run(filepath.Base(file)+"/"+d.name, func(t *testing.T) {
				t.Parallel()
				got := playGolden(t, d.store(t), string(text))
				if *update && d.name == "sqlite" {
					require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
				} else if !*update {
					require.Equal(t, string(text), got)
				}
			})
		}
	}
}

const (
	goldenAnswer = "\n<<<\n"
	goldenNext   = "\n>>>\n"
)

// playGolden sends the requests of a file and gives the file with the answers.
func playGolden(t *testing.T, store domain.Store, text string) string {
	t.Helper()
	token := storetest.NewTenant(t, store, "golden-"+uuid.NewString(), -1).Token
	var seconds, ids atomic.Int64
	environment := domain.Environment{
		Now: func() time.Time {
			return time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC).Add(time.Duration(seconds.Load()) * time.Second)
		},
		NewID: func() (uuid.UUID, error) {
			id := uuid.UUID{0x01, 0x99, 6: 0x70, 8: 0x80}
			binary.BigEndian.PutUint32(id[12:], uint32(ids.Add(1)))
			return id, nil
		},
	}
	handler, err := scim.New(scim.Config{
		Directory: domain.NewDirectory(store, environment), BaseURL: func() string { return "https://usher.test/scim/v2" },
		CursorKey: bytes.Repeat([]byte{7}, 32), Now: environment.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		RequestID: func(context.Context) string { return "request-1" },
	})
	require.NoError(t, err)

	var out strings.Builder
	var created []string
	comment, pairs, _ := strings.Cut(text, goldenNext)
	out.WriteString(comment)
	for pair := range strings.SplitSeq(pairs, goldenNext) {
		request, _, _ := strings.Cut(pair, goldenAnswer)
		seconds.Add(1)
		filled := request
		for i, id := range created {
			filled = strings.ReplaceAll(filled, "$"+strconv.Itoa(i+1), id)
		}
		head, body, _ := strings.Cut(filled, "\n\n")
		lines := strings.Split(strings.TrimRight(head, "\n"), "\n")
		method, path, _ := strings.Cut(lines[0], " ")
		r := httptest.NewRequest(method, "https://usher.test/scim/v2"+path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		for _, line := range lines[1:] {
			name, value, _ := strings.Cut(line, ": ")
			if r.Header.Set(name, value); value == "" {
				r.Header.Del(name)
			}
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code == http.StatusCreated {
			where := w.Header().Get("Location")
			created = append(created, where[strings.LastIndexByte(where, '/')+1:])
		}
		out.WriteString(goldenNext + strings.TrimRight(request, "\n") + "\n" + goldenAnswer + writtenAnswer(w))
	}
	return out.String()
}

// writtenAnswer is the answer as a file has it.
func writtenAnswer(w *httptest.ResponseRecorder) string {
	var b strings.Builder
	b.WriteString(strconv.Itoa(w.Code) + " " + http.StatusText(w.Code) + "\n")
	for _, name := range []string{"Allow", "Cache-Control", "Content-Type", "ETag", "Location", "Retry-After", "WWW-Authenticate", "X-Content-Type-Options"} {
		if value := w.Header().Get(name); value != "" {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	// A cursor belongs to the organisation, whose id is another one every time.
	body := regexp.MustCompile(`"nextCursor":"[^"]+"`).ReplaceAllString(w.Body.String(), `"nextCursor":"…"`)
	return b.String() + "\n" + body + "\n"
}
