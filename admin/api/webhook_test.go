package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// The life of a webhook over HTTP. Its secret is shown when it is made, and nowhere else: not in an answer, an event, or
// the database.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		made := s.post("/webhooks", `{"url":"https://app.acme.test/hook?a=b","types":["user.updated","user.created","user.created"],"description":"App"}`)
		require.Equal(s, http.StatusCreated, made.status, made.body)
		s.answered(made, http.StatusCreated)
		id, secret := made.text(s, "id"), made.text(s, "secret")
		require.True(s, strings.HasPrefix(secret, "whsec_"))
		require.Len(s, secret, len("whsec_")+44)
		path := "/webhooks/" + id
		require.Equal(s, Prefix+path, made.header.Get("Location"))
		got := s.get(path)
		s.answered(got, http.StatusOK)
		require.NotContains(s, got.body, "secret\"")
		require.Equal(s, []any{"user.created", "user.updated"}, got.object(s)["types"])
		require.Equal(s, []string{id}, s.get("/webhooks").values(s, "id"))

		rotated := s.post(path+"/rotate", `{"overlap_hours":1}`, "If-Match", got.header.Get("ETag"))
		require.Equal(s, http.StatusOK, rotated.status, rotated.body)
		second := rotated.text(s, "secret")
		require.NotEqual(s, secret, second)
		require.NotNil(s, s.get(path).object(s)["former_secret_until"])
		refused(s, s.patch(path, `{"description":"x"}`, "If-Match", got.header.Get("ETag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		s.clock.Move(time.Hour)
		require.Nil(s, s.get(path).object(s)["former_secret_until"])

		edited := s.patch(path, `{"url":"https://b.acme.test/","types":[],"disabled":true}`)
		require.Equal(s, http.StatusOK, edited.status, edited.body)
		require.Equal(s, "administrator", edited.text(s, "disabled_reason"))
		require.Equal(s, []any{}, edited.object(s)["types"])
		require.Equal(s, edited.body, s.patch(path, `{"disabled":true}`).body, "what is so already changes nothing")
		refused(s, s.post(path+"/test", ""), http.StatusConflict, domain.CodeWebhookDisabled, "")
		refused(s, s.post(path+"/replay", `{"from_event_id":"01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"}`), http.StatusConflict, domain.CodeWebhookDisabled, "")
		require.Nil(s, s.patch(path, `{"disabled":false}`).object(s)["disabled_at"])
		refused(s, s.post(path+"/replay", `{"from_event_id":"01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "from_event_id")
		test := s.post(path+"/test", "")
		s.answered(test, http.StatusAccepted)

		deliveries := s.queue(id, 3)
		page := s.get(path + "/deliveries?limit=2")
		s.answered(page, http.StatusOK)
		require.Equal(s, []string{deliveries[2], deliveries[1]}, page.values(s, "event_id"))
		require.Equal(s, deliveries[:1], s.get(cursorIn(s, page)).values(s, "event_id"))
		require.Empty(s, s.get(path+"/deliveries?state=failed").items(s))

		require.Equal(s, http.StatusNoContent, s.remove(path).status)
		refused(s, s.get(path), http.StatusNotFound, domain.CodeNotFound, "")
		require.Equal(s, map[domain.EventType]int{
			domain.WebhookCreated: 1, domain.WebhookRotated: 1, domain.WebhookUpdated: 1, domain.WebhookDisabled: 1, domain.WebhookEnabled: 1,
			domain.WebhookTested: 1, domain.WebhookDeleted: 1,
		}, s.webhookEvents())
		s.nowhere(secret, second)
	})
}

// queue puts deliveries of a webhook into the store, each of another event, and gives the events' ids.
func (s *scene) queue(webhook string, n int) []string {
	s.Helper()
	id, _ := domain.ParseID[domain.Webhook](webhook)
	var ids []string
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
		ids = nil
		for i := range n {
			event, err := s.clock.Environment().NewID()
			require.NoError(s, err)
			ids = append(ids, event.String())
			d := domain.Delivery{
				Organisation: s.tenant.Organisation.ID, Webhook: id, Event: domain.EventID{UUID: event}, Type: domain.UserCreated, Subject: event,
				Position: domain.EventPosition{Commit: int64(i + 1), ID: domain.EventID{UUID: event}}, CreatedAt: s.clock.Now(),
			}
			if err := tx.Deliveries().Queue([]domain.Delivery{d}, false, s.clock.Now()); err != nil {
				return err
			}
		}
		return nil
	}))
	return ids
}

func (s *scene) webhookEvents() map[domain.EventType]int {
	s.Helper()
	counts := s.events()
	for of := range counts {
		if !strings.HasPrefix(string(of), "webhook.") {
			delete(counts, of)
		}
	}
	return counts
}

// nowhere requires that no column of the database holds a text.
func (s *scene) nowhere(texts ...string) {
	s.Helper()
	db := storetest.Raw(s, s.store)
	for _, table := range storetest.TenantTables(s, db) {
		rows, err := db.Query("SELECT * FROM " + table)
		require.NoError(s, err)
		columns, err := rows.Columns()
		require.NoError(s, err)
		for rows.Next() {
			values, dest := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				dest[i] = &values[i]
			}
			require.NoError(s, rows.Scan(dest...))
			for i, v := range values {
				text, ok := v.(string)
				if raw, isRaw := v.([]byte); isRaw {
					text, ok = string(raw), true
				}
				for _, secret := range texts {
					require.False(s, ok && strings.Contains(text, strings.TrimPrefix(secret, "whsec_")), "%s.%s", table, columns[i])
				}
			}
		}
		require.NoError(s, rows.Err())
		require.NoError(s, rows.Close())
	}
}

func TestWebhooksAreRefused(t *testing.T) {
	t.Parallel()
	s := newScene(t, storetest.SQLite(t), nil)
	for url, want := range map[string]string{
		"http://app.acme.test/": "https", "https://localhost/": "public network", "https://10.0.0.1/": "public network", "https://[::1]/": "public network",
		"https://169.254.169.254/latest": "public network", "https://user:secret@app.acme.test/": "user name", "https:///x": "address", "ftp://app.acme.test": "address",
		"app.acme.test": "address", "https://app.acme.test/#x": "address",
	} {
		p := refused(s, s.post("/webhooks", `{"url":"`+url+`"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "url")
		require.Contains(s, p["detail"], want, url)
	}
	refused(s, s.post("/webhooks", `{"url":"https://app.acme.test","types":["no.such"]}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "types")
	require.Empty(s, s.webhookEvents())

	theirs := s.stranger()
	key := s.keyOf(theirs.Organisation.Slug, s.needed()...)
	id := s.as(key, http.MethodPost, "/webhooks", `{"url":"https://beta.test"}`).text(t, "id")
	never := theirs.Connection.ID.String()
	for _, request := range []struct{ method, path, body string }{
		{http.MethodGet, "", ""}, {http.MethodPatch, "", `{"description":"x"}`}, {http.MethodDelete, "", ""}, {http.MethodPost, "/rotate", ""},
		{http.MethodPost, "/test", ""}, {http.MethodPost, "/replay", `{"from_event_id":"01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"}`}, {http.MethodGet, "/deliveries", ""},
	} {
		g := s.as(s.all, request.method, "/webhooks/"+id+request.path, request.body)
		refused(s, g, http.StatusNotFound, domain.CodeNotFound, "")
		require.Equal(s, s.as(s.all, request.method, "/webhooks/"+never+request.path, request.body).body, g.body, "as an id that never existed")
	}
}
