package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// invitation is the last invitation that somebody was sent.
type invitation struct {
	ID        string     `json:"id" format:"uuid"`
	State     string     `json:"state" enum:"open,accepted,revoked,expired"`
	SentAt    time.Time  `json:"sent_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	EndedAt   *time.Time `json:"ended_at" doc:"When it was used or revoked; null: neither."`
}

// userSession is one signed-in browser or device.
type userSession struct {
	ID        string    `json:"id" format:"uuid"`
	Method    string    `json:"method" enum:"password,passkey,single_sign_on"`
	Factor    *string   `json:"factor" enum:"totp,recovery_code,passkey,remembered_device" doc:"What was shown beside a password; null: nothing."`
	Finished  bool      `json:"finished" doc:"false: a step of the sign-in is left, and the session opens nothing yet."`
	Agent     *string   `json:"agent" doc:"What the browser calls itself."`
	Address   *string   `json:"address" doc:"From where it began."`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at" doc:"When it was last used, to the minute."`
}

type activateInput struct {
	Matching

	Invite bool `query:"invite" doc:"Send who is pending by it a new invitation, too. Needs users:invite."`
}

type sessionsInput struct {
	ByID
	Paged
}

type sessionInput struct {
	ByID

	Session string `path:"session" doc:"The session's identifier." maxLength:"100"`
}

// addDoors are the operations about what people get in by.
func (s *service) addDoors() {
	add(s, operation{
		method: http.MethodPost, path: "/users/{id}/activate", id: "activate-user", tag: "Users", summary: "Bring an inactive person back",
		description: "It needs a free seat, and lifts no block. Who never accepted is pending again.", needs: "users:activate",
	}, func(ctx context.Context, who domain.Administrator, in *activateInput) (*one[User], error) {
		return s.alter(ctx, in.ID, func(id domain.UserID) (domain.User, error) {
			if in.Invite {
				return s.Administration.ActivateAndInvite(ctx, who, id, ifMatch(in.IfMatch))
			}
			return s.Administration.Activate(ctx, who, id, ifMatch(in.IfMatch))
		})
	})
	add(s, operation{
		method: http.MethodPost, path: "/users/{id}/invite", id: "invite-user", tag: "Sign-in", summary: "Send a pending person an invitation",
		description: "It takes the place of the one before. After five in an hour the answer is 429.", needs: "users:invite",
	}, func(ctx context.Context, who domain.Administrator, in *Matching) (*plain[invitation], error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		i, err := s.Administration.Invite(ctx, who, id, ifMatch(in.IfMatch))
		return &plain[invitation]{Body: showInvitation(i)}, err
	})
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/invitation", id: "get-invitation", tag: "Sign-in", summary: "Read the last invitation of a person",
		description: "404 also where there was none.", needs: "users:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*plain[invitation], error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		i, err := s.Administration.Invitation(ctx, who, id)
		return &plain[invitation]{Body: showInvitation(i)}, err
	})
	for _, action := range []struct {
		name, id, summary, description string

		do func(context.Context, domain.Administrator, domain.UserID, domain.IfMatch) error
	}{
		{
			"reset-password", "reset-password", "Send a person a link to choose a new password",
			"The link is good for an hour; the password there is stays until it is used. Nobody chooses it for them. After five in an hour the answer is 429.",
			s.Administration.ResetPassword,
		},
		{
			"reset-mfa", "reset-mfa", "Remove the second factor of a person who lost it",
			"Ask first who asks. They are told, set up a new one at the next sign-in, and their sessions end. An owner's needs an owner, which no API key is.",
			s.Administration.ResetSecondFactor,
		},
		{
			"end-sessions", "end-sessions", "End all sessions of a person", "The next request of any of them is refused.", s.Administration.EndSessions,
		},
	} {
		add(s, operation{
			method: http.MethodPost, path: "/users/{id}/" + action.name, id: action.id, tag: "Sign-in", summary: action.summary,
			description: action.description, needs: "users:edit", status: http.StatusNoContent,
		}, s.without(action.do))
	}
	s.addSessions()
	s.addFactors()
	s.addIdentities()
}

func (s *service) addSessions() {
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/sessions", id: "list-sessions", tag: "Sign-in", summary: "List the sessions of a person",
		description: "The newest first.", needs: "users:view",
	}, func(ctx context.Context, who domain.Administrator, in *sessionsInput) (*page[userSession], error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		list, err := s.Administration.Sessions(ctx, who, id)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "sessions "+in.ID, in.Paged, list, func(x domain.Session) string { return x.ID.String() }, showSession)
	})
	add(s, operation{
		method: http.MethodDelete, path: "/users/{id}/sessions/{session}", id: "end-session", tag: "Sign-in", summary: "End one session of a person",
		needs: "users:edit", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *sessionInput) (*struct{}, error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		session, err := identified[domain.Session](in.Session, "session")
		if err != nil {
			return nil, spelled(err, map[string]string{"id": "session"})
		}
		return nil, s.Administration.EndSession(ctx, who, id, session)
	})
}

func showInvitation(i domain.Invitation) invitation {
	return invitation{ID: i.ID.String(), State: string(i.State), SentAt: i.CreatedAt, ExpiresAt: i.ExpiresAt, EndedAt: moment(i.EndedAt)}
}

func showSession(x domain.Session) userSession {
	return userSession{
		ID: x.ID.String(), Method: string(x.Method), Factor: orNil(string(x.Factor)), Finished: len(x.Steps) == 0, Agent: orNil(x.Agent), Address: orNil(x.Address),
		CreatedAt: x.CreatedAt, SeenAt: x.SeenAt,
	}
}
