package solver

import "github.com/mirrorkeeper/mirrorkeeper/repo"

// Tree is a pick with what it asks for, or in reverse with what asks for it.
type Tree struct {
	// Pick has, but for the top of a tree, the reason by which the branch hangs on the
	// one above.
	Pick Pick
	// Repeated is true where the branches stand at another place of the tree, nearer to
	// its top.
	Repeated bool
	// Cut is true where there are branches, deeper than was asked for.
	Cut      bool
	Branches []*Tree
}

// Tree returns the tree of a pick, nil for a package that is none. With reverse it
// leads to what asks for the pick. Each package's branches stand once, at the place that
// is nearest to the top. The depth is the number of levels below the top, 0 for all.
func (g *Graph) Tree(p *repo.Package, depth int, reverse bool) *Tree {
	at, ok := g.index[p]
	if !ok {
		return nil
	}
	type open struct {
		*Tree
		pick, level int
	}
	top := &Tree{Pick: g.Picks[at]}
	shown := map[int]bool{at: true}
	for queue := []open{{top, at, 0}}; len(queue) > 0; {
		next := queue[0]
		queue = queue[1:]
		edges := g.edgesOf(next.pick, reverse)
		switch {
		case len(edges) == 0:
			continue
		case depth > 0 && next.level == depth:
			next.Cut = true
			continue
		}
		for _, e := range edges {
			to := e.end(reverse)
			branch := &Tree{Pick: Pick{g.Picks[to].Package, e.Reason}}
			next.Branches = append(next.Branches, branch)
			if shown[to] {
				branch.Repeated = len(g.edgesOf(to, reverse)) > 0
				continue
			}
			shown[to] = true
			queue = append(queue, open{branch, to, next.level + 1})
		}
	}
	return top
}
