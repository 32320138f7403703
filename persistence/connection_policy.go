package persistence

import (
	"strings"

	"github.com/google/uuid"

	"usher/domain"
)

type connectionPolicies struct{ session }

// policyColumns are of connection_policies p, joined from the left.
const policyColumns = `COALESCE(p.version, 0), COALESCE(p.password_sync, ''), COALESCE(p.seat_overflow, ''), COALESCE(p.suspension, ''),
COALESCE(p.email_change, ''), COALESCE(p.successor, ''), p.fallback_id, COALESCE(p.adoption, ''), p.roles, p.profiles, p.licences`

// policyRow is what policyColumns are scanned into.
type policyRow struct {
	version                                     int64
	sync, overflow, suspension, email, succeeds string
	adoption                                    string
	fallback                                    uuid.UUID
	roles, profiles, licences                   *string
}

func (r *policyRow) dest() []any {
	return []any{&r.version, &r.sync, &r.overflow, &r.suspension, &r.email, &r.succeeds, &r.fallback, &r.adoption, &r.roles, &r.profiles, &r.licences}
}

func (r *policyRow) noun(activation domain.Activation) (domain.ConnectionPolicy, error) {
	p := domain.DefaultConnectionPolicy(activation)
	if r.version == 0 {
		return p, nil
	}
	p.Version, p.PasswordSync, p.Adoption = r.version, domain.PasswordSync(r.sync), domain.AdoptionPolicy(r.adoption)
	p.SeatOverflow, p.Suspension = domain.SeatOverflowPolicy(r.overflow), domain.SuspensionPolicy(r.suspension)
	p.EmailChange = domain.EmailChangePolicy(r.email)
	p.Successor = domain.Successor{Kind: domain.SuccessorKind(r.succeeds), Fallback: domain.UserID{UUID: r.fallback}}
	var err error
	if p.Limits.Roles, err = idsOf[domain.Role](r.roles); err != nil {
		return p, err
	}
	if p.Limits.Profiles, err = idsOf[domain.Profile](r.profiles); err != nil {
		return p, err
	}
	if r.licences != nil {
		p.Limits.Licences = append([]string{}, strings.Fields(*r.licences)...)
	}
	return p, nil
}

// idsOf reads ids with blanks between them; nil for NULL.
func idsOf[Noun any](text *string) ([]domain.ID[Noun], error) {
	if text == nil {
		return nil, nil
	}
	ids := []domain.ID[Noun]{}
	for word := range strings.FieldsSeq(*text) {
		id, err := uuid.Parse(word)
		if err != nil {
			return nil, err
		}
		ids = append(ids, domain.ID[Noun]{UUID: id})
	}
	return ids, nil
}

// idsText is the reverse.
func idsText[Noun any](ids []domain.ID[Noun]) any {
	if ids == nil {
		return nil
	}
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = id.String()
	}
	return strings.Join(words, " ")
}

func (t connectionPolicies) Get(org domain.OrganisationID, id domain.ConnectionID) (domain.ConnectionPolicy, error) {
	var r policyRow
	var activation string
	found, err := fetch(t, "SELECT c.activation, "+policyColumns+` FROM connections c
LEFT JOIN connection_policies p ON p.organisation_id = c.organisation_id AND p.connection_id = c.connection_id
WHERE c.organisation_id = ? AND c.connection_id = ?`, []any{org.UUID, id.UUID}, append([]any{&activation}, r.dest()...)...)
	switch {
	case err != nil:
		return domain.ConnectionPolicy{}, err
	case !found:
		return domain.ConnectionPolicy{}, notFound("connection")
	}
	return r.noun(domain.Activation(activation))
}

func (t connectionPolicies) Save(org domain.OrganisationID, id domain.ConnectionID, was, is domain.ConnectionPolicy) error {
	var licences any
	if is.Limits.Licences != nil {
		licences = strings.Join(is.Limits.Licences, " ")
	}
	var fallback any
	if !is.Successor.Fallback.IsZero() {
		fallback = is.Successor.Fallback.UUID
	}
	err := t.touch(errStale, `INSERT INTO connection_policies (organisation_id, connection_id, version, password_sync, seat_overflow,
suspension, email_change, successor, fallback_id, adoption, roles, profiles, licences) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, connection_id) DO UPDATE SET version = excluded.version, password_sync = excluded.password_sync,
seat_overflow = excluded.seat_overflow, suspension = excluded.suspension, email_change = excluded.email_change,
successor = excluded.successor, fallback_id = excluded.fallback_id, adoption = excluded.adoption, roles = excluded.roles,
profiles = excluded.profiles, licences = excluded.licences WHERE connection_policies.version = ?`,
		org.UUID, id.UUID, is.Version, string(is.PasswordSync), string(is.SeatOverflow), string(is.Suspension), string(is.EmailChange),
		string(is.Successor.Kind), fallback, string(is.Adoption), idsText(is.Limits.Roles), idsText(is.Limits.Profiles), licences, was.Version)
	if err != nil {
		return err
	}
	err = t.touch(notFound("connection"), "UPDATE connections SET activation = ? WHERE organisation_id = ? AND connection_id = ?",
		string(is.Activation), org.UUID, id.UUID)
	if err != nil {
		return err
	}
	return accessChanged(t, org)
}
