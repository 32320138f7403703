package persistence

import (
	"strings"

	"usher/domain"
)

type policies struct{ session }

func (t policies) Get(org domain.OrganisationID) (domain.Policy, error) {
	p := domain.DefaultPolicy()
	var suspension, email, overflow, required string
	found, err := fetch(t, `SELECT version, inactivity_days, inactivity_warning_days, suspension, email_change, seat_overflow,
required_fields, (SELECT o.hands_out_extensions FROM organisations o WHERE o.organisation_id = policies.organisation_id)
FROM policies WHERE organisation_id = ?`, []any{org.UUID}, &p.Version, &p.InactivityDays, &p.InactivityWarningDays, &suspension, &email, &overflow,
		&required, &p.ExtensionAuto)
	if err != nil || !found {
		return p, err
	}
	if p.Required, err = domain.ParseRequiredFields(strings.Fields(required)); err != nil {
		return p, err
	}
	p.Suspension, p.EmailChange = domain.SuspensionPolicy(suspension), domain.EmailChangePolicy(email)
	p.SeatOverflow = domain.SeatOverflowPolicy(overflow)
	return p, nil
}

func (t policies) Save(org domain.OrganisationID, was, is domain.Policy) error {
	err := t.touch(errStale, `INSERT INTO policies (organisation_id, version, inactivity_days, inactivity_warning_days, suspension,
email_change, seat_overflow, required_fields) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (organisation_id) DO UPDATE SET version = excluded.version,
inactivity_days = excluded.inactivity_days, inactivity_warning_days = excluded.inactivity_warning_days,
suspension = excluded.suspension, email_change = excluded.email_change, seat_overflow = excluded.seat_overflow,
required_fields = excluded.required_fields
WHERE policies.version = ?`, org.UUID, is.Version, is.InactivityDays, is.InactivityWarningDays, string(is.Suspension),
		string(is.EmailChange), string(is.SeatOverflow), strings.Join(is.Required.Names(), " "), was.Version)
	if err != nil || is.ExtensionAuto == was.ExtensionAuto {
		return err
	}
	return t.touch(errNoOrganisation(), "UPDATE organisations SET hands_out_extensions = ? WHERE organisation_id = ?", is.ExtensionAuto, org.UUID)
}
