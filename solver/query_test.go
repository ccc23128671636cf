package solver

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestFindPackages(t *testing.T) {
	const some = `
		libc 1 amd64 same
		libc 2 amd64 same
		libc 2 i386 same
		python3-foo 3; requires python3 (>= 3)
		python3 3; requires libc (>= 2); provides python (= 3)
		tool 1 all; requires python (>= 2) | perl; recommends libc
		old 1; requires libc (< 2), missing
		i-tool 1 i386; requires libc
		never 1; requires python; in never -1
		new 2; obsoletes old (< 3), python3-foo (< 2)
	`
	for name, test := range map[string]struct {
		query Query
		want  []string
	}{
		"name":                            {Query{Name: seeds(t, "libc")}, []string{"libc 1", "libc 2", "libc 2 i386"}},
		"name, of a version":              {Query{Name: seeds(t, "libc (>= 2)")}, []string{"libc 2", "libc 2 i386"}},
		"name, of an architecture":        {Query{Name: seeds(t, "libc:i386")}, []string{"libc 2 i386"}},
		"name, a glob":                    {Query{Name: seeds(t, "python3*")}, []string{"python3-foo 3", "python3 3"}},
		"name, a package for all":         {Query{Name: seeds(t, "tool:i386")}, []string{"tool 1 all"}},
		"names, all of them":              {Query{Name: seeds(t, "*tool", "i*")}, []string{"i-tool 1 i386"}},
		"negative priorities, too":        {Query{Name: seeds(t, "never")}, []string{"never 1"}},
		"no such name":                    {Query{Name: seeds(t, "python")}, nil},
		"provides, also by its own name":  {Query{Provides: seeds(t, "python*")}, []string{"python3-foo 3", "python3 3"}},
		"provides, of a version":          {Query{Provides: seeds(t, "python (>= 3)")}, []string{"python3 3"}},
		"provides, of another version":    {Query{Provides: seeds(t, "python (< 3)")}, nil},
		"requires, by name":               {Query{Requires: seeds(t, "libc")}, []string{"python3 3", "old 1", "i-tool 1 i386"}},
		"requires, of a version":          {Query{Requires: seeds(t, "libc (= 1)")}, []string{"old 1", "i-tool 1 i386"}},
		"requires, of versions":           {Query{Requires: seeds(t, "libc (> 1)")}, []string{"python3 3", "old 1", "i-tool 1 i386"}},
		"requires, what is provided":      {Query{Requires: seeds(t, "python3")}, []string{"python3-foo 3", "tool 1 all", "never 1"}},
		"requires, what none provides":    {Query{Requires: seeds(t, "missing")}, []string{"old 1"}},
		"requires, of an architecture":    {Query{Requires: seeds(t, "libc:i386")}, []string{"i-tool 1 i386"}},
		"requires, a glob":                {Query{Requires: seeds(t, "p*l")}, []string{"tool 1 all"}},
		"obsoletes":                       {Query{Obsoletes: seeds(t, "old")}, []string{"new 2"}},
		"obsoletes, of a version":         {Query{Obsoletes: seeds(t, "old (>= 3)")}, nil},
		"obsoletes, a package that is so": {Query{Obsoletes: seeds(t, "python3-foo (>= 3)")}, nil},
		"all conditions":                  {Query{Requires: seeds(t, "python3"), Name: seeds(t, "t*")}, []string{"tool 1 all"}},
	} {
		t.Run(name, func(t *testing.T) {
			test.query.Natives = []string{"amd64"}
			var got []string
			for _, p := range FindPackages(catalog(t, some), test.query) {
				got = append(got, names([]Pick{{Package: p}})...)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Rich relations are searched leaf by leaf, and other forms of packages are names.
func TestFindPackagesComplete(t *testing.T) {
	c := completeCatalog(t, "a 1; requires ((b if (c and d >= 2)))\nb 1; provides (= 1)\nd 3\ne 1; provides d (= 1)")
	for expression, want := range map[string][]string{"b": {"a 1"}, "c": {"a 1"}, "d (>= 2)": {"a 1"}, "d (< 2)": nil, "d-3.amd64": {"a 1"}} {
		var got []string
		for _, p := range FindPackages(c, Query{Requires: seeds(t, expression), Natives: []string{"amd64"}}) {
			got = append(got, p.Name+" "+p.Version)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", expression, diff)
		}
	}
}

// TestOverlap: two constraints overlap if some number, or half between numbers, is
// accepted by both.
func TestOverlap(t *testing.T) {
	operators := []repo.Op{repo.Any, repo.Less, repo.LessEqual, repo.Equal, repo.GreaterEqual, repo.Greater, repo.NotEqual}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SampledFrom(operators).Draw(t, "a"), rapid.SampledFrom(operators).Draw(t, "b")
		x, y := rapid.IntRange(1, 3).Draw(t, "x"), rapid.IntRange(1, 3).Draw(t, "y")
		want := false
		for twice := range 10 {
			want = want || a.Holds(twice-2*x) && b.Holds(twice-2*y)
		}
		if got := overlap(numbers{}, a, fmt.Sprint(x), b, fmt.Sprint(y)); got != want {
			t.Fatalf("%s %d and %s %d overlap: %v, expected %v", a, x, b, y, got, want)
		}
	})
}

// TestFindRequiring: what requires an expression is what is left without a package that
// can be had when nothing else is there.
func TestFindRequiring(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := universes{virtual: true}.draw(t, 9)
		wanted := rapid.SampledFrom(someNames).Draw(t, "wanted")
		c := universes{}.catalog(all)
		found := map[*repo.Package]bool{}
		for _, p := range FindPackages(c, Query{Requires: []Seed{{Pattern: wanted}}, Natives: []string{"amd64"}}) {
			found[p] = true
		}
		for _, p := range all {
			want := false
			for _, r := range p.Relations {
				for d := range r.Leaves {
					want = want || r.Kind.Hard() && d.Name == wanted
					for _, q := range all {
						want = want || r.Kind.Hard() && q.Name == wanted && checks.satisfies(p, d, q)
					}
				}
			}
			if found[p] != want {
				t.Fatalf("%s requires %s: %v, expected %v; of\n%s", p, wanted, found[p], want, describe(all))
			}
		}
	})
}
