package signin

import (
	"cmp"
	"strings"
)

// browser is the browser and system of somebody in the language of the page; empty where neither is known.
func (v *visit) browser(agent string) string {
	name, system, _ := browserOf(agent)
	if name != "" && system != "" {
		return v.text("account.browser-on", "browser", name, "system", system)
	}
	return cmp.Or(name, system)
}

// browserOf tells the name of a browser and of its system from what it calls itself, for people to know theirs again; empty
// where it is none of the usual ones.
func browserOf(agent string) (browser, system string, handheld bool) {
	for _, known := range []struct{ mark, name string }{ // who pretends to be another comes before that one
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"Chrome/", "Chrome"}, {"CriOS/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
	} {
		if strings.Contains(agent, known.mark) {
			browser = known.name
			break
		}
	}
	for _, known := range []struct {
		mark, name string
		handheld   bool
	}{
		{"iPhone", "iPhone", true}, {"iPad", "iPad", true}, {"Android", "Android", true}, {"Windows", "Windows", false}, {"CrOS", "ChromeOS", false},
		{"Macintosh", "macOS", false}, {"Linux", "Linux", false},
	} {
		if strings.Contains(agent, known.mark) {
			return browser, known.name, known.handheld
		}
	}
	return browser, "", false
}
