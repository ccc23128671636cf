package solver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// TestSolveTogether is about what a client picks that looks at all relations together.
func TestSolveTogether(t *testing.T) {
	weak := Options{Recommends: true}
	for _, test := range []struct {
		name     string
		packages string
		seeds    []string
		options  Options
		want     []string
		reports  []string
	}{{
		name:     "a condition that is met",
		packages: "a 1; requires ((b if c)), c\nb 1\nc 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "c 1"},
	}, {
		name:     "a condition that is met by what comes in later",
		packages: "a 1; requires ((b if c)), d\nb 1\nc 1\nd 1; requires e\ne 1; requires c",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "c 1", "d 1", "e 1"},
	}, {
		name:     "a condition that is not met",
		packages: "a 1; requires ((b if c))\nb 1\nc 1",
		seeds:    []string{"a"},
		want:     []string{"a 1"},
	}, {
		name:     "a condition of several packages",
		packages: "a 1; requires ((b if (c and d))), c\nb 1\nc 1\nd 1\ne 1; requires a, d",
		seeds:    []string{"e"},
		want:     []string{"a 1", "b 1", "c 1", "d 1", "e 1"},
	}, {
		name:     "else",
		packages: "a 1; requires ((b if x else d))\nb 1\nx 1\nd 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "d 1"},
	}, {
		name:     "a condition may be met to do without the else, as libsolv does by name",
		packages: "a 1; requires ((b if c else d))\nb 1\nc 1\nd 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "c 1"},
	}, {
		name:     "not else",
		packages: "a 1; requires ((b if c else d)), c\nb 1\nc 1\nd 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "c 1"},
	}, {
		name:     "unless",
		packages: "a 1; requires ((b unless c)), c | d\nb 1\nc 1\nd 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "d 1"},
	}, {
		name:     "unless, else",
		packages: "a 1; requires ((b unless c else d)), c\nb 1\nc 1\nd 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "c 1", "d 1"},
	}, {
		name:     "all of several, nested",
		packages: "a 1; requires (((b and c) or d))\nb 1\nc 1\nd 1; requires missing",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "c 1"},
	}, {
		name:     "one package that is two things",
		packages: "a 1; requires ((v with w))\nb 1; provides v\nc 1; provides v, w\nd 1; provides w",
		seeds:    []string{"a"},
		want:     []string{"a 1", "c 1"},
	}, {
		name:     "a range of versions",
		packages: "a 1; requires ((b >= 2 with b < 4))\nb 1\nb 2\nb 3\nb 4",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 3"},
	}, {
		name:     "one package that is one thing and not the other",
		packages: "a 1; requires ((v without w))\nb 1; provides v, w\nc 1; provides v",
		seeds:    []string{"a"},
		want:     []string{"a 1", "c 1"},
	}, {
		name:     "a conflict with two packages at once",
		packages: "a 1; conflicts ((b and c)); requires b, c | d\nb 1\nc 1\nd 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "d 1"},
	}, {
		name:     "what cannot be met while a condition is met keeps it from being met",
		packages: "a 1; requires ((missing if b)), b | c\nb 1\nc 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "c 1"},
	}, {
		name:     "what there is no choice of before choices",
		packages: "a 1; requires b | c, c\nb 1\nc 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "c 1"},
	}, {
		name:     "providers by name",
		packages: "a 1; requires v\nc 1; provides v\nb 1; provides v",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1"},
	}, {
		name:     "alternatives by name, too, but for foreign ones",
		packages: "a 1; requires d | c | b\nb 1 i686\nc 1\nd 1",
		seeds:    []string{"a"},
		options:  Options{Foreign: []string{"i686"}},
		want:     []string{"a 1", "c 1"},
	}, {
		name:     "the provider that the package recommends or suggests",
		packages: "a 1; requires v, w; recommends c; suggests d\nb 1; provides v, w\nc 1; provides v\nd 1; provides w",
		seeds:    []string{"a"},
		want:     []string{"a 1", "c 1", "d 1"},
	}, {
		name:     "not a provider that another one obsoletes",
		packages: "a 1; requires v\nb 1; provides v\nc 1; provides v; obsoletes b",
		seeds:    []string{"a"},
		want:     []string{"a 1", "c 1"},
	}, {
		name:     "an obsoleted package is not beside what obsoletes it",
		packages: "a 1; requires b, c | d\nb 1; obsoletes c (< 2)\nc 1\nd 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "d 1"},
	}, {
		name:     "only names and versions are obsoleted, no provided names",
		packages: "a 1; requires b, c, d\nb 1; obsoletes v, d (< 1)\nc 1; provides v\nd 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "c 1", "d 1"},
	}, {
		name:     "weak relations after all others",
		packages: "a 1; recommends b; requires c | d\nb 1; conflicts c\nc 1\nd 1",
		seeds:    []string{"a"},
		options:  weak,
		want:     []string{"a 1", "c 1"},
	}, {
		name:     "a weak relation with a condition",
		packages: "a 1; recommends ((b if c)); requires d\nb 1\nc 1\nd 1; recommends c",
		seeds:    []string{"a"},
		options:  weak,
		want:     []string{"a 1", "b 1", "c 1", "d 1"},
	}, {
		name:     "a weak relation unless",
		packages: "a 1; recommends ((b unless c)); requires c\nb 1\nc 1\ne 1; recommends ((b unless d))\nd 1",
		seeds:    []string{"a", "e"},
		options:  weak,
		want:     []string{"a 1", "b 1", "c 1", "e 1"},
	}, {
		name:     "supplements",
		packages: "a 1; requires b\nb 1\nc 1; supplements b; requires d\nd 1\ne 1; supplements missing\nf 1; enhances a",
		seeds:    []string{"a"},
		options:  weak,
		want:     []string{"a 1", "b 1", "c 1", "d 1"},
	}, {
		name:     "supplements only where asked for",
		packages: "a 1\nb 1; supplements a",
		seeds:    []string{"a"},
		want:     []string{"a 1"},
	}, {
		name:     "enhances, with suggests",
		packages: "a 1\nb 1; enhances a\nc 1; supplements a",
		seeds:    []string{"a"},
		options:  Options{Suggests: true},
		want:     []string{"a 1", "b 1"},
	}, {
		name:     "supplements what is provided, in a version",
		packages: "a 1; provides hardware (= 2)\nb 1; supplements hardware (>= 2)\nc 1; supplements hardware (> 2)",
		seeds:    []string{"a"},
		options:  weak,
		want:     []string{"a 1", "b 1"},
	}, {
		name:     "the best version of what supplements",
		packages: "a 1\nb 1; supplements a\nb 2; supplements a\nb 2 i686; supplements a\nb 3",
		seeds:    []string{"a"},
		options:  Options{Recommends: true, Foreign: []string{"i686"}},
		want:     []string{"a 1", "b 2"},
	}, {
		name:     "supplements nothing that is there",
		packages: "a 1\nb 1; supplements ((missing if (c and missing)))\nc 1",
		seeds:    []string{"c"},
		options:  weak,
		want:     []string{"c 1"},
	}, {
		name:     "supplements two packages together",
		packages: "a 1; requires b\nb 1; recommends c\nc 1\nx 1; supplements ((a and c))\ny 1; supplements ((a and d))\nd 1\nz 1; supplements ((a unless c))",
		seeds:    []string{"a"},
		options:  weak,
		want:     []string{"a 1", "b 1", "c 1", "x 1"},
	}, {
		name:     "what supplements but cannot be installed",
		packages: "a 1\nb 1; supplements a; requires missing\nc 1; supplements a; conflicts a",
		seeds:    []string{"a"},
		options:  weak,
		want:     []string{"a 1"},
	}, {
		name:     "a condition that only the mirror as a whole meets",
		packages: "a 1; requires ((b if c))\nb 1; requires d\nc 1\nd 1",
		seeds:    []string{"a", "c"},
		want:     []string{"a 1", "b 1", "c 1", "d 1"},
	}, {
		name:     "what supplements two packages of the mirror",
		packages: "a 1\nb 1\nc 1; supplements ((a and b))",
		seeds:    []string{"a", "b"},
		options:  weak,
		want:     []string{"a 1", "b 1", "c 1"},
	}, {
		name:     "packages of two streams of a module",
		packages: "a 1; requires b, c\nb 1; line m:1\nc 2; line m:2\nc 1; line m:1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "c 1"},
	}, {
		name:     "libraries for two architectures, native ones first",
		packages: "a 1; requires b, c.32\nb 1\nb 1 i686\nc 1 i686; provides c.32",
		seeds:    []string{"a"},
		options:  Options{Foreign: []string{"i686"}},
		want:     []string{"a 1", "b 1", "c 1 i686"},
	}, {
		name:     "foreign architectures in their order",
		packages: "a 1; requires b\nb 3 i386\nb 2 i686\nb 1 i586",
		seeds:    []string{"a"},
		options:  Options{Foreign: []string{"i686", "i586", "i386"}},
		want:     []string{"a 1", "b 2 i686"},
	}, {
		name:     "a seed that is there for foreign architectures only",
		packages: "a 1 i686\nb 1\nb 2 i686\nc 1 noarch",
		seeds:    []string{"a", "b", "c"},
		options:  Options{Foreign: []string{"i686"}},
		want:     []string{"a 1 i686", "b 1", "c 1 noarch"},
	}, {
		name:     "install-only packages",
		packages: "a 1; requires kernel (= 1), kernel (= 2)\nkernel 1\nkernel 2",
		seeds:    []string{"a"},
		want:     []string{"a 1", "kernel 1", "kernel 2"},
	}, {
		name:     "a seed that is another form of a package",
		packages: "a 1; requires b\na 2\na 2 i686\na-2 9\nb 1",
		seeds:    []string{"a-1", "a.i686"},
		options:  Options{Foreign: []string{"i686"}},
		want:     []string{"a 1", "a 2 i686", "b 1"},
	}, {
		name:     "a name before other forms",
		packages: "a 1\na 2\na-2 9",
		seeds:    []string{"a-2"},
		want:     []string{"a-2 9"},
	}, {
		name:     "a glob of other forms: the best of each name",
		packages: "a 1\na 2\na 3\nb 2\nb 2 i686\nc 2 i686",
		seeds:    []string{"?-2", "?-2.*"},
		options:  Options{Foreign: []string{"i686"}},
		want:     []string{"a 2", "b 2", "c 2 i686"},
	}, {
		name:     "all versions",
		packages: "a 1\na 2; requires b\na 3; requires b (= 1)\na 3 i686\nb 1\nb 2",
		seeds:    []string{"a"},
		options:  Options{Versions: -1, Foreign: []string{"i686"}},
		want:     []string{"a 1", "a 2", "a 3", "b 1", "b 2"},
	}, {
		name:     "two versions of each line",
		packages: "a 1\na 2\na 3\na 14; line m:1\na 15; line m:1\na 16; line m:1\nb 1\nb 2",
		seeds:    []string{"a", "[b]"},
		options:  Options{Versions: 2},
		want:     []string{"a 15", "a 16", "a 2", "a 3", "b 1", "b 2"},
	}, {
		name:     "versions that a seed allows",
		packages: "a 1\na 2\na 3\na 4",
		seeds:    []string{"a (< 4)"},
		options:  Options{Versions: 2},
		want:     []string{"a 2", "a 3"},
	}, {
		name:     "a file, a capability",
		packages: "perl 1; provides /usr/bin/perl, perl(strict)\nother 1",
		seeds:    []string{"/usr/bin/perl", "perl(strict)"},
		want:     []string{"perl 1"},
		reports:  []string{"/usr/bin/perl: perl 1 provides it", "perl(strict): perl 1 provides it"},
	}, {
		name:     "an assumed package that is renamed",
		packages: "a 1; requires new\nnew 2; obsoletes old (< 2)",
		seeds:    []string{"a"},
		options:  Options{Assumed: packages(t, "old 1")},
		want:     []string{"a 1", "new 2"},
	}, {
		name:     "conditions that assumed packages meet",
		packages: "a 1; requires ((b if c)), ((d unless e))\nb 1\nd 1",
		seeds:    []string{"a"},
		options:  Options{Assumed: packages(t, "c 1")},
		want:     []string{"a 1", "b 1", "d 1"},
	}, {
		name:     "conditions of assumed packages",
		packages: "a 1\nb 1; requires c\nc 1",
		seeds:    []string{"a"},
		options:  Options{Assumed: packages(t, "p 1; requires ((b if a)), missing")},
		want:     []string{"a 1", "b 1", "c 1"},
	}, {
		name:     "a rich relation that nothing satisfies",
		packages: "a 1; requires ((b if c)), c\nc 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "c 1"},
		reports:  []string{"a 1 amd64 requires (b if c): b: no package has or provides it; by a"},
	}, {
		name:     "a rich relation that nothing satisfies in the mirror as a whole",
		packages: "a 1; requires ((b if c))\nc 1",
		seeds:    []string{"a", "c"},
		want:     []string{"a 1", "c 1"},
		reports:  []string{"a 1 amd64 requires (b if c): b: no package has or provides it; by a"},
	}, {
		name:     "no one package that satisfies",
		packages: "a 1; requires ((b >= 2 with b < 3)), ((v without b))\nb 1\nb 3; provides v",
		seeds:    []string{"a"},
		want:     []string{"a 1"},
		reports: []string{
			"a 1 amd64 requires (b >= 2 with b < 3): (b >= 2 with b < 3): no package satisfies it alone; by a",
			"a 1 amd64 requires (v without b): (v without b): no package satisfies it alone; by a",
		},
	}, {
		name:     "a condition that must not be met",
		packages: "a 1; requires ((b unless c)), c\nb 1\nc 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "c 1"},
		reports:  []string{"a: a 1 x c 1: a 1 requires c; a 1 requires (b unless c), which excludes c 1"},
	}, {
		name:     "a conflict with two packages that are needed",
		packages: "a 1; requires b, c, d\nb 1; conflicts ((c and d))\nc 1\nd 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "c 1", "d 1"},
		reports:  []string{"a: b 1 x d 1: a 1 requires b; a 1 requires c; a 1 requires d; b 1 conflicts with (c and d), which excludes c 1 beside d 1"},
	}, {
		name:     "an obsoleted package that is needed",
		packages: "a 1; requires b, c\nb 1\nc 1; obsoletes b",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "c 1"},
		reports:  []string{"a: c 1 x b 1: a 1 requires b; a 1 requires c; c 1 obsoletes b"},
	}, {
		name:     "streams that exclude each other",
		packages: "a 1; requires b, c\nb 1; line m:1\nc 1; line m:2",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "c 1"},
		reports:  []string{"a: b 1 x c 1: a 1 requires b; a 1 requires c; b 1 and c 1 cannot be installed together, being of m:1 and m:2"},
	}} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Native = "amd64"
			s := Solve(completeCatalog(t, test.packages), seeds(t, test.seeds...), test.options)
			if diff := cmp.Diff(test.want, names(s.Picks)); diff != "" {
				t.Errorf("picks (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.reports, reports(s)); diff != "" {
				t.Errorf("reports (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFindUnresolvedRich(t *testing.T) {
	c := completeCatalog(t, `
		a 1; requires ((b if c)), ((missing if c)), ((missing if absent))
		b 1; requires ((a if c else missing)), ((missing if c else a)), ((a if absent else b))
		c 1; requires ((missing if absent else missing2))
		d 1; requires ((a unless b)), ((missing unless b)), ((missing unless b else a)), ((missing unless absent else a))
		e 1; requires (((a and missing) or b)), (((a or missing) and missing2))
		f 1; requires ((v with f)), ((v with a)); provides v; recommends ((missing and b))
		g 1; requires ((v without a)), ((v without f))`)
	var got []string
	for _, x := range FindUnresolved(c, c.Packages, "amd64") {
		got = append(got, x.WantedBy.Name+" needs "+x.Relation.String()+": "+x.Reason)
	}
	const nobody = "no package has or provides it"
	want := []string{
		"a needs (missing if c): missing: " + nobody,
		"b needs (missing if c else a): missing: " + nobody,
		"c needs (missing if absent else missing2): missing: " + nobody + "; absent: " + nobody + "; missing2: " + nobody,
		"d needs (missing unless b): missing: " + nobody,
		"d needs (missing unless absent else a): missing: " + nobody + "; absent: " + nobody,
		"e needs ((a or missing) and missing2): missing2: " + nobody,
		"f needs (v with a): (v with a): no package satisfies it alone",
		"g needs (v without f): (v without f): no package satisfies it alone",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unresolved (-want +got):\n%s", diff)
	}
}

// TestRelationOfTooManyCases: a relation beyond the bounds counts as one that nothing
// satisfies, and a weak one is passed over.
func TestRelationOfTooManyCases(t *testing.T) {
	var text strings.Builder
	expression := ""
	for i := range 11 {
		fmt.Fprintf(&text, "x%d 1\ny%d 1\n", i, i)
		if i > 0 {
			expression += " or "
		}
		expression += fmt.Sprintf("(x%d and y%d)", i, i)
	}
	fmt.Fprintf(&text, "a 1; requires ((%s)), b\nb 1; recommends ((%s))\nc 1; conflicts ((%s))", expression, expression,
		strings.NewReplacer(" or ", " and ", " and ", " or ").Replace(expression))
	s := Solve(completeCatalog(t, text.String()), seeds(t, "a", "c"), Options{Native: "amd64", Recommends: true})
	if diff := cmp.Diff([]string{"a 1", "b 1", "c 1"}, names(s.Picks)); diff != "" {
		t.Errorf("picks (-want +got):\n%s", diff)
	}
	if got := len(s.Unresolved); got != 2 || s.Unresolved[0].Reason != "it has too many cases to look at" {
		t.Errorf("%d unresolved, expected the relations of a and c: %q", got, reports(s))
	}
}

// TestHostileExpressions: what grows without bounds when it is spelt out ends soon.
func TestHostileExpressions(t *testing.T) {
	nested := func(op repo.RichOp) *repo.Rich {
		leaf := func(name string) *repo.Rich { return &repo.Rich{Dependency: repo.Dependency{Name: name}} }
		r := leaf("a")
		for range 60 {
			r = &repo.Rich{Op: op, Operands: []*repo.Rich{leaf("b"), r, leaf("c")}}
		}
		return r
	}
	for _, kind := range []repo.Kind{repo.Requires, repo.Conflicts, repo.Recommends, repo.Supplements} {
		for _, op := range []repo.RichOp{repo.If, repo.Unless} {
			all := packages(t, "a 1\nb 1\nc 1")
			all[0].Relations = []repo.Relation{{Kind: kind, Rich: nested(op)}}
			c := repo.NewCatalog(complete{repo.BasicRules{Versions: overlapping{}}}, all)
			if s := Solve(c, seeds(t, "a", "b"), Options{Native: "amd64", Recommends: true}); len(s.Picks) == 0 {
				t.Errorf("nothing is picked: %q", reports(s))
			}
		}
	}
}

func TestReasonsOfSupplements(t *testing.T) {
	c := completeCatalog(t, `
		a 1; provides hardware
		b 1; supplements a
		c 1; supplements hardware; requires d
		d 1
		e 1; supplements ((a and d))
		f 1; requires ((g if d)), d
		g 1`)
	s := Solve(c, seeds(t, "a", "f"), Options{Native: "amd64", Recommends: true})
	want := map[string]string{
		"b": "seed a > supplements a 1",
		"c": "seed a > supplements a 1: hardware",
		"d": "seed f > f 1 requires d",
		"e": "seed a > supplements a 1: (a and d)",
		"f": "seed f",
		"g": "seed f > f 1 requires (g if d)",
	}
	for name, chain := range want {
		var got []string
		for _, p := range s.Why(name)[0] {
			got = append(got, p.Reason.String())
		}
		if diff := cmp.Diff(chain, strings.Join(got, " > ")); diff != "" {
			t.Errorf("why %s (-want +got):\n%s", name, diff)
		}
	}
}
