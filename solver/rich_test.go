package solver

import (
	"testing"

	"github.com/google/go-cmp/cmp"
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
