package solver

import (
	"cmp"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestAlternatives(t *testing.T) {
	const text = `
		a 1; requires b | c | v
		b 1
		c 1; requires d | e
		d 1; requires missing
		d 2; requires missing
		e 1
		p 1; provides v; conflicts a
		q 1; provides v
		q 2; provides v; requires missing
		r 1; provides v; recommends s
		s 1`
	for _, test := range []struct {
		name    string
		options Options
		want    []string
	}{
		{"the first", Options{}, []string{"a 1", "b 1"}},
		{"a preferred one", Options{Prefer: []string{"c"}}, []string{"a 1", "c 1", "e 1"}},
		{"a preferred provider, by a pattern", Options{Prefer: []string{"nothing", "[pqr]"}}, []string{"a 1", "r 1"}},
		{"what is preferred but cannot be installed", Options{Prefer: []string{"p", "d"}}, []string{"a 1", "b 1"}},
		{"all that can be installed", Options{Alternatives: AlternativesAll}, []string{"a 1", "b 1", "c 1", "e 1", "q 1", "r 1"}},
		{"all, and what they recommend", Options{Alternatives: AlternativesAll, Recommends: true}, []string{"a 1", "b 1", "c 1", "e 1", "q 1", "r 1", "s 1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Native = "amd64"
			s := Solve(catalog(t, text), seeds(t, "a"), test.options)
			if diff := gocmp.Diff(test.want, names(s.Picks)); diff != "" {
				t.Errorf("picks (-want +got):\n%s", diff)
			}
			for _, p := range s.Picks {
				if chain := s.chain(p.Package); len(chain) == 0 || chain[0].Reason.Seed != "a" {
					t.Errorf("%s has no chain from the seed", p.Package)
				}
			}
		})
	}
}

func TestPreferAnswersOfSeeds(t *testing.T) {
	c := catalog(t, "p 1; provides v\nq 1; provides v")
	for _, name := range []string{"p", "q"} {
		s := Solve(c, seeds(t, "v"), Options{Native: "amd64", Prefer: []string{name}})
		if diff := gocmp.Diff([]string{name + " 1"}, names(s.Picks)); diff != "" {
			t.Errorf("picks where %s is preferred (-want +got):\n%s", name, diff)
		}
	}
}

// TestAlternativesAll: for every relation of a pick that is followed, of each name that
// satisfies it the highest version is picked that any set can have.
func TestAlternativesAll(t *testing.T) {
	kind := universes{virtual: true}
	rapid.Check(t, func(t *rapid.T) {
		all := kind.draw(t, 9)
		options := Options{Native: "amd64", Recommends: rapid.Bool().Draw(t, "recommends")}
		list := []Seed{{Pattern: "a"}, {Pattern: "b"}}
		first := picked(Solve(kind.catalog(all), list, options))
		options.Alternatives = AlternativesAll
		picks := picked(Solve(kind.catalog(all), list, options))
		for _, p := range first {
			if !slices.Contains(picks, p) {
				t.Fatalf("%s is picked, but not with all alternatives; of\n%s", p, describe(all))
			}
		}
		possible := func(q *repo.Package) bool { return checks.installable(all, q) }
		for _, p := range picks {
			for _, r := range p.Relations {
				followed := r.Kind.Hard() || options.Recommends && r.Kind == repo.Recommends
				if !followed || checks.satisfied(p, r, []*repo.Package{p}) {
					continue
				}
				for _, name := range someNames {
					var best *repo.Package
					for _, q := range all {
						if q.Name == name && checks.satisfied(p, r, []*repo.Package{q}) && !apart(p, q) &&
							(best == nil || cmp.Compare(q.Version, best.Version) > 0) && possible(q) {
							best = q
						}
					}
					if best != nil && !slices.Contains(picks, best) {
						t.Fatalf("%s %s %s, but %s is not among %v; of\n%s", p, r.Kind, r, best, picks, describe(all))
					}
				}
			}
		}
	})
}

// apart reports whether two packages exclude each other.
func apart(p, q *repo.Package) bool {
	for _, pair := range [][2]*repo.Package{{p, q}, {q, p}} {
		for _, r := range pair[0].Relations {
			if (r.Kind == repo.Conflicts || r.Kind == repo.Breaks) && checks.hits(pair[0], r, pair[1]) {
				return true
			}
		}
	}
	return p.Name == q.Name
}
