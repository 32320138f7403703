// Package people makes up the staff of a company, as many as are wanted and always the same: person n has the same name,
// department and telephone in every run. It writes them as an identity provider sends them, and says how to search for
// them; it sends nothing itself.
//
//	body := people.Company("seed").Person(7).AppendJSON(nil)
package people

import (
	"fmt"
	"strconv"
)

// Company is where people work: its name is part of all theirs, so that the people of two companies never collide.
type Company string

// Person is somebody to be pushed.
type Person struct {
	UserName   string // an e-mail address too
	ExternalID string
	Given      string
	Family     string
	Title      string
	Department string
	Number     int64
}

// name is a name as it is written, and as it stands in an address.
type name struct{ shown, plain string }

// Names in several scripts, since folding and encoding cost more outside ASCII.
var (
	given = [...]name{
		{"Ana", "ana"}, {"Bruno", "bruno"}, {"Chloé", "chloe"}, {"Dmitri", "dmitri"}, {"Elif", "elif"}, {"Farid", "farid"},
		{"Grace", "grace"}, {"Håkon", "hakon"}, {"Ines", "ines"}, {"Jörg", "joerg"}, {"Kemi", "kemi"}, {"Liam", "liam"},
		{"由紀", "yuki"}, {"Nadia", "nadia"}, {"Ольга", "olga"}, {"Pedro", "pedro"}, {"Quinn", "quinn"}, {"Rosa", "rosa"},
		{"Σοφία", "sofia"}, {"Tariq", "tariq"}, {"Uma", "uma"}, {"Victor", "victor"}, {"伟", "wei"}, {"Zoe", "zoe"},
	}
	family = [...]name{
		{"Almeida", "almeida"}, {"Becker", "becker"}, {"Castillo", "castillo"}, {"Dubois", "dubois"}, {"Eriksen", "eriksen"},
		{"Fischer", "fischer"}, {"García", "garcia"}, {"Hansen", "hansen"}, {"Иванов", "ivanov"}, {"Jansen", "jansen"},
		{"Kowalski", "kowalski"}, {"Lindqvist", "lindqvist"}, {"Müller", "mueller"}, {"中村", "nakamura"}, {"Okafor", "okafor"},
		{"Παππάς", "pappas"}, {"Quispe", "quispe"}, {"Rossi", "rossi"}, {"Şahin", "sahin"}, {"Tanaka", "tanaka"},
		{"Ueda", "ueda"}, {"Varga", "varga"}, {"王", "wang"}, {"Yıldız", "yildiz"}, {"Zhang", "zhang"}, {"O’Brien", "obrien"},
		{"Smith", "smith"}, {"Taylor", "taylor"}, {"Novák", "novak"}, {"Silva", "silva"}, {"Costa", "costa"},
	}
	titles      = [...]string{"Engineer", "Agent", "Team Lead", "Analyst", "Supervisor", "Consultant", "Administrator"}
	departments = [...]string{"Research & Development", "Customer Care", "Sales", "Finance", "People", "Operations", "Legal", "IT", "Marketing"}
)

// Person makes person n of the company.
func (c Company) Person(n int64) Person {
	g, f := given[n%int64(len(given))], family[n%int64(len(family))] // 24 and 31 share no divisor: 744 pairs
	number := fmt.Sprintf("%07d", n)
	return Person{
		UserName: g.plain + "." + f.plain + "." + number + "@" + string(c) + ".bench.test", ExternalID: string(c) + "-" + number,
		Given: g.shown, Family: f.shown, Title: titles[n%int64(len(titles))], Department: departments[n%int64(len(departments))],
		Number: n,
	}
}

// Display is the name that is shown.
func (p Person) Display() string {
	return p.Given + " " + p.Family + " " + strconv.FormatInt(p.Number, 10)
}

// AppendJSON appends the person as the body of a POST, the way Entra and Okta write it. The texts need no escape.
func (p Person) AppendJSON(dst []byte) []byte {
	for _, part := range [...]string{
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],`,
		`"externalId":"`, p.ExternalID, `","userName":"`, p.UserName, `","name":{"formatted":"`, p.Given, " ", p.Family,
		`","familyName":"`, p.Family, `","givenName":"`, p.Given, `"},"displayName":"`, p.Display(), `","title":"`, p.Title,
		`","active":true,"emails":[{"primary":true,"type":"work","value":"`, p.UserName,
		`"}],"phoneNumbers":[{"type":"work","value":"+49 30 `, strconv.FormatInt(10_000_000+p.Number, 10),
		`"}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"`, strconv.FormatInt(p.Number, 10),
		`","department":"`, p.Department, `"}}`,
	} {
		dst = append(dst, part...)
	}
	return dst
}
