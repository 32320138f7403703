package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"usher/domain"
)

const problemMedia = "application/problem+json"

// problem is a refusal (RFC 9457). Code and field are the domain's; where a request is wrong in several places, Errors has
// them and the rest speaks of the first.
type problem struct {
	Type   string         `json:"type" doc:"urn:usher:problem: and the code." example:"urn:usher:problem:invalid_value"`
	Title  string         `json:"title" doc:"What kind of refusal it is, always the same for one code."`
	Status int            `json:"status" doc:"The status of the answer."`
	Detail string         `json:"detail" doc:"What was wrong, and what to do."`
	Code   string         `json:"code" doc:"Stable, for programs." example:"invalid_value"`
	Field  string         `json:"field,omitempty" doc:"The field, parameter or header at fault."`
	Needs  string         `json:"permission,omitempty" doc:"The permission that is missing." example:"users:edit"`
	Errors []problemField `json:"errors,omitempty" doc:"What was wrong with the request, up to 100 things."`

	cause      error
	challenge  string
	retryAfter time.Duration
}

// problemField is one thing that was wrong.
type problemField struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

var problemType = reflect.TypeFor[problem]()

// Error implements error; it is for logs.
func (p *problem) Error() string { return p.Code + ": " + p.Detail }

// Unwrap gives the cause.
func (p *problem) Unwrap() error { return p.cause }

// GetStatus implements huma.StatusError.
func (p *problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *problem) ContentType(string) string { return problemMedia }

// GetHeaders implements huma.HeadersError.
func (p *problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.challenge != "" {
		h.Set("WWW-Authenticate", p.challenge)
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((p.retryAfter+time.Second-1)/time.Second), 10))
	}
	return h
}

// kind is how refusals with one code are told.
type kind struct {
	status int
	title  string
}

// kinds is the one table of refusals by code.
var kinds = map[string]kind{
	domain.CodeInvalidSyntax:        {http.StatusBadRequest, "The request cannot be read"},
	domain.CodeInvalidFilter:        {http.StatusBadRequest, "The filter cannot be answered"},
	domain.CodeInvalidPath:          {http.StatusBadRequest, "The path names nothing"},
	domain.CodeInvalidCursor:        {http.StatusBadRequest, "The cursor is not one of this query"},
	domain.CodeExpiredCursor:        {http.StatusBadRequest, "The cursor is too old"},
	domain.CodeInvalidCount:         {http.StatusBadRequest, "The count cannot be served"},
	domain.CodeNoTarget:             {http.StatusBadRequest, "The path matches nothing"},
	domain.CodeUnauthenticated:      {http.StatusUnauthorized, "The API key is not accepted"},
	domain.CodePermissionMissing:    {http.StatusForbidden, "A permission is missing"},
	domain.CodeEscalation:           {http.StatusForbidden, "Nobody grants what they do not hold"},
	domain.CodeOwnerOnly:            {http.StatusForbidden, "Only an owner may"},
	domain.CodeSystemKept:           {http.StatusForbidden, "The system needs it"},
	domain.CodeOwnerLicence:         {http.StatusConflict, "An owner needs another licence"},
	domain.CodeInUse:                {http.StatusConflict, "It is in use"},
	domain.CodeOutranked:            {http.StatusConflict, "The directory overrules it"},
	domain.CodeEmailTaken:           {http.StatusConflict, "The e-mail is taken"},
	domain.CodeLinked:               {http.StatusConflict, "The account has a connection"},
	domain.CodeDomainTaken:          {http.StatusConflict, "The domain is taken"},
	domain.CodeDomainUnproved:       {http.StatusConflict, "The domain is not proved"},
	domain.CodeSeatsHeld:            {http.StatusConflict, "The seats are held"},
	domain.CodeWaitingForSeat:       {http.StatusConflict, "The person waits for a seat"},
	domain.CodeNotArchived:          {http.StatusConflict, "The person is not archived"},
	domain.CodeEmailImmutable:       {http.StatusUnprocessableEntity, "The e-mail cannot be changed"},
	domain.CodeSeatsExhausted:       {http.StatusForbidden, "No seat is free"},
	domain.CodeLastOwner:            {http.StatusForbidden, "The last owner stays"},
	domain.CodeOrganisationStopped:  {http.StatusForbidden, "The organisation is suspended"},
	domain.CodeConnectionDisabled:   {http.StatusForbidden, "The connection is disabled"},
	domain.CodeNotFound:             {http.StatusNotFound, "There is no such thing"},
	domain.CodeUserNameTaken:        {http.StatusConflict, "The user name is taken"},
	domain.CodeExternalIDTaken:      {http.StatusConflict, "The external id is taken"},
	domain.CodeSlugTaken:            {http.StatusConflict, "The short name is taken"},
	domain.CodeNameTaken:            {http.StatusConflict, "The name is taken"},
	domain.CodeUnresolvedReference:  {http.StatusConflict, "A reference names nothing"},
	domain.CodePlanMissing:          {http.StatusForbidden, "The plan does not include it"},
	domain.CodeReviewSigned:         {http.StatusConflict, "The review is signed off"},
	domain.CodeReviewUndecided:      {http.StatusConflict, "The review is not decided"},
	domain.CodeWebhookDisabled:      {http.StatusConflict, "The webhook is disabled"},
	domain.CodeRecordsOwned:         {http.StatusConflict, "The person owns records"},
	domain.CodeBeyondLimits:         {http.StatusForbidden, "The connection may not give it"},
	domain.CodeExtensionTaken:       {http.StatusConflict, "The extension is taken"},
	domain.CodeIdentityTaken:        {http.StatusConflict, "The identity belongs to another account"},
	domain.CodeTokenReplayed:        {http.StatusConflict, "The token has come before"},
	domain.CodeAlreadyAccepted:      {http.StatusConflict, "The invitation has been accepted"},
	domain.CodeLocalSignInOff:       {http.StatusForbidden, "Passwords open nothing here"},
	domain.CodeNoAccount:            {http.StatusForbidden, "There is no account"},
	domain.CodeSignInTooWeak:        {http.StatusForbidden, "The sign-in proves too little"},
	domain.CodeConnectionShut:       {http.StatusForbidden, "The connection signs nobody in"},
	domain.CodeLinkNotGood:          {http.StatusNotFound, "The link is no longer good"},
	domain.CodeSignInRefused:        {http.StatusUnauthorized, "The sign-in is refused"},
	domain.CodeAccessRefused:        {http.StatusForbidden, "The person may not come in"},
	domain.CodeStepMissing:          {http.StatusForbidden, "The sign-in is not finished"},
	domain.CodeApplicationUnknown:   {http.StatusForbidden, "The organisation has no such application"},
	domain.CodeProofMissing:         {http.StatusForbidden, "Who asks has not shown lately who they are"},
	domain.CodeFactorNeeded:         {http.StatusForbidden, "A second factor is needed"},
	domain.CodePasskeyTaken:         {http.StatusConflict, "The passkey is there already"},
	domain.CodePasskeyCloned:        {http.StatusUnauthorized, "The passkey seems to have been copied"},
	domain.CodePasswordRefused:      {http.StatusUnprocessableEntity, "The password is refused"},
	domain.CodeRequestInProgress:    {http.StatusConflict, "The first request has no answer yet"},
	domain.CodeVersionMismatch:      {http.StatusPreconditionFailed, "The resource has changed"},
	domain.CodeTooLarge:             {http.StatusRequestEntityTooLarge, "The request is too large"},
	domain.CodeUnsupportedMediaType: {http.StatusUnsupportedMediaType, "The media type is not understood"},
	domain.CodeInvalidValue:         {http.StatusUnprocessableEntity, "A value is wrong"},
	domain.CodeRequired:             {http.StatusUnprocessableEntity, "A value is missing"},
	domain.CodeMutability:           {http.StatusUnprocessableEntity, "The field cannot be changed"},
	domain.CodeTooMany:              {http.StatusUnprocessableEntity, "There is too much of something"},
	domain.CodeKeyReused:            {http.StatusUnprocessableEntity, "The Idempotency-Key was used before"},
	domain.CodeRateLimited:          {http.StatusTooManyRequests, "Too many requests"},
	domain.CodeInternal:             {http.StatusInternalServerError, "The service failed"},
	domain.CodeUnavailable:          {http.StatusServiceUnavailable, "The service is not available"},
}

// byKind tells refusals whose code the table does not have.
var byKind = map[domain.Kind]kind{
	domain.Internal:        {http.StatusInternalServerError, "The service failed"},
	domain.Invalid:         {http.StatusUnprocessableEntity, "A value is wrong"},
	domain.NotFound:        {http.StatusNotFound, "There is no such thing"},
	domain.Conflict:        {http.StatusConflict, "It collides with something that exists"},
	domain.Forbidden:       {http.StatusForbidden, "A rule refuses it"},
	domain.Unauthenticated: {http.StatusUnauthorized, "The API key is not accepted"},
	domain.Precondition:    {http.StatusPreconditionFailed, "The resource has changed"},
	domain.Throttled:       {http.StatusTooManyRequests, "Too many requests"},
	domain.Unavailable:     {http.StatusServiceUnavailable, "The service is not available"},
}

// retryUnavailable is when to try again after the store could not be reached.
const retryUnavailable = 5 * time.Second

// told makes a problem of any error. What happened inside stays inside: a fault of ours shows the identifier under which
// the log has it.
func told(err error, requestID string) *problem {
	var known *problem
	if errors.As(err, &known) {
		return known
	}
	var e *domain.Error
	if !errors.As(err, &e) {
		e = &domain.Error{Kind: domain.Internal, Code: domain.CodeInternal, Err: err}
	}
	as, ok := kinds[e.Code]
	if !ok {
		as = byKind[e.Kind]
	}
	p := &problem{Type: typeOf(e.Code), Title: as.title, Status: as.status, Detail: e.Message, Code: e.Code, Field: e.Field, cause: err}
	switch e.Code {
	case domain.CodePermissionMissing:
		p.Needs, p.Field = e.Field, ""
	case domain.CodeVersionMismatch:
		p.Field = cmp.Or(p.Field, "If-Match")
	}
	switch {
	case as.status == http.StatusServiceUnavailable:
		p.retryAfter = retryUnavailable
		p.Detail = "the service cannot reach its storage at the moment; repeat the request in a few seconds (request " + requestID + ")"
	case as.status >= http.StatusInternalServerError:
		p.Detail = "the service failed to answer this request; repeat it, and tell the operator of the service if it fails again (request " + requestID + ")"
	case as.status == http.StatusUnauthorized:
		p.challenge = `Bearer realm="usher", error="invalid_token"`
	}
	return p
}

func typeOf(code string) string { return "urn:usher:problem:" + code }

// refusal makes a problem that the domain has no word for, because it is about HTTP.
func refusal(status int, code, title, detail string) *problem {
	return &problem{Type: typeOf(code), Title: title, Status: status, Detail: detail, Code: code}
}

func unknownPath() *problem {
	return refusal(http.StatusNotFound, "unknown_path", "There is nothing at this path", "there is nothing at this path; "+Prefix+documentPath+" lists what there is")
}

func methodNotAllowed() *problem {
	return refusal(http.StatusMethodNotAllowed, "method_not_allowed", "The method is not allowed here",
		"this method is not allowed here; "+Prefix+documentPath+" lists what is")
}

// problem is told, with a line in the log for a fault of ours.
func (x *exchange) problem(err error) *problem {
	p := told(err, x.requestID())
	if p.Status >= http.StatusInternalServerError && !errors.Is(x.r.Context().Err(), context.Canceled) {
		x.logFault(err)
	}
	return p
}

func (x *exchange) logFault(err error) {
	x.Log.LogAttrs(x.r.Context(), slog.LevelError, "api request failed", slog.Any("cause", err))
}

// refuse answers with a problem.
func (s *service) refuse(w http.ResponseWriter, r *http.Request, p *problem) {
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", problemMedia)
	w.WriteHeader(p.Status)
	text, err := json.Marshal(p)
	if err != nil {
		s.Log.LogAttrs(r.Context(), slog.LevelError, "a problem could not be encoded", slog.Any("cause", err))
	}
	_, _ = w.Write(text)
}

// toldByUs makes what the framework refuses (a body that is no JSON, a field that nobody knows, a parameter out of its
// range) a problem like the others. What was sent is not repeated.
func (s *service) toldByUs(ctx huma.Context, _ string, v any) (any, error) {
	model, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	var e *domain.Error
	switch model.Status {
	case http.StatusUnsupportedMediaType:
		e = &domain.Error{Kind: domain.Invalid, Code: domain.CodeUnsupportedMediaType, Message: "send JSON, with the header Content-Type: application/json"}
	case http.StatusRequestEntityTooLarge:
		e = tooLarge()
	case http.StatusUnprocessableEntity:
		return s.invalidFields(ctx.Operation(), model.Errors), nil
	default:
		if model.Status < http.StatusInternalServerError {
			e = &domain.Error{Kind: domain.Invalid, Code: domain.CodeInvalidSyntax, Message: "the body is missing or not the JSON this takes; see " + Prefix + documentPath}
		}
	}
	if e == nil {
		return told(errors.New(model.Detail), ""), nil
	}
	p := told(e, "")
	p.Status = cmp.Or(model.Status, p.Status) // which has been sent
	return p, nil
}

func tooLarge() *domain.Error {
	return &domain.Error{Kind: domain.Invalid, Code: domain.CodeTooLarge, Message: "the body is larger than the limit of 1 MiB; send less at once"}
}
