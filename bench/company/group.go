package company

import "fmt"

// Group is a group to be pushed.
type Group struct {
	Number      int
	DisplayName string
	Body        object // of the POST: without members
	People      []int  // the numbers of its members
	Groups      []int  // the numbers of the groups in it
}

// largest is how many members the largest group has at most.
const largest = 20_000

// Group makes group n of the company.
func (c Company) Group(n int) Group {
	g := Group{Number: n, DisplayName: c.groupName(n), Groups: c.nested(n), People: c.members(n)}
	g.Body = object{"schemas": []any{urnGroup}, "displayName": g.DisplayName}
	if n%3 != 0 {
		g.Body["externalId"] = fmt.Sprintf("%s-Group/%05d", c.Name, n)
	}
	return g
}

func (c Company) groupName(n int) string {
	return fmt.Sprintf("%s – %s %d", departments[n%len(departments)], c.Name, n)
}

// members are nobody, a crowd, and everything between: the size falls with the number, as it does in real companies, and
// every thirteenth group is empty. Who is in a group is spread over the whole company.
func (c Company) members(n int) []int {
	if n%13 == 12 {
		return nil
	}
	size := min(largest, c.People) / (n + 1)
	first, step := dice('g', n).IntN(c.People), 1
	for i := 2*n + 3; c.People > 1; i++ {
		if step = i % c.People; coprime(step, c.People) {
			break
		}
	}
	list := make([]int, size)
	for i := range list {
		list[i] = (first + i*step) % c.People
	}
	return list
}

// coprime numbers have no divisor in common: steps of one then visit all of the other.
func coprime(a, b int) bool {
	for b != 0 {
		a, b = b, a%b
	}
	return a == 1
}

// nested are the groups in a group: a tree for one group in six, and two groups that hold each other.
func (c Company) nested(n int) []int {
	var list []int
	switch {
	case n == 1 && c.Groups > 2:
		list = []int{2}
	case n == 2:
		list = []int{1}
	case n > 2 && n%6 == 5:
		list = []int{n / 2, n/3 + n/2 + 1}
	}
	return list
}

// memberOf lists for every person the numbers of the groups that they are in themselves.
func (c Company) memberOf() (of [][]int, memberships, nested int) {
	of = make([][]int, c.People)
	for n := range c.Groups {
		g := c.Group(n)
		for _, person := range g.People {
			of[person] = append(of[person], n)
		}
		memberships += len(g.People)
		nested += len(g.Groups)
	}
	return of, memberships, nested
}
