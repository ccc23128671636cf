package solver

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestTogetherPicksOneWitness(t *testing.T) {
	for _, test := range []struct {
		name, packages  string
		seeds           []string
		picks, conflict []string
	}{{
		name:     "alternatives that go with each other",
		packages: "a 1; requires x | y\nb 1; conflicts x\nx 1\ny 1",
		seeds:    []string{"a", "b"},
		picks:    []string{"a 1", "b 1", "y 1"},
	}, {
		name:     "an older version, where the newest does not go with the others",
		packages: "a 1\na 2; conflicts b\nb 1",
		seeds:    []string{"a", "b"},
		picks:    []string{"a 1", "b 1"},
	}, {
		name:     "one version that all can do with",
		packages: "a 1; requires x\nb 1; requires x (< 2)\nx 1\nx 2",
		seeds:    []string{"a", "b"},
		picks:    []string{"a 1", "b 1", "x 1"},
	}, {
		name:     "seeds that exclude each other",
		packages: "a 1\nb 1; requires c\nc 1; conflicts a",
		seeds:    []string{"a", "b"},
		picks:    []string{"a 1", "b 1", "c 1"},
		conflict: []string{"b: b 1 requires c; c 1 conflicts with a"},
	}} {
		t.Run(test.name, func(t *testing.T) {
			s := Solve(catalog(t, test.packages), seeds(t, test.seeds...), Options{Native: "amd64", Together: true})
			if diff := cmp.Diff(test.picks, names(s.Picks)); diff != "" {
				t.Errorf("picks (-want +got):\n%s", diff)
			}
			var conflicts []string
			for _, c := range s.Conflicts {
				conflicts = append(conflicts, c.Seed+": "+c.Reason)
			}
			if diff := cmp.Diff(test.conflict, conflicts); diff != "" {
				t.Errorf("conflicts (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTogether: the picks can be installed together whenever any set can that has one
// package of each seed, and only then nothing is reported.
func TestTogether(t *testing.T) {
	for name, kind := range map[string]universes{"plain": {}, "virtual": {virtual: true}, "complete": {virtual: true, complete: true}} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				all := kind.draw(t, 9)
				list := []Seed{{Pattern: "a"}, {Pattern: "b"}, {Pattern: "c"}}
				s := Solve(kind.catalog(all), list, Options{Native: "amd64", Foreign: []string{"i386"}, Recommends: true, Together: true})
				var answers [][]*repo.Package
				for _, seed := range list {
					var own, foreign []*repo.Package
					for _, p := range all {
						switch {
						case p.Name != seed.Pattern:
						case p.On("amd64", "amd64"):
							own = append(own, p)
						default:
							foreign = append(foreign, p)
						}
					}
					if own == nil {
						own = foreign
					}
					if own != nil {
						answers = append(answers, own)
					}
				}
				if len(answers) == 0 || len(s.Renamed) > 0 {
					t.Skip("no seeds")
				}
				possible := false
				kind.checks().subsets(all, nil, func(set []*repo.Package) bool {
					possible = !slices.ContainsFunc(answers, func(of []*repo.Package) bool {
						return !slices.ContainsFunc(of, func(p *repo.Package) bool { return slices.Contains(set, p) })
					})
					return !possible
				})
				problems := kind.checks().problems(picked(s))
				if reported := len(s.Unresolved)+len(s.Conflicts) > 0; reported == possible || reported != (len(problems) > 0) {
					t.Fatalf("installable: %v; picks %v; problems %q; reports %q; of\n%s", possible, names(s.Picks), problems, reports(s), describe(all))
				}
			})
		})
	}
}
