package persistence

import (
	"usher/domain"
)

type emailDomains struct{ session }

const emailDomainColumns = `name, written, challenge, created_at, COALESCE(verified_at, 0), verified_by, adopter_id, version`

func scanEmailDomain(r row, org domain.OrganisationID) (domain.EmailDomain, error) {
	e := domain.EmailDomain{Organisation: org}
	var created, verified int64
	var by string
	err := r.Scan(&e.Name, &e.Written, &e.Challenge, &created, &verified, &by, &e.Adopter.UUID, &e.Version)
	e.CreatedAt, e.VerifiedAt, e.VerifiedBy = instant(created), instant(verified), domain.Proof(by)
	return e, err
}

func (t emailDomains) Insert(e domain.EmailDomain) error {
	taken := &domain.Error{
		Kind: domain.Conflict, Code: domain.CodeNameTaken, Field: "domain",
		Message: "the organisation has this domain already; see its record, or remove it first",
	}
	if err := t.unclaimed(e); err != nil {
		return err
	}
	return t.claim(taken, `INSERT INTO domains (organisation_id, name, written, challenge, created_at, verified_at, verified_by, adopter_id, version)
VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?)`, e.Organisation.UUID, e.Name, e.Written, e.Challenge, e.CreatedAt.UnixMilli(), millis(e.VerifiedAt),
		string(e.VerifiedBy), e.Version)
}

// unclaimed refuses a domain that another organisation has proved.
func (t emailDomains) unclaimed(e domain.EmailDomain) error {
	other, found, err := t.Owner(e.Name)
	if err == nil && found && other != e.Organisation {
		return domain.DomainTaken()
	}
	return err
}

func (t emailDomains) Get(org domain.OrganisationID, name string) (domain.EmailDomain, error) {
	list, err := t.list(org, " AND name = ?", name)
	if err == nil && len(list) == 0 {
		err = notFound("domain")
	}
	if err != nil {
		return domain.EmailDomain{}, err
	}
	return list[0], nil
}

func (t emailDomains) List(org domain.OrganisationID) ([]domain.EmailDomain, error) {
	return t.list(org, "")
}

func (t emailDomains) list(org domain.OrganisationID, where string, args ...any) ([]domain.EmailDomain, error) {
	var list []domain.EmailDomain
	at := map[string]int{}
	args = append([]any{org.UUID}, args...)
	err := t.query("SELECT "+emailDomainColumns+" FROM domains WHERE organisation_id = ?"+where+" ORDER BY name", args, func(r row) error {
		e, err := scanEmailDomain(r, org)
		at[e.Name] = len(list)
		list = append(list, e)
		return err
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	err = t.query("SELECT name, connection_id FROM domain_trusts WHERE organisation_id = ?"+where+" ORDER BY name, connection_id", args, func(r row) error {
		var name string
		var id domain.ConnectionID
		err := r.Scan(&name, &id.UUID)
		if i, there := at[name]; there {
			list[i].Trusted = append(list[i].Trusted, id)
		}
		return err
	})
	return list, err
}

func (t emailDomains) Save(was, is domain.EmailDomain) error {
	org := is.Organisation
	if was.VerifiedAt.IsZero() && !is.VerifiedAt.IsZero() {
		err := t.claim(domain.DomainTaken(), "INSERT INTO domain_names (name, organisation_id) VALUES (?, ?)", is.Name, org.UUID)
		if err != nil {
			return err
		}
	}
	var adopter any
	if !is.Adopter.IsZero() {
		adopter = is.Adopter.UUID
	}
	err := t.touch(errStale, `UPDATE domains SET verified_at = ?, verified_by = ?, adopter_id = ?, version = ?
WHERE organisation_id = ? AND name = ? AND version = ?`, millis(is.VerifiedAt), string(is.VerifiedBy), adopter, is.Version, org.UUID, is.Name, was.Version)
	if err != nil {
		return err
	}
	if err := t.exec("DELETE FROM domain_trusts WHERE organisation_id = ? AND name = ?", org.UUID, is.Name); err != nil {
		return err
	}
	for _, id := range is.Trusted {
		err := t.exec("INSERT INTO domain_trusts (organisation_id, name, connection_id) VALUES (?, ?, ?)", org.UUID, is.Name, id.UUID)
		if err != nil {
			return err
		}
	}
	if was.Adopter == is.Adopter {
		return nil
	}
	return accessChanged(t, org)
}

func (t emailDomains) Delete(e domain.EmailDomain) error {
	org := e.Organisation
	err := t.exec("DELETE FROM domain_names WHERE name = ? AND organisation_id = ?", e.Name, org.UUID)
	if err != nil {
		return err
	}
	err = t.touch(errStale, "DELETE FROM domains WHERE organisation_id = ? AND name = ? AND version = ?", org.UUID, e.Name, e.Version)
	if err != nil || e.Adopter.IsZero() {
		return err
	}
	return accessChanged(t, org)
}

func (t emailDomains) Owner(name string) (org domain.OrganisationID, found bool, err error) {
	found, err = fetch(t, "SELECT organisation_id FROM domain_names WHERE name = ?", []any{name}, &org.UUID)
	return org, found, err
}

func (t emailDomains) Trusts(org domain.OrganisationID, name string, connection domain.ConnectionID) (bool, error) {
	var trusts bool
	_, err := fetch(t, `SELECT EXISTS (SELECT 1 FROM domain_trusts t JOIN domains d ON d.organisation_id = t.organisation_id AND d.name = t.name
WHERE t.organisation_id = ? AND t.name = ? AND t.connection_id = ? AND d.verified_at IS NOT NULL)`, []any{org.UUID, name, connection.UUID}, &trusts)
	return trusts, err
}
