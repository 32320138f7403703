package signin

import (
	"net/http"
	"strconv"
)

// showLogo answers with the picture of an organisation. It was read to the end when it was taken; all the same a browser that
// opens it as a page runs nothing of it.
func showLogo(v *visit) error {
	logo, err := v.Entrance.Logo(v.r.Context(), v.r.PathValue("slug"))
	if err != nil {
		return err
	}
	h := v.w.Header()
	tag := `"` + string(logo.Tag) + `"`
	h.Set("ETag", tag)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-site")
	h.Set("Cache-Control", "public, max-age=300")
	if v.r.URL.Query().Get("v") == string(logo.Tag) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if v.r.Header.Get("If-None-Match") == tag {
		v.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", logo.Type)
	h.Set("Content-Length", strconv.Itoa(len(logo.Content)))
	_, _ = v.w.Write(logo.Content)
	return nil
}
