package domain

import (
	"context"
	"encoding/base64"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/idna"

	"usher/domain/attribute"
)

// EmailDomain is an e-mail domain of an organisation. It is proved by a TXT record in DNS, or by the operator's word; at
// most one organisation has a proved one.
type EmailDomain struct {
	Organisation OrganisationID
	Name         string // in ASCII, lower case, as DNS has it (RFC 5891)
	Written      string // as people write it
	Challenge    string // the value of the TXT record that proves it
	CreatedAt    time.Time
	VerifiedAt   time.Time // zero: not proved
	VerifiedBy   Proof
	Adopter      ConnectionID   // which may adopt all accounts of the domain that no connection has; zero: none
	Trusted      []ConnectionID // which are trusted to verify addresses of it
	Version      int64
}

// Proof is by what a domain was proved.
type Proof string

// The proofs.
const (
	ProofDNS      Proof = "dns"
	ProofOperator Proof = "operator"
)

// MaxEmailDomains is how many domains an organisation may have.
const MaxEmailDomains = 200

// challengePrefix begins the value of the TXT record.
const challengePrefix = "usher-domain-verification="

// Record is the name of the TXT record that proves the domain.
func (e EmailDomain) Record() string { return "_usher-challenge." + e.Name }

// Subject is the domain's id in events.
func (e EmailDomain) Subject() uuid.UUID {
	return uuid.NewSHA1(e.Organisation.UUID, []byte("domain:"+e.Name))
}

// ParseEmailDomain reads the name of an e-mail domain, internationalised or not. Invalid.
func ParseEmailDomain(text string) (name, written string, err error) {
	text = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(text)), ".")
	name, err = idna.Lookup.ToASCII(text)
	if err != nil || len(name) > 200 || !strings.Contains(name, ".") || strings.Contains(name, "_") || slices.Contains(strings.Split(name, "."), "") || isAddress(name) {
		return "", "", InvalidField("domain", "use the part of the addresses behind the @, such as acme.example")
	}
	if written, err = idna.Lookup.ToUnicode(name); err != nil {
		written = name
	}
	return name, attribute.Fold(written), nil
}

// isAddress reports whether a name is an IPv4 address: its last label is a number.
func isAddress(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	return strings.Trim(last, "0123456789") == ""
}

// Resolver asks DNS.
type Resolver interface {
	// TXT gives the texts of the TXT records of a name, none where there is no such name. Unavailable where DNS does not
	// answer in time.
	TXT(ctx context.Context, name string) ([]string, error)
}

// EmailDomains is the store of domains.
type EmailDomains interface {
	// Insert adds a domain that is not proved. NameTaken where the organisation has it.
	Insert(e EmailDomain) error
	// Get reads one. NotFound.
	Get(org OrganisationID, name string) (EmailDomain, error)
	// List gives all of an organisation, by name.
	List(org OrganisationID) ([]EmailDomain, error)
	// Save writes a domain over the version that was read, and with it whose it is and what its adopter sees; the unit of
	// work runs again when that is no longer the current one. DomainTaken where another organisation has proved it.
	Save(was, is EmailDomain) error
	// Delete forgets a domain, over the version that was read. Another organisation may then prove it.
	Delete(e EmailDomain) error
	// Owner finds which organisation has proved a domain; found is false for none.
	Owner(name string) (org OrganisationID, found bool, err error)
	// Trusts reports whether an organisation has proved a domain and trusts a connection to verify addresses of it.
	Trusts(org OrganisationID, name string, connection ConnectionID) (bool, error)
}

// DomainTaken is the refusal to have what another organisation has proved. It does not say whose it is.
func DomainTaken() *Error {
	return &Error{Kind: Conflict, Code: CodeDomainTaken, Field: "domain", Message: "another organisation has proved that this domain is theirs; ask the operator of the service"}
}

func newEmailDomain(org OrganisationID, text string, random io.Reader, now time.Time) (EmailDomain, error) {
	name, written, err := ParseEmailDomain(text)
	if err != nil {
		return EmailDomain{}, err
	}
	secret, err := newSecret(random)
	if err != nil {
		return EmailDomain{}, err
	}
	return EmailDomain{
		Organisation: org, Name: name, Written: written, CreatedAt: now, Version: 1,
		Challenge: challengePrefix + base64.RawURLEncoding.EncodeToString(secret[:]),
	}, nil
}

// tree is the domain as events show it.
func (e EmailDomain) tree() attribute.Value {
	trusted := idStrings(e.Trusted)
	slices.Sort(trusted)
	tree := texts("domain", e.Name, "verifiedAt", timestamp(e.VerifiedAt), "verifiedBy", string(e.VerifiedBy), "trusted", strings.Join(trusted, " "))
	if !e.Adopter.IsZero() {
		tree.Set("adopter", attribute.NewString(e.Adopter.String()))
	}
	return tree
}
