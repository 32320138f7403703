// Package webhook owns how an event is sent to a receiver: the body, the signatures (Standard Webhooks 1.0,
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md), and what the network is let
// do. It leaves to the domain what is sent when, and what follows from the outcome.
//
//	sender := webhook.New(webhook.Config{Open: open, Now: time.Now})
//	receipt := sender.Send(ctx, parcel)
package webhook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"usher/domain"
	"usher/domain/attribute"
	"usher/internal/redact"
)

// What a receiver gets.
const (
	timeLimit   = 15 * time.Second // for a whole attempt
	maxAnswer   = 64 << 10         // bytes of an answer that are read
	maxHeader   = 16 << 10         // bytes of its headers
	idleTime    = 30 * time.Second
	maxIdle     = 100
	maxPerHost  = 8
	maxProblem  = 200 // characters
	dialTime    = 5 * time.Second
	contentType = "application/json"
)

// Config of a sender. Open and Now are required.
type Config struct {
	// AllowPrivate lets http and addresses pass that are not of the public network.
	AllowPrivate bool
	// Open gives the secret that was sealed for a place.
	Open func(sealed, place []byte) ([]byte, error)
	Now  func() time.Time
	// TimeLimit of an attempt; 0: 15 seconds.
	TimeLimit time.Duration
}

// Sender sends. It follows no redirects and asks no proxy.
type Sender struct {
	config Config
	client *http.Client
}

// New makes a sender.
func New(c Config) *Sender {
	dialer := &net.Dialer{Timeout: dialTime, Control: func(_, address string, _ syscall.RawConn) error { return admit(c.AllowPrivate, address) }}
	transport := &http.Transport{
		DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: dialTime, MaxResponseHeaderBytes: maxHeader,
		IdleConnTimeout: idleTime, MaxIdleConns: maxIdle, MaxConnsPerHost: maxPerHost, MaxIdleConnsPerHost: maxPerHost,
	}
	return &Sender{config: c, client: &http.Client{
		Transport: transport, Timeout: cmp.Or(c.TimeLimit, timeLimit),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close ends connections that are kept.
func (s *Sender) Close() { s.client.CloseIdleConnections() }

var errPrivate = errors.New("the address is not one of the public network")

// admit looks at the address that a name resolved to, just before it is connected to.
func admit(allowPrivate bool, address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return errPrivate
	}
	if !allowPrivate && !domain.PublicAddress(at.Addr()) {
		return errPrivate
	}
	return nil
}

// Body is what is sent for an event.
func Body(e domain.Event) []byte {
	body := attribute.AppendString([]byte(`{"type":`), string(e.Type))
	body = attribute.AppendString(append(body, `,"timestamp":`...), e.At.UTC().Format(time.RFC3339Nano))
	return append(e.AppendPayload(append(body, `,"data":`...)), '}')
}

// Sign makes one signature of a message.
func Sign(secret []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Send makes one attempt.
func (s *Sender) Send(ctx context.Context, p domain.Parcel) domain.Receipt {
	request, err := s.request(ctx, p)
	if err != nil {
		return domain.Receipt{Problem: "the request could not be made: " + plainly(err, nil)}
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return domain.Receipt{Problem: plainly(err, request)}
	}
	defer func() { _ = answer.Body.Close() }()
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer)) // so that the connection can be used again
	r := domain.Receipt{Status: answer.StatusCode, Gone: answer.StatusCode == http.StatusGone}
	switch {
	case answer.StatusCode < http.StatusOK || answer.StatusCode >= http.StatusMultipleChoices:
		r.Problem = "the receiver answered " + strconv.Itoa(answer.StatusCode)
	case err != nil:
		r.Problem = plainly(err, request)
	default:
		r.Delivered = true
	}
	return r
}

func (s *Sender) request(ctx context.Context, p domain.Parcel) (*http.Request, error) {
	if !s.config.AllowPrivate && !strings.HasPrefix(p.Webhook.URL, "https:") {
		return nil, errors.New("its address is not https")
	}
	now, body, id := s.config.Now(), Body(p.Event), p.Event.ID.String()
	signatures, err := s.signatures(p.Webhook, id, now, body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Webhook.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("User-Agent", "Usher")
	request.Header.Set("Webhook-Id", id)
	request.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	request.Header.Set("Webhook-Signature", signatures)
	return request, nil
}

// signatures are those of the secret, and of the one before while that is in force.
func (s *Sender) signatures(w domain.Webhook, id string, now time.Time, body []byte) (string, error) {
	sealed := [][]byte{w.SealedSecret}
	if len(w.SealedFormer) > 0 && now.Before(w.FormerUntil) {
		sealed = append(sealed, w.SealedFormer)
	}
	signatures := make([]string, len(sealed))
	for i, text := range sealed {
		secret, err := s.config.Open(text, w.Place())
		if err != nil {
			return "", errors.New("its secret cannot be opened; was the secret key of the installation changed?")
		}
		signatures[i] = Sign(secret, id, now, body)
	}
	return strings.Join(signatures, " "), nil
}

// plainly says why there was no answer, without the address, which may hold a secret, and without what was sent there: of what is no
// HTTP an error quotes a line.
func plainly(err error, sent *http.Request) string {
	var network net.Error
	var resolve *net.DNSError
	switch {
	case errors.Is(err, errPrivate):
		return errPrivate.Error()
	case errors.As(err, &resolve):
		return "the name of the receiver does not resolve"
	case errors.As(err, &network) && network.Timeout():
		return "the receiver did not answer in time"
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	var secrets []string
	if sent != nil {
		secrets = []string{sent.Header.Get("Webhook-Signature")}
		if at := sent.URL.RequestURI(); at != "/" {
			secrets = append(secrets, at)
		}
	}
	return redact.Line(err.Error(), maxProblem, secrets...)
}
