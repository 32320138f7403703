package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// Adoption is which connection may adopt an account because an administrator marked it.
type Adoption struct {
	ConnectionID *string    `json:"connection_id" format:"uuid" doc:"null: none."`
	Since        *time.Time `json:"since"`
}

type makeAdoptable struct {
	ByID

	Body struct {
		ConnectionID string `json:"connection_id" doc:"The connection that may adopt it." minLength:"1" maxLength:"36"`
	}
}

func (s *service) addAdoptions() {
	add(s, operation{
		method: http.MethodGet, path: "/users/{id}/adoptable", id: "get-adoptable", tag: "Connections", summary: "Read which connection may adopt an account",
		needs: "directory:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*plain[Adoption], error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		a, _, err := s.Administration.Adoptable(ctx, who, id)
		return plainAdoption(a), err
	})
	add(s, operation{
		method: http.MethodPost, path: "/users/{id}/adoptable", id: "make-adoptable", tag: "Connections", summary: "Let a connection adopt an account",
		description: "The account, which no connection has, shows in the look-ups of the connection, and its first write makes it one of its own. Needs users:edit on the person, too, and nobody leaves to a directory whom they could not give what that person holds.",
		needs:       "directory:edit",
	}, func(ctx context.Context, who domain.Administrator, in *makeAdoptable) (*plain[Adoption], error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		by, err := filtered[domain.Connection]("connection_id", in.Body.ConnectionID)
		if err != nil {
			return nil, err
		}
		a, err := s.Administration.MakeAdoptable(ctx, who, id, by)
		return plainAdoption(a), err
	})
	add(s, operation{
		method: http.MethodDelete, path: "/users/{id}/adoptable", id: "unmake-adoptable", tag: "Connections", summary: "Let no connection adopt an account any more",
		description: "What a connection has adopted stays its own. Needs users:edit on the person, too.", needs: "directory:edit", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*struct{}, error) {
		id, err := identified[domain.User](in.ID, "user")
		if err != nil {
			return nil, err
		}
		return nil, s.Administration.Unadoptable(ctx, who, id)
	})
}

func plainAdoption(a domain.Adoption) *plain[Adoption] {
	return &plain[Adoption]{Body: Adoption{ConnectionID: idOr(a.Connection), Since: moment(a.Since)}}
}
