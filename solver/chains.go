package solver

import (
	"cmp"
	"container/heap"
	"math"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// maxSteps bounds the search for chains.
const maxSteps = 100_000

// Chains returns the chains that lead to a pick, each from something that was asked for
// and without passing a package twice: the shortest first, at most so many, and whether
// there are more. The reason of each pick in a chain is the one before it.
func (g *Graph) Chains(p *repo.Package, most int) (chains [][]Pick, more bool) {
	target, ok := g.index[p]
	if !ok {
		return nil, false
	}
	// From the target backwards, the step first that may belong to the shortest chain
	// (Hart, Nilsson, Raphael: A*, 1968): how far the roots are is known exactly.
	left := g.distances()
	open := steps{{at: target, total: left[target]}}
	for count := 0; len(open) > 0; count++ {
		s := heap.Pop(&open).(*step)
		if g.Picks[s.at].IsRoot() {
			if len(chains) == most {
				return chains, true
			}
			chains = append(chains, g.chain(s))
		}
		if count == maxSteps {
			return chains, true
		}
		for _, e := range g.wants[s.at] {
			if left[e.From] < math.MaxInt && !s.passes(e.From) {
				heap.Push(&open, &step{
					at: e.From, edge: e, after: s, length: s.length + 1, total: s.length + 1 + left[e.From], number: count,
				})
			}
		}
	}
	return chains, false
}

// distances returns for each pick how many edges it is away from the nearest root.
func (g *Graph) distances() []int {
	far := make([]int, len(g.Picks))
	var order []int
	for i, p := range g.Picks {
		far[i] = math.MaxInt
		if p.IsRoot() {
			order, far[i] = append(order, i), 0
		}
	}
	for at := 0; at < len(order); at++ {
		for _, e := range g.asked[order[at]] {
			if far[e.To] == math.MaxInt {
				order, far[e.To] = append(order, e.To), far[order[at]]+1
			}
		}
	}
	return far
}

// step is the first step of an unfinished chain.
type step struct {
	at            int
	edge          Edge  // that leads on
	after         *step // nil at the target
	length, total int   // edges so far, and at least when it is finished
	number        int   // of the search's turn that found it
}

func (s *step) passes(pick int) bool {
	for ; s != nil; s = s.after {
		if s.at == pick {
			return true
		}
	}
	return false
}

func (g *Graph) chain(s *step) []Pick {
	chain := []Pick{g.Picks[s.at]}
	for ; s.after != nil; s = s.after {
		chain = append(chain, Pick{g.Picks[s.after.at].Package, s.edge.Reason})
	}
	return chain
}

// steps is a heap of unfinished chains; of equal ones the one that is further comes first.
type steps []*step

func (s steps) Len() int { return len(s) }
func (s steps) Less(i, j int) bool {
	a, b := s[i], s[j]
	return cmp.Or(cmp.Compare(a.total, b.total), cmp.Compare(b.length, a.length), cmp.Compare(a.number, b.number), cmp.Compare(a.at, b.at)) < 0
}
func (s steps) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *steps) Push(x any)   { *s = append(*s, x.(*step)) }
func (s *steps) Pop() any {
	last := len(*s) - 1
	x := (*s)[last]
	*s = slices.Delete(*s, last, last+1)
	return x
}
