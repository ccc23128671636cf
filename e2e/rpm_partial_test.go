package e2e_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// Two repositories: packages of A need packages of B, in every way that a relation
// can be written.
const (
	rpmTextA = `
a-app
 Requires: b-lib1 >= 1.1, b-data, a-common = 1.0
 Recommends: b-doc
 Suggests: b-extra
a-common 1.0 noarch
a-tool 2:2.0~rc1-1
 Requires(pre): b-base
 Requires: (b-mta or b-mta2), /usr/bin/b-file
a-old
 Requires: b-lib2 < 2.0
a-virtual
 Requires: virtual-service >= 2
a-cycle
 Requires: b-cycle1
a-soname
 Requires: libb.so.1()(64bit)
a-rich
 Requires: b-base, (b-lang if b-base)
a-alone
`
	rpmTextB = `
b-lib1
 Requires: b-base
b-lib1 1.2
 Requires: b-base
b-lib2 1.5
 Requires: b-base
b-lib2 2.0
 Requires: b-base
b-base
b-data 1.0 noarch
b-doc 1.0 noarch
b-extra 1.0 noarch
b-mta
 Conflicts: b-mta2
b-mta2
b-file
b-service1
 Provides: virtual-service = 1
b-service2
 Provides: virtual-service = 2
b-cycle1
 Requires: b-cycle2
b-cycle2
 Requires: b-cycle1
b-soname
 Provides: libb.so.1()(64bit)
b-lang 1.0 noarch
b-unused1
 Requires: b-base
b-unused2
 Requires: b-base
`
)

// rpmClosures are what each package of A needs, without recommendations.
var rpmClosures = map[string][]string{
	"a-app":     {"a-app", "a-common", "b-base", "b-data", "b-lib1"},
	"a-tool":    {"a-tool", "b-base", "b-file", "b-mta"},
	"a-old":     {"a-old", "b-base", "b-lib2"},
	"a-virtual": {"a-virtual", "b-service2"},
	"a-cycle":   {"a-cycle", "b-cycle1", "b-cycle2"},
	"a-soname":  {"a-soname", "b-soname"},
	"a-rich":    {"a-rich", "b-base", "b-lang"},
	"a-alone":   {"a-alone"},
}

// rpmRepositoriesAB are A and B, served, as the sources "a" and "b".
func rpmRepositoriesAB(t *testing.T) (sources string, b *rpmUpstream) {
	t.Helper()
	a, b := newRPM(t), newRPM(t)
	a.AddText(rpmTextA)
	b.AddText(rpmTextB)
	for _, p := range b.Packages() {
		if p.Name == "b-file" {
			p.Files = map[string]string{"usr/bin/b-file": "#!\n"}
		}
	}
	a.publish()
	b.publish()
	return a.source("a", repotest.Serve(t, a.dir).URL) + b.source("b", repotest.Serve(t, b.dir).URL), b
}

// rpmNames are the names of the packages whose files lie below a directory.
func rpmNames(t *testing.T, dir string) (names []string) {
	t.Helper()
	for _, file := range rpmFiles(t, dir) {
		parts := strings.Split(file, "-")
		names = append(names, strings.Join(parts[:len(parts)-2], "-"))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestPartialRPMMirrorHoldsExactlyTheClosure(t *testing.T) {
	t.Parallel()
	sources, _ := rpmRepositoriesAB(t)
	mirrors := ""
	for seed := range rpmClosures {
		mirrors += fmt.Sprintf("  %s: {from: [a, b], packages: [%s], recommends: false}\n", seed, seed)
	}
	k := newKeeper(t, "sources:\n"+sources+"mirrors:\n"+mirrors)
	k.sync()
	for seed, closure := range rpmClosures {
		t.Run(seed, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(closure, rpmNames(t, k.published(seed))); diff != "" {
				t.Errorf("the mirror's packages (-want +got):\n%s", diff)
			}
			key := k.published(seed, "key.asc")
			d := newDnf(t, dnfRepository("a", key, "file://"+k.published(seed, "a")), dnfRepository("b", key, "file://"+k.published(seed, "b")))
			if diff := cmp.Diff(closure, d.install(seed)); diff != "" {
				t.Errorf("what dnf installs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestMissionRepositoriesOfRPM copies B whole, and A with what it needs of B.
func TestMissionRepositoriesOfRPM(t *testing.T) {
	t.Parallel()
	sources, b := rpmRepositoriesAB(t)
	k := newKeeper(t, partialMirror(sources, `packages: ["a-*"]`, "recommends: false")+"  whole: {from: [b]}\n")
	k.sync()
	wantSameTree(t, b.dir, k.published("whole"), nil)
	whole := newDnf(t, dnfRepository("whole", b.key, "file://"+k.published("whole")))
	whole.update()
	whole.simulates(whole.available()...)

	needed := map[string]bool{}
	for _, closure := range rpmClosures {
		for _, name := range closure {
			needed[name] = true
		}
	}
	got := rpmNames(t, k.published("part"))
	for _, name := range got {
		if !needed[name] {
			t.Errorf("the mirror holds %s, which nothing needs", name)
		}
	}
	if len(got) != len(needed) {
		t.Errorf("the mirror holds %v, expected %d packages", got, len(needed))
	}
	key := k.published("part/key.asc")
	d := newDnf(t, dnfRepository("a", key, "file://"+k.published("part/a")), dnfRepository("b", key, "file://"+k.published("part/b")))
	d.update()
	if got := d.install("a-*"); len(got) != len(needed) {
		t.Errorf("dnf installs %v, expected %d packages", got, len(needed))
	}
	z := newZypper(t, zypperRepository("a", key, "file://"+k.published("part/a")), zypperRepository("b", key, "file://"+k.published("part/b")))
	z.update()
	if diff := cmp.Diff(rpmClosures["a-tool"], z.install("a-tool")); diff != "" {
		t.Errorf("what zypper installs (-want +got):\n%s", diff)
	}
	for _, mirror := range []string{"part", "whole"} {
		k.exits(done, "verify", k.published(mirror), "--level", "closure")
	}
}

func TestPartialRPMMirrorFollowsWeakDependenciesOnRequest(t *testing.T) {
	t.Parallel()
	sources, _ := rpmRepositoriesAB(t)
	cases := []struct {
		options string
		more    []string
	}{
		{"", []string{"b-doc"}},
		{", suggests: true", []string{"b-doc", "b-extra"}},
		{", suggests: true, recommends: false", []string{"b-extra"}},
	}
	mirrors := ""
	for i, c := range cases {
		mirrors += fmt.Sprintf("  m%d: {from: [a, b], packages: [a-app]%s}\n", i, c.options)
	}
	k := newKeeper(t, "sources:\n"+sources+"mirrors:\n"+mirrors)
	k.sync()
	for i, c := range cases {
		want := slices.Sorted(slices.Values(slices.Concat(rpmClosures["a-app"], c.more)))
		if diff := cmp.Diff(want, rpmNames(t, k.published(fmt.Sprintf("m%d", i)))); diff != "" {
			t.Errorf("%v: the mirror's packages (-want +got):\n%s", c.options, diff)
		}
	}
}

// TestPartialRPMMirrorTrimsTheRest mirrors part of a repository with all kinds of
// metadata: what is left says nothing of packages that are not there.
func TestPartialRPMMirrorTrimsTheRest(t *testing.T) {
	t.Parallel()
	u := richRPM(t)
	k := newKeeper(t, partialMirror(u.source("test", "file://"+u.dir), `packages: ["app"]`, `groups: ["lamp:2"]`))
	k.sync()
	if diff := cmp.Diff([]string{"app-1.0-1.x86_64", "data-1.0-1.noarch", "doc-1.0-1.noarch", "lamp-2.0-1.x86_64", "lib-1.0-1.x86_64", "oil-2.0-1.x86_64"},
		rpmFiles(t, k.published("part"))); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	d := newDnf(t, dnfRepository("part", k.published("part/key.asc"), "file://"+k.published("part")))
	d.update()
	if out := d.does("module", "list"); !regexp.MustCompile(`(?m)^lamp +2 `).MatchString(out) || regexp.MustCompile(`(?m)^lamp +1 `).MatchString(out) {
		t.Errorf("dnf knows these modules:\n%s", out)
	}
	if out := d.does("group", "info", "core"); strings.Contains(out, "other") {
		t.Errorf("the group has packages that are not there:\n%s", out)
	}
	needRoot(t)
	d.does("module", "enable", "lamp:2")
	d.does("module", "install", "lamp:2/common")
	if diff := cmp.Diff([]string{"app", "data", "doc", "lamp", "lib"}, d.installs("@core")); diff != "" {
		t.Errorf("dnf installed (-want +got):\n%s", diff)
	}
	if out := d.does("updateinfo", "list", "--all"); !strings.Contains(out, "TEST-2026:1") || strings.Contains(out, "TEST-2026:2") {
		t.Errorf("dnf knows these advisories:\n%s", out)
	}
	root := string(readFile(t, k.published("part/repodata/repomd.xml")))
	for _, kind := range []string{"productid", "modules", "updateinfo", "group", "appstream", "novelty"} {
		if !strings.Contains(root, `type="`+kind+`"`) {
			t.Errorf("the root has no %s:\n%s", kind, root)
		}
	}
	for _, kind := range []string{"_db", "_zck", "-ext", "susedata", "patterns", "prestodelta"} {
		if strings.Contains(root, kind+`"`) {
			t.Errorf("the root still has records of kind %s:\n%s", kind, root)
		}
	}
	if !strings.Contains(root, "cpe:/o:test:9") {
		t.Errorf("the root has lost its tags:\n%s", root)
	}
}

// TestSourcesOfRPMs takes the source packages of what is picked.
func TestSourcesOfRPMs(t *testing.T) {
	t.Parallel()
	u := newRPM(t)
	u.AddText("app\n Requires: lib\n SourceRPM: app-1.0-1.src.rpm\nlib\n SourceRPM: lib-1.0-1.src.rpm\napp 1.0 src\n Requires: gcc\nlib 1.0 src\nother 1.0 src\n")
	u.publish()
	source := u.source("test", "file://"+u.dir, "include: [packages, sources]")
	k := newKeeper(t, partialMirror(source, "packages: [app]", "sources: true"))
	k.sync()
	want := []string{"app-1.0-1.src", "app-1.0-1.x86_64", "lib-1.0-1.src", "lib-1.0-1.x86_64"}
	if diff := cmp.Diff(want, rpmFiles(t, k.published("part"))); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	d := newDnf(t, dnfRepository("part", k.published("part/key.asc"), "file://"+k.published("part")))
	if diff := cmp.Diff([]string{"app.src", "app.x86_64", "lib.src", "lib.x86_64"}, d.query("%{name}.%{arch}")); diff != "" {
		t.Errorf("what dnf sees (-want +got):\n%s", diff)
	}
}

// TestTwoRPMSourcesInOnePlace would make one repository of two, which only suites can
// be.
func TestTwoRPMSourcesInOnePlace(t *testing.T) {
	t.Parallel()
	u := newRPM(t)
	u.AddText(someRPMs)
	u.publish()
	k := newKeeper(t, partialMirror(
		u.source("a", "file://"+u.dir, "path: all")+u.source("b", "file://"+u.dir, "path: all"), "packages: [app]"))
	k.exits(failed, "sync").says("path")
}

// TestModulesOfTwoRepositories picks a stream that needs a stream of another
// repository.
func TestModulesOfTwoRepositories(t *testing.T) {
	t.Parallel()
	const module = "---\ndocument: modulemd\nversion: 2\ndata:\n  name: %s\n  stream: \"%s\"\n  version: 1\n  context: abc\n  arch: x86_64\n  summary: S\n  description: D\n" +
		"  license: {module: [MIT]}\n  dependencies: [{requires: {%s}}]\n  profiles: {common: {rpms: [%s]}}\n  artifacts: {rpms: ['%s']}\n"
	a, b := newRPM(t), newRPM(t)
	a.Modules = fmt.Sprintf(module, "web", "1", "platform: [el9], oil: ['2']", "web", "web-0:1.0-1.x86_64")
	b.Modules = fmt.Sprintf(module, "oil", "1", "platform: [el9]", "oil", "oil-0:1.0-1.x86_64") + fmt.Sprintf(module, "oil", "2", "platform: [el9]", "oil", "oil-0:0.2-1.x86_64") +
		"---\ndocument: modulemd-defaults\nversion: 1\ndata: {module: oil, stream: \"1\", profiles: {\"1\": [common], \"2\": [common]}}\n"
	a.AddText("web\n Requires: oil\n ModularityLabel: web:1:1:abc:x86_64\n")
	b.AddText("oil 1.0\n ModularityLabel: oil:1:1:abc:x86_64\noil 0.2\n ModularityLabel: oil:2:1:abc:x86_64\noil 3.0\n")
	a.publish()
	b.publish()
	k := newKeeper(t, partialMirror(a.source("a", "file://"+a.dir)+b.source("b", "file://"+b.dir), `groups: ["web:1/common"]`))
	k.sync()
	if diff := cmp.Diff([]string{"oil-0.2-1.x86_64", "web-1.0-1.x86_64"}, rpmFiles(t, k.published("part"))); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	key := k.published("part/key.asc")
	d := newDnf(t, dnfRepository("a", key, "file://"+k.published("part/a")), dnfRepository("b", key, "file://"+k.published("part/b")))
	needRoot(t)
	d.does("module", "install", "web:1/common")
	if diff := cmp.Diff([]string{"oil", "web"}, d.installed()); diff != "" {
		t.Errorf("dnf installed (-want +got):\n%s", diff)
	}
}

func TestPartialRPMMirrorFollowsUpstream(t *testing.T) {
	t.Parallel()
	u := newRPM(t)
	u.AddText(someRPMs)
	u.publish()
	server := repotest.Serve(t, u.dir)
	k := newKeeper(t, partialMirror(u.source("test", server.URL), "packages: [app]"))
	k.sync()
	server.Reset()

	// A version of lib that needs one package more.
	u.Remove("lib")
	u.AddText("lib 1.1\n Requires: libc\nlibc 2.0\n")
	u.publish()
	k.sync()
	d := newDnf(t, dnfRepository("part", k.published("part/key.asc"), "file://"+k.published("part")))
	d.update()
	if diff := cmp.Diff([]string{"app", "data", "doc", "lib", "libc"}, d.available()); diff != "" {
		t.Errorf("what dnf sees (-want +got):\n%s", diff)
	}
	d.simulates("app")
	var fetched []string
	for _, r := range server.Requests(`\.rpm$`) {
		fetched = append(fetched, filepath.Base(r.Path))
	}
	slices.Sort(fetched)
	if diff := cmp.Diff([]string{"lib-1.1-1.x86_64.rpm", "libc-2.0-1.x86_64.rpm"}, fetched); diff != "" {
		t.Errorf("packages fetched (-want +got):\n%s", diff)
	}
}

func TestPartialRPMMirrorTellsWhatIsUnresolved(t *testing.T) {
	t.Parallel()
	u := newRPM(t)
	u.AddText("broken\n Requires: no-such-package >= 3\nalone\n")
	u.publish()
	source := u.source("a", "file://"+u.dir)
	k := newKeeper(t, partialMirror(source, "packages: [broken, alone]"))
	k.exits(findings, "sync").says("no-such-package")
	d := newDnf(t, dnfRepository("part", k.published("part/key.asc"), "file://"+k.published("part")))
	d.update()
	d.simulates("alone")

	k = newKeeper(t, partialMirror(source, "packages: [broken, alone]", "strict: true"))
	k.exits(failed, "sync").says("no-such-package")
	if got := readTree(t, k.published()); len(got) > 0 {
		t.Errorf("a strict mirror with unresolved relations was published: %v", got)
	}
}

// TestFormsOfRPMSeeds asks for packages in all the ways that dnf knows.
func TestFormsOfRPMSeeds(t *testing.T) {
	t.Parallel()
	u := newRPM(t)
	u.AddText("app 1:1.0-1\napp 1:2.0-1\nlib 1.0 i686\nlib 1.0 x86_64\nperl-Test\n Provides: perl(Test) = 3\ntool 1.0 noarch\n")
	for _, p := range u.Packages() {
		if p.Name == "tool" {
			p.Files = map[string]string{"usr/bin/tool": "#!\n"}
		}
	}
	u.publish()
	seeds := map[string]string{
		"app":              "app-2.0-1.x86_64",
		"app = 1:1.0":      "app-1.0-1.x86_64",
		"app < 1:2":        "app-1.0-1.x86_64",
		"app-1.0-1.x86_64": "app-1.0-1.x86_64",
		"app-1:2.0-1":      "app-2.0-1.x86_64",
		"lib.i686":         "lib-1.0-1.i686",
		"l*.x86_64":        "lib-1.0-1.x86_64",
		"perl(Test)":       "perl-Test-1.0-1.x86_64",
		"/usr/bin/tool":    "tool-1.0-1.noarch",
	}
	mirrors, names := "", map[string]string{}
	for seed := range seeds {
		names[seed] = fmt.Sprintf("m%d", len(names))
		mirrors += fmt.Sprintf("  %s: {from: [test], packages: ['%s']}\n", names[seed], seed)
	}
	k := newKeeper(t, "sources:\n"+u.source("test", "file://"+u.dir, "architectures: [x86_64, i686]")+"mirrors:\n"+mirrors)
	k.sync()
	for seed, want := range seeds {
		if diff := cmp.Diff([]string{want}, rpmFiles(t, k.published(names[seed]))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", seed, diff)
		}
	}
}

func TestVersionsOfRPMs(t *testing.T) {
	t.Parallel()
	u := newRPM(t)
	u.AddText("app 1.0\n Requires: lib = 1.0\napp 2.0\n Requires: lib = 2.0\napp 10.0\n Requires: lib = 10.0\nlib 1.0\nlib 2.0\nlib 10.0\n")
	u.publish()
	source := u.source("test", "file://"+u.dir)
	k := newKeeper(t, "sources:\n"+source+`mirrors:
  one: {from: [test], packages: [app]}
  two: {from: [test], packages: [app], versions: {newest: 2}}
  all: {from: [test], packages: [app], versions: {all: true}}
`)
	k.sync()
	for mirror, want := range map[string][]string{"one": {"10.0"}, "two": {"10.0", "2.0"}, "all": {"1.0", "10.0", "2.0"}} {
		d := newDnf(t, dnfRepository("test", k.published(mirror, "key.asc"), "file://"+k.published(mirror)))
		for _, name := range []string{"app", "lib"} {
			if diff := cmp.Diff(want, d.query("%{version}", name)); diff != "" {
				t.Errorf("%s: versions of %s (-want +got):\n%s", mirror, name, diff)
			}
		}
	}
}

func TestMandatoryRPMsComeAlongOnRequest(t *testing.T) {
	t.Parallel()
	u := newRPM(t)
	u.Comps = someComps
	u.AddText(someRPMs + "alone\n")
	u.publish()
	k := newKeeper(t, partialMirror(u.source("test", "file://"+u.dir), "packages: [alone]", "mandatory: true"))
	k.sync()
	if diff := cmp.Diff([]string{"alone", "app", "data", "doc", "lib"}, rpmNames(t, k.published("part"))); diff != "" {
		t.Errorf("the mirror's packages (-want +got):\n%s", diff)
	}
}
