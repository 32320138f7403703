package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"usher/domain"
)

// callDay is how many calls a person handled on a day.
type callDay struct {
	UserID  string `json:"user_id" maxLength:"36"`
	Day     string `json:"day" example:"2026-03-01" maxLength:"10"`
	Handled int    `json:"handled" minimum:"0" maximum:"1000000"`
}

type putCalls struct {
	Body struct {
		Days []callDay `json:"days" nullable:"false" minItems:"1" maxItems:"1000"`
	}
}

type callsReport struct {
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
}

// CallRange are the parameters of a range of days.
type CallRange struct {
	From string `query:"from" doc:"The first day." example:"2026-03-01" maxLength:"10"`
	To   string `query:"to" doc:"The last day, at most 366 days in all." example:"2026-03-31" maxLength:"10"`
	User string `query:"user" doc:"Only this person." maxLength:"36"`
}

type callsInput struct {
	Paged
	CallRange
}

// callSummary is a range of days in one line.
type callSummary struct {
	Handled int `json:"handled"`
	People  int `json:"people" doc:"Who have a day in the range."`
	Days    int `json:"days" doc:"That have a person in them."`
}

func (in CallRange) query() (domain.CallQuery, error) {
	var q domain.CallQuery
	var err error
	if q.From, err = domain.ParseDate("from", in.From); err != nil {
		return q, err
	}
	if q.To, err = domain.ParseDate("to", in.To); err != nil {
		return q, err
	}
	q.User, err = filtered[domain.User]("user", in.User)
	return q, err
}

func (s *service) addStatistics() {
	const included = "Included in the plans professional and pro_plus; otherwise refused with plan_missing."
	add(s, operation{
		method: http.MethodPut, path: "/statistics/calls", id: "put-calls", tag: "Call statistics", summary: "Say how many calls people handled on a day",
		description: "Each day of a person once; what is told takes the place of what was told before. " + included, needs: "statistics:edit",
	}, s.putCalls)
	add(s, operation{
		method: http.MethodGet, path: "/statistics/calls", id: "list-calls", tag: "Call statistics", summary: "List calls by day and person", description: included, needs: "statistics:view",
	}, s.listCalls)
	add(s, operation{
		method: http.MethodGet, path: "/statistics/calls/summary", id: "sum-calls", tag: "Call statistics", summary: "Sum calls up", description: included, needs: "statistics:view",
	}, func(ctx context.Context, who domain.Administrator, in *CallRange) (*plain[callSummary], error) {
		q, err := in.query()
		if err != nil {
			return nil, err
		}
		sum, err := s.Administration.CallSummary(ctx, who, q)
		return &plain[callSummary]{Body: callSummary(sum)}, err
	})
}

func (s *service) putCalls(ctx context.Context, who domain.Administrator, in *putCalls) (*plain[callsReport], error) {
	days := make([]domain.CallDay, len(in.Body.Days))
	for i, d := range in.Body.Days {
		at := "days[" + strconv.Itoa(i) + "]."
		days[i].Handled = d.Handled
		var err error
		if days[i].User, err = filtered[domain.User](at+"user_id", d.UserID); err != nil {
			return nil, err
		}
		if days[i].Day, err = domain.ParseDate(at+"day", d.Day); err != nil {
			return nil, err
		}
	}
	changed, err := s.Administration.PutCalls(ctx, who, days)
	return &plain[callsReport]{Body: callsReport{Changed: changed, Unchanged: len(days) - changed}}, err
}

func (s *service) listCalls(ctx context.Context, who domain.Administrator, in *callsInput) (*page[callDay], error) {
	q, err := in.query()
	if err != nil {
		return nil, err
	}
	x, query := exchangeOf(ctx), []string{"calls", who.Organisation.String(), in.From, in.To, in.User}
	if in.Cursor != "" {
		says, err := x.cursors.open(in.Cursor, query...)
		if err != nil {
			return nil, err
		}
		day, user, _ := strings.Cut(string(says), " ")
		q.After.Day = domain.Date(day)
		q.After.User, _ = domain.ParseID[domain.User](user)
	}
	q.Limit = in.Limit + 1
	found, err := s.Administration.Calls(ctx, who, q)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(found) > in.Limit {
		found = found[:in.Limit]
		last := found[in.Limit-1]
		next = x.cursors.seal([]byte(string(last.Day)+" "+last.User.String()), query...)
	}
	return newPage(x, found, func(d domain.CallDay) callDay {
		return callDay{UserID: d.User.String(), Day: string(d.Day), Handled: d.Handled}
	}, next), nil
}
