package domain_test

import (
	"strings"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

// nowhere demands that no cell of any table has something of the organisation in which one of these texts is.
func (s *scene) nowhere(texts ...string) {
	s.Helper()
	s.cells(func(where, cell string) {
		for _, text := range texts {
			require.NotContains(s, cell, text, where)
		}
	})
}

// cells gives every cell of the organisation, as text.
func (s *scene) cells(each func(where, cell string)) {
	s.Helper()
	db := storetest.Raw(s, s.store)
	for _, table := range storetest.TenantTables(s, db) {
		rows, err := db.Query("SELECT * FROM "+table+" WHERE organisation_id = $1", s.org().String())
		require.NoError(s, err)
		columns, err := rows.Columns()
		require.NoError(s, err)
		for rows.Next() {
			values, dest := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				dest[i] = &values[i]
			}
			require.NoError(s, rows.Scan(dest...))
			for i, v := range values {
				text, _ := v.(string)
				if raw, ok := v.([]byte); ok {
					text = string(raw)
				}
				each(table+"."+columns[i], text)
			}
		}
		require.NoError(s, rows.Err())
		require.NoError(s, rows.Close())
	}
}

// purgeEverywhere: of somebody with all that a person can have, nothing personal is left anywhere.
func purgeEverywhere(s *visit) {
	p := s.provider("idp")
	s.settings(p, func(set *domain.ProviderSettings) {
		set.JustInTime, set.RefreshesNames, set.AppliesGroups = true, true, true
	})
	const mark = "zephyrine"
	a := p.tells(mark+"-subject", mark, mark+"@acme.test")
	a.Told.GivenName, a.Groups, a.LogoutHint = "Zephyrine", []string{"friends of " + mark}, []byte("sealed")
	s.from.Agent, s.from.Address = "Browser of "+mark, "2001:db8::5eed"
	in, err := s.arrive(a)
	require.NoError(s, err)
	id := in.Session.User
	s.settings(p, func(set *domain.ProviderSettings) { set.Proof = domain.ProofDemand{Methods: []string{"otp"}} })
	_, err = s.arrive(a)
	s.refused("sign_in_too_weak amr", err)
	s.settings(p, func(set *domain.ProviderSettings) { set.Proof = domain.ProofDemand{} })
	object := attribute.NewComplex
	_, err = s.directory.ChangeUser(s.Context(), p.caller, id, domain.IfMatch{}, nil, storetest.Setting(
		storetest.Text("displayName", "Zephyrine"), storetest.Text("externalId", mark+"-external"), storetest.Text("title", "Dr "+mark),
		storetest.Emails(mark+"@acme.test", "second-"+mark+"@acme.test"), storetest.Text("nickName", mark),
		attribute.Member{Name: domain.URNEnterprise, Value: object(storetest.Text("department", "of "+mark), attribute.Member{
			Name: "manager", Value: object(storetest.Text("value", "boss of "+mark)),
		})},
	))
	require.NoError(s, err)
	report, err := s.directory.Provision(s.Context(), p.caller, storetest.Person("report", storetest.Manager(id.String())))
	require.NoError(s, err)
	text := mark + " on the phone"
	s.done(s.admin.Edit(s.Context(), s.boss(), id, domain.IfMatch{}, domain.PersonChange{Title: &text}))
	review, err := s.admin.OpenReview(s.Context(), s.boss())
	require.NoError(s, err)
	_, err = domain.NewInstallation(s.store, s.clock.Environment(), nil).SweepReviews(s.Context(), s.tenant.Organisation.Slug)
	require.NoError(s, err)
	_, err = s.admin.DecideFinding(s.Context(), s.boss(), review.ID, domain.IfMatch{}, id, domain.FindingNoQueue, domain.VerdictKeep, mark+" is fine")
	require.NoError(s, err)
	letter := domain.Letter{
		ID: domain.LetterID{UUID: uuid.New()}, Organisation: s.org(), Kind: domain.LetterBlocked, User: id, Event: s.events()[0].ID,
		State: domain.DeliveryQueued, DueAt: s.clock.Now(), CreatedAt: s.clock.Now(),
	}
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
		if err := tx.Letters().Queue(letter); err != nil {
			return err
		}
		letter.State, letter.DoneAt, letter.Problem = domain.DeliveryFailed, s.clock.Now(), "550 no such user "+mark+"@acme.test"
		return tx.Letters().Settle(letter)
	}))
	s.deactivate(id)
	found := map[string]bool{}
	s.cells(func(where, cell string) { found[where] = found[where] || strings.Contains(strings.ToLower(cell), mark) })
	for _, where := range []string{
		"users.user_name", "users.document", "user_emails.address_key", "sign_in_names.name_key", "identities.subject",
		"event_values.after_values", "event_values.before_values", "review_findings.note", "letters.problem",
	} {
		require.True(s, found[where], where)
	}
	require.NoError(s, s.admin.Delete(s.Context(), s.boss(), id, domain.IfMatch{}))
	require.NoError(s, s.admin.Purge(s.Context(), s.boss(), id))
	s.nowhere(mark, "Zephyrine", "2001:db8::5eed")
	again, err := s.directory.Provision(s.Context(), p.caller, storetest.Person(mark))
	require.NoError(s, err)
	require.Equal(s, domain.Pending, again.Status, "nobody remembers that they were suspended")
	require.Nil(s, s.found(report.ID).ManagerRef)
}
