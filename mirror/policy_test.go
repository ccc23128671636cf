package mirror_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

func pattern(t *testing.T, text string) repo.Pattern {
	t.Helper()
	p, err := repo.ParsePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func exclusion(t *testing.T, text string) []mirror.Exclusion {
	return []mirror.Exclusion{{Package: pattern(t, text)}}
}

func TestExcludedPackagesAreNotPicked(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		section, source := "Section: games", "Source: made"
		if f.Name() == "rpm" {
			section, source = "Group: games", "SourceRPM: made-1.0-1.src.rpm"
		}
		u := newUpstream(t, f, "a\na-dbg\ngame\n "+section+"\nlib 2.0\nbuilt\n "+source+"\nnoarch 1.0 all\n")
		on := func(name string) string { // the name of the architecture
			if f.Name() == "rpm" {
				return map[string]string{"amd64": "x86_64", "all": "noarch"}[name]
			}
			return name
		}
		for name, c := range map[string]struct {
			exclude mirror.Exclusion
			gone    []string
		}{
			"name":               {mirror.Exclusion{Package: pattern(t, "a")}, []string{"a"}},
			"glob":               {mirror.Exclusion{Package: pattern(t, "a*")}, []string{"a", "a-dbg"}},
			"regular expression": {mirror.Exclusion{Package: pattern(t, "/^a.*g$/")}, []string{"a-dbg"}},
			"field name":         {mirror.Exclusion{Name: pattern(t, "/^(a|lib)$/")}, []string{"a", "lib"}},
			"section":            {mirror.Exclusion{Section: pattern(t, "games")}, []string{"game"}},
			"source package":     {mirror.Exclusion{Source: pattern(t, "made")}, []string{"built"}},
			"version":            {mirror.Exclusion{Version: pattern(t, "2.0*")}, []string{"lib"}},
			"architecture":       {mirror.Exclusion{Architecture: pattern(t, on("all"))}, []string{"noarch"}},
			"source":             {mirror.Exclusion{Repository: pattern(t, "s")}, []string{"a", "a-dbg", "built", "game", "lib", "noarch"}},
			"another source":     {mirror.Exclusion{Repository: pattern(t, "other")}, nil},
			"all must hold":      {mirror.Exclusion{Name: pattern(t, "*"), Section: pattern(t, "games"), Repository: pattern(t, "s")}, []string{"game"}},
			"not all hold":       {mirror.Exclusion{Name: pattern(t, "a"), Section: pattern(t, "games")}, nil},
		} {
			j := newJob(t, u.source(t, "s"))
			partial(t, j, "a", "a-dbg", "built", "game", "lib", "noarch")
			j.Mirror.Exclude = []mirror.Exclusion{c.exclude}
			p, err := mirror.Plan(context.Background(), j)
			if err != nil {
				t.Error(name, err)
				continue
			}
			picked := map[string]bool{}
			for _, x := range p.Picked {
				picked[x.Name] = true
			}
			var gone []string
			for _, seed := range j.Mirror.Packages {
				if !picked[seed.Pattern] {
					gone = append(gone, seed.Pattern)
				}
			}
			if d := cmp.Diff(c.gone, gone); d != "" {
				t.Errorf("%s: left out (-want +got):\n%s", name, d)
			}
		}
	})
}

// The policies reach the solver.
func TestAlternativesPolicies(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a\n Depends: b | c\nb\nc\nd\n Conflicts: a\n")
		for name, c := range map[string]struct {
			set  func(m *mirror.Mirror)
			want []string
		}{
			"first":  {func(*mirror.Mirror) {}, []string{"a", "b"}},
			"all":    {func(m *mirror.Mirror) { m.Alternatives = solver.AlternativesAll }, []string{"a", "b", "c"}},
			"prefer": {func(m *mirror.Mirror) { m.Prefer = []string{"c"} }, []string{"a", "c"}},
		} {
			j := newJob(t, u.source(t, "s"))
			partial(t, j, "a")
			c.set(j.Mirror)
			run(t, j)
			if d := cmp.Diff(c.want, held(t, j)); d != "" {
				t.Errorf("%s: held (-want +got):\n%s", name, d)
			}
		}
		j := newJob(t, u.source(t, "s"))
		partial(t, j, "a", "d")
		if r := run(t, j); len(r.Warnings)+len(r.Unresolved) > 0 {
			t.Error("each by itself can be installed:", r.Warnings, r.Unresolved)
		}
		j.Mirror.Together = true
		if r := run(t, j); len(r.Warnings) == 0 {
			t.Errorf("together they cannot be installed: %+v", r)
		}
	})
}

// What is installed satisfies requirements, at exactly its version, also where no
// repository has it.
func TestInstalledPackagesSatisfy(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a\n Depends: b (>= 2), c, d\nb 1.0\nc 1.0\n Depends: e\ne\n")
		j := newJob(t, u.source(t, "s"))
		partial(t, j, "a")
		j.Mirror.Installed = mirror.Installed{From: "list", Packages: []*repo.Package{
			{Name: "b", Version: "2.5"},
			{Name: "c", Version: "1.0"},
			{Name: "e", Version: "1.0"},
			{Name: "other", Version: "1.0", Provides: []repo.Provide{{Name: "d"}}},
			{Name: "a", Version: "1.0", Architecture: "s390x"}, // of no machine of the mirror
		}}
		r := run(t, j)
		if d := cmp.Diff([]string{"a"}, held(t, j)); d != "" || len(r.Unresolved) > 0 {
			t.Errorf("held (-want +got):\n%s\nunresolved: %v", d, r.Unresolved)
		}
	})
}

func TestPlanOffersWhatWasSolved(t *testing.T) {
	each(t, func(t *testing.T, f repo.Format) {
		u := newUpstream(t, f, "a\n Depends: b\nb\nbroken\n Depends: none\n")
		j := newJob(t, u.source(t, "s"))
		for _, seeds := range [][]string{{"a"}, nil} {
			j.Mirror.Packages = nil
			if seeds != nil {
				partial(t, j, seeds...)
			}
			p, err := mirror.Plan(context.Background(), j)
			if err != nil {
				t.Fatal(err)
			}
			pickings := p.Pickings()
			if len(pickings) != 1 || len(pickings[0].Catalog.Packages) != 3 || pickings[0].Machine.Native != j.Mirror.Sources[0].Architectures[0] {
				t.Fatalf("pickings: %+v", pickings)
			}
			if s := pickings[0].Solution; (s != nil) != (seeds != nil) || s != nil && len(s.Picks) != 2 {
				t.Errorf("seeds %v: solution %+v", seeds, s)
			}
			checked, broken, err := p.Check()
			if err != nil || checked != 3 || len(broken) != 1 || broken[0].Package.Name != "broken" || !strings.Contains(broken[0].Reason, "none") {
				t.Errorf("checked %d, broken: %+v, %v", checked, broken, err)
			}
		}
	})
}
