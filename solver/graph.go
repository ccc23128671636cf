package solver

import (
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Graph is picks, and which of them ask for which others.
type Graph struct {
	Picks []Pick
	index map[*repo.Package]int
	asked [][]Edge // by the pick that asks
	wants [][]Edge // by the pick that is asked for
}

// Edge says that one pick asks for another.
type Edge struct {
	From, To int    // indices in Picks
	Reason   Reason // Reason.By is the package that asks
}

// NewGraph returns the graph of picks of a catalog: every relation that the options
// follow leads to all picks that satisfy it. One with a condition does where the picks
// meet the condition.
func NewGraph(c *repo.Catalog, picks []Pick, o Options) *Graph {
	g := &Graph{index: make(map[*repo.Package]int, len(picks))}
	foreign := slices.Clone(o.Foreign)
	for _, p := range picks {
		g.add(p)
		if !slices.Contains(foreign, p.Package.Architecture) {
			foreign = append(foreign, p.Package.Architecture)
		}
	}
	u := newUniverse(c, o, foreign)
	for k, p := range c.Packages {
		if i, ok := g.index[p]; ok && !p.IsSource() {
			g.addNeeds(u, int32(k), i)
		}
	}
	for i, p := range g.Picks { // what stands in for something that nothing satisfies, and the like
		if from, ok := g.index[p.Reason.By]; ok {
			g.connect(Edge{from, i, p.Reason})
		}
	}
	return g
}

// Join returns one graph of several, such as those of the architectures of a mirror.
func Join(graphs ...*Graph) *Graph {
	all := &Graph{index: map[*repo.Package]int{}}
	for _, g := range graphs {
		for _, p := range g.Picks {
			all.add(p)
		}
		for e := range g.Edges {
			all.connect(Edge{all.index[g.Picks[e.From].Package], all.index[g.Picks[e.To].Package], e.Reason})
		}
	}
	return all
}

// Edges yields the edges, in the order of the picks that ask and of their relations.
func (g *Graph) Edges(yield func(Edge) bool) {
	for _, edges := range g.asked {
		for _, e := range edges {
			if !yield(e) {
				return
			}
		}
	}
}

// Part returns the graph of the given picks and of what they ask for, directly and
// indirectly, or with reverse of what asks for them: as many steps away as the depth,
// or without end if it is 0.
func (g *Graph) Part(packages []*repo.Package, depth int, reverse bool) *Graph {
	steps := map[int]int{} // from the given ones, by pick
	var order []int
	for _, p := range packages {
		if i, ok := g.index[p]; ok {
			order, steps[i] = append(order, i), 0
		}
	}
	for at := 0; at < len(order); at++ {
		from := order[at]
		if depth > 0 && steps[from] == depth {
			continue
		}
		for _, e := range g.edgesOf(from, reverse) {
			to := e.end(reverse)
			if _, known := steps[to]; !known {
				order, steps[to] = append(order, to), steps[from]+1
			}
		}
	}
	part := &Graph{index: map[*repo.Package]int{}}
	for i, p := range g.Picks {
		if _, ok := steps[i]; ok {
			part.add(p)
		}
	}
	for e := range g.Edges {
		from, a := part.index[g.Picks[e.From].Package]
		to, b := part.index[g.Picks[e.To].Package]
		if a && b {
			part.connect(Edge{from, to, e.Reason})
		}
	}
	return part
}

// edgesOf are what a pick asks for, or in reverse what asks for it.
func (g *Graph) edgesOf(pick int, reverse bool) []Edge {
	if reverse {
		return g.wants[pick]
	}
	return g.asked[pick]
}

// end is where an edge leads to.
func (e Edge) end(reverse bool) int {
	if reverse {
		return e.From
	}
	return e.To
}

// IsRoot reports whether a pick was asked for itself, by a seed or as mandatory.
func (p Pick) IsRoot() bool { return p.Reason.Seed != "" || p.Reason.Mandatory }

// add adds a pick. One that is there already becomes a root if it is one in its own right.
func (g *Graph) add(p Pick) {
	i, known := g.index[p.Package]
	switch {
	case !known:
		g.index[p.Package] = len(g.Picks)
		g.Picks, g.asked, g.wants = append(g.Picks, p), append(g.asked, nil), append(g.wants, nil)
	case p.IsRoot():
		g.Picks[i] = p
	}
}

// connect adds an edge, unless there is one of the two picks already.
func (g *Graph) connect(e Edge) {
	if e.From == e.To || slices.ContainsFunc(g.asked[e.From], func(x Edge) bool { return x.To == e.To }) {
		return
	}
	g.asked[e.From] = append(g.asked[e.From], e)
	g.wants[e.To] = append(g.wants[e.To], e)
}

// addNeeds adds the edges of the i-th pick, which is the package of the number.
func (g *Graph) addNeeds(u *universe, number int32, i int) {
	has := func(q int32) bool {
		if u.isAssumed(q) {
			return true
		}
		_, ok := g.index[u.at(q)]
		return ok
	}
	for k := range u.rules(number).needs {
		n := &u.rules(number).needs[k]
		if !n.counts(has) {
			continue
		}
		for _, q := range n.candidates {
			if to, ok := g.index[u.at(q)]; ok && !u.isAssumed(q) {
				g.connect(Edge{i, to, Reason{By: u.at(number), Relation: *u.relation(reference{number, int32(k)})}})
			}
		}
	}
}

// counts reports whether the condition of a need is met where just the given packages
// are in.
func (n *need) counts(has func(int32) bool) bool {
	if n.when == nil {
		return true
	}
	if slices.ContainsFunc(n.when.in, func(q int32) bool { return !has(q) }) || slices.ContainsFunc(n.when.out, has) {
		return false
	}
	if n.when.also != nil {
		by, _ := n.when.also.met(has)
		return len(by) > 0
	}
	return true
}
