package rpm

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestReadPackagesOfCreaterepo(t *testing.T) {
	t.Parallel()
	made1 := repotest.NewRPM(t)
	made1.AddText(`
rich 3:1.0^git~1-2.el9 noarch
 Requires: a >= 1:2, ((b and c) or d), (e and f), /usr/bin/tool
 Requires(pre): g
 Requires(post): g
 Recommends: h, (i or j)
 Supplements: (k and l)
 Conflicts: m < 2
 Obsoletes: n <= 3
 Provides: o = 4-5, p >= 6, rich = 7
 Group: System/Tools
 SourceRPM: rich-suite-1.0^git~1-2.el9.src.rpm
tool 2-1 src
`)
	made1.Add(repotest.Package{Name: "gtk+", Version: "1-1", Architecture: "x86_64", Files: map[string]string{"usr/bin/a&b": "", "usr/share/doc/a": "", "etc/a.conf": ""}})
	a := made(t, made1)
	s := source()
	priority := 700
	s.Priority = &priority
	r := only(t, s)
	got := a.packages(t, r)
	depends := func(kind repo.Kind, alternatives ...repo.Dependency) repo.Relation {
		return repo.Relation{Kind: kind, Alternatives: alternatives}
	}
	file := func(name string) repo.File {
		name = made1.Filename(name)
		return fileOf(name, a[name])
	}
	leaf := func(name string) *repo.Rich { return &repo.Rich{Dependency: repo.Dependency{Name: name}} }
	tool := file("tool")
	want := []*repo.Package{
		{
			Name: "gtk+", Version: "1-1", Architecture: "x86_64", Source: "gtk+", File: file("gtk+"), Listed: []repo.Listing{{Index: "primary"}},
			Provides: []repo.Provide{{Name: "gtk+", Version: "1-1"}, {Name: "gtk+(x86-64)", Version: "1-1"}},
			Detail:   &detail{files: []string{"/etc/a.conf", "/usr/bin/a&b"}},
		},
		{
			Name: "rich", Version: "3:1.0^git~1-2.el9", Architecture: "noarch", Source: "rich-suite", Section: "System/Tools", File: file("rich"),
			Listed:   []repo.Listing{{Index: "primary", Position: 1}},
			Provides: []repo.Provide{{Name: "o", Version: "4-5"}, {Name: "p", Version: ">= 6"}, {Name: "rich", Version: "7"}, {Name: "rich", Version: "3:1.0^git~1-2.el9"}},
			Relations: []repo.Relation{
				depends(repo.Requires, repo.Dependency{Name: "e"}),
				depends(repo.Requires, repo.Dependency{Name: "f"}),
				{Kind: repo.Requires, Rich: &repo.Rich{Op: repo.Or, Operands: []*repo.Rich{{Op: repo.And, Operands: []*repo.Rich{leaf("b"), leaf("c")}}, leaf("d")}}},
				depends(repo.Requires, repo.Dependency{Name: "/usr/bin/tool"}),
				depends(repo.Requires, repo.Dependency{Name: "a", Op: repo.GreaterEqual, Version: "1:2"}),
				depends(repo.PreRequires, repo.Dependency{Name: "g"}),
				depends(repo.Recommends, repo.Dependency{Name: "h"}),
				depends(repo.Recommends, repo.Dependency{Name: "i"}, repo.Dependency{Name: "j"}),
				{Kind: repo.Supplements, Rich: &repo.Rich{Op: repo.And, Operands: []*repo.Rich{leaf("k"), leaf("l")}}},
				depends(repo.Conflicts, repo.Dependency{Name: "m", Op: repo.Less, Version: "2"}),
				depends(repo.Obsoletes, repo.Dependency{Name: "n", Op: repo.LessEqual, Version: "3"}),
			},
			Detail: &detail{},
		},
		{
			Name: "tool", Version: "2-1", Architecture: "src", Source: "tool", Section: "Unspecified", File: tool, Files: []repo.File{tool},
			Listed: []repo.Listing{{Index: "primary", Position: 2}}, Detail: &detail{},
		},
	}
	for _, p := range want {
		p.Repository, p.Priority, p.MultiArch = r, priority, repo.Foreign
	}
	// createrepo_c decides the order of entries, and what a source package provides.
	byText := cmpopts.SortSlices(func(a, b repo.Relation) bool {
		return fmt.Sprint(a.Kind, " ", a) < fmt.Sprint(b.Kind, " ", b)
	})
	byName := cmpopts.SortSlices(func(a, b repo.Provide) bool { return a.Name+a.Version < b.Name+b.Version })
	if tool := slices.IndexFunc(got, (*repo.Package).IsSource); tool >= 0 {
		got[tool].Provides = nil
	}
	if diff := cmp.Diff(want, got, byText, byName, cmpopts.IgnoreFields(repo.Package{}, "Raw"), cmp.AllowUnexported(repo.Digest{}, detail{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("packages differ (-want +got):\n%s", diff)
	}
}

// packagesOf reads the elements, each a package in primary.
func packagesOf(s *repo.Source, elements ...string) ([]*repo.Package, error) {
	text := []byte(primary(elements...)[1])
	all, err := Format{}.Repositories(s)
	if err != nil {
		return nil, err
	}
	return readList(all[0], repo.Index{Name: "primary"}, func(repo.Index) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(text)), nil
	})
}

func namesOf(packages []*repo.Package) (names []string) {
	for _, p := range packages {
		names = append(names, fmt.Sprintf("%s.%s@%d", p.Name, p.Architecture, p.Listed[0].Position))
	}
	return names
}

func TestReadPackagesShows(t *testing.T) {
	elements := []string{
		element("a-1-1.x86_64", ""), element("a-1-1.i686", ""), element("a-1-1.aarch64", ""), element("b-1-1.noarch", ""),
		element("a-1-1.src", ""), element("b-2-1.i386", ""), element("kernel-core-1-1.x86_64_v2", ""),
	}
	for _, test := range []struct {
		name   string
		change func(*repo.Source)
		want   string
	}{
		{"all", func(*repo.Source) {}, "a.x86_64@0 a.i686@1 a.aarch64@2 b.noarch@3 a.src@4 b.i386@5 kernel-core.x86_64_v2@6"},
		{"one architecture", func(s *repo.Source) { s.Architectures = []string{"x86_64"} }, "a.x86_64@0 b.noarch@3"},
		{"two architectures", func(s *repo.Source) { s.Architectures = []string{"x86_64", "i686"} }, "a.x86_64@0 a.i686@1 b.noarch@3 b.i386@5"},
		{"a newer machine", func(s *repo.Source) { s.Architectures = []string{"x86_64_v2"} }, "a.x86_64@0 b.noarch@3 kernel-core.x86_64_v2@6"},
		{"sources too", func(s *repo.Source) { s.Architectures, s.Include = []string{"aarch64"}, []string{"sources"} }, "a.aarch64@2 b.noarch@3 a.src@4"},
		{"excluded names", func(s *repo.Source) { s.Exclude = []string{"kernel*", "a"} }, "b.noarch@3 b.i386@5"},
		{"excluded forms", func(s *repo.Source) { s.Exclude = []string{"a.*86*", "b-2*", "*.src"} }, "a.aarch64@2 b.noarch@3 kernel-core.x86_64_v2@6"},
		{"only some", func(s *repo.Source) { s.Only, s.Exclude = []string{"a", "b"}, []string{"*.i?86"} }, "a.x86_64@0 a.aarch64@2 b.noarch@3 a.src@4"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := source()
			test.change(s)
			got, err := packagesOf(s, elements...)
			if err != nil {
				t.Fatal(err)
			}
			if names := strings.Join(namesOf(got), " "); names != test.want {
				t.Errorf("shown are %s, expected %s", names, test.want)
			}
		})
	}
}

// entries is a list of relations of a package.
func entries(kind string, attributes ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<rpm:%s>", kind)
	for _, a := range attributes {
		fmt.Fprintf(&b, "<rpm:entry %s/>", a)
	}
	fmt.Fprintf(&b, "</rpm:%s>", kind)
	return b.String()
}

func TestReadPackagesRelations(t *testing.T) {
	for _, test := range []struct{ name, format, want string }{
		{"what rpm provides", entries("requires", `name="rpmlib(X)" flags="LE" epoch="0" ver="4"`, `name="a"`), "requires a"},
		{"twice", entries("requires", `name="a"`, `name="b"`, `name="a"`), "requires a, requires b"},
		{"twice, once before", entries("requires", `name="a"`, `name="b"`, `name="a" pre="1"`), "pre-requires a, requires b"},
		{"twice, written differently", entries("requires", `name="a" flags="GE" ver="1"`, `flags="GE" ver='1' name="a"`), "requires a (>= 1)"},
		{"two versions", entries("requires", `name="a" flags="GE" ver="1"`, `name="a" flags="LT" ver="2"`), "requires a (>= 1), requires a (< 2)"},
		{"the same of two kinds", entries("requires", `name="a"`) + entries("suggests", `name="a"`), "requires a, suggests a"},
		{"epochs", entries("conflicts", `name="a" flags="EQ" epoch="0" ver="1" rel="2"`, `name="b" flags="GT" epoch="3" ver="1"`), "conflicts a (= 1-2), conflicts b (> 3:1)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := packagesOf(source(), element("x-1-1.noarch", test.format))
			if err != nil {
				t.Fatal(err)
			}
			var relations []string
			for _, r := range got[0].Relations {
				relations = append(relations, r.Kind.String()+" "+r.String())
			}
			if all := strings.Join(relations, ", "); all != test.want {
				t.Errorf("it %s, expected %s", all, test.want)
			}
		})
	}
}

func TestReadPackagesRefuses(t *testing.T) {
	replace := func(old, replacement string) string {
		return strings.Replace(element("x-1-1.noarch", "<rpm:requires/>"), old, replacement, 1)
	}
	for _, test := range []struct{ name, element, reason string }{
		{"no name", replace("<name>x</name>", ""), "no name"},
		{"a name of two words", replace("<name>x</name>", "<name>x y</name>"), "blank or a slash"},
		{"a name that is a path", replace("<name>x</name>", "<name>../x</name>"), "blank or a slash"},
		{"no version", replace("<version", "<other"), "no version"},
		{"an empty version", replace(`ver="1"`, ""), "no version"},
		{"no architecture", replace("<arch>noarch</arch>", "<arch/>"), "no architecture"},
		{"no location", replace("<location", "<elsewhere"), "no location"},
		{"a location above", replace("Packages/", "../../"), "set the source's root"},
		{"an absolute location", replace("Packages/", "/etc/"), "no path in the repository"},
		{"no checksum", replace(`type="sha256"`, ""), "unknown digest algorithm"},
		{"half a checksum", replace(digestOf("x-1-1.noarch"), "abcd"), "not a sha256 digest"},
		{"a weak checksum", replace(`"sha256" pkgid="YES">`+digestOf("x-1-1.noarch"), `"sha" pkgid="YES">`+strings.Repeat("a", 40)), "prove nothing"},
		{"a relation without a name", replace("<rpm:requires/>", entries("requires", `flags="EQ"`)), "without a name"},
		{"unknown flags", replace("<rpm:requires/>", entries("requires", `name="a" flags="XX" ver="1"`)), "XX"},
		{"a broken rich relation", replace("<rpm:requires/>", entries("requires", `name="(a and"`)), "it requires"},
		{"a Provide without a name", replace("<rpm:requires/>", entries("provides", ``)), "without a name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := packagesOf(source(), element("a-1-1.noarch", ""), test.element)
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(test.reason)) || !strings.HasPrefix(err.Error(), "primary:4: ") {
				t.Errorf("error %v, expected one in line 4 with %q", err, test.reason)
			}
		})
	}
	s := source()
	s.Trusted = true
	weak := replace(`"sha256" pkgid="YES">`+digestOf("x-1-1.noarch"), `"sha" pkgid="YES">`+strings.Repeat("a", 40))
	if got, err := packagesOf(s, weak); err != nil || got[0].File.Digest.Algorithm() != repo.SHA1 {
		t.Errorf("%v, %v of a trusted source", got, err)
	}
	if _, err := packagesOf(source(), weak); !errors.Is(err, repo.ErrWeak) {
		t.Errorf("error %v is not repo.ErrWeak", err)
	}
}

func TestReadPackagesElsewhere(t *testing.T) {
	located := func(location string) string {
		return strings.Replace(element("x-1-1.noarch", ""), `<location href="Packages/x-1-1.noarch.rpm"/>`, location, 1)
	}
	for _, test := range []struct {
		name, location string
		root           string
		path, upstream string
		written        string // the location in our primary, "" for upstream's
	}{
		{"here", `<location href="x.rpm"/>`, "", "x.rpm", "", ""},
		{"above", `<location href="../x%2B+~.rpm"/>`, "..", "x%2B+~.rpm", "", ""},
		{"below the root", `<location href="x.rpm"/>`, "..", "os/x.rpm", "", ""},
		{"elsewhere", `<location xml:base="https://other.example.org/pub/" href="a/Xen+1.rpm"/>`, "", "Packages/x/Xen+1.rpm", "https://other.example.org/pub/a/Xen+1.rpm", "Packages/x/Xen+1.rpm"},
		{"elsewhere, below the root", `<location href="a/x.rpm" xml:base="https://other.example.org"/>`, "..", "os/Packages/x/x.rpm", "https://other.example.org/a/x.rpm", "Packages/x/x.rpm"},
		{"a whole URL", `<location href="https://other.example.org/a/x.rpm"/>`, "", "Packages/x/x.rpm", "https://other.example.org/a/x.rpm", "Packages/x/x.rpm"},
		{"here, by its URL", `<location xml:base="https://rpm.example.org/el9/os/" href="a/x.rpm"/>`, "", "a/x.rpm", "", "a/x.rpm"},
		{"a relative base", `<location xml:base="a" href="x.rpm"/>`, "", "a/x.rpm", "", "a/x.rpm"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := source()
			s.Root = test.root
			got, err := packagesOf(s, located(test.location))
			if err != nil {
				t.Fatal(err)
			}
			want := test.location
			if test.written != "" {
				want = `<location href="` + test.written + `"/>`
			}
			sum := sha256.Sum256([]byte(located(want)))
			if p := got[0]; p.File.Path != test.path || p.Upstream != test.upstream || p.Raw != string(sum[:16]) {
				t.Errorf("it is at %s, upstream at %q, Raw %x; expected %s, %q, %x", p.File.Path, p.Upstream, p.Raw, test.path, test.upstream, sum[:16])
			}
		})
	}
	for _, location := range []string{`<location xml:base="https://" href="x.rpm"/>`, `<location xml:base="media://" href="x.rpm"/>`, `<location href="https://x.example.org/%zz"/>`, `<location href="https://x.example.org"/>`} {
		if _, err := packagesOf(source(), located(location)); err == nil {
			t.Errorf("%s is accepted", location)
		}
	}
}

// What is seen in parts by several workers is what one worker sees in the whole.
func TestReadPackagesInParts(t *testing.T) {
	var elements []string
	filler := "<rpm:license>" + strings.Repeat("free ", 200) + "</rpm:license>"
	for i := range 1200 {
		name := fmt.Sprintf("p%d-%d:1-1.noarch", i, i%3)
		elements = append(elements, element(name, entries("requires", fmt.Sprintf(`name="p%d"`, i/2), `name="libc.so.6"`)+filler+fmt.Sprintf("<file>/usr/bin/p%d</file>", i)))
	}
	read := func() []*repo.Package {
		got, err := packagesOf(source(), elements...)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	parts := read()
	r := parts[0].Repository
	whole, err := readWhole(r, repo.Index{Name: "primary"}, strings.NewReader(primary(elements...)[1]))
	if err != nil {
		t.Fatal(err)
	}
	if len(whole) != len(parts) {
		t.Fatalf("%d packages in parts, %d in the whole", len(parts), len(whole))
	}
	for i := range whole {
		parts[i].Repository = whole[i].Repository
		if !reflect.DeepEqual(whole[i], parts[i]) {
			t.Fatalf("package %d differs (-whole +parts):\n%s", i, cmp.Diff(whole[i], parts[i], cmp.AllowUnexported(repo.Digest{}, detail{})))
		}
	}
	// A package seems to end in a comment, in the last part.
	elements[1199] = strings.Replace(elements[1199], "<name>", "<!-- </package> --><name>", 1)
	if got := read(); len(got) != len(elements) || got[1199].Name != "p1199" {
		t.Errorf("%d packages, expected %d", len(got), len(elements))
	}
	elements[1190] = strings.Replace(elements[1190], "<name>", "<name>&", 1)
	if _, err := packagesOf(source(), elements...); err == nil || !strings.HasPrefix(err.Error(), "primary:1193: ") {
		t.Errorf("error %v, expected one in line 1193", err)
	}
}

// A package that is kept does not keep the document.
func TestReadPackagesForgetsTheRest(t *testing.T) {
	var elements []string
	for i := range 600 {
		elements = append(elements, element(fmt.Sprintf("p%d-1-1.noarch", i), "<rpm:license>"+strings.Repeat("free ", 1000)+"</rpm:license>"))
	}
	s := source()
	all, err := packagesOf(s, elements...)
	if err != nil {
		t.Fatal(err)
	}
	kept := all[len(all)/2]
	all, elements = nil, nil
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	with := heap()
	runtime.KeepAlive(kept)
	kept = nil
	if without := heap(); with > without+1<<20 {
		t.Errorf("one package holds %d bytes", with-without)
	}
	runtime.KeepAlive(all)
}

func TestReadPackagesTakesAnyRelation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-c(/][a-z0-9 ()<>=]{0,8}`)
		list := rapid.SampledFrom([]string{"provides", "requires", "conflicts", "obsoletes", "recommends", "suggests", "supplements", "enhances"})
		var more strings.Builder
		for range rapid.IntRange(0, 4).Draw(t, "entries") {
			escape := strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace
			more.WriteString(entries(list.Draw(t, "list"), fmt.Sprintf(`name="%s" flags="%s" epoch="%d" ver="%s"`, escape(word.Draw(t, "name")),
				rapid.SampledFrom([]string{"", "EQ", "LT", "GE"}).Draw(t, "flags"), rapid.IntRange(0, 2).Draw(t, "epoch"), rapid.SampledFrom([]string{"", "1", "2~a"}).Draw(t, "ver"))))
		}
		packages, err := packagesOf(source(), element("a-1-1.noarch", more.String()))
		if err != nil && !strings.Contains(err.Error(), "(") {
			t.Fatalf("%v", err) // only rich relations can be malformed
		}
		for _, p := range packages {
			for _, r := range p.Relations {
				if (r.Rich == nil) == (len(r.Alternatives) == 0) {
					t.Fatalf("%v is neither rich nor has it alternatives", r)
				}
			}
		}
	})
}

func BenchmarkReadPackages(b *testing.B) {
	var elements []string
	for i := range 5000 {
		elements = append(elements, element(fmt.Sprintf("package%d-1-1.noarch", i), strings.Join([]string{
			"<rpm:group>System</rpm:group>",
			entries("provides", fmt.Sprintf(`name="package%d" flags="EQ" epoch="0" ver="1" rel="1"`, i)),
			entries("requires", `name="/bin/sh"`, `name="libc.so.6(GLIBC_2.34)(64bit)"`, `name="rtld(GNU_HASH)"`, fmt.Sprintf(`name="package%d" flags="GE" epoch="0" ver="1"`, i/3)),
			"<rpm:license>" + strings.Repeat("free ", 100) + "</rpm:license>",
		}, "\n    ")))
	}
	text := []byte(primary(elements...)[1])
	r := &repo.Repository{Source: source()}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := readList(r, repo.Index{Name: "primary"}, func(repo.Index) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil })
		if err != nil {
			b.Fatal(err)
		}
	}
}
