package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
)

// checkGroups compares the columns of groups with their documents.
func (s *snapshot) checkGroups(t testing.TB) {
	t.Helper()
	for _, g := range s.groups {
		require.GreaterOrEqual(t, g.version, int64(1), "version of %s", g.id)
		require.GreaterOrEqual(t, g.modifiedAt, g.createdAt, "modified_at of %s", g.id)
		if !g.live() {
			continue
		}
		tree := document(t, g.document)
		require.Equal(t, g.id, tree.Get("id").Text())
		require.Equal(t, g.displayName, tree.Get("displayName").Text())
		require.Equal(t, attribute.Fold(g.displayName), g.displayNameKey)
		require.Equal(t, nullable(tree.Get("externalId").Text()), g.externalID, "external_id of %s", g.id)
		for _, absent := range []string{"meta", "members"} {
			require.False(t, tree.Has(absent), "%s in the document of %s", absent, g.id)
		}
	}
}

// checkMemberships: a membership joins a group that is here with a person or group of the same connection. A member may
// be archived, where they went out at the moment they were added; such a row shows nowhere.
func (s *snapshot) checkMemberships(t testing.TB) {
	t.Helper()
	for _, m := range s.memberships {
		g := s.groups[m.group]
		require.NotNil(t, g, "a membership of no group")
		require.True(t, g.live(), "a membership of the archived group %s", g.id)
		require.False(t, g.claimValue.Valid, "a membership of the declared group %s", g.id)
		switch m.kind {
		case domain.MemberUser:
			u := s.users[m.member]
			require.NotNil(t, u, "the member %s of %s is nobody", m.member, m.group)
			require.Equal(t, g.connection, u.connection.String, "connections of %s and its member %s", g.id, u.id)
		case domain.MemberGroup:
			n := s.groups[m.member]
			require.NotNil(t, n, "the member %s of %s is no group", m.member, m.group)
			require.False(t, n.claimValue.Valid, "the declared group %s is a member of %s", n.id, g.id)
			require.Equal(t, g.connection, n.connection, "connections of %s and its member %s", g.id, n.id)
		default:
			require.Fail(t, "an unknown kind of member", m.kind)
		}
	}
}

// memberHere reports whether a member shows.
func (s *snapshot) memberHere(m membershipRow) bool {
	if m.kind == domain.MemberUser {
		return s.users[m.member].live()
	}
	return s.groups[m.member].live()
}

// checkSeats: a plan with a limit has so many seats, one without has none; whoever is not inactive holds exactly one of
// their licence or waits for one, and nobody else holds any; while somebody waits no seat is free (rules seat.required,
// seat.release, seat.unlimited, seat.wait).
func (s *snapshot) checkSeats(t testing.TB) {
	t.Helper()
	numbers := map[string]int64{}
	held := map[string]string{} // licence by holder
	for _, seat := range s.seats {
		numbers[seat.licence]++
		if !seat.holder.Valid {
			continue
		}
		require.NotContains(t, held, seat.holder.String, "a second seat of %s", seat.holder.String)
		held[seat.holder.String] = seat.licence
	}
	for licence, limit := range s.limits {
		require.Equal(t, limit.Int64, numbers[licence], "seats of the licence %s", licence)
	}
	for _, u := range s.users {
		limit, known := s.limits[u.licence]
		require.True(t, known, "the licence %s of %s", u.licence, u.id)
		licence, holds := held[u.id]
		delete(held, u.id)
		if waits, ok := s.waiting[u.id]; ok {
			require.True(t, u.live() && u.status == string(domain.Pending) && limit.Valid && !holds, "%s, who is %s, waits", u.id, u.status)
			require.Equal(t, u.licence, waits, "what %s waits for", u.id)
			for _, seat := range s.seats {
				require.False(t, seat.licence == waits && !seat.holder.Valid, "the seat %d of %s is free though %s waits", seat.number, waits, u.id)
			}
			continue
		}
		require.Equal(t, u.live() && u.status != string(domain.Inactive) && limit.Valid, holds, "whether %s, who is %s, holds a seat", u.id, u.status)
		if holds {
			require.Equal(t, u.licence, licence, "the seat of %s", u.id)
		}
	}
	require.Empty(t, held, "seats held by nobody")
}

// checkCounts compares the counters with the rows they save counting.
func (s *snapshot) checkCounts(t testing.TB) {
	t.Helper()
	rows := map[countKey]int{}
	for key := range s.counts {
		rows[key] = 0
	}
	for _, u := range s.users {
		if u.live() && u.connection.Valid {
			rows[countKey{u.connection.String, "user"}]++
		}
	}
	for _, g := range s.groups {
		if g.live() && !g.claimValue.Valid {
			rows[countKey{g.connection, "group"}]++
		}
	}
	require.Equal(t, rows, s.counts, "resource_counts")
}
