package scim

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

func TestAcceptable(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		accept []string
		want   string
	}{
		"nothing said":            {nil, mediaSCIM},
		"SCIM":                    {[]string{"application/scim+json"}, mediaSCIM},
		"SCIM with parameters":    {[]string{"application/scim+json; charset=utf-8"}, mediaSCIM},
		"JSON only (OneLogin)":    {[]string{"application/json"}, mediaJSON},
		"JSON with parameters":    {[]string{"Application/JSON;q=0.9"}, mediaJSON},
		"both":                    {[]string{"application/json, application/scim+json"}, mediaSCIM},
		"both in two headers":     {[]string{"application/json", "application/scim+json"}, mediaSCIM},
		"anything":                {[]string{"application/json, */*"}, mediaSCIM},
		"any application":         {[]string{"application/json, application/*;q=0.1"}, mediaSCIM},
		"SCIM refused":            {[]string{"application/scim+json;q=0, application/json"}, mediaJSON},
		"SCIM refused to a digit": {[]string{"application/scim+json; q=0.000, application/json"}, mediaJSON},
		"neither":                 {[]string{"text/html"}, mediaSCIM},
		"nonsense":                {[]string{";;,,q="}, mediaSCIM},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, acceptable(http.Header{"Accept": test.accept}))
		})
	}
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		lines []string
		ok    bool
	}{
		"none":                    {nil, true},
		"empty":                   {[]string{""}, true},
		"SCIM":                    {[]string{"application/scim+json"}, true},
		"JSON":                    {[]string{"application/json"}, true},
		"SCIM with charset":       {[]string{"application/scim+json; charset=utf-8"}, true},
		"JSON with charset":       {[]string{`application/json;charset="UTF-8"`}, true},
		"in capitals":             {[]string{"APPLICATION/SCIM+JSON"}, true},
		"another charset":         {[]string{"application/scim+json; charset=latin1"}, false},
		"a form":                  {[]string{"application/x-www-form-urlencoded"}, false},
		"text":                    {[]string{"text/plain"}, false},
		"XML":                     {[]string{"application/xml"}, false},
		"something broken":        {[]string{"application/json; charset"}, false},
		"two headers":             {[]string{"application/json", "text/plain"}, false},
		"a list of types in one":  {[]string{"application/json, text/plain"}, false},
		"a type that begins well": {[]string{"application/jsonp"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := checkMedia(http.Header{"Content-Type": test.lines})
			require.Equal(t, test.ok, err == nil)
			if err != nil {
				require.True(t, domain.IsCode(err, domain.CodeUnsupportedMediaType))
			}
		})
	}
}
