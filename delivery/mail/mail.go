// Package mail owns letters: their texts (letters/LANGUAGE/KIND.txt, the subject in the first line; a folder more is a
// language more), how a language is chosen, and how they go out by SMTP. It leaves to the domain who gets which letter and
// when, and what follows when one cannot be sent.
//
//	writer, err := mail.NewWriter("https://usher.acme.test")
//	post, err := mail.NewPost(mail.Config{URL: "smtps://usher:secret@mail.acme.test", From: "Usher <usher@acme.test>"})
//	letter, err := writer.Write(envelope)
//	err = post.Send(ctx, letter)
package mail

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	html "html/template"
	"io/fs"
	"net/url"
	"strings"
	text "text/template"
	"time"
	"unicode"

	"usher/domain"
)

//go:embed letters
var files embed.FS

const fallback = "en"

// Letter is one that is ready to be sent.
type Letter struct {
	ID       string // the left part of its Message-ID, the same on every attempt
	To, Name string
	Language string
	Subject  string
	Text     string
	HTML     string
	Secret   string // of its text: the token of the link; empty: none
}

// Writer writes letters.
type Writer struct {
	home      string // public URL of the installation
	texts     map[string]*text.Template
	layout    *html.Template
	languages map[string]bool
}

// NewWriter reads the templates. publicURL leads all links, without a slash at its end.
func NewWriter(publicURL string) (*Writer, error) {
	w := &Writer{home: publicURL, texts: map[string]*text.Template{}, languages: map[string]bool{}}
	var err error
	if w.layout, err = html.ParseFS(files, "letters/layout.html"); err != nil {
		return nil, fmt.Errorf("mail: read the layout: %w", err)
	}
	folders, err := fs.ReadDir(files, "letters")
	if err != nil {
		return nil, fmt.Errorf("mail: read the letters: %w", err)
	}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		w.languages[folder.Name()] = true
		for _, kind := range domain.LetterKinds() {
			name := "letters/" + folder.Name() + "/" + string(kind) + ".txt"
			source, err := files.ReadFile(name)
			if err != nil {
				return nil, fmt.Errorf("mail: the language %s has no letter %s: %w", folder.Name(), kind, err)
			}
			if w.texts[name], err = text.New(name).Option("missingkey=error").Parse(string(source)); err != nil {
				return nil, fmt.Errorf("mail: read %s: %w", name, err)
			}
		}
	}
	return w, nil
}

// language is the first one there is of what a person prefers ("es-MX" finds es), and else of what the organisation speaks.
func (w *Writer) language(preferred ...string) string {
	for _, list := range preferred {
		for one := range strings.SplitSeq(strings.ToLower(list), ",") {
			one, _, _ = strings.Cut(one, ";")
			one, _, _ = strings.Cut(strings.ReplaceAll(strings.TrimSpace(one), "_", "-"), "-")
			if w.languages[one] {
				return one
			}
		}
	}
	return fallback
}

// facts are what the templates know.
type facts struct {
	Organisation, Name, Link, Until, At, Reason, Host, Connection, Key, Home string
}

// paragraph is a part of a letter: a text, or an address to follow.
type paragraph struct{ Text, Address string }

// Write writes the letter of an envelope.
func (w *Writer) Write(e domain.Envelope) (Letter, error) {
	l := Letter{ID: e.Letter.ID.String(), To: e.Address, Name: line(e.Name), Language: w.language(e.Language, e.Fallback), Secret: e.Token}
	known := facts{
		Organisation: line(e.Organisation.Name), Name: l.Name, Until: moment(e.Until), Home: w.home + "/sign-in",
		Reason: e.Event.After.Get("reason").Text(),
	}
	switch e.Letter.Kind {
	case domain.LetterInvitation, domain.LetterReset:
		if e.Token == "" {
			return Letter{}, errors.New("mail: the letter has no link")
		}
		known.Link = w.home + "/" + string(e.Letter.Kind) + "/" + e.Token
	case domain.LetterInactivity:
		known.At = stamp(e.Event.After.Get("blocksAt").Text())
	case domain.LetterPassword:
		known.At = stamp(e.Event.After.Get("expiresAt").Text())
	case domain.LetterCredential:
		known.At, known.Reason = stamp(e.Event.After.Get("expiresAt").Text()), string(e.Event.Type)
		known.Connection, known.Key = line(e.Event.After.Get("connectionName").Text()), line(e.Event.After.Get("name").Text())
	case domain.LetterPasskeyCopied:
		known.Key = line(e.Event.After.Get("name").Text())
	case domain.LetterWebhookDisabled:
		known.Reason = e.Event.After.Get("disabledReason").Text()
		if u, err := url.Parse(e.Event.After.Get("url").Text()); err == nil {
			known.Host = u.Hostname() // the rest may hold a secret
		}
	case domain.LetterSecondFactor, domain.LetterBlocked, domain.LetterUnblocked: // they say what happened, and no more
	}
	template := w.texts["letters/"+l.Language+"/"+string(e.Letter.Kind)+".txt"]
	if template == nil {
		return Letter{}, fmt.Errorf("mail: there is no letter %s", e.Letter.Kind)
	}
	var b bytes.Buffer
	if err := template.Execute(&b, known); err != nil {
		return Letter{}, fmt.Errorf("mail: write %s: %w", e.Letter.Kind, err)
	}
	l.Subject, l.Text, _ = strings.Cut(b.String(), "\n")
	l.Text = strings.TrimSpace(l.Text) + "\n"
	var err error
	l.HTML, err = w.dress(l, known)
	return l, err
}

// dress makes the HTML of a text.
func (w *Writer) dress(l Letter, known facts) (string, error) {
	var parts []paragraph
	for part := range strings.SplitSeq(strings.TrimSpace(l.Text), "\n\n") {
		if part == known.Link || part == known.Home {
			parts = append(parts, paragraph{Address: part})
		} else {
			parts = append(parts, paragraph{Text: part})
		}
	}
	var b bytes.Buffer
	err := w.layout.ExecuteTemplate(&b, "layout.html", map[string]any{
		"Language": l.Language, "Subject": l.Subject, "Organisation": known.Organisation, "Paragraphs": parts,
	})
	return b.String(), err
}

// line makes one line of a name, so that it can be in a header and is one paragraph.
func line(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || r == '\u2028' || r == '\u2029'
	}), " ")
}

func moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }

// stamp is an instant as events spell it, for people; what is none stays as it is.
func stamp(s string) string {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return s
	}
	return moment(at)
}
