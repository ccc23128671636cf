package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// rpmFilesIn puts the package files of a repository into a directory, and nothing else.
func rpmFilesIn(t *testing.T, r *repotest.RPM, dir string) {
	t.Helper()
	tree := r.Tree()
	for _, path := range tree.Paths() {
		if strings.HasSuffix(path, ".rpm") {
			write(t, filepath.Join(dir, path), string(tree.Content(path)))
		}
	}
}

const createdPackages = `
app 2:1.0-1 x86_64
 Requires: lib >= 1.5
 Recommends: (doc if lib)
 SourceRPM: app-1.0-1.src.rpm

lib 1.5 x86_64
 Provides: lib(api) = 2

data 1.0~rc1 noarch

doc 1.0^git1 noarch
 Requires: /usr/share/data/version

lamp 1.0 x86_64
 ModularityLabel: lamp:1:1:abc:x86_64

app 1.0-1 src
`

const createdComps = `<?xml version="1.0"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps><group><id>web</id><name>Web</name><default>true</default><uservisible>true</uservisible>
<packagelist><packagereq type="mandatory">app</packagereq><packagereq type="default">doc</packagereq></packagelist></group></comps>
`

const createdModules = `---
document: modulemd
version: 2
data:
  name: lamp
  stream: "1"
  version: 1
  context: abc
  arch: x86_64
  summary: S
  description: D
  license: {module: [MIT]}
  profiles: {common: {rpms: [lamp]}}
  artifacts: {rpms: ['lamp-0:1.0-1.x86_64']}
`

const createdDefaults = `document: modulemd-defaults
version: 1
data: {module: lamp, stream: "1", profiles: {"1": [common]}}
`

const createdUpdateinfo = `<?xml version="1.0"?>
<updates><update from="t@example.org" status="final" type="security" version="1"><id>TEST-2026:1</id><title>T</title><issued date="2026-11-22 10:00:00"/>
<severity>Important</severity><description>D</description><pkglist><collection short="x"><name>x</name>
<package name="app" version="1.0" release="1" epoch="2" arch="x86_64"><filename>app-1.0-1.x86_64.rpm</filename></package></collection></pkglist></update></updates>
`

// A repository of package files has all that dnf and zypper look for: they take its
// signature, and install packages, groups and modules of it, and upgrade when there are
// newer ones.
func TestCreateRPM(t *testing.T) {
	t.Parallel()
	r := repotest.NewRPM(t)
	r.AddText(createdPackages)
	k := newKeeper(t, `repositories:
  ours:
    type: rpm
    packages: [in]
    comps: comps.xml
    updateinfo: updateinfo.xml
    modules: [modules.yaml, defaults.yaml]
    records: {productid: product.pem}
    distro-tag: ["cpe:/o:example:9,Example 9"]
    layout: packages
`)
	for name, content := range map[string]string{
		"comps.xml": createdComps, "updateinfo.xml": createdUpdateinfo, "modules.yaml": createdModules, "defaults.yaml": createdDefaults, "product.pem": "a certificate\n",
	} {
		write(t, filepath.Join(k.dir, name), content)
	}
	rpmFilesIn(t, r, filepath.Join(k.dir, "in"))
	k.exits(changed, "create", "--detailed-exit-codes")
	k.exits(done, "create", "--detailed-exit-codes")
	k.exits(done, "verify", k.published("ours"), "--level", "digest")
	url, key := "file://"+k.published("ours"), k.published("ours/key.asc")
	if _, err := os.Stat(k.published("ours/packages/a/app-1.0-1.x86_64.rpm")); err != nil {
		t.Error(err)
	}

	d := newDnf(t, dnfRepository("ours", key, url))
	d.update()
	if got := d.available(); !slices.Equal(got, []string{"app", "data", "doc", "lamp", "lib"}) {
		t.Errorf("dnf sees %q", got)
	}
	if got := d.query("%{name}-%{evr}.%{arch} %{source_name}", "app"); !slices.Equal(got, []string{"app-1.0-1.src (none)", "app-2:1.0-1.x86_64 app"}) {
		t.Errorf("dnf sees %q", got)
	}
	if out := d.does("module", "list"); !regexp.MustCompile(`(?m)^lamp +1 \[d\]`).MatchString(out) {
		t.Errorf("dnf knows these modules:\n%s", out)
	}
	if got := d.installs("@web"); !slices.Equal(got, []string{"app", "data", "doc", "lib"}) {
		t.Errorf("of the group dnf installs %q", got)
	}
	d.does("module", "install", "lamp:1/common")
	if out := d.does("updateinfo", "list", "--all"); !strings.Contains(out, "TEST-2026:1") {
		t.Errorf("dnf knows these advisories:\n%s", out)
	}

	z := newZypper(t, zypperRepository("ours", key, url))
	z.update()
	if got := z.install("app"); !slices.Equal(got, []string{"app", "lib"}) { // which looks for no files but those in primary
		t.Errorf("zypper installs %q", got)
	}

	newer := repotest.NewRPM(t)
	newer.AddText("lib 1.6 x86_64\n Provides: lib(api) = 3\n")
	rpmFilesIn(t, newer, filepath.Join(k.dir, "new"))
	k.exits(changed, "create", "ours", "--add", "new", "--detailed-exit-codes")
	d.does("upgrade", "--refresh")
	if got := d.query("%{evr}", "--installed", "lib"); !slices.Equal(got, []string{"1.6-1"}) {
		t.Errorf("dnf has upgraded lib to %q", got)
	}
	k.exits(changed, "create", "ours", "--remove", "lib (= 1.6)", "--detailed-exit-codes")
	if got := d.version("lib"); got != "1.5" {
		t.Errorf("dnf sees version %q of lib", got)
	}
}

// Unsigned, with each compression and the strongest digests, dnf and zypper read it.
func TestCreateRPMUnsigned(t *testing.T) {
	t.Parallel()
	r := repotest.NewRPM(t)
	r.AddText("app 1.0 x86_64\n Requires: lib\nlib 1.0 noarch\n")
	k := newKeeper(t, "")
	rpmFilesIn(t, r, filepath.Join(k.dir, "in"))
	compressions := []string{"zst"}
	if proving() {
		compressions = []string{"gz", "xz", "zst"}
	}
	for _, compression := range compressions {
		k.exits(done, "create", compression, "--type", "rpm", "--destination", "made", "--no-sign", "--compress", compression, "--digests", "sha512", "in")
		dir := filepath.Join(k.dir, "made", compression)
		if _, err := os.Stat(filepath.Join(dir, "repodata/repomd.xml.asc")); err == nil {
			t.Error("there is a signature")
		}
		d := newDnf(t, dnfRepository("ours", "/none", "file://"+dir, "repo_gpgcheck=0"))
		d.update()
		if got := d.install("app"); !slices.Equal(got, []string{"app", "lib"}) {
			t.Errorf("%s: dnf installs %q", compression, got)
		}
		z := newZypper(t, strings.Replace(zypperRepository("ours", "/none", "file://"+dir), "repo_gpgcheck=1", "repo_gpgcheck=0", 1))
		z.update()
		if got := z.install("app"); !slices.Equal(got, []string{"app", "lib"}) {
			t.Errorf("%s: zypper installs %q", compression, got)
		}
	}
}

// What is broken, has another's name, or is there with other content is refused, with
// its name and the reason; with --keep-going the rest is published.
func TestCreateRPMRefuses(t *testing.T) {
	t.Parallel()
	r := repotest.NewRPM(t)
	r.AddText("app 1.0 noarch\nlib 1.0 noarch\n")
	tree := r.Tree()
	app, lib := string(tree.Content(r.Filename("app"))), string(tree.Content(r.Filename("lib")))
	k := newKeeper(t, "")
	create := func(more ...string) []string {
		return append([]string{"create", "ours", "--type", "rpm", "--destination", "made", "--no-sign", "in"}, more...)
	}
	in := func(name string) string { return filepath.Join(k.dir, "in", name) }
	write(t, in("app-1.0-1.noarch.rpm"), app)
	for name, test := range map[string]struct{ file, content, want string }{
		"truncated": {"lib-1.0-1.noarch.rpm", lib[:len(lib)-7], `lib-1\.0-1\.noarch\.rpm: it is truncated: it has \d+ bytes, expected \d+`},
		"a page":    {"lib-1.0-1.noarch.rpm", "<!DOCTYPE html>" + strings.Repeat(" ", 200), `lib-1\.0-1\.noarch\.rpm: it is not an rpm package`},
		"damaged":   {"lib-1.0-1.noarch.rpm", strings.Replace(lib, "small package", "small Package", 1), `lib-1\.0-1\.noarch\.rpm: the header has the sha\d+ digest`},
		"misnamed":  {"library.rpm", lib, `library\.rpm: it has the name "library\.rpm", expected "lib-1\.0-1\.noarch\.rpm"`},
	} {
		write(t, in(test.file), test.content)
		k.exits(failed, create()...).says(test.want)
		k.exits(findings, create("--keep-going")...).says(test.want)
		if diff := cmp.Diff([]string{"app-1.0-1.noarch"}, rpmFiles(t, filepath.Join(k.dir, "made/ours"))); diff != "" {
			t.Errorf("%s: packages (-want +got):\n%s", name, diff)
		}
		if err := os.Remove(in(test.file)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, in("library.rpm"), lib)
	k.exits(done, create("--any-name")...)
	if diff := cmp.Diff([]string{"app-1.0-1.noarch", "library"}, rpmFiles(t, filepath.Join(k.dir, "made/ours"))); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
}
