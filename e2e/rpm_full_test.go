package e2e_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// someRPMs is a repository of a few packages with relations among them.
const someRPMs = `
app
 Requires: lib >= 1.0, data
 Recommends: doc
lib
data 1.0 noarch
doc 1.0 noarch
other
`

const rpmTreeinfo = `[header]
type = productmd.treeinfo
version = 1.2

[release]
name = Test
short = test
version = 9

[tree]
arch = x86_64
build_timestamp = 1767225600
platforms = x86_64
variants =

[checksums]
images/boot.iso = sha256:%s
images/pxeboot/vmlinuz = sha256:%s
repodata/repomd.xml = sha256:0000000000000000000000000000000000000000000000000000000000000000

[images-x86_64]
boot.iso = images/boot.iso
kernel = images/pxeboot/vmlinuz
`

const rpmUpdateinfo = `<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="test@example.org" status="final" type="security" version="1">
    <id>TEST-2026:1</id><title>lib</title><severity>Important</severity>
    <issued date="2026-01-01 00:00:00"/><updated date="2026-01-01 00:00:00"/>
    <description>lib had a hole.</description>
    <references><reference href="https://bugs.example.org/1" id="1" type="bugzilla" title="hole"/></references>
    <pkglist><collection short="test"><name>Test</name>
      <package name="lib" version="1.0" release="1" epoch="0" arch="x86_64" src="lib-1.0-1.src.rpm"><filename>lib-1.0-1.x86_64.rpm</filename></package>
    </collection></pkglist>
  </update>
  <update from="test@example.org" status="final" type="bugfix" version="1">
    <id>TEST-2026:2</id><title>other</title>
    <issued date="2026-01-02 00:00:00"/><updated date="2026-01-02 00:00:00"/>
    <description>other did nothing.</description>
    <references/>
    <pkglist><collection short="test"><name>Test</name>
      <package name="other" version="1.0" release="1" epoch="0" arch="x86_64" src="other-1.0-1.src.rpm"><filename>other-1.0-1.x86_64.rpm</filename></package>
    </collection></pkglist>
  </update>
</updates>
`

const someComps = `<?xml version="1.0" encoding="UTF-8"?>
<comps>
  <group>
    <id>core</id><name>Core</name><description>Core.</description><default>true</default><uservisible>true</uservisible>
    <packagelist>
      <packagereq type="mandatory">app</packagereq>
      <packagereq type="mandatory">lib</packagereq>
      <packagereq type="default">doc</packagereq>
      <packagereq type="optional">other</packagereq>
    </packagelist>
  </group>
</comps>
`

// richRPM has everything that a repository has: packages of several architectures,
// all kinds of metadata in all forms, installer images, and records that nobody knows.
func richRPM(t *testing.T) *rpmUpstream {
	t.Helper()
	u := newRPM(t)
	u.Comps, u.Updateinfo = someComps, rpmUpdateinfo
	u.Modules = strings.NewReplacer("module-lamp", "lamp", "module-oil", "oil").Replace(rpmModules)
	u.Extra = map[string]string{
		"productid": "certificate\n", "novelty": "<novelty/>\n", "appstream": "<components/>\n", "patterns": "<patterns/>\n",
		"susedata": "<susedata/>\n", "filelists-ext": "<filelists-ext/>\n", "prestodelta": "<prestodelta/>\n",
	}
	u.Options = []string{"--database", "--zck", "--distro=cpe:/o:test:9,Test 9", "--repo=Test"}
	images := map[string]string{"images/boot.iso": strings.Repeat("boot", 5000), "images/pxeboot/vmlinuz": "kernel"}
	u.Files = map[string]string{
		"repodata/repomd.xml.key": string(u.Key.Public(t, true)),
		".treeinfo":               fmt.Sprintf(rpmTreeinfo, sha256Hex(images["images/boot.iso"]), sha256Hex(images["images/pxeboot/vmlinuz"])),
		"images/boot.iso":         images["images/boot.iso"], "images/pxeboot/vmlinuz": images["images/pxeboot/vmlinuz"],
	}
	u.AddText(someRPMs + "lib 1.0 i686\nc++lib 2:1.0~rc1^git-3\napp 1.0 src\nlamp 1.0\n ModularityLabel: lamp:1:1:abc:x86_64\nlamp 2.0\n ModularityLabel: lamp:2:1:abc:x86_64\noil 1.0\noil 2.0\n")
	for i := range 30 {
		u.Add(repotest.Package{Name: fmt.Sprintf("package%02d", i), Size: 3000, Fields: []string{"Requires: lib"}})
	}
	u.publish()
	return u
}

func TestFullRPMMirrorIsUpstreamByteForByte(t *testing.T) {
	t.Parallel()
	u := richRPM(t)
	k := newKeeper(t, fullMirror(u.source("test", serveNginx(t, u.dir).URL)))
	k.sync()
	wantSameTree(t, u.dir, k.published("full"), nil)

	url := serveNginx(t, k.published()).URL + "/full"
	d := newDnf(t, dnfRepository("full", u.key, url))
	d.update()
	if got, want := len(d.available()), 38; got != want {
		t.Errorf("dnf sees %d packages, expected %d", got, want)
	}
	d.simulates("app", "package00", "package29", "c++lib", "@core", "@lamp:2")
	if diff := cmp.Diff([]string{"app", "data", "lib", "other"}, d.install("app", "other")); diff != "" {
		t.Errorf("dnf installed (-want +got):\n%s", diff)
	}
	if out := d.does("updateinfo", "list", "--all"); !strings.Contains(out, "TEST-2026:1") || !strings.Contains(out, "TEST-2026:2") {
		t.Errorf("dnf knows these advisories:\n%s", out)
	}
	z := newZypper(t, zypperRepository("full", u.key, url))
	z.update()
	if diff := cmp.Diff([]string{"app", "data", "lib"}, z.install("app")); diff != "" {
		t.Errorf("zypper installed (-want +got):\n%s", diff)
	}
	for _, level := range levels[:3] {
		k.exits(done, "verify", k.published("full"), "--level", level)
	}
}

func TestUnchangedRPMCostsOneConditionalRequest(t *testing.T) {
	t.Parallel()
	u := richRPM(t)
	server := serveNginx(t, u.dir)
	source := u.source("test", server.URL)
	for name, config := range map[string]string{"full": fullMirror(source), "partial": partialMirror(source, "packages: [app]")} {
		k := newKeeper(t, config)
		k.sync()
		server.requests()
		k.sync()
		want := []string{nginxRequest{http.MethodGet, "/repodata/repomd.xml", "304", true, false}.String()}
		var got []string
		for _, r := range server.requests() {
			got = append(got, r.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: requests of the second run (-want +got):\n%s", name, diff)
		}
	}
}

func TestAChangedRPMCostsTheDifference(t *testing.T) {
	t.Parallel()
	u := richRPM(t)
	server := serveNginx(t, u.dir)
	k := newKeeper(t, fullMirror(u.source("test", server.URL)))
	k.sync()
	server.requests()

	u.Remove("other")
	u.Remove("package07")
	u.Add(repotest.Package{Name: "package07", Version: "1.1", Size: 3000}, repotest.Package{Name: "new"})
	u.publish()
	k.sync()
	fetched := map[string]int{}
	for _, r := range server.requests() {
		if r.status == "200" || r.status == "206" {
			fetched[r.path]++
		}
	}
	var packages []string
	for path, n := range fetched {
		switch {
		case n > 1:
			t.Errorf("%s was fetched %d times", path, n)
		case strings.HasSuffix(path, ".rpm"):
			packages = append(packages, filepath.Base(path))
		case strings.HasPrefix(path, "/images/"):
			t.Errorf("%s was fetched again", path)
		}
	}
	slices.Sort(packages)
	if diff := cmp.Diff([]string{"new-1.0-1.x86_64.rpm", "package07-1.1-1.x86_64.rpm"}, packages); diff != "" {
		t.Errorf("packages fetched (-want +got):\n%s", diff)
	}
	wantAllOf(t, u.dir, k.published("full"), nil)
	d := newDnf(t, dnfRepository("full", u.key, "file://"+k.published("full")))
	d.update()
	if got := d.version("package07"); got != "1.1" {
		t.Errorf("dnf sees version %q of package07, expected 1.1", got)
	}
	if got := d.version("other"); got != "" {
		t.Errorf("dnf sees version %q of the package that is gone", got)
	}
}

// TestRPMsBesideTheRepository mirrors a repository whose packages lie above it.
func TestRPMsBesideTheRepository(t *testing.T) {
	t.Parallel()
	u := newRPM(t)
	u.Dir = "el9/os"
	u.AddText(someRPMs)
	u.publish()
	url := serveNginx(t, u.dir).URL + "/el9/os"
	k := newKeeper(t, fullMirror(u.source("test", url)))
	k.exits(failed, "sync").says("root")

	for name, config := range map[string]string{
		"full": fullMirror(u.source("test", url, "root: ../..")), "part": partialMirror(u.source("test", url, "root: ../.."), "packages: [app]", "recommends: false"),
	} {
		k := newKeeper(t, config)
		k.sync()
		key := u.key
		if name == "full" {
			wantSameTree(t, u.dir, k.published("full"), nil)
		} else {
			key = k.published("part/key.asc")
			if diff := cmp.Diff([]string{"app-1.0-1.x86_64", "data-1.0-1.noarch", "lib-1.0-1.x86_64"}, rpmFiles(t, k.published())); diff != "" {
				t.Errorf("packages (-want +got):\n%s", diff)
			}
		}
		d := newDnf(t, dnfRepository("test", key, "file://"+k.published(name, "el9/os")))
		d.update()
		if diff := cmp.Diff([]string{"app", "data", "lib"}, d.install("app")); diff != "" {
			t.Errorf("%s: dnf installed (-want +got):\n%s", name, diff)
		}
	}
}

// TestRPMsOnAnotherHost mirrors a repository whose metadata says that its packages
// are elsewhere. Only metadata of our own can say that they are here.
func TestRPMsOnAnotherHost(t *testing.T) {
	t.Parallel()
	u, packages := newRPM(t), newRPM(t)
	u.AddText(someRPMs)
	packages.AddText(someRPMs)
	packages.publish()
	u.Base = repotest.Serve(t, packages.dir).URL + "/"
	u.publish()
	source := u.source("test", repotest.Serve(t, u.dir).URL)
	newKeeper(t, fullMirror(source)).exits(failed, "sync").says("partial")

	k := newKeeper(t, partialMirror(source, `packages: ["*"]`))
	k.sync()
	d := newDnf(t, dnfRepository("part", k.published("part/key.asc"), "file://"+k.published("part")))
	d.update()
	if diff := cmp.Diff([]string{"app", "data", "doc", "lib", "other"}, d.install("app", "doc", "other")); diff != "" {
		t.Errorf("dnf installed (-want +got):\n%s", diff)
	}
}

// TestRPMMetadataInEveryForm mirrors repositories whose metadata is compressed and
// digested in other ways than usual.
func TestRPMMetadataInEveryForm(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(u *rpmUpstream){
		"xz":               func(u *rpmUpstream) { u.Compression = "xz" },
		"bzip2":            func(u *rpmUpstream) { u.Compression = "bz2" },
		"in one directory": func(u *rpmUpstream) { u.PackageDir = "" },
		"sha512":           func(u *rpmUpstream) { u.Options = []string{"--checksum=sha512"} },
		"simple names":     func(u *rpmUpstream) { u.Options = []string{"--simple-md-filenames", "--zck"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newRPM(t)
			u.Comps, u.Updateinfo = someComps, rpmUpdateinfo
			change(u)
			u.AddText(someRPMs)
			u.publish()
			source := u.source("test", "file://"+u.dir)
			k := newKeeper(t, "sources:\n"+source+"mirrors:\n  full: {from: [test]}\n  part: {from: [test], packages: [app], recommends: false}\n")
			k.sync()
			wantSameTree(t, u.dir, k.published("full"), nil)
			d := newDnf(t, dnfRepository("part", k.published("part/key.asc"), "file://"+k.published("part")))
			d.update()
			if diff := cmp.Diff([]string{"app", "data", "lib"}, d.available()); diff != "" {
				t.Errorf("what dnf sees (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWeakDigestsOfRPM mirrors a repository of old, with digests that prove nothing:
// a trusted source only may have them.
func TestWeakDigestsOfRPM(t *testing.T) {
	t.Parallel()
	u := newRPM(t)
	u.Options = []string{"--checksum=sha"}
	u.AddText(someRPMs)
	u.publish()
	newKeeper(t, fullMirror(u.source("test", "file://"+u.dir))).exits(failed, "sync").says("sha1|weak", "trusted")
	k := newKeeper(t, fullMirror(u.source("test", "file://"+u.dir, "trusted: true")))
	k.sync()
	wantSameTree(t, u.dir, k.published("full"), nil)
}

// TestRPMVariables mirrors a repository for each release and architecture.
func TestRPMVariables(t *testing.T) {
	t.Parallel()
	top, key := tempDir(t), ""
	for _, dir := range []string{"8/x86_64", "9/x86_64"} {
		u := newRPM(t)
		u.AddText("app " + dir[:1] + "\n")
		u.Publish(filepath.Join(top, dir, "os"))
		key += "'" + u.key + "', "
	}
	k := newKeeper(t, "sources:\n  test:\n    type: rpm\n    url: "+repotest.Serve(t, top).URL+"/$releasever/$basearch/os\n    releasever: [8, 9]\n    architectures: [x86_64]\n    keys: ["+
		strings.TrimSuffix(key, ", ")+"]\nmirrors:\n  full: {from: [test]}\n")
	k.sync()
	for _, release := range []string{"8", "9"} {
		if diff := cmp.Diff([]string{"app-" + release + "-1.x86_64"}, rpmFiles(t, k.published("full", release))); diff != "" {
			t.Errorf("release %s (-want +got):\n%s", release, diff)
		}
	}
}
