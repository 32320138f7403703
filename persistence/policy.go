package persistence

import (
	"strings"

	"usher/domain"
)

type policies struct{ session }

func (t policies) Get(org domain.OrganisationID) (domain.Policy, error) {
	p := domain.DefaultPolicy()
	var suspension, email, overflow, mfa, local, required string
	found, err := fetch(t, `SELECT version, inactivity_days, inactivity_warning_days, suspension, email_change, seat_overflow,
failed_sign_ins, password_days, password_warning_days, invitation_days, session_idle_hours, session_days, mfa,
local_sign_in, required_fields, (SELECT o.hands_out_extensions FROM organisations o WHERE o.organisation_id = policies.organisation_id)
FROM policies WHERE organisation_id = ?`, []any{org.UUID}, &p.Version, &p.InactivityDays, &p.InactivityWarningDays, &suspension, &email, &overflow,
		&p.FailedSignIns, &p.PasswordDays, &p.PasswordWarningDays, &p.InvitationDays, &p.SessionIdleHours, &p.SessionDays, &mfa,
		&local, &required, &p.ExtensionAuto)
	if err != nil || !found {
		return p, err
	}
	if p.Required, err = domain.ParseRequiredFields(strings.Fields(required)); err != nil {
		return p, err
	}
	p.Suspension, p.EmailChange = domain.SuspensionPolicy(suspension), domain.EmailChangePolicy(email)
	p.SeatOverflow, p.MFA = domain.SeatOverflowPolicy(overflow), domain.MFAPolicy(mfa)
	p.LocalSignIn = domain.LocalSignInPolicy(local)
	return p, nil
}

func (t policies) Save(org domain.OrganisationID, was, is domain.Policy) error {
	err := t.touch(errStale, `INSERT INTO policies (organisation_id, version, inactivity_days, inactivity_warning_days, suspension,
email_change, seat_overflow, failed_sign_ins, password_days, password_warning_days, invitation_days, session_idle_hours, session_days, mfa,
required_fields, local_sign_in) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (organisation_id) DO UPDATE SET version = excluded.version,
inactivity_days = excluded.inactivity_days, inactivity_warning_days = excluded.inactivity_warning_days,
suspension = excluded.suspension, email_change = excluded.email_change, seat_overflow = excluded.seat_overflow,
failed_sign_ins = excluded.failed_sign_ins, password_days = excluded.password_days,
password_warning_days = excluded.password_warning_days, invitation_days = excluded.invitation_days,
session_idle_hours = excluded.session_idle_hours, session_days = excluded.session_days, mfa = excluded.mfa,
required_fields = excluded.required_fields, local_sign_in = excluded.local_sign_in
WHERE policies.version = ?`, org.UUID, is.Version, is.InactivityDays, is.InactivityWarningDays, string(is.Suspension),
		string(is.EmailChange), string(is.SeatOverflow), is.FailedSignIns, is.PasswordDays, is.PasswordWarningDays, is.InvitationDays,
		is.SessionIdleHours, is.SessionDays, string(is.MFA), strings.Join(is.Required.Names(), " "), string(is.LocalSignIn), was.Version)
	if err != nil {
		return err
	}
	if err := commonsChanged(t, org); err != nil || is.ExtensionAuto == was.ExtensionAuto {
		return err
	}
	return t.touch(errNoOrganisation(), "UPDATE organisations SET hands_out_extensions = ? WHERE organisation_id = ?", is.ExtensionAuto, org.UUID)
}
