package scim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

const usher = domain.URNUsher

// fieldsAsSent: core attributes are kept and answered exactly as sent, whether or not they are what the fields of a
// person must be (RFC 7643 section 4.1).
func fieldsAsSent(t *testing.T, s *server) {
	const sent = `"phoneNumbers":[{"value":"ask the desk","type":"work"},{"value":"tel:+1-201-555-0123","type":"mobile","primary":true}],
"preferredLanguage":"es_es","timezone":"Mars/Olympus","photos":[{"value":"ftp://cdn.acme.test/a","type":"photo"}],
"addresses":[{"country":"Spain","type":"work"}]`
	id := s.user("ana", sent)
	got := s.get("/Users/" + id)
	require.Equal(t, "ask the desk", got.at("/phoneNumbers/0/value"))
	require.Equal(t, "tel:+1-201-555-0123", got.at("/phoneNumbers/1/value"))
	require.Equal(t, []any{"es_es", "Mars/Olympus", "Spain", "ftp://cdn.acme.test/a"},
		[]any{got.at("/preferredLanguage"), got.at("/timezone"), got.at("/addresses/0/country"), got.at("/photos/0/value")})
	administration, who := s.administration()
	parsed, _ := domain.ParseID[domain.User](id)
	u, err := administration.Person(t.Context(), who, parsed)
	require.NoError(t, err)
	fields, err := u.Fields()
	require.NoError(t, err)
	require.Equal(t, domain.Fields{Phones: []domain.Phone{{Number: "+12015550123", Type: "mobile", Primary: true}}, Language: "es-ES"}, fields)
}

// extensions: the telephone extension is unique, of four digits, stays with a PUT that leaves it out, and is handed out
// where the organisation does that.
func extensions(t *testing.T, s *server) {
	with := func(value string) string { return `"` + usher + `":{"extension":` + value + `}` }
	ana := s.user("ana", with(`"0042"`))
	require.Equal(t, "0042", s.get("/Users/"+ana).at("/"+usher+"/extension"))
	require.Contains(t, s.get("/Users/"+ana).at("/schemas"), usher)
	for _, bad := range []string{`"42"`, `42`, `"00042"`, `"a042"`, `true`, `["0001","0002"]`} {
		s.post("/Users", `{"userName":"ben",`+with(bad)+`}`).refused(400, "invalidValue")
	}
	s.post("/Users", `{"userName":"ben",`+with(`"0042"`)+`}`).refused(409, "uniqueness")
	ben := s.user("ben")
	s.patch("/Users/"+ben, `{"op":"add","path":"`+usher+`:extension","value":"0042"}`).refused(409, "uniqueness")
	require.Equal(t, "0043", s.patch("/Users/"+ben, `{"op":"add","path":"`+usher+`:extension","value":"0043"}`).is(200).at("/"+usher+"/extension"))
	require.Equal(t, "0042", s.put("/Users/"+ana, `{"userName":"ana"}`).is(200).at("/"+usher+"/extension"), "a PUT that leaves the extension out leaves it")
	got := s.put("/Users/"+ana, `{"userName":"ana","`+usher+`":{"mfaRequired":"True"}}`).is(200)
	require.Equal(t, []any{"0042", true}, []any{got.at("/" + usher + "/extension"), got.at("/" + usher + "/mfaRequired")}, "and so its attributes")
	require.Nil(t, s.put("/Users/"+ana, `{"userName":"ana",`+with("null")+`}`).is(200).at("/"+usher+"/extension"))
	require.Equal(t, 1, s.get("/Users?filter="+escape(usher+`:extension eq "0043"`)).is(200).num("/totalResults"))
	require.Equal(t, 1, s.get("/Users?filter="+escape(usher+`:mfaRequired eq true`)).is(200).num("/totalResults"))
	require.Equal(t, map[string]any{"extension": "0043"}, s.get("/Users/"+ben+"?attributes="+usher+":extension").at("/"+usher))

	s.policy(func(p *domain.Policy) { p.ExtensionAuto = true })
	require.Equal(t, "0000", s.post("/Users", `{"userName":"carl"}`).is(201).at("/"+usher+"/extension"))
	s.do("DELETE", "/Users/"+ben, "").is(204)
	require.Equal(t, "0043", s.post("/Users", `{"userName":"dora",`+with(`"0043"`)+`}`).is(201).at("/"+usher+"/extension"))
}
