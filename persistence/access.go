package persistence

import (
	"database/sql"
	"strings"

	"github.com/google/uuid"

	"usher/domain"
)

// The statements that decide about a person are on the way of every request that an application lets Usher decide: each
// part of them is one look-up by a key. What a person has in common with others comes from the commons.
const (
	accessColumns = `u.owner, u.status, u.licence, u.connection_id IS NOT NULL, COALESCE(x.granted, ''), COALESCE(x.revoked, ''),
COALESCE((SELECT string_agg(a.kind || ' ' || COALESCE(CAST(a.object_id AS text), ''), ',') FROM assignments a
WHERE a.organisation_id = u.organisation_id AND a.user_id = u.user_id AND (a.slot = '' OR a.kind = 'queue')), '')`
	accessJoins = "\nLEFT JOIN user_access x ON x.organisation_id = u.organisation_id AND x.user_id = u.user_id"

	accessSQL = "SELECT o.commons_stamp, " + accessColumns + `
FROM users u JOIN organisations o ON o.organisation_id = u.organisation_id` + accessJoins + `
WHERE u.organisation_id = ? AND u.user_id = ? AND u.archived_at IS NULL`

	admissionSQL = "SELECT o.commons_stamp, o.suspended_at IS NOT NULL, w.user_id IS NOT NULL, COALESCE(k.reason, ''), " +
		"COALESCE(v.time_zone, ''), COALESCE(v.valid_from, ''), COALESCE(v.valid_until, ''), COALESCE(v.schedule, ''), " + accessColumns + `
FROM organisations o LEFT JOIN users u ON u.organisation_id = o.organisation_id AND u.user_id = ? AND u.archived_at IS NULL
LEFT JOIN waiting_people w ON w.organisation_id = u.organisation_id AND w.user_id = u.user_id
LEFT JOIN user_blocks k ON k.organisation_id = u.organisation_id AND k.user_id = u.user_id
LEFT JOIN access_windows v ON v.organisation_id = u.organisation_id AND v.user_id = u.user_id` + accessJoins + " WHERE o.organisation_id = ?"
)

// accessRow is what accessColumns give; owner, status and licence are NULL where there is nobody.
type accessRow struct {
	owner            sql.NullBool
	status, licence  sql.NullString
	pushed           bool
	granted, revoked string
	assigned         string // each a kind, a space and an id, if any
}

func (r *accessRow) into() []any {
	return []any{&r.owner, &r.status, &r.licence, &r.pushed, &r.granted, &r.revoked, &r.assigned}
}

// access is what the person may do, and what they were given.
func (r *accessRow) access(c *commons) (domain.Access, given, error) {
	g, err := r.given(c.byDefault)
	if err != nil {
		return domain.Access{}, g, err
	}
	a := domain.Access{
		Owner: r.owner.Bool, Status: domain.Status(r.status.String), Modules: c.licences[r.licence.String],
		Profile: c.grants[g.profile], Baseline: c.baseline,
	}
	if a.Granted, err = permissionsOf(r.granted); err == nil {
		a.Revoked, err = permissionsOf(r.revoked)
	}
	return a, g, err
}

// given is what a person has, by the defaults as well; zero: none.
type given struct {
	role, profile, team uuid.UUID
	queues              []uuid.UUID
}

// given reads what the person was given. The defaults are for what nobody decided (rule provision.defaults).
func (r *accessRow) given(byDefault domain.Defaults) (g given, err error) {
	if r.pushed {
		g.role, g.profile = byDefault.Role.UUID, byDefault.Profile.UUID
	}
	for one := range strings.SplitSeq(r.assigned, ",") {
		kind, text, _ := strings.Cut(one, " ")
		var id uuid.UUID
		if text != "" {
			if id, err = uuid.Parse(text); err != nil {
				return g, err
			}
		}
		switch domain.GivenKind(kind) {
		case domain.GivenRole:
			g.role = id
		case domain.GivenProfile:
			g.profile = id
		case domain.GivenTeam:
			g.team = id
		case domain.GivenQueue:
			g.queues = append(g.queues, id)
		case domain.GivenSeat:
		}
	}
	return g, nil
}

func (t assignments) Access(org domain.OrganisationID, user domain.UserID) (domain.Access, error) {
	var r accessRow
	c, err := withCommons(t, org, func() (stamp uuid.NullUUID, err error) {
		_, err = fetch(t, accessSQL, []any{org.UUID, user.UUID}, append([]any{&stamp}, r.into()...)...)
		return stamp, err
	})
	if err == nil && c == nil {
		err = notFound("user")
	}
	if err != nil {
		return domain.Access{}, err
	}
	access, _, err := r.access(c)
	return access, err
}

func (t assignments) Admission(org domain.OrganisationID, user domain.UserID) (domain.Admission, error) {
	var facts domain.AccessFacts
	var reason string
	var window domain.WindowSpec
	var r accessRow
	c, err := withCommons(t, org, func() (stamp uuid.NullUUID, err error) {
		_, err = fetch(t, admissionSQL, []any{user.UUID, org.UUID}, append([]any{
			&stamp, &facts.OrganisationSuspended, &facts.Waiting, &reason, &window.TimeZone, &window.ValidFrom, &window.ValidUntil, &window.Schedule,
		}, r.into()...)...)
		return stamp, err
	})
	if err == nil && c == nil {
		err = errNoOrganisation()
	}
	if err != nil {
		return domain.Admission{}, err
	}
	if !r.status.Valid {
		return domain.Admission{Facts: facts}, nil
	}
	facts.Here, facts.Status, facts.Block = true, domain.Status(r.status.String), domain.BlockReason(reason)
	if window != (domain.WindowSpec{}) {
		if facts.Window, err = windowOf(window); err != nil {
			return domain.Admission{}, err
		}
	}
	access, _, err := r.access(c)
	return domain.Admission{Facts: facts, Access: access}, err
}
