package e2e_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// TestShapes mirrors repositories of every shape, in full and in part, and lets apt
// use both.
func TestShapes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make   func(u *upstream)
		source []string
		apt    []string // suite and components, default "stable main"
		path   string   // of the URL
	}{
		"plain": {make: func(*upstream) {}},
		"flat": {
			make:   func(u *upstream) { u.Suite("./") },
			source: []string{`suites: ["./"]`, "components: []"}, apt: []string{"./"},
		},
		"flat in a directory": {
			make:   func(u *upstream) { u.Suite("linux/amd64/") },
			source: []string{`suites: ["linux/amd64/"]`, "components: []"}, apt: []string{"linux/amd64/"},
		},
		"suite of two levels": {
			make:   func(u *upstream) { u.Suite("stable/updates").Codename = "stable/updates" },
			source: []string{"suites: [stable/updates]"}, apt: []string{"stable/updates", "main"},
		},
		"without by-hash":   {make: func(u *upstream) { u.Suite("stable").ByHash = false }},
		"translations":      {make: func(u *upstream) { u.Suite("stable").Translations = true }},
		"binary-all":        {make: func(u *upstream) { u.Suite("stable").SeparateAll = true }},
		"plain indexes":     {make: func(u *upstream) { u.Suite("stable").Compressions = []string{""} }},
		"all compressions":  {make: func(u *upstream) { u.Suite("stable").Compressions = []string{"", ".gz", ".xz", ".zst", ".lz4"} }},
		"zst":               {make: func(u *upstream) { u.Suite("stable").Compressions = []string{".zst"} }},
		"SHA512":            {make: func(u *upstream) { u.Suite("stable").Hashes = []string{"SHA512"} }},
		"all hashes":        {make: func(u *upstream) { u.Suite("stable").Hashes = []string{"MD5Sum", "SHA1", "SHA256", "SHA512"} }},
		"two architectures": {make: func(u *upstream) { u.Suite("stable").Architectures = []string{"amd64", "arm64"} }, source: []string{"architectures: [amd64, arm64]"}},
		"names that are escaped": {make: func(u *upstream) {
			u.AddText("c++ 1:1.0~rc1+b2 amd64\n")
			u.Suite("stable").Add(repotest.Package{Name: "odd", Filename: "pool/main/o/odd/odd_1%3a1 0.deb"})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			c.make(u)
			u.AddText(someText)
			u.publish()
			source := u.source("debian", serveNginx(t, u.dir).URL+c.path, c.source...)
			k := newKeeper(t, "sources:\n"+source+"mirrors:\n  full: {from: [debian]}\n  part: {from: [debian], packages: [app]}\n")
			k.sync()
			wantSameTree(t, u.dir, k.published("full"), nil)
			server := serveNginx(t, k.published())
			for mirror, key := range map[string]string{"full": u.key, "part": k.published("part/key.gpg")} {
				a := newApt(t, debLine(key, server.URL+"/"+mirror, c.apt...))
				a.update()
				a.simulates("app", "doc")
				if diff := cmp.Diff([]string{"app", "data", "lib"}, a.install("app")); diff != "" {
					t.Errorf("what apt installs from %s (-want +got):\n%s", mirror, diff)
				}
				k.exits(done, "verify", k.published(mirror), "--level", "closure")
			}
		})
	}
}

func TestSeveralSuitesComponentsAndArchitectures(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	for _, name := range []string{"stable", "updates"} {
		s := u.Suite(name)
		s.Components, s.Architectures = []string{"main", "contrib"}, []string{"amd64", "arm64"}
		s.Translations = true
	}
	for _, arch := range []string{"amd64", "arm64"} {
		u.Suite("stable").Add(
			repotest.Package{Name: "app", Architecture: arch, Fields: []string{"Depends: lib (>= 2.0), extra"}},
			repotest.Package{Name: "lib", Architecture: arch},
			repotest.Package{Name: "extra", Architecture: arch, Component: "contrib"},
		)
		u.Suite("updates").Add(repotest.Package{Name: "lib", Version: "2.0", Architecture: arch})
	}
	u.publish()
	source := u.source("debian", "file://"+u.dir, "suites: [stable, updates]", "components: [main, contrib]", "architectures: [amd64, arm64]")
	k := newKeeper(t, "sources:\n"+source+"mirrors:\n  full: {from: [debian]}\n  part: {from: [debian], packages: [app]}\n")
	k.sync()
	wantSameTree(t, u.dir, k.published("full"), nil)
	for mirror, key := range map[string]string{"full": u.key, "part": k.published("part/key.gpg")} {
		url := "file://" + k.published(mirror)
		a := newApt(t, debLine(key, url, "stable", "main", "contrib"), debLine(key, url, "updates", "main", "contrib"))
		a.update()
		if diff := cmp.Diff([]string{"app", "extra", "lib"}, a.install("app")); diff != "" {
			t.Errorf("what apt installs from %s (-want +got):\n%s", mirror, diff)
		}
	}
	// Both architectures are there, and the version of lib that nothing needs is not.
	got := readTree(t, k.published("part"))
	for path, want := range map[string]bool{
		"pool/main/a/app/app_1.0_arm64.deb": true, "pool/main/l/lib/lib_2.0_amd64.deb": true,
		"pool/main/l/lib/lib_2.0_arm64.deb": true, "pool/main/l/lib/lib_1.0_amd64.deb": false,
	} {
		if has := got[path] != ""; has != want {
			t.Errorf("the partial mirror has %s: %v, expected %v", path, has, want)
		}
	}
}

func TestPrioritiesDecideBetweenRepositories(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.Suite("stable").Add(repotest.Package{Name: "app", Fields: []string{"Depends: lib"}}, repotest.Package{Name: "lib"})
	backports := u.Suite("backports")
	backports.Fields = []string{"NotAutomatic: yes", "ButAutomaticUpgrades: yes"}
	backports.Add(repotest.Package{Name: "lib", Version: "9.0"})
	u.publish()
	source := u.source("debian", "file://"+u.dir, "suites: [stable, backports]")
	for _, c := range []struct{ seed, version string }{
		{"app", "1.0"}, {"'lib (>= 2.0)'", "9.0"},
	} {
		k := newKeeper(t, partialMirror(source, "packages: ["+c.seed+"]"))
		k.sync()
		if got := readTree(t, k.published("part")); got["pool/main/l/lib/lib_"+c.version+"_amd64.deb"] == "" || len(packageFiles(t, k.published("part"))) > 2 {
			t.Errorf("%s: the mirror holds %v, expected lib %s", c.seed, got, c.version)
		}
	}
}

func TestSourcePackagesOnRequest(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.Suite("stable").AddSource(repotest.Source{Name: "app"}, repotest.Source{Name: "other"})
	u.publish()
	k := newKeeper(t, partialMirror(u.source("debian", "file://"+u.dir, "include: [packages, sources]"), "packages: [app]", "sources: true"))
	k.sync()
	a := newApt(t, "deb-src [signed-by="+k.published("part/key.gpg")+"] file://"+k.published("part")+" stable main")
	a.update()
	if out, err := a.run("apt-get", "source", "--download-only", "app"); err != nil {
		t.Errorf("apt-get source: %v\n%s", err, out)
	}
	if got := readTree(t, k.published("part")); got["pool/main/o/other/other_1.0.dsc"] != "" {
		t.Error("the mirror holds a source package that nothing asked for")
	}
}
