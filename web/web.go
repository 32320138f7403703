// Package web owns how pages look and speak: the layout and its parts, the style sheet and icons, the texts in every
// language, dates and numbers as people write them, and the headers that keep a page to itself. It knows nobody of the
// house; an adapter brings its own pages, which are made of these parts.
//
//	book, err := web.NewBook(pages)        // templates of an adapter, on top of the layout
//	web.Secure(w.Header(), web.Shield{Nonce: nonce})
//	err = book.Render(w, "sign_in", &web.Page{Language: "es", Brand: web.Brand{Name: "Acme"}, Data: form})
//
// No page holds prose: every text has a key, and stands in texts/LANGUAGE/TOPIC.txt for every language there is. Everything
// a page needs comes from this server, and every page works without script.
package web

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"strings"
	"text/template/parse"
	"time"
)

//go:embed templates
var templates embed.FS

// Page is what a template is given.
type Page struct {
	Language  Language
	Title     string // key of the text in the title of the window
	Nonce     string // of the page's own style and script, see [Shield]
	Brand     Brand
	Zone      *time.Location // in which times are told; nil: UTC
	Path      string         // of the page, for links to it in another language; empty: it has none
	Query     url.Values     // of those links
	Base      string         // origin that assets come from; empty: the page's own
	Reference string         // by which the log line of this request is found
	Wide      bool           // for lists, not for one form
	SignedIn  string         // the name of who is signed in; empty: nobody
	Data      any            // what the page is about
}

// In is the address of the page in another language.
func (p *Page) In(l Language) string {
	query := maps.Clone(p.Query)
	if query == nil {
		query = url.Values{}
	}
	query.Set("lang", string(l))
	return p.Path + "?" + query.Encode()
}

// Book is the pages of an adapter, ready to be rendered in every language.
type Book struct {
	languages map[Language]map[string]*template.Template
}

// NewBook reads the pages (NAME.html) of an adapter. A text that a page asks for and that is missing is an error.
func NewBook(pages fs.FS) (*Book, error) {
	texts, err := Load()
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(pages, "*.html")
	if err != nil {
		return nil, fmt.Errorf("web: list the pages: %w", err)
	}
	b := &Book{languages: map[Language]map[string]*template.Template{}}
	for _, language := range Languages() {
		c := texts[language]
		parts, err := template.New("").Funcs(functions(c)).ParseFS(templates, "templates/*.html")
		if err != nil {
			return nil, fmt.Errorf("web: read the layout: %w", err)
		}
		b.languages[language] = map[string]*template.Template{}
		for _, name := range names {
			page, err := parts.Clone()
			if err == nil {
				page, err = page.ParseFS(pages, name)
			}
			if err != nil {
				return nil, fmt.Errorf("web: read the page %s: %w", name, err)
			}
			if err := c.complete(page); err != nil {
				return nil, fmt.Errorf("web: the page %s: %w", name, err)
			}
			b.languages[language][strings.TrimSuffix(name, ".html")] = page
		}
	}
	return b, nil
}

// Names of the pages.
func (b *Book) Names() []string {
	return slices.Sorted(maps.Keys(b.languages[Fallback]))
}

// Render writes a page. What it wrote before an error is of no use.
func (b *Book) Render(w io.Writer, name string, p *Page) error {
	t := b.languages[p.Language][name]
	if t == nil {
		return fmt.Errorf("web: there is no page %s in the language %q", name, p.Language)
	}
	if err := t.ExecuteTemplate(w, "layout.html", p); err != nil {
		return fmt.Errorf("web: render %s: %w", name, err)
	}
	return nil
}

// functions are what templates call, in a language.
func functions(c Catalogue) template.FuncMap {
	return template.FuncMap{
		"t": c.Text, "n": c.Number, "has": c.Has, "icon": icon, "asset": AssetPath, "languages": Languages,
		"day": c.Day, "moment": c.Moment, "ago": c.Ago,
		"named":   func(l Language) string { return c.Text("language." + string(l)) },
		"initial": func(name string) string { return Brand{Name: name}.Letter() },
		"args":    args, "list": func(items ...any) []any { return items },
	}
}

// args makes the argument of a part of pairs of name and value.
func args(pairs ...any) (map[string]any, error) {
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("args: argument %d is no name", i+1)
		}
		m[name] = pairs[i+1]
	}
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("args: %v has no value", pairs[len(pairs)-1])
	}
	return m, nil
}

// complete looks for the texts that templates ask for by a key that stands in them.
func (c Catalogue) complete(t *template.Template) error {
	for _, part := range t.Templates() {
		if part.Tree == nil {
			continue
		}
		for _, key := range Keys(part.Tree.Root) {
			if !c.Has(key) && !c.Has(key+pluralMark+"other") {
				return fmt.Errorf("there is no text %q in the language %s", key, c.language)
			}
		}
	}
	return nil
}

// Keys are the texts that a template asks for by name.
func Keys(node parse.Node) []string {
	var keys []string
	walk(node, func(n parse.Node) {
		command, ok := n.(*parse.CommandNode)
		if !ok || len(command.Args) < 2 {
			return
		}
		function, ok := command.Args[0].(*parse.IdentifierNode)
		if !ok {
			return
		}
		if text, ok := command.Args[1].(*parse.StringNode); ok && (function.Ident == "t" || function.Ident == "n") {
			keys = append(keys, text.Text)
		}
	})
	return keys
}

// walk visits a template's nodes.
func walk(node parse.Node, visit func(parse.Node)) {
	if node == nil {
		return
	}
	visit(node)
	branch := func(b *parse.BranchNode) {
		walk(b.Pipe, visit)
		walk(b.List, visit)
		if b.ElseList != nil {
			walk(b.ElseList, visit)
		}
	}
	switch n := node.(type) {
	case *parse.ListNode:
		for _, each := range n.Nodes {
			walk(each, visit)
		}
	case *parse.ActionNode:
		walk(n.Pipe, visit)
	case *parse.PipeNode:
		if n == nil {
			return
		}
		for _, each := range n.Cmds {
			walk(each, visit)
		}
	case *parse.CommandNode:
		for _, each := range n.Args {
			walk(each, visit)
		}
	case *parse.TemplateNode:
		walk(n.Pipe, visit)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	}
}
