package persistence

import (
	"slices"
	"strings"
	"time"

	"usher/domain"
)

// How this server speaks with OpenID providers, and signs for itself (domain.ProviderTx).

func (t tx) SigningKeys() domain.SigningKeys             { return signingKeys(t) }
func (t tx) UsedTokens() domain.UsedTokens               { return usedTokens(t) }
func (t tx) ProviderSettings() domain.ProviderSettingsOf { return providerSettings(t) }

type signingKeys struct{ session }

func (t signingKeys) List(org domain.OrganisationID) ([]domain.SigningKey, error) {
	var list []domain.SigningKey
	err := t.query(`SELECT algorithm, generation, key_id, public_key, sealed_key, created_at, used_from FROM signing_keys
WHERE organisation_id = ? ORDER BY algorithm, generation`, []any{org.UUID}, func(r row) error {
		k := domain.SigningKey{Organisation: org}
		var created, used int64
		err := r.Scan(&k.Algorithm, &k.Generation, &k.ID, &k.Public, &k.Sealed, &created, &used)
		k.CreatedAt, k.UsedFrom = instant(created), instant(used)
		list = append(list, k)
		return err
	})
	return list, err
}

func (t signingKeys) Insert(k domain.SigningKey) error {
	return t.exec(`INSERT INTO signing_keys (organisation_id, algorithm, generation, key_id, public_key, sealed_key, created_at, used_from)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (organisation_id, algorithm, generation) DO NOTHING`,
		k.Organisation.UUID, k.Algorithm, k.Generation, k.ID, k.Public, k.Sealed, k.CreatedAt.UnixMilli(), k.UsedFrom.UnixMilli())
}

func (t signingKeys) Delete(org domain.OrganisationID, algorithm string, generation int64) error {
	return t.exec("DELETE FROM signing_keys WHERE organisation_id = ? AND algorithm = ? AND generation = ?", org.UUID, algorithm, generation)
}

type usedTokens struct{ session }

func (t usedTokens) Use(org domain.OrganisationID, hash domain.TokenHash, endsAt, now time.Time) (first bool, err error) {
	if err := t.exec("DELETE FROM used_tokens WHERE organisation_id = ? AND ends_at < ?", org.UUID, now.UnixMilli()); err != nil {
		return false, err
	}
	var one int
	err = t.inside(`INSERT INTO used_tokens (organisation_id, token_hash, ends_at) VALUES (?, ?, ?)
ON CONFLICT (organisation_id, token_hash) DO NOTHING RETURNING 1`, []any{org.UUID, hash[:], endsAt.UnixMilli()}, func(r row) error {
		first = true
		return r.Scan(&one)
	})
	return first, err
}

type providerSettings struct{ session }

func (t providerSettings) Get(org domain.OrganisationID, id domain.ConnectionID) (domain.ProviderSettings, error) {
	s := domain.ProviderSettings{Organisation: org, Connection: id}
	var claims string
	var scopes, domains *string
	var contexts, methods string
	var age *int64
	found, err := fetch(t, `SELECT version, authentication, claims, scopes, user_info, hosted_domains, key_id, public_key, sealed_key,
just_in_time, links_external_id, applies_groups, refreshes_names, required_acr, required_amr, max_age, prompt FROM provider_settings WHERE organisation_id = ? AND connection_id = ?`, []any{org.UUID, id.UUID},
		&s.Revision, &s.Authentication, &claims, &scopes, &s.UserInfo, &domains, &s.KeyID, &s.PublicKey, &s.SealedKey,
		&s.JustInTime, &s.LinksExternalID, &s.AppliesGroups, &s.RefreshesNames, &contexts, &methods, &age, &s.Proof.Prompt)
	if err != nil || !found {
		return s, err
	}
	s.Scopes, s.HostedDomains = unspaced(scopes), unspaced(domains)
	s.Proof.Contexts, s.Proof.Methods = split(contexts), split(methods)
	if age != nil {
		seconds := time.Duration(*age) * time.Second
		s.Proof.MaxAge = &seconds
	}
	for line := range strings.Lines(claims) {
		if s.Claims == nil {
			s.Claims = map[string]string{}
		}
		what, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		s.Claims[what] = name
	}
	return s, nil
}

func (t providerSettings) Save(was, is domain.ProviderSettings) error {
	var claims []string
	for what, name := range is.Claims {
		claims = append(claims, what+"="+name+"\n")
	}
	slices.Sort(claims)
	var age any
	if is.Proof.MaxAge != nil {
		age = int64(*is.Proof.MaxAge / time.Second)
	}
	return t.touch(errStale, `INSERT INTO provider_settings (organisation_id, connection_id, version, authentication, claims, scopes, user_info,
hosted_domains, key_id, public_key, sealed_key, just_in_time, links_external_id, applies_groups, refreshes_names, required_acr, required_amr,
max_age, prompt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, connection_id) DO UPDATE SET version = excluded.version, authentication = excluded.authentication,
claims = excluded.claims, scopes = excluded.scopes, user_info = excluded.user_info, hosted_domains = excluded.hosted_domains,
key_id = excluded.key_id, public_key = excluded.public_key, sealed_key = excluded.sealed_key,
just_in_time = excluded.just_in_time, links_external_id = excluded.links_external_id, applies_groups = excluded.applies_groups,
refreshes_names = excluded.refreshes_names, required_acr = excluded.required_acr, required_amr = excluded.required_amr,
max_age = excluded.max_age, prompt = excluded.prompt WHERE provider_settings.version = ?`,
		is.Organisation.UUID, is.Connection.UUID, is.Revision, is.Authentication, strings.Join(claims, ""), spaced(is.Scopes), is.UserInfo,
		spaced(is.HostedDomains), is.KeyID, is.PublicKey, is.SealedKey,
		is.JustInTime, is.LinksExternalID, is.AppliesGroups, is.RefreshesNames, strings.Join(is.Proof.Contexts, " "), strings.Join(is.Proof.Methods, " "),
		age, is.Proof.Prompt, was.Revision)
}

// split are the words of a text; nil for none.
func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Fields(text)
}

// unspaced is the list that spaced has joined; NULL is no list.
func unspaced(text *string) []string {
	if text == nil {
		return nil
	}
	return append([]string{}, strings.Fields(*text)...)
}

// spaced is a list of words without blanks in one text; NULL for no list.
func spaced(list []string) any {
	if list == nil {
		return nil
	}
	return strings.Join(list, " ")
}
