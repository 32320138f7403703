package scim_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
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
	expired.token = tokenUntil(t, s.store, s.tenant.Organisation.ID, expired.tenant.Connection.ID, time.Now().Add(-time.Minute))
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
