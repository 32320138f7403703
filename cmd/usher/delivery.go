package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"usher/delivery"
	"usher/delivery/mail"
	"usher/delivery/webhook"
	"usher/domain"
	"usher/internal/secret"
)

// deliveryFlags say how what happened leaves the house.
type deliveryFlags struct {
	SMTPURL             string `name:"smtp-url" env:"USHER_SMTP_URL" group:"Letters and webhooks" placeholder:"URL" help:"The mail server: smtp://USER:PASSWORD@HOST (STARTTLS), smtps://… (TLS), or smtp+plain://HOST (neither TLS nor password). Without one letters stay queued."`
	SMTPURLFile         string `name:"smtp-url-file" env:"USHER_SMTP_URL_FILE" group:"Letters and webhooks" placeholder:"FILE" help:"Read the URL of the mail server from this file instead."`
	MailFrom            string `group:"Letters and webhooks" placeholder:"ADDRESS" help:"Who letters come from, such as \"Usher <usher@acme.test>\"; needed with a mail server."`
	WebhookAllowPrivate bool   `group:"Letters and webhooks" help:"Let webhooks go to private addresses, and over http."`
}

// set puts the flags into a configuration. A wrong one is refused, and never repeated: it may hold a password.
func (f deliveryFlags) set(c *Config) error {
	c.WebhookAllowPrivate = f.WebhookAllowPrivate
	url, flag := f.SMTPURL, "smtp-url"
	if f.SMTPURLFile != "" {
		flag = "smtp-url-file"
		var err error
		if url, err = readLine(f.SMTPURLFile); err != nil {
			return wrong(flag, "%v; name a file that holds the URL", err)
		}
	}
	if url == "" {
		return nil
	}
	c.Mail = mail.Config{URL: url, From: f.MailFrom, Now: c.Environment.Now}
	_, err := mail.NewPost(c.Mail)
	switch {
	case errors.Is(err, mail.ErrFrom):
		return wrong("mail-from", "%v", err)
	case err != nil:
		return wrong(flag, "%v", mail.ErrURL)
	}
	return nil
}

// webhookPurpose is what the secrets of webhooks are sealed for.
const webhookPurpose = "webhook"

// wireDelivery makes what carries events out.
func (a *App) wireDelivery(key secret.Key) error {
	env := a.config.Environment
	a.outbox = domain.NewOutbox(a.store, env)
	a.sender = webhook.New(webhook.Config{
		AllowPrivate: a.config.WebhookAllowPrivate, Now: env.Now,
		Open: func(sealed, place []byte) ([]byte, error) { return key.Open(webhookPurpose, sealed, place) },
	})
	send, err := a.letters()
	if err != nil {
		return err
	}
	a.courier = delivery.New(delivery.Config{
		Outbox: a.outbox, Webhooks: a.sender.Send, Letters: send, Log: a.config.Log, Now: env.Now,
		Observe: func(kind, outcome string) { a.metrics.attempts.WithLabelValues(kind, outcome).Inc() },
	})
	return nil
}

// letters is how letters are sent; nil: they are not.
func (a *App) letters() (func(context.Context, domain.Envelope) error, error) {
	base := a.config.PublicURL
	if base == "" {
		base = a.URL()
	}
	writer, err := mail.NewWriter(base)
	if err != nil {
		return nil, err
	}
	if a.config.Box != nil {
		return func(_ context.Context, e domain.Envelope) error {
			l, err := writer.Write(e)
			if err == nil {
				a.config.Box.put(l)
			}
			return err
		}, nil
	}
	if a.config.Mail.URL == "" {
		return nil, nil //nolint:nilnil // no mail server is no error
	}
	post, err := mail.NewPost(a.config.Mail)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, e domain.Envelope) error {
		l, err := writer.Write(e)
		if err != nil {
			return err
		}
		return post.Send(ctx, l)
	}, nil
}

// How often it is looked for what is to be sent.
const (
	passEvery  = 500 * time.Millisecond
	countEvery = 10 * time.Second
	pruneEvery = 10 * time.Minute
)

// employCourier starts the workers that carry events out.
func (a *App) employCourier() {
	a.workers.start(worker{name: "prune", every: pruneEvery, run: a.courier.Prune})
	a.workers.start(worker{name: "backlog", every: countEvery, run: a.countBacklog})
	a.workers.start(worker{name: "webhooks", every: passEvery, run: a.courier.SendWebhooks})
	if a.config.Mail.URL != "" || a.config.Box != nil {
		a.workers.start(worker{name: "letters", every: passEvery, run: a.courier.SendLetters})
	} else {
		a.config.Log.LogAttrs(context.Background(), slog.LevelWarn, "there is no mail server (--smtp-url): letters stay queued until there is one")
	}
	a.workers.start(worker{name: "events", every: passEvery, run: a.courier.PassOn})
}

// countBacklog puts what is queued into the metrics.
func (a *App) countBacklog(ctx context.Context) (bool, error) {
	b, err := a.outbox.Backlog(ctx)
	if err != nil {
		return false, err
	}
	now := a.config.Environment.Now()
	age := func(oldest time.Time) float64 {
		if oldest.IsZero() {
			return 0
		}
		return now.Sub(oldest).Seconds()
	}
	a.metrics.letters.Set(float64(b.Letters))
	a.metrics.deliveries.Set(float64(b.Deliveries))
	a.metrics.oldest.WithLabelValues(delivery.KindLetter).Set(age(b.OldestLetter))
	a.metrics.oldest.WithLabelValues(delivery.KindWebhook).Set(age(b.OldestDelivery))
	return false, nil
}

// outgoing are the metrics of what leaves the house.
type outgoing struct {
	attempts            *prometheus.CounterVec
	letters, deliveries prometheus.Gauge
	oldest              *prometheus.GaugeVec
}

func newOutgoing() outgoing {
	return outgoing{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "usher_delivery_attempts_total", Help: "Attempts to send, by kind (webhook, letter) and outcome (delivered, retried, failed).",
		}, []string{"kind", "outcome"}),
		letters:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "usher_letters_queued", Help: "Letters that wait to be sent."}),
		deliveries: prometheus.NewGauge(prometheus.GaugeOpts{Name: "usher_webhook_deliveries_queued", Help: "Deliveries to webhooks that wait to be made."}),
		oldest: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "usher_delivery_oldest_seconds", Help: "Age of the oldest that waits, by kind (webhook, letter); 0: nothing does.",
		}, []string{"kind"}),
	}
}

func (o outgoing) collectors() []prometheus.Collector {
	return []prometheus.Collector{o.attempts, o.letters, o.deliveries, o.oldest}
}

// lettersPath is where the demo shows its letters.
const lettersPath = "/demo/letters"

// letterBox keeps the latest letters of the demo and shows them.
type letterBox struct {
	mu   sync.Mutex
	list []mail.Letter
	page *template.Template
}

const maxBox = 200 // letters

// plainStyle is all the style of the pages of the demo that are neither Usher's nor the provider's.
const plainStyle = `:root{color-scheme:light dark}body{max-width:44rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif;color:light-dark(#16181d,#eceef2);background:light-dark(#fff,#16181d)}a{color:light-dark(#0b51c5,#9ec3ff)}p{overflow-wrap:anywhere;white-space:pre-wrap}`

func newLetterBox() *letterBox {
	return &letterBox{page: template.Must(template.New("").Funcs(template.FuncMap{
		"lines": func(text string) []string { return strings.Split(text, "\n") },
		"link":  func(line string) bool { return strings.HasPrefix(line, "http") },
	}).Parse(`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Letters of the demo</title><style>` + plainStyle + `</style></head><body><main>
<h1>Letters of the demo</h1>{{range .}}
<article><h2>{{.Subject}}</h2><p>To {{if ne .Name .To}}{{.Name}} {{end}}&lt;{{.To}}&gt;</p><p>{{range lines .Text}}{{if link .}}<a href="{{.}}">{{.}}</a>{{else}}{{.}}{{end}}
{{end}}</p></article>{{else}}<p>There are none yet.</p>{{end}}
</main></body></html>
`))}
}

func (b *letterBox) put(l mail.Letter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = slices.DeleteFunc(b.list, func(known mail.Letter) bool { return known.ID == l.ID })
	if b.list = append([]mail.Letter{l}, b.list...); len(b.list) > maxBox {
		b.list = b.list[:maxBox]
	}
}

// ServeHTTP shows the letters, the latest first.
func (b *letterBox) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	list := slices.Clone(b.list)
	b.mu.Unlock()
	plainPage(w.Header())
	_ = b.page.Execute(w, list)
}

// plainPage sets the headers of a page with plainStyle.
func plainPage(h http.Header) {
	style := sha256.Sum256([]byte(plainStyle))
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(style[:])+"'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
}

// readLine reads a secret that is one line.
func readLine(path string) (string, error) {
	text, err := secret.Read(path)
	return strings.TrimSpace(text), err
}
