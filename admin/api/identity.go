package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// userIdentity is who a person is at an OpenID provider.
type userIdentity struct {
	ID         string     `json:"id" format:"uuid"`
	Connection named      `json:"connection" doc:"By which they come."`
	Issuer     string     `json:"issuer"`
	Subject    string     `json:"subject" doc:"As the issuer calls them."`
	By         string     `json:"by" enum:"external_id,invitation,email,just_in_time" doc:"How the person was found when it came for the first time, or made."`
	Since      time.Time  `json:"since"`
	LastUsedAt *time.Time `json:"last_used_at" doc:"null: not since it is noted."`
}

type identityInput struct {
	ByID

	Identity string `path:"identity" doc:"The identity's identifier." maxLength:"100"`
}

// addIdentities are the operations about who people are at OpenID providers.
func (s *service) addIdentities() {
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/identities", id: "list-identities", tag: "Sign-in", summary: "List a person's sign-ins at identity providers",
		description: "The oldest first.", needs: "users:view",
	}, func(ctx context.Context, who domain.Administrator, in *sessionsInput) (*page[userIdentity], error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		list, err := s.Administration.Identities(ctx, who, id)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "identities "+in.ID, in.Paged, list, func(i domain.LinkedIdentity) string { return i.ID().String() }, showIdentity)
	})
	add(s, operation{
		method: http.MethodDelete, path: "/users/{id}/identities/{identity}", id: "unlink-identity", tag: "Sign-in",
		summary:     "Take a sign-in at an identity provider from a person",
		description: "The sessions by it end. Who comes by it again is looked for anew, as at the first time. The last owner's last way in stays.",
		needs:       "users:edit", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *identityInput) (*struct{}, error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		identity, err := identified[domain.Identity](in.Identity, "identity")
		if err != nil {
			return nil, spelled(err, map[string]string{"id": "identity"})
		}
		return nil, s.Administration.Unlink(ctx, who, id, identity)
	})
}

func showIdentity(i domain.LinkedIdentity) userIdentity {
	return userIdentity{
		ID: i.ID().String(), Connection: named{ID: i.Connection.String(), Name: i.ConnectionName}, Issuer: i.Issuer, Subject: i.Subject,
		By: string(i.LinkedBy), Since: i.LinkedAt, LastUsedAt: moment(i.UsedAt),
	}
}
