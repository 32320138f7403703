package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"usher/domain"
)

// review is a dated look at the people of the organisation.
type review struct {
	ID       string       `json:"id" format:"uuid"`
	DueAt    time.Time    `json:"due_at" doc:"The beginning of its period, or when it was asked for."`
	OpenedAt time.Time    `json:"opened_at"`
	MadeAt   *time.Time   `json:"made_at" doc:"When its findings were all there; null: not yet."`
	SignedAt *time.Time   `json:"signed_at" doc:"null: it is open."`
	SignedBy *participant `json:"signed_by"`
}

// countedReview is a review with how much of it is decided.
type countedReview struct {
	ID       string       `json:"id" format:"uuid"`
	DueAt    time.Time    `json:"due_at" doc:"The beginning of its period, or when it was asked for."`
	OpenedAt time.Time    `json:"opened_at"`
	MadeAt   *time.Time   `json:"made_at" doc:"When its findings were all there; null: not yet."`
	SignedAt *time.Time   `json:"signed_at" doc:"null: it is open."`
	SignedBy *participant `json:"signed_by"`
	Findings int          `json:"findings"`
	Decided  int          `json:"decided"`
}

type reviewPlan struct {
	Every string `json:"every" enum:"week,month,quarter,year,never"`
}

type setReviewPlan struct {
	IfMatch string `header:"If-Match" doc:"Carry it out only if the ETag is still this one." maxLength:"1000"`

	Body reviewPlan
}

// finding is one question about one person, and its answer.
type finding struct {
	UserID      string       `json:"user_id" format:"uuid"`
	UserName    string       `json:"user_name" doc:"Empty once what is personal of the person is erased."`
	DisplayName string       `json:"display_name"`
	Status      string       `json:"status" enum:"pending,active,inactive,deleted" doc:"As it is now."`
	Finding     string       `json:"finding" enum:"never_accepted,unused_30,unused_60,unused_90,owner,personal_overrides,no_queue,no_role,no_profile"`
	Since       *time.Time   `json:"since" doc:"Of never_accepted when the person was added, of the unused ones when they were seen last."`
	Decision    *string      `json:"decision" enum:"keep,change,remove" doc:"null: open."`
	Note        string       `json:"note"`
	DecidedAt   *time.Time   `json:"decided_at"`
	DecidedBy   *participant `json:"decided_by"`
}

// FindingFilter are the parameters by which findings are chosen.
type FindingFilter struct {
	Finding string `query:"finding" enum:"never_accepted,unused_30,unused_60,unused_90,owner,personal_overrides,no_queue,no_role,no_profile"`
	Open    string `query:"open" doc:"Not decided yet, or decided." enum:"true,false"`
}

type findingsInput struct {
	ByID
	Paged
	FindingFilter
}

type exportInput struct {
	ByID
	FindingFilter

	Limit  int    `query:"limit" doc:"At most so many lines." minimum:"1" maximum:"10000" default:"10000"`
	Cursor string `query:"cursor" doc:"Where to go on: from the header Link of the page before." maxLength:"4096"`
}

// exportMedia is RFC 4180.
const exportMedia = "text/csv"

// exported is a page of lines.
type exported struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	Link        string `header:"Link" doc:"rel=\"next\": the next page, where there is one; it has no line of titles, so that pages can be put together."`
	Body        []byte
}

type decideFinding struct {
	ByID

	User    string `path:"user" doc:"The person." maxLength:"36"`
	Finding string `path:"finding" doc:"What was found." maxLength:"40"`
	IfMatch string `header:"If-Match" doc:"Carry it out only if the ETag of the review is still this one." maxLength:"1000"`

	Body struct {
		Decision string `json:"decision" enum:"keep,change,remove"`
		Note     string `json:"note,omitempty" maxLength:"1000"`
	}
}

func (s *service) addReviews() {
	add(s, operation{
		method: http.MethodGet, path: "/review-plan", id: "get-review-plan", tag: "Reviews", summary: "Read how often people are reviewed", needs: "reviews:view",
	}, func(ctx context.Context, who domain.Administrator, _ *struct{}) (*one[reviewPlan], error) {
		p, err := s.Administration.ReviewPlan(ctx, who)
		return &one[reviewPlan]{ETag: tag(p.Version), Body: reviewPlan{string(p.Every)}}, err
	})
	add(s, operation{
		method: http.MethodPut, path: "/review-plan", id: "set-review-plan", tag: "Reviews", summary: "Say how often people are reviewed", needs: "reviews:edit",
	}, func(ctx context.Context, who domain.Administrator, in *setReviewPlan) (*one[reviewPlan], error) {
		p, err := s.Administration.ChangeReviewPlan(ctx, who, ifMatch(in.IfMatch), domain.ReviewEvery(in.Body.Every))
		return &one[reviewPlan]{ETag: tag(p.Version), Body: reviewPlan{string(p.Every)}}, err
	})
	add(s, operation{
		method: http.MethodGet, path: "/reviews", id: "list-reviews", tag: "Reviews", summary: "List access reviews", description: "The newest first.", needs: "reviews:view",
	}, s.listReviews)
	add(s, operation{
		method: http.MethodPost, path: "/reviews", id: "open-review", tag: "Reviews", summary: "Begin an access review now",
		description: "Beside those that begin by themselves. In a large organisation made_at is null until the sweep has looked at everybody.",
		needs:       "reviews:create", status: http.StatusCreated,
	}, func(ctx context.Context, who domain.Administrator, _ *struct{}) (*created[countedReview], error) {
		r, err := s.Administration.OpenReview(ctx, who)
		return &created[countedReview]{Location: Prefix + "/reviews/" + r.ID.String(), ETag: tag(r.Version), Body: showCounted(r)}, err
	})
	add(s, operation{
		method: http.MethodGet, path: "/reviews/{id}", id: "get-review", tag: "Reviews", summary: "Read one review", needs: "reviews:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*one[countedReview], error) {
		id, err := identified[domain.Review](in.ID, "review")
		if err != nil {
			return nil, err
		}
		r, err := s.Administration.Review(ctx, who, id)
		return &one[countedReview]{ETag: tag(r.Version), Body: showCounted(r)}, err
	})
	add(s, operation{
		method: http.MethodGet, path: "/reviews/{id}/findings", id: "list-findings", tag: "Reviews", summary: "List what a review found", description: "By person.", needs: "reviews:view",
	}, s.listFindings)
	add(s, operation{
		method: http.MethodGet, path: "/reviews/{id}/export", id: "export-review", tag: "Reviews", summary: "Read what a review found as CSV", media: exportMedia,
		description: "RFC 4180, UTF-8; what a spreadsheet would take for a formula has an apostrophe before it.", needs: "reviews:view",
	}, s.exportReview)
	add(s, operation{
		method: http.MethodPut, path: "/reviews/{id}/findings/{user}/{finding}", id: "decide-finding", tag: "Reviews", summary: "Decide a finding",
		description: "Whether the person keeps what they have. To change or remove it is another request.", needs: "reviews:edit", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *decideFinding) (*struct{}, error) {
		id, err := identified[domain.Review](in.ID, "review")
		if err != nil {
			return nil, err
		}
		user, err := identified[domain.User](in.User, "finding")
		if err != nil {
			return nil, respelt(err, "id", "user")
		}
		_, err = s.Administration.DecideFinding(ctx, who, id, ifMatch(in.IfMatch), user, domain.Finding(in.Finding), domain.Verdict(in.Body.Decision), in.Body.Note)
		return nil, err
	})
	add(s, operation{
		method: http.MethodPost, path: "/reviews/{id}/sign", id: "sign-review", tag: "Reviews", summary: "Sign a review off",
		description: "Everything found has to be decided, and stays as it is from then on.", needs: "reviews:sign",
	}, func(ctx context.Context, who domain.Administrator, in *Matching) (*one[countedReview], error) {
		id, err := identified[domain.Review](in.ID, "review")
		if err != nil {
			return nil, err
		}
		r, err := s.Administration.SignReview(ctx, who, id, ifMatch(in.IfMatch))
		return &one[countedReview]{ETag: tag(r.Version), Body: showCounted(r)}, err
	})
}

func (s *service) listReviews(ctx context.Context, who domain.Administrator, in *Paged) (*page[review], error) {
	x, query := exchangeOf(ctx), []string{"reviews", who.Organisation.String()}
	at, err := x.openPosition(in.Cursor, query...)
	if err != nil {
		return nil, err
	}
	var before domain.ReviewID
	if at != nil {
		before.UUID = at.ID
	}
	found, err := s.Administration.Reviews(ctx, who, before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(found) > in.Limit {
		found = found[:in.Limit]
		next = x.sealPosition(&domain.Position{ID: found[in.Limit-1].ID.UUID}, query...)
	}
	return newPage(x, found, showReview, next), nil
}

// findings reads a page of findings, and where the next one begins.
func (s *service) findings(ctx context.Context, who domain.Administrator, text string, f FindingFilter, cursor string, limit int) ([]domain.ReviewFinding, string, error) {
	id, err := identified[domain.Review](text, "review")
	if err != nil {
		return nil, "", err
	}
	x, query := exchangeOf(ctx), []string{"findings", who.Organisation.String(), text, f.Finding, f.Open}
	q := domain.FindingQuery{Review: id, Finding: domain.Finding(f.Finding), Open: flag(f.Open), Limit: limit + 1}
	after, err := x.openPosition(cursor, query...)
	if err != nil {
		return nil, "", err
	}
	if after != nil {
		q.After = domain.ReviewFinding{User: domain.UserID{UUID: after.ID}, Finding: domain.Finding(after.Key)}
	}
	found, err := s.Administration.ReviewFindings(ctx, who, q)
	if err != nil || len(found) <= limit {
		return found, "", err
	}
	found = found[:limit]
	last := found[limit-1]
	return found, x.sealPosition(&domain.Position{ID: last.User.UUID, Key: string(last.Finding)}, query...), nil
}

func (s *service) listFindings(ctx context.Context, who domain.Administrator, in *findingsInput) (*page[finding], error) {
	found, next, err := s.findings(ctx, who, in.ID, in.FindingFilter, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return newPage(exchangeOf(ctx), found, showFinding, next), nil
}

func (s *service) exportReview(ctx context.Context, who domain.Administrator, in *exportInput) (*exported, error) {
	found, next, err := s.findings(ctx, who, in.ID, in.FindingFilter, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	lines := csv.NewWriter(&text)
	lines.UseCRLF = true
	if in.Cursor == "" {
		err = lines.Write([]string{"user_id", "user_name", "display_name", "status", "finding", "since", "decision", "note", "decided_at", "decided_by"})
	}
	for _, f := range found {
		if err == nil {
			err = lines.Write(lineOf(showFinding(f)))
		}
	}
	lines.Flush()
	if err != nil {
		return nil, err
	}
	out := &exported{ContentType: exportMedia + "; charset=utf-8", Body: text.Bytes()}
	_, out.Link = exchangeOf(ctx).pageOf(next)
	return out, lines.Error()
}

// lineOf is a finding as a line of the export.
func lineOf(f finding) []string {
	at := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.Format(time.RFC3339)
	}
	decision, by := "", ""
	if f.Decision != nil {
		decision = *f.Decision
	}
	if f.DecidedBy != nil {
		by = f.DecidedBy.Kind
		if f.DecidedBy.ID != nil {
			by += " " + *f.DecidedBy.ID
		}
	}
	line := []string{f.UserID, f.UserName, f.DisplayName, f.Status, f.Finding, at(f.Since), decision, f.Note, at(f.DecidedAt), by}
	for i := range line {
		line[i] = defused(line[i])
	}
	return line
}

// firstRune of a text that has one.
func firstRune(text string) rune {
	first, _ := utf8.DecodeRuneInString(text)
	return first
}

// defused takes the meaning of a formula from a text (OWASP, CSV injection).
func defused(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", firstRune(text)) {
		return "'" + text
	}
	return text
}

func showReview(r domain.Review) review {
	shown := review{ID: r.ID.String(), DueAt: r.DueAt, OpenedAt: r.OpenedAt, MadeAt: moment(r.MadeAt), SignedAt: moment(r.SignedAt)}
	if !r.SignedAt.IsZero() {
		shown.SignedBy = &participant{r.SignedBy.Kind, idOrNil(r.SignedBy.ID)}
	}
	return shown
}

func showCounted(r domain.Review) countedReview {
	v := showReview(r)
	return countedReview{v.ID, v.DueAt, v.OpenedAt, v.MadeAt, v.SignedAt, v.SignedBy, r.Findings, r.Decided}
}

func showFinding(f domain.ReviewFinding) finding {
	shown := finding{
		UserID: f.User.String(), UserName: f.UserName, DisplayName: f.DisplayName, Status: string(f.Status), Finding: string(f.Finding),
		Since: moment(f.Since), Decision: orNil(string(f.Verdict)), Note: f.Note, DecidedAt: moment(f.DecidedAt),
	}
	if f.Status == domain.Nobody {
		shown.Status = "deleted"
	}
	if !f.DecidedAt.IsZero() {
		shown.DecidedBy = &participant{f.DecidedBy.Kind, idOrNil(f.DecidedBy.ID)}
	}
	return shown
}
