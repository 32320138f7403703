package api

import (
	"context"
	"net/http"

	"usher/domain"
)

// policy is what the organisation has decided where the rules leave a choice.
type policy struct {
	InactivityDays        int    `json:"inactivity_days" doc:"Without access for so long, an account is blocked."`
	InactivityWarningDays int    `json:"inactivity_warning_days" doc:"So long before that the person is warned; 0: never."`
	Suspension            string `json:"suspension" enum:"administrator_wins,directory_wins" doc:"Whether a directory can bring back whom an administrator deactivated."`
	EmailChange           string `json:"email_change" enum:"never,directory,administrators" doc:"Who changes e-mails and user names once an account is made; administrators: they and directories."`
	SeatOverflow          string `json:"seat_overflow" enum:"refuse,wait" doc:"What becomes of a push for which there is no free seat."`
	FailedSignIns         int    `json:"failed_sign_ins" doc:"Wrong passwords in a row that are forgiven; one more blocks the account."`
	PasswordDays          int    `json:"password_days" doc:"How long a password is good for; 0: for ever."`
	PasswordWarningDays   int    `json:"password_warning_days" doc:"So long before its end the person is told; 0: never."`
	InvitationDays        int    `json:"invitation_days" doc:"How long an invitation or a temporary password is good for."`
	SessionIdleHours      int    `json:"session_idle_hours" doc:"A session that is not used for so long has ended."`
	SessionDays           int    `json:"session_days" doc:"A session that is so old has ended, however much it is used."`
	LocalSignIn           string `json:"local_sign_in" enum:"allowed,owners_only" doc:"For whom passwords open anything: everybody, or owners alone, while everybody else comes by single sign-on."`
	MFA                   string `json:"mfa" enum:"optional,required" doc:"Whether everybody who signs in by password needs a second factor."`

	RequiredFields []string `json:"required_fields" nullable:"false" doc:"What must be given of a person who is added by hand, beside what always must: profile, team, country, language."`
	ExtensionAuto  bool     `json:"extension_auto" doc:"Who is added without a telephone extension gets the lowest free one. Those who are here already keep none."`
}

type changePolicy struct {
	IfMatch string `header:"If-Match" doc:"Carry it out only if the ETag is still this one." maxLength:"1000"`

	Body struct {
		InactivityDays        *int                       `json:"inactivity_days,omitempty" minimum:"1" maximum:"3650"`
		InactivityWarningDays *int                       `json:"inactivity_warning_days,omitempty" doc:"Below inactivity_days." minimum:"0" maximum:"3649"`
		Suspension            *domain.SuspensionPolicy   `json:"suspension,omitempty" enum:"administrator_wins,directory_wins"`
		EmailChange           *domain.EmailChangePolicy  `json:"email_change,omitempty" enum:"never,directory,administrators"`
		SeatOverflow          *domain.SeatOverflowPolicy `json:"seat_overflow,omitempty" enum:"refuse,wait"`
		RequiredFields        *[]string                  `json:"required_fields,omitempty" doc:"Any of profile, team, country, language." example:"[\"country\"]" maxItems:"4"`
		ExtensionAuto         *bool                      `json:"extension_auto,omitempty"`
		FailedSignIns         *int                       `json:"failed_sign_ins,omitempty" minimum:"1" maximum:"100"`
		PasswordDays          *int                       `json:"password_days,omitempty" minimum:"0" maximum:"3650"`
		PasswordWarningDays   *int                       `json:"password_warning_days,omitempty" doc:"Below password_days." minimum:"0" maximum:"3649"`
		InvitationDays        *int                       `json:"invitation_days,omitempty" minimum:"1" maximum:"90"`
		SessionIdleHours      *int                       `json:"session_idle_hours,omitempty" minimum:"1" maximum:"720"`
		SessionDays           *int                       `json:"session_days,omitempty" minimum:"1" maximum:"365"`
		LocalSignIn           *domain.LocalSignInPolicy  `json:"local_sign_in,omitempty" doc:"owners_only needs a connection that signs people in." enum:"allowed,owners_only"`
		MFA                   *domain.MFAPolicy          `json:"mfa,omitempty" enum:"optional,required"`
	}
}

func (s *service) addPolicy() {
	add(s, operation{
		method: http.MethodGet, path: "/policy", id: "get-policy", tag: "Policy", summary: "Read the policy of the organisation", needs: "policy:view",
	}, func(ctx context.Context, who domain.Administrator, _ *struct{}) (*one[policy], error) {
		p, err := s.Administration.Policy(ctx, who)
		return onePolicy(p), err
	})
	add(s, operation{
		method: http.MethodPatch, path: "/policy", id: "change-policy", tag: "Policy", summary: "Change the policy of the organisation",
		description: "What is not sent, or null, stays.", needs: "policy:edit",
	}, func(ctx context.Context, who domain.Administrator, in *changePolicy) (*one[policy], error) {
		p, err := s.Administration.ChangePolicy(ctx, who, ifMatch(in.IfMatch), func(p domain.Policy) (domain.Policy, error) {
			change(&p.InactivityDays, in.Body.InactivityDays)
			change(&p.InactivityWarningDays, in.Body.InactivityWarningDays)
			change(&p.Suspension, in.Body.Suspension)
			change(&p.EmailChange, in.Body.EmailChange)
			change(&p.SeatOverflow, in.Body.SeatOverflow)
			change(&p.FailedSignIns, in.Body.FailedSignIns)
			change(&p.PasswordDays, in.Body.PasswordDays)
			change(&p.PasswordWarningDays, in.Body.PasswordWarningDays)
			change(&p.InvitationDays, in.Body.InvitationDays)
			change(&p.SessionIdleHours, in.Body.SessionIdleHours)
			change(&p.SessionDays, in.Body.SessionDays)
			change(&p.MFA, in.Body.MFA)
			change(&p.LocalSignIn, in.Body.LocalSignIn)
			change(&p.ExtensionAuto, in.Body.ExtensionAuto)
			if in.Body.RequiredFields == nil {
				return p, nil
			}
			var err error
			p.Required, err = domain.ParseRequiredFields(*in.Body.RequiredFields)
			return p, err
		})
		return onePolicy(p), err
	})
}

// change sets a field that was sent.
func change[Value any](field, sent *Value) {
	if sent != nil {
		*field = *sent
	}
}

func onePolicy(p domain.Policy) *one[policy] {
	return &one[policy]{ETag: tag(p.Version), Body: policy{
		InactivityDays: p.InactivityDays, InactivityWarningDays: p.InactivityWarningDays, Suspension: string(p.Suspension),
		EmailChange: string(p.EmailChange), SeatOverflow: string(p.SeatOverflow),
		RequiredFields: p.Required.Names(), ExtensionAuto: p.ExtensionAuto,
		FailedSignIns: p.FailedSignIns, PasswordDays: p.PasswordDays, PasswordWarningDays: p.PasswordWarningDays,
		InvitationDays: p.InvitationDays, SessionIdleHours: p.SessionIdleHours, SessionDays: p.SessionDays, MFA: string(p.MFA), LocalSignIn: string(p.LocalSignIn),
	}}
}
