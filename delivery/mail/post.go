package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"usher/internal/redact"
)

// Config of a post. URL and From are required.
type Config struct {
	// URL is smtp://[USER:PASSWORD@]HOST[:PORT] (STARTTLS is demanded; port 587), smtps://… (TLS from the beginning; port
	// 465), or smtp+plain://HOST[:PORT] (no TLS and no password, for a relay on the same machine; port 25).
	URL string
	// From is the sender: an address, with a name before it or not.
	From string
	// TLS is used in place of the default settings of the client.
	TLS *tls.Config
	Now func() time.Time
}

// Post sends letters by SMTP.
type Post struct {
	from     *netmail.Address
	domain   string
	host     string
	password string
	options  []gomail.Option
	now      func() time.Time
}

const (
	smtpTime  = 30 * time.Second // for a whole letter
	maxAnswer = 1000             // characters of what a server says that are passed on
)

// FinalError is a refusal for good (RFC 5321 section 4.2.1, 5yz).
type FinalError struct{ Err error }

// Error says what the server said.
func (e *FinalError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *FinalError) Unwrap() error { return e.Err }

// Final reports that another attempt would be refused as well.
func (e *FinalError) Final() bool { return true }

// ErrURL and ErrFrom say which setting is wrong. They never repeat the URL, which may hold a password.
var (
	ErrURL  = errors.New("use smtp://USER:PASSWORD@HOST:PORT (with STARTTLS), smtps://… (with TLS), or smtp+plain://HOST:PORT (without, and without password)")
	ErrFrom = errors.New("use an e-mail address such as usher@acme.test, or \"Usher <usher@acme.test>\"")
)

// NewPost checks the settings; nothing is connected to. ErrURL, ErrFrom.
func NewPost(c Config) (*Post, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, ErrURL
	}
	from, err := netmail.ParseAddress(c.From)
	if err != nil {
		return nil, ErrFrom
	}
	p := &Post{from: from, host: u.Hostname(), now: c.Now}
	_, p.domain, _ = strings.Cut(from.Address, "@")
	var port int
	switch u.Scheme {
	case "smtp":
		port, p.options = 587, append(p.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case "smtps":
		port, p.options = 465, append(p.options, gomail.WithSSL())
	case "smtp+plain":
		port, p.options = 25, append(p.options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, ErrURL
	}
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil || port < 1 || port > 65535 {
			return nil, ErrURL
		}
	}
	p.options = append(p.options, gomail.WithPort(port), gomail.WithTimeout(smtpTime))
	if c.TLS != nil {
		settings := c.TLS.Clone()
		if settings.ServerName == "" {
			settings.ServerName = p.host
		}
		p.options = append(p.options, gomail.WithTLSConfig(settings))
	}
	if u.User != nil {
		password, _ := u.User.Password()
		if u.Scheme == "smtp+plain" || u.User.Username() == "" || password == "" {
			return nil, ErrURL
		}
		p.password = password
		p.options = append(p.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	_, err = gomail.NewClient(p.host, p.options...)
	return p, err
}

// Send hands a letter to the mail server. FinalError where the server refuses it for good. What the server said is in the error,
// without the password and what is secret in the letter, should it have repeated them.
func (p *Post) Send(ctx context.Context, l Letter) error {
	m := gomail.NewMsg()
	m.FromMailAddress(p.from)
	if err := m.AddToFormat(l.Name, l.To); err != nil {
		return &FinalError{errors.New("the address cannot be written to")}
	}
	m.SetMessageIDWithValue(l.ID + "@" + p.domain)
	m.SetDateWithValue(p.now())
	m.SetGenHeader(gomail.HeaderContentLang, l.Language)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no answers from machines
	m.Subject(l.Subject)
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, l.HTML)
	client, err := gomail.NewClient(p.host, p.options...)
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, smtpTime)
	defer cancel()
	err = client.DialAndSendWithContext(ctx, m)
	if err == nil {
		return nil
	}
	told := errors.New(redact.Line(err.Error(), maxAnswer, p.password, l.Secret)) // and not the cause, which has it all
	var refused *gomail.SendError
	if errors.As(err, &refused) && refused.ErrorCode() >= 500 && refused.ErrorCode() < 600 {
		return &FinalError{told}
	}
	return told
}
