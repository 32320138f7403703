package web_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/web"
)

var action = regexp.MustCompile(`(?s)\{\{.*?\}\}`)

// No template, of this package or of an adapter, holds prose: what people read comes from the catalogue.
func TestNoProseInTemplates(t *testing.T) {
	t.Parallel()
	found := 0
	for _, folder := range []string{"templates", "../signin/pages"} {
		require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".html" {
				return err
			}
			found++
			source, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Empty(t, prose(t, string(source)), path)
			return nil
		}))
	}
	require.Greater(t, found, 5)
	require.NotEmpty(t, prose(t, `<p>Hello</p>`))
	require.NotEmpty(t, prose(t, `<input placeholder="{{t "x"}} please">`))
	require.Empty(t, prose(t, `<p class="lead">{{t "x"}} · {{if .A}}2{{end}}</p>`))
}

// prose are the texts with letters in a template, in elements or in attributes that people hear or see.
func prose(t *testing.T, source string) []string {
	t.Helper()
	document, err := goquery.NewDocumentFromReader(strings.NewReader(action.ReplaceAllString(source, "")))
	require.NoError(t, err)
	var found []string
	says := func(text string) {
		if strings.ContainsFunc(text, unicode.IsLetter) {
			found = append(found, strings.TrimSpace(text))
		}
	}
	document.Find("html *").Each(func(_ int, e *goquery.Selection) {
		says(e.Contents().FilterFunction(func(_ int, c *goquery.Selection) bool { return goquery.NodeName(c) == "#text" }).Text())
		for _, name := range []string{"alt", "title", "placeholder", "aria-label"} {
			says(e.AttrOr(name, ""))
		}
	})
	return found
}

// A page that asks for a text that is missing does not even start.
func TestMissingText(t *testing.T) {
	t.Parallel()
	_, err := web.NewBook(fstest.MapFS{"x.html": {Data: []byte(`{{define "main"}}{{if .Data}}{{range .Data}}<p>{{t "no.such.text"}}</p>{{end}}{{end}}{{end}}`)}})
	require.ErrorContains(t, err, "no.such.text")
	book, err := web.NewBook(fstest.MapFS{"x.html": {Data: []byte(`{{define "main"}}<p>{{n "date.minutes-ago" 2}}</p>{{end}}`)}})
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, book.Render(&b, "x", &web.Page{Language: web.Spanish, Title: "layout.house", Nonce: "n", Brand: web.Brand{Name: "<b>Acme", Accent: "#ff0000"}}))
	require.Contains(t, b.String(), "hace 2 minutos")
	require.Contains(t, b.String(), `<style nonce="n">`)
	require.NotContains(t, b.String(), "<b>")
	require.Error(t, book.Render(&b, "y", &web.Page{Language: web.English}))
}

// Whatever an organisation's colour is, what stands on it and what it stands on can be read (WCAG 2.2, 1.4.3).
func TestAccentIsReadable(t *testing.T) {
	t.Parallel()
	colour := regexp.MustCompile(`--accent:(#[0-9a-f]{6});--on-accent:(#[0-9a-f]{6})`)
	rapid.Check(t, func(t *rapid.T) {
		accent := rapid.StringMatching(`#[0-9a-f]{6}`).Draw(t, "accent")
		found := colour.FindAllStringSubmatch(string(web.Brand{Accent: accent}.Style()), -1)
		require.Len(t, found, 2)
		for i, surface := range []string{"#ffffff", "#171a21"} {
			require.GreaterOrEqual(t, web.Contrast(found[i][1], found[i][2]), 4.5, "%s: text on a button", accent)
			require.GreaterOrEqual(t, web.Contrast(found[i][1], surface), 4.5, "%s: a link", accent)
		}
	})
	for _, none := range []string{"", "red", "#fff", "#12345g", "#1234567", "#123456;}body{display:none"} {
		require.Empty(t, web.Brand{Accent: none}.Style(), none)
	}
	require.InDelta(t, 21, web.Contrast("#000000", "#ffffff"), 0.01)
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		preferences []string
		want        web.Language
	}{
		{nil, web.English}, {[]string{"", "es"}, web.Spanish}, {[]string{"fr", "es-AR"}, web.Spanish}, {[]string{"es_ES"}, web.Spanish},
		{[]string{"fr-FR, es;q=0.3, en;q=0.1"}, web.Spanish}, {[]string{"en-GB", "es"}, web.English}, {[]string{"xx", ";;", strings.Repeat("es,", 400)}, web.English},
	} {
		require.Equal(t, c.want, web.Choose(c.preferences...), "%v", c.preferences)
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	all, err := web.Load()
	require.NoError(t, err)
	madrid, err := time.LoadLocation("Europe/Madrid")
	require.NoError(t, err)
	at := time.Date(2026, 7, 1, 22, 30, 0, 0, time.UTC)
	for language, want := range map[web.Language][]string{
		web.English: {"2 July 2026 at 00:30 (CEST)", "1 July 2026 at 22:30 (UTC)", "just now", "5 minutes ago", "1 hour ago", "yesterday", "3 days ago", "1 July 2026"},
		web.Spanish: {"2 de julio de 2026 a las 00:30 (CEST)", "1 de julio de 2026 a las 22:30 (UTC)", "ahora mismo", "hace 5 minutos", "hace 1 hora", "ayer", "hace 3 días", "1 de julio de 2026"},
	} {
		c := all[language]
		got := []string{c.Moment(madrid, at), c.Moment(nil, at)}
		for _, ago := range []time.Duration{time.Minute, 5 * time.Minute, 61 * time.Minute, 25 * time.Hour, 80 * time.Hour, 300 * time.Hour} {
			got = append(got, c.Ago(nil, at.Add(ago), at))
		}
		require.Equal(t, want, got)
	}
}

// What is under an asset's address never changes, so that it is kept for ever; another address is nothing.
func TestAssets(t *testing.T) {
	t.Parallel()
	get := func(path string) (*httptest.ResponseRecorder, bool) {
		w := httptest.NewRecorder()
		served := web.ServeAsset(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		return w, served
	}
	for name, media := range map[string]string{"style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"} {
		w, served := get(web.AssetPath(name))
		require.True(t, served)
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, media, w.Header().Get("Content-Type"))
		require.Contains(t, w.Header().Get("Cache-Control"), "immutable")
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		require.NotEmpty(t, w.Body.String())
		require.NotContains(t, w.Body.String(), "http://fonts")
	}
	for _, path := range []string{"/assets/style.css", "/assets/0000000000000000/style.css", web.AssetPath("nothing.css"), web.AssetPath("../web.go"), web.AssetPath("icons")} {
		_, served := get(path)
		require.False(t, served, path)
	}
	style, served := get(web.AssetPath("style.css"))
	require.True(t, served)
	require.NotContains(t, style.Body.String(), "url(", "nothing is fetched")
	require.Contains(t, style.Body.String(), "prefers-reduced-motion")
}
