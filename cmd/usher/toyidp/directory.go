package toyidp

import (
	"embed"
	"html/template"
	"net/http"
	"slices"
)

// shownPerson is somebody as the pages show them.
type shownPerson struct {
	Person

	Active   bool
	SignedIn bool // at Usher, through this provider
	In       []string
	Out      []string // groups that they are not in
}

// What the pages are made of.
type (
	whoPage struct {
		Client Client
		Query  string // what Usher asked, to be answered when somebody is chosen
		People []shownPerson
	}
	directoryPage struct {
		Client Client
		People []shownPerson
		Done   string // what a click has done
		Wrong  string // why it has not
		Pushes []Push
	}
	messagePage struct {
		Client      Client
		Title, Text string
	}
)

// listed are the people as they are now.
func (p *Provider) listed() []shownPerson {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]shownPerson, len(p.config.People))
	for i, o := range p.config.People {
		list[i] = shownPerson{
			Person: o, Active: !p.inactive[o.ID],
			SignedIn: slices.ContainsFunc(p.signedIn, func(v visit) bool { return v.person.ID == o.ID }),
		}
		for _, g := range p.config.Groups {
			if slices.Contains(p.members[g.Name], o.ID) {
				list[i].In = append(list[i].In, g.Name)
			} else {
				list[i].Out = append(list[i].Out, g.Name)
			}
		}
	}
	return list
}

// directory shows the people and what was pushed of them.
func (p *Provider) directory(w http.ResponseWriter, r *http.Request) {
	p.showDirectory(w, http.StatusOK, done(r.URL.Query().Get("done")), "")
}

func (p *Provider) showDirectory(w http.ResponseWriter, status int, done, wrong string) {
	page := directoryPage{Client: p.config.Client, People: p.listed(), Done: done, Wrong: wrong}
	p.mu.Lock()
	page.Pushes = slices.Clone(p.pushes)
	p.mu.Unlock()
	p.show(w, status, "directory", page)
}

// done says what an action has done; nothing for what is no action.
func done(action string) string {
	return map[string]string{
		"deactivate": "Deactivated, and pushed. Whatever they had open in Usher is refused from the next click on.",
		"reactivate": "Brought back, and pushed. They can sign in again.",
		"join":       "Put into the group, and pushed. What the group gives holds from the next click on.",
		"leave":      "Taken out of the group, and pushed. What the group gave is gone from the next click on.",
		"sign-out":   "A logout token has gone to Usher. The session is over, on every replica.",
	}[action]
}

// act does with somebody what was clicked on.
func (p *Provider) act(w http.ResponseWriter, r *http.Request) {
	o, known := p.person(r.PathValue("person"))
	action := r.PathValue("action")
	if !known || done(action) == "" {
		http.NotFound(w, r)
		return
	}
	var err error
	switch action {
	case "deactivate", "reactivate":
		err = p.setActive(r.Context(), o, action == "reactivate")
	case "join", "leave":
		err = p.setMember(r.Context(), o, r.PostFormValue("group"), action == "join")
	case "sign-out":
		err = p.signOut(r.Context(), o)
	}
	if err != nil {
		p.showDirectory(w, http.StatusBadGateway, "", err.Error())
		return
	}
	http.Redirect(w, r, "/?done="+action, http.StatusSeeOther) //nolint:gosec // G710: one of the five that done knows
}

// refuse tells somebody why nothing comes of what they asked.
func (p *Provider) refuse(w http.ResponseWriter, why string) {
	p.show(w, http.StatusBadRequest, "message", messagePage{Client: p.config.Client, Title: "That did not work", Text: why})
}

//go:embed page/*.html
var pageFiles embed.FS

// pages are read once; nobody writes them.
var pages = template.Must(template.ParseFS(pageFiles, "page/*.html"))

// show writes a page. Its policy says nothing of where forms may go: the answer to one leads on to Usher, and from there to
// wherever the person wanted to go, which browsers count as the form's way, too.
func (p *Provider) show(w http.ResponseWriter, status int, name string, data any) {
	nonce := p.secret()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = pages.ExecuteTemplate(w, name, struct {
		Nonce string
		Page  any
	}{nonce, data})
}
