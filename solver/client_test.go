package solver

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestRefused(t *testing.T) {
	for _, test := range []struct {
		name, packages string
		seeds          []string
		want           []string // the seed, why, and what to install
	}{{
		name:     "an older version that another seed's newer one hides",
		packages: "a 1; requires b (< 2)\nb 1\nb 2\nc 1; requires b (>= 2)",
		seeds:    []string{"a", "c"},
		want:     []string{"a: it needs b 1, but clients choose b 2 by themselves: a 1, b 1"},
	}, {
		name:     "an older version that the client sees alone",
		packages: "a 1; requires b (< 2)\nb 1\nb 2",
		seeds:    []string{"a"},
	}, {
		name:     "a version that the client is told",
		packages: "a 1\na 2\nb 1; requires a",
		seeds:    []string{"a (= 1)", "b"},
	}, {
		name:     "a choice that turns out to be wrong when it is done with",
		packages: "a 1; requires x, y\nx 1; requires l | y\nl 1; breaks y\ny 1\nm 1; requires l",
		seeds:    []string{"a", "m"},
		want:     []string{"a: clients choose l 1 and stay with it; l 1 breaks y: a 1, y 1"},
	}, {
		name:     "a choice that what comes later takes the place of",
		packages: "a 1; requires x, y\nx 1; requires l | y\nl 1\ny 1; conflicts l\nm 1; requires l",
		seeds:    []string{"a", "m"},
	}, {
		name:     "a choice that turns out to be wrong at once",
		packages: "a 1; requires y, x\nx 1; requires l | y\nl 1; requires k\nk 1; breaks y\ny 1\nm 1; requires l",
		seeds:    []string{"a", "m"},
	}, {
		name:     "seeds that exclude each other are asked for one by one",
		packages: "a 1; conflicts b\nb 1",
		seeds:    []string{"a", "b"},
	}} {
		t.Run(test.name, func(t *testing.T) {
			s := Solve(catalog(t, test.packages), seeds(t, test.seeds...), Options{Native: "amd64"})
			var got []string
			for _, r := range s.Refused {
				text := r.Seed + ": " + r.Reason + ":"
				for i, p := range r.Install {
					if i > 0 {
						text += ","
					}
					text += " " + p.Name + " " + p.Version
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("refused (-want +got):\n%s", diff)
			}
		})
	}
}

// TestClient: a seed is refused at least where no set of the picks has its best version and
// of everything else only the best; with what it says to install there is one.
func TestClient(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := universes{virtual: true}.draw(t, 10)
		var list []Seed
		for _, name := range someNames[:3] {
			list = append(list, Seed{Pattern: name})
		}
		s := Solve(repo.NewCatalog(repo.BasicRules{Versions: numbers{}}, all), list, Options{Native: "amd64"})
		mirror := picked(s)
		best := map[string]*repo.Package{}
		for _, p := range mirror {
			if q := best[p.Name]; q == nil || p.Version > q.Version {
				best[p.Name] = p
			}
		}
		finds := func(named ...*repo.Package) (found bool) {
			regarded := slices.DeleteFunc(slices.Clone(mirror), func(p *repo.Package) bool {
				return p != best[p.Name] && !slices.Contains(named, p)
			})
			return checks.installable(regarded, named...)
		}
		for _, seed := range list {
			unseen := func(label string) bool { return label == seed.Pattern }
			if best[seed.Pattern] == nil || slices.ContainsFunc(s.Renamed, func(r Renamed) bool { return unseen(r.Seed.Pattern) }) ||
				slices.ContainsFunc(s.Conflicts, func(c Conflict) bool { return unseen(c.Seed) }) || len(s.Unresolved) > 0 {
				continue
			}
			i := slices.IndexFunc(s.Refused, func(r Refused) bool { return unseen(r.Seed) })
			if found := finds(best[seed.Pattern]); !found && i < 0 {
				t.Fatalf("the client finds %s: %v; refused %v; picks %v; of\n%s", seed, found, s.Refused, names(s.Picks), describe(all))
			}
			if i >= 0 && !finds(s.Refused[i].Install...) {
				t.Fatalf("%s cannot be installed from %v; of\n%s", s.Refused[i].Install, names(s.Picks), describe(all))
			}
		}
	})
}
