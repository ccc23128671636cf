package repotest_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// tool runs a program of the machine and returns its output. Without the program
// the test is skipped, or fails where everything has to be there.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed", name)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestDpkgInstallsThePackages(t *testing.T) {
	t.Parallel()
	d := repotest.NewDeb(t)
	d.AddText(`
hello 2:1.0-1 all
 Provides: greeting
hello-tool 1.0 all
 Depends: hello
`)
	dir, root := t.TempDir(), t.TempDir()
	d.Publish(dir)
	for _, sub := range []string{"info", "updates"} {
		if err := os.MkdirAll(filepath.Join(root, "var/lib/dpkg", sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	suite := d.Suite("stable")
	tool(t, "dpkg", "--root="+root, "--force-not-root", "--force-bad-path", "--log=/dev/null", "-i",
		filepath.Join(dir, suite.Filename("hello")), filepath.Join(dir, suite.Filename("hello-tool")))
	got, err := os.ReadFile(filepath.Join(root, "usr/share/hello/version"))
	if err != nil || string(got) != "hello 2:1.0-1\n" {
		t.Errorf("the installed file holds %q (%v)", got, err)
	}
}

func TestGpgvAcceptsTheRoots(t *testing.T) {
	t.Parallel()
	d := repotest.NewDeb(t)
	d.Add(repotest.Package{Name: "hello"})
	dir := t.TempDir()
	d.Publish(dir)
	key := filepath.Join(t.TempDir(), "key.gpg")
	d.Key.WriteFile(t, key)
	release := filepath.Join(dir, "dists/stable/Release")
	for _, signed := range [][]string{{filepath.Join(dir, "dists/stable/InRelease")}, {release + ".gpg", release}} {
		if out := tool(t, "gpgv", append([]string{"--keyring", key}, signed...)...); !strings.Contains(out, "Good signature") {
			t.Errorf("gpgv %v: %s", signed, out)
		}
	}
}

func TestAptFtparchiveAgreesAboutTheIndex(t *testing.T) {
	t.Parallel()
	d := repotest.NewDeb(t)
	suite := d.Suite("stable")
	suite.Hashes = []string{"MD5Sum", "SHA1", "SHA256", "SHA512"}
	suite.Compressions = []string{""}
	suite.Add(repotest.ParsePackages(t, `
hello 1:1.0-1 amd64
 Depends: libc6 (>= 2.36), hello-data | data
 Task: greeting
hello-data 1.0 all
`)...)
	dir := t.TempDir()
	d.Publish(dir)
	got, err := os.ReadFile(filepath.Join(dir, "dists/stable/main/binary-amd64/Packages"))
	if err != nil {
		t.Fatal(err)
	}
	want := tool(t, "sh", "-c", "cd '"+dir+"' && apt-ftparchive packages pool")
	if diff := cmp.Diff(sortedLines(want), sortedLines(string(got))); diff != "" {
		t.Errorf("Packages as apt-ftparchive writes it (-) and as it is (+):\n%s", diff)
	}
}

// sortedLines are the lines of a text; the order of fields is of no importance.
func sortedLines(text string) []string {
	return slices.Sorted(strings.Lines(strings.TrimRight(text, "\n") + "\n"))
}

func TestASourcePackageUnpacks(t *testing.T) {
	t.Parallel()
	d := repotest.NewDeb(t)
	d.Suite("stable").AddSource(repotest.Source{Name: "hello"})
	dir, to := t.TempDir(), filepath.Join(t.TempDir(), "hello")
	d.Publish(dir)
	tool(t, "dpkg-source", "-x", filepath.Join(dir, "pool/main/h/hello/hello_1.0.dsc"), to)
	if _, err := os.Stat(filepath.Join(to, "README")); err != nil {
		t.Error(err)
	}
}

func TestPublishMakesTheNextGenerationInPlace(t *testing.T) {
	t.Parallel()
	d := repotest.NewDeb(t)
	d.AddText("stays 1.0\ngoes 1.0")
	dir := t.TempDir()
	d.Publish(dir)
	suite := d.Suite("stable")
	kept, gone := suite.Filename("stays"), suite.Filename("goes")
	before, err := os.Stat(filepath.Join(dir, kept))
	if err != nil {
		t.Fatal(err)
	}
	root := read(t, dir, "dists/stable/InRelease")

	suite.Remove("goes")
	d.AddText("comes 1.0")
	d.Publish(dir)

	after, err := os.Stat(filepath.Join(dir, kept))
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the package that stays was written again (%v)", err)
	}
	if _, err := os.Stat(filepath.Join(dir, filepath.Dir(gone))); !os.IsNotExist(err) {
		t.Errorf("the directory of the package that goes: %v, expected it gone", err)
	}
	if read(t, dir, suite.Filename("comes")) == "" || read(t, dir, "dists/stable/InRelease") == root {
		t.Error("the second generation is not there")
	}
}

func read(t *testing.T, dir, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestOneGenerationIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	build := func() *repotest.Tree {
		d := repotest.NewDeb(t)
		s := d.Suite("stable")
		s.Translations, s.Unsigned = true, true
		s.Extra = map[string]string{"main/dep11/Components-amd64.yml.gz": "---\n"}
		s.Add(repotest.Package{Name: "hello", Size: 1000})
		s.AddSource(repotest.Source{Name: "hello"})
		return d.Tree()
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

func BenchmarkPublish300Packages(b *testing.B) {
	for b.Loop() {
		d := repotest.NewDeb(b)
		for i := range 300 {
			d.Add(repotest.Package{Name: fmt.Sprintf("package%d", i), Size: 1000})
		}
		d.Publish(b.TempDir())
	}
}
