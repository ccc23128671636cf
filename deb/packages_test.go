package deb

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// one fixture for most: two architectures, two components, sources.
const fixtureFields = "Suite: stable\nCodename: bookworm\nArchitectures: all amd64 arm64\nComponents: main contrib\nNo-Support-for-Architecture-all: Packages\n"

func sourceOf(components, architectures string) *repo.Source {
	return &repo.Source{Name: "s", Suites: []string{"bookworm"}, Components: strings.Fields(components), Architectures: strings.Fields(architectures)}
}

// sameDigest lets cmp compare digests.
var sameDigest = cmp.Comparer(func(a, b repo.Digest) bool { return a == b })

func TestReadPackagesFields(t *testing.T) {
	text := "Package: libfoo\nSource: foo (1.0-1)\nVersion: 1.0-1+b1\nInstalled-Size: 12\nArchitecture: amd64\nMulti-Arch: same\nEssential: yes\n" +
		"Priority: important\nSection: contrib/libs\nPre-Depends: a\nDepends: b (>= 1) | c,\n d:any\nRecommends: e\nSuggests: f\nEnhances: g\n" +
		"Conflicts: h:i386\nBreaks: i (<< 2)\nReplaces: j\nProvides: k (= 3), l\nX-Unknown:  kept \nTask: desktop, laptop\n" +
		"Filename: pool/f/foo.deb\nSize: 100\nMD5sum: " + strings.Repeat("1", 32) + "\nSHA256: " + sum(2) + "\nDescription: short\n long\n .\n more\n"
	a := publish(t, "dists/bookworm", fixtureFields, map[string]string{"main/binary-amd64/Packages": strings.TrimSuffix(text, "\n")})
	r := one(t, sourceOf("main", "amd64"))
	got := a.packages(t, r)
	relation := func(kind repo.Kind, alternatives ...repo.Dependency) repo.Relation {
		return repo.Relation{Kind: kind, Alternatives: alternatives}
	}
	name := func(name string) repo.Dependency { return repo.Dependency{Name: name} }
	want := []*repo.Package{{
		Name: "libfoo", Version: "1.0-1+b1", Architecture: "amd64", Source: "foo", Section: "contrib/libs",
		Groups: []string{"important", "desktop", "laptop"}, MultiArch: repo.Same, Mandatory: true, Essential: true,
		Provides: []repo.Provide{{Name: "k", Version: "3"}, {Name: "l"}},
		Relations: []repo.Relation{
			relation(repo.PreRequires, name("a")),
			relation(repo.Requires, repo.Dependency{Name: "b", Op: repo.GreaterEqual, Version: "1"}, name("c")),
			relation(repo.Requires, repo.Dependency{Name: "d", Architecture: "any"}),
			relation(repo.Recommends, name("e")),
			relation(repo.Suggests, name("f")),
			relation(repo.Enhances, name("g")),
			relation(repo.Conflicts, repo.Dependency{Name: "h", Architecture: "i386"}),
			relation(repo.Breaks, repo.Dependency{Name: "i", Op: repo.Less, Version: "2"}),
			relation(repo.Obsoletes, name("j")),
		},
		Priority: 500,
		File:     repo.File{Path: "pool/f/foo.deb", Size: 100, Digest: sha256Of(2)},
		Listed:   []repo.Listing{{Index: "dists/bookworm/main/binary-amd64/Packages", Position: 0}},
		Raw:      text,
	}}
	if d := cmp.Diff(want, got, sameDigest, cmpopts.IgnoreFields(repo.Package{}, "Repository")); d != "" {
		t.Error(d)
	}
	if got[0].Repository != r {
		t.Error("the package is not of the repository")
	}
}

func TestReadPackagesOrderAndListings(t *testing.T) {
	everywhere := stanza("everywhere", "1", "all", "")
	changed := stanza("changed", "1", "all", "")
	a := publish(t, "dists/bookworm", fixtureFields, map[string]string{
		"main/binary-amd64/Packages":    index(stanza("b", "1", "amd64", ""), everywhere, changed, stanza("a", "1", "amd64", "")),
		"main/binary-arm64/Packages":    index(everywhere, stanza("b", "1", "arm64", ""), changed+"Phased-Update-Percentage: 10\n"),
		"contrib/binary-amd64/Packages": index(stanza("c", "1", "amd64", ""), stanza("c", "1", "amd64", "Tag: twice\n")),
		"contrib/binary-arm64/Packages": "",
	})
	got := map[string][]repo.Listing{}
	var order []string
	for _, p := range a.packages(t, one(t, sourceOf("main contrib", "amd64 arm64"))) {
		order = append(order, p.Name+":"+p.Architecture)
		got[p.Name] = append(got[p.Name], p.Listed...)
	}
	amd64, arm64, contrib := "dists/bookworm/main/binary-amd64/Packages", "dists/bookworm/main/binary-arm64/Packages", "dists/bookworm/contrib/binary-amd64/Packages"
	// The Release lists its indexes in no fixed order here.
	want := map[string][]repo.Listing{
		"everywhere": {{Index: amd64, Position: 1}, {Index: arm64, Position: 0}},
		"changed":    {{Index: amd64, Position: 2}, {Index: arm64, Position: 2}},
		"a":          {{Index: amd64, Position: 3}},
		"b":          {{Index: amd64, Position: 0}, {Index: arm64, Position: 1}},
		"c":          {{Index: contrib, Position: 0}, {Index: contrib, Position: 1}},
	}
	byIndex := cmpopts.SortSlices(func(a, b repo.Listing) bool {
		return a.Index < b.Index || a.Index == b.Index && a.Position < b.Position
	})
	if d := cmp.Diff(want, got, byIndex); d != "" {
		t.Error(d)
	}
	if len(order) != 8 {
		t.Errorf("the packages are %v: everywhere has to be one, the others that differ several", order)
	}
	again := a.packages(t, one(t, sourceOf("main contrib", "amd64 arm64")))
	for i, p := range again {
		if s := p.Name + ":" + p.Architecture; s != order[i] {
			t.Fatalf("package %d is %s, and %s when read again", i, order[i], s)
		}
	}
}

func TestReadPackagesOfFlatRepositories(t *testing.T) {
	text := index(stanza("a", "1", "amd64", ""), stanza("b", "1", "arm64", ""), stanza("c", "1", "all", ""))
	for suite, dir := range map[string]string{"./": "", "sub/": "sub"} {
		a := publish(t, dir, "", map[string]string{"Packages": text})
		for architectures, want := range map[string]string{"amd64": "ac", "": "abc", "arm64 amd64": "abc"} {
			s := sourceOf("", architectures)
			s.Suites = []string{suite}
			var got strings.Builder
			for _, p := range a.packages(t, one(t, s)) {
				got.WriteString(p.Name)
				if p.Name == "c" && (p.Listed[0].Position != 2 || p.File.Path != "pool/c_1_all.deb") {
					t.Errorf("c is %+v", p)
				}
			}
			if got.String() != want {
				t.Errorf("suite %s has packages %s for %q, expected %s", suite, got.String(), architectures, want)
			}
		}
	}
}

const sampleSources = "Package: foo\nBinary: libfoo\nVersion: 1.0-1\nSection: libs\nArchitecture: any\nBuild-Depends: x [amd64]\nDirectory: pool/f\n" +
	"Files:\n 11111111111111111111111111111111 3 foo.dsc\n 11111111111111111111111111111111 4 foo.tar.xz\nChecksums-Sha256:\n" +
	" 2222222222222222222222222222222222222222222222222222222222222222 3 foo.dsc\n 3333333333333333333333333333333333333333333333333333333333333333 4 foo.tar.xz\n"

func TestReadPackagesWithSources(t *testing.T) {
	a := publish(t, "dists/bookworm", fixtureFields, map[string]string{
		"main/binary-amd64/Packages": index(stanza("libfoo", "1.0-1", "amd64", "Source: foo\n")),
		"main/source/Sources":        sampleSources,
	})
	s := sourceOf("main", "amd64")
	s.Include = []string{"packages", "sources"}
	packages := a.packages(t, one(t, s))
	var source *repo.Package
	for _, p := range packages {
		if p.IsSource() {
			source = p
		}
	}
	if len(packages) != 2 || source == nil {
		t.Fatalf("the packages are %v, expected one and its source", packages)
	}
	want := []repo.File{{Path: "pool/f/foo.dsc", Size: 3, Digest: sha256Of(2)}, {Path: "pool/f/foo.tar.xz", Size: 4, Digest: sha256Of(3)}}
	if d := cmp.Diff(want, source.Files, sameDigest); d != "" {
		t.Error(d)
	}
	if source.Name != "foo" || source.Version != "1.0-1" || source.Architecture != SourceArchitecture || source.File != want[0] || source.Raw != sampleSources ||
		source.Section != "libs" || source.Priority != 500 {
		t.Errorf("the source package is %+v", source)
	}
	catalog := repo.NewCatalog(Format{}, packages)
	if got := catalog.Candidates(repo.Dependency{Name: "foo"}, "amd64", "amd64"); len(got) != 0 {
		t.Errorf("a source package is a candidate: %v", got)
	}
}

func TestReadPackagesErrors(t *testing.T) {
	replace := func(old, replacement string) string {
		return strings.Replace(stanza("a", "1", "amd64", "Depends: b\n"), old, replacement, 1)
	}
	tests := []struct{ name, text, want string }{
		{"no name", replace("Package: a\n", ""), "field Package is missing"},
		{"no version", replace("Version: 1\n", ""), "field Version is missing"},
		{"no architecture", replace("Architecture: amd64\n", ""), "field Architecture is missing"},
		{"name of two words", replace("Package: a\n", "Package: a b\n"), `field Package: "a b" is more than one word`},
		{"name of two lines", replace("Package: a\n", "Package: a\n b\n"), "more than one word"},
		{"two names", replace("Version", "PACKAGE: b\nVersion"), "field Package stands there twice"},
		{"bad relation", replace("Depends: b", "Depends: b (>= 1"), `field Depends: no ")" after "1"`},
		{"bad provides", replace("Depends: b", "Provides: b | c"), "field Provides: alternatives"},
		{"no digest", replace("SHA256", "SHA-256"), "pool/a_1_amd64.deb has no digest"},
		{"weak", replace("SHA256: ", "MD5sum: 11111111111111111111111111111111\nX: "), "only digests that prove nothing"},
		{"leaves", replace("Filename: pool", "Filename: ../pool"), "leaves the repository"},
		{"nonsense", "nonsense\n", "malformed control file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := publish(t, "dists/bookworm", fixtureFields, map[string]string{"main/binary-amd64/Packages": index(stanza("x", "1", "amd64", ""), test.text)})
			r := one(t, sourceOf("main", "amd64"))
			_, err := Format{}.ReadPackages(r, a.root(t, r), a.open)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "dists/bookworm/main/binary-amd64/Packages:8") {
				t.Errorf("error is %v, expected %q in line 8", err, test.want)
			}
		})
	}
}

func TestReadPackagesOfMissingIndex(t *testing.T) {
	a := publish(t, "dists/bookworm", fixtureFields, map[string]string{"main/binary-amd64/Packages": stanza("a", "1", "amd64", ""), "contrib/binary-amd64/Packages": ""})
	r := one(t, sourceOf("", "amd64"))
	root := a.root(t, r)
	// An empty one may be listed only; the others must be there.
	delete(a, "dists/bookworm/contrib/binary-amd64/Packages")
	if got, err := (Format{}).ReadPackages(r, root, a.open); err != nil || len(got) != 1 {
		t.Errorf("%d packages and error %v, expected one package", len(got), err)
	}
	delete(a, "dists/bookworm/main/binary-amd64/Packages")
	if _, err := (Format{}).ReadPackages(r, root, a.open); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v, expected %v", err, fs.ErrNotExist)
	}
}

type brokenClose struct{ io.Reader }

func (brokenClose) Close() error { return errors.New("truncated") }

func TestReadPackagesReportsWhatCloseSays(t *testing.T) {
	a := publish(t, "dists/bookworm", fixtureFields, map[string]string{"main/binary-amd64/Packages": stanza("a", "1", "amd64", "")})
	r := one(t, sourceOf("main", "amd64"))
	_, err := Format{}.ReadPackages(r, a.root(t, r), func(ix repo.Index) (io.ReadCloser, error) {
		in, err := a.open(ix)
		return brokenClose{in}, err
	})
	if err == nil || !strings.Contains(err.Error(), "truncated") {
		t.Errorf("error is %v, expected the one of Close", err)
	}
}

func FuzzReadStanzas(f *testing.F) {
	f.Add([]byte(stanza("a", "1", "amd64", "Depends: b | c (>= 1)\nProvides: x (= 1)\n")), false)
	f.Add([]byte(sampleSources), true)
	r := &repo.Repository{Source: &repo.Source{Name: "s"}, Name: "x"}
	f.Fuzz(func(t *testing.T, text []byte, sources bool) {
		ix := repo.Index{Name: "Packages", Kind: packagesKind}
		if sources {
			ix.Kind = sourcesKind
		}
		packages, err := readList(&scope{repository: r}, ix, io.NopCloser(strings.NewReader(string(text))))
		if err != nil {
			return
		}
		var want []repo.File
		for _, p := range packages {
			if !strings.HasSuffix(p.Raw, "\n") || p.Name == "" || len(p.Listed) != 1 {
				t.Fatalf("package %+v", p)
			}
			if p.IsSource() {
				want = append(want, p.Files...)
			} else {
				want = append(want, p.File)
			}
		}
		// The files are those that full mirrors see.
		var got []repo.File
		err = Format{}.ReadFiles(r, ix, strings.NewReader(string(text)), func(f repo.File) error {
			got = append(got, f)
			return nil
		})
		if d := cmp.Diff(want, got, sameDigest); d != "" || err != nil {
			t.Fatalf("ReadFiles: %v %s", err, d)
		}
	})
}

// BenchmarkReadPackages reads packages with relations as many as in a middling
// component.
func BenchmarkReadPackages(b *testing.B) {
	one := stanza("libsomething-dev", "1.2.3-4", "amd64", "Source: libsomething\nInstalled-Size: 1234\nMaintainer: Somebody Somewhere <somebody@example.org>\n"+
		"Depends: libc6 (>= 2.36), libsomething1 (= 1.2.3-4), libother-dev (>= 1:2.0~) | libelse-dev\nRecommends: something-doc\nSuggests: a, b, c\n"+
		"Breaks: libsomething0-dev (<< 1.0)\nReplaces: libsomething0-dev (<< 1.0)\nProvides: libsomething-abi-dev (= 3)\n"+
		"Description: something for developers\nHomepage: https://example.org/something\nDescription-md5: d2d4cd8d1d1ab9bbb1ab1a2f9c1d5f7e\n"+
		"Section: libdevel\nPriority: optional\n")
	text := strings.Repeat(one+"\n", 20000)
	s := &scope{repository: &repo.Repository{Source: &repo.Source{Name: "s"}, Name: "x"}}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readList(s, repo.Index{Name: "Packages", Kind: packagesKind}, io.NopCloser(strings.NewReader(text))); err != nil {
			b.Fatal(err)
		}
	}
}
