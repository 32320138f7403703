package main

import (
	"net"
	"net/http"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/delivery/mail"
	"usher/domain"
	"usher/persistence/storetest"
)

// Without a mail server serve says so and letters stay queued; with one they go out, those that waited as well, each once and
// in the language of whom they are for.
func TestLettersWaitForAMailServer(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, databaseURL string) {
		var log logbook
		c := appConfig(databaseURL, &log)
		c.MetricsListen = "127.0.0.1:0"
		silent := NewApp(c)
		require.NoError(t, silent.Start(t.Context()))
		require.Contains(t, log.String(), "there is no mail server (--smtp-url): letters stay queued until there is one")
		made, err := silent.Installation.CreateOrganisation(t.Context(), domain.OrganisationSpec{Slug: "acme", Name: "Acme"})
		require.NoError(t, err)
		who := domain.Administrator{Organisation: made.Organisation.ID, Actor: domain.Actor{Kind: "user", ID: uuid.New()}, Owner: true}
		roles, err := silent.Administration.Roles(t.Context(), who)
		require.NoError(t, err)
		for address, language := range map[string]string{"ana@acme.test": "es", "ben@acme.test": "fr"} {
			_, err := silent.Administration.Add(t.Context(), who, domain.NewPerson{
				FullName: "Somebody", Email: address, Role: roles[0].ID, Fields: domain.FieldChange{Language: &language},
			})
			require.NoError(t, err)
		}
		queued := func(app *App) int {
			backlog, err := app.outbox.Backlog(t.Context())
			if err != nil {
				return -1
			}
			return backlog.Letters
		}
		require.Eventually(t, func() bool { return queued(silent) == 2 }, time.Minute, 10*time.Millisecond)
		_, err = silent.countBacklog(t.Context())
		require.NoError(t, err)
		require.Contains(t, do(t, http.MethodGet, silent.MetricsURL(), "", "").body, "usher_letters_queued 2")
		require.NoError(t, silent.Stop(t.Context()))

		b := &inbox{}
		place, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		address := place.Addr().String()
		require.NoError(t, place.Close())
		b.serve(t, address)
		before := len(log.String())
		c = appConfig(databaseURL, &log)
		c.Mail = mail.Config{URL: "smtp+plain://" + address, From: "Usher <usher@acme.test>", Now: time.Now}
		app := startApp(t, c)
		require.Eventually(t, func() bool { return queued(app) == 0 }, time.Minute, 10*time.Millisecond)
		require.NotContains(t, log.String()[before:], "there is no mail server")
		sent := map[string]string{}
		for _, text := range b.texts() {
			m, err := netmail.ReadMessage(strings.NewReader(text))
			require.NoError(t, err)
			to, err := m.Header.AddressList("To")
			require.NoError(t, err)
			require.Empty(t, sent[to[0].Address], "each once")
			sent[to[0].Address] = m.Header.Get("Content-Language")
		}
		require.Equal(t, map[string]string{"ana@acme.test": "es", "ben@acme.test": "en"}, sent)
	})
}
