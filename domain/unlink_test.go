package domain_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// unlinkIdentity: an administrator sees who somebody is at which provider, since when and when last, and takes one away: the
// sessions by it end, others stay, and who comes by it again is found anew.
func unlinkIdentity(s *visit) {
	okta, other := s.provider("okta"), s.provider("other")
	s.settings(okta, func(p *domain.ProviderSettings) { p.LinksExternalID = true })
	ana := s.pushedBy(okta, "ana@acme.test", "e1")
	came := okta.says("ana")
	came.ExternalID = "e1"
	first, err := s.arrive(came)
	require.NoError(s, err)
	since := s.clock.Now()
	s.linked(other, "also ana", ana.ID)
	kept, err := s.arrive(other.says("also ana"))
	require.NoError(s, err)
	s.clock.Move(time.Hour)
	again, err := s.arrive(okta.says("ana"))
	require.NoError(s, err)

	list, err := s.admin.Identities(s.Context(), s.boss(), ana.ID)
	require.NoError(s, err)
	require.Len(s, list, 2)
	require.ElementsMatch(s, []string{"okta", "other"}, []string{list[0].ConnectionName, list[1].ConnectionName})
	at := 0
	if list[1].ConnectionName == "okta" {
		at = 1
	}
	mine := list[at]
	require.Equal(s, []any{"https://idp.test", "ana", domain.LinkedByExternalID, since, s.clock.Now()},
		[]any{mine.Issuer, mine.Subject, mine.LinkedBy, mine.LinkedAt, mine.UsedAt})
	shown, err := s.operator().Identities(s.Context(), s.tenant.Organisation.Slug, "ANA@acme.test")
	require.NoError(s, err)
	require.Equal(s, list, shown)

	_, err = s.admin.Identities(s.Context(), s.clerk("users:edit"), ana.ID)
	storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
	storetest.Refused(s, s.admin.Unlink(s.Context(), s.clerk("users:view"), ana.ID, mine.ID()), domain.Forbidden, domain.CodePermissionMissing)
	ben := s.pushedBy(okta, "ben@acme.test", "e2")
	storetest.Gone(s, s.admin.Unlink(s.Context(), s.boss(), ben.ID, mine.ID()))
	storetest.Gone(s, s.admin.Unlink(s.Context(), s.boss(), ana.ID, domain.Identity{Connection: okta.connection.ID, Subject: "ana"}.ID()))

	made := s.eventsSince(func() { require.NoError(s, s.admin.Unlink(s.Context(), s.boss(), ana.ID, mine.ID())) })
	require.Equal(s, []domain.EventType{domain.SessionEnded, domain.SessionEnded, domain.IdentityUnlinked}, eventTypes(made))
	require.Equal(s, []any{ana.ID.UUID, s.boss().Actor, "ana"}, []any{made[2].Subject, made[2].Actor, made[2].Before.Get("subject").Text()})
	require.Equal(s, []string{"unauthenticated", "unauthenticated", ""}, []string{s.verdict(first), s.verdict(again), s.verdict(kept)})
	require.Len(s, s.identities(ana.ID), 1)
	storetest.Gone(s, s.admin.Unlink(s.Context(), s.boss(), ana.ID, mine.ID()))
	_, err = s.arrive(okta.says("ana"))
	s.refused("no_account unknown", err)
	_, err = s.arrive(came)
	require.NoError(s, err, "whom the directory calls so is found anew")
}

// ownerLastIdentity: the last owner's last way in is taken by nobody, neither by an administrator nor by the operator.
func ownerLastIdentity(s *visit) {
	okta := s.provider("okta")
	boss := s.done(s.admin.Confirm(s.Context(), s.boss(), s.add("boss@acme.test").ID, domain.IfMatch{}))
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), boss.ID, domain.IfMatch{}))
	s.linked(okta, "boss", boss.ID)
	s.linked(okta, "second", boss.ID)
	require.NoError(s, s.admin.Unlink(s.Context(), s.boss(), boss.ID, okta.says("second").Identity.ID()), "another way in is left")
	last := okta.says("boss").Identity.ID()
	for name, unlink := range map[string]func() error{
		"administrator": func() error { return s.admin.Unlink(s.Context(), s.boss(), boss.ID, last) },
		"operator": func() error {
			return s.operator().Unlink(s.Context(), s.tenant.Organisation.Slug, "boss@acme.test", last)
		},
	} {
		made := s.eventsSince(func() { storetest.Refused(s, unlink(), domain.Forbidden, domain.CodeLastOwner) })
		require.Equal(s, []domain.EventType{domain.OwnerProtected}, eventTypes(made), name)
		require.Equal(s, boss.ID.UUID, made[0].Subject, name)
	}
	require.Len(s, s.identities(boss.ID), 1)
	storetest.Refused(s, s.admin.Unlink(s.Context(), s.clerk("users:edit"), boss.ID, last), domain.Forbidden, domain.CodeOwnerOnly)

	other := s.member("other@acme.test")
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), other.ID, domain.IfMatch{}))
	require.NoError(s, s.operator().Unlink(s.Context(), s.tenant.Organisation.Slug, "boss@acme.test", last), "another owner can sign in")
	require.Empty(s, s.identities(boss.ID))
}
