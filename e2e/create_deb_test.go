package e2e_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// buildDeb builds a package of a NAME, VERSION and ARCHITECTURE with further fields, and
// returns its file.
func buildDeb(t *testing.T, dir, name string, fields ...string) string {
	t.Helper()
	need(t, "dpkg-deb")
	root := tempDir(t)
	words := strings.Fields(name)
	write(t, filepath.Join(root, "DEBIAN/control"), fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: Test <test@example.org>\nDescription: small\n%s",
		words[0], words[1], words[2], strings.Join(append(fields, ""), "\n")))
	write(t, filepath.Join(root, "usr/share/doc", words[0], "README"), words[1])
	file := filepath.Join(dir, strings.Join(words, "_")+".deb")
	write(t, filepath.Join(dir, ".keep"), "")
	if out, err := exec.Command("dpkg-deb", "--root-owner-group", "--build", root, file).CombinedOutput(); err != nil {
		t.Fatalf("dpkg-deb: %v\n%s", err, out)
	}
	return file
}

// A suite that was created of package files is one that apt installs from; what is added
// later is there at the next update, in another component too.
func TestCreateDebSuite(t *testing.T) {
	k := &keeper{t: t, dir: tempDir(t)}
	packages := filepath.Join(k.dir, "packages")
	buildDeb(t, packages, "app 1.0 amd64", "Depends: app-data (>= 1.0)")
	buildDeb(t, packages, "app-data 1.0 all")
	create := func(args ...string) {
		t.Helper()
		k.exits(done, append([]string{"create", "site", "--type", "deb", "--destination", "www"}, args...)...)
	}
	create(packages)
	site := filepath.Join(k.dir, "www/site")
	a := newApt(t, debLine(filepath.Join(site, "key.gpg"), "file://"+site, "stable", "main"))
	a.update()
	if got := strings.Join(a.install("app"), " "); got != "app app-data" {
		t.Errorf("installed are %s", got)
	}

	create("--add", buildDeb(t, filepath.Join(k.dir, "new"), "app 1.1 amd64", "Depends: app-data (>= 1.0)"))
	create("--component", "contrib", buildDeb(t, filepath.Join(k.dir, "contrib"), "extra 1.0 amd64", "Depends: app (>= 1.1)"))
	a.sources(debLine(filepath.Join(site, "key.gpg"), "file://"+site, "stable", "main contrib"))
	a.update()
	if got := strings.Join(a.install("extra"), " "); got != "app app-data extra" {
		t.Errorf("installed are %s", got)
	}
	if out, err := a.run("dpkg-query", "--admindir="+filepath.Join(a.dir, "var/lib/dpkg"), "-W", "-f", "${Version}", "app"); err != nil || out != "1.1" {
		t.Errorf("app has version %s, %v", out, err)
	}
	k.exits(done, "verify", site, "--level", "digest")
}

// A flat repository without a signature is one that apt installs from where it is told
// to trust it.
func TestCreateDebFlat(t *testing.T) {
	k := &keeper{t: t, dir: tempDir(t)}
	packages := filepath.Join(k.dir, "packages")
	buildDeb(t, filepath.Join(packages, "a"), "app 1.0 amd64", "Depends: app-data")
	buildDeb(t, filepath.Join(packages, "b"), "app-data 1.0 all")
	k.exits(done, "create", "site", "--type", "deb", "--flat", "--no-sign", "--destination", "www", packages)
	a := newApt(t, "deb [trusted=yes] file://"+filepath.Join(k.dir, "www/site")+" ./")
	a.update()
	if got := strings.Join(a.install("app"), " "); got != "app app-data" {
		t.Errorf("installed are %s", got)
	}
}
