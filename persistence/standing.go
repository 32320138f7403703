package persistence

import "usher/domain"

const standingSQL = "(SELECT o.access_version FROM organisations o WHERE o.organisation_id = ?) = ?"

// standing is the condition under which a read for a recalled caller answers at all (see domain.Standing).
func standing(scope domain.Scope) (sql string, args []any) {
	return standingSQL, []any{scope.Organisation.UUID, scope.Standing.AccessVersion}
}

// accessChanged makes everybody who was recalled in an organisation be looked up again. Whatever takes access away or
// gives it back calls it in the same unit of work.
func accessChanged(s session, org domain.OrganisationID) error {
	return s.touch(errNoOrganisation(), "UPDATE organisations SET access_version = access_version + 1 WHERE organisation_id = ?", org.UUID)
}
