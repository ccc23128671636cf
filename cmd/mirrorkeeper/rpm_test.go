package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// rpms is an rpm repository that is served, and a configuration to mirror it with.
type rpms struct {
	t *testing.T
	*repotest.RPM
	dir, served, key string
	server           *repotest.Server
}

func newRPMs(t *testing.T, text string) *rpms {
	r := &rpms{t: t, RPM: repotest.NewRPM(t), dir: t.TempDir(), served: t.TempDir()}
	r.AddText(text)
	r.key = filepath.Join(r.dir, "app.asc")
	r.Key.WriteFile(t, r.key)
	r.server = repotest.Serve(t, r.served)
	return r
}

// configured writes a configuration: keys of the source and of the mirror.
func (r *rpms) configured(source, mirror string) (config string) {
	source = strings.NewReplacer("URL", r.server.URL, "KEY", r.key).Replace(source)
	return write(r.t, filepath.Join(r.dir, "mirrorkeeper.yaml"), fmt.Sprintf(
		"destination: out\nsources:\n  app: {type: rpm, architectures: [x86_64], %s}\nmirrors:\n  m: {from: app%s}\n", source, mirror))
}

// published is a path in the mirror.
func (r *rpms) published(path string) string { return filepath.Join(r.dir, "out/m", path) }

func (r *rpms) want(code int, text string, args ...string) {
	r.t.Helper()
	got := mirrorkeeper(args...)
	if got.code != code || !strings.Contains(got.out+got.errs, text) {
		r.t.Errorf("%v: exit code %d, expected %d with %q in:\n%s%s", args, got.code, code, text, got.out, got.errs)
	}
}

const twoPackages = "app 1.0-1 noarch\n Requires: lib\nlib 1.0-1 noarch\n"

// Each value of a variable makes a repository in a directory of its own.
func TestVariablesMakeDirectories(t *testing.T) {
	r := newRPMs(t, twoPackages)
	for _, release := range []string{"8", "9"} {
		r.Publish(filepath.Join(r.served, release, "x86_64"))
	}
	c := r.configured("url: URL/$releasever/$basearch, releasever: [8, 9], keys: KEY", "")
	r.want(0, "app/9", "sync", "-c", c)
	for _, dir := range []string{"8", "9"} {
		if _, err := os.Stat(r.published(dir + "/x86_64/repodata/repomd.xml")); err != nil {
			t.Error(err)
		}
	}
	r.want(0, "2 repositories", "verify", r.published(""), "--level", "closure")
	r.want(0, "unchanged", "sync", "m/app/9", "-c", c)
}

// Packages above the repository are mirrored where upstream has them, and verify
// finds them there, also when the root is gone.
func TestPackagesBesideTheRepository(t *testing.T) {
	r := newRPMs(t, twoPackages)
	r.Dir, r.PackageDir = "os", "Packages"
	r.Publish(r.served)
	r.want(exitFailed, "root", "sync", "-c", r.configured("url: URL/os, keys: KEY", ""))
	r.want(0, "published", "sync", "-c", r.configured("url: URL/os, keys: KEY, root: ..", ""))
	r.want(0, "all right", "verify", r.published(""), "--level", "signature")
	if err := os.Remove(r.published("os/repodata/repomd.xml")); err != nil {
		t.Fatal(err)
	}
	r.want(exitIncomplete, "no root file", "verify", r.published(""))
}

// A metalink says what the root is: a site with another one is passed over.
func TestMetalink(t *testing.T) {
	r := newRPMs(t, twoPackages)
	r.Publish(filepath.Join(r.served, "old"))
	r.AddText("more 1.0-1 noarch\n")
	r.Publish(filepath.Join(r.served, "new"))
	root, err := os.ReadFile(filepath.Join(r.served, "new/repodata/repomd.xml"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(r.served, "metalink"), fmt.Sprintf(`<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/"><files><file name="repomd.xml">
<size>%d</size><verification><hash type="sha256">%x</hash></verification>
<resources><url protocol="http" preference="100">%[3]s/old/repodata/repomd.xml</url>
<url protocol="http" preference="90">%[3]s/new/repodata/repomd.xml</url></resources>
</file></files></metalink>
`, len(root), sha256.Sum256(root), r.server.URL))
	r.want(0, "published", "sync", "-c", r.configured("metalink: URL/metalink?repo=app, keys: KEY", ""))
	if got, err := os.ReadFile(r.published("repodata/repomd.xml")); err != nil || string(got) != string(root) {
		t.Errorf("another root than the metalink's is published (%v)", err)
	}
	r.server.Reset()
	r.want(0, "unchanged", "sync", "-c", filepath.Join(r.dir, "mirrorkeeper.yaml"))
	if got := r.server.Requests("repodata"); len(got) > 0 {
		t.Errorf("the metalink names the root that is held, and yet there were %v", got)
	}
}

// Where packages are signed and metadata is not, a package that none of the keys has
// signed is not published.
func TestSignedPackagesOnly(t *testing.T) {
	r := newRPMs(t, twoPackages)
	r.Unsigned = true
	for _, p := range r.Packages() {
		p.Key = r.Key
	}
	r.Publish(r.served)
	c := r.configured("url: URL, trusted: true, check-packages: true, keys: KEY", "")
	r.want(0, "published", "sync", "-c", c)
	r.want(0, "all right", "verify", r.published(""))
	r.want(exitUsage, "no key is known", "verify", r.published(""), "--level", "signature")
	r.Remove("lib")
	r.Add(repotest.Package{Name: "lib", Version: "2.0-1", Architecture: "noarch", Key: repotest.NewKey(t)})
	r.Publish(r.served)
	r.want(exitFailed, "lib-2.0-1.noarch.rpm", "sync", "-c", c)
	r.want(0, "all right", "verify", r.published(""))
}

func TestVerifySiteOfRPM(t *testing.T) {
	r := newRPMs(t, twoPackages)
	r.Publish(filepath.Join(r.served, "app"))
	site := r.server.URL + "/app/"
	r.want(0, "all right", "verify", site, "--level", "closure", "--key", r.key)
	r.want(0, "all right", "verify", site, "--type", "rpm")
	r.want(exitUsage, "are for deb archives", "verify", site, "--type", "rpm", "--suite", "stable")
	r.want(exitUsage, "cannot be searched", "verify", r.server.URL)
	r.server.Strike("lib-1.0", repotest.NotFound())
	r.want(exitIncomplete, "is missing", "verify", site)
}

func TestValidForIsForDeb(t *testing.T) {
	m := newMachine(t)
	m.useDNF("baseurl=" + m.rpm)
	c := write(t, filepath.Join(t.TempDir(), "c.yaml"), "destination: out\nsources: {here: {from: system}}\nmirrors: {m: {from: here, packages: app, valid-for: 1d}}\n")
	r := mirrorkeeper("plan", "-c", c, "--root", m.root)
	if r.code != exitUsage || !strings.Contains(r.errs, "valid-for is for mirrors of deb") {
		t.Errorf("exit code %d: %s", r.code, r.errs)
	}
}

func TestCompareVersions(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
	}{
		{"rpm 1.0~rc1-1 lt 1.0-1", 0},
		{"rpm 1.0^git1-1 gt 1.0-1", 0},
		{"rpm 1:1.0-1 gt 2.0-1", 0},
		{"rpm 1.0-1 eq 0:1.0-1", 0},
		{"rpm 1.0-1 gt 1.0-2", 1},
		{"deb 1.0~rc1-1 lt 1.0-1", 0},
		{"tar 1 lt 2", exitUsage},
		{"rpm 1 is 2", exitUsage},
	} {
		if r := mirrorkeeper(append([]string{"compare-versions"}, strings.Fields(c.args)...)...); r.code != c.code {
			t.Errorf("%s: exit code %d, expected %d: %s", c.args, r.code, c.code, r.errs)
		}
	}
}
