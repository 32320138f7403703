package scim

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
)

func TestReadQuery(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		query string
		want  parameters
		code  string
	}{
		"nothing":                               {query: ""},
		"what is not known is ignored":          {query: "foo=1&&x&=y"},
		"plus for spaces (Entra)":               {query: "filter=userName+eq+%22a%2Bb%22", want: parameters{filter: text{true, `userName eq "a+b"`}}},
		"a semicolon is a letter":               {query: `filter=userName%20eq%20"a;b"`, want: parameters{filter: text{true, `userName eq "a;b"`}}},
		"names in any case":                     {query: "startindex=2&COUNT=3", want: parameters{startIndex: number{true, 2}, count: number{true, 3}}},
		"a filter that got lost":                {query: "filter=%zz", code: domain.CodeInvalidSyntax},
		"an empty filter was sent":              {query: "filter=", want: parameters{filter: text{set: true}}},
		"two filters":                           {query: "filter=a&filter=b", code: domain.CodeInvalidFilter},
		"one filter twice":                      {query: "filter=a&filter=a", want: parameters{filter: text{true, "a"}}},
		"two cursors":                           {query: "cursor=a&cursor=b", code: domain.CodeInvalidCursor},
		"an empty cursor asks for the first":    {query: "cursor", want: parameters{cursor: text{set: true}}},
		"names split at commas":                 {query: "attributes=a,%20b&attributes=c,", want: parameters{attributes: []string{"a", "b", "c"}}},
		"excluded names":                        {query: "excludedAttributes=members", want: parameters{excluded: []string{"members"}}},
		"negative":                              {query: "startIndex=-5&count=-1", want: parameters{startIndex: number{true, -5}, count: number{true, -1}}},
		"an empty number was not sent":          {query: "startIndex=&count="},
		"no number":                             {query: "count=ten", code: domain.CodeInvalidValue},
		"half a number":                         {query: "startIndex=1.5", code: domain.CodeInvalidValue},
		"two signs":                             {query: "startIndex=--5", code: domain.CodeInvalidValue},
		"a sign alone":                          {query: "count=-", code: domain.CodeInvalidValue},
		"hexadecimal":                           {query: "count=0x10", code: domain.CodeInvalidValue},
		"larger than any integer (security 19)": {query: "startIndex=99999999999999999999999", want: parameters{startIndex: number{true, math.MaxInt32}}},
		"smaller than any integer":              {query: "count=-99999999999999999999999", want: parameters{count: number{true, math.MinInt32}}},
		"sorting":                               {query: "sortBy=%20userName&sortOrder=descending", want: parameters{sortBy: "userName", sortOrder: "descending"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := readQuery(test.query)
			if test.code != "" {
				require.True(t, domain.IsCode(err, test.code), "%v", err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

func TestReadSearch(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		want parameters
		code string
	}{
		"all of it": {
			body: `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"attributes":["userName","emails"],
				"filter":"userName sw \"a\"","sortBy":"userName","sortOrder":"ascending","startIndex":2,"count":10}`,
			want: parameters{
				attributes: []string{"userName", "emails"}, filter: text{true, `userName sw "a"`}, sortBy: "userName",
				sortOrder: "ascending", startIndex: number{true, 2}, count: number{true, 10},
			},
		},
		"numbers as text, names as one text": {
			body: `{"count":"5","excludedAttributes":"a,b"}`,
			want: parameters{count: number{true, 5}, excluded: []string{"a", "b"}},
		},
		"null is not sent":         {body: `{"filter":null,"cursor":null}`},
		"an empty cursor":          {body: `{"cursor":""}`, want: parameters{cursor: text{set: true}}},
		"what is not known":        {body: `{"x":{"y":[1]}}`},
		"a filter that is no text": {body: `{"filter":{"a":1}}`, code: domain.CodeInvalidValue},
		"half a number":            {body: `{"count":1.5}`, code: domain.CodeInvalidValue},
		"true for a count":         {body: `{"count":true}`, code: domain.CodeInvalidValue},
		"two filters in a list":    {body: `{"filter":["a","b"]}`, code: domain.CodeInvalidFilter},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := attribute.Read([]byte(test.body), attribute.Bounds{})
			require.NoError(t, err)
			got, err := readSearch(body)
			if test.code != "" {
				require.True(t, domain.IsCode(err, test.code), "%v", err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}
