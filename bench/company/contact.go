package company

import (
	"fmt"
	"strings"
)

// name is what a person is called.
type name struct {
	given, middle, family, prefix string
	familyFirst                   bool
}

func (c Company) nameOf(n int) name {
	d, home := dice('n', n), cultures[n%len(cultures)]
	called := name{given: pick(d, home.given), family: pick(d, home.family), familyFirst: home.familyFirst}
	if n%11 == 5 {
		called.middle = pick(d, home.given)
	}
	if n%13 == 6 {
		called.prefix = "Dr."
	}
	return called
}

// display is the name in the order of its language.
func (n name) display() string {
	if n.familyFirst {
		return n.family + " " + n.given
	}
	return n.given + " " + n.family
}

func (n name) body() object {
	body := object{"givenName": n.given, "familyName": n.family, "formatted": n.display()}
	if n.middle != "" {
		body["middleName"] = n.middle
	}
	if n.prefix != "" {
		body["honorificPrefix"] = n.prefix
		body["formatted"] = n.prefix + " " + n.display()
	}
	return body
}

// emails are one to three addresses: the user name's, one at home, and one that several people share.
func (c Company) emails(n int) []any {
	list := []any{object{"value": c.userName(n), "type": "work", "primary": true}}
	if n%3 == 1 {
		list = append(list, object{"value": fmt.Sprintf("home+%d@mail.example", n), "type": "home"})
	}
	if n%7 == 3 {
		list = append(list, object{"value": fmt.Sprintf("team%d@%s.example", n%17, c.Name), "type": "other", "display": "shared ✉"})
	}
	return list
}

// phones are up to three, as people write them.
func phones(n int) []any {
	list := []any{
		object{"value": fmt.Sprintf("+49 (0)30 %08d", n), "type": "work", "primary": true},
		object{"value": fmt.Sprintf("tel:+1-555-%07d;ext=%d", n, n%100), "type": "mobile"},
		object{"value": fmt.Sprintf("%04d", n%10_000), "type": "other", "display": "extension"},
	}
	return list[:n%4]
}

// addresses are up to two, the first with several lines.
func (h culture) addresses(n int) []any {
	street, code := fmt.Sprintf("%s %d", h.street, n%200+1), fmt.Sprintf("%05d", n%100_000)
	list := []any{
		object{
			"type": "work", "primary": true, "streetAddress": street, "locality": h.city, "postalCode": code, "country": h.country,
			"formatted": strings.Join([]string{street, code + " " + h.city, h.country}, "\n"),
		},
		object{"type": "home", "formatted": h.city + "\t(" + h.country + ")"},
	}
	return list[:n%3]
}
