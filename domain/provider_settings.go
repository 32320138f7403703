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

	// The key pair for private_key_jwt. It is made here, and its private half never leaves.
	KeyID     string
	PublicKey []byte // SubjectPublicKeyInfo, DER
	SealedKey []byte // PKCS #8, encrypted
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

// ChangeProviderSettings changes what a connection asks of its OpenID provider. With private_key_jwt a key pair is made if
// there is none. It needs directory:edit. NotFound, Invalid, VersionMismatch.
func (ad *Administration) ChangeProviderSettings(ctx context.Context, who Administrator, id ConnectionID, match IfMatch, maker MakeClientKey, change func(ProviderSettings) ProviderSettings) (ProviderSettings, error) {
	var outcome ProviderSettings
	err := ad.change(ctx, who, ModuleDirectory, ActionEdit, id.String(), func(tx Tx, now time.Time) error {
		if _, err := tx.Connections().Get(who.Organisation, id); err != nil {
			return err
		}
		was, err := tx.ProviderSettings().Get(who.Organisation, id)
		if err != nil {
			return err
		}
		if err := match.admits(was.Version()); err != nil {
			return err
		}
		is := change(was)
		if err := is.check(); err != nil {
			return err
		}
		if is.Authentication == PrivateKeyJWT && len(is.SealedKey) == 0 {
			if is.KeyID, is.PublicKey, is.SealedKey, err = maker(who.Organisation, id); err != nil {
				return err
			}
		}
		if outcome = was; attribute.Equal(is.tree(), was.tree()) {
			return nil
		}
		is.Revision++
		outcome = is
		if err := tx.ProviderSettings().Save(was, is); err != nil {
			return err
		}
		return ad.record(tx, who, ConnectionProviderChanged, "connection", id.UUID, now, was.tree(), is.tree())
	})
	return outcome, err
}

const (
	maxClaimName = 200
	maxScopes    = 50
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
	return nil
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
	userInfo := ""
	if s.UserInfo {
		userInfo = "true"
	}
	return texts("authentication", s.Authentication, "claims", strings.Join(claims, " "), "scopes", listed(s.Scopes), "userInfo", userInfo,
		"hostedDomains", listed(s.HostedDomains), "keyId", s.KeyID)
}

// listed tells an empty list from none.
func listed(list []string) string {
	if list != nil && len(list) == 0 {
		return "-"
	}
	return strings.Join(list, " ")
}
