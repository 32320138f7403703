package e2e_test

import (
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// postOffice is a mail server that keeps what it is sent.
type postOffice struct {
	address string

	mu      sync.Mutex
	letters []letter
}

// letter is one that arrived: its text, as the person reads it.
type letter struct{ to, subject, text string }

func openPostOffice(t *testing.T) *postOffice {
	t.Helper()
	o := &postOffice{}
	server := smtp.NewServer(o)
	server.Domain = "localhost"
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	o.address = listener.Addr().String()
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return o
}

// NewSession implements smtp.Backend.
func (o *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &counter{office: o}, nil }

// counter is where one sender is served.
type counter struct {
	office *postOffice
	to     string
}

func (c *counter) Mail(string, *smtp.MailOptions) error { return nil }

func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.to = to
	return nil
}

func (c *counter) Data(r io.Reader) error {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	text, err := plainText(message)
	if err != nil {
		return err
	}
	subject, err := (&mime.WordDecoder{}).DecodeHeader(message.Header.Get("Subject"))
	if err != nil {
		return err
	}
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.office.letters = append(c.office.letters, letter{to: c.to, subject: subject, text: text})
	return nil
}

func (c *counter) Reset()        {}
func (c *counter) Logout() error { return nil }

// plainText is the text/plain part of a message.
func plainText(message *mail.Message) (string, error) {
	_, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		return "", err
	}
	parts := multipart.NewReader(message.Body, parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return "", err
		}
		if !strings.HasPrefix(part.Header.Get("Content-Type"), "text/plain") {
			continue
		}
		var body io.Reader = part
		if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
			body = quotedprintable.NewReader(part)
		}
		text, err := io.ReadAll(body)
		return string(text), err
	}
}

var links = regexp.MustCompile(`https://\S+/(?:invitation|reset)/\S+`)

// link waits for a letter to somebody with a link of a kind in it, and gives the link. Letters are read once.
func (o *postOffice) link(t *testing.T, to, kind string) string {
	t.Helper()
	var found string
	require.Eventually(t, func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		for i, l := range o.letters {
			address := links.FindString(l.text)
			if l.to == to && strings.Contains(address, "/"+kind+"/") {
				found = address
				o.letters = append(o.letters[:i:i], o.letters[i+1:]...)
				return true
			}
		}
		return false
	}, patience, 20*time.Millisecond, "no letter with a link /%s/ came to %s", kind, to)
	return found
}
