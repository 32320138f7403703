package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/stretchr/testify/require"
)

// organisation is one tenant, and what its administrator and its directory hold.
type organisation struct {
	*house

	slug     string
	setUp    string // where the owner begins
	key      string // of the REST API
	roles    map[string]string
	profiles map[string]string
}

const everything = "users:view,users:create,users:edit,users:invite,users:activate,users:deactivate,roles:view,profiles:view," +
	"teams:view,queues:view,directory:view,directory:edit,policy:view,policy:edit"

// found makes an organisation.
func (h *house) found(slug, name string) *organisation {
	h.Helper()
	var made struct {
		SetUp string `json:"owner_setup_url"`
	}
	require.NoError(h, json.Unmarshal(h.usher("org", "create", "--slug", slug, "--name", name, "--owner-email", "owner@"+slug+".test", "--json"), &made))
	o := &organisation{house: h, slug: slug, setUp: made.SetUp, roles: map[string]string{}, profiles: map[string]string{}}
	var key struct {
		Text string `json:"api_key"`
	}
	require.NoError(h, json.Unmarshal(h.usher("apikey", "create", "--org", slug, "--name", "end to end", "--permissions", everything, "--json"), &key))
	o.key = key.Text
	for path, into := range map[string]map[string]string{"roles": o.roles, "profiles": o.profiles} {
		var list struct {
			Items []struct {
				ID   string `json:"id"`
				Name string `json:"name"`
			} `json:"items"`
		}
		o.api(http.MethodGet, "/"+path, nil, &list)
		for _, item := range list.Items {
			into[item.Name] = item.ID
		}
	}
	return o
}

// api asks the REST API as the organisation's application.
func (o *organisation) api(method, path string, body, into any) {
	o.Helper()
	o.ask(method, "/api/v1"+path, o.key, body, into)
}

// person is what the REST API shows of somebody.
type person struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// access is what it shows of what they may do.
type access struct {
	Role    given `json:"role"`
	Profile given `json:"profile"`
}

type given struct {
	ID     string `json:"id"`
	Source string `json:"source"`
}

// active: somebody is, with the role and the profile of a name, which a group gave.
func (o *organisation) active(userName, gives string) {
	o.Helper()
	p := o.person(userName)
	require.Equal(o, "active", p.Status)
	var a access
	o.api(http.MethodGet, "/users/"+p.ID+"/access", nil, &a)
	require.Equal(o, access{Role: given{o.roles[gives], "mapping"}, Profile: given{o.profiles[gives], "mapping"}}, a)
}

// invite adds somebody by hand, who gets a letter.
func (o *organisation) invite(given, family, address string) person {
	o.Helper()
	var p person
	o.api(http.MethodPost, "/users", map[string]any{
		"given_name": given, "family_name": family, "email": address, "role_id": o.roles["Agent"], "profile_id": o.profiles["Agent"],
	}, &p)
	return p
}

// person reads somebody.
func (o *organisation) person(userName string) person {
	o.Helper()
	var list struct {
		Items []person `json:"items"`
	}
	o.api(http.MethodGet, "/users?q="+url.QueryEscape(userName), nil, &list)
	require.Len(o, list.Items, 1, userName)
	return list.Items[0]
}

// with is the organisation in one of the house's stories.
func (o *organisation) with(h *house) *organisation {
	here := *o
	here.house = h
	return &here
}
