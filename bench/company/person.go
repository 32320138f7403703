package company

import (
	"fmt"
	"strings"
)

// Names of schemas (RFC 7643 section 4, RFC 7644 section 3.5.2).
const (
	urnUser       = "urn:ietf:params:scim:schemas:core:2.0:User"
	urnGroup      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	urnEnterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	urnPatch      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// object is a JSON object, as encoding/json reads one into an interface.
type object = map[string]any

// Person is somebody to be pushed.
type Person struct {
	Number   int
	UserName string
	Body     object // of the POST

	Manager   int  // the number of the manager; nobody: they have none
	PatchedIn bool // the manager is set by a PATCH, by id; otherwise the body names them by externalId
}

// nobody is no person's number.
const nobody = -1

// span is how many people report to one manager.
const span = 8

// Person makes person n of the company.
func (c Company) Person(n int) Person {
	d := dice('p', n)
	home := cultures[n%len(cultures)]
	p := Person{Number: n, UserName: c.userName(n), Manager: nobody}
	name := c.nameOf(n)
	p.Body = object{
		"schemas": []any{urnUser, urnEnterprise}, "userName": p.UserName, "displayName": name.display(), "name": name.body(),
		"active": n%20 != 13, "title": pick(d, titles), "userType": pick(d, []string{"Employee", "Contractor"}),
		"locale": home.locale, "preferredLanguage": home.locale, "timezone": home.zone, "emails": c.emails(n),
	}
	if id := c.externalID(n); id != "" {
		p.Body["externalId"] = id
	}
	if n%4 == 1 {
		p.Body["nickName"] = pick(d, nicknames)
	}
	if phones := phones(n); len(phones) > 0 {
		p.Body["phoneNumbers"] = phones
	}
	if addresses := home.addresses(n); len(addresses) > 0 {
		p.Body["addresses"] = addresses
	}
	if n%6 == 2 {
		p.Body["roles"] = []any{object{"value": pick(d, []string{"agent", "Größe", "監督"}), "display": "as sent", "primary": true}, object{"value": "reader"}}
	}
	enterprise := object{"employeeNumber": fmt.Sprintf("%07d", n), "department": pick(d, departments), "costCenter": fmt.Sprintf("CC-%03d", n%41)}
	if n%3 == 0 {
		enterprise["division"], enterprise["organization"] = "Division "+home.city, "ACME "+strings.ToUpper(c.Name)
	}
	p.Body[urnEnterprise] = enterprise
	c.placeUnderManager(&p, enterprise)
	return p
}

// placeUnderManager makes the hierarchy a tree with person 0 on top. A few report to nobody. One in five names the
// manager by externalId, whether that person is known yet or not; for the others the manager's id is needed, and so a
// PATCH once both are there.
func (c Company) placeUnderManager(p *Person, enterprise object) {
	if p.Number == 0 || p.Number%50 == 49 {
		return
	}
	p.Manager = (p.Number - 1) / span
	id := c.externalID(p.Manager)
	if p.PatchedIn = p.Number%5 != 3 || id == ""; !p.PatchedIn {
		enterprise["manager"] = object{"value": id}
	}
}

// userName is an address in ASCII for most, with capitals for some, and in the script of the name for others.
func (c Company) userName(n int) string {
	local := fmt.Sprintf("p%07d", n)
	switch n % 9 {
	case 4:
		local = fmt.Sprintf("First.LAST%07d", n)
	case 7:
		name := c.nameOf(n)
		local = strings.ReplaceAll(name.given, " ", "") + fmt.Sprintf(".%07d", n)
	}
	return local + "@" + c.Name + ".example"
}

// externalID of a person; a few have none.
func (c Company) externalID(n int) string {
	if n%40 == 39 {
		return ""
	}
	return fmt.Sprintf("%s-Ext/%07d", c.Name, n)
}
