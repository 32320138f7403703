package signin

import (
	"maps"
	"net/http"
	"strings"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// addressOfEntra: what Entra calls an e-mail is what an administrator of some tenant typed, so that nobody is found by it,
// whatever is said beside it and though the connection is trusted for the domain. Only where the organisation has named the
// claim by which its tenant vouches for addresses (xms_edov) does one count that is vouched for. People are oid in tid
// (https://learn.microsoft.com/entra/identity-platform/migrate-off-email-claim-authorization).
func addressOfEntra(p *porch) {
	const tenant = "9188040d-6c67-4c5b-b112-36a304b66dad"
	p.provider.Issuer += "/" + tenant + "/v2.0"
	p.provider.Instead = func(_ http.ResponseWriter, r *http.Request) bool {
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/"+tenant+"/v2.0")
		return false
	}
	entra, _ := p.connect("entra", p.provider, domain.KindEntra)
	name := storetest.Slug(p) + ".test"
	address := "victim@" + name
	victim := storetest.Account(p, p.store, p.tenant, address, nil)
	e, err := p.admin.AddEmailDomain(p.Context(), p.boss(), name)
	require.NoError(p, err)
	_, err = p.admin.VerifyEmailDomain(p.Context(), p.boss(), records{e.Record(): e.Challenge}, name, domain.IfMatch{})
	require.NoError(p, err)
	_, err = p.admin.TrustConnections(p.Context(), p.boss(), name, domain.IfMatch{}, []domain.ConnectionID{entra.ID})
	require.NoError(p, err)

	says := func(claims map[string]any) {
		p.provider.Claims = map[string]any{"sub": "pairwise", "oid": "o-1", "tid": tenant, "email": address, "preferred_username": "o-1@" + name, "name": "Eve"}
		maps.Copy(p.provider.Claims, claims)
	}
	for why, claims := range map[string]map[string]any{
		"the address":         nil,
		"verified":            {"email_verified": true},
		"vouched for":         {"xms_edov": true},
		"vouched for, by a 1": {"xms_edov": "1"},
		"all of them":         {"email_verified": true, "xms_edov": true, "verified_primary_email": []string{address}},
	} {
		says(claims)
		p.refused(p.signIn(entra, p.provider), "no-account", why)
	}
	require.Zero(p, p.count("identities"))
	says(map[string]any{"tid": "72f988bf-86f1-41af-91ab-2d7cd011db47", "xms_edov": true})
	p.refused(p.signIn(entra, p.provider), "provider-claims", "of another tenant")

	p.settings(entra, func(s *domain.ProviderSettings) { s.Claims = map[string]string{"email_verified": "xms_edov"} })
	for why, claims := range map[string]map[string]any{"not vouched for": nil, "denied": {"xms_edov": false}, "another claim": {"email_verified": true}} {
		says(claims)
		p.refused(p.signIn(entra, p.provider), "no-account", why)
	}
	require.Zero(p, p.count("identities"))
	says(map[string]any{"xms_edov": true})
	require.Equal(p, victim.ID, p.let(p.signIn(entra, p.provider)).User)

	// From then on it is oid in tid that counts: another address, another sub and no word of it change nothing.
	p.browser = newJar()
	says(map[string]any{"sub": "another", "email": "else@" + name, "xms_edov": false})
	require.Equal(p, victim.ID, p.let(p.signIn(entra, p.provider)).User)
	p.browser = newJar()
	says(map[string]any{"oid": "o-2", "xms_edov": true})
	p.refused(p.signIn(entra, p.provider), "no-account", "an account is found by its address once")
}
