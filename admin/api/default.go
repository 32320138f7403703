package api

import (
	"context"
	"net/http"

	"usher/domain"
)

// defaults are what people from a directory get for whom nobody has decided.
type defaults struct {
	RoleID    *string `json:"role_id" format:"uuid" doc:"null: none."`
	ProfileID *string `json:"profile_id" format:"uuid" doc:"null: none."`
}

type setDefaults struct {
	IfMatch string `header:"If-Match" doc:"Carry it out only if the ETag is still this one." maxLength:"1000"`
	Body    struct {
		RoleID    *string `json:"role_id" doc:"The id of a role; null: none." minLength:"1" maxLength:"36"`
		ProfileID *string `json:"profile_id" doc:"The id of a profile; null: none, which permits nothing." minLength:"1" maxLength:"36"`
	}
}

func (s *service) addDefaults() {
	add(s, operation{
		method: http.MethodGet, path: "/defaults", id: "get-defaults", tag: "Access", summary: "Read the default role and profile",
		description: "People from a directory have them as long as nobody has decided otherwise.", needs: "profiles:view",
	}, func(ctx context.Context, who domain.Administrator, _ *struct{}) (*one[defaults], error) {
		d, err := s.Administration.Defaults(ctx, who)
		return oneDefaults(d), err
	})
	add(s, operation{
		method: http.MethodPut, path: "/defaults", id: "set-defaults", tag: "Access", summary: "Choose the default role and profile",
		description: "They hold at once for everybody who has the default. Another role needs roles:edit, too. Nobody makes a default of what they do not hold.",
		needs:       "profiles:edit",
	}, s.setDefaults)
}

func (s *service) setDefaults(ctx context.Context, who domain.Administrator, in *setDefaults) (*one[defaults], error) {
	role, err := chosenID[domain.Role]("role_id", in.Body.RoleID)
	if err != nil {
		return nil, err
	}
	profile, err := chosenID[domain.Profile]("profile_id", in.Body.ProfileID)
	if err != nil {
		return nil, err
	}
	d, err := s.Administration.SetDefaults(ctx, who, ifMatch(in.IfMatch), role, profile)
	return oneDefaults(d), respelt(err, "role", "role_id", "profile", "profile_id")
}

func oneDefaults(d domain.Defaults) *one[defaults] {
	return &one[defaults]{ETag: tag(d.Version), Body: defaults{RoleID: idOr(d.Role), ProfileID: idOr(d.Profile)}}
}
