package toyidp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Push is a request that the provider sent to Usher, as the directory page shows it.
type Push struct {
	At     time.Time
	Method string
	URL    string
	Body   string
	Status int // 0: there was no answer
	Answer string
}

// maxShown bounds what of a body is shown.
const maxShown = 2000

// setActive deactivates somebody, or brings them back: look them up by their externalId, and patch (RFC 7644 section 3.5.2),
// as a real provider does when it learns of a change.
func (p *Provider) setActive(ctx context.Context, o Person, active bool) error {
	id, err := p.find(ctx, "/Users", `externalId eq "`+o.ID+`"`)
	if err != nil {
		return err
	}
	if err := p.patch(ctx, "/Users/"+id, map[string]any{"op": "replace", "path": "active", "value": active}); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inactive[o.ID] = !active
	return nil
}

// setMember puts somebody into a group, or takes them out.
func (p *Provider) setMember(ctx context.Context, o Person, group string, in bool) error {
	if !slices.ContainsFunc(p.config.Groups, func(g Group) bool { return g.Name == group }) {
		return fmt.Errorf("there is no group %q", group)
	}
	person, err := p.find(ctx, "/Users", `externalId eq "`+o.ID+`"`)
	if err != nil {
		return err
	}
	id, err := p.find(ctx, "/Groups", "displayName eq "+strconv.Quote(group))
	if err != nil {
		return err
	}
	operation := map[string]any{"op": "remove", "path": `members[value eq "` + person + `"]`}
	if in {
		operation = map[string]any{"op": "add", "path": "members", "value": []any{map[string]any{"value": person}}}
	}
	if err := p.patch(ctx, "/Groups/"+id, operation); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.members[group] = slices.DeleteFunc(p.members[group], func(member string) bool { return member == o.ID })
	if in {
		p.members[group] = append(p.members[group], o.ID)
	}
	return nil
}

// find looks up the id that Usher has given to something of the directory.
func (p *Provider) find(ctx context.Context, path, filter string) (string, error) {
	var found struct {
		Resources []struct {
			ID string `json:"id"`
		} `json:"Resources"`
	}
	q := url.Values{"filter": {filter}, "excludedAttributes": {"members"}}
	if err := p.send(ctx, request{method: http.MethodGet, url: p.config.SCIM.URL + path + "?" + q.Encode()}, &found); err != nil {
		return "", err
	}
	if len(found.Resources) != 1 {
		return "", fmt.Errorf("usher knows %d of %s", len(found.Resources), filter)
	}
	return found.Resources[0].ID, nil
}

func (p *Provider) patch(ctx context.Context, path string, operation map[string]any) error {
	body, err := json.Marshal(map[string]any{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []any{operation},
	})
	if err != nil {
		return err
	}
	return p.send(ctx, request{method: http.MethodPatch, url: p.config.SCIM.URL + path, kind: "application/scim+json", body: string(body)}, nil)
}

// request is what is sent to Usher.
type request struct {
	method, url, kind, body string
	shown                   string // in place of a body with a secret in it
}

// send sends one, remembers it for the page, and reads the answer.
func (p *Provider) send(ctx context.Context, q request, into any) error {
	push := Push{At: p.config.Now(), Method: q.method, URL: q.url, Body: q.body}
	if q.shown != "" {
		push.Body = q.shown
	}
	defer func() { p.note(push) }()
	r, err := http.NewRequestWithContext(ctx, q.method, q.url, strings.NewReader(q.body))
	if err != nil {
		return err
	}
	if strings.HasPrefix(q.url, p.config.SCIM.URL) {
		r.Header.Set("Authorization", "Bearer "+p.config.SCIM.Token)
	}
	if q.kind != "" {
		r.Header.Set("Content-Type", q.kind)
	}
	got, err := p.client.Do(r)
	if err != nil {
		return fmt.Errorf("usher did not answer: %w", err)
	}
	defer func() { _ = got.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(got.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("usher's answer broke off: %w", err)
	}
	push.Status, push.Answer = got.StatusCode, string(body[:min(len(body), maxShown)])
	if got.StatusCode/100 != 2 {
		return fmt.Errorf("usher answered %d: %s", got.StatusCode, push.Answer)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(bytes.NewReader(body)).Decode(into)
}

// maxPushes is how many are shown.
const maxPushes = 12

func (p *Provider) note(push Push) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pushes = append([]Push{push}, p.pushes...)
	p.pushes = p.pushes[:min(len(p.pushes), maxPushes)]
}
