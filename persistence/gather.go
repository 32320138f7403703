package persistence

import (
	"container/heap"
	"slices"

	"usher/domain"
)

// gathering keeps, of the places it is offered, those of one page: as many as the page and what it skips, whatever
// their number.
type gathering struct {
	order *ordering
	after *domain.Position
	skip  int
	limit int
	early bool // places come in order and nobody counts them: when the page is full, that is enough

	matched int
	kept    []domain.Position // in order of id as they come; otherwise a heap with the last of them at its root
}

func (g *gathering) offer(at domain.Position) {
	g.matched++
	if g.limit == 0 || g.after != nil && g.order.compare(at, *g.after) <= 0 {
		return
	}
	if g.order.byID() { // they come in order
		switch {
		case g.skip > 0:
			g.skip--
		case len(g.kept) < g.limit:
			g.kept = append(g.kept, at)
		}
		return
	}
	switch {
	case len(g.kept) < g.skip+g.limit:
		heap.Push(g, at)
	case g.order.compare(at, g.kept[0]) < 0:
		g.kept[0] = at
		heap.Fix(g, 0)
	}
}

// full reports that there is nothing more to learn.
func (g *gathering) full() bool { return g.early && len(g.kept) >= g.limit }

func (g *gathering) total(asked bool) int {
	if !asked {
		return 0
	}
	return g.matched
}

// places are those of the page, in order.
func (g *gathering) places() []domain.Position {
	if g.order.byID() {
		return g.kept
	}
	slices.SortFunc(g.kept, g.order.compare)
	return g.kept[min(g.skip, len(g.kept)):]
}

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (g *gathering) Len() int           { return len(g.kept) }
func (g *gathering) Less(i, j int) bool { return g.order.compare(g.kept[i], g.kept[j]) > 0 }
func (g *gathering) Swap(i, j int)      { g.kept[i], g.kept[j] = g.kept[j], g.kept[i] }

// Push implements heap.Interface.
func (g *gathering) Push(x any) {
	if at, ok := x.(domain.Position); ok {
		g.kept = append(g.kept, at)
	}
}

// Pop implements heap.Interface.
func (g *gathering) Pop() any {
	last := g.kept[len(g.kept)-1]
	g.kept = g.kept[:len(g.kept)-1]
	return last
}
