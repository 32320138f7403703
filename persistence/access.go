package persistence

import (
	"database/sql"

	"usher/domain"
)

// The statements that decide about a person are on the way of every request that an application lets Usher decide: each
// part of them is one look-up by a key, but for the baselines, of which an organisation has few.
const (
	accessColumns = `u.owner, u.status, CASE WHEN l.licence IS NULL THEN '' ELSE COALESCE(l.modules, '` + everyModule + `') END,
COALESCE(p.grants, ''), COALESCE(x.granted, ''), COALESCE(x.revoked, ''),
COALESCE((SELECT string_agg(b.grants, ',') FROM profiles b WHERE b.organisation_id = u.organisation_id AND b.baseline), '')`
	accessJoins = `
LEFT JOIN licences l ON l.organisation_id = u.organisation_id AND l.licence = u.licence
LEFT JOIN user_access x ON x.organisation_id = u.organisation_id AND x.user_id = u.user_id
LEFT JOIN assignments a ON a.organisation_id = u.organisation_id AND a.user_id = u.user_id AND a.kind = 'profile' AND a.slot = ''
LEFT JOIN access_defaults d ON d.organisation_id = u.organisation_id AND u.connection_id IS NOT NULL AND a.user_id IS NULL
LEFT JOIN profiles p ON p.organisation_id = u.organisation_id AND p.profile_id = COALESCE(a.object_id, d.profile_id)`

	accessSQL = "SELECT " + accessColumns + " FROM users u" + accessJoins + " WHERE u.organisation_id = ? AND u.user_id = ? AND u.archived_at IS NULL"

	admissionSQL = "SELECT o.suspended_at IS NOT NULL, w.user_id IS NOT NULL, COALESCE(k.reason, ''), " +
		"COALESCE(v.time_zone, ''), COALESCE(v.valid_from, ''), COALESCE(v.valid_until, ''), COALESCE(v.schedule, ''), " + accessColumns + `
FROM organisations o LEFT JOIN users u ON u.organisation_id = o.organisation_id AND u.user_id = ? AND u.archived_at IS NULL
LEFT JOIN waiting_people w ON w.organisation_id = u.organisation_id AND w.user_id = u.user_id
LEFT JOIN user_blocks k ON k.organisation_id = u.organisation_id AND k.user_id = u.user_id
LEFT JOIN access_windows v ON v.organisation_id = u.organisation_id AND v.user_id = u.user_id` + accessJoins + " WHERE o.organisation_id = ?"
)

// accessRow is what accessColumns give; owner and status are NULL where there is nobody.
type accessRow struct {
	owner                                         sql.NullBool
	status                                        sql.NullString
	modules, profile, granted, revoked, baselines string
}

func (r *accessRow) into() []any {
	return []any{&r.owner, &r.status, &r.modules, &r.profile, &r.granted, &r.revoked, &r.baselines}
}

func (r *accessRow) access() (domain.Access, error) {
	a := domain.Access{Owner: r.owner.Bool, Status: domain.Status(r.status.String), Modules: modulesOf(r.modules)}
	var err error
	for _, part := range []struct {
		text string
		into *domain.Permissions
	}{{r.profile, &a.Profile}, {r.granted, &a.Granted}, {r.revoked, &a.Revoked}} {
		if *part.into, err = permissionsOf(part.text); err != nil {
			return domain.Access{}, err
		}
	}
	a.Baseline, err = unionOf("[" + r.baselines + "]")
	return a, err
}

func (t assignments) Access(org domain.OrganisationID, user domain.UserID) (domain.Access, error) {
	var r accessRow
	found, err := fetch(t, accessSQL, []any{org.UUID, user.UUID}, r.into()...)
	if err == nil && !found {
		err = notFound("user")
	}
	if err != nil {
		return domain.Access{}, err
	}
	return r.access()
}

func (t assignments) Admission(org domain.OrganisationID, user domain.UserID) (domain.Admission, error) {
	var facts domain.AccessFacts
	var reason string
	var window domain.WindowSpec
	var r accessRow
	found, err := fetch(t, admissionSQL, []any{user.UUID, org.UUID}, append([]any{
		&facts.OrganisationSuspended, &facts.Waiting, &reason, &window.TimeZone, &window.ValidFrom, &window.ValidUntil, &window.Schedule,
	}, r.into()...)...)
	if err == nil && !found {
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
	access, err := r.access()
	return domain.Admission{Facts: facts, Access: access}, err
}
