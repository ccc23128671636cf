package drawing

import (
	"cmp"
	"slices"
)

// layout is where the boxes of a graph stand: in layers, each edge leading to a later
// layer. An edge that passes layers has a point in each of them.
type layout struct {
	nodes  []node // those of the graph, then the points of long edges
	layers [][]int
	lines  [][]int // along the nodes that they pass
	backs  []line  // edges that lead back to an earlier layer, since they close a cycle
}

type node struct {
	layer         int
	height        int // 0 for a point
	before, after []int
	y             int // of its middle
}

type line struct{ from, to int }

// arrange lays out a graph of boxes of one height. Edges that follow from others, since
// there is a longer way, are not drawn. The starts are all boxes, in the order in which
// edges that lead back are looked for.
func arrange(starts []int, edges []line, height, gap int) *layout {
	n := len(starts)
	l := &layout{nodes: make([]node, n)}
	forward, backs := acyclic(starts, edges)
	l.backs = backs
	order := sorted(n, forward)
	forward = reduced(n, order, forward)
	for i := range l.nodes {
		l.nodes[i].height = height
	}
	l.rank(order, forward)
	for _, e := range forward {
		l.addLine(e)
	}
	for i, x := range l.nodes {
		for len(l.layers) <= x.layer {
			l.layers = append(l.layers, nil)
		}
		l.layers[x.layer] = append(l.layers[x.layer], i)
	}
	l.untangle()
	l.place(gap)
	return l
}

// acyclic parts the edges that close a cycle from the others, depth first from each of
// the nodes.
func acyclic(starts []int, edges []line) (forward, backs []line) {
	n := len(starts)
	out := neighbours(n, edges)
	const (
		unseen = iota
		open
		done
	)
	state, next := make([]int, n), make([]int, n)
	for _, start := range starts {
		if state[start] != unseen {
			continue
		}
		state[start] = open
		for path := []int{start}; len(path) > 0; {
			at := path[len(path)-1]
			if next[at] == len(out[at]) {
				state[at] = done
				path = path[:len(path)-1]
				continue
			}
			to := out[at][next[at]]
			next[at]++
			switch state[to] {
			case open:
				backs = append(backs, line{at, to})
				continue
			case unseen:
				state[to] = open
				path = append(path, to)
			}
			forward = append(forward, line{at, to})
		}
	}
	return forward, backs
}

// neighbours are the ends of the edges of each node.
func neighbours(n int, edges []line) [][]int {
	out := make([][]int, n)
	for _, e := range edges {
		out[e.from] = append(out[e.from], e.to)
	}
	return out
}

// sorted returns the nodes in an order in which every edge leads forward.
func sorted(n int, edges []line) (order []int) {
	out, missing := neighbours(n, edges), make([]int, n)
	for _, e := range edges {
		missing[e.to]++
	}
	for i := range n {
		if missing[i] == 0 {
			order = append(order, i)
		}
	}
	for at := 0; at < len(order); at++ {
		for _, to := range out[order[at]] {
			if missing[to]--; missing[to] == 0 {
				order = append(order, to)
			}
		}
	}
	return order
}

// reduced returns the edges beside which there is no longer way (the transitive
// reduction).
func reduced(n int, order []int, edges []line) (kept []line) {
	out := neighbours(n, edges)
	position := make([]int, n)
	for i, x := range order {
		position[x] = i
	}
	words := (n + 63) / 64
	reach := make([][]uint64, n) // what is reached from a node, itself included
	for i := len(order) - 1; i >= 0; i-- {
		from := order[i]
		set := make([]uint64, words)
		set[from/64] |= 1 << (from % 64)
		next := slices.Clone(out[from])
		slices.SortFunc(next, func(a, b int) int { return cmp.Compare(position[a], position[b]) })
		for _, to := range next {
			if set[to/64]>>(to%64)&1 == 1 {
				continue
			}
			kept = append(kept, line{from, to})
			for w := range set {
				set[w] |= reach[to][w]
			}
		}
		reach[from] = set
	}
	slices.SortFunc(kept, func(a, b line) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	return kept
}

// rank puts each node in the layer behind all that lead to it, and what nothing leads
// to as near as can be to what it leads to.
func (l *layout) rank(order []int, edges []line) {
	out, in := neighbours(len(l.nodes), edges), make([]int, len(l.nodes))
	for _, e := range edges {
		in[e.to]++
	}
	for _, from := range order {
		for _, to := range out[from] {
			l.nodes[to].layer = max(l.nodes[to].layer, l.nodes[from].layer+1)
		}
	}
	for from, ends := range out {
		if in[from] > 0 || len(ends) == 0 {
			continue
		}
		nearest := l.nodes[ends[0]].layer
		for _, to := range ends {
			nearest = min(nearest, l.nodes[to].layer)
		}
		l.nodes[from].layer = nearest - 1
	}
}

// addLine adds an edge, with a point in each layer that it passes.
func (l *layout) addLine(e line) {
	path := []int{e.from}
	for layer := l.nodes[e.from].layer + 1; layer < l.nodes[e.to].layer; layer++ {
		path = append(path, len(l.nodes))
		l.nodes = append(l.nodes, node{layer: layer})
	}
	path = append(path, e.to)
	for i := 1; i < len(path); i++ {
		a, b := path[i-1], path[i]
		l.nodes[a].after = append(l.nodes[a].after, b)
		l.nodes[b].before = append(l.nodes[b].before, a)
	}
	l.lines = append(l.lines, path)
}

// sweeps is how often the layers are gone through, there and back.
const sweeps = 12

// untangle orders each layer so that few edges cross: every node goes to the middle of
// its neighbours in the layer before, and on the way back in the layer after.
func (l *layout) untangle() {
	position := make([]int, len(l.nodes))
	number := func(layer []int) {
		for i, x := range layer {
			position[x] = i
		}
	}
	for _, layer := range l.layers {
		number(layer)
	}
	sort := func(layer []int, neighbours func(node) []int, size int) {
		key := make(map[int]int, len(layer))
		for i, x := range layer {
			key[x] = 2 * i * size // a node without neighbours stays where it is, in proportion
			if of := neighbours(l.nodes[x]); len(of) > 0 {
				sum := 0
				for _, y := range of {
					sum += position[y]
				}
				key[x] = (2*sum + 1) * len(layer) / len(of)
			}
		}
		slices.SortStableFunc(layer, func(a, b int) int { return cmp.Compare(key[a], key[b]) })
		number(layer)
	}
	for range sweeps {
		for i := 1; i < len(l.layers); i++ {
			sort(l.layers[i], func(x node) []int { return x.before }, len(l.layers[i-1]))
		}
		for i := len(l.layers) - 2; i >= 0; i-- {
			sort(l.layers[i], func(x node) []int { return x.after }, len(l.layers[i+1]))
		}
	}
}

// place gives the nodes of each layer their heights: as near as can be to the middle of
// their neighbours, in order and without touching.
func (l *layout) place(gap int) {
	for _, layer := range l.layers {
		y := 0
		for _, x := range layer {
			y += l.nodes[x].height/2 + gap/2
			l.nodes[x].y = y
			y += l.nodes[x].height/2 + gap/2
		}
	}
	for sweep := range 2 * sweeps {
		for i := range l.layers {
			if sweep%2 == 1 {
				i = len(l.layers) - 1 - i
			}
			l.settle(l.layers[i], gap)
		}
	}
	least := 0
	for i, x := range l.nodes {
		if top := x.y - x.height/2; i == 0 || top < least {
			least = top
		}
	}
	for i := range l.nodes {
		l.nodes[i].y -= least
	}
}

// settle moves the nodes of a layer to where they want to be, in order: neighbours that
// would overlap are put side by side around the mean of their wishes (pooling adjacent
// violators).
func (l *layout) settle(layer []int, gap int) {
	type pool struct{ sum, count int } // of wishes, as if nodes had no height
	var pools []pool
	offsets := make([]int, len(layer))
	mean := func(p pool) int { return floorDiv(p.sum, p.count) }
	for i, x := range layer {
		if i > 0 {
			offsets[i] = offsets[i-1] + (l.nodes[layer[i-1]].height+l.nodes[x].height)/2 + gap
		}
		pools = append(pools, pool{l.wish(x) - offsets[i], 1})
		for len(pools) > 1 && mean(pools[len(pools)-2]) >= mean(pools[len(pools)-1]) {
			last := pools[len(pools)-1]
			pools = pools[:len(pools)-1]
			pools[len(pools)-1].sum += last.sum
			pools[len(pools)-1].count += last.count
		}
	}
	i := 0
	for _, p := range pools {
		for range p.count {
			l.nodes[layer[i]].y = mean(p) + offsets[i]
			i++
		}
	}
}

// wish is the middle of a node's neighbours.
func (l *layout) wish(x int) int {
	n := &l.nodes[x]
	sum, count := 0, 0
	for _, of := range [][]int{n.before, n.after} {
		for _, y := range of {
			sum, count = sum+l.nodes[y].y, count+1
		}
	}
	if count == 0 {
		return n.y
	}
	return floorDiv(sum, count)
}

// floorDiv rounds down, also what is negative. Whole numbers keep drawings the same on
// every machine.
func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
