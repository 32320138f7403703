package scim

import (
	"slices"
	"strings"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/schema"
)

// shape is what a request says of the resources in its answer: by which schemas, and which of their attributes
// (RFC 7644 section 3.9).
func (x *exchange) shape(t schema.Type) (*schema.View, schema.Selection, error) {
	view, err := x.view(t)
	if err != nil {
		return nil, schema.Selection{}, err
	}
	if x.r.URL.RawQuery == "" {
		shown, err := view.Selection(nil, nil)
		return view, shown, err
	}
	p, err := readQuery(x.r.URL.RawQuery)
	if err != nil {
		return nil, schema.Selection{}, err
	}
	shown, err := view.Selection(p.attributes, p.excluded)
	return view, shown, err
}

// names splits a list of attribute names.
func names(text string) []string {
	var list []string
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			list = append(list, name)
		}
	}
	return list
}

// appendShownUser appends what a selection shows of a person. Only a selection takes the stored document apart.
func appendShownUser(dst []byte, u *domain.User, shown schema.Selection, base string) ([]byte, error) {
	if shown.All() && !u.Usher.Assigned() {
		return appendUser(dst, u, base), nil
	}
	tree, err := userTree(u, base)
	if err != nil {
		return dst, err
	}
	return attribute.AppendJSON(dst, shown.Apply(tree)), nil
}

// userTree is the whole resource of a person, as [appendUser] writes it.
func userTree(u *domain.User, base string) (attribute.Value, error) {
	tree, err := u.Attributes()
	if err != nil {
		return tree, err
	}
	if u.Usher.Assigned() {
		withUsher(&tree, u.Usher)
	}
	if u.ManagerRef != nil {
		enterprise := tree.Get(domain.URNEnterprise)
		manager := enterprise.Get("manager")
		manager.Set("$ref", attribute.NewString(location(base, schema.User, u.ManagerRef.ID.String())))
		if u.ManagerRef.Display != "" {
			manager.Set("displayName", attribute.NewString(u.ManagerRef.Display))
		}
		enterprise.Set("manager", manager)
		tree.Set(domain.URNEnterprise, enterprise)
	}
	if len(u.Groups) > 0 {
		groups := make([]attribute.Value, len(u.Groups))
		for i := range u.Groups {
			groups[i] = groupRefTree(&u.Groups[i], base)
		}
		tree.Set("groups", attribute.NewList(groups...))
	}
	tree.Set("meta", metaTree(metaOfUser(u), base))
	return tree, nil
}

func groupRefTree(g *domain.GroupRef, base string) attribute.Value {
	id := g.ID.String()
	ref := attribute.NewComplex(
		attribute.Member{Name: "value", Value: attribute.NewString(id)},
		attribute.Member{Name: "$ref", Value: attribute.NewString(location(base, schema.Group, id))})
	if g.Display != "" {
		ref.Set("display", attribute.NewString(g.Display))
	}
	ref.Set("type", attribute.NewString("direct"))
	return ref
}

// groupTree is the resource of a group without its members.
func groupTree(g *domain.Group, base string) (attribute.Value, error) {
	tree, err := g.Attributes()
	if err != nil {
		return tree, err
	}
	tree.Set("meta", metaTree(metaOfGroup(g), base))
	return tree, nil
}

func memberTree(m *domain.Member, base string) attribute.Value {
	id, t := m.ID.String(), memberType(m.Kind)
	member := attribute.NewComplex(
		attribute.Member{Name: "value", Value: attribute.NewString(id)},
		attribute.Member{Name: "$ref", Value: attribute.NewString(location(base, t, id))})
	if m.Display != "" {
		member.Set("display", attribute.NewString(m.Display))
	}
	member.Set("type", attribute.NewString(t.String()))
	return member
}

func metaTree(m meta, base string) attribute.Value {
	text := func(name, value string) attribute.Member {
		return attribute.Member{Name: name, Value: attribute.NewString(value)}
	}
	return attribute.NewComplex(
		text("resourceType", m.of.String()),
		text("created", m.created.UTC().Format(instantForm)),
		text("lastModified", m.modified.UTC().Format(instantForm)),
		text("location", location(base, m.of, m.id)),
		text("version", m.etag()))
}

// withUsher puts what Usher's extension shows of a person into their tree, where a document has it: before the enterprise
// extension, and among the schemas (RFC 7643 section 3).
func withUsher(tree *attribute.Value, shown attribute.Value) {
	if tree.Has(domain.URNUsher) {
		tree.Set(domain.URNUsher, shown)
		return
	}
	enterprise, has := tree.Get(domain.URNEnterprise), tree.Has(domain.URNEnterprise)
	tree.Delete(domain.URNEnterprise)
	tree.Set(domain.URNUsher, shown)
	schemas := append(tree.Get("schemas").Items(), attribute.NewString(domain.URNUsher))
	if has {
		tree.Set(domain.URNEnterprise, enterprise)
		schemas[len(schemas)-1], schemas[len(schemas)-2] = schemas[len(schemas)-2], schemas[len(schemas)-1]
	}
	tree.Set("schemas", attribute.NewList(schemas...))
}

// show reads, of people who are about to be answered, what rows say of Usher's extension: of all where the request names
// any of it, else of those of whom the directory has said something there.
func (x *exchange) show(people []*domain.User, shown schema.Selection) error {
	named := shown.Names(domain.URNUsher)
	if !named {
		if !shown.Wants(domain.URNUsher) {
			return nil
		}
		people = slices.DeleteFunc(people, func(u *domain.User) bool { return !u.SaysGiven() })
	}
	return x.Directory.Show(x.r.Context(), x.caller, people, named)
}
