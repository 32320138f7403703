package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

// What nobody may send, case by case: the answer says by code, field and remedy what is wrong, and nothing is half done.
func TestBadInput(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		ana, off := s.provision("ana@acme.test").ID.String(), s.provision("off@acme.test").ID.String()
		role := s.role("Agent", domain.SeesOwn)
		below := s.made("/roles", `{"name":"Below","parent_id":"`+role+`","sees":"own"}`)
		profile := s.made("/profiles", `{"name":"Desk","grants":{}}`)
		strong := s.made("/profiles", `{"name":"Strong","grants":{"audit:view":true}}`)
		group := s.pushGroup("Everybody").String()
		s.ok(s.post("/users/"+off+"/deactivate", ""))
		s.ok(s.patch("/users/"+ana, `{"extension":"0042"}`))
		s.own(ana, "1")
		small := s.key("users:view", "users:edit", "users:create", "profiles:create", "directory:edit", "directory:view")
		user, connection := "/users/"+ana, "/connections/"+s.tenant.Connection.ID.String()
		add := func(more string) string {
			return `{"full_name":"B","email":"b@acme.test","role_id":"` + role + `",` + more + `}`
		}
		const unprocessable, conflict, forbidden = http.StatusUnprocessableEntity, http.StatusConflict, http.StatusForbidden
		before, tag := s.events(), s.get(user).header.Get("ETag")
		for name, c := range map[string]struct {
			key, method, path, body string
			status                  int
			code, field, remedy     string
		}{
			"role of a new person":         {s.all, "POST", "/users", `{"full_name":"B","email":"b@acme.test","role_id":"` + never + `"}`, unprocessable, domain.CodeInvalidValue, "role_id", "role"},
			"profile of a new person":      {s.all, "POST", "/users", add(`"profile_id":"` + never + `"`), unprocessable, domain.CodeInvalidValue, "profile_id", "profile"},
			"team of a new person":         {s.all, "POST", "/users", add(`"team_id":"` + role + `"`), unprocessable, domain.CodeInvalidValue, "team_id", "team"},
			"queue of a new person":        {s.all, "POST", "/users", add(`"queue_ids":["` + never + `"]`), unprocessable, domain.CodeInvalidValue, "queue_ids", "queue"},
			"licence of a new person":      {s.all, "POST", "/users", add(`"licence":"gold"`), unprocessable, domain.CodeInvalidValue, "licence", "list of licences"},
			"role":                         {s.all, "PATCH", user + "/access", `{"role_id":"` + never + `"}`, unprocessable, domain.CodeInvalidValue, "role_id", "role"},
			"licence":                      {s.all, "POST", user + "/licence", `{"licence":"gold"}`, unprocessable, domain.CodeInvalidValue, "licence", "list of licences"},
			"licence of which to say":      {s.all, "PUT", "/licences/gold/modules", `{"modules":["users"]}`, http.StatusNotFound, domain.CodeNotFound, "type", "list of licences"},
			"module of a licence":          {s.all, "PUT", "/licences/full/modules", `{"modules":["rockets"]}`, unprocessable, domain.CodeInvalidValue, "modules", "register"},
			"module":                       {s.all, "POST", "/profiles", `{"name":"x","grants":{"rockets:view":true}}`, unprocessable, domain.CodeInvalidValue, "grants", "module"},
			"action":                       {s.all, "POST", "/profiles", `{"name":"x","grants":{"users:fly":true}}`, unprocessable, domain.CodeInvalidValue, "grants", "action"},
			"module of a person's own":     {s.all, "PATCH", user + "/access", `{"granted":{"rockets:view":true}}`, unprocessable, domain.CodeInvalidValue, "granted", "module"},
			"role of a mapping":            {s.all, "POST", "/mappings", `{"group_id":"` + group + `","role_id":"` + never + `"}`, unprocessable, domain.CodeInvalidValue, "role_id", "role"},
			"licence of a mapping":         {s.all, "POST", "/mappings", `{"group_id":"` + group + `","licence":"gold"}`, unprocessable, domain.CodeInvalidValue, "licence", "list of licences"},
			"group of a mapping":           {s.all, "POST", "/mappings", `{"group_id":"` + never + `","role_id":"` + role + `"}`, unprocessable, domain.CodeInvalidValue, "group_id", "group"},
			"role of a connection":         {s.all, "PATCH", connection + "/policy", `{"limits":{"role_ids":["` + never + `"]}}`, unprocessable, domain.CodeInvalidValue, "limits.role_ids", "role"},
			"licence of a connection":      {s.all, "PATCH", connection + "/policy", `{"limits":{"licences":["gold"]}}`, unprocessable, domain.CodeInvalidValue, "limits.licences", "list of licences"},
			"successor of a connection":    {s.all, "PATCH", connection + "/policy", `{"successor":"fallback","successor_fallback_id":"` + off + `"}`, unprocessable, domain.CodeInvalidValue, "successor_fallback_id", "active"},
			"a role above itself":          {s.all, "PUT", "/roles/" + role, `{"name":"Agent","parent_id":"` + role + `","sees":"own"}`, unprocessable, domain.CodeInvalidValue, "parent_id", "below"},
			"roles in a circle":            {s.all, "PUT", "/roles/" + role, `{"name":"Agent","parent_id":"` + below + `","sees":"own"}`, unprocessable, domain.CodeInvalidValue, "parent_id", "below"},
			"phone without country":        {s.all, "PATCH", user, `{"phone_numbers":[{"value":"600123456"}]}`, unprocessable, domain.CodeInvalidValue, "phone_numbers[0].value", "+"},
			"a domain with an empty label": {s.all, "POST", "/domains", `{"domain":"a..b"}`, unprocessable, domain.CodeInvalidValue, "domain", "acme.example"},
			"a domain that begins so":      {s.all, "POST", "/domains", `{"domain":".acme.test"}`, unprocessable, domain.CodeInvalidValue, "domain", "acme.example"},
			"a port that is none":          {s.all, "POST", "/webhooks", `{"url":"https://app.acme.test:99999/"}`, unprocessable, domain.CodeInvalidValue, "url", "65535"},
			"port 0":                       {s.all, "POST", "/webhooks", `{"url":"https://app.acme.test:0/"}`, unprocessable, domain.CodeInvalidValue, "url", "65535"},
			"short extension":              {s.all, "PATCH", user, `{"extension":"42"}`, unprocessable, domain.CodeInvalidValue, "extension", "four digits"},
			"taken extension":              {s.all, "POST", "/users", add(`"extension":"0042"`), conflict, domain.CodeExtensionTaken, "extension", "another"},
			"time zone":                    {s.all, "PATCH", user, `{"time_zone":"Mars/Olympus"}`, unprocessable, domain.CodeInvalidValue, "time_zone", "Europe/"},
			"language":                     {s.all, "PATCH", user, `{"language":"klingonese"}`, unprocessable, domain.CodeInvalidValue, "language", "es"},
			"schedule":                     {s.all, "PUT", user + "/window", `{"schedule":"someday 09:00-17:00"}`, unprocessable, domain.CodeInvalidValue, "schedule", "mon"},
			"a last day too early":         {s.all, "PUT", user + "/window", `{"valid_from":"2030-02-02","valid_until":"2030-02-01"}`, unprocessable, domain.CodeInvalidValue, "valid_until", "use a date that is not before valid_from"},
			"seats below those held":       {s.all, "PUT", "/licences/full/seats", `{"limit":0}`, conflict, domain.CodeSeatsHeld, "limit", "1"},
			"what one does not hold":       {small, "PATCH", user + "/access", `{"granted":{"audit:view":true}}`, forbidden, domain.CodeEscalation, "granted", "audit:view"},
			"a profile one does not hold":  {small, "PATCH", user + "/access", `{"profile_id":"` + strong + `"}`, forbidden, domain.CodeEscalation, "profile_id", "audit:view"},
			"to make what one is not":      {small, "POST", "/profiles", `{"name":"x","grants":{"audit:view":true}}`, forbidden, domain.CodeEscalation, "grants", "audit:view"},
			"to map what one does not":     {small, "POST", "/mappings", `{"group_id":"` + group + `","profile_id":"` + strong + `"}`, forbidden, domain.CodeEscalation, "profile_id", "audit:view"},
			"an inactive successor":        {s.all, "POST", user + "/deactivate", `{"successor_id":"` + off + `"}`, unprocessable, domain.CodeInvalidValue, "successor_id", "active"},
			"oneself as successor":         {s.all, "DELETE", user + "?successor_id=" + ana, "", unprocessable, domain.CodeInvalidValue, "successor_id", "another person"},
			"an inactive one for records":  {s.all, "POST", user + "/transfer-records", `{"successor_id":"` + off + `"}`, unprocessable, domain.CodeInvalidValue, "successor_id", "active"},
			"a profile in a role's place":  {s.all, "PATCH", user + "/access", `{"role_id":"` + profile + `"}`, unprocessable, domain.CodeInvalidValue, "role_id", "role"},
			"an owner among what one adds": {s.all, "POST", "/users", add(`"owner":true`), unprocessable, domain.CodeInvalidValue, "owner", ""},
		} {
			s.Run(name, func(t *testing.T) {
				p := refused(t, s.as(c.key, c.method, c.path, c.body), c.status, c.code, c.field)
				require.Contains(t, p["detail"], c.remedy)
			})
		}
		require.Equal(s, before, s.events(), "nothing half done")
		require.Equal(s, tag, s.get(user).header.Get("ETag"))
		require.Equal(s, []string{ana, off}, s.get("/users").values(s, "id"))
	})
}
