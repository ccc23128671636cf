package repo

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// numbers are versions that are whole numbers.
type numbers struct{}

func (numbers) Compare(a, b string) int {
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	return cmp.Compare(x, y)
}

func (n numbers) Satisfies(version string, op Op, wanted string) bool {
	return op == Any || version != "" && op.Holds(n.Compare(version, wanted))
}

// pkg makes a package of the native architecture, changed as told.
func pkg(name, version string, change ...func(*Package)) *Package {
	p := &Package{Name: name, Version: version, Architecture: "amd64"}
	for _, f := range change {
		f(p)
	}
	return p
}

func arch(a string) func(*Package)         { return func(p *Package) { p.Architecture = a } }
func multi(m MultiArch) func(*Package)     { return func(p *Package) { p.MultiArch = m } }
func priority(n int) func(*Package)        { return func(p *Package) { p.Priority = n } }
func essential(p *Package)                 { p.Essential = true }
func mandatory(p *Package)                 { p.Mandatory = true }
func source(p *Package)                    { p.Architecture, p.Files = "source", []File{{}} }
func provides(x ...Provide) func(*Package) { return func(p *Package) { p.Provides = x } }

func relation(k Kind, names ...string) func(*Package) {
	return func(p *Package) {
		for _, name := range names {
			p.Relations = append(p.Relations, Relation{Kind: k, Alternatives: []Dependency{{Name: name}}})
		}
	}
}

func describe(list []*Package) (out []string) {
	for _, p := range list {
		s := p.Name + " " + p.Version
		if p.Architecture != "amd64" {
			s = p.String()
		}
		out = append(out, s)
	}
	return out
}

func TestCandidates(t *testing.T) {
	for _, test := range []struct {
		name     string
		packages []*Package
		asked    Dependency
		from     string
		want     []string
	}{{
		name:     "the highest version first",
		packages: []*Package{pkg("b", "1"), pkg("b", "3"), pkg("b", "2"), pkg("c", "9")},
		asked:    Dependency{Name: "b"},
		want:     []string{"b 3", "b 2", "b 1"},
	}, {
		name:     "priority before version",
		packages: []*Package{pkg("b", "3", priority(100)), pkg("b", "1", priority(500)), pkg("b", "2", priority(500))},
		asked:    Dependency{Name: "b"},
		want:     []string{"b 2", "b 1", "b 3"},
	}, {
		name:     "none of negative priority",
		packages: []*Package{pkg("b", "3", priority(-1)), pkg("b", "1"), pkg("c", "1", priority(-1), provides(Provide{Name: "b"}))},
		asked:    Dependency{Name: "b"},
		want:     []string{"b 1"},
	}, {
		name:     "a constraint on the version",
		packages: []*Package{pkg("b", "1"), pkg("b", "2"), pkg("b", "3")},
		asked:    Dependency{Name: "b", Op: LessEqual, Version: "2"},
		want:     []string{"b 2", "b 1"},
	}, {
		name:     "the name before those that provide it, whatever their priority",
		packages: []*Package{pkg("c", "9", priority(900), provides(Provide{Name: "b"})), pkg("b", "1")},
		asked:    Dependency{Name: "b"},
		want:     []string{"b 1", "c 9"},
	}, {
		name: "only versioned providers satisfy a constraint",
		packages: []*Package{
			pkg("c", "9", provides(Provide{Name: "b"})),
			pkg("d", "9", provides(Provide{Name: "b", Version: "1"})),
			pkg("e", "1", provides(Provide{Name: "b", Version: "2"})),
		},
		asked: Dependency{Name: "b", Op: GreaterEqual, Version: "2"},
		want:  []string{"e 1"},
	}, {
		name:     "one that provides a name several times stands there once",
		packages: []*Package{pkg("c", "1", provides(Provide{Name: "b", Version: "1"}, Provide{Name: "b", Version: "2"}))},
		asked:    Dependency{Name: "b"},
		want:     []string{"c 1"},
	}, {
		name:     "a package may provide its own name at another version",
		packages: []*Package{pkg("b", "1", provides(Provide{Name: "b", Version: "5"}))},
		asked:    Dependency{Name: "b", Op: Equal, Version: "5"},
		want:     []string{"b 1"},
	}, {
		name: "providers: priority, essential, mandatory, last mentioned, version",
		packages: []*Package{
			pkg("low", "1", priority(100), essential, provides(Provide{Name: "v"})),
			pkg("old", "1", priority(500), provides(Provide{Name: "v"})),
			pkg("must", "1", priority(500), mandatory, provides(Provide{Name: "v"})),
			pkg("base", "1", priority(500), essential, provides(Provide{Name: "v"})),
			pkg("x", "1", relation(Requires, "late")),
			pkg("late", "1", priority(500), provides(Provide{Name: "v"})),
			pkg("late", "2", priority(500), provides(Provide{Name: "v"})),
		},
		asked: Dependency{Name: "v"},
		want:  []string{"base 1", "must 1", "late 2", "late 1", "old 1", "low 1"},
	}, {
		name: "what is mentioned first, even by a relation, comes last",
		packages: []*Package{
			pkg("x", "1", relation(Requires, "c")),
			pkg("b", "1", provides(Provide{Name: "v"})),
			pkg("c", "1", provides(Provide{Name: "v"})),
		},
		asked: Dependency{Name: "v"},
		want:  []string{"b 1", "c 1"},
	}, {
		name:     "source packages are not found",
		packages: []*Package{pkg("b", "2", source), pkg("b", "1")},
		asked:    Dependency{Name: "b"},
		want:     []string{"b 1"},
	}, {
		name:     "nothing for a name that only relations know",
		packages: []*Package{pkg("a", "1", relation(Requires, "b"))},
		asked:    Dependency{Name: "b"},
	}, {
		name:     "nothing for a name that nobody knows",
		packages: []*Package{pkg("a", "1")},
		asked:    Dependency{Name: "b"},
	}, {
		name:     "a need of another architecture's package",
		packages: []*Package{pkg("b", "1"), pkg("b", "1", arch("i386")), pkg("b", "2", arch("all"))},
		asked:    Dependency{Name: "b"},
		from:     "i386",
		want:     []string{"b 1 i386"},
	}, {
		name:     "packages for all architectures count as native",
		packages: []*Package{pkg("b", "1"), pkg("b", "2", arch("all")), pkg("b", "3", arch("i386"))},
		asked:    Dependency{Name: "b"},
		from:     "all",
		want:     []string{"b 2 all", "b 1"},
	}, {
		name:     "foreign packages satisfy all, native ones first",
		packages: []*Package{pkg("b", "2", arch("i386"), multi(Foreign)), pkg("b", "1", multi(Foreign)), pkg("b", "3")},
		asked:    Dependency{Name: "b"},
		from:     "i386",
		want:     []string{"b 1", "b 2 i386"},
	}, {
		name:     ":any is for packages that allow it",
		packages: []*Package{pkg("b", "1", multi(Allowed)), pkg("b", "2"), pkg("b", "3", multi(Foreign)), pkg("b", "4", multi(Same))},
		asked:    Dependency{Name: "b", Architecture: "any"},
		from:     "i386",
		want:     []string{"b 1"},
	}, {
		name:     ":native",
		packages: []*Package{pkg("b", "1"), pkg("b", "2", arch("i386")), pkg("b", "3", arch("all"))},
		asked:    Dependency{Name: "b", Architecture: "native"},
		from:     "i386",
		want:     []string{"b 3 all", "b 1"},
	}, {
		name:     "a named architecture",
		packages: []*Package{pkg("b", "1"), pkg("b", "2", arch("i386")), pkg("b", "3", multi(Foreign))},
		asked:    Dependency{Name: "b", Architecture: "i386"},
		want:     []string{"b 2 i386"},
	}, {
		name: "provides of a named architecture",
		packages: []*Package{
			pkg("c", "1", provides(Provide{Name: "b", Architecture: "i386"})),
			pkg("d", "1", provides(Provide{Name: "b", Architecture: "arm64"})),
		},
		asked: Dependency{Name: "b"},
		from:  "i386",
		want:  []string{"c 1"},
	}} {
		t.Run(test.name, func(t *testing.T) {
			c := NewCatalog(BasicRules{numbers{}}, test.packages)
			got := c.Candidates(test.asked, cmp.Or(test.from, "amd64"), "amd64")
			if diff := gocmp.Diff(test.want, describe(got)); diff != "" {
				t.Errorf("candidates of %s (-want +got):\n%s", test.asked, diff)
			}
			for _, p := range got {
				if !c.Satisfied(test.asked, p, cmp.Or(test.from, "amd64"), "amd64") {
					t.Errorf("%s is a candidate, but does not satisfy", p)
				}
			}
		})
	}
}

func TestExcluded(t *testing.T) {
	all := []*Package{
		pkg("b", "1"), pkg("b", "2"), pkg("b", "1", arch("i386")), pkg("b", "1", arch("all")),
		pkg("c", "1", provides(Provide{Name: "b"})), pkg("d", "1", provides(Provide{Name: "b", Version: "2"})),
		pkg("e", "1", arch("i386"), provides(Provide{Name: "b"})), pkg("f", "1"), pkg("b", "0", source),
	}
	c := NewCatalog(BasicRules{numbers{}}, all)
	for _, test := range []struct {
		asked Dependency
		want  []string
	}{
		{Dependency{Name: "b"}, []string{"b 2", "b 1", "b 1 i386", "b 1 all", "e 1 i386", "d 1", "c 1"}},
		{Dependency{Name: "b", Architecture: "any"}, []string{"b 2", "b 1", "b 1 i386", "b 1 all", "e 1 i386", "d 1", "c 1"}},
		{Dependency{Name: "b", Op: GreaterEqual, Version: "2"}, []string{"b 2", "d 1"}},
		{Dependency{Name: "b", Architecture: "i386"}, []string{"b 1 i386", "e 1 i386"}},
		{Dependency{Name: "b", Architecture: "native", Op: Less, Version: "2"}, []string{"b 1", "b 1 all"}},
		{Dependency{Name: "x"}, nil},
	} {
		got := c.list(c.AppendExcludedAt(nil, test.asked, "amd64"))
		if diff := gocmp.Diff(test.want, describe(got)); diff != "" {
			t.Errorf("excluded by %s (-want +got):\n%s", test.asked, diff)
		}
	}
}

func TestSearchOrders(t *testing.T) {
	c := NewCatalog(BasicRules{numbers{}}, []*Package{
		pkg("a", "1", relation(Obsoletes, "old"), relation(Requires, "old")),
		pkg("b", "1", priority(9), relation(Obsoletes, "old")),
		pkg("c", "1", provides(Provide{Name: "old"})),
		pkg("a", "2"),
		pkg("src", "1", source, provides(Provide{Name: "old"})),
		// A file moved from old to d: that does not make d the successor.
		pkg("d", "1", func(p *Package) {
			moved := []Dependency{{Name: "old", Op: Less, Version: "5"}}
			p.Relations = []Relation{{Kind: Breaks, Alternatives: moved}, {Kind: Obsoletes, Alternatives: moved}}
		}),
	})
	for what, test := range map[string]struct{ got, want []string }{
		"named a":        {describe(c.Named("a")), []string{"a 2", "a 1"}},
		"named old":      {describe(c.Named("old")), nil},
		"named src":      {describe(c.Named("src")), nil},
		"obsoleting old": {describe(c.Obsoleting("old")), []string{"b 1", "a 1"}},
		"providing old":  {describe(c.Providing("old")), []string{"c 1"}},
		"obsoleting new": {describe(c.Obsoleting("new")), nil},
		"names":          {slices.Collect(c.Names), []string{"a", "b", "c", "d"}},
	} {
		if diff := gocmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

// TestCandidatesAreAllThatSatisfy: the tables of names find what a look at every
// package finds.
func TestCandidatesAreAllThatSatisfy(t *testing.T) {
	letters := rapid.SampledFrom([]string{"a", "b", "c"})
	version := rapid.SampledFrom([]string{"1", "2", "3"})
	architecture := rapid.SampledFrom([]string{"amd64", "i386", "all"})
	rapid.Check(t, func(t *rapid.T) {
		var all []*Package
		for range rapid.IntRange(0, 8).Draw(t, "packages") {
			p := pkg(letters.Draw(t, "name"), version.Draw(t, "version"), arch(architecture.Draw(t, "architecture")))
			p.MultiArch = rapid.SampledFrom([]MultiArch{Single, Same, Foreign, Allowed}).Draw(t, "multi-arch")
			p.Priority = rapid.SampledFrom([]int{-1, 1, 500}).Draw(t, "priority")
			for range rapid.IntRange(0, 2).Draw(t, "provides") {
				p.Provides = append(p.Provides, Provide{Name: letters.Draw(t, "provided"), Version: rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "at")})
			}
			all = append(all, p)
		}
		c := NewCatalog(BasicRules{numbers{}}, all)
		d := Dependency{
			Name:         letters.Draw(t, "asked"),
			Architecture: rapid.SampledFrom([]string{"", "any", "native", "i386"}).Draw(t, "qualifier"),
			Op:           rapid.SampledFrom([]Op{Any, Less, LessEqual, Equal, GreaterEqual, Greater, NotEqual}).Draw(t, "op"),
			Version:      version.Draw(t, "wanted"),
		}
		from := architecture.Draw(t, "from")
		got := map[*Package]int{}
		for _, p := range c.Candidates(d, from, "amd64") {
			got[p]++
		}
		for _, p := range all {
			want := 0
			if p.Priority >= 0 && c.Satisfied(d, p, from, "amd64") {
				want = 1
			}
			if got[p] != want {
				t.Errorf("%s stands %d times among the candidates of %s from %s, expected %d", p, got[p], d, from, want)
			}
		}
	})
}

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"nginx", "nginx", true},
		{"nginx", "nginx-light", false},
		{"nginx*", "nginx", true},
		{"*", "", true},
		{"python3-*", "python3-apt", true},
		{"python3-*", "python3", false},
		{"*-dev", "libc6-dev", true},
		{"*-dev", "libc6-dev-i386", false},
		{"lib*-dev*", "libc6-dev-i386", true},
		{"lib?6", "libc6", true},
		{"lib?6", "lib6", false},
		{"lib[a-c]6", "libc6", true},
		{"lib[!a-c]6", "libc6", false},
		{"lib[^a-c]6", "libd6", true},
		{"lib[abc", "lib[abc", false},
		{"g++*", "g++-12", true},
		{"a*b", "a/x/b", true},
	} {
		if got := Match(test.pattern, test.name); got != test.want {
			t.Errorf("Match(%q, %q) = %v, expected %v", test.pattern, test.name, got, test.want)
		}
	}
}

// TestMatchIsPathMatch: globs mean what path.Match means, where names have no slash.
func TestMatchIsPathMatch(t *testing.T) {
	parts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "*", "?", "[ab]", "[^b-c]", "-"}), 0, 8)
	rapid.Check(t, func(t *rapid.T) {
		var pattern string
		for _, part := range parts.Draw(t, "pattern") {
			pattern += part
		}
		name := rapid.StringMatching("[abc-]{0,8}").Draw(t, "name")
		want, err := path.Match(pattern, name)
		if err != nil {
			t.Fatal(err)
		}
		if got := Match(pattern, name); got != want {
			t.Errorf("Match(%q, %q) = %v, path.Match says %v", pattern, name, got, want)
		}
	})
}

// byName are the rules of a format whose clients go by names.
type byName struct{ BasicRules }

func (byName) Client() Client { return Client{Reverse: true, ProvidersByName: true} }

func TestCatalogByName(t *testing.T) {
	v := provides(Provide{Name: "v"})
	rich := func(p *Package) {
		p.Relations = []Relation{{Kind: Enhances, Rich: &Rich{Op: And, Operands: []*Rich{
			{Dependency: Dependency{Name: "a"}}, {Dependency: Dependency{Name: "v"}},
		}}}}
	}
	packages := []*Package{
		pkg("c", "1", v, essential), pkg("b", "1", v, mandatory), pkg("b", "2", v), pkg("a", "1", v, priority(-1)),
		pkg("s", "1", relation(Supplements, "v")), pkg("t", "1", rich),
	}
	c := NewCatalog(byName{BasicRules{numbers{}}}, packages)
	for _, test := range []struct {
		what      string
		got, want []string
	}{
		{"providers", describe(c.Candidates(Dependency{Name: "v"}, "amd64", "amd64")), []string{"b 2", "b 1", "c 1"}},
		{"what supplements v", describe(c.list(c.SupplementingAt("v"))), []string{"s 1", "t 1"}},
		{"what supplements a", describe(c.list(c.SupplementingAt("a"))), []string{"t 1"}},
		{"what supplements b", describe(c.list(c.SupplementingAt("b"))), nil},
	} {
		if diff := gocmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.what, diff)
		}
	}
	if other := NewCatalog(BasicRules{numbers{}}, packages).SupplementingAt("v"); len(other) > 0 {
		t.Errorf("clients that do not look at what supplements see %d", len(other))
	}
}

func TestForeignCandidates(t *testing.T) {
	packages := []*Package{
		pkg("b", "4", arch("i386"), multi(Foreign)), pkg("b", "1", multi(Foreign)), pkg("b", "2", arch("i686"), multi(Foreign)),
		pkg("b", "3", arch("other"), multi(Foreign)), pkg("c", "1", arch("i686"), multi(Foreign), provides(Provide{Name: "b"})),
	}
	c := NewCatalog(BasicRules{numbers{}}, packages)
	got := describe(c.Candidates(Dependency{Name: "b"}, "amd64", "amd64", "i686", "i386"))
	if diff := gocmp.Diff([]string{"b 1", "b 2 i686", "b 4 i386", "b 3 other", "c 1 i686"}, got); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
}
