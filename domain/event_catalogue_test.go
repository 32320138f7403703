package domain_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
)

var update = flag.Bool("update", false, "write docs/events.md")

// Every type of event in the code has its entry, and docs/events.md is what the entries say.
func TestEventCatalogue(t *testing.T) {
	t.Parallel()
	entries := domain.EventCatalogue()
	listed := map[domain.EventType]bool{}
	for _, e := range entries {
		require.False(t, listed[e.Type], "%s is listed twice", e.Type)
		listed[e.Type] = true
		require.Positive(t, e.Version, e.Type)
		require.NotEmpty(t, e.Subject, e.Type)
		require.True(t, strings.HasPrefix(e.When, "When ") && strings.HasSuffix(e.When, "."), e.Type)
	}
	page := filepath.Join("..", "docs", "events.md")
	want := cataloguePage(t, entries)
	if *update {
		require.NoError(t, os.WriteFile(page, want, 0o600))
	}
	got, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run: go test ./domain -run TestEventCatalogue -update")

	declared := declaredEvents(t)
	require.Greater(t, len(declared), 50)
	for _, of := range declared {
		require.True(t, listed[of], "%s has no entry in domain/event_catalogue.go", of)
		delete(listed, of)
	}
	require.Empty(t, listed, "entries of types that are not in the code")
}

// declaredEvents are the constants of type EventType in the package's files.
func declaredEvents(t *testing.T) []domain.EventType {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var found []domain.EventType
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			if of, ok := spec.Type.(*ast.Ident); !ok || of.Name != "EventType" {
				return true
			}
			literal, ok := spec.Values[0].(*ast.BasicLit)
			require.True(t, ok, "%s: write the type out", spec.Names[0].Name)
			text, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			found = append(found, domain.EventType(text))
			return true
		})
	}
	return found
}

// example is an event of an entry.
func example(t *testing.T, e domain.EventEntry) domain.Event {
	t.Helper()
	read := func(text string) attribute.Value {
		if text == "" {
			return attribute.Value{}
		}
		v, err := attribute.Read([]byte(text), attribute.Bounds{})
		require.NoError(t, err, "%s: %s", e.Type, text)
		return v
	}
	id := uuid.MustParse
	return domain.Event{
		ID: domain.EventID{UUID: id("019ab1c2-8000-7000-8000-00000000e001")}, Type: e.Type,
		Actor:       domain.Actor{Kind: "connection", ID: id("019ab1c2-8000-7000-8000-00000000c001")},
		SubjectKind: e.Subject, Subject: id("019ab1c2-8000-7000-8000-00000000a001"), RequestID: "9f86d081884c7d65",
		From: "192.0.2.7", At: time.Date(2026, 3, 1, 9, 30, 0, 250e6, time.UTC), Before: read(e.Before), After: read(e.After),
	}
}

func cataloguePage(t *testing.T, entries []domain.EventEntry) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(`# Events

Everything that changes appends an event in the transaction that changes it. GET /api/v1/events shows them, and webhooks send
them ([api.md](api.md)); both in the form below. A consumer should pass over members and types that it does not know.

- ` + "`version`" + ` is the payload's, for each type: it grows when a member changes its meaning or goes, not when one is added.
- ` + "`actor`" + ` is who did it: connection (a directory), api_key, user, operator (the command line) or system (Usher itself, when a
  time has come). The last two have no id.
- ` + "`from`" + ` is from where: the network address of who asked, or, of the operator, the name of the machine (of the container, where
  it runs in one). Behind proxies it is the address that those of ` + "`--trusted-proxy`" + ` name, and where there are none the proxy's
  own. It is null where Usher did it by itself, and where it is erased: with the person who acted, themselves or by an API key of
  theirs, and with the person whom it was done to.
- ` + "`before` and `after`" + ` have what changed, and are null where there is nothing to say or where it was erased.
- Secrets are in no event.

This page is made from the table in the code: go test ./domain -run TestEventCatalogue -update

| type | version | subject |
|---|---|---|
`)
	for _, e := range entries {
		fmt.Fprintf(&b, "| [%s](#%s) | %d | %s |\n", e.Type, strings.NewReplacer(".", "", " ", "-").Replace(string(e.Type)), e.Version, e.Subject)
	}
	for _, e := range entries {
		var indented bytes.Buffer
		require.NoError(t, json.Indent(&indented, example(t, e).AppendPayload(nil), "", "  "))
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n```json\n%s\n```\n", e.Type, e.When, indented.String())
	}
	return b.Bytes()
}

// The payload says what happened to whom, and null where there is nothing to say.
func TestEventPayload(t *testing.T) {
	t.Parallel()
	event := domain.Event{
		ID: domain.EventID{UUID: uuid.MustParse("019ab1c2-8000-7000-8000-00000000e001")}, Type: domain.UserUnblocked, Actor: domain.ActorSystem(),
		SubjectKind: "user", Subject: uuid.MustParse("019ab1c2-8000-7000-8000-00000000a001"), At: time.Date(2026, 3, 1, 10, 30, 0, 0, time.FixedZone("", 3600)),
		Before: attribute.NewComplex(attribute.Member{Name: "a", Value: attribute.NewString(`"<é>`)}),
	}
	require.JSONEq(t, `{"id":"019ab1c2-8000-7000-8000-00000000e001","type":"user.unblocked","version":1,"actor":{"kind":"system","id":null},
"subject":{"kind":"user","id":"019ab1c2-8000-7000-8000-00000000a001"},"request_id":null,"from":null,"at":"2026-03-01T09:30:00Z","before":{"a":"\"<é>"},"after":null}`,
		string(event.AppendPayload(nil)))
	event.From = "2001:db8::7"
	require.Contains(t, string(event.AppendPayload(nil)), `"request_id":null,"from":"2001:db8::7","at":`)
	event.Type = "no.such"
	require.Contains(t, string(event.AppendPayload(nil)), `"version":0,`)
}
