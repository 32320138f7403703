package api

import (
	"net/http"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// typedFields: the fields of a person are typed; what is wrong is told by its name here, and how to put it right.
func typedFields(s *scene) {
	role := s.role("Agent", domain.SeesOwn)
	all := `"phone_numbers":[{"value":"+34 600 123 456","type":"mobile","primary":true}],"extension":"0042","title":"Lead","department":"Sales",
"country":"es","language":"es-es","time_zone":"Europe/Madrid","avatar_url":"https://cdn.acme.test/ana.png","mfa_required":true,
"communication":{"telephony_language":"es","auto_answer":true,"automatic_gain_control":false,"audio_codecs":["opus","PCMU"],"sip_transport":"tls"}`
	ana := s.added(s.post("/users", `{"full_name":"Ana","email":"ana@acme.test","role_id":"`+role+`",`+all+`}`))
	u := s.ok(s.get(ana))
	for field, want := range map[string]any{
		"phone_numbers": []any{map[string]any{"value": "+34600123456", "type": "mobile", "primary": true}}, "extension": "0042", "title": "Lead",
		"department": "Sales", "country": "ES", "language": "es-ES", "time_zone": "Europe/Madrid",
		"avatar_url": "https://cdn.acme.test/ana.png", "mfa_required": true,
		"communication": map[string]any{
			"telephony_language": "es", "auto_answer": true, "automatic_gain_control": false, "audio_codecs": []any{"opus", "PCMU"}, "sip_transport": "tls",
		},
	} {
		require.Equal(s, want, u[field], field)
	}
	ben := s.added(s.newUser("ben@acme.test"))
	tag := s.get(ben).header.Get("ETag")
	for body, field := range map[string]string{
		`{"phone_numbers":[{"value":"600123456"}]}`:            "phone_numbers[0].value",
		`{"extension":"42"}`:                                   "extension",
		`{"country":"XX"}`:                                     "country",
		`{"language":"klingonese"}`:                            "language",
		`{"time_zone":"Mars/Olympus"}`:                         "time_zone",
		`{"avatar_url":"file:///etc/passwd"}`:                  "avatar_url",
		`{"communication":{"telephony_language":"x y"}}`:       "communication.telephony_language",
		`{"communication":{"audio_codecs":["opus","opus"]}}`:   "communication.audio_codecs",
		`{"communication":{"sip_transport":"pigeon"}}`:         "communication.sip_transport",
		`{"title":"Lead","communication":{"log_level":"all"}}`: "communication.log_level",
	} {
		p := refused(s, s.patch(ben, body), http.StatusUnprocessableEntity, domain.CodeInvalidValue, field)
		require.NotEmpty(s, p["detail"])
	}
	refused(s, s.patch(ben, `{"extension":"0042"}`), http.StatusConflict, domain.CodeExtensionTaken, "extension")
	require.Equal(s, tag, s.get(ben).header.Get("ETag"), "nothing was changed")
	require.Equal(s, []any{}, s.ok(s.get(ben))["phone_numbers"])
	require.Nil(s, s.ok(s.get(ben))["communication"])
	s.ok(s.patch(ana, `{"extension":"","phone_numbers":[],"communication":{}}`))
	after := s.ok(s.get(ana))
	require.Equal(s, []any{nil, []any{}, nil}, []any{after["extension"], after["phone_numbers"], after["communication"]})
	require.Equal(s, "0042", s.ok(s.patch(ben, `{"extension":"0042"}`))["extension"])
}

// userExtensionAuto: the policy hands out extensions, at this door and to the directory; it can demand fields, too.
func userExtensionAuto(s *scene) {
	s.ok(s.patch("/policy", `{"extension_auto":true}`))
	require.Equal(s, true, s.ok(s.get("/policy"))["extension_auto"])
	require.Equal(s, "0000", s.ok(s.get(s.added(s.newUser("a@acme.test"))))["extension"])
	var err error
	s.tenant.Caller, err = s.directory.Authenticate(s.Context(), s.tenant.Bearer)
	require.NoError(s, err)
	pushed := s.provision("b@acme.test", storetest.Emails("b@acme.test"))
	require.Equal(s, "0001", s.ok(s.get("/users/" + pushed.ID.String()))["extension"])

	s.ok(s.patch("/policy", `{"required_fields":["team","country"]}`))
	require.Equal(s, []any{"team", "country"}, s.ok(s.get("/policy"))["required_fields"])
	refused(s, s.patch("/policy", `{"required_fields":["shoe_size"]}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "required_fields")
	refused(s, s.newUser("c@acme.test"), http.StatusUnprocessableEntity, domain.CodeRequired, "team_id")
}
