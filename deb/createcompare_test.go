package deb

import (
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// oddPackages are packages as they come, and odd ones.
var oddPackages = []builtPackage{
	{name: "plain-gzip 1.0-1 amd64", compression: "gzip", control: "Section: utils\nPriority: optional\nHomepage: https://example.org/\n"},
	{name: "plain-xz 1.0-1 amd64", compression: "xz", control: "Section: utils\nPriority: optional\n"},
	{name: "plain-zstd 1.0-1 amd64", compression: "zstd", control: "Section: contrib/utils\nPriority: extra\n"},
	{name: "plain-none 1.0-1 arm64", compression: "none", control: "Section: libs\n"},
	{name: "data 1.0-1 all", control: "Multi-Arch: foreign\nSource: plain-gzip\n"},
	{name: "several 1.0 amd64"},
	{name: "several 1.1 amd64", control: "Priority: standard\n"},
	{name: "several 1:0.9 amd64"},
	{name: "no-description 1 amd64", control: "-Description:\n"},
	{name: "no-maintainer 1 amd64", control: "-Maintainer:\n"},
	{name: "libepoch 2:1.0+dfsg~rc1-0.1+b2 amd64", control: "Source: epoch (1:1.0+dfsg~rc1-0.1)\nMulti-Arch: same\nBuilt-Using: gcc-12 (= 12.2.0-14), binutils (= 2.40-2)\n"},
	{name: "lib 1 amd64", control: "Static-Built-Using: rustc (= 1.80)\n"},
	{
		name:    "relations 1.0 amd64",
		control: "Pre-Depends: libc6 (>= 2.34), dpkg\nDepends: a | b (<< 2:1.0~), c:any,\n d (= 1)\nRecommends: e,\n f\nProvides: g (= 1.0), h\nConflicts: i (>> 3), j:armhf\nBreaks: k (<= 4)\nReplaces: l\nSuggests: m\nEnhances: n\n",
	},
	{name: "fields 1.0 amd64", control: "x-custom-field: first\n\tsecond with a tab\n .\n third\nTag: role::program, interface::commandline\nTask: web-server, desktop\nPhased-Update-Percentage: 50\nEssential: no\nXB-Empty-First:\n only behind\nBugs: https://bugs.example.org\nOrigin: Example\n"},
	{name: "stale 1.0 amd64", control: "Filename: somewhere/else.deb\nSize: 1\nMD5sum: 00000000000000000000000000000000\nSHA256: 0000000000000000000000000000000000000000000000000000000000000000\nDescription: short\n text\nDescription-md5: 00000000000000000000000000000000\n"},
	{name: "no-files 1.0 amd64", files: map[string]string{}},
	{name: "unicode 1.0 amd64", control: "Description: Größe und \U0001f4e6\n für alle\n", files: map[string]string{"usr/share/größe/ünï\U0001f4e6": "x", "usr/share/with blanks/two  blanks": "x", "usr/share/quote\"'": "x"}},
	{name: "conffiles 1.0 amd64", files: manyFiles("etc/conffiles", 300, true)},
	{name: "many-files 1.0 amd64", compression: "xz", files: manyFiles("usr/share/many", many(), false)},
	{name: "long-name 1.0 amd64", files: map[string]string{"usr/share/" + strings.Repeat("long-directory/", 15) + strings.Repeat("n", 120): "x"}},
	{name: "installer-part 1.0 amd64", control: "Section: debian-installer\nPackage-Type: udeb\n", suffix: ".udeb", compression: "xz"},
}

// many is how many files a package of many has.
func many() int {
	if os.Getenv("PROVE") != "" {
		return 10000
	}
	return 500
}

// manyFiles are files of a directory.
func manyFiles(dir string, n int, conffiles bool) map[string]string {
	files := make(map[string]string)
	var list strings.Builder
	for i := range n {
		name := fmt.Sprintf("%s/%d/file-%d", dir, i%17, i)
		files[name] = fmt.Sprint(i)
		list.WriteString("/" + name + "\n")
	}
	if conffiles {
		files["DEBIAN/conffiles"] = list.String()
	}
	return files
}

// stanzas reads stanzas, by name, version and architecture; names of fields are in
// lower case.
func stanzas(t testing.TB, text string) map[string]map[string]string {
	t.Helper()
	all := make(map[string]map[string]string)
	in := control.NewReader(strings.NewReader(text), "stanzas")
	for {
		s, err := in.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		fields := make(map[string]string)
		for name, value := range s.All {
			fields[strings.ToLower(string(name))] = string(value)
		}
		id := fields["package"] + " " + fields["version"] + " " + fields["architecture"]
		if all[id] != nil {
			t.Errorf("%s stands there twice", id)
		}
		all[id] = fields
	}
}

// plain reads an index of the tree.
func (j *job) plain(name string) string {
	j.t.Helper()
	f, err := os.Open(filepath.Join(j.tree, name+".gz"))
	if err != nil {
		j.t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		j.t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		j.t.Fatal(err)
	}
	return string(text)
}

// allDigests are all that indexes can list.
var allDigests = []repo.Algorithm{repo.MD5, repo.SHA1, repo.SHA256, repo.SHA512}

// What is written is what other programs make of the same files: stanza by stanza and
// field by field, but for what docs/create-compared.md tells.
func TestCreateAsOthers(t *testing.T) {
	tool(t, "apt-ftparchive")
	tool(t, "dpkg-scanpackages")
	dir := t.TempDir()
	for _, p := range oddPackages {
		p.build(t, dir)
	}
	buildSources(t, dir)
	for name, content := range map[string]string{"override": overrideFile, "extra": extraOverrideFile, "override.src": sourceOverrideFile} {
		writeFile(t, filepath.Join(dir, name), content)
	}
	t.Run("flat", func(t *testing.T) { compareFlat(t, dir) })
	t.Run("overrides", func(t *testing.T) { compareOverrides(t, dir) })
	t.Run("suite", func(t *testing.T) { compareSuite(t, dir) })
	t.Run("reprepro", func(t *testing.T) { compareReprepro(t, dir) })
}

// compareFlat compares a flat repository.
func compareFlat(t *testing.T, dir string) {
	j := newJob(t, &Creator{Flat: true, Digests: allDigests})
	j.skip = ".udeb"
	j.create(dir)
	got := stanzas(t, j.plain("Packages"))
	if len(got) != len(oddPackages)-1 {
		t.Errorf("%d packages are listed, expected %d", len(got), len(oddPackages)-1)
	}
	ft := stanzas(t, output(t, dir, "apt-ftparchive", "packages", "."))
	delete(ft, "installer-part 1.0 amd64") // it does not tell packages of the installer from others
	compareStanzas(t, "apt-ftparchive", got, ft, func(id string, ours, theirs map[string]string) {
		theirs["filename"] = strings.TrimPrefix(theirs["filename"], "./")
	})
	scanned := output(t, dir, "dpkg-scanpackages", "-m", ".")
	compareStanzas(t, "dpkg-scanpackages", got, stanzas(t, scanned), func(_ string, ours, theirs map[string]string) {
		theirs["filename"] = strings.TrimPrefix(theirs["filename"], "./")
		delete(ours, "sha512") // which it does not know
		for name, value := range ours {
			ours[name] = strings.ReplaceAll(value, "\n\t", "\n ") // it begins lines with a blank
		}
	})
}

const overrideFile = `# comment
plain-gzip	important	net	Nobody <nobody@example.org> => Wrong <wrong@example.org>
plain-xz   required     admin   Other <o@example.org> // Test <test@example.org> => New <new@example.org>
several    standard     text    Always <always@example.org>
data       optional     doc     * => Star <star@example.org>
no-maintainer extra     misc
absent     extra        misc
`

const extraOverrideFile = `plain-gzip Task kiosk, tablet
plain-xz Homepage https://example.org/xz
plain-none Bugs https://bugs.example.org/
`

const sourceOverrideFile = "native text\nother-section devel\n"

// compareSuite compares a suite, with overrides: Packages, Sources and Contents.
func compareSuite(t *testing.T, dir string) {
	j := newJob(t, &Creator{
		Suite: "ours", Digests: allDigests, Contents: true,
		Overrides: overrideFile, ExtraOverrides: extraOverrideFile, SourceOverrides: sourceOverrideFile,
	})
	j.create(dir)
	writeFile(t, filepath.Join(dir, "conf"), fmt.Sprintf(`Dir { ArchiveDir %q; OverrideDir %q; CacheDir %[2]q; };
Tree "dists/theirs" {
  Sections "main"; Architectures "amd64 arm64 source"; Directory "pool/main"; SrcDirectory "pool/main";
  BinOverride "override"; ExtraOverride "extra"; SrcOverride "override.src"; 
};
Default { Packages::Extensions ".deb"; };
`, j.tree, dir))
	for _, d := range []string{"main/binary-amd64", "main/binary-arm64", "main/source"} {
		if err := os.MkdirAll(filepath.Join(j.tree, "dists/theirs", d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	output(t, dir, "apt-ftparchive", "generate", "conf")
	theirs := *j
	read := func(name string) (ours, other string) {
		return j.plain("dists/ours/" + name), theirs.plain("dists/theirs/" + name)
	}
	for _, name := range []string{"main/binary-amd64/Packages", "main/binary-arm64/Packages", "main/source/Sources"} {
		ours, other := read(name)
		compareStanzas(t, "apt-ftparchive", stanzas(t, ours), stanzas(t, other), func(_ string, _, theirs map[string]string) {
			delete(theirs, "checksums-sha512") // it reads the files that a .dsc names for those that it lacks
		})
	}
	for _, name := range []string{"main/Contents-amd64", "main/Contents-arm64"} {
		ours, other := read(name)
		if d := cmp.Diff(sortedLines(other), strings.Split(ours, "\n")); d != "" {
			t.Errorf("%s of apt-ftparchive, sorted, (-) and ours (+):\n%s", name, d)
		}
	}
}

// sortedLines are the lines of a text by the order of their bytes.
func sortedLines(text string) []string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	slices.Sort(lines)
	return append(lines, "")
}

// compareOverrides compares a flat repository with overrides.
func compareOverrides(t *testing.T, dir string) {
	j := newJob(t, &Creator{Flat: true, Digests: allDigests, Overrides: overrideFile, ExtraOverrides: extraOverrideFile, SourceOverrides: sourceOverrideFile})
	j.skip = ".udeb"
	j.create(dir)
	scanned := output(t, dir, "dpkg-scanpackages", "-m", "--extra-override", "extra", ".", "override")
	compareStanzas(t, "dpkg-scanpackages", stanzas(t, j.plain("Packages")), stanzas(t, scanned), func(id string, ours, theirs map[string]string) {
		theirs["filename"] = strings.TrimPrefix(theirs["filename"], "./")
		delete(ours, "sha512")
		for name, value := range ours {
			ours[name] = strings.ReplaceAll(value, "\n\t", "\n ")
		}
		if id == "data 1.0-1 all" {
			theirs["maintainer"] = "Star <star@example.org>" // it knows no "*"
		}
	})
	scanned = output(t, dir, "dpkg-scansources", "--source-override", "override.src", ".", "override")
	compareStanzas(t, "dpkg-scansources", stanzas(t, j.plain("Sources")), stanzas(t, scanned), func(id string, ours, _ map[string]string) {
		if strings.HasPrefix(id, "quilt ") {
			delete(ours, "section") // it takes none from the overrides of the packages
		}
	})
}

// compareReprepro compares a suite, with its places in the pool, of the packages that
// reprepro takes: it wants a section and a priority, keeps one version of each, and no
// package without Maintainer or Description.
func compareReprepro(t *testing.T, dir string) {
	tool(t, "reprepro")
	base := t.TempDir()
	writeFile(t, filepath.Join(base, "conf/distributions"), "Codename: ours\nComponents: main\nUDebComponents: main\nArchitectures: amd64 arm64 source\n")
	j := newJob(t, &Creator{Suite: "ours", Digests: []repo.Algorithm{repo.MD5, repo.SHA1, repo.SHA256}})
	for _, name := range []string{"plain-gzip_1.0-1_amd64.deb", "plain-xz_1.0-1_amd64.deb", "plain-zstd_1.0-1_amd64.deb"} {
		name = filepath.Join(dir, name)
		output(t, base, "reprepro", "-b", base, "--component", "main", "includedeb", "ours", name)
		if err := j.addFile(name, filepath.Base(name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"native_1.0.dsc", "quilt_1.0-1.dsc", "old_2.0~rc1.dsc"} {
		name = filepath.Join(dir, name)
		output(t, base, "reprepro", "-b", base, "--component", "main", "--section", "text", "--priority", "optional", "includedsc", "ours", name)
		if err := j.addFile(name, filepath.Base(name)); err != nil {
			t.Fatal(err)
		}
	}
	j.publish()
	theirs := *j
	theirs.tree = base
	for _, name := range []string{"main/binary-amd64/Packages", "main/source/Sources"} {
		name = "dists/ours/" + name
		compareStanzas(t, "reprepro", stanzas(t, j.plain(name)), stanzas(t, theirs.plain(name)), func(id string, _, theirs map[string]string) {
			if strings.HasSuffix(id, " any") { // of sources it wants to be told these
				delete(theirs, "section")
				delete(theirs, "priority")
			}
		})
	}
}

// buildSources builds source packages in the directory.
func buildSources(t *testing.T, dir string) {
	t.Helper()
	tool(t, "dpkg-source")
	for _, p := range []struct{ name, binaries, format string }{
		{"native 1:1.0", "plain-gzip data", "3.0 (native)"},
		{"quilt 1.0-1", "several", "3.0 (quilt)"},
		{"old 2.0~rc1", "unknown", "1.0"},
	} {
		name, version, _ := strings.Cut(p.name, " ")
		root := filepath.Join(t.TempDir(), "root")
		text := "Source: " + name + "\nMaintainer: Test <test@example.org>\nSection: misc\nPriority: optional\nBuild-Depends: debhelper (>= 13), gcc [amd64] <!nocheck>\nStandards-Version: 4.6.2\n"
		for b := range strings.FieldsSeq(p.binaries) {
			text += "\nPackage: " + b + "\nArchitecture: any\nDescription: x\n y\n"
		}
		writeFile(t, filepath.Join(root, "debian/control"), text)
		writeFile(t, filepath.Join(root, "debian/changelog"), name+" ("+version+") unstable; urgency=low\n\n  * Test.\n\n -- Test <test@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n")
		writeFile(t, filepath.Join(root, "debian/source/format"), p.format+"\n")
		writeFile(t, filepath.Join(root, "README"), name)
		if strings.Contains(p.format, "quilt") {
			upstream, _, _ := strings.Cut(version, "-")
			output(t, root, "tar", "--exclude", "debian", "-czf", filepath.Join(dir, name+"_"+upstream+".orig.tar.gz"), ".")
		}
		output(t, dir, "dpkg-source", "--build", root)
	}
}

func compareStanzas(t *testing.T, name string, got, want map[string]map[string]string, explain func(id string, ours, theirs map[string]string)) {
	t.Helper()
	for _, id := range slices.Sorted(maps.Keys(got)) {
		ours, theirs := maps.Clone(got[id]), maps.Clone(want[id])
		if explain != nil && theirs != nil {
			explain(id, ours, theirs)
		}
		if d := cmp.Diff(theirs, ours); d != "" {
			t.Errorf("%s: %s (-) and ours (+):\n%s", id, name, d)
		}
	}
	for id := range want {
		if got[id] == nil {
			t.Errorf("%s: only %s has it", id, name)
		}
	}
}
