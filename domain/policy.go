package domain

import (
	"fmt"
	"strconv"
	"strings"

	"usher/domain/attribute"
)

// Policy is what an organisation has decided where the rules leave a choice.
type Policy struct {
	InactivityDays        int // without access for so long, an account is blocked (rule block.inactivity)
	InactivityWarningDays int // so long before that the person is warned; 0: never
	Suspension            SuspensionPolicy
	EmailChange           EmailChangePolicy
	SeatOverflow          SeatOverflowPolicy
	Required              RequiredFields // of people who are added by hand (rule user.required)
	ExtensionAuto         bool           // who has no extension when they are added gets the lowest free one (rule user.extension-auto)
	FailedSignIns         int            // wrong passwords in a row that are forgiven; one more blocks the account (rule block.failed)
	PasswordDays          int            // how long a password is good for; 0: for ever (rule password.expiry)
	PasswordWarningDays   int            // so long before its end the person is told; 0: never
	InvitationDays        int            // how long an invitation or a temporary password is good for (rule invite.once)
	SessionIdleHours      int            // a session that is not used for so long has ended
	SessionDays           int            // and one that is so old, however much it is used
	MFA                   MFAPolicy      // whether a password alone is enough (rule access.mfa)
	LocalSignIn           LocalSignInPolicy
	Version               int64 // grows by one with every change; 0: the defaults, never changed
}

// RequiredFields are what an organisation demands of a person who is added by hand, beside what always must be given.
type RequiredFields struct{ Profile, Team, Country, Language bool }

// The names of fields that can be demanded.
const (
	RequireProfile  = "profile"
	RequireTeam     = "team"
	RequireCountry  = "country"
	RequireLanguage = "language"
)

// ParseRequiredFields reads a list of names. Invalid.
func ParseRequiredFields(names []string) (RequiredFields, error) {
	var r RequiredFields
	for _, name := range names {
		if err := oneOf("required_fields", name, RequireProfile, RequireTeam, RequireCountry, RequireLanguage); err != nil {
			return r, err
		}
		r.Profile = r.Profile || name == RequireProfile
		r.Team = r.Team || name == RequireTeam
		r.Country = r.Country || name == RequireCountry
		r.Language = r.Language || name == RequireLanguage
	}
	return r, nil
}

// Names of the fields, in a fixed order.
func (r RequiredFields) Names() []string {
	names := []string{}
	for _, field := range []struct {
		name   string
		wanted bool
	}{{RequireProfile, r.Profile}, {RequireTeam, r.Team}, {RequireCountry, r.Country}, {RequireLanguage, r.Language}} {
		if field.wanted {
			names = append(names, field.name)
		}
	}
	return names
}

// SuspensionPolicy says whether a directory can bring back whom an administrator deactivated (rule suspend.sticks).
type SuspensionPolicy string

// The suspension policies.
const (
	AdministratorWins SuspensionPolicy = "administrator_wins"
	DirectoryWins     SuspensionPolicy = "directory_wins"
)

// EmailChangePolicy says who changes e-mails and user names after an account was made (rule user.email-immutable).
type EmailChangePolicy string

// The policies of changing e-mails.
const (
	EmailChangeNever         EmailChangePolicy = "never"
	EmailChangeDirectory     EmailChangePolicy = "directory"      // directories may
	EmailChangeAdministrator EmailChangePolicy = "administrators" // directories and administrators may
)

// SeatOverflowPolicy says what becomes of a push for which there is no free seat (rule seat.required).
type SeatOverflowPolicy string

// The policies of too few seats.
const (
	SeatOverflowRefuse SeatOverflowPolicy = "refuse"
	SeatOverflowWait   SeatOverflowPolicy = "wait" // rule seat.wait
)

// MFAPolicy says for whom a password alone is not enough (rule access.mfa).
type MFAPolicy string

// The policies of second factors.
const (
	MFAOptional MFAPolicy = "optional" // for those who have set one up, and those who must
	MFARequired MFAPolicy = "required" // for everybody
)

// LocalSignInPolicy says for whom passwords, and whatever takes their place here, open anything.
type LocalSignInPolicy string

// The policies of local sign-in.
const (
	LocalSignInAllowed    LocalSignInPolicy = "allowed"
	LocalSignInOwnersOnly LocalSignInPolicy = "owners_only" // everybody else comes by single sign-on; owners can, for when that is broken
)

// Locally reports whether somebody may sign in by what is kept of them here: a password or a passkey.
func (p Policy) Locally(owner bool) bool { return owner || p.LocalSignIn != LocalSignInOwnersOnly }

// Bounds of a policy's numbers.
const (
	maxPolicyDays     = 3650
	maxFailedSignIns  = 100
	maxInvitationDays = 90
	maxIdleHours      = 720
	maxSessionDays    = 365
)

// DefaultPolicy is what holds until an organisation decides otherwise.
func DefaultPolicy() Policy {
	return Policy{
		InactivityDays: 90, InactivityWarningDays: 14, Suspension: AdministratorWins, EmailChange: EmailChangeDirectory,
		SeatOverflow: SeatOverflowRefuse, FailedSignIns: 5, PasswordDays: 120, PasswordWarningDays: 14, InvitationDays: 7,
		SessionIdleHours: 12, SessionDays: 7, MFA: MFAOptional,
		LocalSignIn: LocalSignInAllowed,
	}
}

// Check says what is wrong with a policy. Invalid.
func (p Policy) Check() error {
	if p.InactivityDays < 1 || p.InactivityDays > maxPolicyDays {
		return InvalidField("inactivity_days", fmt.Sprintf("use 1 to %d days", maxPolicyDays))
	}
	if p.InactivityWarningDays < 0 || p.InactivityWarningDays >= p.InactivityDays {
		return InvalidField("inactivity_warning_days", "use a number of days below inactivity_days, or 0 for no warning")
	}
	if err := oneOf("suspension", p.Suspension, AdministratorWins, DirectoryWins); err != nil {
		return err
	}
	if err := oneOf("email_change", p.EmailChange, EmailChangeNever, EmailChangeDirectory, EmailChangeAdministrator); err != nil {
		return err
	}
	if err := oneOf("seat_overflow", p.SeatOverflow, SeatOverflowRefuse, SeatOverflowWait); err != nil {
		return err
	}
	return p.checkDoors()
}

// checkDoors is Check for what people get in by.
func (p Policy) checkDoors() error {
	for _, number := range []struct {
		field              string
		value, least, most int
	}{
		{"failed_sign_ins", p.FailedSignIns, 1, maxFailedSignIns}, {"password_days", p.PasswordDays, 0, maxPolicyDays},
		{"invitation_days", p.InvitationDays, 1, maxInvitationDays}, {"session_idle_hours", p.SessionIdleHours, 1, maxIdleHours},
		{"session_days", p.SessionDays, 1, maxSessionDays},
	} {
		if number.value < number.least || number.value > number.most {
			return InvalidField(number.field, fmt.Sprintf("use a number from %d to %d", number.least, number.most))
		}
	}
	if p.PasswordWarningDays < 0 || p.PasswordWarningDays > 0 && p.PasswordWarningDays >= p.PasswordDays && p.PasswordDays > 0 {
		return InvalidField("password_warning_days", "use a number of days below password_days, or 0 for no warning")
	}
	if err := oneOf("mfa", p.MFA, MFAOptional, MFARequired); err != nil {
		return err
	}
	return oneOf("local_sign_in", p.LocalSignIn, LocalSignInAllowed, LocalSignInOwnersOnly)
}

// oneOf refuses a value that is none of those there are.
func oneOf[Word ~string](field string, value Word, known ...Word) error {
	names := make([]string, len(known))
	for i, k := range known {
		if k == value {
			return nil
		}
		names[i] = string(k)
	}
	return InvalidField(field, "use one of "+strings.Join(names, ", "))
}

// tree is the policy as events show it.
func (p Policy) tree() attribute.Value {
	return attribute.NewComplex(
		attribute.Member{Name: "inactivity_days", Value: attribute.NewNumber(strconv.Itoa(p.InactivityDays))},
		attribute.Member{Name: "inactivity_warning_days", Value: attribute.NewNumber(strconv.Itoa(p.InactivityWarningDays))},
		attribute.Member{Name: "suspension", Value: attribute.NewString(string(p.Suspension))},
		attribute.Member{Name: "email_change", Value: attribute.NewString(string(p.EmailChange))},
		attribute.Member{Name: "seat_overflow", Value: attribute.NewString(string(p.SeatOverflow))},
		attribute.Member{Name: "required_fields", Value: textList(p.Required.Names())},
		attribute.Member{Name: "extension_auto", Value: attribute.NewBool(p.ExtensionAuto)},
		attribute.Member{Name: "failed_sign_ins", Value: attribute.NewNumber(strconv.Itoa(p.FailedSignIns))},
		attribute.Member{Name: "password_days", Value: attribute.NewNumber(strconv.Itoa(p.PasswordDays))},
		attribute.Member{Name: "password_warning_days", Value: attribute.NewNumber(strconv.Itoa(p.PasswordWarningDays))},
		attribute.Member{Name: "invitation_days", Value: attribute.NewNumber(strconv.Itoa(p.InvitationDays))},
		attribute.Member{Name: "session_idle_hours", Value: attribute.NewNumber(strconv.Itoa(p.SessionIdleHours))},
		attribute.Member{Name: "session_days", Value: attribute.NewNumber(strconv.Itoa(p.SessionDays))},
		attribute.Member{Name: "mfa", Value: attribute.NewString(string(p.MFA))},
		attribute.Member{Name: "local_sign_in", Value: attribute.NewString(string(p.LocalSignIn))},
	)
}

// Policies is the store of policies.
type Policies interface {
	// Get reads an organisation's policy; the defaults where it has decided nothing.
	Get(org OrganisationID) (Policy, error)
	// Save writes a policy over the version that was read; the unit of work runs again when that is no longer the
	// current one.
	Save(org OrganisationID, was, is Policy) error
}
