package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
)

// checkUserEvents: a person was created by one event, and every version after the first was made by one; going in and
// out of activity adds up to where they are.
func (s *snapshot) checkUserEvents(t testing.TB) {
	t.Helper()
	type story struct {
		created, changes, deleted int64
		active                    int
		first                     attribute.Value
	}
	stories := map[string]*story{}
	for _, e := range s.events {
		if e.subjectKind != "user" {
			continue
		}
		of := stories[e.subject]
		if of == nil {
			of = &story{}
			stories[e.subject] = of
		}
		switch domain.EventType(e.kind) {
		case domain.UserCreated:
			of.created++
			of.first = values(t, e.after.String)
			if of.first.Get("active").Truth() {
				of.active++
			}
		case domain.UserUpdated, domain.UserConfirmed, domain.SeatAssigned, domain.OwnerMade, domain.OwnerUnmade, domain.UserLinked,
			domain.UserInvitationAccepted, domain.FirstAccess, domain.SuspensionBegan:
			of.changes++
		case domain.UserActivated:
			of.changes++
			of.active++
		case domain.UserDeactivated:
			of.changes++
			of.active--
		case domain.UserDeleted:
			of.changes++
			of.deleted++
		case domain.UserAccessChanged, domain.UserAdoptable, domain.GroupsClaimed: // which is kept beside the person
		case domain.RecordsTransferred, domain.RecordsLeft, domain.OnboardingTicked, domain.OnboardingUnticked: // beside the person
		case domain.OwnerProtected, domain.LetterFailed, domain.SuspensionKept, domain.SuspensionOverruled, domain.EmailChangeSkipped,
			domain.UserInvitationSkipped: // by which nothing changed
		case domain.UserInvited, domain.UserInvitationRevoked, domain.UserInvitationExpired, domain.PasswordResetRequested,
			domain.PasswordResetRevoked, domain.PasswordResetExpired, domain.PasswordChanged, domain.PasswordExpiring, domain.SignedInEvent,
			domain.SessionEnded, domain.DeviceRemembered, domain.DevicesForgotten, domain.DeviceForgotten, domain.IdentityLinked, domain.IdentityUnlinked,
			domain.SecondFactorReset, domain.SecondFactorEnrolled, domain.SecondFactorRemoved, domain.RecoveryCodesMade, domain.RecoveryCodeUsed,
			domain.PasskeyAdded, domain.PasskeyRemoved, domain.PasskeyCopied: // what the person gets in by
		case domain.UserLicenceUnmet: // a flag beside the person
		case domain.UserBlocked, domain.UserUnblocked, domain.InactivityWarned, domain.AccessWindowChanged, domain.UserPurged: // beside the person's resource
		default:
			require.Fail(t, "an unexpected event of a person", e.kind)
		}
	}
	for id, u := range s.users {
		of := stories[id]
		require.NotNil(t, of, "the person %s has no event", id)
		require.EqualValues(t, 1, of.created, "user.created of %s", id)
		require.Equal(t, u.version-1, of.changes, "events that changed %s", id)
		if !u.live() {
			require.EqualValues(t, 1, of.deleted, "user.deleted of %s", id)
			continue
		}
		require.Zero(t, of.deleted, "user.deleted of %s", id)
		require.Equal(t, u.status != string(domain.Inactive), of.active == 1, "what the events make of %s, who is %s", id, u.status)
		if u.version == 1 {
			require.True(t, attribute.Equal(of.first, document(t, u.document)), "user.created of %s says %s, the document %s",
				id, attribute.AppendJSON(nil, of.first), u.document)
		}
		delete(stories, id)
	}
	for id, of := range stories {
		require.Contains(t, s.users, id, "events of nobody: %+v", of)
	}
}

// checkGroupEvents: a group was created by one event, and every other one made at least one version (people who go out
// make more); the members are the sum of what the events say, without those who went out.
func (s *snapshot) checkGroupEvents(t testing.TB) {
	t.Helper()
	created, changes := map[string]int64{}, map[string]int64{}
	joined := map[membershipKey]int{}
	for _, e := range s.events {
		if e.subjectKind != "group" {
			continue
		}
		switch domain.EventType(e.kind) {
		case domain.GroupCreated, domain.ClaimedGroupDeclared:
			created[e.subject]++
		case domain.GroupUpdated, domain.GroupDeleted, domain.ClaimedGroupRemoved:
			changes[e.subject]++
		default:
			require.Fail(t, "an unexpected event of a group", e.kind)
		}
		for _, m := range values(t, e.after.String).Get("members").Members() {
			joined[membershipKey{e.subject, m.Value.Text()}]++
		}
		for _, m := range values(t, e.before.String).Get("members").Members() {
			joined[membershipKey{e.subject, m.Value.Text()}]--
		}
	}
	for id, g := range s.groups {
		require.EqualValues(t, 1, created[id], "group.created of %s", id)
		require.GreaterOrEqual(t, g.version-1, changes[id], "versions of %s", id)
	}
	for _, m := range s.memberships {
		key := membershipKey{m.group, m.member}
		require.Equal(t, 1, joined[key], "what the events say of the member %s of %s", m.member, m.group)
		delete(joined, key)
	}
	for key, n := range joined {
		require.GreaterOrEqual(t, n, 0, "the member %s left the group %s more often than they joined it", key.member, key.group)
		require.LessOrEqual(t, n, 1, "the member %s joined the group %s twice", key.member, key.group)
		gone := !s.groups[key.group].live() || !s.memberHere(membershipRow{key.group, key.member, s.kindOf(key.member)})
		require.True(t, n == 0 || gone, "the events say that %s is a member of %s, and there is no row", key.member, key.group)
	}
}

type membershipKey struct{ group, member string }

func (s *snapshot) kindOf(member string) domain.MemberKind {
	if _, ok := s.users[member]; ok {
		return domain.MemberUser
	}
	return domain.MemberGroup
}

// values decodes what an event says; nothing for none.
func values(t testing.TB, text string) attribute.Value {
	t.Helper()
	if text == "" {
		return attribute.Value{}
	}
	tree, err := attribute.Read([]byte(text), attribute.Bounds{Depth: 64, Nodes: 5_000_000})
	require.NoError(t, err)
	return tree
}
