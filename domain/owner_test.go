package domain_test

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

// owner adds an owner to the people of the directory, who has been here or has not.
func (s *scene) owner(userName string, began bool) domain.User {
	s.Helper()
	return storetest.Account(s, s.store, s.tenant, userName, func(u *domain.User) {
		u.Connection, u.Owner = s.tenant.Connection.ID, true
		if !began {
			u.Status, u.AcceptedAt = domain.Pending, time.Time{}
		}
	})
}

// ownerLast: once an owner has been here, one remains who can sign in. The refusal is an event, and nothing else.
func ownerLast(s *scene) {
	off := storetest.Setting(storetest.Truth("active", false))
	tenants := 0
	for name, lose := range map[string]func(u domain.User) error{
		"deactivate": func(u domain.User) error { _, err := s.tryChange(u.ID, off); return err },
		"deactivate what was read": func(u domain.User) error {
			_, err := s.directory.ChangeUser(s.Context(), s.caller, u.ID, domain.IfMatch{}, &u, off)
			return err
		},
		"replace": func(u domain.User) error {
			_, err := s.tryChange(u.ID, func(attribute.Value) (attribute.Value, error) {
				return storetest.Person(u.UserName.Text, storetest.Truth("active", false), storetest.Text("title", "replaced")), nil
			})
			return err
		},
		"end, by the extension": func(u domain.User) error {
			_, err := s.tryChange(u.ID, storetest.Setting(attribute.Member{Name: domain.URNUsher, Value: attribute.NewComplex(
				attribute.Member{Name: "accessWindow", Value: attribute.NewComplex(storetest.Text("validUntil", "2999-01-01"))},
			)}))
			return err
		},
		"delete": func(u domain.User) error {
			return s.directory.Deprovision(s.Context(), s.caller, u.ID, domain.IfMatch{})
		},
	} {
		s.tenant = storetest.NewTenant(s, s.store, fmt.Sprintf("%.55s-%d", storetest.Slug(s), tenants), 5)
		tenants++
		s.caller = s.tenant.Caller
		s.caller.RequestID = "request-7"
		pending := s.owner("never-here@acme.test", false)
		require.NoError(s, lose(pending), "%s: nobody has been here, so there is nothing to lose", name)
		invited := s.owner("invited@acme.test", false)
		last := s.owner("last@acme.test", true)
		group := s.group("Owners", last.ID.UUID)
		held := s.held()

		made := s.eventsSince(func() {
			storetest.Refused(s, lose(last), domain.Forbidden, domain.CodeLastOwner)
		})
		require.Len(s, made, 1, name)
		require.Equal(s, domain.OwnerProtected, made[0].Type)
		require.Equal(s, last.ID.UUID, made[0].Subject)
		require.Equal(s, "request-7", made[0].RequestID)
		require.Equal(s, s.caller.Connection.UUID, made[0].Actor.ID)
		now := s.user(last.ID)
		require.Equal(s, last.Version, now.Version)
		require.Equal(s, last.Document, now.Document)
		require.Equal(s, domain.Active, now.Status)
		require.Equal(s, held, s.held())
		require.Equal(s, group, s.readGroup(group.ID))

		changed := s.change(last.ID, storetest.Setting(storetest.Text("title", "still here")))
		require.NoError(s, lose(invited), "%s: somebody remains", name)
		second := s.owner("second@acme.test", true)
		require.NoError(s, lose(changed), "%s: another one remains", name)
		storetest.Refused(s, lose(second), domain.Forbidden, domain.CodeLastOwner)
		storetest.Consistent(s, s.store, s.org())
	}
	ownersDemoteEachOther(s)
}

// ownersDemoteEachOther: two at the same moment, many times over, never leave the organisation without one (security 48).
func ownersDemoteEachOther(s *scene) {
	s.tenant = storetest.NewTenant(s, s.store, storetest.Slug(s)+"-each-other", 5)
	s.caller = s.tenant.Caller
	owners := []domain.User{s.owner("a@acme.test", true), s.owner("b@acme.test", true)}
	const rounds = 40
	for range rounds {
		counts := outcomes(s.T, concurrently(2, func(i int) error {
			_, err := s.tryChange(owners[i].ID, storetest.Setting(storetest.Truth("active", false)))
			return err
		}))
		require.Equal(s, map[string]int{"": 1, domain.CodeLastOwner: 1}, counts)
		active := 0
		for _, o := range owners {
			if s.user(o.ID).Status == domain.Active {
				active++
			}
		}
		require.Equal(s, 1, active)
		for _, o := range owners {
			s.setActive(o.ID, true)
		}
	}
	protected := 0
	for _, e := range s.events() {
		if e.Type == domain.OwnerProtected {
			protected++
		}
	}
	require.Equal(s, rounds, protected, "one event for each refusal")
}
