package rpm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// sample is a repository with all that packages can have, as createrepo_c makes it.
func sample(t *testing.T) *repotest.RPM {
	r := repotest.NewRPM(t)
	r.AddText(`
hello 2:1.0-3 x86_64
 Requires: word >= 1.0
 Requires: /usr/share/deep/version
 Recommends: (deep if word)
 Supplements: nothing

word 1.0 noarch
 Provides: speech = 2
 Obsoletes: sound < 1
 Conflicts: silence

deep 1.0~rc1^git2 noarch
 Suggests: hello

left+out 1.0 noarch

hello 1.0-3 src

app 1.0-1 x86_64
 ModularityLabel: app:1:1:c:x86_64
`)
	r.Comps = strings.NewReplacer(">a<", ">hello<", ">b<", ">left+out<").Replace(sampleComps)
	r.Modules = module("app:1", 1, "", "common=app", "app-0:1.0-1.x86_64", "app-0:0.9-1.x86_64") + defaults("app", "1")
	r.Updateinfo = `<updates><update from="t@example.org" status="final" type="security" version="1"><id>EX-1</id><title>t</title><issued date="2026-11-22 10:00:00"/>` +
		`<updated date="2026-11-22 10:00:00"/><severity>Low</severity><description>d</description><pkglist><collection short="x"><name>x</name>` +
		`<package name="hello" version="1.0" release="3" epoch="2" arch="x86_64" src="hello-1.0-3.src.rpm"><filename>hello-1.0-3.x86_64.rpm</filename></package>` +
		`<package name="left+out" version="1.0" release="1" epoch="0" arch="noarch"><filename>left+out-1.0-1.noarch.rpm</filename></package>` +
		`</collection></pkglist></update></updates>`
	r.Extra = map[string]string{"productid": "a certificate"}
	return r
}

// write writes the archive into a directory.
func (a archive) write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range a {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// run runs a program and returns what it prints.
func run(t *testing.T, command ...string) string {
	t.Helper()
	c := exec.Command(tool(t, command[0]), command[1:]...)
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	var problems bytes.Buffer
	c.Stderr = &problems
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", command, err, out, &problems)
	}
	return string(out)
}

// withoutSome is a mirror of the repository without the packages for which leave is
// true, in a directory, and its upstream.
func withoutSome(t *testing.T, of *repotest.RPM, leave func(name string) bool, signer repo.Signer) (upstream, mirror string) {
	t.Helper()
	a, r := made(t, of), only(t, source())
	read := a.reading(t, r)
	packages, err := Format{}.Link([]repo.Reading{read}, repo.Wanted{})
	if err != nil {
		t.Fatal(err)
	}
	packages = slices.DeleteFunc(packages, func(p *repo.Package) bool { return leave(p.Name) })
	out := archive{}
	w := rewriting(read, packages, out)
	w.Signer, w.Date = signer, time.Now().Truncate(time.Second)
	m, err := Format{}.Rewrite(w)
	if err != nil {
		t.Fatal(err)
	}
	out.checkManifest(t, m)
	for _, f := range m.Packages {
		out[f.Path] = a[f.Path]
	}
	return a.write(t), out.write(t)
}

// python is the system's, which has the modules of its packages.
const python = "/usr/bin/python3"

func withModule(t *testing.T, name string) {
	t.Helper()
	if err := exec.Command(python, "-c", "import "+name).Run(); err != nil {
		missing(t, fmt.Sprintf("python's module %s: %v", name, err))
	}
}

func leftOut(name string) bool { return name == "left+out" }

// createrepo_c reads the same of the packages as it does of upstream's metadata.
func TestCreaterepoReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	compareByCreaterepo(t, sample(t), 5, leftOut)
}

// The same of many packages; with PROVE=1 of some thousand.
func TestCreaterepoReadsManyPackages(t *testing.T) {
	t.Parallel()
	n := 150
	if os.Getenv("PROVE") == "1" {
		n = 3000
	}
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "p%d %d:1.%d~rc%d-%d %s\n Provides: virtual%d = %d\n Requires: p%d >= 1.0\n Recommends: (p%d if p%d)\n\n",
			i, i%3, i, i%7, 1+i%9, []string{"x86_64", "noarch"}[i%2], i%50, i, i*7%n, i*3%n, i*11%n)
	}
	r := repotest.NewRPM(t)
	r.AddText(text.String())
	compareByCreaterepo(t, r, n-(n+2)/3, func(name string) bool {
		i, err := strconv.Atoi(strings.TrimPrefix(name, "p"))
		return err == nil && i%3 == 0
	})
}

// compareByCreaterepo compares all that createrepo_c reads of the packages that are
// held, of which there should be n.
func compareByCreaterepo(t *testing.T, r *repotest.RPM, n int, leave func(name string) bool) {
	t.Helper()
	withModule(t, "createrepo_c")
	upstream, mirror := withoutSome(t, r, leave, sealer{keys})
	dump := func(dir string) []string {
		lines := strings.Split(strings.TrimSpace(run(t, python, "testdata/repository.py", dir)), "\n")
		return slices.DeleteFunc(lines, func(line string) bool {
			var fields []any // the checksum, then the name
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Fatal(err)
			}
			name, _ := fields[1].(string)
			return leave(name)
		})
	}
	want, got := dump(upstream), dump(mirror)
	if d := cmp.Diff(want, got); d != "" || len(got) != n {
		t.Errorf("%d packages, expected %d: %s", len(got), n, d)
	}
}

// libsolv, which is in dnf and zypper, reads all of it.
func TestLibsolvReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	_, mirror := withoutSome(t, sample(t), leftOut, sealer{keys})
	text := dumpedByLibsolv(t, mirror)
	for _, want := range solvedSample {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in what libsolv reads:\n%s", want, text)
		}
	}
	if strings.Contains(text, "left+out") {
		t.Errorf("left+out is in what libsolv reads:\n%s", text)
	}
}

// solvedSample is some of what libsolv says of the sample.
var solvedSample = []string{
	"name: hello", "evr: 2:1.0-3", "name: word", "name: deep", "evr: 1.0~rc1^git2-1", "name: app", "arch: src", "name: patch:EX-1",
	"/usr/share/deep", "word >= 1.0", "speech = 2",
}

// dumpedByLibsolv is what libsolv says of the repository in a directory.
func dumpedByLibsolv(t *testing.T, dir string) string {
	t.Helper()
	solv := run(t, "repo2solv", dir)
	name := filepath.Join(t.TempDir(), "mirror.solv")
	if err := os.WriteFile(name, []byte(solv), 0o644); err != nil {
		t.Fatal(err)
	}
	return run(t, "dumpsolv", name)
}

// dnf takes the signature, finds the packages, groups, advisories and modules.
func TestDnfReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	withModule(t, "dnf")
	key, keyFile := newKey(t)
	_, mirror := withoutSome(t, sample(t), leftOut, key)
	want := []string{
		"advisory EX-1 ['hello']",
		"environment server-env ['core', 'missing']",
		"file deep",
		"group core ['hello']",
		"group web ['hello']",
		"module app:1:1:c:x86_64 ['app-0:1.0-1.x86_64'] 1",
		"package app-0:1.0-1.x86_64",
		"package deep-0:1.0~rc1^git2-1.noarch",
		"package hello-0:1.0-3.src",
		"package hello-2:1.0-3.x86_64",
		"package word-0:1.0-1.noarch",
		"provides word []",
	}
	if d := cmp.Diff(want, foundByDnf(t, mirror, keyFile)); d != "" {
		t.Error(d)
	}
}

// newKey is a signer, and the file of its public key.
func newKey(t *testing.T) (*signature.Key, string) {
	t.Helper()
	key, err := signature.Generate("tester")
	if err != nil {
		t.Fatal(err)
	}
	armoured, _, err := key.Public(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.asc")
	if err := os.WriteFile(file, armoured, 0o644); err != nil {
		t.Fatal(err)
	}
	return key, file
}

// foundByDnf is what dnf finds in the repository in a directory, whose root has to be
// signed by the key, if there is one.
func foundByDnf(t *testing.T, dir, keyFile string) []string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(run(t, python, "testdata/ask_dnf.py", dir, keyFile, t.TempDir())), "\n")
	slices.Sort(lines)
	return lines
}
