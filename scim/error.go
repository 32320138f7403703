package scim

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"usher/domain"
	"usher/domain/attribute"
)

const urnError = "urn:ietf:params:scim:api:messages:2.0:Error"

// outcome is how a kind of refusal is told: the status of HTTP and, where the RFC has one, the scimType.
type outcome struct {
	status   int
	scimType string
}

// outcomes is the one table of refusals by code (RFC 7644 section 3.12, table 9; RFC 9865 section 2.3).
var outcomes = map[string]outcome{
	domain.CodeInvalidValue:         {http.StatusBadRequest, "invalidValue"},
	domain.CodeRequired:             {http.StatusBadRequest, "invalidValue"},
	domain.CodeInvalidFilter:        {http.StatusBadRequest, "invalidFilter"},
	domain.CodeInvalidPath:          {http.StatusBadRequest, "invalidPath"},
	domain.CodeInvalidSyntax:        {http.StatusBadRequest, "invalidSyntax"},
	domain.CodeInvalidCursor:        {http.StatusBadRequest, "invalidCursor"},
	domain.CodeExpiredCursor:        {http.StatusBadRequest, "expiredCursor"},
	domain.CodeInvalidCount:         {http.StatusBadRequest, "invalidCount"},
	domain.CodeNoTarget:             {http.StatusBadRequest, "noTarget"},
	domain.CodeMutability:           {http.StatusBadRequest, "mutability"},
	domain.CodeTooMany:              {http.StatusBadRequest, "tooMany"},
	domain.CodeUnauthenticated:      {http.StatusUnauthorized, ""},
	domain.CodeSeatsExhausted:       {http.StatusForbidden, ""},
	domain.CodeLastOwner:            {http.StatusForbidden, ""},
	domain.CodeOrganisationStopped:  {http.StatusForbidden, ""},
	domain.CodeConnectionDisabled:   {http.StatusForbidden, ""},
	domain.CodeNotFound:             {http.StatusNotFound, ""},
	domain.CodeUserNameTaken:        {http.StatusConflict, "uniqueness"},
	domain.CodeExternalIDTaken:      {http.StatusConflict, "uniqueness"},
	domain.CodeSlugTaken:            {http.StatusConflict, "uniqueness"},
	domain.CodeNameTaken:            {http.StatusConflict, "uniqueness"},
	domain.CodeUnresolvedReference:  {http.StatusConflict, ""},
	domain.CodeVersionMismatch:      {http.StatusPreconditionFailed, ""},
	domain.CodeTooLarge:             {http.StatusRequestEntityTooLarge, ""},
	domain.CodeUnsupportedMediaType: {http.StatusUnsupportedMediaType, ""},
	domain.CodeRateLimited:          {http.StatusTooManyRequests, ""},
	domain.CodePermissionMissing:    {http.StatusForbidden, ""},
	domain.CodeEscalation:           {http.StatusForbidden, ""},
	domain.CodeInUse:                {http.StatusConflict, ""},
	domain.CodeSystemKept:           {http.StatusForbidden, ""},
	domain.CodeEmailTaken:           {http.StatusConflict, "uniqueness"},
	domain.CodeLinked:               {http.StatusConflict, ""},
	domain.CodeDomainTaken:          {http.StatusConflict, ""},
	domain.CodeDomainUnproved:       {http.StatusConflict, ""},
	domain.CodeEmailImmutable:       {http.StatusBadRequest, "mutability"},
	domain.CodeOwnerOnly:            {http.StatusForbidden, ""},
	domain.CodeOwnerLicence:         {http.StatusForbidden, ""},
	domain.CodeSeatsHeld:            {http.StatusConflict, ""},
	domain.CodeWaitingForSeat:       {http.StatusConflict, ""},
	domain.CodeNotArchived:          {http.StatusConflict, ""},
	domain.CodeExtensionTaken:       {http.StatusConflict, "uniqueness"},
	domain.CodeBeyondLimits:         {http.StatusForbidden, ""},
	domain.CodeRequestInProgress:    {http.StatusConflict, ""},
	domain.CodePasswordRefused:      {http.StatusBadRequest, "invalidValue"},
	domain.CodeIdentityTaken:        {http.StatusConflict, ""},
	domain.CodeTokenReplayed:        {http.StatusConflict, ""},
	domain.CodeAlreadyAccepted:      {http.StatusConflict, ""},
	domain.CodeLocalSignInOff:       {http.StatusForbidden, ""},
	domain.CodeNoAccount:            {http.StatusForbidden, ""},
	domain.CodeSignInTooWeak:        {http.StatusForbidden, ""},
	domain.CodeConnectionShut:       {http.StatusForbidden, ""},
	domain.CodeLinkNotGood:          {http.StatusNotFound, ""},
	domain.CodeSignInRefused:        {http.StatusUnauthorized, ""},
	domain.CodeAccessRefused:        {http.StatusForbidden, ""},
	domain.CodeStepMissing:          {http.StatusForbidden, ""},
	domain.CodeApplicationUnknown:   {http.StatusForbidden, ""},
	domain.CodeProofMissing:         {http.StatusForbidden, ""},
	domain.CodeFactorNeeded:         {http.StatusForbidden, ""},
	domain.CodePasskeyTaken:         {http.StatusConflict, ""},
	domain.CodePasskeyCloned:        {http.StatusUnauthorized, ""},
	domain.CodeKeyReused:            {http.StatusBadRequest, ""},
	domain.CodeWebhookDisabled:      {http.StatusConflict, ""},
	domain.CodeOutranked:            {http.StatusConflict, ""},
	domain.CodeRecordsOwned:         {http.StatusConflict, ""},
	domain.CodeReviewSigned:         {http.StatusConflict, ""},
	domain.CodeReviewUndecided:      {http.StatusConflict, ""},
	domain.CodePlanMissing:          {http.StatusForbidden, ""},
	domain.CodeInternal:             {http.StatusInternalServerError, ""},
	domain.CodeUnavailable:          {http.StatusServiceUnavailable, ""},
}

// byKind tells refusals whose code the table does not have.
var byKind = map[domain.Kind]outcome{
	domain.Internal:        {http.StatusInternalServerError, ""},
	domain.Invalid:         {http.StatusBadRequest, "invalidValue"},
	domain.NotFound:        {http.StatusNotFound, ""},
	domain.Conflict:        {http.StatusConflict, "uniqueness"},
	domain.Forbidden:       {http.StatusForbidden, ""},
	domain.Unauthenticated: {http.StatusUnauthorized, ""},
	domain.Precondition:    {http.StatusPreconditionFailed, ""},
	domain.Throttled:       {http.StatusTooManyRequests, ""},
	domain.Unavailable:     {http.StatusServiceUnavailable, ""},
}

// refusal is an answer that is not a success. It is an error so that handlers can return it; most of them return a
// *domain.Error and leave it to [refused] to find the words.
type refusal struct {
	outcome

	code   string // for the count of refusals
	detail string
	cause  error // for the log, never told

	challenge  string        // WWW-Authenticate
	allow      string        // Allow
	retryAfter time.Duration // Retry-After
}

func (r *refusal) Error() string { return r.code + ": " + r.detail }

func (r *refusal) Unwrap() error { return r.cause }

// lasting is the detail as it may be kept: what a filter, path or body could not be read for repeats a piece of it
// between quotes, and pieces of what people search for are kept nowhere.
func (r *refusal) lasting() string {
	switch r.code {
	case domain.CodeInvalidFilter, domain.CodeInvalidPath, domain.CodeInvalidSyntax, domain.CodeNoTarget:
	default:
		return r.detail
	}
	parts := strings.Split(r.detail, `"`)
	for i := 1; i < len(parts); i += 2 {
		parts[i] = "…"
	}
	return strings.Join(parts, `"`)
}

// refuse makes a refusal that the domain has no word for, because it is about HTTP.
func refuse(status int, code, detail string) *refusal {
	return &refusal{outcome: outcome{status: status}, code: code, detail: detail}
}

// retryUnavailable is when to try again after the store could not be reached.
const retryUnavailable = 5 * time.Second

// refused finds how an error is told. What happened inside stays inside: the detail of a fault of ours is the
// identifier under which the log has it.
func refused(err error, requestID string) *refusal {
	var told *refusal
	if errors.As(err, &told) {
		return told
	}
	var e *domain.Error
	if !errors.As(err, &e) {
		e = &domain.Error{Kind: domain.Internal, Code: domain.CodeInternal, Err: err}
	}
	found, ok := outcomes[e.Code]
	if !ok {
		found = byKind[e.Kind]
	}
	r := &refusal{outcome: found, code: e.Code, detail: sentence(e), cause: err}
	switch {
	case found.status == http.StatusServiceUnavailable:
		r.retryAfter = retryUnavailable
		r.detail = "the service cannot reach its storage at the moment; repeat the request in a few seconds" + reference(requestID)
	case found.status >= http.StatusInternalServerError:
		r.detail = "the service failed to answer this request; repeat it, and tell the operator of the service if it fails again" + reference(requestID)
	case found.status == http.StatusUnauthorized:
		r.challenge = `Bearer realm="usher", error="invalid_token"`
	}
	return r
}

func reference(requestID string) string {
	if requestID == "" {
		return ""
	}
	return " (request " + requestID + ")"
}

// sentence is the message of a domain error with the attribute at fault, where the message does not name it itself.
func sentence(e *domain.Error) string {
	const most = 2000
	text := e.Message
	if e.Field != "" && !strings.Contains(text, e.Field) {
		text = e.Field + ": " + text
	}
	if len(text) <= most {
		return text
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// appendRefusal appends the body of an error (RFC 7644 section 3.12); status is a string there.
func appendRefusal(dst []byte, r *refusal) []byte {
	dst = append(dst, `{"schemas":["`+urnError+`"],"status":"`...)
	dst = strconv.AppendInt(dst, int64(r.status), 10)
	dst = append(dst, '"')
	if r.scimType != "" {
		dst = append(dst, `,"scimType":"`...)
		dst = append(dst, r.scimType...)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"detail":`...)
	dst = attribute.AppendString(dst, r.detail)
	return append(dst, '}')
}
