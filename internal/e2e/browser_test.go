package e2e_test

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// browser is a Chromium. Everybody has a window of their own in it, that shares nothing with the others.
type browser struct {
	ctx  context.Context //nolint:containedctx // what chromedp calls a browser
	axe  string          // its source
	shot string          // the folder that pictures go to; empty: none are taken

	mu    sync.Mutex
	taken map[string]bool // pages that were looked at
}

func openBrowser(t *testing.T, pin string) *browser {
	t.Helper()
	b := &browser{axe: axeSource(t), shot: os.Getenv("USHER_TEST_SCREENSHOTS"), taken: map[string]bool{}}
	options := []chromedp.ExecAllocatorOption{
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("ignore-certificate-errors-spki-list", pin), chromedp.Flag("lang", "en"),
		chromedp.Flag("force-color-profile", "srgb"),
	}
	for _, off := range []string{"quic", "background-networking", "component-update", "sync", "dev-shm-usage", "extensions"} {
		options = append(options, chromedp.Flag("disable-"+off, true))
	}
	allocated, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(stop)
	var quit context.CancelFunc
	b.ctx, quit = chromedp.NewContext(allocated)
	t.Cleanup(quit)
	require.NoError(t, chromedp.Do(b.ctx), "Chromium does not start (Debian: apt install chromium)")
	return b
}

// pinOf is the hash of a public key that Chromium is told to trust.
func pinOf(t *testing.T, public crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	sum := sha256.Sum256(der)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// axeSource is axe-core, which the set-up of the tests fetches.
func axeSource(t *testing.T) string {
	t.Helper()
	file := os.Getenv("USHER_TEST_AXE")
	if file == "" {
		file = filepath.Join("node_modules", "axe-core", "axe.min.js")
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err, "axe-core is missing: run npm ci in internal/e2e")
	return string(text)
}

// window is one of somebody's own.
type window struct {
	*testing.T

	*browser
	ctx context.Context //nolint:containedctx // what chromedp calls a window
}

// open opens a window without cookies; without script, one of somebody who allows none.
func (b *browser) open(t *testing.T, script bool) *window {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	w := &window{T: t, browser: b, ctx: ctx}
	require.NoError(t, chromedp.Do(ctx)) // what runs first lives as long as its context
	w.as(looks[0])
	call(w, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !script})
	return w
}

// beside opens another tab of the same person.
func (w *window) beside() *window {
	w.Helper()
	ctx, cancel := chromedp.NewContext(w.ctx)
	w.Cleanup(cancel)
	tab := &window{T: w.T, browser: w.browser, ctx: ctx}
	require.NoError(w, chromedp.Do(ctx))
	tab.as(looks[0])
	return tab
}

// patient is a context with the test's patience.
func (w *window) patient() (context.Context, context.CancelFunc) {
	return context.WithTimeout(w.ctx, patience)
}

// call sends a command to the window.
func call[P, R any](w *window, command cdp.Command[P, R], parameters P) R {
	w.Helper()
	ctx, cancel := w.patient()
	defer cancel()
	answer, err := chromedp.Call(ctx, command, parameters)
	w.fine(err)
	return answer
}

// run does something in the window that gives a value. Where the page was replaced after the place was found, as by a
// redirect, and before anything was done there, it is looked for again.
func run[V any](w *window, action chromedp.Action[V]) V {
	w.Helper()
	ctx, cancel := w.patient()
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	for err != nil && strings.Contains(err.Error(), "No node with given id found") && ctx.Err() == nil {
		value, err = chromedp.Run(ctx, action)
	}
	w.fine(err)
	return value
}

// fine ends the test where something went wrong, and tells where the window was.
func (w *window) fine(err error) {
	w.Helper()
	if err == nil {
		return
	}
	ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
	defer cancel()
	where, _ := chromedp.Run(ctx, chromedp.Location())
	text, _ := chromedp.Run(ctx, chromedp.TextContent(chromedp.CSS("body")))
	require.FailNow(w, err.Error(), "at %s:\n%s", where, strings.Join(strings.Fields(text), " "))
}

// visit goes to an address, and gives the status of the answer.
func (w *window) visit(address string) int64 {
	w.Helper()
	return w.follow(chromedp.Navigate(address))
}

// reload asks for the same page again.
func (w *window) reload() {
	w.Helper()
	w.follow(chromedp.Reload())
}

// press clicks on the button or link with a text, or with a label, and waits for the page that follows.
func (w *window) press(text string) {
	w.Helper()
	w.follow(chromedp.Click(chromedp.Search(
		`//*[self::a or self::button][contains(normalize-space(.), "`+text+`") or contains(@aria-label, "`+text+`")]`), chromedp.NodeVisible))
}

// submit sends the form of the page, and waits for the page that follows.
func (w *window) submit() {
	w.Helper()
	w.send("main form")
}

// send sends one of its forms.
func (w *window) send(form string) {
	w.Helper()
	w.follow(chromedp.Click(chromedp.CSS(form+" button"), chromedp.NodeVisible))
}

// follow does something that leads to another page, waits until that is there, and gives the status of its answer.
func (w *window) follow(action chromedp.Action[chromedp.Void]) int64 {
	w.Helper()
	ctx, cancel := w.patient()
	defer cancel()
	answer, err := chromedp.RunResponse(ctx, action)
	w.fine(err)
	return answer.Status
}

// fill writes into fields, by their names, in place of what stands there.
func (w *window) fill(pairs ...string) {
	w.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		field := chromedp.CSS(`[name="` + pairs[i] + `"]:not([type=hidden])`)
		run(w, chromedp.Evaluate[bool](`document.querySelectorAll('`+string(field)+`').forEach(f => f.value = ""), true`))
		run(w, chromedp.SendKeys(field, pairs[i+1]))
	}
}

// sees waits until texts stand on the page.
func (w *window) sees(texts ...string) {
	w.Helper()
	for _, text := range texts {
		run(w, chromedp.WaitReady(chromedp.Search(`//body[contains(normalize-space(.), "`+text+`")]`)))
	}
}

// text is what stands at a place of the page.
func (w *window) text(selector string) string {
	w.Helper()
	return strings.TrimSpace(run(w, chromedp.TextContent(chromedp.CSS(selector))))
}

// at is where the window is.
func (w *window) at() string {
	w.Helper()
	return run(w, chromedp.Location())
}

// replica chooses which of the two answers from now on.
func (w *window) replica(public, which string) {
	w.Helper()
	call(w, network.SetCookie, network.SetCookieParams{Name: "replica", Value: which, URL: public})
}

// sight is how somebody looks at pages.
type sight struct {
	name, scheme  string
	width, height int64
	phone         bool
}

var looks = []sight{
	{"light", "light", 1024, 768, false},
	{"dark", "dark", 1024, 768, false},
	{"phone", "light", 390, 844, true},
}

// as makes the window one of somebody who looks so, and likes nothing that moves.
func (w *window) as(s sight) {
	w.Helper()
	call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: s.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	call(w, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: s.width, Height: s.height, DeviceScaleFactor: 1, Mobile: s.phone,
	})
}

// look looks at the page in light, in dark and on a phone. A page that was looked at once is not looked at again.
func (w *window) look(name string) {
	w.Helper()
	w.mu.Lock()
	known := w.taken[name]
	w.taken[name] = true
	w.mu.Unlock()
	if known {
		return
	}
	for _, s := range looks {
		w.as(s)
		w.judge(name + ", " + s.name)
		w.picture(name + "-" + s.name)
	}
	w.as(looks[0])
}

// judge lets axe-core find what some people cannot use: nothing serious, nothing critical. And nothing is wider than the
// window.
func (w *window) judge(what string) {
	w.Helper()
	found := run(w, chromedp.Evaluate[string](w.axe+`;axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify({
		wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
		bad: r.violations.filter(v => v.impact === "serious" || v.impact === "critical").map(v => v.id + ": " + v.help + " " + v.nodes.map(n => n.html).join(" ")),
	}))`, chromedp.EvalAwaitPromise))
	var judged struct {
		Wide int      `json:"wide"`
		Bad  []string `json:"bad"`
	}
	require.NoError(w, json.Unmarshal([]byte(found), &judged))
	require.Empty(w, judged.Bad, "axe-core on %s", what)
	require.LessOrEqual(w, judged.Wide, 0, "%s is wider than the window", what) // less: room is kept for a scroll bar
}

// picture takes a picture of the whole page, where pictures are wanted.
func (w *window) picture(name string) {
	w.Helper()
	if w.shot == "" {
		return
	}
	png := run(w, chromedp.FullScreenshot(100))
	require.NoError(w, os.MkdirAll(w.shot, 0o755))
	require.NoError(w, os.WriteFile(filepath.Join(w.shot, name+".png"), png, 0o644))
}

// containsAll reports whether a text contains all of some.
func containsAll(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
