package api

import (
	"context"
	"net/http"

	"usher/domain"
)

// userFields are the fields of people that the domain calls as directories do.
var userFields = map[string]string{
	"userName": "user_name", "displayName": "display_name", "password": "temporary_password", "emails": "email", "role": "role_id",
	"profile": "profile_id", "team": "team_id", "queues": "queue_ids", "manager": "manager_id", domain.URNUsher + ":extension": "extension",
}

type newUser struct {
	Body struct {
		GivenName  string `json:"given_name,omitempty" doc:"Needed, as the family name is, unless there is a full name." maxLength:"256"`
		FamilyName string `json:"family_name,omitempty" maxLength:"256"`
		FullName   string `json:"full_name,omitempty" doc:"In place of given and family name, or beside them." maxLength:"256"`
		Email      string `json:"email" doc:"An address that no other account has." example:"ana@acme.test" maxLength:"320"`
		UserName   string `json:"user_name,omitempty" doc:"The e-mail unless given." maxLength:"1024"`
		RoleID     string `json:"role_id" doc:"The role, which shows no more than whoever adds the person sees." maxLength:"36"`
		ProfileID  string `json:"profile_id,omitempty" doc:"The profile, which permits no more than whoever adds the person may do." maxLength:"36"`
		TeamID     string `json:"team_id,omitempty" maxLength:"36"`

		QueueIDs []string `json:"queue_ids,omitempty" maxItems:"200"`
		Licence  string   `json:"licence,omitempty" doc:"The licence type; full unless given." maxLength:"63"`
		Disabled bool     `json:"disabled,omitempty" doc:"The person begins inactive, without a seat and without an invitation."`

		TemporaryPassword string `json:"temporary_password,omitempty" doc:"To sign in by until the invitation ends, and to be changed then at once. At least 12 characters, none that many use, none with the user name in it." maxLength:"1024"`

		UserFieldsSent
	}
}

// savedUser is a person as somebody has just saved them.
type savedUser struct {
	User

	Warning *string `json:"warning" doc:"The person was saved, and that is probably not what was meant: their profile permits nothing that their licence reaches; null: none."`
}

type editUser struct {
	Matching

	Body struct {
		GivenName   *string `json:"given_name,omitempty" maxLength:"256"`
		FamilyName  *string `json:"family_name,omitempty" maxLength:"256"`
		DisplayName *string `json:"display_name,omitempty" maxLength:"256"`
		UserName    *string `json:"user_name,omitempty" doc:"Only where email_change of the policy is administrators." maxLength:"1024"`
		Email       *string `json:"email,omitempty" doc:"The address to sign in by, to which letters go. Only where email_change of the policy is administrators, and for who may do what the person may." maxLength:"320"`

		UserFieldsSent
	}
}

type changeLicence struct {
	Matching

	Body struct {
		Licence string `json:"licence" doc:"One of the organisation's licence types." example:"full" minLength:"1" maxLength:"63"`
		Locked  bool   `json:"locked,omitempty" doc:"Nothing from the directory overrules it."`
	}
}

// handover is what becomes of the records of somebody who goes.
type handover struct {
	SuccessorID  string `json:"successor_id,omitempty" doc:"An active person who takes over the records." maxLength:"36"`
	LeaveRecords bool   `json:"leave_records,omitempty" doc:"The records stay, and wait for another owner."`
}

type deactivateUser struct {
	Matching

	Body *handover
}

type deleteUser struct {
	Matching

	SuccessorID  string `query:"successor_id" doc:"An active person who takes over the records." maxLength:"36"`
	LeaveRecords bool   `query:"leave_records" doc:"The records stay, and wait for another owner."`
}

func (h handover) read() (domain.Handover, error) {
	successor, err := filtered[domain.User]("successor_id", h.SuccessorID)
	return domain.Handover{Successor: successor, Leave: h.LeaveRecords}, err
}

func (s *service) addUserLife() {
	add(s, operation{
		method: http.MethodPost, path: "/users", id: "create-user", tag: "Users", summary: "Add a person",
		description: "The person is pending, holds a seat and is sent an invitation, or is inactive where disabled says so.", needs: "users:create", status: http.StatusCreated,
	}, s.createUser)
	add(s, operation{
		method: http.MethodPatch, path: "/users/{id}", id: "edit-user", tag: "Users", summary: "Change a person's fields",
		description: "What is not sent stays, and an empty text removes a field; of manager_id null removes, too. What a directory sends takes the place of what was changed here.", needs: "users:edit",
	}, s.editUser)
	add(s, operation{
		method: http.MethodDelete, path: "/users/{id}", id: "delete-user", tag: "Users", summary: "Delete a person",
		description: "The person is archived: names and seat are free, and the events stay. Where the person owns records, name a successor or say that they stay.", needs: "users:delete", status: http.StatusNoContent,
	}, s.deleteUser)
	add(s, operation{
		method: http.MethodPost, path: "/users/{id}/deactivate", id: "deactivate-user", tag: "Users", summary: "Suspend a person",
		description: "The seat is free at once, everything else is kept, and no directory brings them back unless the policy says so. " +
			"Where the person owns records, the body names a successor or says that they stay. " +
			"Of who is inactive already it makes that an administrator's word, and a successor who is named takes over what they own.", needs: "users:deactivate",
	}, s.deactivateUser)
	add(s, operation{
		method: http.MethodPost, path: "/users/{id}/purge", id: "purge-user", tag: "Users", summary: "Erase what is personal of a deleted person",
		description: "That their events happened stays in the log. A second time changes nothing.", needs: "users:delete", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*struct{}, error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		return nil, s.Administration.Purge(ctx, who, id)
	})
	add(s, operation{
		method: http.MethodPost, path: "/users/{id}/licence", id: "change-licence", tag: "Users", summary: "Move a person to another licence type",
		description: "The new seat is taken and the old one freed in one step. Where the directory gives the person a licence, only a locked choice overrules it (409).", needs: "users:edit",
	}, func(ctx context.Context, who domain.Administrator, in *changeLicence) (*one[savedUser], error) {
		change := s.Administration.ChangeLicence
		if in.Body.Locked {
			change = s.Administration.LockLicence
		}
		return s.save(ctx, in.ID, func(id domain.UserID) (domain.User, error) {
			return change(ctx, who, id, ifMatch(in.IfMatch), in.Body.Licence)
		})
	})
	s.addUserActions()
}

// addUserActions are the steps of a life that need no more than the person.
func (s *service) addUserActions() {
	for _, action := range []struct {
		name, summary, description, needs string

		do func(context.Context, domain.Administrator, domain.UserID, domain.IfMatch) (domain.User, error)
	}{
		{
			"confirm", "Make a pending person active", "Without the way round by mail. Who waits for a seat is refused.",
			"users:activate", s.Administration.Confirm,
		},
		{
			"make-owner", "Make a person a system owner", "Only an owner may, and no API key is one: a key is refused with owner_only.",
			"users:edit", s.Administration.MakeOwner,
		},
		{
			"unmake-owner", "End an ownership", "Only an owner may, and no API key is one: a key is refused with owner_only.",
			"users:edit", s.Administration.UnmakeOwner,
		},
	} {
		add(s, operation{
			method: http.MethodPost, path: "/users/{id}/" + action.name, id: action.name + "-user", tag: "Users",
			summary: action.summary, description: action.description, needs: action.needs,
		}, func(ctx context.Context, who domain.Administrator, in *Matching) (*one[User], error) {
			return s.alter(ctx, in.ID, func(id domain.UserID) (domain.User, error) { return action.do(ctx, who, id, ifMatch(in.IfMatch)) })
		})
	}
}

func (s *service) deactivateUser(ctx context.Context, who domain.Administrator, in *deactivateUser) (*one[User], error) {
	var told handover
	if in.Body != nil {
		told = *in.Body
	}
	records, err := told.read()
	if err != nil {
		return nil, err
	}
	return s.alter(ctx, in.ID, func(id domain.UserID) (domain.User, error) {
		u, err := s.Administration.DeactivateWith(ctx, who, id, ifMatch(in.IfMatch), records)
		return u, respelt(err, "successor", "successor_id")
	})
}

func (s *service) deleteUser(ctx context.Context, who domain.Administrator, in *deleteUser) (*struct{}, error) {
	id, err := identified[domain.User](in.ID, "user")
	if err != nil {
		return nil, err
	}
	records, err := handover{in.SuccessorID, in.LeaveRecords}.read()
	if err != nil {
		return nil, err
	}
	return nil, respelt(s.Administration.DeleteWith(ctx, who, id, ifMatch(in.IfMatch), records), "successor", "successor_id")
}

func (s *service) createUser(ctx context.Context, who domain.Administrator, in *newUser) (*created[savedUser], error) {
	role, err := filtered[domain.Role]("role_id", in.Body.RoleID)
	if err != nil {
		return nil, err
	}
	profile, err := filtered[domain.Profile]("profile_id", in.Body.ProfileID)
	if err != nil {
		return nil, err
	}
	team, err := filtered[domain.Team]("team_id", in.Body.TeamID)
	if err != nil {
		return nil, err
	}
	queues := make([]domain.QueueID, len(in.Body.QueueIDs))
	for i, text := range in.Body.QueueIDs {
		if queues[i], err = filtered[domain.Queue]("queue_ids", text); err != nil {
			return nil, err
		}
	}
	fields, err := in.Body.change()
	if err != nil {
		return nil, err
	}
	person := domain.NewPerson{
		GivenName: in.Body.GivenName, FamilyName: in.Body.FamilyName, FullName: in.Body.FullName, Email: in.Body.Email,
		UserName: in.Body.UserName, Role: role, Profile: profile, Team: team, Queues: queues, Licence: in.Body.Licence,
		Disabled: in.Body.Disabled, TemporaryPassword: in.Body.TemporaryPassword, Fields: fields,
	}
	if in.Body.Title != nil {
		person.Title = *in.Body.Title
	}
	u, err := s.Administration.Add(ctx, who, person)
	if err != nil {
		return nil, spelled(err, userFields)
	}
	p, err := s.Administration.Complete(ctx, u)
	if err != nil {
		return nil, err
	}
	warning, err := s.Administration.Warning(ctx, u)
	return &created[savedUser]{
		Location: Prefix + "/users/" + u.ID.String(), ETag: tag(u.Version),
		Body: savedUser{User: showUser(p), Warning: orNil(warning)},
	}, err
}

func (s *service) editUser(ctx context.Context, who domain.Administrator, in *editUser) (*one[savedUser], error) {
	fields, err := in.Body.change()
	if err != nil {
		return nil, err
	}
	return s.save(ctx, in.ID, func(id domain.UserID) (domain.User, error) {
		return s.Administration.Edit(ctx, who, id, ifMatch(in.IfMatch), domain.PersonChange{
			GivenName: in.Body.GivenName, FamilyName: in.Body.FamilyName, DisplayName: in.Body.DisplayName, Title: in.Body.Title,
			UserName: in.Body.UserName, Email: in.Body.Email, Fields: fields,
		})
	})
}

// alter changes a person and answers with how they are now.
func (s *service) alter(ctx context.Context, text string, change func(id domain.UserID) (domain.User, error)) (*one[User], error) {
	id, err := identified[domain.User](text, "user")
	if err != nil {
		return nil, err
	}
	u, err := change(id)
	if err != nil {
		return nil, spelled(err, userFields)
	}
	p, err := s.Administration.Complete(ctx, u)
	return &one[User]{ETag: tag(p.Version), Body: showUser(p)}, err
}

// save is alter for what is saved of a person, which may be of no use to them (rule licence.modules).
func (s *service) save(ctx context.Context, text string, change func(id domain.UserID) (domain.User, error)) (*one[savedUser], error) {
	var saved domain.User
	shown, err := s.alter(ctx, text, func(id domain.UserID) (_ domain.User, err error) {
		saved, err = change(id)
		return saved, err
	})
	if err != nil {
		return nil, err
	}
	warning, err := s.Administration.Warning(ctx, saved)
	return &one[savedUser]{ETag: shown.ETag, Body: savedUser{User: shown.Body, Warning: orNil(warning)}}, err
}

// without is a change of a person that answers with nothing.
func (s *service) without(do func(context.Context, domain.Administrator, domain.UserID, domain.IfMatch) error) func(context.Context, domain.Administrator, *Matching) (*struct{}, error) {
	return func(ctx context.Context, who domain.Administrator, in *Matching) (*struct{}, error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		return nil, do(ctx, who, id, ifMatch(in.IfMatch))
	}
}
