package deb

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

var date = time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)

// rewritten holds the packages for which keep is true.
func rewritten(t tester, a archive, r *repo.Repository, keep func(*repo.Package) bool) (archive, *repo.Manifest, []*repo.Package) {
	t.Helper()
	var held []*repo.Package
	for _, p := range a.packages(t, r) {
		if keep(p) {
			held = append(held, p)
		}
	}
	out := archive{}
	m, err := Format{}.Rewrite(&repo.Rewriting{
		Repository: r, Root: a.root(t, r), Packages: held, Open: a.open, Signer: sealer{keys}, Date: date, Put: out.put,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, m, held
}

// checkManifest checks that the manifest is unique and is what was stored, and
// stores the paths by digest as well.
func (a archive) checkManifest(t tester, m *repo.Manifest) {
	t.Helper()
	contents := make(map[repo.Digest][]byte)
	for name, content := range a {
		contents[fileOf(name, content).Digest] = content
	}
	seen := make(map[string]bool)
	for _, f := range slices.Concat(m.Root, m.Indexes) {
		content, ok := contents[f.Digest]
		if !ok || f.Size != int64(len(content)) {
			t.Errorf("%s is in the manifest but was not stored", f.Path)
		}
		a[f.Path] = content
	}
	for f := range m.All {
		if seen[f.Path] {
			t.Errorf("%s is twice in the manifest", f.Path)
		}
		seen[f.Path] = true
	}
	for name := range a {
		if !seen[name] {
			t.Errorf("%s was stored but is not in the manifest", name)
		}
	}
}

const richFields = "Origin: Example\nLabel: Example Label\nSuite: stable\nVersion: 12.1\nCodename: bookworm\nValid-Until: Sun, 29 Nov 2026 10:00:00 UTC\n" +
	"Changelogs: https://changelogs.example.org/@CHANGEPATH@\nNotAutomatic: yes\nButAutomaticUpgrades: yes\nNo-Support-for-Architecture-all: Packages\n" +
	"Architectures: all amd64 arm64 i386\nComponents: main contrib non-free\nSigned-By: " + "0123456789ABCDEF0123456789ABCDEF01234567" + "\nDescription: a sample\nX-Other: y\n"

func TestRewriteRelease(t *testing.T) {
	a := publish(t, "dists/bookworm", richFields, map[string]string{
		"main/binary-amd64/Packages":    index(stanza("a", "1", "amd64", "")),
		"main/binary-arm64/Packages":    index(stanza("a", "1", "arm64", "")),
		"contrib/binary-amd64/Packages": "",
		"main/Contents-amd64":           "x",
	})
	r := one(t, sourceOf("main contrib", "amd64 arm64"))
	root := a.root(t, r)
	for _, validFor := range []time.Duration{0, 48 * time.Hour} {
		out := archive{}
		m, err := Format{}.Rewrite(&repo.Rewriting{
			Repository: r, Root: root, Packages: a.packages(t, r)[:1], Open: a.open, Signer: sealer{keys}, Date: date, ValidFor: validFor, Put: out.put,
		})
		if err != nil {
			t.Fatal(err)
		}
		out.checkManifest(t, m)
		var paths []string
		for _, f := range m.Root {
			paths = append(paths, f.Path)
		}
		if d := cmp.Diff([]string{"dists/bookworm/Release", "dists/bookworm/Release.gpg", "dists/bookworm/InRelease"}, paths); d != "" {
			t.Error(d)
		}
		back := out.root(t, r)
		if len(back.Files) != 3 || len(back.Warnings) != 0 {
			t.Errorf("the root has files %v and warnings %v", back.Files, back.Warnings)
		}
		until := ""
		if validFor > 0 {
			until = "Valid-Until: Tue, 24 Nov 2026 11:00:00 UTC\n"
		}
		want := "Origin: Example\nLabel: Example Label\nSuite: stable\nVersion: 12.1\nCodename: bookworm\n" +
			"Changelogs: https://changelogs.example.org/@CHANGEPATH@\nDate: Sun, 22 Nov 2026 11:00:00 UTC\n" + until +
			"NotAutomatic: yes\nButAutomaticUpgrades: yes\nAcquire-By-Hash: yes\nNo-Support-for-Architecture-all: Packages\n" +
			"Architectures: all amd64 arm64\nComponents: main contrib\nDescription: a sample\nMD5Sum:\n"
		text := string(out["dists/bookworm/Release"])
		if head := text[:strings.Index(text, "MD5Sum:\n")+len("MD5Sum:\n")]; head != want {
			t.Error(cmp.Diff(want, head))
		}
		if strings.Contains(text, "Contents") || strings.Contains(text, "SHA512") || !strings.Contains(text, "SHA256:\n") {
			t.Errorf("the lists of files are wrong: %s", text)
		}
	}
}

// What is written reads back as the packages that were to be held, byte for byte
// and in upstream's order.
func TestRewriteRoundTrip(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // without xz(1), of which it would start thousands
	rapid.Check(t, func(t *rapid.T) {
		fields := rapid.SampledFrom([]string{fixtureFields, strings.Replace(fixtureFields, "No-Support-for-Architecture-all: Packages\n", "", 1), richFields}).Draw(t, "fields")
		flat := rapid.Bool().Draw(t, "flat")
		indexes := map[string]string{}
		names := []string{"main/binary-amd64/Packages", "main/binary-arm64/Packages", "contrib/binary-amd64/Packages", "main/binary-all/Packages"}
		s := sourceOf("", "amd64 arm64")
		s.Include = rapid.SampledFrom([][]string{nil, {"packages", "sources"}}).Draw(t, "include")
		dir := "dists/bookworm"
		if flat {
			names, dir = []string{"Packages"}, ""
			s.Suites = []string{"./"}
		} else if s.Include != nil {
			indexes["main/source/Sources"] = index(sampleSources, strings.ReplaceAll(sampleSources, "foo", "bar"))
		}
		common := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return drawStanza(t, "all") }), 0, 5).Draw(t, "all")
		for _, name := range names {
			architecture := strings.TrimPrefix(filepath.Base(filepath.Dir(name)), "binary-")
			if flat {
				architecture = "amd64"
			}
			own := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string { return drawStanza(t, architecture) }), 0, 8).Draw(t, name)
			all := rapid.Permutation(append(own, common...)).Draw(t, "order of "+name)
			indexes[name] = index(all...)
		}
		a := publish(t, dir, fields, indexes)
		r := one(t, s)
		chosen := map[string]bool{}
		out, m, held := rewritten(t, a, r, func(p *repo.Package) bool {
			// The choice is by name, as that of a solver.
			if _, ok := chosen[p.Name]; !ok {
				chosen[p.Name] = rapid.Bool().Draw(t, "hold "+p.Name)
			}
			return chosen[p.Name]
		})
		out.checkManifest(t, m)
		back := out.packages(t, r)
		if d := cmp.Diff(shown(held), shown(back)); d != "" {
			t.Fatal(d)
		}
		for _, p := range held {
			if !slices.ContainsFunc(m.Packages, func(f repo.File) bool { return f == p.File }) {
				t.Fatalf("%s is not in the manifest", p.File.Path)
			}
		}
		// Every index of the scope is there, and no other package file.
		before, _ := Format{}.CatalogIndexes(r, a.root(t, r))
		after, _ := Format{}.CatalogIndexes(r, out.root(t, r))
		if d := cmp.Diff(indexNames(before), indexNames(after)); d != "" {
			t.Fatal(d)
		}
		again, m2, _ := rewritten(t, a, r, func(p *repo.Package) bool { return chosen[p.Name] })
		again.checkManifest(t, m2)
		if d := cmp.Diff(out, again); d != "" {
			t.Fatalf("written again it differs: %s", d)
		}
	})
}

func drawStanza(t *rapid.T, architecture string) string {
	name := rapid.StringMatching(`[a-e]{1,2}`).Draw(t, "name")
	version := rapid.StringMatching(`[12]`).Draw(t, "version")
	more := rapid.SampledFrom([]string{"", "Depends: x\n", "Odd:   1\nDescription: d\n l\n .\n", "Architecture-Variant: amd64v3\n"}).Draw(t, "more")
	return stanza(name, version, architecture, more)
}

// shown are packages by their stanzas and the indexes that these stand in.
func shown(packages []*repo.Package) (all []string) {
	for _, p := range packages {
		s := p.Raw
		for _, l := range p.Listed {
			s += "\n" + l.Index
		}
		all = append(all, s)
	}
	return all
}

func indexNames(all []repo.Index) []string {
	sorted := names(all)
	slices.Sort(sorted)
	return sorted
}

func TestRewriteTranslations(t *testing.T) {
	long := "Description: short\n long text\n .\n end\n" // its sum is reckoned
	sumOfLong := sumOf(repo.MD5, []byte("short\n long text\n .\n end\n"))
	md5 := strings.Repeat("a", 32)
	english := index(
		"Package: a\nDescription-md5: "+md5+"\nDescription-en: about a\n more\n",
		"Package: a\nDescription-md5: "+strings.Repeat("b", 32)+"\nDescription-en: of an older a\n",
		"Package: b\nDescription-md5: "+md5+"\nDescription-en: about b\n",
		"Package: c\nDescription-md5: "+sumOfLong.Hex()+"\nDescription-en: about c\n",
	)
	a := publish(t, "dists/bookworm", fixtureFields, map[string]string{
		"main/binary-amd64/Packages": index(stanza("a", "1", "amd64", "Description-md5: "+md5+"\n"), stanza("b", "1", "amd64", ""), stanza("c", "1", "amd64", long)),
		"main/i18n/Translation-en":   english,
		"main/i18n/Translation-de":   index("Package: a\nDescription-md5: " + md5 + "\nDescription-de: über a\n"),
		"main/i18n/Translation-fr":   index("Package: b\nDescription-md5: " + md5 + "\nDescription-fr: sur b\n"),
		"main/i18n/Translation-it":   "gone",
	})
	s := sourceOf("main", "amd64")
	s.Languages = []string{"en", "fr", "it"}
	r := one(t, s)
	root := a.root(t, r)
	delete(a, "dists/bookworm/main/i18n/Translation-it") // listed and not there
	packages, err := Format{}.ReadPackages(r, root, a.open)
	if err != nil {
		t.Fatal(err)
	}
	out := archive{}
	m, err := Format{}.Rewrite(&repo.Rewriting{
		Repository: r, Root: root, Packages: []*repo.Package{packages[0], packages[2]}, Open: a.open, Signer: sealer{keys}, Date: date, Put: out.put,
	})
	if err != nil {
		t.Fatal(err)
	}
	out.checkManifest(t, m)
	got := map[string]string{}
	back := out.root(t, r)
	for _, ix := range back.Indexes {
		if ix.Kind == translationsKind {
			in, err := out.open(ix)
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if _, err := b.ReadFrom(in); err != nil {
				t.Fatal(err)
			}
			got[filepath.Base(ix.Name)] = b.String()
		}
	}
	parts := strings.SplitAfter(english, "\n\n")
	if d := cmp.Diff(map[string]string{"Translation-en": parts[0] + parts[3]}, got); d != "" {
		t.Error(d)
	}
}

func TestRewriteByHash(t *testing.T) {
	indexes := map[string]string{"main/binary-amd64/Packages": index(stanza("a", "1", "amd64", ""))}
	for _, sha512 := range []bool{false, true} {
		fields := fixtureFields
		if sha512 {
			fields += "SHA512:\n " + strings.Repeat("1", 128) + " 1 main/other\n"
		}
		r := one(t, sourceOf("main", "amd64"))
		out, m, _ := rewritten(t, publish(t, "dists/bookworm", fields, indexes), r, func(*repo.Package) bool { return true })
		out.checkManifest(t, m)
		algorithms := []string{"SHA256", "MD5Sum"}
		if sha512 {
			algorithms = append(algorithms, "SHA512")
		}
		suffixes := 0
		for _, ix := range out.root(t, r).Indexes {
			for _, v := range ix.Variants {
				if v.Suffix == "" {
					continue
				}
				suffixes++
				if len(v.Alternates) != len(algorithms) || !v.UpstreamAlternates {
					t.Errorf("%s has the alternates %v, expected %v", v.Path, v.Alternates, algorithms)
				}
				for _, alternate := range v.Alternates {
					if !bytes.Equal(out[alternate], out[v.Path]) || len(out[v.Path]) == 0 {
						t.Errorf("%s is not %s", alternate, v.Path)
					}
				}
			}
		}
		if suffixes == 0 {
			t.Error("no compressed index was written")
		}
	}
}

func TestRewriteErrors(t *testing.T) {
	a := publish(t, "dists/bookworm", fixtureFields, map[string]string{"main/binary-amd64/Packages": index(
		stanza("a", "1", "amd64", ""), strings.Replace(stanza("b", "1", "amd64", ""), "pool/b", "pool/a", 1),
		strings.Replace(stanza("c", "1", "amd64", ""), "pool/c_1_amd64.deb", "dists/bookworm/main/binary-amd64/Packages.gz", 1),
		strings.Replace(stanza("d", "1", "amd64", ""), "pool/d_1_amd64.deb", "dists/bookworm/InRelease", 1),
	)})
	r := one(t, sourceOf("main", "amd64"))
	root, packages := a.root(t, r), a.packages(t, r)
	stray := *packages[0]
	stray.Listed = nil
	tests := []struct {
		packages []*repo.Package
		signer   repo.Signer
		want     string
	}{
		{packages[:2], sealer{keys}, "another package has pool/a_1_amd64.deb with digest"},
		{packages[2:3], sealer{keys}, "a package has the path of an index"},
		{packages[3:], sealer{keys}, "a package has the path of the root"},
		{[]*repo.Package{&stray}, sealer{keys}, "a 1 amd64 stands in none of the indexes"},
		{packages[:1], nil, "no key to sign with"},
	}
	for _, test := range tests {
		m, err := Format{}.Rewrite(&repo.Rewriting{Repository: r, Root: root, Packages: test.packages, Open: a.open, Signer: test.signer, Date: date, Put: archive{}.put})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("manifest is %v and error %v, expected %q", m, err, test.want)
		}
	}
}

// The real apt reads what we write of what apt-ftparchive wrote: every package,
// and the translated descriptions.
func TestAptReadsWhatIsWritten(t *testing.T) {
	ftparchive, dpkgDeb, aptGet, aptCache := tool(t, "apt-ftparchive"), tool(t, "dpkg-deb"), tool(t, "apt-get"), tool(t, "apt-cache")
	upstream := t.TempDir()
	run := func(dir string, command ...string) string {
		t.Helper()
		c := exec.Command(command[0], command[1:]...)
		c.Dir = dir
		var problems bytes.Buffer
		c.Stderr = &problems
		c.Env = append(os.Environ(), "LC_ALL=C", "APT_CONFIG="+filepath.Join(upstream, "apt.conf"))
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%v: %v\n%s%s", command, err, out, &problems)
		}
		return string(out)
	}
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(upstream, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("apt.conf", "")
	for _, name := range []string{"alpha", "beta", "gamma"} {
		write("build/"+name+"/DEBIAN/control", fmt.Sprintf("Package: %s\nVersion: 1.0\nArchitecture: all\nMaintainer: T <t@example.org>\nDescription: about %s\n and more\n", name, name))
		write("pool/empty", "")
		run(upstream, dpkgDeb, "--root-owner-group", "-Znone", "-b", "build/"+name, "pool/"+name+"_1.0_all.deb")
	}
	packages := run(upstream, ftparchive, "-o", "APT::FTPArchive::LongDescription=false", "-o", "APT::FTPArchive::AlwaysStat=false", "packages", "pool")
	write("dists/test/main/binary-amd64/Packages", packages)
	write("dists/test/main/i18n/Translation-en", translationsFor(t, packages))
	release := run(upstream, ftparchive, "-o", "APT::FTPArchive::Release::Suite=test", "-o", "APT::FTPArchive::Release::Components=main",
		"-o", "APT::FTPArchive::Release::Architectures=amd64", "release", "dists/test")
	a := archive{}
	for _, name := range []string{"main/binary-amd64/Packages", "main/i18n/Translation-en"} {
		content, err := os.ReadFile(filepath.Join(upstream, "dists/test", name))
		if err != nil {
			t.Fatal(err)
		}
		a["dists/test/"+name] = content
	}
	a["dists/test/InRelease"], _ = sealer{keys}.Inline([]byte(dated(release)))

	s := sourceOf("main", "amd64")
	s.Suites = []string{"test"}
	out, m, held := rewritten(t, a, one(t, s), func(p *repo.Package) bool { return p.Name != "beta" })
	out.checkManifest(t, m)
	mirror := t.TempDir()
	for name, content := range out {
		if strings.HasSuffix(name, "Release.gpg") || strings.HasSuffix(name, "InRelease") {
			continue // sealed for this test only; the source below is trusted
		}
		name = filepath.Join(mirror, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root := t.TempDir()
	for _, dir := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("status", "")
	write("sources.list", "deb [trusted=yes check-date=no] file:"+mirror+" test main\n")
	write("apt.conf", fmt.Sprintf(`Dir::State::lists "%s/lists"; Dir::State::status "%s/status"; Dir::Cache "%s/cache";
Dir::Etc::sourcelist "%s/sources.list"; Dir::Etc::sourceparts "-"; Dir::Etc::preferences "-"; Dir::Etc::preferencesparts "-"; Dir::Etc::parts "-";
APT::Architecture "amd64"; APT::Architectures { "amd64"; }; APT::Sandbox::User "root"; Acquire::Languages { "en"; };
`, root, upstream, root, upstream))
	run(upstream, aptGet, "-q", "update")
	got := run(upstream, aptCache, "dumpavail")
	for _, p := range held {
		if !strings.Contains(got, "Package: "+p.Name+"\n") {
			t.Errorf("apt does not have %s", p)
		}
		if show := run(upstream, aptCache, "show", p.Name); !strings.Contains(show, "Description-en: about "+p.Name+"\n and more") {
			t.Errorf("apt shows no translation of %s: %s", p.Name, show)
		}
	}
	if strings.Contains(got, "beta") {
		t.Errorf("apt has a package that is not held: %s", got)
	}
}

// dated replaces the date, which apt-ftparchive takes from the clock.
func dated(release string) string {
	lines := strings.Split(release, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "Date:") {
			lines[i] = "Date: " + formatDate(date)
		}
	}
	return strings.Join(lines, "\n")
}

// translationsFor makes the long descriptions that apt-ftparchive left out.
func translationsFor(t *testing.T, packages string) string {
	var b strings.Builder
	for _, s := range strings.Split(packages, "\n\n") {
		var name, sum string
		for _, line := range strings.Split(s, "\n") {
			if v, ok := strings.CutPrefix(line, "Package: "); ok {
				name = v
			}
			if v, ok := strings.CutPrefix(line, "Description-md5: "); ok {
				sum = v
			}
		}
		if name == "" {
			continue
		}
		// apt-ftparchive reckons the sum as we do where there is none.
		if d := sumOf(repo.MD5, []byte("about "+name+"\n and more\n")); d.Hex() != sum {
			t.Errorf("the sum of the description of %s is %q, expected %s", name, sum, d.Hex())
		}
		fmt.Fprintf(&b, "Package: %s\nDescription-md5: %s\nDescription-en: about %s\n and more\n\n", name, sum, name)
	}
	return b.String()
}
