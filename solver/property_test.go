package solver

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

var (
	someNames = []string{"a", "b", "c", "d", "e"}
	checks    = checker{versions: numbers{}, native: "amd64"}
)

// universes draws small sets of packages.
type universes struct {
	virtual   bool // with provided names
	multiarch bool
	complete  bool // with rich and reverse relations, obsoletes, streams and two architectures
	selfish   bool // with packages that conflict with themselves, which means nothing
}

// catalog makes a catalog of what was drawn, of a format that has such.
func (u universes) catalog(all []*repo.Package) *repo.Catalog {
	if u.complete {
		return repo.NewCatalog(complete{repo.BasicRules{Versions: overlapping{}}}, all)
	}
	return repo.NewCatalog(repo.BasicRules{Versions: numbers{}}, all)
}

func (u universes) checks() checker {
	return checker{versions: u.catalog(nil).Rules(), native: "amd64", complete: u.complete}
}

func (u universes) draw(t *rapid.T, most int) (all []*repo.Package) {
	known := map[string]bool{}
	for range rapid.IntRange(1, most).Draw(t, "packages") {
		p := &repo.Package{
			Name:         rapid.SampledFrom(someNames).Draw(t, "name"),
			Version:      version(t),
			Architecture: "amd64",
			MultiArch:    repo.Single,
		}
		if u.multiarch {
			p.Architecture = rapid.SampledFrom([]string{"amd64", "i386", "all"}).Draw(t, "architecture")
			p.MultiArch = rapid.SampledFrom([]repo.MultiArch{repo.Single, repo.Same, repo.Foreign, repo.Allowed}).Draw(t, "multi-arch")
		}
		if u.complete {
			p.Architecture = rapid.SampledFrom([]string{"amd64", "amd64", "noarch", "i386"}).Draw(t, "architecture")
			p.MultiArch = repo.Foreign
			if p.Name == "a" || p.Name == "b" {
				p.Detail = rapid.SampledFrom([]string{"", "", "m:1", "m:2"}).Draw(t, "line")
			}
		}
		if known[p.String()] {
			continue
		}
		known[p.String()] = true
		for range rapid.IntRange(0, 3).Draw(t, "relations") {
			p.Relations = append(p.Relations, u.relation(t))
		}
		if u.virtual && rapid.Bool().Draw(t, "provides") {
			x := repo.Provide{Name: rapid.SampledFrom([]string{"v", "w", "a"}).Draw(t, "provided")}
			if rapid.Bool().Draw(t, "versioned") {
				x.Version = version(t)
			}
			p.Provides = append(p.Provides, x)
		}
		p.Relations = slices.DeleteFunc(p.Relations, func(r repo.Relation) bool {
			return !u.selfish && r.Kind == repo.Conflicts && r.Rich != nil && u.checks().holds(p, r.Rich, []*repo.Package{p})
		})
		all = append(all, p)
	}
	return all
}

func (u universes) relation(t *rapid.T) (r repo.Relation) {
	if u.complete && rapid.Bool().Draw(t, "rich or so") {
		r.Kind = rapid.SampledFrom([]repo.Kind{
			repo.Requires, repo.Requires, repo.Requires, repo.Conflicts, repo.Obsoletes, repo.Recommends, repo.Supplements,
		}).Draw(t, "kind")
		if r.Kind == repo.Obsoletes {
			r.Alternatives = []repo.Dependency{u.dependency(t)}
		} else {
			r.Rich = u.rich(t, 2)
		}
		return r
	}
	r.Kind = rapid.SampledFrom([]repo.Kind{
		repo.Requires, repo.Requires, repo.Requires, repo.PreRequires, repo.Recommends, repo.Recommends, repo.Conflicts, repo.Breaks,
	}).Draw(t, "kind")
	alternatives := 1
	if r.Kind != repo.Conflicts && r.Kind != repo.Breaks {
		alternatives = rapid.IntRange(1, 2).Draw(t, "alternatives")
	}
	for range alternatives {
		r.Alternatives = append(r.Alternatives, u.dependency(t))
	}
	return r
}

func (u universes) dependency(t *rapid.T) repo.Dependency {
	asked := someNames
	if u.virtual {
		asked = append([]string{"v", "w", "missing"}, someNames...)
	}
	d := repo.Dependency{Name: rapid.SampledFrom(asked).Draw(t, "asked")}
	if rapid.IntRange(0, 2).Draw(t, "constrained") == 0 {
		d.Op = rapid.SampledFrom([]repo.Op{repo.Less, repo.LessEqual, repo.Equal, repo.GreaterEqual, repo.Greater}).Draw(t, "op")
		d.Version = version(t)
	}
	if u.multiarch && rapid.IntRange(0, 4).Draw(t, "qualified") == 0 {
		d.Architecture = rapid.SampledFrom([]string{"any", "i386", "amd64"}).Draw(t, "qualifier")
	}
	return d
}

// rich draws an expression of at most the depth, or of one package.
func (u universes) rich(t *rapid.T, depth int) *repo.Rich {
	ops := []repo.RichOp{repo.With, repo.Without, repo.Leaf, repo.Leaf, repo.Leaf}
	if depth > 0 {
		ops = []repo.RichOp{repo.And, repo.Or, repo.If, repo.Unless, repo.With, repo.Without, repo.If, repo.Leaf, repo.Leaf}
		if depth == 2 {
			ops = ops[:len(ops)-2]
		}
	}
	r := &repo.Rich{Op: rapid.SampledFrom(ops).Draw(t, "operator")}
	switch r.Op {
	case repo.Leaf:
		r.Dependency = u.dependency(t)
		return r
	case repo.With, repo.Without:
		for range 2 {
			r.Operands = append(r.Operands, &repo.Rich{Dependency: u.dependency(t)})
		}
		return r
	}
	operands := 2
	if r.Op == repo.If || r.Op == repo.Unless {
		operands = rapid.IntRange(2, 3).Draw(t, "operands")
	}
	for range operands {
		r.Operands = append(r.Operands, u.rich(t, depth-1))
	}
	return r
}

func version(t *rapid.T) string { return strconv.Itoa(rapid.IntRange(1, 3).Draw(t, "version")) }

func picked(s *Solution) (all []*repo.Package) {
	for _, p := range s.Picks {
		all = append(all, p.Package)
	}
	return all
}

func describe(all []*repo.Package) (text string) {
	for _, p := range all {
		text += fmt.Sprintf("%s, multi-arch %d, provides %v", p, p.MultiArch, p.Provides)
		for _, r := range p.Relations {
			text += fmt.Sprintf("; %s %s", r.Kind, r)
		}
		text += "\n"
	}
	return text
}

// TestWitness: a seed's picks can be installed whenever any set with the seed in it
// can be, and only then nothing is reported.
func TestWitness(t *testing.T) {
	for name, kind := range map[string]universes{
		"plain": {}, "virtual": {virtual: true}, "multiarch": {virtual: true, multiarch: true}, "complete": {virtual: true, complete: true},
	} {
		checks := kind.checks()
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				all := kind.draw(t, 9)
				name := rapid.SampledFrom(someNames).Draw(t, "seed")
				options := Options{Native: "amd64", Foreign: []string{"i386"}, Recommends: rapid.Bool().Draw(t, "recommends")}
				s := Solve(kind.catalog(all), []Seed{{Pattern: name}}, options)
				if len(s.Unknown) > 0 || len(s.Renamed) > 0 {
					t.Skip("the seed is not there")
				}
				architecture := "i386"
				if slices.ContainsFunc(all, func(p *repo.Package) bool { return p.Name == name && checks.architecture(p) == "amd64" }) {
					architecture = "amd64"
				}
				possible := slices.ContainsFunc(all, func(p *repo.Package) bool {
					return p.Name == name && checks.architecture(p) == architecture && checks.installable(all, p)
				})
				problems := checks.problems(picked(s))
				if reported := len(s.Unresolved)+len(s.Conflicts) > 0; reported == possible || reported != (len(problems) > 0) {
					t.Fatalf("installable: %v; picks %v; problems %q; reports %q; of\n%s", possible, names(s.Picks), problems, reports(s), describe(all))
				}
				for _, p := range s.Picks {
					if chain := s.chain(p.Package); len(chain) == 0 || chain[0].Reason.Seed != name {
						t.Fatalf("%s has no chain from the seed: %v", p.Package, chain)
					}
				}
			})
		})
	}
}

// TestRecommendsAreTakenWherePossible: none is left out that could be added to the
// picks, and none keeps a seed from being installed.
func TestRecommendsAreTakenWherePossible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := universes{virtual: true}.draw(t, 8)
		c := repo.NewCatalog(repo.BasicRules{Versions: numbers{}}, all)
		name := rapid.SampledFrom(someNames).Draw(t, "seed")
		with := Solve(c, []Seed{{Pattern: name}}, Options{Native: "amd64", Recommends: true})
		without := Solve(c, []Seed{{Pattern: name}}, Options{Native: "amd64"})
		if len(reports(with)) > 0 {
			if len(reports(without)) == 0 {
				t.Fatalf("with recommends: %q, without them none; of\n%s", reports(with), describe(all))
			}
			t.Skip("not installable")
		}
		set := picked(with)
		for _, p := range set {
			for _, r := range p.Relations {
				if r.Kind != repo.Recommends || checks.satisfied(p, r, set) {
					continue
				}
				for _, q := range all {
					if checks.satisfied(p, r, []*repo.Package{q}) && checks.installable(all, append(slices.Clone(set), q)...) {
						t.Fatalf("%s recommends %s, and %s can be added to %v; of\n%s", p, r, q, names(with.Picks), describe(all))
					}
				}
			}
		}
	})
}

// TestOrderOfSeeds: the order of seeds does not matter, and what can be installed for one
// alone can be installed from the answer to all of them.
func TestOrderOfSeeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := repo.NewCatalog(repo.BasicRules{Versions: numbers{}}, universes{virtual: true}.draw(t, 12))
		var list []Seed
		for _, name := range append([]string{"v", "[ab]", "nothing"}, someNames...) {
			list = append(list, Seed{Pattern: name})
		}
		list = list[:rapid.IntRange(1, len(list)).Draw(t, "seeds")]
		options := Options{Native: "amd64", Recommends: true}
		want := Solve(c, list, options)
		got := Solve(c, rapid.Permutation(list).Draw(t, "order"), options)
		samePackage := cmp.Comparer(func(p, q *repo.Package) bool { return p == q })
		if diff := cmp.Diff(want, got, samePackage); diff != "" {
			t.Fatalf("another order of seeds (-want +got):\n%s", diff)
		}
		set := picked(want)
		for _, seed := range list {
			alone := Solve(c, []Seed{seed}, options)
			if len(reports(alone)) > 0 {
				continue
			}
			for _, p := range alone.Picks {
				if p.Reason.Seed != "" && !slices.ContainsFunc(set, func(q *repo.Package) bool {
					return q.Name == p.Package.Name && checks.installable(set, q)
				}) {
					t.Fatalf("%s is picked for %s alone, but cannot be installed from %v", p.Package, seed, names(want.Picks))
				}
			}
		}
	})
}

// TestOrderOfPackages: where names decide between all packages, their order does not
// matter.
func TestOrderOfPackages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := universes{}.draw(t, 12)
		list := []Seed{{Pattern: "a"}, {Pattern: "b"}}
		options := Options{Native: "amd64", Recommends: true}
		want := Solve(repo.NewCatalog(repo.BasicRules{Versions: numbers{}}, all), list, options)
		got := Solve(repo.NewCatalog(repo.BasicRules{Versions: numbers{}}, rapid.Permutation(all).Draw(t, "order")), list, options)
		if diff := cmp.Diff(names(want.Picks), names(got.Picks)); diff != "" {
			t.Fatalf("picks in another order (-want +got):\n%s\nof\n%s", diff, describe(all))
		}
	})
}

// TestOrderWhereClientsGoByName: neither the order of packages nor that of seeds matters,
// and every seed has what it has alone.
func TestOrderWhereClientsGoByName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := universes{virtual: true, complete: true}
		all := kind.draw(t, 12)
		all = slices.DeleteFunc(all, func(p *repo.Package) bool { // between equal versions the order decides
			return p.Anywhere() && slices.ContainsFunc(all, func(q *repo.Package) bool {
				return q.Name == p.Name && q.Version == p.Version && q.Architecture == "amd64"
			})
		})
		var list []Seed
		for _, name := range someNames[:3] {
			list = append(list, Seed{Pattern: name})
		}
		options := Options{Native: "amd64", Foreign: []string{"i386"}, Recommends: true, Versions: rapid.IntRange(-1, 2).Draw(t, "versions")}
		want := Solve(kind.catalog(all), list, options)
		got := Solve(kind.catalog(rapid.Permutation(all).Draw(t, "packages")), rapid.Permutation(list).Draw(t, "seeds"), options)
		if diff := cmp.Diff(names(want.Picks), names(got.Picks)); diff != "" {
			t.Fatalf("picks in another order (-want +got):\n%s\nof\n%s", diff, describe(all))
		}
		for _, seed := range list {
			for _, p := range Solve(kind.catalog(all), []Seed{seed}, options).Picks {
				if !slices.Contains(picked(want), p.Package) {
					t.Fatalf("%s lacks %s beside other seeds; of\n%s", seed, p.Package, describe(all))
				}
			}
		}
		for _, p := range want.Picks {
			if chain := want.chain(p.Package); len(chain) == 0 || chain[0].Reason.Seed == "" {
				t.Fatalf("%s has no chain from a seed: %v; of\n%s", p.Package, chain, describe(all))
			}
		}
	})
}

// TestIrrelevantPackages: packages that nothing asks for change nothing.
func TestIrrelevantPackages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := universes{virtual: true}.draw(t, 9)
		var more []*repo.Package
		for i, p := range (universes{virtual: true}).draw(t, 9) {
			p.Name, p.Provides = "z"+strconv.Itoa(i), nil
			more = append(more, p)
		}
		list := []Seed{{Pattern: "a"}, {Pattern: "b"}}
		options := Options{Native: "amd64", Recommends: true}
		want := Solve(repo.NewCatalog(repo.BasicRules{Versions: numbers{}}, all), list, options)
		got := Solve(repo.NewCatalog(repo.BasicRules{Versions: numbers{}}, slices.Concat(all, more)), list, options)
		if diff := cmp.Diff(names(want.Picks), names(got.Picks)); diff != "" {
			t.Fatalf("picks beside others (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(reports(want), reports(got)); diff != "" {
			t.Fatalf("reports beside others (-want +got):\n%s", diff)
		}
	})
}

// TestAssumed: the picks can be installed beside the assumed packages, less those
// that they replace, if any set can that keeps every assumed name.
func TestAssumed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := universes{}.draw(t, 7)
		assumed := universes{}.draw(t, 3)
		for _, p := range assumed {
			p.Relations = slices.DeleteFunc(p.Relations, func(r repo.Relation) bool { return r.Kind.Hard() })
		}
		if len(checks.problems(assumed)) > 0 {
			t.Skip("such a machine cannot be")
		}
		name := rapid.SampledFrom(someNames).Draw(t, "seed")
		s := Solve(repo.NewCatalog(repo.BasicRules{Versions: numbers{}}, all), []Seed{{Pattern: name}}, Options{Native: "amd64", Assumed: assumed})
		if len(s.Unknown) > 0 {
			t.Skip("the seed is not there")
		}
		set := picked(s)
		for _, p := range assumed {
			if !slices.ContainsFunc(set, func(q *repo.Package) bool { return q.Name == p.Name }) {
				set = append(set, p)
			}
		}
		possible := false
		for _, p := range all {
			if p.Name == name {
				checks.subsets(slices.Concat(all, assumed), []*repo.Package{p}, func(set []*repo.Package) bool {
					possible = !slices.ContainsFunc(assumed, func(p *repo.Package) bool {
						return !slices.ContainsFunc(set, func(q *repo.Package) bool { return q.Name == p.Name })
					})
					return !possible
				})
			}
			if possible {
				break
			}
		}
		problems := checks.problems(set)
		if reported := len(s.Unresolved)+len(s.Conflicts) > 0; reported == possible || reported != (len(problems) > 0) {
			t.Fatalf("installable: %v; picks %v; problems %q; reports %q; assumed\n%sof\n%s",
				possible, names(s.Picks), problems, reports(s), describe(assumed), describe(all))
		}
	})
}

// TestBudget: a search that is given up still ends with a closure and says so.
func TestBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := universes{virtual: true}.draw(t, 9)
		u := newUniverse(repo.NewCatalog(repo.BasicRules{Versions: numbers{}}, all), Options{Native: "amd64"}, nil)
		wishes, _ := u.wishes([]Seed{{Pattern: "a"}})
		if len(wishes) == 0 {
			t.Skip("the seed is not there")
		}
		s := newSearch(u)
		s.budget = rapid.IntRange(0, 3).Draw(t, "budget")
		w := s.witness(wishes[0].candidates)
		var set []*repo.Package
		for _, m := range w.members {
			set = append(set, u.at(m.number))
		}
		if problems := checks.problems(set); (len(problems) > 0) != (len(w.broken) > 0) {
			t.Fatalf("problems %q, but %d facts are reported as broken; of\n%s", problems, len(w.broken), describe(all))
		}
	})
}

// TestHardRequest: pigeons that each need a hole of their own, one too few, are
// beyond any search of this kind; the answer comes nevertheless.
func TestHardRequest(t *testing.T) {
	text := "a 1"
	for pigeon := range 12 {
		text += fmt.Sprintf("; requires p%d", pigeon)
	}
	for pigeon := range 12 {
		text += fmt.Sprintf("\np%d 1; requires ", pigeon)
		for hole := range 11 {
			if hole > 0 {
				text += " | "
			}
			text += fmt.Sprintf("p%dh%d", pigeon, hole)
		}
		for hole := range 11 {
			text += fmt.Sprintf("\np%dh%d 1; provides h%d; conflicts h%d", pigeon, hole, hole, hole)
		}
	}
	s := Solve(catalog(t, text), seeds(t, "a"), Options{Native: "amd64"})
	if len(s.Picks) != 25 || len(s.Conflicts) == 0 {
		t.Errorf("%d picks and %d conflicts, expected the pigeons with a hole each and a report", len(s.Picks), len(s.Conflicts))
	}
}
