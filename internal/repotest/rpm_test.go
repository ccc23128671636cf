package repotest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

func TestRpmInstallsThePackages(t *testing.T) {
	t.Parallel()
	r := repotest.NewRPM(t)
	r.AddText(`
hello 2:1.0-3 noarch
 Provides: greeting = 2
 Requires: (word or sentence)
word 1.0
`)
	for _, p := range r.Packages() {
		p.Key = r.Key
	}
	dir, root := t.TempDir(), t.TempDir()
	r.Publish(dir)
	key := filepath.Join(t.TempDir(), "key.asc")
	r.Key.WriteFile(t, key)
	tool(t, "rpm", "--root", root, "--import", key)
	files := []string{filepath.Join(dir, r.Filename("hello")), filepath.Join(dir, r.Filename("word"))}
	if out := tool(t, "rpm", append([]string{"--root", root, "-Kv"}, files...)...); strings.Count(out, "Signature, key ID") != 4 || strings.Contains(out, "NOKEY") {
		t.Errorf("rpm -Kv says:\n%s", out)
	}
	tool(t, "rpm", append([]string{"--root", root, "--ignorearch", "-i"}, files...)...)
	if got := tool(t, "rpm", "--root", root, "-q", "--qf", "%{epoch}:%{version}-%{release} %{vendor}", "hello"); got != "2:1.0-3 (none)" {
		t.Errorf("installed is %s", got)
	}
	got, err := os.ReadFile(filepath.Join(root, "usr/share/hello/version"))
	if err != nil || string(got) != "hello 2:1.0-3\n" {
		t.Errorf("the installed file holds %q (%v)", got, err)
	}
}

// TestRpmReadsTheTags compares what the real rpm reads with what was asked for.
func TestRpmReadsTheTags(t *testing.T) {
	t.Parallel()
	r := repotest.NewRPM(t)
	r.AddText(`
app 1.0-2 x86_64
 Requires: a >= 1:2, (b if c), /usr/bin/tool
 Requires(pre): d
 Recommends: e
 Suggests: f < 2
 Supplements: (g and h)
 Enhances: i
 Conflicts: j
 Obsoletes: k <= 3
 Provides: l = 4-5
 ModularityLabel: app:1:20:abc:x86_64
 Vendor: Test
`)
	dir := t.TempDir()
	r.Publish(dir)
	query := "[%{REQUIRENEVRS}\n][R %{RECOMMENDNEVRS}\n][S %{SUGGESTNEVRS}\n][U %{SUPPLEMENTNEVRS}\n][E %{ENHANCENEVRS}\n][C %{CONFLICTNEVRS}\n][O %{OBSOLETENEVRS}\n][P %{PROVIDENEVRS}\n]%{modularitylabel} %{vendor}\n"
	got := tool(t, "rpm", "-qp", "--nosignature", "--qf", query, filepath.Join(dir, r.Filename("app")))
	want := strings.TrimLeft(`
rpmlib(CompressedFileNames) <= 3.0.4-1
a >= 1:2
rpmlib(RichDependencies) <= 4.12.0-1
(b if c)
/usr/bin/tool
d
R e
S f < 2
U (g and h)
E i
C j
O k <= 3
P l = 4-5
P app = 1.0-2
P app(x86-64) = 1.0-2
app:1:20:abc:x86_64 Test
`, "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

const comps = `<?xml version="1.0" encoding="UTF-8"?>
<comps><group><id>tools</id><name>Tools</name><packagelist><packagereq type="mandatory">app</packagereq></packagelist></group></comps>
`

func TestGpgAcceptsTheRootOfAnRPM(t *testing.T) {
	t.Parallel()
	r := repotest.NewRPM(t)
	r.AddText("app\n")
	dir := t.TempDir()
	r.Publish(dir)
	key := filepath.Join(t.TempDir(), "key.gpg")
	r.Key.WriteFile(t, key)
	root := filepath.Join(dir, "repodata/repomd.xml")
	if out := tool(t, "gpgv", "--keyring", key, root+".asc", root); !strings.Contains(out, "Good signature") {
		t.Error(out)
	}
}

func TestAnRPMHasTheMetadataAskedFor(t *testing.T) {
	t.Parallel()
	r := repotest.NewRPM(t)
	r.AddText("app\n")
	r.Dir, r.Compression, r.Options = "os", "xz", []string{"--database", "--zck", "--distro=cpe:/o:test,Test"}
	r.Comps, r.Modules, r.Updateinfo = comps, "---\n", "<updates/>\n"
	r.Extra = map[string]string{"productid": "certificate\n"}
	r.Files = map[string]string{"os/.treeinfo": "[header]\n"}
	dir := t.TempDir()
	r.Publish(dir)
	root := read(t, dir, "os/repodata/repomd.xml")
	for _, kind := range []string{
		"primary", "filelists", "other", "primary_db", "primary_zck", "group", "group_xz", "group_zck", "modules", "updateinfo", "productid",
	} {
		if !strings.Contains(root, `<data type="`+kind+`">`) {
			t.Errorf("no record %s:\n%s", kind, root)
		}
	}
	if strings.Count(root, "<timestamp>1767225600</timestamp>") != strings.Count(root, "<data ") {
		t.Errorf("the records are of other times:\n%s", root)
	}
	if got := read(t, dir, r.Filename("app")); len(got) == 0 || r.Filename("app") != "Packages/a/app-1.0-1.x86_64.rpm" {
		t.Errorf("%s has %d bytes", r.Filename("app"), len(got))
	}
	if read(t, dir, "os/.treeinfo") != "[header]\n" {
		t.Error("no .treeinfo")
	}
}

func TestASourceRPMIsOne(t *testing.T) {
	t.Parallel()
	r := repotest.NewRPM(t)
	r.AddText("app 1.0-2 src\n Requires: make\n")
	dir := t.TempDir()
	r.Publish(dir)
	got := tool(t, "rpm", "-qp", "--nosignature", "--qf", "%{name} %{sourcepackage} [%{requires} ]", filepath.Join(dir, r.Filename("app")))
	if !strings.HasPrefix(got, "app 1 ") || !strings.Contains(got, "make ") || r.Filename("app") != "Packages/a/app-1.0-2.src.rpm" {
		t.Errorf("%s: %s", r.Filename("app"), got)
	}
}

func TestAnRPMIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	build := func() *repotest.Tree {
		r := repotest.NewRPM(t)
		r.Unsigned, r.Comps, r.Modules = true, comps, "---\n"
		r.Add(repotest.Package{Name: "app", Size: 1000})
		return r.Tree()
	}
	a, b := build(), build()
	if diff := cmp.Diff(a.Paths(), b.Paths()); diff != "" {
		t.Fatal(diff)
	}
	for _, path := range a.Paths() {
		if string(a.Content(path)) != string(b.Content(path)) {
			t.Errorf("%s differs", path)
		}
	}
}

func TestPublishMakesTheNextGenerationOfAnRPM(t *testing.T) {
	t.Parallel()
	r := repotest.NewRPM(t)
	r.AddText("stays\ngoes\n")
	dir := t.TempDir()
	r.Publish(dir)
	kept, gone, root := r.Filename("stays"), r.Filename("goes"), read(t, dir, "repodata/repomd.xml")
	before, err := os.Stat(filepath.Join(dir, kept))
	if err != nil {
		t.Fatal(err)
	}
	r.Remove("goes")
	r.AddText("comes\n")
	r.Publish(dir)
	after, err := os.Stat(filepath.Join(dir, kept))
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the package that stays was written again (%v)", err)
	}
	if _, err := os.Stat(filepath.Join(dir, gone)); !os.IsNotExist(err) {
		t.Errorf("the package that goes: %v", err)
	}
	if read(t, dir, r.Filename("comes")) == "" || read(t, dir, "repodata/repomd.xml") == root {
		t.Error("the second generation is not there")
	}
}

func BenchmarkPublishRPMOf300Packages(b *testing.B) {
	for b.Loop() {
		r := repotest.NewRPM(b)
		for i := range 300 {
			r.Add(repotest.Package{Name: fmt.Sprintf("package%d", i), Size: 1000})
		}
		r.Publish(b.TempDir())
	}
}
