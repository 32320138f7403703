package oidc

import (
	"slices"
	"strings"
	"time"

	"usher/domain"
)

// Bounds of what is taken from claims.
const (
	maxSubject = 255 // Core section 2, sub
	maxText    = 1000
	maxGroups  = 2000
)

// Mapping says which claim is what: names, or JSON pointers to what lies deeper. An empty one is asked for nothing.
type Mapping struct {
	Subject       string // who that is, for ever; sub unless given
	Tenant        string // for providers whose subjects are unique in a tenant only: put before the subject
	UserName      string
	Email         string
	EmailVerified string // empty: no address of this provider is proof of anything
	Name          string
	GivenName     string
	FamilyName    string
	Language      string
	Groups        string
	ExternalID    string // equals the directory's externalId, where the connection says so

	// Owner is a claim that must be there as well for an address to count as verified: Google verifies the addresses of
	// the domains that it hosts (hd), and knows any other one only from the person.
	Owner string

	// HostedDomains are the only values of hd that may sign in, where the provider is shared by everybody; nil: any.
	HostedDomains []string

	Scopes   []string // asked for beside openid
	UserInfo bool     // ask the userinfo endpoint for what the ID token does not say
}

// Preset is the mapping for a kind of provider.
//
//   - Okta: https://developer.okta.com/docs/guides/customize-tokens-groups-claim/. The groups claim needs a filter there.
//   - Entra: a person is oid in tid (https://learn.microsoft.com/entra/identity-platform/claims-validation). Its sub differs
//     from application to application, and its email is what an administrator of any tenant typed: it never counts as
//     verified (https://learn.microsoft.com/entra/identity-platform/migrate-off-email-claim-authorization).
//   - Google: https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload. It sends no groups.
func Preset(kind domain.ConnectionKind) Mapping {
	m := Mapping{
		Subject: "sub", UserName: "preferred_username", Email: "email", EmailVerified: "email_verified", Name: "name",
		GivenName: "given_name", FamilyName: "family_name", Language: "locale", Groups: "groups", Scopes: []string{"profile", "email"},
	}
	switch kind {
	case domain.KindOkta:
		m.Scopes = append(m.Scopes, "groups")
	case domain.KindEntra:
		m.Subject, m.Tenant, m.ExternalID, m.EmailVerified, m.Language = "oid", "tid", "oid", "", "xms_pl"
	case domain.KindGoogle:
		m.UserName, m.Owner, m.Groups = "email", "hd", ""
	default: // the names of OpenID Connect Core section 5.1
	}
	return m
}

// Arrival is who came back from a provider, and how they proved it there.
type Arrival struct {
	Organisation domain.OrganisationID
	Connection   domain.ConnectionID
	Issuer       string // with Subject, and the connection, the key of an identity
	Subject      string

	Person Person

	Methods  []string  // amr: how they signed in there (RFC 8176)
	Context  string    // acr: by which class of ways
	SignedIn time.Time // auth_time; zero: not told

	ProviderSession string // sid, for back-channel logout
	LogoutHint      Secret // the ID token, for RP-initiated logout
	Started         Started
}

// Person is what the provider says of them. None of it is proof of anything but a verified e-mail.
type Person struct {
	UserName      string
	Email         string
	EmailVerified bool // the provider vouches for it
	Name          string
	GivenName     string
	FamilyName    string
	Language      string
	ExternalID    string
	Groups        []string

	// GroupsLeftOut says that the person is in more groups than the provider puts into a token, so that Groups is no
	// list to take anything away by: Entra's overage (https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference#groups-overage-claim).
	GroupsLeftOut bool
}

// GroupsNote says in plain words why groups are missing; empty where none are.
func (p Person) GroupsNote() string {
	if !p.GroupsLeftOut {
		return ""
	}
	return "this person is in more groups than the provider puts into a token, so none of them count here; let the provider send only the groups that are assigned to the application, or push groups by SCIM"
}

// subject is the key of the person at the provider.
func (m Mapping) subject(issuer string, all claims) (string, error) {
	name := m.Subject
	if name == "" {
		name = "sub"
	}
	subject := all.text(name)
	if subject == "" || len(subject) > maxSubject {
		return "", refuse(StepClaims, "subject", SideProvider, "the provider does not say who signed in: the claim "+name+" is missing or is no short text", nil)
	}
	if m.Tenant == "" {
		return subject, nil
	}
	tenant := all.text(m.Tenant)
	if tenant == "" || len(tenant) > maxSubject {
		return "", refuse(StepClaims, "tenant", SideProvider, "the provider does not say from which tenant the person is: the claim "+m.Tenant+" is missing", nil)
	}
	if !slices.Contains(strings.Split(issuer, "/"), tenant) {
		return "", refuse(StepClaims, "tenant", SideProvider, "the person is from another tenant than this connection is for", nil)
	}
	return tenant + "/" + subject, nil
}

// hosted refuses who is not of a domain that may sign in.
func (m Mapping) hosted(all claims) error {
	if len(m.HostedDomains) == 0 {
		return nil
	}
	if slices.ContainsFunc(m.HostedDomains, func(d string) bool { return strings.EqualFold(d, all.text("hd")) }) {
		return nil
	}
	return refuse(StepClaims, "hd", SidePerson, "this account is not of the organisation; sign in with the one that your organisation gave you", nil)
}

// person takes from the claims what is mapped.
func (m Mapping) person(all claims) Person {
	p := Person{
		UserName: all.text(m.UserName), Email: all.text(m.Email), Name: all.text(m.Name), GivenName: all.text(m.GivenName),
		FamilyName: all.text(m.FamilyName), Language: all.text(m.Language), ExternalID: all.text(m.ExternalID),
	}
	p.EmailVerified = p.Email != "" && m.EmailVerified != "" && all.yes(m.EmailVerified)
	if m.Owner != "" && all.text(m.Owner) == "" {
		p.EmailVerified = false
	}
	if m.Groups == "" {
		return p
	}
	p.Groups, p.GroupsLeftOut = all.texts(m.Groups, maxGroups)
	elsewhere := all.at("/_claim_names/" + m.Groups)
	if elsewhere != nil || all.yes("hasgroups") {
		p.GroupsLeftOut = true
	}
	if p.GroupsLeftOut {
		p.Groups = nil
	}
	return p
}
