package scim

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
)

// Every code of the domain has its line in the table, and every line is one that RFC 7644 section 3.12 or RFC 9865
// section 2.3 allows.
func TestOutcomesCoverEveryCode(t *testing.T) {
	t.Parallel()
	scimTypes := map[string]int{
		"": 0, "invalidFilter": 400, "tooMany": 400, "uniqueness": 409, "mutability": 400, "invalidSyntax": 400,
		"invalidPath": 400, "noTarget": 400, "invalidValue": 400, "invalidVers": 400, "sensitive": 403,
		"invalidCursor": 400, "expiredCursor": 400, "invalidCount": 400,
	}
	for _, code := range domain.Codes() {
		found, ok := outcomes[code]
		require.True(t, ok, "no line for %s", code)
		require.GreaterOrEqual(t, found.status, 400, code)
		status, known := scimTypes[found.scimType]
		require.True(t, known, "scimType %q of %s", found.scimType, code)
		if status != 0 {
			require.Equal(t, status, found.status, "%s: the RFC has %s with another status", code, found.scimType)
		}
	}
	require.Len(t, outcomes, len(domain.Codes()), "a line for a code that does not exist")
}

func TestRefusalsAreTold(t *testing.T) {
	t.Parallel()
	const id = "0198-request"
	tests := map[string]struct {
		err        error
		want       string
		challenge  string
		retryAfter bool
	}{
		"the field is named where the message does not": {
			err:  domain.InvalidField("userName", "use no control characters"),
			want: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","scimType":"invalidValue","detail":"userName: use no control characters"}`,
		},
		"the field is not named twice": {
			err:  &domain.Error{Kind: domain.Invalid, Code: domain.CodeRequired, Field: "userName", Message: "a userName that is not blank is required"},
			want: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","scimType":"invalidValue","detail":"a userName that is not blank is required"}`,
		},
		"a refusal without scimType": {
			err:  domain.SeatsExhausted("full", 10, 10),
			want: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"403","detail":"no free seat: all 10 of 10 seats of the licence \"full\" are held; free one by deactivating somebody, or ask whoever runs the service for a larger plan"}`,
		},
		"a fault of ours stays inside": {
			err:  &domain.Error{Kind: domain.Internal, Code: domain.CodeInternal, Message: "secret table", Err: errors.New("password=hunter2")},
			want: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"500","detail":"the service failed to answer this request; repeat it, and tell the operator of the service if it fails again (request 0198-request)"}`,
		},
		"so does an error that is none of the domain's": {
			err:  errors.New("dial tcp 10.0.0.1: password=hunter2"),
			want: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"500","detail":"the service failed to answer this request; repeat it, and tell the operator of the service if it fails again (request 0198-request)"}`,
		},
		"a store that is away": {
			err:        &domain.Error{Kind: domain.Unavailable, Code: domain.CodeUnavailable, Message: "secret host", Err: errors.New("hunter2")},
			want:       `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"503","detail":"the service cannot reach its storage at the moment; repeat the request in a few seconds (request 0198-request)"}`,
			retryAfter: true,
		},
		"a code that no table knows goes by its kind": {
			err:  &domain.Error{Kind: domain.Conflict, Code: "brand_new", Message: "choose another"},
			want: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"409","scimType":"uniqueness","detail":"choose another"}`,
		},
		"a token that is not in force": {
			err:       domain.UnknownToken(),
			want:      `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"401","detail":` + string(attribute.AppendString(nil, domain.UnknownToken().Message)) + `}`,
			challenge: `Bearer realm="usher", error="invalid_token"`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := refused(test.err, id)
			require.Equal(t, test.want, string(appendRefusal(nil, r)))
			require.Equal(t, test.challenge, r.challenge)
			require.Equal(t, test.retryAfter, r.retryAfter > 0)
		})
	}
}

// security.md 14: what a client sent and an error repeats is text in a JSON string, whatever it looks like.
func TestSecurity14MarkupInErrorsIsInert(t *testing.T) {
	t.Parallel()
	for _, markup := range []string{"\"}</script><script>alert(1)</script>", "{{7*7}}", "${jndi:ldap://x}", "a\x00b", "\u2028", strings.Repeat("ä", 5000)} {
		body := appendRefusal(nil, refused(domain.InvalidField("zq", markup), ""))
		tree, err := attribute.Read(body, attribute.Bounds{})
		if strings.Contains(markup, "\x00") {
			require.Error(t, err, "our reader refuses NUL, escaped or not")
			require.Contains(t, string(body), `\u0000`)
			continue
		}
		require.NoError(t, err)
		require.LessOrEqual(t, len(tree.Get("detail").Text()), 2010)
		require.True(t, strings.HasPrefix("zq: "+markup, strings.TrimSuffix(tree.Get("detail").Text(), "…")))
	}
}

func TestEveryKindIsTold(t *testing.T) {
	t.Parallel()
	for kind := domain.Internal; kind <= domain.Unavailable; kind++ {
		require.GreaterOrEqual(t, byKind[kind].status, http.StatusBadRequest, "kind %d", kind)
	}
}
