package signin

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"

	"usher/domain"
	"usher/oidc/assertion"
)

// The headers that tell an application who comes. They are set with every answer of 200, those of which there is nothing
// empty, so that a proxy that copies them replaces whatever the client sent. docs/bridge.md has them one by one.
const (
	headerUser         = "X-Usher-User"
	headerUserName     = "X-Usher-User-Name"
	headerName         = "X-Usher-Name"
	headerEmail        = "X-Usher-Email"
	headerOrganisation = "X-Usher-Organisation"
	headerRole         = "X-Usher-Role"
	headerProfile      = "X-Usher-Profile"
	headerTeam         = "X-Usher-Team"
	headerQueues       = "X-Usher-Queues"
	headerLicence      = "X-Usher-Licence"
	headerPermissions  = "X-Usher-Permissions"
	headerOmitted      = "X-Usher-Omitted"
	headerAssertion    = "X-Usher-Assertion"
)

// The bounds of what is told, so that proxies take it: beyond them permissions and queues are left out as a whole, which
// headerOmitted and the claim omitted say, and GET /api/v1/me has them.
const (
	maxToldPermissions = 2048 // bytes
	maxToldQueues      = 2048
	maxToldText        = 100 // characters of a name
)

// claims are what an assertion says beside the registered claims (RFC 7519 section 4.1), in the words of OpenID Connect Core
// section 5.1 where it has them. docs/bridge.md has them one by one.
type claims struct {
	Organisation     string         `json:"org"`
	OrganisationSlug string         `json:"org_slug"`
	OrganisationName string         `json:"org_name"`
	Session          string         `json:"sid"`
	AuthTime         int64          `json:"auth_time"`
	Methods          []string       `json:"amr"`
	UserName         string         `json:"preferred_username,omitempty"`
	Name             string         `json:"name"`
	GivenName        string         `json:"given_name,omitempty"`
	FamilyName       string         `json:"family_name,omitempty"`
	Email            string         `json:"email,omitempty"`
	Locale           string         `json:"locale,omitempty"`
	ZoneInfo         string         `json:"zoneinfo,omitempty"`
	Owner            bool           `json:"owner"`
	Role             *named         `json:"role"`
	Profile          *named         `json:"profile"`
	Team             *named         `json:"team"`
	Queues           []named        `json:"queues"`
	Licence          string         `json:"licence"`
	Permissions      []string       `json:"permissions"`
	Objects          map[string]any `json:"objects,omitempty"`
	Omitted          []string       `json:"omitted,omitempty"`
}

// named is a role, profile, team or queue.
type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// introduce sets the headers that tell an application who comes.
func (h *Handler) introduce(ctx context.Context, header http.Header, g domain.Guest) error {
	c, err := claimsOf(g)
	if err != nil {
		return err
	}
	token, err := h.assert(ctx, g, c)
	if err != nil {
		return err
	}
	queues := make([]string, len(c.Queues))
	for i, q := range c.Queues {
		queues[i] = plain(q.Name)
	}
	for name, value := range map[string]string{
		headerUser: g.User.ID.String(), headerUserName: plain(c.UserName), headerName: plain(c.Name), headerEmail: plain(c.Email),
		headerOrganisation: c.Organisation, headerRole: plain(c.Role.name()), headerProfile: plain(c.Profile.name()), headerTeam: plain(c.Team.name()),
		headerQueues: strings.Join(queues, ","), headerLicence: plain(c.Licence), headerPermissions: strings.Join(c.Permissions, " "),
		headerOmitted: strings.Join(c.Omitted, ","), headerAssertion: token,
	} {
		header[name] = []string{value}
	}
	return nil
}

func (n *named) name() string {
	if n == nil {
		return ""
	}
	return n.Name
}

// plain writes a text so that every header can carry it and no one breaks out of it: printable ASCII but percent sign, comma
// and the space at either end as it is, each byte of the rest of its UTF-8 as %XX (RFC 3986 section 2.1), as
// decodeURIComponent, url.PathUnescape and urllib.parse.unquote read it.
func plain(text string) string {
	const digits = "0123456789ABCDEF"
	stands := func(i int) bool {
		b := text[i]
		return b > ' ' && b <= '~' && b != '%' && b != ',' || b == ' ' && i > 0 && i < len(text)-1
	}
	whole := true
	for i := range len(text) {
		whole = whole && stands(i)
	}
	if whole {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		if stands(i) {
			b.WriteByte(text[i])
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[text[i]>>4])
		b.WriteByte(digits[text[i]&15])
	}
	return b.String()
}

// claimsOf are what is told of a guest.
func claimsOf(g domain.Guest) (claims, error) {
	d, err := g.Details()
	if err != nil {
		return claims{}, err
	}
	c := claims{
		Organisation: g.User.Organisation.String(), OrganisationSlug: g.OrganisationSlug, OrganisationName: clipped(g.OrganisationName),
		Session: g.Session.ID.String(), AuthTime: g.AuthenticatedAt().Unix(), Methods: g.Methods(),
		Name: clipped(d.Name), GivenName: clipped(d.GivenName), FamilyName: clipped(d.FamilyName), Email: d.Email,
		Locale: clipped(d.Language), ZoneInfo: clipped(d.TimeZone), Owner: g.Owner,
		Role: namedOf(g.Role), Profile: namedOf(g.Profile), Team: namedOf(g.Team), Licence: g.User.Licence,
	}
	if name := g.User.UserName.Text; utf8.RuneCountInString(name) <= maxToldText {
		c.UserName = name
	} else { // a part of a name could be somebody else's
		c.Omitted = append(c.Omitted, "preferred_username")
	}
	if c.Permissions, c.Objects = spelt(g.Permissions()); tooLong(maxToldPermissions, c.Permissions, c.Objects) {
		c.Permissions, c.Objects, c.Omitted = []string{}, nil, append(c.Omitted, "permissions")
	}
	c.Queues = make([]named, len(g.Queues))
	for i, q := range g.Queues {
		c.Queues[i] = *namedOf(q)
	}
	if tooLong(maxToldQueues, c.Queues) {
		c.Queues, c.Omitted = []named{}, append(c.Omitted, "queues")
	}
	return c, nil
}

func namedOf(n domain.Named) *named {
	if n == (domain.Named{}) {
		return nil
	}
	return &named{n.ID.String(), n.Name}
}

// clipped is as much of a text as is told.
func clipped(text string) string {
	if len(text) <= maxToldText || utf8.RuneCountInString(text) <= maxToldText {
		return text
	}
	return string([]rune(text)[:maxToldText-1]) + "…"
}

// spelt tells permissions in two parts, so that who looks only at the first believes too little and never too much: those
// on every object as module:action, and those on some with the objects.
func spelt(p domain.Permissions) (every []string, some map[string]any) {
	every = []string{}
	for _, of := range p.List() {
		switch objects := p[of]; {
		case objects.All && len(objects.IDs) == 0:
			every = append(every, of.String())
		default:
			if some == nil {
				some = map[string]any{}
			}
			some[of.String()] = objects.IDs
			if objects.All {
				some[of.String()] = map[string]any{"except": objects.IDs}
			}
		}
	}
	return every, some
}

// tooLong reports whether values come to more than so many bytes of JSON.
func tooLong(most int, values ...any) bool {
	n := 0
	for _, v := range values {
		text, err := json.Marshal(v)
		if n += len(text); err != nil || n > most {
			return true
		}
	}
	return false
}

// assert signs what is told of a guest for the application, or gives again what was signed a moment ago where every word
// of it is the same.
func (h *Handler) assert(ctx context.Context, g domain.Guest, c claims) (string, error) {
	if h.Signer == nil {
		return "", nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	key := g.Application.Algorithm + "\n" + g.Application.Audience + "\n" + g.User.ID.String() + "\n" + string(text)
	now := h.Now()
	if token, ok := h.signed.get(key, now); ok {
		return token, nil
	}
	more := map[string]any{}
	if err := json.Unmarshal(text, &more); err != nil {
		return "", err
	}
	token, err := h.Signer.Mint(ctx, assertion.Claims{
		Subject: g.User.ID.String(), Audience: g.Application.Audience, Algorithm: g.Application.Algorithm, More: more,
	})
	if err != nil {
		return "", err
	}
	h.signed.put(key, token, now)
	return token, nil
}
