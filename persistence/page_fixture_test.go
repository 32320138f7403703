package persistence_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
	"usher/persistence/storetest"
)

const urnAcme = "urn:acme:2.0:User"

// words are texts in which a comparison goes wrong where it is not ours: other scripts, case that changes length, marks
// that SQL and its patterns read as their own.
var words = []string{
	"Anna", "ANNA", "anna-lena", "Ändern", "ändern", "İstanbul", "istanbul", "I", "ı", "Straße", "STRASSE", "ﬁsch", "FISCH",
	"Σίσυφος", "ΣΊΣΥΦΟΣ", "ς", "Ｆｕｌｌ", "full", "100%", "1000", "a_b", "axb", `back\slash`, `\`, "%", "_", "quo'te", `dou"ble`,
	"日本語", "日本", "😀 smile", "é", "e\u0301", "\uD7FF", "\uFFFD", "two\nlines", `"value":""`, "", "x", "xy", "~", "\U0010FFFF",
	"AND", "a OR b", "*", "acme.test", "true", "work", "home", "Sales", "7", "1", "2020-01-01T00:00:00.000Z",
}

// directory is a connection with random people and groups, and what its resources look like as a whole.
type directory struct {
	store  *persistence.Store
	tenant storetest.Tenant
	users  []resource
	groups []resource
	texts  []string // what is there to be found
	times  []time.Time
}

type resource struct {
	id   uuid.UUID
	tree attribute.Value
}

// populate fills a connection at random, with strangers beside it: another connection, another organisation, and
// people and groups who have gone.
func populate(t testing.TB, store *persistence.Store, seed uint64, people int) *directory {
	t.Helper()
	f := &fixture{Rand: rand.New(rand.NewPCG(seed, 1)), t: t, store: store, now: time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)}
	f.directory = domain.NewDirectory(store, domain.Environment{Now: func() time.Time { return f.now }, NewID: uuid.NewV7})
	d := &directory{store: store, tenant: storetest.NewTenant(t, store, fmt.Sprintf("acme-%d", seed), -1)}
	_, _, other := storetest.NewConnection(t, store, d.tenant.Organisation.ID, "other")
	stranger := storetest.NewTenant(t, store, fmt.Sprintf("other-%d", seed), -1)

	users, groups := f.fill(d.tenant.Caller, people)
	f.fill(other, people/5)
	f.fill(stranger.Caller, people/5)
	d.read(t, users, groups)
	return d
}

type fixture struct {
	*rand.Rand
	t         testing.TB
	store     *persistence.Store
	directory *domain.Directory
	now       time.Time
}

func (f *fixture) word() string { return words[f.IntN(len(words))] }

func (f *fixture) chance(percent int) bool { return f.IntN(100) < percent }

func (f *fixture) fill(caller domain.Caller, people int) ([]domain.UserID, []domain.GroupID) {
	ctx := context.Background()
	var users []domain.UserID
	var ids []uuid.UUID
	for i := range people {
		f.now = f.now.Add(time.Duration(f.IntN(4)-1) * time.Millisecond)
		u, err := f.directory.Provision(ctx, caller, f.person(i, users))
		if domain.IsKind(err, domain.Conflict) {
			continue
		}
		require.NoError(f.t, err)
		users, ids = append(users, u.ID), append(ids, u.ID.UUID)
	}
	var groups []domain.GroupID
	for i := range people / 3 {
		f.now = f.now.Add(time.Duration(f.IntN(3)) * time.Millisecond)
		var members []uuid.UUID
		for f.chance(70) {
			members = append(members, ids[f.IntN(len(ids))])
		}
		g, err := f.directory.CreateGroup(ctx, caller, f.group(i), members)
		if domain.IsKind(err, domain.Conflict) {
			continue
		}
		require.NoError(f.t, err)
		groups, ids = append(groups, g.ID), append(ids, g.ID.UUID)
	}
	for range people / 10 {
		i := f.IntN(len(users))
		require.NoError(f.t, f.directory.Deprovision(ctx, caller, users[i], domain.IfMatch{}))
		users = append(users[:i:i], users[i+1:]...)
		i = f.IntN(len(groups))
		require.NoError(f.t, f.directory.DeleteGroup(ctx, caller, groups[i], domain.IfMatch{}))
		groups = append(groups[:i:i], groups[i+1:]...)
	}
	return users, groups
}

func text(name, s string) attribute.Member {
	return attribute.Member{Name: name, Value: attribute.NewString(s)}
}

// person makes attributes of which each is there, empty or not there at all.
func (f *fixture) person(i int, earlier []domain.UserID) attribute.Value {
	userName := f.word() + f.word()
	if f.chance(60) {
		userName += fmt.Sprint(i)
	}
	if _, err := domain.ParseUserName(userName); err != nil {
		userName = fmt.Sprint("user", i)
	}
	members := []attribute.Member{text("userName", userName)}
	maybe := func(to *[]attribute.Member, name string) {
		if f.chance(60) {
			*to = append(*to, text(name, f.word()))
		}
	}
	if f.chance(50) {
		members = append(members, text("externalId", f.word()+fmt.Sprint(i)))
	} else if f.chance(30) {
		members = append(members, text("externalId", ""))
	}
	var name, enterprise, acme []attribute.Member
	for _, n := range []string{"givenName", "familyName", "formatted"} {
		maybe(&name, n)
	}
	members = append(members, attribute.Member{Name: "name", Value: attribute.NewComplex(name...)})
	maybe(&members, "displayName")
	maybe(&members, "title")
	if f.chance(30) {
		members = append(members, attribute.Member{Name: "active", Value: attribute.NewBool(f.chance(30))})
	}
	members = append(members, attribute.Member{Name: "emails", Value: f.elements(3)})
	if f.chance(30) {
		members = append(members, attribute.Member{Name: "phoneNumbers", Value: f.elements(2)})
	}
	if f.chance(50) {
		acme = append(acme, attribute.Member{Name: "level", Value: attribute.NewNumber([]string{"1", "7", "-3", "2.5", "1e2"}[f.IntN(5)])})
		maybe(&acme, "emails")
		maybe(&acme, "tag")
		members = append(members, attribute.Member{Name: urnAcme, Value: attribute.NewComplex(acme...)})
	}
	maybe(&enterprise, "department")
	switch {
	case len(earlier) > 0 && f.chance(40):
		manager := earlier[f.IntN(len(earlier))].String()
		enterprise = append(enterprise, attribute.Member{Name: "manager", Value: attribute.NewComplex(text("value", manager))})
	case f.chance(50):
		enterprise = append(enterprise, attribute.Member{Name: "manager", Value: attribute.NewComplex(text("value", f.word()+fmt.Sprint(f.IntN(i+1))))})
	}
	members = append(members, attribute.Member{Name: domain.URNEnterprise, Value: attribute.NewComplex(enterprise...)})
	return attribute.NewComplex(members...)
}

// elements of a multi-valued attribute, some without a value.
func (f *fixture) elements(most int) attribute.Value {
	var list []attribute.Value
	primary := false
	for range f.IntN(most + 1) {
		var element []attribute.Member
		if f.chance(85) {
			element = append(element, text("value", f.word()))
		}
		if f.chance(60) {
			element = append(element, text("type", []string{"work", "Work", "home", "", "Ｗork"}[f.IntN(5)]))
		}
		if f.chance(20) {
			element = append(element, text("display", f.word()))
		}
		if !primary && f.chance(50) {
			primary = f.chance(50)
			element = append(element, attribute.Member{Name: "primary", Value: attribute.NewBool(primary)})
		}
		list = append(list, attribute.NewComplex(element...))
	}
	return attribute.NewList(list...)
}

func (f *fixture) group(i int) attribute.Value {
	name := f.word()
	if name == "" {
		name = "group"
	}
	members := []attribute.Member{text("displayName", name)}
	switch {
	case f.chance(40):
		members = append(members, text("externalId", f.word()+fmt.Sprint(i)))
	case f.chance(30):
		members = append(members, text("externalId", ""))
	}
	if f.chance(40) {
		members = append(members, attribute.Member{Name: "urn:acme:2.0:Group", Value: attribute.NewComplex(text("tag", f.word()))})
	}
	return attribute.NewComplex(members...)
}

// read makes the resources as a directory is answered, by way of what other tests prove: reading by id.
func (d *directory) read(t testing.TB, users []domain.UserID, groups []domain.GroupID) {
	t.Helper()
	scope := d.tenant.Caller.Scope()
	require.NoError(t, d.store.Read(context.Background(), func(tx domain.Tx) error {
		for _, id := range users {
			u, err := tx.Users().Get(scope, id)
			require.NoError(t, err)
			d.users = append(d.users, resource{id.UUID, wholeUser(t, u)})
			d.times = append(d.times, u.CreatedAt)
		}
		for _, id := range groups {
			g, err := tx.Groups().Get(scope, id)
			require.NoError(t, err)
			members, err := tx.Groups().Members(scope, id, uuid.Nil, 1000)
			require.NoError(t, err)
			d.groups = append(d.groups, resource{id.UUID, wholeGroup(t, g, members)})
			d.times = append(d.times, g.CreatedAt, g.ModifiedAt)
		}
		return nil
	}))
	for _, list := range [][]resource{d.users, d.groups} {
		for _, r := range list {
			d.collect(r.tree)
		}
	}
}

func (d *directory) collect(v attribute.Value) {
	if v.Kind() == attribute.String {
		d.texts = append(d.texts, v.Text())
	}
	for _, m := range v.Members() {
		d.collect(m.Value)
	}
}

func wholeUser(t testing.TB, u domain.User) attribute.Value {
	t.Helper()
	tree, err := u.Attributes()
	require.NoError(t, err)
	if u.ManagerRef != nil {
		enterprise := tree.Get(domain.URNEnterprise)
		enterprise.Set("manager", attribute.NewComplex(text("value", u.Manager), text("displayName", u.ManagerRef.Display)))
		tree.Set(domain.URNEnterprise, enterprise)
	}
	var groups []attribute.Value
	for _, g := range u.Groups {
		groups = append(groups, attribute.NewComplex(text("value", g.ID.String()), text("display", g.Display), text("type", "direct")))
	}
	tree.Set("groups", attribute.NewList(groups...))
	tree.Set("meta", meta("User", u.CreatedAt, u.ModifiedAt, u.Version))
	return tree
}

func wholeGroup(t testing.TB, g domain.Group, members []domain.Member) attribute.Value {
	t.Helper()
	tree, err := g.Attributes()
	require.NoError(t, err)
	var list []attribute.Value
	for _, m := range members {
		kind := "User"
		if m.Kind == domain.MemberGroup {
			kind = "Group"
		}
		list = append(list, attribute.NewComplex(text("value", m.ID.String()), text("display", m.Display), text("type", kind)))
	}
	tree.Set("members", attribute.NewList(list...))
	tree.Set("meta", meta("Group", g.CreatedAt, g.ModifiedAt, g.Version))
	return tree
}

func meta(kind string, created, modified time.Time, version int64) attribute.Value {
	const form = "2006-01-02T15:04:05.000Z"
	return attribute.NewComplex(text("resourceType", kind), text("created", created.Format(form)),
		text("lastModified", modified.Format(form)), text("version", fmt.Sprintf(`W/"%d"`, version)))
}
