package solver

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// graph solves and returns the graph of what was picked.
func graph(t testing.TB, c *repo.Catalog, o Options, wanted ...string) (*Graph, *Solution) {
	t.Helper()
	o.Native = "amd64"
	s := Solve(c, seeds(t, wanted...), o)
	return NewGraph(c, s.Picks, o), s
}

func pickOf(t testing.TB, g *Graph, name string) *repo.Package {
	t.Helper()
	for _, p := range g.Picks {
		if p.Package.Name == name {
			return p.Package
		}
	}
	t.Fatalf("%s is not picked", name)
	return nil
}

func edges(g *Graph) (all []string) {
	for e := range g.Edges {
		all = append(all, g.Picks[e.From].Package.Name+" > "+g.Picks[e.To].Package.Name+": "+e.Reason.String())
	}
	return all
}

func TestGraph(t *testing.T) {
	c := completeCatalog(t, `
		a 1; requires b | c, v, ((d if c)), ((x if missing)); recommends e; suggests f
		b 1
		c 1
		d 1; requires a
		e 1; provides v
		f 1
		g 1; supplements a
		x 1
		y 1
	`)
	g, _ := graph(t, c, Options{Recommends: true}, "a", "c", "x")
	want := []string{
		"a > b: a 1 requires b | c",
		"a > c: a 1 requires b | c",
		"a > e: a 1 requires v",
		"a > d: a 1 requires (d if c)",
		"a > g: supplements a 1",
		"d > a: d 1 requires a",
	}
	got := edges(g)
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Graphs of several machines are one graph, in which a package of all stands once.
func TestJoin(t *testing.T) {
	c := catalog(t, "app 1 all; requires lib\nlib 1 amd64\nlib 1 arm64")
	var graphs []*Graph
	for _, native := range []string{"amd64", "arm64"} {
		o := Options{Native: native}
		graphs = append(graphs, NewGraph(c, Solve(c, seeds(t, "app"), o).Picks, o))
	}
	g := Join(graphs...)
	if got := names(g.Picks); len(got) != 3 || len(edges(g)) != 2 {
		t.Errorf("picks %v, edges %v", got, edges(g))
	}
}

func TestPart(t *testing.T) {
	g, _ := graph(t, catalog(t, "a 1; requires b, c\nb 1; requires d\nc 1\nd 1; requires b\ne 1; requires d"), Options{}, "a", "e")
	for name, test := range map[string]struct {
		of      string
		depth   int
		reverse bool
		want    []string
	}{
		"all":                     {"a", 0, false, []string{"a 1", "b 1", "c 1", "d 1"}},
		"one level":               {"a", 1, false, []string{"a 1", "b 1", "c 1"}},
		"what asks for it":        {"b", 0, true, []string{"a 1", "b 1", "d 1", "e 1"}},
		"what asks for it itself": {"b", 1, true, []string{"a 1", "b 1", "d 1"}},
	} {
		if diff := cmp.Diff(test.want, names(g.Part([]*repo.Package{pickOf(t, g, test.of)}, test.depth, test.reverse).Picks)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestChains(t *testing.T) {
	c := catalog(t, `
		a 1; requires b, c
		b 1; requires c
		c 1; requires d, b
		d 1
		e 1; requires d
	`)
	g, _ := graph(t, c, Options{}, "a", "e")
	for _, test := range []struct {
		most int
		want []string
		more bool
	}{
		{1, []string{"e d"}, true},
		{2, []string{"e d", "a c d"}, true},
		{3, []string{"e d", "a c d", "a b c d"}, false},
		{20, []string{"e d", "a c d", "a b c d"}, false},
	} {
		chains, more := g.Chains(pickOf(t, g, "d"), test.most)
		if diff := cmp.Diff(test.want, path(chains)); diff != "" || more != test.more {
			t.Errorf("most %d: more %v; %s", test.most, more, diff)
		}
	}
	chains, _ := g.Chains(pickOf(t, g, "d"), 2)
	if got := chains[1][0].Reason.String() + ", " + chains[1][2].Reason.String(); got != "seed a, c 1 requires d" {
		t.Error(got)
	}
	if chains, more := g.Chains(&repo.Package{Name: "d"}, 20); chains != nil || more {
		t.Errorf("a package that is none of the picks has the chains %v", path(chains))
	}
}

// path writes chains as the names in them.
func path(chains [][]Pick) (all []string) {
	for _, chain := range chains {
		var names []string
		for _, p := range chain {
			names = append(names, p.Package.Name)
		}
		all = append(all, strings.Join(names, " "))
	}
	return all
}

// TestChainsAreAll: the chains are all ways through the graph from a root that pass no
// package twice, the shortest first, and the shortest is no longer than Why's.
func TestChainsAreAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := universes{virtual: true}.catalog(universes{virtual: true}.draw(t, 9))
		var wanted []Seed
		for _, name := range someNames[:rapid.IntRange(1, 3).Draw(t, "seeds")] {
			wanted = append(wanted, Seed{Pattern: name})
		}
		o := Options{Native: "amd64", Recommends: true}
		s := Solve(c, wanted, o)
		g := NewGraph(c, s.Picks, o)
		for i, p := range g.Picks {
			var want []string
			var walk func(at int, way []int)
			walk = func(at int, way []int) {
				if slices.Contains(way, at) {
					return
				}
				way = append(slices.Clone(way), at)
				if g.Picks[at].IsRoot() {
					var chain []Pick
					for _, x := range slices.Backward(way) {
						chain = append(chain, g.Picks[x])
					}
					want = append(want, path([][]Pick{chain})[0])
				}
				for e := range g.Edges {
					if e.To == at {
						walk(e.From, way)
					}
				}
			}
			walk(i, nil)
			chains, more := g.Chains(p.Package, 1000)
			if more {
				t.Fatalf("more than 1000 chains")
			}
			got := path(chains)
			if !slices.IsSortedFunc(chains, func(a, b []Pick) int { return len(a) - len(b) }) || len(got) == 0 || len(chains[0]) > len(s.chain(p.Package)) {
				t.Fatalf("chains %q, but Why has one of %d", got, len(s.chain(p.Package)))
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// drawn writes a tree as nested lists of names.
func drawn(t *Tree) string {
	text := t.Pick.Package.Name
	switch {
	case t.Repeated:
		text += "*"
	case t.Cut:
		text += "..."
	}
	var branches []string
	for _, b := range t.Branches {
		branches = append(branches, drawn(b))
	}
	if branches != nil {
		text += "(" + strings.Join(branches, " ") + ")"
	}
	return text
}

func TestTree(t *testing.T) {
	g, _ := graph(t, catalog(t, "a 1; requires b, c, e\nb 1; requires c, d\nc 1; requires d\nd 1; requires a\ne 1; requires c"), Options{}, "a")
	for name, test := range map[string]struct {
		of      string
		depth   int
		reverse bool
		want    string
	}{
		"nearest to the top": {"a", 0, false, "a(b(c* d(a*)) c(d*) e(c*))"},
		"one level":          {"a", 1, false, "a(b... c... e...)"},
		"two levels":         {"a", 2, false, "a(b(c* d...) c(d*) e(c*))"},
		"reverse":            {"d", 0, true, "d(b(a(d*)) c(a* b* e(a*)))"},
	} {
		if diff := cmp.Diff(test.want, drawn(g.Tree(pickOf(t, g, test.of), test.depth, test.reverse))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if g.Tree(&repo.Package{Name: "a"}, 0, false) != nil {
		t.Error("a package that is none of the picks has a tree")
	}
}

// TestTreeHasAll: a tree expands all that is reached, each once.
func TestTreeHasAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := universes{virtual: true, complete: true}
		c := kind.catalog(kind.draw(t, 9))
		o := Options{Native: "amd64", Foreign: []string{"i386"}, Recommends: true}
		g := NewGraph(c, Solve(c, []Seed{{Pattern: "a"}, {Pattern: "b"}}, o).Picks, o)
		reverse := rapid.Bool().Draw(t, "reverse")
		for _, p := range g.Picks {
			expanded, branches := map[*repo.Package]int{}, 0
			var walk func(*Tree)
			walk = func(x *Tree) {
				if !x.Repeated {
					expanded[x.Pick.Package]++
				}
				branches += len(x.Branches)
				for _, b := range x.Branches {
					walk(b)
				}
			}
			walk(g.Tree(p.Package, 0, reverse))
			part := g.Part([]*repo.Package{p.Package}, 0, reverse)
			count := 0
			for range part.Edges {
				count++
			}
			if branches != count || len(expanded) != len(part.Picks) {
				t.Fatalf("%d packages and %d branches, expected %d and %d", len(expanded), branches, len(part.Picks), count)
			}
			for x, n := range expanded {
				if e := g.edgesOf(g.index[x], reverse); n != 1 && len(e) > 0 {
					t.Fatalf("%s is expanded %d times", x, n)
				}
			}
		}
	})
}
