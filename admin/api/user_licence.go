package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// userLicence is the licence type of a person, and who said so.
type userLicence struct {
	Licence   string       `json:"licence" doc:"The licence type of the seat that the person holds or would hold."`
	Source    *string      `json:"source" enum:"administrator,extension,roles,mapping,default" doc:"Who gave it, as far as that is noted; null: nobody from the directory, and no locked choice."`
	Locked    bool         `json:"locked" doc:"Nothing from the directory overrules it."`
	MappingID *string      `json:"mapping_id" format:"uuid" doc:"The mapping that gave it; null: none."`
	Since     *time.Time   `json:"since" doc:"null: not noted."`
	Wish      *licenceWish `json:"licence_wanted" doc:"A licence that is decided and has no free seat: it follows when there is one. null: none."`
}

// formerQueues are queues to offer.
type formerQueues struct {
	QueueIDs []string `json:"queue_ids" nullable:"false"`
}

func (s *service) addUserLicence() {
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/licence", id: "get-user-licence", tag: "Users", summary: "Read a person's licence type and who gave it",
		needs: "users:view",
	}, s.userLicence)
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/former-queues", id: "list-former-queues", tag: "Access", summary: "List the queues that a deactivation took a person out of",
		description: "Those given by hand that the person is not in now. An activation does not give them back; PATCH /users/{id}/access with queue_ids does.", needs: "users:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*plain[formerQueues], error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		list, err := s.Administration.FormerQueues(ctx, who, id)
		shown := formerQueues{QueueIDs: []string{}}
		for _, q := range list {
			shown.QueueIDs = append(shown.QueueIDs, q.String())
		}
		return &plain[formerQueues]{Body: shown}, err
	})
}

func (s *service) userLicence(ctx context.Context, who domain.Administrator, in *ByID) (*plain[userLicence], error) {
	id, err := identified[domain.User](in.ID, "user")
	if err != nil {
		return nil, err
	}
	u, err := s.Administration.UserAccess(ctx, who, id)
	if err != nil {
		return nil, err
	}
	wish, err := s.Administration.LicenceWish(ctx, who, id)
	if err != nil {
		return nil, err
	}
	shown := userLicence{
		Licence: u.Licence, Source: orNil(string(u.LicenceFrom.Source)), Locked: u.LicenceFrom.Locked, MappingID: idOr(u.LicenceFrom.Mapping),
		Since: moment(u.LicenceFrom.At),
	}
	if wish.Licence != "" {
		shown.Wish = &licenceWish{Licence: wish.Licence, Since: wish.Since.UTC()}
	}
	return &plain[userLicence]{Body: shown}, nil
}
