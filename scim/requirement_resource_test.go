package scim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
)

const (
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	manager    = "/" + enterprise + "/manager"
)

func namesWithoutCase(t *testing.T, s *server) {
	created := s.post("/Users", `{"SCHEMAS":["URN:ietf:params:scim:schemas:core:2.0:user"],"USERNAME":"Ana","Name":{"FAMILYname":"Sol"},
		"URN:IETF:params:scim:schemas:extension:ENTERPRISE:2.0:User":{"DEPARTMENT":"R&D"},"emails":[{"Primary":true,"VALUE":"a@acme.test"}]}`).is(201)
	require.Equal(t, "Ana", created.at("/userName"))
	require.Equal(t, "Sol", created.at("/name/familyName"))
	require.Equal(t, "R&D", created.at("/"+enterprise+"/department"))
	require.Equal(t, true, created.at("/emails/0/primary"))

	for _, filter := range []string{`USERNAME eq "ana"`, `NAME.familyname eq "sol"`, `URN:IETF:PARAMS:SCIM:SCHEMAS:CORE:2.0:USER:username eq "ana"`} {
		require.Equal(t, 1, s.get("/Users?filter="+escape(filter)).is(200).num("/totalResults"), filter)
	}
	s.patch("/Users/"+created.str("/id"), `{"OP":"REPLACE","Path":"NAME.FamilyName","VALUE":"Soler"}`).is(200)
	require.Equal(t, "Soler", s.get("/Users/"+created.str("/id")).at("/name/familyName"))

	s.post("/Users", `{"userName":"two","USERNAME":"names"}`).refused(400, "invalidSyntax")
	s.post("/Users", `{"userName":"deep","name":{"givenName":"a","GIVENNAME":"b"}}`).refused(400, "invalidSyntax")
	require.Equal(t, 0, s.get(`/Users?filter=userName+eq+"deep"`).num("/totalResults"))
}

func nullEmptyAbsent(t *testing.T, s *server) {
	absent := s.post("/Users", `{"userName":"absent"}`).is(201)
	for name, members := range map[string]string{
		"null": `"title":null,"emails":null,"name":null,"addresses":null`, "empty": `"emails":[],"addresses":[],"name":{},"roles":[]`,
		"of-null": `"emails":[null],"name":{"givenName":null}`, "text": `"title":"","nickName":""`,
	} {
		got := s.post("/Users", `{"userName":"`+name+`",`+members+`}`).is(201)
		require.Equal(t, keys(absent.doc), keys(got.doc), "%s shows another set of attributes", name)
		require.Equal(t, keys(absent.doc), keys(s.get("/Users/"+got.str("/id")).doc))
	}
	require.Equal(t, 5, s.get("/Users?filter=not+(title+pr)").num("/totalResults"))
	require.Equal(t, 5, s.get("/Users?filter=title+eq+null").num("/totalResults"))

	id := s.user("primary", `"emails":[{"value":"a@x.test","primary":true},{"value":"b@x.test","primary":true}]`)
	require.Equal(t, []string{"a@x.test"}, primaries(s.get("/Users/"+id)))
	got := s.patch("/Users/"+id, `{"op":"add","path":"emails","value":[{"value":"c@x.test","primary":true}]}`).is(200)
	require.Equal(t, []string{"c@x.test"}, primaries(got), "a new primary clears the old one")
	require.Len(t, got.list("/emails"), 3)
	got = s.patch("/Users/"+id, `{"op":"replace","path":"emails[value eq \"b@x.test\"].primary","value":true}`).is(200)
	require.Equal(t, []string{"b@x.test"}, primaries(got))
}

// primaries are the e-mails that say primary: true.
func primaries(a answer) []string {
	var list []string
	for i, e := range a.list("/emails") {
		object, _ := e.(map[string]any)
		if primary, _ := object["primary"].(bool); primary {
			list = append(list, a.str(fmt.Sprintf("/emails/%d/value", i)))
		}
	}
	return list
}

func schemasAreRight(t *testing.T, s *server) {
	for name, test := range map[string]struct {
		schemas, more string
		want          []any
	}{
		"missing":         {"", "", []any{domain.URNUser}},
		"empty":           {`"schemas":[],`, "", []any{domain.URNUser}},
		"unknown":         {`"schemas":["urn:nobody:knows","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/User"],`, "", []any{domain.URNUser}},
		"extension-unset": {`"schemas":["` + domain.URNUser + `","` + enterprise + `"],`, "", []any{domain.URNUser}},
		"extension":       {`"schemas":["` + domain.URNUser + `","` + enterprise + `"],`, `,"` + enterprise + `":{"department":"x"}`, []any{domain.URNUser, enterprise}},
		"undeclared":      {`"schemas":["` + domain.URNUser + `"],`, `,"` + enterprise + `":{"department":"x"}`, []any{domain.URNUser, enterprise}},
		"no-list":         {`"schemas":"` + domain.URNUser + `",`, "", []any{domain.URNUser}},
	} {
		created := s.post("/Users", `{`+test.schemas+`"userName":"`+name+`"`+test.more+`}`).is(201)
		require.Equal(t, test.want, created.at("/schemas"), name)
		require.Equal(t, test.want, s.get("/Users/"+created.str("/id")).at("/schemas"), name)
	}
	id := s.get(`/Users?filter=userName+eq+"extension"`).str("/Resources/0/id")
	require.Equal(t, []any{domain.URNUser}, s.patch("/Users/"+id, `{"op":"remove","path":"`+enterprise+`:department"}`).is(200).at("/schemas"))
	require.Equal(t, []any{domain.URNGroup}, s.get("/Groups/"+s.group("g")).at("/schemas"))
}

func commonAttributes(t *testing.T, s *server) {
	mine := uuid.NewString()
	created := s.post("/Users", `{"id":"`+mine+`","userName":"ana","externalId":"Case","meta":{"resourceType":"Group","created":"1999-01-01T00:00:00Z","location":"http://evil.test","version":"W/\"99\""}}`).is(201)
	id := created.str("/id")
	require.NotEqual(t, mine, id)
	require.Equal(t, "User", created.at("/meta/resourceType"))
	require.NotContains(t, created.text, "evil")
	require.Equal(t, `W/"1"`, created.at("/meta/version"))
	at, err := time.Parse("2006-01-02T15:04:05.000Z", created.str("/meta/created"))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), at, time.Minute)

	require.Equal(t, 1, s.get(`/Users?filter=externalId+eq+"Case"`).num("/totalResults"))
	require.Equal(t, 0, s.get(`/Users?filter=externalId+eq+"case"`).num("/totalResults"), "externalId is caseExact")
	require.Equal(t, 1, s.get(`/Users?filter=id+eq+"`+id+`"`).num("/totalResults"))
	s.user("bo", `"externalId":"case"`)
	s.post("/Users", `{"userName":"cy","externalId":"Case"}`).refused(409, "uniqueness")
	s.connection("other").user("di", `"externalId":"Case"`)

	put := s.put("/Users/"+id, `{"id":"`+mine+`","userName":"ana","externalId":"Case","meta":null}`).is(200)
	require.Equal(t, id, put.at("/id"))
	require.Equal(t, created.at("/meta/created"), put.at("/meta/created"))
	s.patch("/Users/"+id, `{"op":"replace","path":"id","value":"`+mine+`"}`).refused(400, "mutability")
	require.Equal(t, id, s.patch("/Users/"+id, `{"op":"replace","value":{"id":"`+id+`","title":"x"}}`).is(200).at("/id"))
}

func userNamePasswordGroups(t *testing.T, s *server) {
	id := s.user("Ana@Acme.test", `"password":"hunter2-Secret"`)
	s.post("/Users", `{"userName":"ana@acme.TEST"}`).refused(409, "uniqueness")
	s.user("straße@acme.test")
	s.post("/Users", `{"userName":"STRASSE@acme.test"}`).refused(409, "uniqueness")
	s.post("/Users", `{"userName":"  "}`).refused(400, "invalidValue")
	s.post("/Users", `{}`).refused(400, "invalidValue")

	for _, a := range []answer{
		s.get("/Users/" + id), s.get("/Users/" + id + "?attributes=userName"), s.get("/Users"),
		s.patch("/Users/"+id, `{"op":"replace","value":{"password":"hunter2-Other"}}`).is(200),
		s.put("/Users/"+id, `{"userName":"Ana@Acme.test","password":"hunter2-Third"}`).is(200),
	} {
		require.NotContains(t, a.text, "hunter2")
		require.NotContains(t, a.text, `"password"`)
	}
	s.get(`/Users?filter=password+eq+"hunter2-Secret"`).refused(400, "invalidFilter")
	s.get(`/Users?filter=password+pr`).refused(400, "invalidFilter")
	s.get(`/Users?sortBy=password`).refused(400, "invalidValue")
	s.get("/Users/"+id+"?attributes=password").refused(400, "invalidValue")
	require.NotContains(t, s.log.String(), "hunter2")

	group := s.group("Sales", id)
	got := s.get("/Users/" + id)
	require.Equal(t, group, got.at("/groups/0/value"))
	require.Equal(t, "Sales", got.at("/groups/0/display"))
	require.Equal(t, "direct", got.at("/groups/0/type"))
	require.Equal(t, s.url+"/Groups/"+group, got.at("/groups/0/$ref"))
	s.patch("/Users/"+id, `{"op":"add","path":"groups","value":[{"value":"x"}]}`).refused(400, "mutability")
	require.Len(t, s.put("/Users/"+id, `{"userName":"Ana@Acme.test","groups":[]}`).is(200).list("/groups"), 1, "read-only: ignored")
	require.Equal(t, 1, s.get(`/Users?filter=groups+eq+"`+group+`"`).num("/totalResults"))
	s.patch("/Groups/"+group, `{"op":"remove","path":"members"}`).is(200)
	require.Nil(t, s.get("/Users/"+id).at("/groups"))
}

func managerIsComplex(t *testing.T, s *server) {
	boss := s.user("boss", `"displayName":"The Boss"`)
	id := s.user("ana", `"`+enterprise+`":{"department":"x","manager":{"value":"`+boss+`","displayName":"forged","$ref":"http://evil.test"}}`)
	for _, a := range []answer{s.get("/Users/" + id), s.get("/Users/" + id + "?attributes=" + enterprise + ":manager")} {
		require.Equal(t, map[string]any{"value": boss, "$ref": s.url + "/Users/" + boss, "displayName": "The Boss"}, a.at(manager), a.text)
	}
	require.Equal(t, boss, s.get(`/Users?filter=userName+eq+"ana"`).at("/Resources/0"+manager+"/value"))
	s.patch("/Users/"+boss, `{"op":"replace","path":"displayName","value":"Boss \"B\" <b>"}`).is(200)
	require.Equal(t, `Boss "B" <b>`, s.get("/Users/"+id).at(manager+"/displayName"))
	require.Equal(t, "x", s.get("/Users/"+id).at("/"+enterprise+"/department"))
}

func managerAsSent(t *testing.T, s *server) {
	hidden := s.connection("other").user("hidden")
	foreign := s.stranger().user("foreign")
	later := uuid.NewString()
	ana := s.user("ana")
	var shapes []string
	for _, sent := range []string{later, hidden, foreign, "not-an-id", "1"} {
		got := s.patch("/Users/"+ana, `{"op":"replace","path":"`+enterprise+`:manager","value":{"value":"`+sent+`"}}`).is(200)
		require.Equal(t, map[string]any{"value": sent}, got.at(manager), "no $ref, no displayName")
		require.Equal(t, map[string]any{"value": sent}, s.get("/Users/"+ana).at(manager))
		shapes = append(shapes, strings.ReplaceAll(s.get("/Users/"+ana+"?attributes="+enterprise+":manager.value").text, `"`+sent+`"`, `"ID"`))
	}
	for _, shape := range shapes {
		require.Equal(t, shapes[0], shape, "unknown, hidden and foreign look alike")
	}

	boss := s.user("boss")
	s.patch("/Users/"+ana, `{"op":"replace","path":"`+enterprise+`:manager","value":"`+boss+`"}`).is(200)
	require.Equal(t, s.url+"/Users/"+boss, s.get("/Users/"+ana).at(manager+"/$ref"), "resolves")
	before := s.get("/Users/" + ana).str("/meta/version")
	s.delete("/Users/" + boss).is(204)
	after := s.get("/Users/" + ana)
	require.Nil(t, after.at(manager), "a deleted manager clears")
	require.NotEqual(t, before, after.at("/meta/version"))
}

// managerByHand: whom an administrator chose shows to a directory that sees them, and to another is an id like one that never
// existed (security 5), until it adopts them.
func managerByHand(t *testing.T, s *server) {
	administration, who := s.administration()
	ana := s.user("ana")
	parsed, _ := domain.ParseID[domain.User](ana)
	choose := func(id string) {
		manager, ok := domain.ParseID[domain.User](id)
		require.True(t, ok)
		_, err := administration.Edit(t.Context(), who, parsed, domain.IfMatch{}, domain.PersonChange{Fields: domain.FieldChange{Manager: &manager}})
		require.NoError(t, err)
	}
	shape := func(id string) string {
		one, listed := s.get("/Users/"+ana+"?excludedAttributes=meta"), s.get("/Users?excludedAttributes=meta&filter="+escape(`userName eq "ana"`))
		return strings.ReplaceAll(one.text+listed.text, id, "ID")
	}
	unknown := uuid.NewString()
	s.patch("/Users/"+ana, `{"op":"replace","path":"`+enterprise+`:manager","value":"`+unknown+`"}`).is(200)
	want := shape(unknown)
	local := s.local("local")
	for _, hidden := range []string{s.connection("other").user("hidden"), local} {
		choose(hidden)
		require.Equal(t, want, shape(hidden))
		for _, filter := range []string{`:manager.displayName pr`, `:manager.$ref pr`, `:manager.displayName co "l"`} {
			require.Equal(t, 0, s.get("/Users?filter="+escape(enterprise+filter)).is(200).num("/totalResults"), filter)
		}
	}
	s.adoptable(local, s.tenant.Connection.ID)
	seen := map[string]any{"value": local, "$ref": s.url + "/Users/" + local, "displayName": "local"}
	require.Equal(t, seen, s.get("/Users/"+ana).at(manager), "whom it may adopt it sees")
	require.Equal(t, seen, s.get("/Users?filter="+escape(enterprise+`:manager.displayName eq "local"`)).at("/Resources/0"+manager))
	s.patch("/Users/"+local, `{"op":"replace","path":"title","value":"x"}`).is(200)
	require.Equal(t, seen, s.get("/Users/"+ana).at(manager))
	s.put("/Users/"+ana, `{"userName":"ana"}`).is(200)
	require.Nil(t, s.get("/Users/"+ana).at(manager), "a PUT that leaves the manager out takes it, as it does a title")
}

func locationAndETag(t *testing.T, s *server) {
	for endpoint, body := range map[string]string{"/Users": `{"userName":"ana"}`, "/Groups": `{"displayName":"g"}`} {
		created := s.post(endpoint, body).is(201)
		where := s.url + endpoint + "/" + created.str("/id")
		require.Equal(t, where, created.header.Get("Location"))
		require.Equal(t, where, created.at("/meta/location"))
		require.Equal(t, created.header.Get("ETag"), created.at("/meta/version"))
		require.NotEmpty(t, created.header.Get("ETag"))

		read := s.get(endpoint + "/" + created.str("/id")).is(200)
		require.Equal(t, created.text, read.text, "what was answered is what is there")
		require.Equal(t, created.header.Get("ETag"), read.header.Get("ETag"))
		require.Equal(t, created.doc, s.get(endpoint).at("/Resources/0"))
	}
	s.post("/Users", `{"userName":"ANA"}`).refused(409, "uniqueness")
	s.post("/Groups", `{"displayName":"g"}`).is(201) // display names are nobody's alone
	s.post("/Groups", `{"displayName":"h","externalId":"e"}`).is(201)
	s.post("/Groups", `{"displayName":"i","externalId":"e"}`).refused(409, "uniqueness")
}

func attributesAndPut(t *testing.T, s *server) {
	id := s.user("ana", `"name":{"givenName":"Ana","familyName":"Sol"},"emails":[{"value":"a@x.test","type":"work"}],"`+enterprise+`":{"department":"R","costCenter":"1"}`)
	group := s.group("g", id)
	tests := map[string][]string{
		"attributes=userName":                               {"id", "schemas", "userName"},
		"attributes=USERNAME,%20name.givenName":             {"id", "schemas", "userName", "name"},
		"attributes=id":                                     {"id", "schemas"},
		"attributes=" + enterprise + ":department":          {"id", "schemas", enterprise},
		"attributes=" + enterprise:                          {"id", "schemas", enterprise},
		"attributes=groups":                                 {"id", "schemas", "groups"},
		"attributes=meta.version":                           {"id", "schemas", "meta"},
		"attributes=nobodyKnows":                            {"id", "schemas"},
		"excludedAttributes=emails,name,groups,meta,active": {"id", "schemas", "userName", enterprise},
		"excludedAttributes=id,schemas,userName,name,emails,active,groups,meta":                           {"id", "schemas", enterprise},
		"excludedAttributes=" + enterprise + ",name.familyName,emails,groups,meta,active,userName,name.x": {"id", "schemas", "name"},
	}
	for query, want := range tests {
		require.ElementsMatch(t, want, keys(s.get("/Users/"+id+"?"+query).is(200).doc), query)
		listed := s.get("/Users?filter=" + escape(`userName eq "ana"`) + "&" + query).is(200)
		require.ElementsMatch(t, want, keys(listed.at("/Resources/0")), query)
	}
	require.Equal(t, map[string]any{"givenName": "Ana"}, s.get("/Users/"+id+"?attributes=name.givenName").at("/name"))
	require.Equal(t, map[string]any{"costCenter": "1"}, s.get("/Users/"+id+"?excludedAttributes="+enterprise+":department").at("/"+enterprise))
	s.get("/Users/"+id+"?attributes=userName&excludedAttributes=name").refused(400, "invalidValue")
	s.get("/Users?attributes=userName&excludedAttributes=name").refused(400, "invalidValue")

	// On everything that returns a resource.
	require.ElementsMatch(t, []string{"id", "schemas", "userName"}, keys(s.post("/Users?attributes=userName", `{"userName":"bo"}`).is(201).doc))
	require.ElementsMatch(t, []string{"id", "schemas", "title"}, keys(s.do("PATCH", "/Users/"+id+"?attributes=title", `{"Operations":[{"op":"add","path":"title","value":"x"}]}`).is(200).doc))
	require.ElementsMatch(t, []string{"id", "schemas", "userName"}, keys(s.put("/Users/"+id+"?attributes=userName", `{"userName":"ana"}`).is(200).doc))
	require.ElementsMatch(t, []string{"id", "schemas", "displayName", "meta"}, keys(s.get("/Groups/"+group+"?excludedAttributes=members").is(200).doc))
	require.Equal(t, []any{map[string]any{"value": id}}, s.get("/Groups/"+group+"?attributes=members.value").is(200).at("/members"))
	require.Equal(t, []any{map[string]any{"value": id, "$ref": s.url + "/Users/" + id, "type": "User", "display": "ana"}}, s.get("/Groups/"+group).at("/members"))
	require.Equal(t, "g", s.get("/Groups/"+group+"?attributes=members,displayName").at("/displayName"))
	require.ElementsMatch(t, []string{"id", "schemas", "displayName"}, keys(s.post("/Groups?attributes=displayName", `{"displayName":"h"}`).is(201).doc))

	// A bad selection changes nothing.
	s.post("/Users?attributes=a&excludedAttributes=b", `{"userName":"never"}`).refused(400, "invalidValue")
	require.Equal(t, 0, s.get(`/Users?filter=userName+eq+"never"`).num("/totalResults"))

	// PUT clears core attributes, a group's members too.
	cleared := s.get("/Users/" + id)
	require.Nil(t, cleared.at("/name"))
	require.Nil(t, cleared.at("/emails"))
	require.Nil(t, cleared.at("/"+enterprise))
	s.put("/Groups/"+group, `{"displayName":"g"}`).is(200)
	require.Nil(t, s.get("/Groups/"+group).at("/members"))
}
