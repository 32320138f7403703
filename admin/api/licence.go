package api

import (
	"context"
	"net/http"

	"usher/domain"
)

// licence is the state of one licence type.
type licence struct {
	Type  string `json:"type" example:"full"`
	Limit *int   `json:"limit" doc:"Seats that were bought; null: unlimited."`
	Held  int    `json:"held" doc:"Seats that people hold."`
	Free  *int   `json:"free" doc:"null: unlimited."`

	Waiting int `json:"waiting" doc:"People in line for a seat."`
}

type setSeats struct {
	Type    string `path:"type" doc:"The licence type; one that the organisation does not have is added." example:"full" maxLength:"63" pattern:"^[a-z][a-z0-9_-]{0,62}$" patternDescription:"a lower-case letter, then lower-case letters, digits, hyphens and underscores"`
	IfMatch string `header:"If-Match" doc:"Carry it out only if the ETag, which the seats have, is still this one." maxLength:"1000"`

	Body struct {
		Limit     *int `json:"limit,omitempty" doc:"Seats that are bought: not below those that are held. Needed unless unlimited." minimum:"0" maximum:"1000000"`
		Unlimited bool `json:"unlimited,omitempty" doc:"In place of a limit."`
	}
}

type deleteLicence struct {
	ByType

	IfMatch     string `header:"If-Match" doc:"Carry it out only if the ETag, which its modules have, is still this one." maxLength:"1000"`
	Replacement string `query:"replacement" doc:"The licence type that its people get in its place; needed where somebody has it or something names it." maxLength:"63"`
}

// seatFields are the fields of a plan that the domain calls otherwise.
var seatFields = map[string]string{"seats": "limit"}

func (s *service) addLicences() {
	add(s, operation{
		method: http.MethodGet, path: "/licences", id: "list-licences", tag: "Licences", summary: "List the licence types with their seats", needs: "licences:view",
	}, func(ctx context.Context, who domain.Administrator, in *Paged) (*page[licence], error) {
		all, err := s.Administration.Seats(ctx, who)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "licences", *in, all, func(u domain.SeatUsage) string { return u.Licence }, showLicence)
	})
	add(s, operation{
		method: http.MethodGet, path: "/licences/{type}/seats", id: "get-seats", tag: "Licences", summary: "Read the seats of a licence type",
		description: "The ETag is that of the plan: it stays while seats are taken and freed.", needs: "licences:view",
	}, s.getSeats)
	add(s, operation{
		method: http.MethodPut, path: "/licences/{type}/seats", id: "set-seats", tag: "Licences", summary: "Raise or reduce the seats of a licence type",
		description: "New seats go to those who wait.", needs: "licences:edit", status: http.StatusNoContent,
	}, s.setSeats)
	add(s, operation{
		method: http.MethodDelete, path: "/licences/{type}", id: "delete-licence", tag: "Licences", summary: "Delete a licence type",
		description: "It is refused while somebody has it or something names it, unless another one is named that they get in its place: everybody, or " +
			"where there are too few seats nobody. To open modules by that, the key that asks holds everything in them. full stays.",
		needs: "licences:delete", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *deleteLicence) (*struct{}, error) {
		return nil, respelt(s.Administration.DeleteLicence(ctx, who, in.Type, ifMatch(in.IfMatch), in.Replacement), "licence", "type")
	})
}

func (s *service) getSeats(ctx context.Context, who domain.Administrator, in *ByType) (*one[licence], error) {
	u, err := s.Administration.SeatsOf(ctx, who, in.Type)
	return &one[licence]{ETag: tag(u.Version()), Body: showLicence(u)}, respelt(err, "licence", "type")
}

func (s *service) setSeats(ctx context.Context, who domain.Administrator, in *setSeats) (*struct{}, error) {
	plan := domain.SeatPlan{Licence: in.Type, Unlimited: in.Body.Unlimited}
	switch {
	case plan.Unlimited == (in.Body.Limit != nil):
		return nil, domain.InvalidField("limit", "send either limit or unlimited: true")
	case !plan.Unlimited:
		plan.Limit = *in.Body.Limit
	}
	return nil, spelled(s.Administration.SetSeats(ctx, who, ifMatch(in.IfMatch), plan), seatFields)
}

func showLicence(u domain.SeatUsage) licence {
	shown := licence{Type: u.Licence, Held: u.Held, Waiting: u.Waiting}
	if !u.Unlimited {
		limit, free := u.Limit, max(0, u.Limit-u.Held)
		shown.Limit, shown.Free = &limit, &free
	}
	return shown
}
