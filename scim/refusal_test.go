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
	s.local("hidden")
	s.user("ben", `"externalId":"e-ben","`+usher+`":{"extension":"0007"}`)
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
	s.put("/Users/"+ana, `{"userName":"ana"}`, "If-Match", `W/"77"`).refused(412, "")
	require.Equal(t, before, s.get("/Users/"+ana).text, "nothing half done")
	require.Equal(t, []int{was, people}, []int{events(), s.get("/Users?count=0").num("/totalResults")})

	second := s.connection("second")
	_, err = g.admin.SetConnectionDisabled(t.Context(), g.who, second.tenant.Connection.ID, true, domain.IfMatch{})
	require.NoError(t, err)
	require.Contains(t, second.sameStore().get("/Users").refused(403, "").str("/detail"), "connection")
	_, err = domain.NewInstallation(s.store, storetest.Environment(), nil).SuspendOrganisation(t.Context(), s.tenant.Organisation.Slug)
	require.NoError(t, err)
	other := s.sameStore()
	for _, got := range []answer{other.get("/Users"), other.post("/Users", `{"userName":"cleo"}`), other.delete("/Users/" + ana)} {
		require.Contains(t, got.refused(403, "").str("/detail"), "suspended")
	}
}
