package scim_test

import (
	"context"
	"crypto/rand"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

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
	store, ok := s.store.(*persistence.Store)
	require.True(t, ok)
	db := storetest.Raw(t, store)
	rows := func() map[string][]string { return storetest.TenantRows(t, db, s.tenant.Organisation.ID) }
	grown := func(fn func()) map[string]int {
		before, more := rows(), map[string]int{}
		fn()
		for table, is := range rows() {
			more[table] = len(is) - len(before[table])
		}
		delete(more, "resource_counts") // counters come with the first person whom they count
		return more
	}
	var plain, sent string
	honest := grown(func() { plain = s.user("plain") })
	require.Equal(t, 1, honest["users"])
	require.Equal(t, honest, grown(func() { sent = s.user("forged", forged) }), "no row anywhere that the other one has not")
	require.Equal(t, row(plain), row(sent))
	require.Equal(t, keys(s.get("/Users/"+plain).doc), keys(s.get("/Users/"+sent).doc))
	group := s.group("g")
	before := rows()
	require.Equal(t, `W/"1"`, s.put("/Users/"+sent, `{"userName":"forged",`+forged+`}`).is(200).at("/meta/version"), "nothing changed")
	s.patch("/Users/"+sent, `{"op":"add","value":{`+strings.Replace(forged, `"id":`, `"identifier":`, 1)+`}}`).is(200)
	s.put("/Groups/"+group, `{"displayName":"g","id":"x","organisation":"x","meta":{"version":"x"}}`).is(200)
	require.Equal(t, before, rows(), "the same rows in all tables")
	require.Equal(t, `W/"1"`, s.get("/Groups/"+group).at("/meta/version"))
}

func patchPaths(t *testing.T, s *server) {
	id := s.user("ana")
	before := s.get("/Users/" + id).text
	for _, path := range []string{
		"owner", "organisation", "organisation_id", "status", "passwordHash", "seat", "licence", "__proto__", "constructor.prototype", "document",
		"emails.secret", enterprise + ":owner", "urn:nobody:knows", "urn:nobody:knows:User:x", "name.owner", "emails[owner eq true].value", "/userName", "$.userName", "..",
		`emails[type eq \"work\"].secret`, `emails[type eq \"work\"].owner`,
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
		"window": s.patch("/Users/"+id, `{"op":"add","path":"`+usher+`:accessWindow.validUntil","value":"2999-01-01"}`),
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
	require.Equal(t, 6, protected, "an event tells each time")
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
