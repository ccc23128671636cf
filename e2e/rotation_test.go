package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// rotation are the keys of a mirror whose key is being changed: two that sign, in the
// configuration's order, and one that has nothing to do with it. They are files of
// public keys, by the names that clients are called by.
func rotation(t *testing.T, k *keeper) map[string]string {
	t.Helper()
	known := map[string]string{}
	for _, name := range []string{"old", "new", "foreign"} {
		k.exits(done, "key", "generate", "./"+name+".asc", "--name", name)
		known[name] = filepath.Join(k.dir, name+".public.asc")
		write(t, known[name], k.exits(done, "key", "export", "./"+name+".asc").stdout)
	}
	return known
}

const signedTwice = "sign: [{key: old.asc}, {key: new.asc}]"

// While both keys sign, apt believes the mirror whichever of them it knows, by
// InRelease and by Release.gpg, and by key.asc and key.gpg, which hold both.
func TestAptBelievesEitherKey(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	k := newKeeper(t, partialMirror(u.source("debian", "file://"+u.dir), "packages: [app]", signedTwice))
	known := rotation(t, k)
	k.sync()
	known["key.asc"], known["key.gpg"] = k.published("part/key.asc"), k.published("part/key.gpg")
	detached := tempDir(t)
	if err := os.CopyFS(detached, os.DirFS(k.published("part"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(detached, "dists/stable/InRelease")); err != nil {
		t.Fatal(err)
	}
	for form, dir := range map[string]string{"InRelease": k.published("part"), "Release.gpg": detached} {
		site := repotest.Serve(t, dir)
		for name, key := range known {
			a := newApt(t, debLine(key, site.URL))
			if name != "foreign" {
				a.update()
				a.simulates("app")
			} else if out, err := a.run("apt-get", "update"); err == nil {
				t.Errorf("%s: apt believes it with a key that did not sign\n%s", form, out)
			}
		}
	}
}

// The field that key export prints is one that apt takes.
func TestAptTakesExportedKeys(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	k := newKeeper(t, partialMirror(u.source("debian", "file://"+u.dir), "packages: [app]", signedTwice))
	rotation(t, k)
	k.sync()
	a := newApt(t)
	write(t, filepath.Join(a.dir, "etc/apt/sources.list.d/part.sources"), "Types: deb\nURIs: file://"+k.published("part")+
		"\nSuites: stable\nComponents: main\nArchitectures: amd64\n"+k.exits(done, "key", "export", "part", "--format", "deb822").stdout)
	a.update()
	a.simulates("app")
}

// The same for dnf, which checks repomd.xml by repomd.xml.asc. zypper looks at one
// signature alone, which is that of the first key.
func TestDnfBelievesEitherKey(t *testing.T) {
	t.Parallel()
	u := newRPM(t)
	u.AddText("app 1.0 noarch\n")
	u.publish()
	k := newKeeper(t, partialMirror(u.source("app", "file://"+u.dir), "packages: [app]", signedTwice))
	known := rotation(t, k)
	k.sync()
	known["key.asc"] = k.published("part/key.asc")
	url := "file://" + k.published("part")
	for name, key := range known {
		d := newDnf(t, dnfRepository("part", key, url))
		if name != "foreign" {
			d.update()
			if got := d.available(); strings.Join(got, " ") != "app" {
				t.Errorf("dnf that knows %s sees %q", name, got)
			}
		} else if out, err := d.run("makecache", "--refresh"); err == nil {
			t.Errorf("dnf believes it with a key that did not sign\n%s", out)
		}
	}
	for _, name := range []string{"old", "key.asc"} {
		newZypper(t, zypperRepository("part", known[name], url)).update()
	}
	k.configure(partialMirror(u.source("app", "file://"+u.dir), "packages: [app]", "sign: [{key: new.asc}, {key: old.asc}]"))
	k.sync()
	for _, name := range []string{"new", "key.asc"} {
		newZypper(t, zypperRepository("part", known[name], url)).update()
	}
}
