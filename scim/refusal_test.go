package scim_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// Refusals of the domain as they are told here: each by POST, PATCH, PUT and in bulk, by the status and scimType of the one
// table, with a detail that an administrator of the provider understands; and nothing is half done.
func TestRefusals(t *testing.T) {
	t.Parallel()
	tell(t, []story{{"table", refusals}})
}

func refusals(t *testing.T, s *server) {
	g := withGiven(t, s)
	_, err := g.admin.ChangeConnectionPolicy(t.Context(), g.who, s.tenant.Connection.ID, domain.IfMatch{}, func(p domain.ConnectionPolicy) (domain.ConnectionPolicy, error) {
		p.Limits.Roles = []domain.RoleID{g.roles["Agent"]}
		return p, nil
	})
	require.NoError(t, err)
	hidden := s.local("hidden")
	s.user("ben", `"externalId":"e-ben","`+usher+`":{"extension":"0007"}`)
	parsed, _ := domain.ParseID[domain.User](hidden)
	eight := "0008"
	_, err = g.admin.Edit(t.Context(), g.who, parsed, domain.IfMatch{}, domain.PersonChange{Fields: domain.FieldChange{Extension: &eight}})
	require.NoError(t, err)
	s.connection("other").user("theirs", `"externalId":"e-theirs"`)
	require.Equal(t, "e-theirs", s.get("/Users/"+s.user("alike", `"externalId":"e-theirs"`)).at("/externalId"), "it is unique in a connection")
	ana := s.user("ana", `"title":"as it was"`)
	require.NoError(t, g.admin.SetSeats(t.Context(), g.who, domain.IfMatch{}, domain.SeatPlan{Licence: domain.LicenceSimulator, Limit: 0}))
	events := func() int {
		n := 0
		require.NoError(t, s.store.Read(context.Background(), func(tx domain.Tx) error {
			list, err := tx.Events().List(s.tenant.Organisation.ID, domain.EventID{}, 1000)
			n = len(list)
			return err
		}))
		return n
	}
	before, was, people := s.get("/Users/"+ana).text, events(), s.get("/Users?count=0").num("/totalResults")
	said := func(name, value string) string { return `"` + usher + `":{"` + name + `":` + value + `}` }
	for name, c := range map[string]struct {
		sent     string // members of a resource
		status   int
		scimType string
		remedy   string
	}{
		"taken user name":      {`"userName":"BEN"`, 409, "uniqueness", "userName"},
		"hidden user name":     {`"userName":"hidden"`, 409, "uniqueness", "administrator"},
		"taken external id":    {`"externalId":"e-ben"`, 409, "uniqueness", "externalId"},
		"taken extension":      {said("extension", `"0007"`), 409, "uniqueness", "extension"},
		"hidden extension":     {said("extension", `"0008"`), 409, "uniqueness", "extension"},
		"another's user name":  {`"userName":"THEIRS"`, 409, "uniqueness", "administrator"},
		"no extension":         {said("extension", `"70"`), 400, "invalidValue", "four digits"},
		"no free seat":         {said("licence", `"simulator"`), 403, "", "simulator"},
		"a role beyond limits": {said("role", `"Boss"`), 403, "", "policy"},
		"unknown role":         {said("role", `"Clown"`), 400, "invalidValue", "Agent"},
		"unknown profile":      {said("profile", `"Clown"`), 400, "invalidValue", "Callers"},
		"unknown team":         {said("team", `"Clown"`), 400, "invalidValue", "Blue"},
		"unknown queue":        {said("queues", `["Sales","Clown"]`), 400, "invalidValue", "Support"},
		"unknown licence":      {said("licence", `"gold"`), 400, "invalidValue", "full"},
		"unknown zone":         {said("accessWindow", `{"timeZone":"Mars/Olympus"}`), 400, "invalidValue", "Europe/"},
		"unknown schedule":     {said("accessWindow", `{"schedule":"someday"}`), 400, "invalidValue", "mon"},
		"a last day too early": {said("accessWindow", `{"validFrom":"2030-02-02","validUntil":"2030-02-01"}`), 400, "invalidValue", "accessWindow.validUntil: use a date that is not before validFrom"},
		"a day that never was": {said("accessWindow", `{"validUntil":"2030-02-30"}`), 400, "invalidValue", "2026-12-31"},
		"no truth":             {said("mfaRequired", `"perhaps"`), 400, "invalidValue", "true"},
		"no user name":         {`"userName":""`, 400, "invalidValue", "userName"},
	} {
		whole := func(of string) string {
			if c.sent[:10] == `"userName"` {
				return `{` + c.sent + `,"title":"half done"}`
			}
			return `{"userName":"` + of + `","title":"half done",` + c.sent + `}`
		}
		patch := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"title","value":"half done"},{"op":"replace","value":{` + c.sent + `}}]}`
		for method, got := range map[string]answer{
			"POST":  s.post("/Users", whole("cleo")),
			"PUT":   s.put("/Users/"+ana, whole("ana")),
			"PATCH": s.do("PATCH", "/Users/"+ana, patch),
		} {
			require.Equal(t, c.status, got.status, "%s by %s: %s", name, method, got.text)
			got.refused(c.status, c.scimType)
			require.Contains(t, got.str("/detail"), c.remedy, "%s by %s", name, method)
		}
		bulk := s.bulk(`{"method":"POST","path":"/Users","bulkId":"x","data":`+whole("cleo")+`}`, `{"method":"PATCH","path":"/Users/`+ana+`","data":`+patch+`}`).is(200)
		require.Equal(t, []string{itoa(c.status), itoa(c.status)}, bulk.statuses(), name)
	}
	for _, name := range []string{"status", "seat"} {
		s.patch("/Users/"+ana, `{"op":"replace","path":"title","value":"half done"},{"op":"replace","path":"`+usher+`:`+name+`","value":"x"}`).refused(400, "mutability")
	}
	group := s.post("/Groups", `{"displayName":"g","externalId":"g-1"}`).is(201).str("/id")
	s.post("/Groups", `{"displayName":"h","externalId":"g-1"}`).refused(409, "uniqueness")
	second := s.group("second")
	s.patch("/Groups/"+second, `{"op":"add","path":"externalId","value":"g-1"}`).refused(409, "uniqueness")
	s.put("/Groups/"+second, `{"displayName":"second","externalId":"g-1"}`).refused(409, "uniqueness")
	s.patch("/Groups/"+group, `{"op":"replace","path":"id","value":"x"}`).refused(400, "mutability")
	was += 2
	for _, got := range []answer{
		s.put("/Users/"+ana, `{"userName":"ana","title":"half done"}`, "If-Match", `W/"77"`),
		s.patch("/Users/"+ana, `{"op":"replace","path":"title","value":"half done"}`, "If-Match", `W/"77"`),
		s.delete("/Users/"+ana, "If-Match", `W/"77"`),
		s.put("/Groups/"+group, `{"displayName":"half done"}`, "If-Match", `W/"77"`),
		s.patch("/Groups/"+group, `{"op":"add","path":"members","value":[{"value":"`+ana+`"}]}`, "If-Match", `W/"77"`),
		s.delete("/Groups/"+group, "If-Match", `W/"77"`),
	} {
		got.refused(412, "")
		require.Contains(t, got.str("/detail"), "read it again")
	}
	require.Empty(t, s.get("/Groups/"+group).members())
	require.Equal(t, before, s.get("/Users/"+ana).text, "nothing half done")
	require.Equal(t, []int{was, people}, []int{events(), s.get("/Users?count=0").num("/totalResults")})

	disabled := s.connection("second")
	_, err = g.admin.SetConnectionDisabled(t.Context(), g.who, disabled.tenant.Connection.ID, true, domain.IfMatch{})
	require.NoError(t, err)
	require.Contains(t, disabled.sameStore().get("/Users").refused(403, "").str("/detail"), "connection")
	_, err = domain.NewInstallation(s.store, storetest.Environment(), nil).SuspendOrganisation(t.Context(), s.tenant.Organisation.Slug)
	require.NoError(t, err)
	again := s.sameStore()
	for _, got := range []answer{again.get("/Users"), again.post("/Users", `{"userName":"cleo"}`), again.delete("/Users/" + ana)} {
		require.Contains(t, got.refused(403, "").str("/detail"), "suspended")
	}
}
