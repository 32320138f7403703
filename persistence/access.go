package persistence

import (
	"usher/domain"
)

// accessSQL finds everything that decides what a person may do. It is on the way of every request that an application
// lets Usher decide: each part of it is one look-up by a key, but for the baselines, of which an organisation has few.
const accessSQL = `SELECT u.owner, u.status, CASE WHEN l.licence IS NULL THEN '' ELSE COALESCE(l.modules, '` + everyModule + `') END,
COALESCE(p.grants, ''), COALESCE(x.granted, ''), COALESCE(x.revoked, ''),
COALESCE((SELECT string_agg(b.grants, ',') FROM profiles b WHERE b.organisation_id = u.organisation_id AND b.baseline), '')
FROM users u
LEFT JOIN licences l ON l.organisation_id = u.organisation_id AND l.licence = u.licence
LEFT JOIN user_access x ON x.organisation_id = u.organisation_id AND x.user_id = u.user_id
LEFT JOIN assignments a ON a.organisation_id = u.organisation_id AND a.user_id = u.user_id AND a.kind = 'profile' AND a.slot = ''
LEFT JOIN access_defaults d ON d.organisation_id = u.organisation_id AND u.connection_id IS NOT NULL AND a.user_id IS NULL
LEFT JOIN profiles p ON p.organisation_id = u.organisation_id AND p.profile_id = COALESCE(a.object_id, d.profile_id)
WHERE u.organisation_id = ? AND u.user_id = ? AND u.archived_at IS NULL`

func (t assignments) Access(org domain.OrganisationID, user domain.UserID) (domain.Access, error) {
	var a domain.Access
	var status, modules, profile, granted, revoked, baselines string
	found, err := fetch(t, accessSQL, []any{org.UUID, user.UUID}, &a.Owner, &status, &modules, &profile, &granted, &revoked, &baselines)
	if err == nil && !found {
		err = notFound("user")
	}
	if err != nil {
		return domain.Access{}, err
	}
	a.Status, a.Modules = domain.Status(status), modulesOf(modules)
	for _, part := range []struct {
		text string
		into *domain.Permissions
	}{{profile, &a.Profile}, {granted, &a.Granted}, {revoked, &a.Revoked}} {
		if *part.into, err = permissionsOf(part.text); err != nil {
			return domain.Access{}, err
		}
	}
	a.Baseline, err = unionOf("[" + baselines + "]")
	return a, err
}
