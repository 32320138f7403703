package domain

import (
	"context"
	"slices"
	"strings"
	"time"

	"usher/domain/attribute"
)

// ProviderSettings say what a connection asks of its OpenID provider beyond its issuer and client. The zero value is the
// preset of the connection's kind.
type ProviderSettings struct {
	Organisation OrganisationID
	Connection   ConnectionID
	Revision     int64 // 0: nothing was ever set

	// Authentication is how the client shows who it is: client_secret_basic, client_secret_post, private_key_jwt or none;
	// empty: as the provider announces.
	Authentication string

	// Claims says which claim is what, where it is not as the preset has it: by the names of [ProviderClaims], a claim's
	// name or a JSON pointer (RFC 6901). An empty name means that nothing is.
	Claims map[string]string

	Scopes        []string // beside openid; nil: those of the preset
	UserInfo      bool     // ask the userinfo endpoint too
	HostedDomains []string // the only values of hd that may sign in; nil: any

	// What becomes of somebody who comes (see [Entrance.FirstAccess]).
	JustInTime      bool // who has no account gets one
	LinksExternalID bool // the claim that is external_id equals the directory's externalId
	AppliesGroups   bool // the claim that is groups counts as membership of this connection's groups
	RefreshesNames  bool // names and language of who was made here follow what the provider tells

	Proof ProofDemand

	// The key pair for private_key_jwt. It is made here, and its private half never leaves.
	KeyID     string
	PublicKey []byte // SubjectPublicKeyInfo, DER
	SealedKey []byte // PKCS #8, encrypted
}

// ProofDemand is what a single sign-on has to prove beyond who it is (rule access.mfa). The zero value asks for nothing.
type ProofDemand struct {
	Contexts []string       // acr: one of them, best first
	Methods  []string       // amr: at least one of them (RFC 8176)
	MaxAge   *time.Duration // since they signed in at the provider, in whole seconds; nil: however long ago
	Prompt   string         // what the provider is told to ask: login, consent, select_account; empty: as it likes
}

// Version tells one state from another, for If-Match.
func (s ProviderSettings) Version() int64 { return s.Revision }

// ProviderClaims are what a claim can be for.
func ProviderClaims() []string {
	return []string{"subject", "user_name", "email", "email_verified", "name", "given_name", "family_name", "language", "groups", "external_id"}
}

// ProviderAuthentications are the ways in which a client shows who it is (OpenID Connect Core 1.0 section 9).
func ProviderAuthentications() []string {
	return []string{"client_secret_basic", "client_secret_post", PrivateKeyJWT, "none"}
}

// PrivateKeyJWT is the way with a key instead of a secret (RFC 7523).
const PrivateKeyJWT = "private_key_jwt"

// ProviderSettingsOf is the store of settings.
type ProviderSettingsOf interface {
	// Get gives those of a connection; the zero revision where nothing was set.
	Get(org OrganisationID, id ConnectionID) (ProviderSettings, error)
	// Save writes them as a whole, if they are still what was read.
	Save(was, is ProviderSettings) error
}

// MakeClientKey makes a key pair for a connection's client, sealed for it.
type MakeClientKey func(org OrganisationID, id ConnectionID) (keyID string, public, sealed []byte, err error)

// ProviderSettings reads what a connection asks of its OpenID provider. It needs directory:view. NotFound.
func (ad *Administration) ProviderSettings(ctx context.Context, who Administrator, id ConnectionID) (ProviderSettings, error) {
	var s ProviderSettings
	err := ad.look(ctx, who, ModuleDirectory, ActionView, id.String(), func(tx Tx) error {
		if _, err := tx.Connections().Get(who.Organisation, id); err != nil {
			return err
		}
		var err error
		s, err = tx.ProviderSettings().Get(who.Organisation, id)
		return err
	})
	return s, err
}

// ChangeProviderSettings changes what a connection asks of its OpenID provider, and what becomes of who comes by it. With
// private_key_jwt a key pair is made if there is none. It needs directory:edit; what decides who a sign-in is needs everything
// that people may do, since it may be anybody then (rule owner.escalation). NotFound, Invalid, Forbidden, VersionMismatch.
func (ad *Administration) ChangeProviderSettings(ctx context.Context, who Administrator, id ConnectionID, match IfMatch, maker MakeClientKey, change func(ProviderSettings) ProviderSettings) (ProviderSettings, error) {
	var outcome ProviderSettings
	err := ad.change(ctx, who, ModuleDirectory, ActionEdit, id.String(), func(tx Tx, now time.Time) (err error) {
		allow := func(was, is ProviderSettings) error { return ad.mayIdentify(tx, who, was, is) }
		outcome, err = changeProviderSettings(tx, ad.author(who), id, match, now, maker, allow, change)
		return err
	})
	return outcome, err
}

// ChangeProviderSettings changes them, as [Administration.ChangeProviderSettings]. NotFound, Invalid.
func (in *Installation) ChangeProviderSettings(ctx context.Context, slug, name string, maker MakeClientKey, change func(ProviderSettings) ProviderSettings) (Connection, ProviderSettings, error) {
	now := in.env.instant()
	var c Connection
	var outcome ProviderSettings
	err := in.change(ctx, slug, func(tx Tx, o Organisation) (err error) {
		if c, err = tx.Connections().ByName(o.ID, name); err != nil {
			return err
		}
		anything := func(_, _ ProviderSettings) error { return nil }
		outcome, err = changeProviderSettings(tx, in.author(o), c.ID, IfMatch{}, now, maker, anything, change)
		return err
	})
	return c, outcome, err
}

// mayIdentify refuses to say who a sign-in is and what groups they are in, by which claims and whether by the directory's
// externalId, to whoever could not be everybody already.
func (ad *Administration) mayIdentify(tx Tx, who Administrator, was, is ProviderSettings) error {
	field := ""
	if is.LinksExternalID && !was.LinksExternalID {
		field = "links_external_id"
	}
	if is.AppliesGroups != was.AppliesGroups {
		field = "applies_groups"
	}
	for _, what := range []string{"subject", "email", "email_verified", "external_id", "groups"} {
		before, had := was.Claims[what]
		after, has := is.Claims[what]
		if before != after || had != has {
			field = "claims"
		}
	}
	if field == "" {
		return nil
	}
	return who.mayReachAnybody(tx, field)
}

func changeProviderSettings(tx Tx, by author, id ConnectionID, match IfMatch, now time.Time, maker MakeClientKey,
	allow func(was, is ProviderSettings) error, change func(ProviderSettings) ProviderSettings,
) (ProviderSettings, error) {
	if _, err := tx.Connections().Get(by.organisation, id); err != nil {
		return ProviderSettings{}, err
	}
	was, err := tx.ProviderSettings().Get(by.organisation, id)
	if err != nil {
		return was, err
	}
	if err := match.admits(was.Version()); err != nil {
		return was, err
	}
	is := change(was)
	if err := is.check(); err != nil {
		return was, err
	}
	if is.Authentication == PrivateKeyJWT && len(is.SealedKey) == 0 {
		if is.KeyID, is.PublicKey, is.SealedKey, err = maker(by.organisation, id); err != nil {
			return was, err
		}
	}
	if attribute.Equal(is.tree(), was.tree()) {
		return was, nil
	}
	if err := allow(was, is); err != nil {
		return was, err
	}
	is.Revision++
	if err := tx.ProviderSettings().Save(was, is); err != nil {
		return was, err
	}
	return is, by.record(tx, ConnectionProviderChanged, "connection", id.UUID, now, was.tree(), is.tree())
}

const (
	maxClaimName = 200
	maxScopes    = 50
	maxProofs    = 10                  // so that the address at the provider stays one that browsers take
	maxProofAge  = 30 * 24 * time.Hour // of a sign-in at the provider
)

// check says what is wrong with settings. Invalid.
func (s ProviderSettings) check() error {
	if s.Authentication != "" && !slices.Contains(ProviderAuthentications(), s.Authentication) {
		return InvalidField("authentication", "use one of "+strings.Join(ProviderAuthentications(), ", "))
	}
	for what, name := range s.Claims {
		switch {
		case !slices.Contains(ProviderClaims(), what):
			return InvalidField("claims."+what, "claims can be for "+strings.Join(ProviderClaims(), ", "))
		case len(name) > maxClaimName || strings.ContainsFunc(name, unprintable):
			return InvalidField("claims."+what, "use the name of a claim, or a JSON pointer such as /realm_access/roles, of at most 200 characters without blanks")
		case what == "subject" && name == "":
			return InvalidField("claims."+what, "without a subject nobody can be told from anybody else; leave it out for the preset")
		}
	}
	for field, list := range map[string][]string{"scopes": s.Scopes, "hosted_domains": s.HostedDomains} {
		if len(list) > maxScopes {
			return InvalidField(field, "use at most 50")
		}
		for _, text := range list {
			if text == "" || len(text) > maxClaimName || strings.ContainsFunc(text, unprintable) {
				return InvalidField(field, "use words of printable ASCII without blanks")
			}
		}
	}
	return s.Proof.check()
}

// check says what is wrong with a demand. Invalid.
func (d ProofDemand) check() error {
	for field, list := range map[string][]string{"required_acr": d.Contexts, "required_amr": d.Methods} {
		if len(list) > maxProofs {
			return InvalidField(field, "use at most 10")
		}
		for _, text := range list {
			if text == "" || len(text) > maxClaimName || strings.ContainsFunc(text, unprintable) {
				return InvalidField(field, "use words of printable ASCII without blanks, as the provider spells them")
			}
		}
	}
	if d.MaxAge != nil && (*d.MaxAge < 0 || *d.MaxAge > maxProofAge || *d.MaxAge%time.Second != 0) {
		return InvalidField("max_age", "use a number of seconds from 0 to 2592000, which are 30 days")
	}
	return oneOfOrNone("prompt", d.Prompt, "login", "consent", "select_account")
}

// met reports whether a sign-in proves what is demanded; missing names the claim that does not.
func (d ProofDemand) met(context string, methods []string) (missing string, met bool) {
	switch {
	case len(d.Contexts) > 0 && !slices.Contains(d.Contexts, context):
		return "acr", false
	case len(d.Methods) > 0 && !slices.ContainsFunc(methods, func(m string) bool { return slices.Contains(d.Methods, m) }):
		return "amr", false
	}
	return "", true
}

// unprintable is what neither a scope (RFC 6749 section 3.3) nor the name of a claim has.
func unprintable(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }

// tree is the settings as events show them: of the key, its name.
func (s ProviderSettings) tree() attribute.Value {
	var claims []string
	for what, name := range s.Claims {
		claims = append(claims, what+"="+name)
	}
	slices.Sort(claims)
	maxAge := ""
	if s.Proof.MaxAge != nil {
		maxAge = s.Proof.MaxAge.String()
	}
	return texts("authentication", s.Authentication, "claims", strings.Join(claims, " "), "scopes", listed(s.Scopes), "userInfo", truth(s.UserInfo),
		"hostedDomains", listed(s.HostedDomains), "keyId", s.KeyID, "justInTime", truth(s.JustInTime), "linksExternalId", truth(s.LinksExternalID),
		"appliesGroups", truth(s.AppliesGroups), "refreshesNames", truth(s.RefreshesNames), "requiredAcr", strings.Join(s.Proof.Contexts, " "),
		"requiredAmr", strings.Join(s.Proof.Methods, " "), "maxAge", maxAge, "prompt", s.Proof.Prompt)
}

// truth is a text for what is so, and none for what is not.
func truth(is bool) string {
	if is {
		return "true"
	}
	return ""
}

// listed tells an empty list from none.
func listed(list []string) string {
	if list != nil && len(list) == 0 {
		return "-"
	}
	return strings.Join(list, " ")
}
