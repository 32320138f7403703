package web

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

//go:embed texts
var texts embed.FS

// Language is one that pages speak, by its ISO 639-1 code.
type Language string

// The languages.
const (
	English Language = "en"
	Spanish Language = "es"

	// Fallback is spoken to whom nothing else is known of.
	Fallback = English
)

// Languages are all that there are, in the order in which they are offered.
func Languages() []Language { return []Language{English, Spanish} }

// Choose is the language for what somebody prefers: the first preference that names one there is. A preference is a tag
// (es-MX) or a list with weights, as Accept-Language has it (RFC 9110 section 12.5.4).
func Choose(preferences ...string) Language {
	tags := make([]language.Tag, 0, len(Languages()))
	for _, l := range Languages() {
		tags = append(tags, language.MustParse(string(l)))
	}
	matcher := language.NewMatcher(tags)
	for _, preference := range preferences {
		const longest = 500 // bytes; nobody prefers so much
		if preference == "" || len(preference) > longest {
			continue
		}
		wanted, _, err := language.ParseAcceptLanguage(strings.ReplaceAll(preference, "_", "-"))
		if err != nil {
			continue
		}
		if _, at, confidence := matcher.Match(wanted...); confidence > language.No {
			return Languages()[at]
		}
	}
	return Fallback
}

// Catalogue is the texts of one language.
type Catalogue struct {
	language Language
	texts    map[string]string
}

// pluralMark is between a key and the number it is for: devices#one.
const pluralMark = "#"

// Load reads the texts of all languages. In a file every line is KEY: TEXT, where {name} in a text is a place for a value;
// lines that begin with # are comments.
func Load() (map[Language]Catalogue, error) {
	all := map[Language]Catalogue{}
	for _, l := range Languages() {
		c := Catalogue{language: l, texts: map[string]string{}}
		folder := path.Join("texts", string(l))
		files, err := fs.ReadDir(texts, folder)
		if err != nil {
			return nil, fmt.Errorf("web: list the texts: %w", err)
		}
		for _, file := range files {
			text, err := fs.ReadFile(texts, path.Join(folder, file.Name()))
			if err == nil {
				err = c.read(string(text))
			}
			if err != nil {
				return nil, fmt.Errorf("web: read %s/%s: %w", folder, file.Name(), err)
			}
		}
		all[l] = c
	}
	return all, nil
}

func (c Catalogue) read(file string) error {
	number := 0
	for line := range strings.Lines(file) {
		number++
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, text, ok := strings.Cut(line, ": ")
		if !ok {
			return fmt.Errorf("line %d: use KEY: TEXT", number)
		}
		if _, twice := c.texts[key]; twice {
			return fmt.Errorf("line %d: there is another text %s", number, key)
		}
		c.texts[key] = strings.TrimSpace(text)
	}
	return nil
}

// Language is the one the texts are in.
func (c Catalogue) Language() Language { return c.language }

// Has reports whether there is a text.
func (c Catalogue) Has(key string) bool {
	_, ok := c.texts[key]
	return ok
}

// Keys of all texts, sorted.
func (c Catalogue) Keys() []string { return slices.Sorted(maps.Keys(c.texts)) }

// Text is a text with its places filled, from pairs of name and value. Of a key that there is none of, it is the key: a
// test sees to it that pages ask for none.
func (c Catalogue) Text(key string, pairs ...any) string {
	text, ok := c.texts[key]
	if !ok {
		return key
	}
	if len(pairs) == 0 {
		return text
	}
	places := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		places = append(places, "{"+fmt.Sprint(pairs[i])+"}", fmt.Sprint(pairs[i+1]))
	}
	return strings.NewReplacer(places...).Replace(text)
}

// Number is the text for a number of things, in which {n} is the number. English and Spanish tell one from all others.
func (c Catalogue) Number(key string, n int, pairs ...any) string {
	form := "other"
	if n == 1 {
		form = "one"
	}
	return c.Text(key+pluralMark+form, append([]any{"n", n}, pairs...)...)
}
