package company

import (
	"slices"
	"strings"
	"time"
)

// What a resource must be when it is read. Everything is compared with what was pushed, the attributes that a server adds
// (id, meta, $ref, the manager's displayName, groups) with what they must be after it.

// person compares a person who was read.
func (r *run) person(where string, n int, doc object) {
	r.meta(where, r.ids.people, "User", n, doc)
	if groups, ok := doc["groups"].([]any); ok {
		slices.SortFunc(groups, byValue)
	}
	compare("", r.wantedPerson(n), doc, r.differences.at(where))
}

// groupItself compares a group that was read, without its members.
func (r *run) groupItself(where string, n int, doc object) {
	r.meta(where, r.ids.groups, "Group", n, doc)
	want := r.Group(n).Body
	want["id"] = r.ids.groups.id(n)
	compare("", want, doc, r.differences.at(where))
}

// wantedPerson is person n as read, without meta.
func (r *run) wantedPerson(n int) object {
	person := r.Person(n)
	want := person.Body
	want["id"] = r.ids.people.id(n)
	if person.Manager != nobody {
		id := r.ids.people.id(person.Manager)
		manager := object{"value": id, "$ref": r.client.URL + "/Users/" + id, "displayName": r.nameOf(person.Manager).display()}
		if !person.PatchedIn {
			manager["value"] = r.externalID(person.Manager)
		}
		enterprise, _ := want[urnEnterprise].(object)
		enterprise["manager"] = manager
	}
	if of := r.memberOf[n]; len(of) > 0 {
		groups := make([]any, len(of))
		for i, g := range of {
			groups[i] = r.reference("Group", "direct", g)
		}
		slices.SortFunc(groups, byValue)
		want["groups"] = groups
	}
	return want
}

// reference is how another resource shows person or group n (RFC 7643 sections 4.1.2 and 4.2).
func (r *run) reference(resource, kind string, n int) object {
	id, display := r.ids.people.id, func(n int) string { return r.nameOf(n).display() }
	if resource == "Group" {
		id, display = r.ids.groups.id, r.groupName
	}
	return object{"value": id(n), "$ref": r.client.URL + "/" + resource + "s/" + id(n), "display": display(n), "type": kind}
}

// byValue is an order of references, where there is none.
func byValue(a, b any) int {
	value := func(v any) string {
		o, _ := v.(object)
		s, _ := o["value"].(string)
		return s
	}
	return strings.Compare(value(a), value(b))
}

// meta takes meta out of a resource and checks it (RFC 7643 section 3.1). Version and times must be those that were read
// first, since after that nothing changes.
func (r *run) meta(where string, of *register, resource string, n int, doc object) {
	meta, _ := doc["meta"].(object)
	delete(doc, "meta")
	created, errCreated := instant(meta["created"])
	modified, errModified := instant(meta["lastModified"])
	version, _ := meta["version"].(string)
	compare("meta", object{
		"resourceType": resource, "location": r.client.URL + "/" + resource + "s/" + of.id(n), "members": 5,
		"times are dateTimes": true, "created comes first": true, "version is a weak tag": true,
	}, object{
		"resourceType": meta["resourceType"], "location": meta["location"], "members": len(meta),
		"times are dateTimes": errCreated == nil && errModified == nil, "created comes first": !modified.Before(created),
		"version is a weak tag": len(version) > len(`W/""`) && strings.HasPrefix(version, `W/"`) && strings.HasSuffix(version, `"`),
	}, r.differences.at(where))
	now := quote(meta)
	if first := of.sight(n, now); first != now {
		r.differences.add(where, "meta, which nothing has changed since,", first, now)
	}
}

func instant(v any) (time.Time, error) {
	s, _ := v.(string)
	return time.Parse(time.RFC3339, s)
}
