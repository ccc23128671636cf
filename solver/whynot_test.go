package solver

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestWhyNot(t *testing.T) {
	for name, test := range map[string]struct {
		packages string
		seeds    []string
		options  Options
		of       string
		complete bool
		want     []string
	}{
		"it is nowhere": {
			packages: "nginx 1", of: "ngnix",
			want: []string{": no package has or provides this name; did you mean nginx?"},
		},
		"it is a name that others provide": {
			packages: "postfix 1; provides mail; in A 500", of: "mail",
			want: []string{": no package has this name; postfix 1 in repository A provides it"},
		},
		"a name that several provide": {
			packages: "postfix 1; provides mail\nexim 1; provides mail", of: "mail",
			want: []string{": no package has this name; postfix 1, exim 1 provide it"},
		},
		"a version that is nowhere": {
			packages: "a 1; in A 500", of: "a (>= 2)",
			want: []string{": only a 1 is in repository A"},
		},
		"negative priority": {
			packages: "a 1; in never -1", seeds: []string{"a"}, of: "a",
			want: []string{"a 1: its priority is negative (-1): such packages are never picked"},
		},
		"another architecture": {
			packages: "a 1\nb 1 arm64", seeds: []string{"a"}, of: "b",
			want: []string{"b 1: no machine of the mirror installs packages of the architecture arm64"},
		},
		"nothing asks for it": {
			packages: "a 1\nb 1", seeds: []string{"a"}, of: "b",
			want: []string{"b 1: nothing in the mirror asks for it"},
		},
		"a seed that has a higher version": {
			packages: "a 1\na 2", seeds: []string{"a"}, of: "a",
			want: []string{"a 1: the seed a is answered by a 2, a higher version"},
		},
		"a seed that a higher priority answers": {
			packages: "a 2; in low 100\na 1; in high 500", seeds: []string{"a"}, of: "a (>= 2)",
			want: []string{"a 2: the seed a is answered by a 1, which has a higher priority (500, not 100)"},
		},
		"a relation with a higher version": {
			packages: "a 1; requires b\nb 1\nb 2\nc 1; requires b", seeds: []string{"a", "c"}, of: "b (= 1)",
			want: []string{"b 1: a 1 requires b, for which there is b 2, a higher version (as with 1 more relations)"},
		},
		"a version that no relation accepts": {
			packages: "a 1; requires b (>= 2)\nb 1\nb 2", seeds: []string{"a"}, of: "b (= 1)",
			want: []string{"b 1: a 1 requires b (>= 2), which its version does not satisfy"},
		},
		"another provider": {
			packages: "a 1; requires b | c\nb 1\nc 1", seeds: []string{"a"}, of: "c",
			want: []string{"c 1: a 1 requires b | c, for which there is b 1, which clients try first"},
		},
		"a preferred provider": {
			packages: "a 1; requires b | c\nb 1\nc 1", seeds: []string{"a"}, options: Options{Prefer: []string{"c*"}}, of: "b",
			want: []string{"b 1: a 1 requires b | c, for which there is c 1, which the configuration prefers"},
		},
		"what is there anyway": {
			packages: "a 1; requires c, b | c\nb 1\nc 1", seeds: []string{"a"}, of: "b",
			want: []string{"b 1: a 1 requires b | c, for which there is c 1, which is in the mirror anyway"},
		},
		"a requirement that nothing satisfies": {
			packages: "a 1; requires b | c\nb 1; requires missing\nc 1", seeds: []string{"a"}, of: "b",
			want: []string{"b 1: a 1 requires b | c, for which there is c 1, since b 1 requires missing: no package has or provides it"},
		},
		"a conflict": {
			packages: "a 1; requires b | c; conflicts b\nb 1\nc 1", seeds: []string{"a"}, of: "b",
			want: []string{"b 1: a 1 requires b | c, for which there is c 1, since a 1 conflicts with b"},
		},
		"a seed's best version cannot be installed": {
			packages: "a 2; requires missing\na 1", seeds: []string{"a"}, of: "a (= 2)",
			want: []string{"a 2: the seed a is answered by a 1, since a 2 requires missing: no package has or provides it"},
		},
		"recommended, which is not followed": {
			packages: "a 1; recommends b\nb 1", seeds: []string{"a"}, of: "b",
			want: []string{"b 1: a 1 recommends b, and the mirror does not follow such relations"},
		},
		"recommended, but cannot be had": {
			packages: "a 1; recommends b; conflicts c\nb 1; requires c\nc 1", seeds: []string{"a"}, options: Options{Recommends: true}, of: "b",
			want: []string{"b 1: a 1 recommends b, which cannot be had: b 1 requires c; a 1 conflicts with c"},
		},
		"supplements, which is not followed": {
			packages: "a 1\nb 1; supplements a", complete: true, seeds: []string{"a"}, of: "b",
			want: []string{"b 1: it supplements a 1, and the mirror does not follow such relations"},
		},
		"nothing asks for it, nor could it be installed": {
			packages: "a 1\nb 1; requires missing", seeds: []string{"a"}, of: "b",
			want: []string{"b 1: nothing in the mirror asks for it", "b 1: it cannot be installed: b 1 requires missing: no package has or provides it"},
		},
		"it is there": {packages: "a 1", seeds: []string{"a"}, of: "a"},
		"all that match": {
			packages: "a 1\nb-1 1\nb-2 1", seeds: []string{"a", "b-1"}, of: "b-*",
			want: []string{"b-2 1: nothing in the mirror asks for it"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := catalog(t, test.packages)
			if test.complete {
				c = completeCatalog(t, test.packages)
			}
			test.options.Native = "amd64"
			asked := seeds(t, test.seeds...)
			var got []string
			for _, x := range WhyNot(c, Solve(c, asked, test.options), asked, test.options, seed(t, test.of)) {
				label := ""
				if x.Package != nil {
					label = x.Package.Name + " " + x.Package.Version
				}
				for _, reason := range x.Reasons {
					got = append(got, label+": "+reason)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhyNotAssumed(t *testing.T) {
	c := catalog(t, "a 1; requires b | c\nb 1\nc 1")
	o := Options{Native: "amd64", Assumed: c.Named("c")}
	for of, want := range map[string]string{
		"b": "a 1 requires b | c, for which there is c 1 (assumed installed)",
		"c": "it is assumed to be installed: such packages are not mirrored",
	} {
		got := WhyNot(c, Solve(c, seeds(t, "a"), o), seeds(t, "a"), o, seed(t, of))
		if len(got) != 1 || got[0].Reasons[0] != want {
			t.Errorf("%s: %v", of, got)
		}
	}
}

// TestWhyNotAnswers: what is not picked has reasons, what is picked has none.
func TestWhyNotAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := universes{virtual: true, complete: rapid.Bool().Draw(t, "complete")}
		all := kind.draw(t, 9)
		c := kind.catalog(all)
		o := Options{Native: "amd64", Foreign: []string{"i386"}, Recommends: rapid.Bool().Draw(t, "recommends"), Versions: rapid.IntRange(-1, 2).Draw(t, "versions")}
		asked := []Seed{{Pattern: "a"}, {Pattern: "b"}}
		s := Solve(c, asked, o)
		told := map[*repo.Package]bool{}
		for _, x := range WhyNot(c, s, asked, o, Seed{Pattern: "*"}) {
			told[x.Package] = true
			if len(x.Reasons) == 0 || slices.Contains(x.Reasons, "") {
				t.Fatalf("%s has the reasons %q", x.Package, x.Reasons)
			}
		}
		for _, p := range all {
			isPicked := slices.Contains(picked(s), p)
			if told[p] == isPicked {
				t.Fatalf("%s is picked: %v; it is told of: %v", p, isPicked, told[p])
			}
		}
	})
}
