package mail_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net"
	netmail "net/mail"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/delivery/mail"
	"usher/domain"
	"usher/domain/attribute"
)

// inbox is a real SMTP server that keeps what it gets.
type inbox struct {
	mu     sync.Mutex
	got    []string // whole messages
	to     []string
	refuse error
	echo   bool // it refuses what it gets, and repeats it
}

func (b *inbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{b}, nil }

type session struct{ *inbox }

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = append(s.to, to)
	return s.refuse
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, string(text))
	if s.echo {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "not this:\n" + strings.ReplaceAll(string(text), "\r", "")}
	}
	return err
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func newInbox(t *testing.T) (*inbox, *mail.Post) {
	t.Helper()
	b := &inbox{}
	server := smtp.NewServer(b)
	server.Domain = "mail.test"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var done sync.WaitGroup
	done.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() { _ = server.Close(); done.Wait() })
	post, err := mail.NewPost(mail.Config{URL: "smtp+plain://" + l.Addr().String(), From: "Usher <usher@acme.test>", Now: time.Now})
	require.NoError(t, err)
	return b, post
}

func envelope(kind domain.LetterKind) domain.Envelope {
	text := func(name, value string) attribute.Member {
		return attribute.Member{Name: name, Value: attribute.NewString(value)}
	}
	return domain.Envelope{
		Letter:       domain.Letter{ID: domain.LetterID{UUID: uuid.MustParse("019ab1c2-8000-7000-8000-00000000e001")}, Kind: kind},
		Organisation: domain.Organisation{Name: "Acme & Söhne"}, Address: "ana@acme.test", Name: "Ana García", Token: "usher_link_abc",
		Until: time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC),
		Event: domain.Event{After: attribute.NewComplex(
			text("reason", "inactivity"), text("blocksAt", "2026-03-02T09:30:00Z"), text("expiresAt", "2026-03-02T09:30:00Z"),
			text("disabledReason", "gone"), text("connectionName", "okta"), text("url", "https://app.acme.test/x?secret=hush"),
		)},
	}
}

// Every language has every letter, none repeats another's words, and none shows a gap.
func TestEveryLanguageHasEveryLetter(t *testing.T) {
	t.Parallel()
	folders, err := fs.ReadDir(os.DirFS("letters"), ".")
	require.NoError(t, err)
	w, err := mail.NewWriter("https://usher.acme.test")
	require.NoError(t, err)
	languages := 0
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		languages++
		for _, kind := range domain.LetterKinds() {
			e := envelope(kind)
			e.Language = folder.Name()
			l, err := w.Write(e)
			require.NoError(t, err)
			require.Equal(t, folder.Name(), l.Language)
			require.Contains(t, l.Subject, "Acme & Söhne")
			require.Contains(t, l.HTML, "Acme &amp; Söhne")
			require.Contains(t, l.Text, "Ana García")
			for _, text := range []string{l.Subject, l.Text, l.HTML} {
				require.NotContains(t, text, "{{")
				require.NotContains(t, text, "<no value>")
				require.NotContains(t, text, "hush")
			}
		}
	}
	require.GreaterOrEqual(t, languages, 2)
	for of, want := range map[[2]string]string{
		{}: "en", {"es"}: "es", {"es-MX"}: "es", {"ES_es,en;q=0.5"}: "es", {"fr"}: "en", {"../es"}: "en", {"fr, es;q=0.5"}: "es",
		{"", "es"}: "es", {"fr", "es"}: "es", {"en-GB", "es"}: "en", {"fr", "de"}: "en",
	} {
		e := envelope(domain.LetterInvitation)
		e.Language, e.Fallback = of[0], of[1]
		l, err := w.Write(e)
		require.NoError(t, err)
		require.Equal(t, want, l.Language, "%q", of)
		require.Contains(t, l.Text, "\nhttps://usher.acme.test/invitation/usher_link_abc\n")
		require.Contains(t, l.HTML, `<a href="https://usher.acme.test/invitation/usher_link_abc"`)
	}
}

// The letter about what ends says which of the three it is, by its name, and what to do.
func TestLetterOfCredentials(t *testing.T) {
	t.Parallel()
	w, err := mail.NewWriter("https://usher.acme.test")
	require.NoError(t, err)
	seen := map[string]domain.EventType{}
	for of, named := range map[domain.EventType]string{domain.TokenExpiring: "okta", domain.OAuthClientExpiring: "okta", domain.APIKeyExpiring: "HR system"} {
		for _, language := range []string{"en", "es"} {
			e := envelope(domain.LetterCredential)
			e.Event.Type, e.Language = of, language
			e.Event.After.Set("name", attribute.NewString("HR system"))
			l, err := w.Write(e)
			require.NoError(t, err)
			require.Contains(t, l.Text, " "+named+" ", "%s %s", of, language)
			require.Contains(t, l.Text, "2026-03-02 09:30 UTC")
			require.Empty(t, seen[l.Subject], "another subject for each")
			seen[l.Subject] = of
		}
	}
}

// The letter about a passkey that seems to have been copied names it, so that its owner removes the right one.
func TestLetterOfCopiedPasskey(t *testing.T) {
	t.Parallel()
	w, err := mail.NewWriter("https://usher.acme.test")
	require.NoError(t, err)
	for language, says := range map[string]string{"en": "your passkey Phone,", "es": "tu llave de acceso Phone,"} {
		e := envelope(domain.LetterPasskeyCopied)
		e.Language = language
		e.Event.After.Set("name", attribute.NewString("Phone"))
		l, err := w.Write(e)
		require.NoError(t, err)
		require.Contains(t, l.Text, says)
	}
}

// What a real mail server receives: both forms, the sender, and the same Message-ID each time.
func TestSend(t *testing.T) {
	t.Parallel()
	b, post := newInbox(t)
	w, err := mail.NewWriter("https://usher.acme.test")
	require.NoError(t, err)
	l, err := w.Write(envelope(domain.LetterReset))
	require.NoError(t, err)
	require.NoError(t, post.Send(context.Background(), l))
	require.NoError(t, post.Send(context.Background(), l))
	require.Equal(t, []string{"ana@acme.test", "ana@acme.test"}, b.to)
	var ids []string
	for _, text := range b.got {
		m, err := netmail.ReadMessage(strings.NewReader(text))
		require.NoError(t, err)
		ids = append(ids, m.Header.Get("Message-Id"))
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		require.NoError(t, err)
		require.Equal(t, l.Subject, subject)
		require.Equal(t, `"Usher" <usher@acme.test>`, m.Header.Get("From"))
		require.Contains(t, m.Header.Get("Content-Type"), "multipart/alternative")
		require.Equal(t, "auto-generated", m.Header.Get("Auto-Submitted"))
		body, err := io.ReadAll(m.Body)
		require.NoError(t, err)
		body = bytes.ReplaceAll(body, []byte("=\r\n"), nil)
		require.Contains(t, string(body), "https://usher.acme.test/reset/usher_link_abc")
	}
	require.Equal(t, []string{"<019ab1c2-8000-7000-8000-00000000e001@acme.test>", "<019ab1c2-8000-7000-8000-00000000e001@acme.test>"}, ids)

	var final interface{ Final() bool }
	b.refuse = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	require.True(t, errors.As(post.Send(context.Background(), l), &final) && final.Final())
	b.refuse = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}
	err = post.Send(context.Background(), l)
	require.Error(t, err)
	require.NotErrorAs(t, err, &final)
}

// Security 43: a server that repeats a letter does not have its link told, for good or not, in one piece or broken into lines.
func TestSecurity43ServerRepeatsTheLetter(t *testing.T) {
	t.Parallel()
	w, err := mail.NewWriter("https://usher.acme.test")
	require.NoError(t, err)
	for _, kind := range []domain.LetterKind{domain.LetterInvitation, domain.LetterReset} {
		b, post := newInbox(t)
		b.echo = true
		e := envelope(kind)
		e.Token = "usher_link_" + strings.Repeat("Zm9vYmFyLWJhei1x", 8) // longer than a line
		l, err := w.Write(e)
		require.NoError(t, err)
		l.HTML, l.Text = "", "Look: https://usher.acme.test/x/"+e.Token // so that it is before what is cut off
		var final interface{ Final() bool }
		err = post.Send(context.Background(), l)
		require.ErrorAs(t, err, &final)
		require.Contains(t, strings.ReplaceAll(b.got[0], "=\r\n", ""), e.Token)
		require.Contains(t, err.Error(), "not this:")
		require.Contains(t, err.Error(), "acme.test/x/")
		for i := range len(e.Token) - 10 {
			require.NotContains(t, err.Error(), e.Token[i:i+10])
			require.NotContains(t, fmt.Sprintf("%#v", errors.Unwrap(err)), e.Token[i:i+10])
		}
	}
}

// Names and addresses from a directory cannot become headers, other recipients or markup.
func TestHeadersCannotBeInjected(t *testing.T) {
	t.Parallel()
	b, post := newInbox(t)
	w, err := mail.NewWriter("https://usher.acme.test")
	require.NoError(t, err)
	e := envelope(domain.LetterInvitation)
	e.Name = "Eve\r\nBcc: everybody@acme.test\r\n\r\n<script>alert(1)</script>"
	e.Organisation.Name = "Acme\nX-Evil: yes"
	l, err := w.Write(e)
	require.NoError(t, err)
	require.NotContains(t, l.HTML, "<script>")
	require.NoError(t, post.Send(context.Background(), l))
	m, err := netmail.ReadMessage(strings.NewReader(b.got[0]))
	require.NoError(t, err)
	require.Empty(t, m.Header.Get("Bcc"))
	require.Empty(t, m.Header.Get("X-Evil"))
	to, err := m.Header.AddressList("To")
	require.NoError(t, err)
	require.Len(t, to, 1)
	require.Equal(t, "ana@acme.test", to[0].Address)
	l.To = "ana@acme.test>\r\nRCPT TO:<eve@evil.test"
	require.Error(t, post.Send(context.Background(), l))
	require.Equal(t, []string{"ana@acme.test"}, b.to)
}

// A wrong setting is refused without being repeated: it may hold a password.
func TestSettings(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]error{
		"smtp://u:hush@mail.acme.test": nil, "smtps://u:hush@mail.acme.test:4650": nil, "smtp+plain://127.0.0.1:2525": nil, "smtp://mail.acme.test": nil,
		"": mail.ErrURL, "mail.acme.test": mail.ErrURL, "http://mail.acme.test": mail.ErrURL, "smtp://": mail.ErrURL, "smtp://u@mail.acme.test": mail.ErrURL,
		"smtp+plain://u:hush@mail.acme.test": mail.ErrURL, "smtp://mail.acme.test:0": mail.ErrURL, "smtp://mail.acme.test/x?y=hush": mail.ErrURL,
	} {
		_, err := mail.NewPost(mail.Config{URL: url, From: "usher@acme.test", Now: time.Now})
		require.ErrorIs(t, err, want, url)
	}
	_, err := mail.NewPost(mail.Config{URL: "smtp://mail.acme.test", From: "nobody"})
	require.ErrorIs(t, err, mail.ErrFrom)
}
