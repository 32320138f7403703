package persistence

import "usher/domain"

type policies struct{ session }

func (t policies) Get(org domain.OrganisationID) (domain.Policy, error) {
	p := domain.DefaultPolicy()
	var suspension, email, overflow string
	found, err := fetch(t, `SELECT version, inactivity_days, inactivity_warning_days, suspension, email_change, seat_overflow
FROM policies WHERE organisation_id = ?`, []any{org.UUID}, &p.Version, &p.InactivityDays, &p.InactivityWarningDays, &suspension, &email, &overflow)
	if err != nil || !found {
		return p, err
	}
	p.Suspension, p.EmailChange = domain.SuspensionPolicy(suspension), domain.EmailChangePolicy(email)
	p.SeatOverflow = domain.SeatOverflowPolicy(overflow)
	return p, nil
}

func (t policies) Save(org domain.OrganisationID, was, is domain.Policy) error {
	return t.touch(errStale, `INSERT INTO policies (organisation_id, version, inactivity_days, inactivity_warning_days, suspension,
email_change, seat_overflow) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (organisation_id) DO UPDATE SET version = excluded.version,
inactivity_days = excluded.inactivity_days, inactivity_warning_days = excluded.inactivity_warning_days,
suspension = excluded.suspension, email_change = excluded.email_change, seat_overflow = excluded.seat_overflow
WHERE policies.version = ?`, org.UUID, is.Version, is.InactivityDays, is.InactivityWarningDays, string(is.Suspension),
		string(is.EmailChange), string(is.SeatOverflow), was.Version)
}
