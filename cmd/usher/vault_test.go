package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"usher/admin/api"
)

// page is an answer to the browser.
type page struct {
	*goquery.Document
	status   int
	location string
}

// send is one step of the browser.
func (v *vault) send(method, path string, form ...string) page {
	v.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	r, err := http.NewRequestWithContext(v.Context(), method, v.app.URL()+path, strings.NewReader(values.Encode()))
	require.NoError(v, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	response, err := v.client.Do(r)
	require.NoError(v, err)
	defer response.Body.Close()
	for _, c := range response.Cookies() {
		if v.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		}
	}
	text, err := io.ReadAll(response.Body)
	require.NoError(v, err)
	p := page{status: response.StatusCode, location: response.Header.Get("Location")}
	p.Document, err = goquery.NewDocumentFromReader(bytes.NewReader(text))
	require.NoError(v, err)
	if strings.HasPrefix(p.location, "/") {
		v.places.WriteString(p.location + "\n")
	}
	// Of a page that shows a secret this once, all but that; of one that a letter leads to, all but where it is itself; and
	// who typed a password for a name sees it again.
	p.Find(".seed, .codes, svg.qr, a[href^='otpauth:'], form[action^='/invitation/'], form[action^='/reset/'], a[hreflang], input[name=name]").Remove()
	shown, err := p.Html()
	require.NoError(v, err)
	v.told.WriteString(shown)
	p.Document, err = goquery.NewDocumentFromReader(bytes.NewReader(text))
	require.NoError(v, err)
	return p
}

func (v *vault) to(p page, where string) {
	v.Helper()
	require.Equal(v, []any{http.StatusSeeOther, where}, []any{p.status, p.location}, p.Text())
}

// link is the token of the last letter of a kind to somebody.
func (v *vault) link(kind, to string) (token string) {
	v.Helper()
	found := regexp.MustCompile(`/` + kind + `/(usher_link_[A-Za-z0-9_-]+)`)
	require.Eventually(v, func() bool {
		for _, text := range v.mail.texts() {
			if !strings.Contains(text, to) {
				continue
			}
			if match := found.FindStringSubmatch(strings.ReplaceAll(text, "=\r\n", "")); match != nil {
				token = match[1]
			}
		}
		return token != ""
	}, time.Minute, 10*time.Millisecond)
	return token
}

// received is a webhook's receiver that keeps everything.
type received struct {
	mu   sync.Mutex
	n    int
	kept bytes.Buffer
}

func (r *received) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	text, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
	r.kept.Write(text)
	_ = request.Header.Write(&r.kept)
	w.WriteHeader(http.StatusNoContent)
}

func (r *received) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}

func (r *received) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept.String()
}

// call asks the REST API for something, and gives what is at a name of the answer; secret where it is shown this once.
func (v *vault) call(method, path, body, name string, header ...string) string {
	v.Helper()
	r, err := http.NewRequestWithContext(v.Context(), method, v.app.URL()+api.Prefix+path, strings.NewReader(body))
	require.NoError(v, err)
	r.Header.Set("Authorization", "Bearer "+v.key)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := v.client.Do(r)
	require.NoError(v, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(v, err)
	require.Less(v, response.StatusCode, 300, string(text))
	var made map[string]any
	if len(text) > 0 {
		require.NoError(v, json.Unmarshal(text, &made), string(text))
	}
	found, _ := made[name].(string)
	return found
}
