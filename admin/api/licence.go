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
}

func (s *service) addLicences() {
	add(s, operation{
		method: http.MethodGet, path: "/licences", id: "list-licences", tag: "Licences", summary: "List the licence types with their seats", needs: "licences:view",
	}, func(ctx context.Context, who domain.Administrator, in *Paged) (*page[licence], error) {
		all, err := s.Administration.SeatUsage(ctx, who)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "licences", *in, all, func(u domain.SeatUsage) string { return u.Licence }, showLicence)
	})
}

func showLicence(u domain.SeatUsage) licence {
	shown := licence{Type: u.Licence, Held: u.Held}
	if !u.Unlimited {
		limit, free := u.Limit, max(0, u.Limit-u.Held)
		shown.Limit, shown.Free = &limit, &free
	}
	return shown
}
