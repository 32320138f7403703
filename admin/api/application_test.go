package api

import (
	"bytes"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

func TestApplications(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		made := s.post("/applications", `{"name":"CRM","origins":["https://CRM.acme.test:443","https://crm.acme.test:8443","https://crm.acme.test"],"modules":["users","audit"]}`)
		require.Equal(s, http.StatusCreated, made.status, made.body)
		require.Equal(s, `W/"1"`, made.header.Get("ETag"))
		path := "/applications/" + made.text(s, "id")
		require.Equal(s, Prefix+path, made.header.Get("Location"))
		shown := made.object(s)
		require.Equal(s, []any{"https://crm.acme.test", "https://crm.acme.test:8443"}, shown["origins"], "in order, each once, as browsers spell them")
		require.Equal(s, []any{"https://crm.acme.test", "EdDSA", []any{"audit", "users"}}, []any{shown["audience"], shown["algorithm"], shown["modules"]})
		require.Equal(s, made.body, s.get(path).body)

		refused(s, s.post("/applications", `{"name":"crm","origins":["https://x.test"]}`), http.StatusConflict, domain.CodeNameTaken, "name")
		refused(s, s.post("/applications", `{"name":"B","origins":["https://x.test"],"audience":"https://crm.acme.test"}`), http.StatusConflict, domain.CodeNameTaken, "audience")
		refused(s, s.post("/applications", `{"name":"B","audience":"b","origins":["https://crm.acme.test:8443"]}`), http.StatusConflict, domain.CodeNameTaken, "origins")
		for _, origin := range []string{
			"http://crm.acme.test", "https://crm.acme.test/", "https://*.acme.test", "https://user@crm.acme.test", "crm.acme.test", "https://crm.acme.test?x", "https://crm.acme.test#",
			"https://crm.acme.test:0", "https://crm.acme.test:", "https://crm.acme.test:70000", "https://127.1", "https://crm.äcme.test", "https://-x.test", "ftp://crm.acme.test", "https://", "null",
			"https://crm..test", "https://crm.acme.test.", "https://" + strings.Repeat("a", 64) + ".test",
		} {
			refused(s, s.post("/applications", `{"name":"B","origins":["`+origin+`"]}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "origins")
		}
		for _, origin := range []string{"http://localhost:3000", "http://127.0.0.1", "https://[::1]:8443", "https://xn--cme-qla.test", "http://app.localhost"} {
			require.Equal(s, http.StatusCreated, s.post("/applications", `{"name":"`+origin+`","origins":["`+origin+`"]}`).status, origin)
		}
		refused(s, s.post("/applications", `{"name":"B","origins":["https://b.test"],"modules":["nothing"]}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "modules")
		refused(s, s.post("/applications", `{"name":"B","origins":["https://b.test"],"audience":"a b"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "audience")
		require.Equal(s, []string{"CRM", "http://127.0.0.1", "http://app.localhost", "http://localhost:3000", "https://[::1]:8443", "https://xn--cme-qla.test"}, s.get("/applications").values(s, "name"))

		refused(s, s.patch(path, `{"algorithm":"ES256"}`, "If-Match", `W/"7"`), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		edited := s.patch(path, `{"algorithm":"ES256","modules":[]}`, "If-Match", `W/"1"`)
		require.Equal(s, http.StatusOK, edited.status, edited.body)
		require.Equal(s, []any{"ES256", []any{}, "CRM"}, []any{edited.object(s)["algorithm"], edited.object(s)["modules"], edited.object(s)["name"]})
		require.Equal(s, `W/"2"`, s.patch(path, `{"name":"CRM"}`).header.Get("ETag"), "what is so already changes nothing")
		require.Equal(s, http.StatusNoContent, s.remove(path).status)
		refused(s, s.get(path), http.StatusNotFound, domain.CodeNotFound, "")
		require.Equal(s, map[domain.EventType]int{domain.ApplicationCreated: 6, domain.ApplicationUpdated: 1, domain.ApplicationDeleted: 1}, only(s.events(), "application."))
	})
}

// only are the events whose type begins so.
func only(all map[domain.EventType]int, prefix string) map[domain.EventType]int {
	some := map[domain.EventType]int{}
	for of, n := range all {
		if strings.HasPrefix(string(of), prefix) {
			some[of] = n
		}
	}
	return some
}

// picture is one of a form, so wide and high.
func picture(t testing.TB, form string, side int) string {
	t.Helper()
	var b bytes.Buffer
	m := image.NewGray(image.Rect(0, 0, side, side))
	switch form {
	case "png":
		require.NoError(t, png.Encode(&b, m))
	case "jpeg":
		require.NoError(t, jpeg.Encode(&b, m, nil))
	case "gif":
		require.NoError(t, gif.Encode(&b, m, nil))
	}
	return b.String()
}

// webP is a picture of one pixel, without loss (https://developers.google.com/speed/webp/docs/webp_lossless_bitstream_specification).
const webP = "RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"

func TestAppearance(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		require.JSONEq(s, `{"accent":null,"language":null,"logo":null}`, s.get("/appearance").body)
		changed := s.patch("/appearance", `{"accent":"#0A6CFF","language":"es"}`, "If-Match", `W/"0"`)
		require.JSONEq(s, `{"accent":"#0a6cff","language":"es","logo":null}`, changed.body)
		require.Equal(s, `W/"1"`, changed.header.Get("ETag"))
		for field, bad := range map[string]string{"accent": "red", "language": "fr"} {
			refused(s, s.patch("/appearance", `{"`+field+`":"`+bad+`"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, field)
		}
		refused(s, s.patch("/appearance", `{"accent":""}`, "If-Match", `W/"9"`), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		require.JSONEq(s, `{"accent":null,"language":"es","logo":null}`, s.patch("/appearance", `{"accent":""}`).body)

		logos := map[string]bool{}
		for name, content := range map[string]string{"png": picture(s, "png", 8), "jpeg": picture(s, "jpeg", 8), "webp": webP} {
			set := s.put("/appearance/logo", content, "Content-Type", "text/html")
			require.Equal(s, http.StatusOK, set.status, "%s: %s", name, set.body)
			logo := set.text(s, "logo")
			require.True(s, strings.HasPrefix(logo, "/brand/"+s.slug()+"/logo?v="), logo)
			logos[logo] = true
		}
		require.Len(s, logos, 3, "another picture has another address")
		for name, content := range map[string]string{
			"svg": `<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`, "page": "<html>", "half": picture(s, "png", 64)[:90], "gif": picture(s, "gif", 8),
			"wide": picture(s, "png", 2049), "broken webp": webP[:30], "only a head": "\x89PNG\r\n\x1a\n",
		} {
			refused(s, s.put("/appearance/logo", content, "Content-Type", "image/png"), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "logo")
			require.NotEmpty(s, s.get("/appearance").text(s, "logo"), "%s: the one before stays", name)
		}
		refused(s, s.put("/appearance/logo", strings.Repeat("x", domain.MaxLogo+1)), http.StatusRequestEntityTooLarge, domain.CodeTooLarge, "logo")
		require.Equal(s, http.StatusBadRequest, s.put("/appearance/logo", "").status)
		require.Equal(s, http.StatusNoContent, s.remove("/appearance/logo").status)
		require.Empty(s, s.get("/appearance").text(s, "logo"))
		require.Equal(s, map[domain.EventType]int{domain.AppearanceChanged: 6}, only(s.events(), "appearance."))
	})
}
