package scim

// components orders n operations so that what an operation refers to comes before it and the order stays as it is where
// nothing demands another. Operations that refer to each other, directly or in a circle, come together as one
// component (Tarjan's strongly connected components). The cost is that of operations and references, however they are
// entangled.
func components(n int, refers func(i int) []int) [][]int {
	t := tarjan{refers: refers, seen: make([]int, n), low: make([]int, n), waiting: make([]bool, n)}
	for i := range n {
		if t.seen[i] == 0 {
			t.visit(i)
		}
	}
	return t.found
}

type tarjan struct {
	refers  func(i int) []int
	clock   int
	seen    []int // when a visit began; 0: not yet
	low     []int // the earliest on the way that can be reached
	way     []int
	waiting []bool // on the way
	found   [][]int
}

// visit recurses at most as deep as there are operations, of which there are at most [maxOperations].
func (t *tarjan) visit(i int) {
	t.clock++
	t.seen[i], t.low[i] = t.clock, t.clock
	t.way, t.waiting[i] = append(t.way, i), true
	for _, j := range t.refers(i) {
		switch {
		case t.seen[j] == 0:
			t.visit(j)
			t.low[i] = min(t.low[i], t.low[j])
		case t.waiting[j]:
			t.low[i] = min(t.low[i], t.seen[j])
		}
	}
	if t.low[i] != t.seen[i] {
		return
	}
	for at := len(t.way) - 1; ; at-- {
		t.waiting[t.way[at]] = false
		if t.way[at] == i {
			t.found = append(t.found, append([]int(nil), t.way[at:]...))
			t.way = t.way[:at]
			return
		}
	}
}
