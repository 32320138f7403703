package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

//go:embed assets
var assets embed.FS

// AssetPrefix is the path below which assets are. Behind it comes a hash of all of them: what is under one address never
// changes, so that browsers may keep it.
const AssetPrefix = "/assets/"

// assetHash is the hash in the addresses of assets, made once: they are compiled in.
var assetHash = sync.OnceValue(func() string {
	sum := sha256.New()
	_ = fs.WalkDir(assets, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := assets.ReadFile(name)
		_, _ = fmt.Fprintf(sum, "%s %d ", name, len(text))
		_, _ = sum.Write(text)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)[:8])
})

// AssetPath is where an asset is.
func AssetPath(name string) string { return AssetPrefix + assetHash() + "/" + name }

// ServeAsset answers a request for an asset; it reports false where there is none at the path.
func ServeAsset(w http.ResponseWriter, r *http.Request) bool {
	name, ok := strings.CutPrefix(r.URL.Path, AssetPrefix+assetHash()+"/")
	if !ok || !fs.ValidPath(name) {
		return false
	}
	text, err := assets.ReadFile("assets/" + name)
	if err != nil {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-site") // of an application beside it, see Shield.From
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
	return true
}

// icon is a drawing of assets/icons, as part of the page.
func icon(name string) (template.HTML, error) {
	text, err := assets.ReadFile("assets/icons/" + name + ".svg")
	if err != nil {
		return "", fmt.Errorf("there is no icon %s", name)
	}
	return template.HTML(text), nil //nolint:gosec // compiled in
}
