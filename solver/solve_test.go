package solver

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestSolvePicks(t *testing.T) {
	for _, test := range []struct {
		name     string
		packages string
		seeds    []string
		options  Options
		want     []string
	}{{
		name:     "what a package needs of another repository",
		packages: "a 1; requires b (>= 2); in A 500\nb 2; in B 500\nc 1; in B 500",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 2"},
	}, {
		name:     "needs of needs, pre-requirements too",
		packages: "a 1; pre-requires b\nb 1; requires c\nc 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "c 1"},
	}, {
		name:     "a cycle",
		packages: "a 1; requires b\nb 1; requires a",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1"},
	}, {
		name:     "the first alternative",
		packages: "a 1; requires b | c\nb 1\nc 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1"},
	}, {
		name:     "the first alternative that is there",
		packages: "a 1; requires b (>= 2) | c\nb 1\nc 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "c 1"},
	}, {
		name:     "the first alternative whose own needs are met",
		packages: "a 1; requires b | c\nb 1; requires missing\nc 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "c 1"},
	}, {
		name:     "the alternative that the set holds",
		packages: "a 1; requires c, b | c\nb 1\nc 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "c 1"},
	}, {
		name:     "alternatives before later needs, as clients install",
		packages: "a 1; requires b | c, c\nb 1\nc 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "c 1"},
	}, {
		name:     "a virtual package",
		packages: "a 1; requires v\nb 1; provides v",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1"},
	}, {
		name:     "a real package before those that provide its name",
		packages: "a 1; requires v\nb 9; provides v (= 9)\nv 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "v 1"},
	}, {
		name:     "a provider where the real package is too old",
		packages: "a 1; requires v (>= 5)\nb 1; provides v (= 5)\nv 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1"},
	}, {
		name:     "only versioned providers answer versioned needs",
		packages: "a 1; requires v (>= 5)\nb 1; provides v\nc 1; provides v (= 4)\nd 1; provides v (= 5)",
		seeds:    []string{"a"},
		want:     []string{"a 1", "d 1"},
	}, {
		name:     "the highest version",
		packages: "a 1; requires b\nb 1\nb 3\nb 2",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 3"},
	}, {
		name:     "the highest version that will do",
		packages: "a 1; requires b (< 3)\nb 1\nb 3\nb 2",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 2"},
	}, {
		name:     "an alternative's best version before an old version, as clients choose",
		packages: "a 1; requires b (< 3) | c\nb 1\nb 3\nc 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "c 1"},
	}, {
		name:     "the repository of the highest priority before a higher version",
		packages: "a 1; requires b\nb 2; in low 100\nb 1; in high 500",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1"},
	}, {
		name:     "another repository where the best has only other versions",
		packages: "a 1; requires b (>= 2)\nb 2; in low 100\nb 1; in high 500",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 2"},
	}, {
		name:     "never a negative priority",
		packages: "a 1; requires b | c\nb 2; in never -1\nc 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "c 1"},
	}, {
		name:     "the provider of the highest priority",
		packages: "a 1; requires v\nb 1; provides v; in low 100\nc 1; provides v; in high 500\nd 1; provides v; in low 100",
		seeds:    []string{"a"},
		want:     []string{"a 1", "c 1"},
	}, {
		name:     "among equal providers the one that is mentioned last, as apt picks",
		packages: "a 1; requires v\nb 1; provides v\nc 1; provides v\nd 1; requires e\ne 1; provides v",
		seeds:    []string{"a"},
		want:     []string{"a 1", "e 1"},
	}, {
		name:     "an essential provider",
		packages: "a 1; requires v\nb 1 essential; provides v\nc 1; provides v",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1"},
	}, {
		name:     "an older version where the best excludes what is needed",
		packages: "a 1; requires b, c\nb 1\nb 2; conflicts c\nc 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "c 1"},
	}, {
		name:     "another alternative where the first breaks what is needed",
		packages: "a 1; requires b | c, d\nb 1\nc 1\nd 1; breaks b (<= 1)",
		seeds:    []string{"a"},
		want:     []string{"a 1", "c 1", "d 1"},
	}, {
		name:     "an earlier choice is changed for a later need",
		packages: "a 1; requires b, c\nb 1; requires x | y\nc 1; requires z\nx 1; conflicts z\ny 1\nz 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "c 1", "y 1", "z 1"},
	}, {
		name:     "a package does not conflict with what it provides",
		packages: "a 1; provides v; conflicts v\nb 1; provides v",
		seeds:    []string{"a"},
		want:     []string{"a 1"},
	}, {
		name:     "a conflict with a name excludes those that provide it",
		packages: "a 1; requires b, c | d\nb 1; conflicts v\nc 1; provides v\nd 1",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "d 1"},
	}, {
		name:     "a versioned conflict leaves unversioned providers alone",
		packages: "a 1; requires b, c\nb 1; conflicts v (< 9)\nc 1; provides v",
		seeds:    []string{"a"},
		want:     []string{"a 1", "b 1", "c 1"},
	}, {
		name:     "a package that satisfies its own need",
		packages: "a 1; requires v; provides v",
		seeds:    []string{"a"},
		want:     []string{"a 1"},
	}, {
		name:     "seeds that exclude each other are both there",
		packages: "a 1; conflicts b; requires c\nb 1; requires d\nc 1\nd 1",
		seeds:    []string{"a", "b"},
		want:     []string{"a 1", "b 1", "c 1", "d 1"},
	}, {
		name:     "each seed has choices of its own",
		packages: "a 1; requires v | w, c\nb 1; requires v | w\nc 1; conflicts v\nv 1\nw 1",
		seeds:    []string{"a", "b"},
		want:     []string{"a 1", "b 1", "c 1", "v 1", "w 1"},
	}, {
		name:     "two versions of one package for two seeds",
		packages: "a 1; requires c (= 1)\nb 1; requires c\nc 1\nc 2",
		seeds:    []string{"a", "b"},
		want:     []string{"a 1", "b 1", "c 1", "c 2"},
	}, {
		name:     "weak relations only where asked for",
		packages: "a 1; recommends b; suggests c\nb 1\nc 1",
		seeds:    []string{"a"},
		want:     []string{"a 1"},
	}, {
		name:     "recommends, and those of what they bring",
		packages: "a 1; recommends b; suggests d\nb 1; recommends c\nc 1\nd 1",
		seeds:    []string{"a"},
		options:  Options{Recommends: true},
		want:     []string{"a 1", "b 1", "c 1"},
	}, {
		name:     "suggests",
		packages: "a 1; recommends b; suggests c\nb 1\nc 1",
		seeds:    []string{"a"},
		options:  Options{Suggests: true},
		want:     []string{"a 1", "c 1"},
	}, {
		name:     "weak relations that cannot be satisfied are passed over",
		packages: "a 1; recommends missing, b, c, d | e; requires f\nb 1; requires missing\nc 1; requires g\nd 1; requires h\ne 1\nf 1\ng 1; conflicts f\nh 1; breaks a",
		seeds:    []string{"a"},
		options:  Options{Recommends: true},
		want:     []string{"a 1", "e 1", "f 1"},
	}, {
		name:     "a weak relation gives way to a later need",
		packages: "a 1; requires b, c\nb 1; recommends x\nc 1\nx 1; conflicts c",
		seeds:    []string{"a"},
		options:  Options{Recommends: true},
		want:     []string{"a 1", "b 1", "c 1"},
	}, {
		name:     "essential packages are not pulled in",
		packages: "a 1\nbase 1 essential mandatory",
		seeds:    []string{"a"},
		want:     []string{"a 1"},
	}, {
		name:     "mandatory packages",
		packages: "a 1\nbase 1 mandatory; requires libbase\nbase 2 mandatory; requires libbase\nlibbase 1\nother 1 i386 mandatory",
		seeds:    []string{"a"},
		options:  Options{Mandatory: true},
		want:     []string{"a 1", "base 2", "libbase 1"},
	}, {
		name:     "a glob: the newest of every name",
		packages: "python-a 1\npython-a 2\npython-b 1; requires c\nc 1\nx-python 1",
		seeds:    []string{"python-*"},
		want:     []string{"c 1", "python-a 2", "python-b 1"},
	}, {
		name:     "a glob with a version",
		packages: "python-a 1\npython-a 2\npython-a 3\npython-b 3",
		seeds:    []string{"python-* (< 3)"},
		want:     []string{"python-a 2"},
	}, {
		name:     "a seed at a version",
		packages: "a 1\na 2\na 3",
		seeds:    []string{"a (<= 2)", "a (= 1)"},
		want:     []string{"a 1", "a 2"},
	}, {
		name:     "an older version of a seed where the newest cannot be installed",
		packages: "a 1\na 2; requires missing",
		seeds:    []string{"a"},
		want:     []string{"a 1"},
	}, {
		name:     "needs are met for the package's own architecture",
		packages: "a 1 i386; requires b\nb 1\nb 1 i386",
		seeds:    []string{"a:i386"},
		want:     []string{"a 1 i386", "b 1 i386"},
	}, {
		name:     "foreign packages meet the needs of every architecture, native ones first",
		packages: "a 1 i386; requires b, c\nb 1 i386 foreign\nb 1 foreign\nc 1 all foreign",
		seeds:    []string{"a:i386"},
		want:     []string{"a 1 i386", "b 1", "c 1 all"},
	}, {
		name:     ":any is met by packages that allow it",
		packages: "a 1 i386; requires b:any\nb 1 allowed\nb 1 i386",
		seeds:    []string{"a:i386"},
		want:     []string{"a 1 i386", "b 1"},
	}, {
		name:     "a need of a named architecture",
		packages: "a 1; requires b:i386\nb 1\nb 1 i386",
		seeds:    []string{"a"},
		options:  Options{Foreign: []string{"i386"}},
		want:     []string{"a 1", "b 1 i386"},
	}, {
		name:     "libraries for two architectures are of one version",
		packages: "a 1; requires lib, b:i386\nb 1 i386; requires lib\nlib 2 same\nlib 1 same\nlib 1 i386 same",
		seeds:    []string{"a"},
		options:  Options{Foreign: []string{"i386"}},
		want:     []string{"a 1", "b 1 i386", "lib 1", "lib 1 i386"},
	}, {
		name:     "packages for all architectures",
		packages: "a 1 all; requires b\nb 1; requires c\nc 1 all",
		seeds:    []string{"a"},
		want:     []string{"a 1 all", "b 1", "c 1 all"},
	}, {
		name:     "assumed packages meet needs and are not picked",
		packages: "a 1; requires b, c | d\nb 1; requires missing\nc 1\nd 1",
		seeds:    []string{"a"},
		options:  Options{Assumed: packages(t, "b 1\nd 1")},
		want:     []string{"a 1"},
	}, {
		name:     "assumed packages exclude what they conflict with",
		packages: "a 1; requires b | c\nb 1\nc 1",
		seeds:    []string{"a"},
		options:  Options{Assumed: packages(t, "d 1; conflicts b")},
		want:     []string{"a 1", "c 1"},
	}, {
		name:     "another version of an assumed package where it must be",
		packages: "a 1; requires b (>= 2)\nb 2; requires c\nb 1\nc 1",
		seeds:    []string{"a"},
		options:  Options{Assumed: packages(t, "b 1\nd 1")},
		want:     []string{"a 1", "b 2", "c 1"},
	}, {
		name:     "what rests on a replaced assumed package is replaced, too",
		packages: "a 1; requires b (>= 2)\nb 2\nb 1\nb-dev 2; requires b (= 2)",
		seeds:    []string{"a"},
		options:  Options{Assumed: packages(t, "b 1\nb-dev 1; requires b (= 1)")},
		want:     []string{"a 1", "b 2", "b-dev 2"},
	}, {
		name:     "a seed is picked although it is assumed",
		packages: "a 1; requires b\nb 1",
		seeds:    []string{"a"},
		options:  Options{Assumed: packages(t, "a 1; requires b\nb 1")},
		want:     []string{"a 1"},
	}} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Native = "amd64"
			s := Solve(catalog(t, test.packages), seeds(t, test.seeds...), test.options)
			if diff := cmp.Diff(test.want, names(s.Picks)); diff != "" {
				t.Errorf("picks (-want +got):\n%s", diff)
			}
			if len(s.Unresolved) > 0 || len(s.Conflicts) > 0 || len(s.Unknown) > 0 || len(s.Renamed) > 0 {
				t.Errorf("reported: unresolved %v, conflicts %v, unknown %v, renamed %v", s.Unresolved, s.Conflicts, s.Unknown, s.Renamed)
			}
		})
	}
}

func TestSolveReports(t *testing.T) {
	for _, test := range []struct {
		name     string
		packages string
		seeds    []string
		options  Options
		picks    []string
		reports  []string
	}{{
		name:     "a relation that no version satisfies",
		packages: "a 1; requires b (>= 3), c; in X 500\nb 1; in X 500\nb 2; in Y 500\nc 1",
		seeds:    []string{"a"},
		picks:    []string{"a 1", "c 1"},
		reports:  []string{"a 1 amd64 requires b (>= 3): only b 2, b 1 are in repositories X, Y; by a"},
	}, {
		name:     "a relation deep down, with the chain that wants it",
		packages: "a 1; requires b\nb 1; requires c\nc 1; requires d",
		seeds:    []string{"a"},
		picks:    []string{"a 1", "b 1", "c 1"},
		reports:  []string{"c 1 amd64 requires d: no package has or provides it; by a, b, c"},
	}, {
		name:     "alternatives that are all missing",
		packages: "a 1; requires b (> 1) | c:any | d (= 2)\nb 1\nc 1\ne 1; provides d",
		seeds:    []string{"a"},
		picks:    []string{"a 1"},
		reports:  []string{"a 1 amd64 requires b (> 1) | c:any | d (= 2): b (> 1): only b 1 is there; c:any: c 1 does not answer for any architecture; d (= 2): only provided without a version by e 1 amd64; by a"},
	}, {
		name:     "the preferred alternative where none can be installed",
		packages: "a 1; requires b | c\nb 1; requires x\nc 1; requires y",
		seeds:    []string{"a"},
		picks:    []string{"a 1", "b 1"},
		reports:  []string{"b 1 amd64 requires x: no package has or provides it; by a, b"},
	}, {
		name:     "every relation that is missing",
		packages: "a 1; requires x, b\nb 1; requires y",
		seeds:    []string{"a"},
		picks:    []string{"a 1", "b 1"},
		reports:  []string{"a 1 amd64 requires x: no package has or provides it; by a", "b 1 amd64 requires y: no package has or provides it; by a, b"},
	}, {
		name:     "other architectures",
		packages: "a 1; requires b\nb 1 i386",
		seeds:    []string{"a"},
		picks:    []string{"a 1"},
		reports:  []string{"a 1 amd64 requires b: only b 1 i386 is there; by a"},
	}, {
		name:     "a foreign package is no answer where machines do not accept its architecture",
		packages: "a 1; requires b\nb 1 i386 foreign",
		seeds:    []string{"a"},
		picks:    []string{"a 1"},
		reports:  []string{"a 1 amd64 requires b: only b 1 i386 is there; by a"},
	}, {
		name:     "a negative priority",
		packages: "a 1; requires b\nb 1; in N -5",
		seeds:    []string{"a"},
		picks:    []string{"a 1"},
		reports:  []string{"a 1 amd64 requires b: b 1 in repository N has a negative priority; by a"},
	}, {
		name:     "what obsoletes a missing package is mirrored along",
		packages: "a 1; requires old\nnew 1; obsoletes old; requires b; in X 1\nb 1",
		seeds:    []string{"a"},
		picks:    []string{"a 1", "b 1", "new 1"},
		reports:  []string{"a 1 amd64 requires old: no package has or provides it, but new 1 amd64 in repository X obsoletes it; by a"},
	}, {
		name:     "needs that exclude each other",
		packages: "a 1; requires b, c, d\nb 1; requires e\nc 1; conflicts e (< 2)\nd 1\ne 1",
		seeds:    []string{"a"},
		picks:    []string{"a 1", "b 1", "c 1", "d 1", "e 1"},
		reports:  []string{"a: c 1 x e 1: a 1 requires b; a 1 requires c; b 1 requires e; c 1 conflicts with e (< 2)"},
	}, {
		name:     "a provided name excludes",
		packages: "a 1; requires b, c\nb 1; conflicts v\nc 1; provides v",
		seeds:    []string{"a"},
		picks:    []string{"a 1", "b 1", "c 1"},
		reports:  []string{"a: b 1 x c 1: a 1 requires b; a 1 requires c; b 1 conflicts with v, which c 1 provides"},
	}, {
		name:     "two versions are needed",
		packages: "a 1; requires b, c\nb 1; requires lib (= 1)\nc 1; requires lib (= 2)\nlib 1\nlib 2",
		seeds:    []string{"a"},
		picks:    []string{"a 1", "b 1", "c 1", "lib 1", "lib 2"},
		reports:  []string{"a: lib 1 x lib 2: a 1 requires b; a 1 requires c; b 1 requires lib (= 1); c 1 requires lib (= 2); lib 1 and lib 2 cannot be installed together"},
	}, {
		name:     "no alternative helps",
		packages: "a 1; requires b | c, d\nb 1; breaks d\nc 1; requires x\nd 1",
		seeds:    []string{"a"},
		picks:    []string{"a 1", "b 1", "d 1"},
		reports:  []string{"a: b 1 x d 1: a 1 requires b | c; a 1 requires d; c 1 requires x: no package has or provides it; b 1 breaks d"},
	}, {
		name:     "an assumed package excludes the seed",
		packages: "a 1; requires b\nb 1; conflicts mta\nc 1; provides mta",
		seeds:    []string{"a"},
		options:  Options{Assumed: packages(t, "c 1; provides mta")},
		picks:    []string{"a 1", "b 1"},
		reports:  []string{"a: b 1 x c 1: a 1 requires b; b 1 conflicts with mta, which c 1 (assumed installed) provides"},
	}, {
		name:     "a mandatory package that misses something",
		packages: "base 1 mandatory; requires b",
		options:  Options{Mandatory: true},
		picks:    []string{"base 1"},
		reports:  []string{"base 1 amd64 requires b: no package has or provides it; by base"},
	}, {
		name:     "one unknown seed does no harm to the others",
		packages: "nginx 1\nnginx-light 1\nb 1\nsource 1 i386",
		seeds:    []string{"ngnix", "b", "x*", "b (> 5)", "source", "nothing-alike"},
		picks:    []string{"b 1"},
		reports: []string{
			"b (> 5) unknown: only b 1 is there",
			"ngnix unknown: no package has or provides this name; near nginx",
			"nothing-alike unknown: no package has or provides this name",
			"source unknown: only source 1 i386 is there",
			"x* unknown: it matches no name of a package",
		},
	}, {
		name:     "the beginning of a name",
		packages: "postgresql 1\npostgresql-client 1\nlibpq 1",
		seeds:    []string{"postgre"},
		reports:  []string{"postgre unknown: no package has or provides this name; near postgresql, postgresql-client"},
	}, {
		name:     "a seed that was renamed",
		packages: "new 2; obsoletes old\nother 1; provides old",
		seeds:    []string{"old"},
		picks:    []string{"new 2"},
		reports:  []string{"old: new 2 obsoletes it"},
	}, {
		name:     "a seed that is virtual",
		packages: "b 1; provides v\nc 1; provides v; requires missing",
		seeds:    []string{"v"},
		picks:    []string{"b 1"},
		reports:  []string{"v: b 1 provides it"},
	}} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Native = "amd64"
			s := Solve(catalog(t, test.packages), seeds(t, test.seeds...), test.options)
			if diff := cmp.Diff(test.picks, names(s.Picks)); diff != "" {
				t.Errorf("picks (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.reports, reports(s)); diff != "" {
				t.Errorf("reports (-want +got):\n%s", diff)
			}
		})
	}
}

// reports writes all that a solution complains of.
func reports(s *Solution) (all []string) {
	for _, x := range s.Unresolved {
		var chain []string
		for _, p := range x.Chain {
			chain = append(chain, p.Package.Name)
		}
		all = append(all, x.WantedBy.String()+" requires "+x.Relation.String()+": "+x.Reason+"; by "+strings.Join(chain, ", "))
	}
	for _, x := range s.Conflicts {
		all = append(all, x.Seed+": "+x.Package.Name+" "+x.Package.Version+" x "+x.Other.Name+" "+x.Other.Version+": "+x.Reason)
	}
	for _, x := range s.Unknown {
		text := x.Seed.Label + " unknown: " + x.Reason
		if len(x.Near) > 0 {
			text += "; near " + strings.Join(x.Near, ", ")
		}
		all = append(all, text)
	}
	for _, x := range s.Renamed {
		verb := " provides it"
		if x.Obsoletes {
			verb = " obsoletes it"
		}
		all = append(all, x.Seed.Label+": "+x.Package.Name+" "+x.Package.Version+verb)
	}
	return all
}

func TestReasons(t *testing.T) {
	c := catalog(t, `
		base 1 mandatory; requires lib
		a 1; requires b
		b 1; requires c (>= 1), lib
		c 1; pre-requires lib
		d 1; recommends c
		lib 1
		up 2
		up 1
		e 1; breaks up (< 2)`)
	s := Solve(c, seeds(t, "a", "d", "e"), Options{Native: "amd64", Recommends: true, Mandatory: true, Assumed: packages(t, "up 1")})
	got := map[string]string{}
	for _, p := range s.Picks {
		got[p.Package.Name] = p.Reason.String()
	}
	want := map[string]string{
		"base": "mandatory",
		"a":    "seed a",
		"b":    "a 1 requires b",
		"c":    "d 1 recommends c",
		"d":    "seed d",
		"e":    "seed e",
		"lib":  "base 1 requires lib",
		"up":   "e 1 does not go with up 1, which is assumed installed",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

func TestWhy(t *testing.T) {
	c := catalog(t, "a 1; requires b\nb 1; requires lib (= 1)\nlib 1\nlib 2\nc 1; requires lib\nlonely 1")
	s := Solve(c, seeds(t, "a", "c"), Options{Native: "amd64"})
	for name, want := range map[string][]string{
		"a":      {"seed a"},
		"lib":    {"seed a, a 1 requires b, b 1 requires lib (= 1)", "seed c, c 1 requires lib"},
		"lonely": nil,
	} {
		var got []string
		for _, chain := range s.Why(name) {
			var steps []string
			for _, p := range chain {
				steps = append(steps, p.Reason.String())
			}
			got = append(got, strings.Join(steps, ", "))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("why %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestFindUnresolved(t *testing.T) {
	c := catalog(t, `
		a 1; requires b (>= 2), c | d; recommends x
		b 1; requires e; provides e
		c 1 i386
		d 1; pre-requires a (> 1)
		f 1 i386; requires g, h, i
		g 1 foreign
		i 1 i386
		h 1`)
	var got []string
	for _, x := range FindUnresolved(c, c.Packages, "amd64") {
		got = append(got, x.WantedBy.String()+" needs "+x.Relation.String()+": "+x.Reason)
	}
	want := []string{
		"a 1 amd64 needs b (>= 2): only b 1 is there",
		"d 1 amd64 needs a (> 1): only a 1 is there",
		"f 1 i386 needs h: only h 1 amd64 is there",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unresolved (-want +got):\n%s", diff)
	}
}

func TestSourcePackagesAreNoCandidates(t *testing.T) {
	all := packages(t, "a 1; requires b\nb 1 source; requires missing\nc 1 source")
	for _, p := range all[1:] {
		p.Files = []repo.File{{Path: "b.dsc"}}
	}
	c := repo.NewCatalog(repo.BasicRules{Versions: numbers{}}, all)
	s := Solve(c, seeds(t, "a", "c", "*"), Options{Native: "amd64"})
	if diff := cmp.Diff([]string{"a 1"}, names(s.Picks)); diff != "" {
		t.Errorf("picks (-want +got):\n%s", diff)
	}
	if len(s.Unresolved) != 1 || len(s.Unknown) != 1 {
		t.Errorf("reported %q, expected that b and c are not there", reports(s))
	}
	if found := FindUnresolved(c, all, "amd64"); len(found) != 1 || found[0].WantedBy != all[0] {
		t.Errorf("unresolved: %v, expected the relation of a alone", found)
	}
}

func TestDistance(t *testing.T) {
	var rows [3][]int
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"nginx", "nginx", 0},
		{"ngnix", "nginx", 1},
		{"nginx", "nginxx", 1},
		{"nginx", "ngnx", 1},
		{"nginx", "nginy", 1},
		{"", "ab", 2},
		{"abcd", "badc", 2},
		{"kitten", "sitting", 3},
	} {
		if got := distance(test.a, test.b, 3, &rows); got != test.want {
			t.Errorf("from %q to %q are %d edits, expected %d", test.a, test.b, got, test.want)
		}
	}
	if got := distance("completely", "different!", 2, &rows); got <= 2 {
		t.Errorf("names that have nothing in common are %d edits apart", got)
	}
}
