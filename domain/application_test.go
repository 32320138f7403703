package domain_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// The rules that hold for those who come with an API key. TestRules has the others.
func TestRulesOfApplications(t *testing.T) {
	t.Parallel()
	each := storetest.Shared(t)
	for name, rule := range map[string]func(*scene){
		"owner.escalation":     keyEscalation,
		"apikey.catalogue":     keyCatalogue,
		"access.immediate":     keyAccessImmediate,
		"suspend.organisation": keySuspendOrganisation,
		"change.events":        keyEvents,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, store *persistence.Store) {
				s := newScene(t, store, -1)
				rule(s)
				if !t.Failed() {
					storetest.Consistent(t, store, s.org())
				}
			})
		})
	}
}

func (s *scene) administration() *domain.Administration {
	return domain.NewAdministration(s.store, s.clock.Environment(), randomSource())
}

func (s *scene) operator() *domain.Installation {
	return domain.NewInstallation(s.store, s.clock.Environment(), randomSource())
}

func keySpec(t testing.TB, permissions ...string) domain.APIKeySpec {
	t.Helper()
	spec := domain.APIKeySpec{Name: "key"}
	for _, text := range permissions {
		of, err := domain.ParsePermission(text)
		require.NoError(t, err)
		spec.Permissions = append(spec.Permissions, of)
	}
	return spec
}

// application is who a new key of the operator's making is.
func (s *scene) application(permissions ...string) domain.Administrator {
	s.Helper()
	_, text, err := s.operator().CreateAPIKey(s.Context(), s.tenant.Organisation.Slug, keySpec(s, permissions...))
	require.NoError(s, err)
	who, err := s.presents(text)
	require.NoError(s, err)
	return who
}

func (s *scene) presents(text string) (domain.Administrator, error) {
	b, err := domain.ParseAPIKey(text)
	require.NoError(s, err)
	return s.administration().Authenticate(s.Context(), b)
}

// Nobody grants by a key what they do not hold: not another action, not another module, not more objects. An owner may.
func keyEscalation(s *scene) {
	maker := s.application("directory:edit", "users:view")
	create := func(who domain.Administrator, permissions ...string) error {
		_, _, err := s.administration().CreateAPIKey(s.Context(), who, keySpec(s, permissions...))
		return err
	}
	require.NoError(s, create(maker, "users:view"))
	require.NoError(s, create(maker, "users:view", "directory:edit"))
	for _, beyond := range []string{"users:edit", "audit:view", "records:view"} {
		storetest.Refused(s, create(maker, "users:view", beyond), domain.Forbidden, domain.CodeEscalation)
	}
	some := maker
	some.Permissions = domain.Permissions{
		{Module: "directory", Action: "edit"}: domain.AllObjects(), {Module: "users", Action: "view"}: domain.TheseObjects("a"),
	}
	storetest.Refused(s, create(some, "users:view"), domain.Forbidden, domain.CodeEscalation)
	some.Permissions = domain.Permissions{{Module: "users", Action: "view"}: domain.AllObjects()}
	storetest.Refused(s, create(some, "users:view"), domain.Forbidden, domain.CodePermissionMissing)
	owner := domain.Administrator{Organisation: s.org(), Actor: domain.Actor{Kind: "user", ID: s.local("owner").ID.UUID}, Owner: true}
	require.NoError(s, create(owner, "records:delete"))
}

// keyCatalogue: a key is given only what there is, whoever makes it: what the application registers, from then on.
func keyCatalogue(s *scene) {
	for permission, remedy := range map[string]string{
		"users:fly": "the module users has no action", "nomodule:zap": "there is no module", "campaigns:dial": "there is no module",
	} {
		for name, create := range map[string]func() error{
			"operator": func() error {
				_, _, err := s.operator().CreateAPIKey(s.Context(), s.tenant.Organisation.Slug, keySpec(s, "users:view", permission))
				return err
			},
			"administrator": func() error {
				_, _, err := s.administration().CreateAPIKey(s.Context(), s.everything(), keySpec(s, permission))
				return err
			},
		} {
			made := s.eventsSince(func() {
				err := create()
				storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
				require.Equal(s, "permissions", fieldAtFault(s, err), name)
				require.ErrorContains(s, err, remedy, name)
			})
			require.Empty(s, made)
		}
	}
	s.register("campaigns", "dial")
	require.True(s, s.application("campaigns:dial").May(mustPermission("campaigns:dial"), "c1"))
}

// What a key may do is looked up for every request: revoked and expired ones end at once, on every replica.
func keyAccessImmediate(s *scene) {
	k, text, err := s.operator().CreateAPIKey(s.Context(), s.tenant.Organisation.Slug, keySpec(s, "users:view"))
	require.NoError(s, err)
	who, err := s.presents(text)
	require.NoError(s, err)
	require.Equal(s, s.org(), who.Organisation)
	require.Equal(s, domain.Actor{Kind: domain.ActorAPIKey, ID: k.ID.UUID}, who.Actor)
	require.True(s, who.May(domain.Permission{Module: "users", Action: "view"}, "anybody"))
	require.False(s, who.May(domain.Permission{Module: "users", Action: "edit"}, ""))
	_, err = s.operator().RevokeAPIKey(s.Context(), s.tenant.Organisation.Slug, k.ID)
	require.NoError(s, err)
	_, err = s.presents(text)
	storetest.Refused(s, err, domain.Unauthenticated, domain.CodeUnauthenticated)

	spec := keySpec(s, "users:view")
	spec.Lifetime = time.Hour
	_, text, err = s.operator().CreateAPIKey(s.Context(), s.tenant.Organisation.Slug, spec)
	require.NoError(s, err)
	s.clock.Move(time.Hour - time.Millisecond)
	_, err = s.presents(text)
	require.NoError(s, err)
	s.clock.Move(time.Millisecond)
	_, err = s.presents(text)
	storetest.Refused(s, err, domain.Unauthenticated, domain.CodeUnauthenticated)

	// A token whose end was moved is refused when the new end has come, by those who remember it as well.
	admin := s.application(storetest.EveryPermission()...)
	_, token, err := s.administration().CreateToken(s.Context(), admin, s.caller.Connection, 0)
	require.NoError(s, err)
	b, err := domain.ParseBearer(token)
	require.NoError(s, err)
	_, err = s.directory.Authenticate(s.Context(), b)
	require.NoError(s, err)
	recalled, ok := s.directory.Recall(b)
	require.True(s, ok)
	tokens, err := s.operator().ListTokens(s.Context(), s.tenant.Organisation.Slug, "")
	require.NoError(s, err)
	_, _, err = s.administration().RotateToken(s.Context(), admin, tokens[0].ID, 0, domain.IfMatch{})
	require.NoError(s, err)
	_, err = s.directory.Users(s.Context(), recalled, domain.Query{Limit: 1})
	storetest.Refused(s, err, domain.Unauthenticated, domain.CodeUnauthenticated)
}

func keySuspendOrganisation(s *scene) {
	_, text, err := s.operator().CreateAPIKey(s.Context(), s.tenant.Organisation.Slug, keySpec(s, "users:view"))
	require.NoError(s, err)
	_, err = s.operator().SuspendOrganisation(s.Context(), s.tenant.Organisation.Slug)
	require.NoError(s, err)
	who, err := s.presents(text)
	storetest.Refused(s, err, domain.Forbidden, domain.CodeOrganisationStopped)
	require.Equal(s, s.org(), who.Organisation, "for the log")
	_, err = s.operator().ResumeOrganisation(s.Context(), s.tenant.Organisation.Slug)
	require.NoError(s, err)
	_, err = s.presents(text)
	require.NoError(s, err)
}

// One event for each thing that changed, none for what was so already, and no secret in any.
func keyEvents(s *scene) {
	admin := s.application(storetest.EveryPermission()...)
	ad, ctx := s.administration(), s.Context()
	types := func(fn func()) []domain.EventType { return eventTypes(s.eventsSince(fn)) }
	var k domain.APIKey
	var text, tokenText string
	var err error
	require.Equal(s, []domain.EventType{domain.APIKeyCreated}, types(func() {
		k, text, err = ad.CreateAPIKey(ctx, admin, keySpec(s, "users:view"))
		require.NoError(s, err)
	}))
	revoke := func() {
		_, err := ad.RevokeAPIKey(ctx, admin, k.ID, domain.IfMatch{})
		require.NoError(s, err)
	}
	require.Equal(s, []domain.EventType{domain.APIKeyRevoked}, types(revoke))
	require.Empty(s, types(revoke))
	disable := func(disabled bool) func() {
		return func() {
			_, err := ad.SetConnectionDisabled(ctx, admin, s.caller.Connection, disabled, domain.IfMatch{})
			require.NoError(s, err)
		}
	}
	require.Empty(s, types(disable(false)))
	require.Equal(s, []domain.EventType{domain.ConnectionDisabled}, types(disable(true)))
	require.Empty(s, types(disable(true)))
	require.Equal(s, []domain.EventType{domain.ConnectionEnabled}, types(disable(false)))
	var t domain.Token
	require.Equal(s, []domain.EventType{domain.TokenCreated}, types(func() {
		t, tokenText, err = ad.CreateToken(ctx, admin, s.caller.Connection, time.Hour)
		require.NoError(s, err)
	}))
	require.Equal(s, []domain.EventType{domain.TokenCreated}, types(func() {
		_, _, err = ad.RotateToken(ctx, admin, t.ID, 2*time.Hour, domain.IfMatch{})
		require.NoError(s, err)
	}), "the old one ends by itself before the overlap does")
	require.ElementsMatch(s, []domain.EventType{domain.TokenCreated, domain.TokenUpdated}, types(func() {
		_, _, err = ad.RotateToken(ctx, admin, t.ID, time.Minute, domain.IfMatch{})
		require.NoError(s, err)
	}))
	for _, e := range s.events() {
		for _, secret := range []string{text, tokenText} {
			require.NotContains(s, e.After.Get("name").Text()+e.After.Get("permissions").Text()+e.RequestID, secret)
		}
	}
}

// The text of a key is one that only its own kind of look-up understands.
func TestParseAPIKey(t *testing.T) {
	t.Parallel()
	var secret [32]byte
	token, _ := domain.NewDirectoryToken(domain.OrganisationID{}, secret)
	for _, text := range []string{"", domain.APIKeyPrefix, token, domain.APIKeyPrefix + token[len(domain.DirectoryTokenPrefix):] + "\n", domain.APIKeyPrefix + "ä"} {
		_, err := domain.ParseAPIKey(text)
		storetest.Refused(t, err, domain.Unauthenticated, domain.CodeUnauthenticated)
	}
	key := domain.APIKeyPrefix + token[len(domain.DirectoryTokenPrefix):]
	b, err := domain.ParseAPIKey(key)
	require.NoError(t, err)
	require.True(t, b.Organisation.IsZero())
	_, err = domain.ParseBearer(key)
	storetest.Refused(t, err, domain.Unauthenticated, domain.CodeUnauthenticated)
}

func TestAPIKeySpecIsBounded(t *testing.T) {
	t.Parallel()
	many := keySpec(t, "users:view")
	for range 200 {
		many.Permissions = append(many.Permissions, many.Permissions[0])
	}
	odd := keySpec(t)
	odd.Permissions = []domain.Permission{{Module: "Users", Action: "view"}}
	forever, past, blank := keySpec(t, "users:view"), keySpec(t, "users:view"), keySpec(t, "users:view")
	forever.Lifetime, past.Lifetime, blank.Name = 11*365*24*time.Hour, -time.Second, " "
	for name, c := range map[string]struct {
		spec domain.APIKeySpec
		code string
	}{
		"no permission": {keySpec(t), domain.CodeRequired}, "too many": {many, domain.CodeTooMany}, "odd": {odd, domain.CodeInvalidValue},
		"too long": {forever, domain.CodeInvalidValue}, "past": {past, domain.CodeInvalidValue}, "blank": {blank, domain.CodeInvalidValue},
	} {
		require.True(t, domain.IsCode(c.spec.Check(), c.code), name)
	}
	require.NoError(t, keySpec(t, "users:view").Check())
}

// Keys in force are bounded; those that ended do not count.
func TestAPIKeysAreBounded(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		s := newScene(t, store, 3)
		var last domain.APIKey
		create := func() (err error) {
			last, _, err = s.operator().CreateAPIKey(s.Context(), s.tenant.Organisation.Slug, keySpec(t, "users:view"))
			return err
		}
		for range domain.MaxAPIKeys {
			require.NoError(t, create())
		}
		kept := last
		storetest.Refused(t, create(), domain.Conflict, domain.CodeTooMany)
		_, err := s.operator().RevokeAPIKey(s.Context(), s.tenant.Organisation.Slug, kept.ID)
		require.NoError(t, err)
		require.NoError(t, create())
	})
}

// A source of chance that fails makes no key.
func TestNoSecretWithoutChance(t *testing.T) {
	t.Parallel()
	s := newScene(t, storetest.SQLite(t), -1)
	installation := domain.NewInstallation(s.store, s.clock.Environment(), bytes.NewReader(nil))
	_, _, err := installation.CreateAPIKey(t.Context(), s.tenant.Organisation.Slug, keySpec(t, "users:view"))
	storetest.Refused(t, err, domain.Internal, domain.CodeInternal)
	keys, _, err := s.operator().ListAPIKeys(t.Context(), s.tenant.Organisation.Slug)
	require.NoError(t, err)
	require.Empty(t, keys)
}
