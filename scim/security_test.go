package scim_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/scim"
)

// TestSecurity is the lines of the security list that concern SCIM, by number: each on both databases.
func TestSecurity(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"01-02-tokens", tokens},
		{"01-remembered-tokens", rememberedTokens},
		{"01-stopped", stopped},
		{"03-other-credentials", otherCredentials},
		{"04-other-organisations", otherOrganisations},
		{"05-members-of-others", membersOfOthers},
		{"06-internal-fields-in-filters", internalFieldsInFilters},
		{"07-name-taken-elsewhere", nameTakenElsewhere},
		{"08-recreated", recreated},
		{"09-externalId-is-text", externalIDIsText},
		{"10-mass-assignment", massAssignment},
		{"11-patch-paths", patchPaths},
		{"12-accounts-of-others", accountsOfOthers},
		{"13-last-owner", lastOwner},
		{"14-markup", markup},
		{"15-every-spelling-of-deactivation", deactivation},
		{"16-post-again", postAgain},
		{"17-broken-text", brokenText},
		{"18-secrets", secrets},
		{"19-sql", sqlInjection},
		{"20-bounds", bounds},
		{"21-bulk-bounds", bulkBounds},
		{"24-flood", flood},
		{"43-nothing-in-logs-and-counts", nothingInLogs},
	})
}

// everywhere are requests for every route and method, with bodies that would write if they were let.
func everywhere(id, group string) [][3]string {
	return [][3]string{
		{"GET", "/Users", ""}, {"GET", "/Users/" + id, ""}, {"GET", "/Users?filter=nonsense", ""}, {"GET", "/Users?count=x", ""},
		{"POST", "/Users", `{"userName":"intruder"}`}, {"POST", "/Users", `{`}, {"PUT", "/Users/" + id, `{"userName":"intruder"}`},
		{"PATCH", "/Users/" + id, `{"Operations":[{"op":"replace","path":"active","value":false}]}`}, {"DELETE", "/Users/" + id, ""},
		{"GET", "/Users/no-id", ""}, {"PUT", "/Users/no-id", `{}`}, {"PATCH", "/Users/no-id", `{}`}, {"GET", "/Users/" + id + "?attributes=password", ""},
		{"GET", "/Groups", ""}, {"GET", "/Groups/" + group, ""}, {"POST", "/Groups", `{"displayName":"intruder"}`},
		{"PUT", "/Groups/" + group, `{"displayName":"intruder"}`}, {"DELETE", "/Groups/" + group, ""},
		{"PATCH", "/Groups/" + group, `{"Operations":[{"op":"replace","path":"displayName","value":"intruder"}]}`},
		{"POST", "/.search", `{}`}, {"POST", "/Users/.search", `{}`}, {"POST", "/Groups/.search", `{}`}, {"GET", "/", ""},
		{"POST", "/Bulk", `{"Operations":[{"method":"POST","path":"/Users","bulkId":"1","data":{"userName":"intruder"}}]}`},
		{"GET", "/Me", ""}, {"GET", "/ServiceProviderConfig", ""}, {"GET", "/ResourceTypes", ""}, {"GET", "/ResourceTypes/User", ""},
		{"GET", "/Schemas", ""}, {"GET", "/Schemas/" + domain.URNUser, ""}, {"GET", "/Schemas?filter=x", ""}, {"GET", "/Nowhere", ""},
		{"DELETE", "/Users", ""}, {"POST", "/Schemas", `{}`}, {"HEAD", "/Users", ""}, {"BREW", "/Users", ""},
	}
}

func tokens(t *testing.T, s *server) {
	id := s.user("ana")
	group := s.group("g", id)
	users, groups := s.get("/Users/"+id).text, s.get("/Groups/"+group).text

	expired := s.connection("expired")
	expired.token = expiredToken(t, s.store, s.tenant.Organisation.ID, expired.tenant.Connection.ID)
	revoked := s.connection("revoked")
	revokedToken := revoked.token
	rotateToken(t, s.store, s.tenant.Organisation.ID, revoked.tenant.Connection.ID, mustBearer(t, revokedToken))
	var secret [32]byte
	_, err := rand.Read(secret[:])
	require.NoError(t, err)
	unknown, _ := domain.NewDirectoryToken(s.tenant.Organisation.ID, secret)

	headers := map[string][]string{
		"none": {"Authorization", ""}, "empty": {"Authorization", "", "Authorization", " "},
		"scheme alone": {"Authorization", "", "Authorization", "Bearer"}, "scheme and space": {"Authorization", "", "Authorization", "Bearer  "},
		"bare token": {"Authorization", "", "Authorization", s.token}, "another scheme": {"Authorization", "", "Authorization", "Basic " + s.token},
		"malformed": {"Authorization", "", "Authorization", "Bearer usher_scim_xyz"}, "cut": {"Authorization", "", "Authorization", "Bearer " + s.token[:len(s.token)-1]},
		"longer": {"Authorization", "", "Authorization", "Bearer " + s.token + "A"}, "unknown": {"Authorization", "", "Authorization", "Bearer " + unknown},
		"expired": {"Authorization", "", "Authorization", "Bearer " + expired.token}, "revoked": {"Authorization", "", "Authorization", "Bearer " + revokedToken},
		"two headers": {"Authorization", "Bearer " + s.token}, "good and bad": {"Authorization", "Bearer x"},
		"two in one":                {"Authorization", "", "Authorization", "Bearer " + s.token + ", Bearer " + s.token},
		"in the wrong organisation": {"Authorization", "", "Authorization", "Bearer " + s.stranger().token[:40] + s.token[40:]},
	}
	for name, pairs := range headers {
		for _, request := range everywhere(id, group) {
			var body any
			if request[2] != "" {
				body = request[2]
			}
			got := s.do(request[0], request[1], body, pairs...)
			require.Equal(t, 401, got.status, "%s: %s %s: %s", name, request[0], request[1], got.text)
			require.NotEmpty(t, got.header.Get("WWW-Authenticate"))
			if request[0] != "HEAD" {
				got.refused(401, "")
			}
		}
	}
	require.Equal(t, users, s.get("/Users/"+id).text)
	require.Equal(t, groups, s.get("/Groups/"+group).text)
	require.Equal(t, 1, s.get("/Users").num("/totalResults"), "nothing written")
	require.Equal(t, 1, s.get("/Groups").num("/totalResults"))
}

// A token that this process remembers as good is refused from the moment on that it is not, whatever is asked: also
// where the request fails before anything is read.
func rememberedTokens(t *testing.T, s *server) {
	id := s.user("ana")
	group := s.group("g", id)
	for _, request := range everywhere(id, group) {
		var body any
		if request[2] != "" {
			body = request[2]
		}
		old := s.token
		s.get("/Users/" + id).is(200)
		s.token = rotateToken(t, s.store, s.tenant.Organisation.ID, s.tenant.Connection.ID, mustBearer(t, old))
		got := s.do(request[0], request[1], body, "Authorization", "", "Authorization", "Bearer "+old)
		require.Equal(t, 401, got.status, "%s %s: %s", request[0], request[1], got.text)
	}
	s.get("/Users/" + id).is(200)
}

func stopped(t *testing.T, s *server) {
	id := s.user("ana")
	group := s.group("g", id)
	for name, set := range map[string]func(at time.Time){
		"organisation suspended": func(at time.Time) {
			require.NoError(t, s.store.Write(context.Background(), func(tx domain.Tx) error {
				return tx.Organisations().Suspend(s.tenant.Organisation.ID, at)
			}))
		},
		"connection disabled": func(at time.Time) {
			require.NoError(t, s.store.Write(context.Background(), func(tx domain.Tx) error {
				return tx.Connections().Disable(s.tenant.Organisation.ID, s.tenant.Connection.ID, at)
			}))
		},
	} {
		s.get("/Users/" + id).is(200)
		set(time.Now())
		for _, request := range everywhere(id, group) {
			var body any
			if request[2] != "" {
				body = request[2]
			}
			got := s.do(request[0], request[1], body)
			require.Equal(t, 403, got.status, "%s: %s %s: %s", name, request[0], request[1], got.text)
		}
		set(time.Time{})
		require.Equal(t, "ana", s.get("/Users/"+id).is(200).at("/userName"), "all is kept")
	}
	require.Contains(t, s.ledger.all(domain.TallyRefused), "POST /Users 403 organisation_suspended")
}

func otherCredentials(t *testing.T, s *server) {
	for _, header := range []string{"Bearer usher_api_" + strings.Repeat("A", 64), "Bearer eyJhbGciOiJub25lIn0.e30.", "DPoP " + s.token, "Token " + s.token} {
		s.get("/Users", "Authorization", "", "Authorization", header).refused(401, "")
	}
	s.get("/Users", "Authorization", "", "Cookie", "__Host-session="+s.token).refused(401, "")
	s.get("/Users?access_token="+s.token, "Authorization", "").refused(401, "")
}

func otherOrganisations(t *testing.T, s *server) {
	other := s.stranger()
	sibling := s.connection("sibling")
	for _, owner := range []*server{other, sibling} {
		id := owner.user("victim")
		group := owner.group("victims", id)
		before, groupBefore := owner.get("/Users/"+id).text, owner.get("/Groups/"+group).text
		for _, request := range [][3]string{
			{"GET", "/Users/ID", ""}, {"PUT", "/Users/ID", `{"userName":"x"}`}, {"PATCH", "/Users/ID", `{"Operations":[{"op":"remove","path":"title"}]}`},
			{"DELETE", "/Users/ID", ""}, {"GET", "/Groups/ID", ""}, {"PUT", "/Groups/ID", `{"displayName":"x"}`},
			{"PATCH", "/Groups/ID", `{"Operations":[{"op":"remove","path":"members"}]}`}, {"DELETE", "/Groups/ID", ""},
			{"GET", "/Users/ID?attributes=id", ""}, {"GET", `/Users?filter=id+eq+"ID"`, ""}, {"GET", `/?filter=id+eq+"ID"`, ""},
			{"GET", `/Groups?filter=members.value+eq+"ID"`, ""}, {"GET", `/Users?filter=` + escape(enterprise+`:manager.value eq "ID"`), ""},
			{"POST", "/Bulk", `{"Operations":[{"method":"DELETE","path":"/Users/ID"},{"method":"PATCH","path":"/Groups/ID","data":{"Operations":[{"op":"remove","path":"members"}]}}]}`},
			{"POST", "/Groups", `{"displayName":"mine","members":[{"value":"ID"}]}`},
		} {
			ask := func(id string) answer {
				var body any
				if request[2] != "" {
					body = strings.ReplaceAll(request[2], "ID", id)
				}
				got := s.do(request[0], strings.ReplaceAll(request[1], "ID", id), body)
				got.text = strings.ReplaceAll(got.text, id, "ID")
				got.header.Del("Date")
				return got
			}
			never := ask(uuid.Must(uuid.NewV7()).String())
			for _, hidden := range []string{id, group} {
				got := ask(hidden)
				require.Equal(t, never.status, got.status, "%s %s", request[0], request[1])
				require.Equal(t, never.text, got.text, "%s %s", request[0], request[1])
				require.Equal(t, never.header, got.header, "%s %s", request[0], request[1])
			}
		}
		require.Equal(t, before, owner.get("/Users/"+id).text)
		require.Equal(t, groupBefore, owner.get("/Groups/"+group).text)
	}
	require.Equal(t, 0, s.get("/").num("/totalResults"))
}

func membersOfOthers(t *testing.T, s *server) {
	mine := s.user("mine")
	group := s.group("g", mine)
	for _, owner := range []*server{s.stranger(), s.connection("sibling")} {
		hidden := owner.user("hidden-" + uuid.NewString())
		for _, attempt := range []func(id string) answer{
			func(id string) answer {
				return s.patch("/Groups/"+group, `{"op":"add","path":"members","value":[{"value":"`+mine+`"},{"value":"`+id+`"}]}`)
			},
			func(id string) answer {
				return s.patch("/Groups/"+group, `{"op":"replace","path":"members","value":[{"value":"`+id+`"}]}`)
			},
			func(id string) answer {
				return s.put("/Groups/"+group, map[string]any{"displayName": "g", "members": refs(mine, id)})
			},
			func(id string) answer {
				return s.post("/Groups", map[string]any{"displayName": "h", "members": refs(id)})
			},
		} {
			never := uuid.Must(uuid.NewV7()).String()
			want, got := attempt(never).refused(400, "invalidValue"), attempt(hidden).refused(400, "invalidValue")
			require.Equal(t, strings.ReplaceAll(want.text, never, "ID"), strings.ReplaceAll(got.text, hidden, "ID"))
		}
		require.Nil(t, owner.get("/Users/"+hidden).at("/groups"))
	}
	require.Equal(t, []string{mine}, s.get("/Groups/"+group).members())
	require.Equal(t, 1, s.get("/Groups").num("/totalResults"), "no row")
}

func internalFieldsInFilters(t *testing.T, s *server) {
	s.user("ana", `"password":"hunter2-Secret"`)
	for _, field := range []string{
		"organisation", "organisation_id", "organisationId", "connection", "connection_id", "status", "owner", "licence", "password", "passwordHash",
		"password_hash", "user_name_key", "document", "accepted_at", "archived_at", "hash", "token", "seat", "mfaSecret", "users.document", "meta.owner",
		domain.URNUser + ":password", domain.URNUser + ":organisation", enterprise + ":owner",
	} {
		for _, filter := range []string{field + ` eq "x"`, field + " pr", `not (` + field + ` sw "a")`, `emails[` + field + ` eq "x"]`} {
			s.get("/Users?filter="+escape(filter)).refused(400, "invalidFilter")
		}
		s.get("/Users?sortBy="+escape(field)).refused(400, "invalidValue")
	}
}

func nameTakenElsewhere(t *testing.T, s *server) {
	body := `{"userName":"ana","externalId":"e","emails":[{"value":"ana@acme.test"}]}`
	s.stranger().post("/Users", body).is(201)
	s.post("/Users", body).is(201)
	s.post("/Users", body).refused(409, "uniqueness")
	hidden := s.connection("sibling").post("/Users", body).refused(409, "uniqueness")
	require.Contains(t, hidden.text, "administrator")
}

func recreated(t *testing.T, s *server) {
	installation := domain.NewInstallation(s.store, domain.Environment{Now: time.Now, NewID: uuid.NewV7}, rand.Reader)
	slug := "acme-" + uuid.NewString()
	create := func() *server {
		made, err := installation.CreateOrganisation(context.Background(), domain.OrganisationSpec{Slug: slug, Name: "Acme"})
		require.NoError(t, err)
		other := *s
		other.token = made.TokenText
		return &other
	}
	old := create()
	id := old.user("ana", `"externalId":"1"`)
	old.get("/Users/" + id).is(200)
	_, err := installation.DeleteOrganisation(context.Background(), slug)
	require.NoError(t, err)
	old.get("/Users/"+id).refused(401, "")
	renewed := create()
	old.get("/Users/"+id).refused(401, "")
	old.post("/Users", `{"userName":"intruder"}`).refused(401, "")
	renewed.get("/Users/"+id).refused(404, "")
	require.Equal(t, 0, renewed.get("/Users").num("/totalResults"))
}

func externalIDIsText(t *testing.T, s *server) {
	victim := s.user("victim")
	other := s.user("other", `"externalId":"`+victim+`"`)
	require.NotEqual(t, victim, other)
	require.Equal(t, victim, s.get("/Users/"+other).at("/externalId"))
	s.user("one", `"externalId":"1"`)
	s.get("/Users/1").refused(404, "")
	s.patch("/Users/"+other, `{"op":"replace","path":"title","value":"x"}`).is(200)
	require.Nil(t, s.get("/Users/"+victim).at("/title"))
	require.Equal(t, []string{other}, s.get(`/Users?filter=externalId+eq+"`+victim+`"`).names("/id"))
	s.post("/Groups", map[string]any{"displayName": "g", "members": refs("1")}).refused(400, "invalidValue")
}

func massAssignment(t *testing.T, s *server) {
	row := func(id string) domain.User {
		parsed, ok := domain.ParseID[domain.User](id)
		require.True(t, ok)
		var u domain.User
		require.NoError(t, s.store.Read(context.Background(), func(tx domain.Tx) (err error) {
			u, err = tx.Users().Get(s.tenant.Caller.Scope(), parsed)
			return err
		}))
		u.UserName, u.Document, u.CreatedAt, u.ModifiedAt, u.AcceptedAt = domain.Name{}, nil, time.Time{}, time.Time{}, time.Time{}
		u.ID = domain.UserID{}
		return u
	}
	forged := `"id":"` + uuid.NewString() + `","meta":{"version":"W/\"9\"","created":"1990-01-01T00:00:00Z"},"organisation":"x","organisation_id":"x",
		"connection":"x","owner":true,"systemOwner":true,"passwordHash":"x","password":"x","mfaSecret":"x","seat":"x","licence":"simulator","status":"inactive",
		"groups":[{"value":"x"}],"version":7,"archivedAt":"x"`
	plain, sent := s.user("plain"), s.user("forged", forged)
	require.Equal(t, row(plain), row(sent))
	require.Equal(t, keys(s.get("/Users/"+plain).doc), keys(s.get("/Users/"+sent).doc))
	require.Equal(t, `W/"1"`, s.put("/Users/"+sent, `{"userName":"forged",`+forged+`}`).is(200).at("/meta/version"), "nothing changed")
	s.patch("/Users/"+sent, `{"op":"add","value":{`+strings.Replace(forged, `"id":`, `"identifier":`, 1)+`}}`).is(200)
	require.Equal(t, row(plain), row(sent))

	group := s.group("g")
	s.put("/Groups/"+group, `{"displayName":"g","id":"x","organisation":"x","meta":{"version":"x"}}`).is(200)
	require.Equal(t, `W/"1"`, s.get("/Groups/"+group).at("/meta/version"))
}

func patchPaths(t *testing.T, s *server) {
	id := s.user("ana")
	before := s.get("/Users/" + id).text
	for _, path := range []string{
		"owner", "organisation", "organisation_id", "status", "passwordHash", "seat", "licence", "__proto__", "constructor.prototype", "document",
		"emails.secret", enterprise + ":owner", "urn:nobody:knows", "urn:nobody:knows:User:x", "name.owner", "emails[owner eq true].value", "/userName", "$.userName", "..",
	} {
		got := s.patch("/Users/"+id, `{"op":"add","path":"`+path+`","value":"x"}`)
		require.Equal(t, 400, got.status, "%s: %s", path, got.text)
		require.Contains(t, []any{"invalidPath", "invalidFilter"}, got.at("/scimType"), path)
	}
	for _, path := range []string{"id", "meta", "meta.version", "groups", "groups.value", "schemas"} {
		s.patch("/Users/"+id, `{"op":"replace","path":"`+path+`","value":"x"}`).refused(400, "mutability")
	}
	require.Equal(t, before, s.get("/Users/"+id).text)
}

func accountsOfOthers(t *testing.T, s *server) {
	installation := domain.NewInstallation(s.store, domain.Environment{Now: time.Now, NewID: uuid.NewV7}, rand.Reader)
	made, err := installation.CreateOrganisation(context.Background(), domain.OrganisationSpec{
		Slug: "owned-" + uuid.NewString(), Name: "Owned", OwnerEmail: "owner@acme.test",
	})
	require.NoError(t, err)
	other := *s
	other.token = made.TokenText
	require.Equal(t, 0, other.get("/Users").num("/totalResults"), "a local account is nobody's")
	require.Equal(t, 0, other.get(`/Users?filter=userName+eq+"owner@acme.test"`).num("/totalResults"))
	got := other.post("/Users", `{"userName":"OWNER@acme.test"}`).refused(409, "uniqueness")
	require.Contains(t, got.str("/detail"), "administrator")
	id := other.user("mallory", `"emails":[{"value":"owner@acme.test","primary":true}]`)
	other.put("/Users/"+id, `{"userName":"owner@acme.test"}`).refused(409, "uniqueness")
	other.patch("/Users/"+id, `{"op":"replace","path":"userName","value":"owner@acme.test"}`).refused(409, "uniqueness")
	require.Equal(t, 1, other.get("/Users").num("/totalResults"), "kept apart, not adopted")

	// What another connection owns cannot be changed by this one.
	victim := s.user("victim", `"emails":[{"value":"victim@acme.test"}]`)
	sibling := s.connection("sibling")
	sibling.patch("/Users/"+victim, `{"op":"replace","path":"emails","value":[{"value":"evil@x.test"}]}`).refused(404, "")
	require.Equal(t, "victim@acme.test", s.get("/Users/"+victim).at("/emails/0/value"))
}

func lastOwner(t *testing.T, s *server) {
	id := s.user("owner")
	parsed, _ := domain.ParseID[domain.User](id)
	require.NoError(t, s.store.Write(context.Background(), func(tx domain.Tx) error {
		was, err := tx.Users().Get(s.tenant.Caller.Scope(), parsed)
		if err != nil {
			return err
		}
		is := was
		is.Owner, is.Version = true, was.Version+1
		return tx.Users().Save(was, is)
	}))
	before := s.get("/Users/" + id).text
	deactivate := `{"Operations":[{"op":"replace","path":"active","value":false}]}`
	for name, got := range map[string]answer{
		"PATCH":  s.do("PATCH", "/Users/"+id, deactivate),
		"PUT":    s.put("/Users/"+id, `{"userName":"owner","active":false}`),
		"DELETE": s.delete("/Users/" + id),
	} {
		got.refused(403, "")
		require.Contains(t, got.str("/detail"), "owner", name)
	}
	got := s.bulk(`{"method":"DELETE","path":"/Users/`+id+`"}`, `{"method":"PATCH","path":"/Users/`+id+`","data":`+deactivate+`}`)
	require.Equal(t, []string{"403", "403"}, got.is(200).statuses())
	require.Equal(t, before, s.get("/Users/"+id).text)

	protected := 0
	require.NoError(t, s.store.Read(context.Background(), func(tx domain.Tx) error {
		events, err := tx.Events().List(s.tenant.Organisation.ID, domain.EventID{}, 1000)
		for _, e := range events {
			if e.Type == domain.OwnerProtected {
				require.Equal(t, parsed.UUID, e.Subject)
				require.Equal(t, requestID, e.RequestID)
				protected++
			}
		}
		return err
	}))
	require.Equal(t, 5, protected, "an event tells each time")
}

func markup(t *testing.T, s *server) {
	for i, text := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `{{7*7}}${7*7}<%= 7*7 %>#{7*7}`, `${jndi:ldap://x/a}`, `'; DROP TABLE users; --`, "line\nbreak\ttab \\ slash \u2028"} {
		body := map[string]any{"userName": "m" + itoa(i), "displayName": text, "title": text, "name": map[string]string{"givenName": text}, "externalId": text}
		got := s.post("/Users", body).is(201)
		for _, path := range []string{"/displayName", "/title", "/name/givenName", "/externalId"} {
			require.Equal(t, text, got.at(path), "as it was sent, nothing evaluated")
		}
		require.Equal(t, 1, s.get("/Users?filter="+escape(`displayName eq `+strconv.Quote(text))).is(200).num("/totalResults"))
		refused := s.get("/Users?filter=" + escape(text))
		refused.refused(400, "invalidFilter")
		require.NotContains(t, refused.text, "<script>\"")
		require.Equal(t, "nosniff", refused.header.Get("X-Content-Type-Options"))
		s.get("/"+escape(text)).refused(404, "")
	}
}

func deactivation(t *testing.T, s *server) {
	for i, body := range []string{
		`{"op":"replace","path":"active","value":false}`, `{"op":"Replace","path":"active","value":"False"}`, `{"op":"replace","value":{"active":false}}`,
		`{"op":"Replace","value":{"active":"false"}}`, `{"op":"add","path":"active","value":false}`, `{"op":"Add","path":"ACTIVE","value":"FALSE"}`,
		`{"op":"replace","path":"active","value":[{"value":false}]}`, `{"op":"replace","path":"active","value":[{"value":"False"}]}`, `{"op":"replace","path":"active","value":{"value":"False"}}`,
		`{"op":"replace","path":"` + domain.URNUser + `:active","value":false}`, `{"op":"replace","value":{"` + domain.URNUser + `:active":false}}`,
		`{"op":"replace","path":"active","value":[false]}`, `{"op":"replace","path":"","value":{"active":false}}`,
	} {
		id := s.user("p" + itoa(i))
		got := s.patch("/Users/"+id, body)
		active := s.get("/Users/" + id).at("/active")
		require.Equal(t, got.status != 200, active, "never a 200 that did nothing: %s: %s", body, got.text)
		require.Equal(t, 200, got.status, "%s: %s", body, got.text)
	}
	for i, member := range []string{`"active":false`, `"active":"False"`, `"ACTIVE":false`, `"active":"false"`} {
		id := s.user("q" + itoa(i))
		require.Equal(t, false, s.put("/Users/"+id, `{"userName":"q`+itoa(i)+`",`+member+`}`).is(200).at("/active"))
		require.Equal(t, false, s.get("/Users/"+s.user("r"+itoa(i), member)).at("/active"))
	}
	id := s.user("odd")
	for _, odd := range []string{`"no"`, `0`, `"inactive"`, `{}`, `[]`, `null`, `""`, `"disabled"`} {
		s.patch("/Users/"+id, `{"op":"replace","path":"active","value":`+odd+`}`).refused(400, "invalidValue")
	}
}

func postAgain(t *testing.T, s *server) {
	body := `{"userName":"ana","externalId":"e","title":"Boss","emails":[{"value":"a@x.test"}]}`
	id := s.post("/Users", body).is(201).str("/id")
	group := s.group("g", id)
	s.patch("/Users/"+id, `{"op":"add","path":"nickName","value":"kept"}`).is(200)
	before := s.get("/Users/" + id).text
	for range 3 {
		s.post("/Users", body).refused(409, "uniqueness")
		s.post("/Users", `{"userName":"ANA"}`).refused(409, "uniqueness")
	}
	require.Equal(t, before, s.get("/Users/"+id).text)
	require.Equal(t, []string{id}, s.get("/Groups/"+group).members())
}

func brokenText(t *testing.T, s *server) {
	id := s.user("ana")
	for name, text := range map[string]string{
		"NUL": `a\u0000b`, "raw NUL": "a\x00b", "broken UTF-8": "a\xffb", "overlong": "\xc0\xaf", "half a surrogate": `\ud800`, "half a surrogate at the end": `x\ud83d`,
		"surrogates in the wrong order": `\udc00\ud800`, "UTF-8 of a surrogate": "\xed\xa0\x80", "control character": "a\x01b", "bare newline": "a\nb",
	} {
		for _, body := range []answer{
			s.post("/Users", `{"userName":"`+text+`"}`), s.post("/Users", `{"userName":"x","title":"`+text+`"}`), s.post("/Users", `{"userName":"x","`+text+`":"y"}`),
			s.put("/Users/"+id, `{"userName":"ana","title":"`+text+`"}`), s.patch("/Users/"+id, `{"op":"add","path":"title","value":"`+text+`"}`),
			s.post("/Groups", `{"displayName":"`+text+`"}`), s.post("/Users/.search", `{"filter":"title eq \"`+text+`\""}`), s.bulk(postOp("/Users", "a", `{"userName":"`+text+`"}`)),
		} {
			require.Equal(t, 400, body.status, "%s: %s", name, body.text)
		}
	}
	for _, raw := range []string{"%00", "%ff", "a%00b", "%ed%a0%80"} {
		s.get("/Users?filter=userName+eq+%22"+raw+"%22").refused(400, "invalidFilter")
		s.get("/Users/"+raw).refused(404, "")
		s.get("/Users?sortBy="+raw).refused(400, "invalidValue")
		s.get("/Users?attributes=" + raw).is(200)
		s.get("/Users?cursor="+raw).refused(400, "invalidCursor")
	}
	big := strings.Repeat("ä", 500_000)
	got := s.post("/Users", `{"userName":"`+big+`"}`)
	require.Equal(t, 400, got.status)
	require.Less(t, len(got.text), 4096)
	stored := s.post("/Users", `{"userName":"big","nickName":"`+big+`"}`)
	if stored.status == 201 {
		require.Equal(t, big, s.get("/Users/"+stored.str("/id")).at("/nickName"))
	} else {
		require.Equal(t, 400, stored.status)
	}
	require.Empty(t, s.log.String(), "never a 500")
}

func secrets(t *testing.T, s *server) {
	id := s.user("ana", `"password":"hunter2-Secret"`)
	for _, name := range []string{"password", "PASSWORD", domain.URNUser + ":password"} {
		s.get("/Users?sortBy="+name).refused(400, "invalidValue")
		s.get("/Users?attributes=userName,"+name).refused(400, "invalidValue")
		s.get("/Users/"+id+"?attributes="+name).refused(400, "invalidValue")
		s.get("/Users?filter="+escape(name+` sw "h"`)).refused(400, "invalidFilter")
		s.post("/.search", map[string]any{"sortBy": name}).refused(400, "invalidValue")
		s.get("/?filter="+escape(name+" pr")).refused(400, "invalidFilter")
	}
}

func sqlInjection(t *testing.T, s *server) {
	s.user("ana", `"displayName":"Ana"`)
	s.user("bo")
	for _, sql := range []string{`' OR '1'='1`, `'; DROP TABLE users; --`, `" OR ""="`, `%`, `_`, `a%' --`, `\`, `$1`, `?`, `:x`, `1); SELECT pg_sleep(9); --`, `*`, `ana'`} {
		quoted := strconv.Quote(sql)
		for _, operator := range []string{"eq", "co", "gt"} {
			for _, attribute := range []string{"userName", "displayName", "emails.value", "title", "id", "externalId", "groups.value"} {
				got := s.get("/Users?filter=" + escape(attribute+" "+operator+" "+quoted)).is(200)
				if operator != "gt" {
					require.Equal(t, 0, got.num("/totalResults"), "%s %s %s", attribute, operator, sql)
				}
			}
		}
		s.get("/Users/"+escape(sql)).refused(404, "")
		s.get("/Users?sortBy="+escape(sql)).refused(400, "invalidValue")
		s.get("/Users?sortBy="+escape("userName"+sql)).refused(400, "invalidValue")
		s.get("/Users?cursor="+escape(sql)).refused(400, "invalidCursor")
		s.get("/Users?count="+escape(sql)).refused(400, "invalidValue")
		s.get("/Users?attributes=" + escape(sql)).is(200)
		id := s.post("/Users", map[string]any{"userName": sql + "x", "title": sql, "externalId": sql}).is(201).str("/id")
		require.Equal(t, sql, s.get("/Users/"+id).at("/title"))
		s.delete("/Users/" + id).is(204)
	}
	require.Equal(t, 2, s.get("/Users").num("/totalResults"))
	require.Empty(t, s.log.String())
}

func bounds(t *testing.T, s *server) {
	deep := strings.Repeat("(", 1000) + `userName eq "a"` + strings.Repeat(")", 1000)
	nots := strings.Repeat("not (", 1000) + `userName pr` + strings.Repeat(")", 1000)
	terms := strings.Repeat(`userName pr or `, 10_000) + "userName pr"
	for name, filter := range map[string]string{"deep": deep, "nots": nots, "terms": terms, "long": `userName eq "` + strings.Repeat("a", 9000) + `"`} {
		begin := time.Now()
		s.post("/Users/.search", map[string]any{"filter": filter}).refused(400, "invalidFilter")
		s.post("/.search", map[string]any{"filter": filter}).refused(400, "invalidFilter")
		require.Less(t, time.Since(begin), 5*time.Second, name) // generous: other tests run beside this one
	}
	nested := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	lists := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	for _, endpoint := range []string{"/Users", "/Groups", "/Bulk", "/.search"} {
		s.post(endpoint, nested).refused(400, "invalidSyntax")
		s.post(endpoint, lists).refused(400, "invalidSyntax")
		s.post(endpoint, `{"x":`+nested+`}`).refused(400, "invalidSyntax")
	}
	bomb := zeros(t, 32<<20)
	big := func(n int) string { return `{"userName":"a","x":"` + strings.Repeat("y", n) + `"}` }
	for endpoint, limit := range map[string]int{"/Users": 1 << 20, "/Bulk": 1 << 20, "/.search": 1 << 20, "/Groups": 16 << 20} {
		s.post(endpoint, big(limit)).refused(413, "")
		s.post(endpoint, io.MultiReader(strings.NewReader(big(limit))), "Transfer-Encoding", "chunked").refused(413, "")
		s.post(endpoint, bomb, "Content-Encoding", "gzip").refused(413, "")
	}
	s.post("/Users", big(1<<20-100)).is(201)
	id := s.get("/Users").str("/Resources/0/id")
	s.put("/Users/"+id, big(1<<20)).refused(413, "")
	s.do("PATCH", "/Users/"+id, big(1<<20)).refused(413, "")

	// An endless body is not read to its end.
	r, err := http.NewRequest(http.MethodPost, s.url+"/Users", endless{})
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := http.DefaultClient.Do(r)
	if err == nil { // the server may have cut the connection before the client looked for the answer
		require.Equal(t, 413, resp.StatusCode)
		resp.Body.Close()
	}
	operations := strings.Repeat(`{"op":"add","path":"title","value":"x"},`, 1000) + `{"op":"add","path":"title","value":"x"}`
	s.patch("/Users/"+id, operations).refused(400, "tooMany")
	require.Empty(t, s.log.String())
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// zeros is a small gzip of n spaces.
func zeros(t *testing.T, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.CopyN(w, endless{}, int64(n))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Less(t, b.Len(), 1<<20)
	return b.Bytes()
}

func bulkBounds(t *testing.T, s *server) {
	tooMany := make([]string, 1001)
	for i := range tooMany {
		tooMany[i] = postOp("/Users", itoa(i), `{}`)
	}
	s.bulk(tooMany...).refused(413, "")
	require.Len(t, s.bulk(tooMany[:1000]...).is(200).list("/Operations"), 1000)
	s.bulk(postOp("/Users", "x", `{"userName":"a","x":"`+strings.Repeat("y", 1<<20)+`"}`)).refused(413, "")

	// A ring of groups, each in the one before; then one of them fails, and nothing is left; then everybody in everybody.
	ring := make([]string, 100)
	for i := range ring {
		ring[i] = postOp("/Groups", itoa(i), `{"displayName":"ring","members":[{"value":"bulkId:`+itoa((i+1)%len(ring))+`"}]}`)
	}
	got := s.bulk(ring...).is(200)
	for _, status := range got.statuses() {
		require.Equal(t, "201", status)
	}
	require.Equal(t, 100, s.get("/Groups?count=0").num("/totalResults"))
	require.Equal(t, []string{got.created(0)}, s.get("/Groups/"+got.created(99)).members())
	ring[50] = postOp("/Groups", "50", `{"members":[{"value":"bulkId:51"}]}`)
	for i, status := range s.bulk(ring...).is(200).statuses() {
		require.Equal(t, map[bool]string{true: "400", false: "409"}[i == 50], status)
	}
	require.Equal(t, 100, s.get("/Groups?count=0").num("/totalResults"))
	all := make([]string, 40)
	for i := range all {
		members := make([]string, len(all))
		for j := range members {
			members[j] = `{"value":"bulkId:` + itoa(j) + `"}`
		}
		all[i] = postOp("/Groups", itoa(i), `{"displayName":"all","members":[`+strings.Join(members, ",")+`]}`)
	}
	got = s.bulk(all...).is(200)
	require.Equal(t, "201", got.at("/Operations/39/status"), got.text)
	require.Len(t, s.get("/Groups/"+got.created(20)).list("/members"), 40)
}

func flood(t *testing.T, s *server) {
	limited := newServerWith(t, s.store, func(c *scim.Config) {
		c.Limiter = domain.NewLimiter(s.store, domain.Environment{Now: time.Now, NewID: uuid.NewV7}, 5)
	})
	quiet := limited.stranger()
	refused := 0
	for range 60 {
		got := limited.get("/Users?count=0")
		if got.status == 429 {
			refused++
			got.refused(429, "")
			after, err := strconv.Atoi(got.header.Get("Retry-After"))
			require.NoError(t, err)
			require.GreaterOrEqual(t, after, 1)
		} else {
			got.is(200)
		}
	}
	require.Positive(t, refused)
	quiet.get("/Users").is(200)
	require.Contains(t, limited.ledger.all(domain.TallyRefused), "GET /Users 429 rate_limited")
	require.Empty(t, quiet.refusedOf(quiet.tenant))
}

func nothingInLogs(t *testing.T, s *server) {
	const value = "Needle-4711"
	id := s.user("ana", `"password":"`+value+`"`)
	s.get("/Users?filter="+escape(`userName eq "`+value)).refused(400, "invalidFilter")
	s.get("/Users?filter="+escape(value+` eq "`+value+`"`)).refused(400, "invalidFilter")
	s.patch("/Users/"+id, `{"op":"add","path":"emails[value eq \"`+value+`\" and].type","value":"x"}`).is(400)
	s.patch("/Users/"+id, `{"op":"remove","path":"emails[value eq \"`+value+`\"]"}`).refused(400, "noTarget")
	s.post("/Users", `{"`+value+`":`).refused(400, "invalidSyntax")
	s.post("/Users", `{"`+value+`":1,"`+value+`":2}`).refused(400, "invalidSyntax")
	s.get("/Users", "Authorization", "", "Authorization", "Bearer usher_scim_"+value).refused(401, "")
	require.NotContains(t, s.log.String(), value)
	require.NotContains(t, s.log.String(), s.token)
	for _, e := range s.ledger.entries {
		require.NotContains(t, e.What+e.Detail, value)
		require.NotContains(t, e.What+e.Detail, s.token)
		require.Equal(t, requestID, e.RequestID)
	}
	require.Contains(t, s.ledger.all(domain.TallyRefused), "GET /Users 400 invalid_filter")
}
