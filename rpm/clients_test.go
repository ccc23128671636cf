package rpm

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

// withoutSome is a mirror of the sample that leaves one package out, in a directory,
// and its upstream.
func withoutSome(t *testing.T, signer repo.Signer) (upstream, mirror string) {
	t.Helper()
	a, r := made(t, sample(t)), only(t, source())
	of := a.reading(t, r)
	packages, err := Format{}.Link([]repo.Reading{of}, repo.Wanted{})
	if err != nil {
		t.Fatal(err)
	}
	packages = slices.DeleteFunc(packages, func(p *repo.Package) bool { return p.Name == "left+out" })
	out := archive{}
	w := rewriting(of, packages, out)
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

// createrepo_c reads the same of the packages as it does of upstream's metadata.
func TestCreaterepoReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	withModule(t, "createrepo_c")
	upstream, mirror := withoutSome(t, sealer{keys})
	dump := func(dir string) []string {
		lines := strings.Split(strings.TrimSpace(run(t, python, "testdata/repository.py", dir)), "\n")
		return slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, `"left+out"`) })
	}
	want, got := dump(upstream), dump(mirror)
	if d := cmp.Diff(want, got); d != "" || len(got) != 5 {
		t.Errorf("%d packages: %s", len(got), d)
	}
}

// libsolv, which is in dnf and zypper, reads all of it.
func TestLibsolvReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	_, mirror := withoutSome(t, sealer{keys})
	solv := run(t, "repo2solv", mirror)
	name := filepath.Join(t.TempDir(), "mirror.solv")
	if err := os.WriteFile(name, []byte(solv), 0o644); err != nil {
		t.Fatal(err)
	}
	text := run(t, "dumpsolv", name)
	for _, want := range []string{
		"name: hello", "evr: 2:1.0-3", "name: word", "name: deep", "evr: 1.0~rc1^git2-1", "name: app", "arch: src", "name: patch:EX-1",
		"/usr/share/deep", "word >= 1.0", "speech = 2",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in what libsolv reads:\n%s", want, text)
		}
	}
	if strings.Contains(text, "left+out") {
		t.Errorf("left+out is in what libsolv reads:\n%s", text)
	}
}

// dnf takes the signature, finds the packages, groups, advisories and modules.
func TestDnfReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	withModule(t, "dnf")
	key, err := signature.Generate("tester")
	if err != nil {
		t.Fatal(err)
	}
	armoured, _, err := key.Public()
	if err != nil {
		t.Fatal(err)
	}
	_, mirror := withoutSome(t, key)
	root := t.TempDir()
	keyFile := filepath.Join(root, "key.asc")
	if err := os.WriteFile(keyFile, armoured, 0o644); err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSpace(run(t, python, "testdata/ask_dnf.py", mirror, keyFile, root)), "\n")
	slices.Sort(got)
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
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
