package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// richUpstream has everything that an archive has: two components, two
// architectures, sources, translations, indexes for desktops, and some that no
// client asks for by default.
func richUpstream(t *testing.T) *upstream {
	u := newUpstream(t)
	s := u.Suite("stable")
	s.Components, s.Architectures = []string{"main", "contrib"}, []string{"amd64", "arm64"}
	s.Hashes = []string{"MD5Sum", "SHA256", "SHA512"}
	s.Translations = true
	s.Extra = map[string]string{
		"main/dep11/Components-amd64.yml.gz":             "---\nFile: DEP-11\nVersion: '1.0'\nOrigin: test\n",
		"main/dep11/icons-48x48.tar.gz":                  strings.Repeat("\x00", 1024),
		"main/cnf/Commands-amd64.xz":                     "suite: stable\ncomponent: main\narch: amd64\n",
		"main/i18n/Translation-de.xz":                    "Package: app\nDescription-md5: 0\nDescription-de: klein\n",
		"main/Contents-amd64.gz":                         "usr/share/app/version misc/app\n",
		"main/debian-installer/binary-amd64/Packages.gz": "\n",
		"main/dep11/Components-arm64.yml.gz":             "---\nFile: DEP-11\nVersion: '1.0'\nOrigin: arm64\n",
		"contrib/dep11/Components-amd64.yml.gz":          "---\nFile: DEP-11\nVersion: '1.0'\nOrigin: contrib\n",
	}
	s.Add(repotest.ParsePackages(t, someText)...)
	for i := range 40 {
		s.Add(repotest.Package{Name: fmt.Sprintf("package%02d", i), Size: 3000, Fields: []string{"Depends: lib"}})
	}
	s.Add(repotest.Package{Name: "app", Architecture: "arm64"}, repotest.Package{Name: "extra", Architecture: "all", Component: "contrib"})
	s.AddSource(repotest.Source{Name: "app"}, repotest.Source{Name: "extra", Component: "contrib"})
	u.publish()
	return u
}

// inScope are the paths of a rich upstream that a mirror of main for amd64 holds.
func inScope(path string) bool {
	for _, other := range []string{"contrib/", "arm64", "/source/", ".dsc", ".tar.gz", "Contents-", "installer"} {
		if strings.Contains(path, other) && !strings.Contains(path, "icons-") {
			return false
		}
	}
	return true
}

func TestFullMirrorIsUpstreamByteForByte(t *testing.T) {
	t.Parallel()
	u := richUpstream(t)
	k := newKeeper(t, fullMirror(u.source("debian", serveNginx(t, u.dir).URL)))
	k.sync()
	mirror := k.published("full")
	wantSameTree(t, u.dir, mirror, inScope)

	a := newApt(t, debLine(u.key, serveNginx(t, k.published()).URL+"/full"))
	a.update()
	a.simulates("app", "package00", "package39", "doc")
	if got, want := len(a.available()), 45; got != want {
		t.Errorf("apt sees %d packages, expected %d", got, want)
	}
	if diff := cmp.Diff([]string{"app", "data", "lib"}, a.install("app")); diff != "" {
		t.Errorf("installed (-want +got):\n%s", diff)
	}
}

func TestFullMirrorTakesTheKindsAskedFor(t *testing.T) {
	t.Parallel()
	u := richUpstream(t)
	k := newKeeper(t, fullMirror(u.source("debian", "file://"+u.dir, "components: [main, contrib]", "architectures: [amd64, arm64]",
		"include: [packages, sources, contents, udebs, installer]")))
	k.sync()
	wantSameTree(t, u.dir, k.published("full"), nil)
}

func TestEveryPackageOfAFullMirrorInstalls(t *testing.T) {
	t.Parallel()
	u := richUpstream(t)
	k := newKeeper(t, fullMirror(u.source("debian", repotest.Serve(t, u.dir).URL)))
	k.sync()
	a := newApt(t, debLine(u.key, "file://"+k.published("full")))
	a.update()
	all := a.available()
	if out, err := a.run("apt-get", append([]string{"install", "-s"}, all...)...); err != nil {
		t.Errorf("apt-get install -s of all %d packages: %v\n%s", len(all), err, out)
	}
}

func TestUnchangedUpstreamCostsOneConditionalRequestASuite(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.Suite("updates").Add(repotest.Package{Name: "app", Version: "1.1"})
	u.publish()
	server := serveNginx(t, u.dir)
	source := u.source("debian", server.URL, "suites: [stable, updates]")
	for name, config := range map[string]string{"full": fullMirror(source), "partial": partialMirror(source, "packages: [app]")} {
		k := newKeeper(t, config)
		k.sync()
		server.requests()
		k.sync()
		got := map[string]string{}
		for _, r := range server.requests() {
			got[r.path] += r.String()
		}
		want := map[string]string{}
		for _, suite := range []string{"stable", "updates"} {
			root := "/dists/" + suite + "/InRelease"
			want[root] = nginxRequest{http.MethodGet, root, "304", true, false}.String()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: requests of the second run (-want +got):\n%s", name, diff)
		}
	}
}

func TestAChangedUpstreamCostsTheDifference(t *testing.T) {
	t.Parallel()
	u := richUpstream(t)
	server := serveNginx(t, u.dir)
	k := newKeeper(t, fullMirror(u.source("debian", server.URL)))
	k.sync()
	server.requests()

	s := u.Suite("stable")
	s.Remove("other")
	s.Remove("package07")
	s.Add(repotest.Package{Name: "package07", Version: "1.1", Size: 3000}, repotest.Package{Name: "new"})
	u.publish()
	k.sync()
	fetched := map[string]int{}
	for _, r := range server.requests() {
		if r.status != "404" { // the root names indexes that are not there
			fetched[r.path]++
		}
	}
	for path, n := range fetched {
		isNew := strings.HasSuffix(path, "/package07_1.1_amd64.deb") || strings.HasSuffix(path, "/new_1.0_amd64.deb")
		isIndex := strings.HasPrefix(path, "/dists/stable/main/") && (strings.Contains(path, "/binary-amd64/") || strings.Contains(path, "/i18n/"))
		if n > 1 || !isNew && !isIndex && path != "/dists/stable/InRelease" && path != "/dists/stable/Release" && path != "/dists/stable/Release.gpg" {
			t.Errorf("%s was asked for %d times", path, n)
		}
	}
	for _, path := range []string{"package07_1.1_amd64.deb", "new_1.0_amd64.deb"} {
		if fetched["/pool/main/"+path[:1]+"/"+strings.Split(path, "_")[0]+"/"+path] != 1 {
			t.Errorf("%s was not fetched once: %v", path, fetched)
		}
	}
	wantAllOf(t, u.dir, k.published("full"), inScope)
	a := newApt(t, debLine(u.key, "file://"+k.published("full")))
	a.update()
	if got := a.version("package07"); got != "1.1" {
		t.Errorf("apt sees version %q of package07, expected 1.1", got)
	}
	if got := a.version("other"); got != "" {
		t.Errorf("apt sees version %q of the package that is gone", got)
	}
}

// TestFilesOfOneContent mirrors a component without packages, as archives have them:
// its indexes are the same, and empty, for every architecture.
func TestFilesOfOneContent(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	s := u.Suite("stable")
	s.Components, s.Architectures = []string{"main", "contrib", "non-free"}, []string{"amd64", "arm64", "i386"}
	u.AddText(someText)
	u.publish()
	source := u.source("debian", repotest.Serve(t, u.dir).URL, "components: [main, contrib, non-free]", "architectures: [amd64, arm64, i386]")
	k := newKeeper(t, "sources:\n"+source+"mirrors:\n  full: {from: [debian]}\n  part: {from: [debian], packages: [data]}\n")
	k.sync()
	wantAllOf(t, u.dir, k.published("full"), nil)
	for mirror, key := range map[string]string{"full": u.key, "part": k.published("part/key.gpg")} {
		a := newApt(t, debLine(key, "file://"+k.published(mirror), "stable", "main", "contrib", "non-free"))
		a.update()
		a.simulates("data")
		k.exits(done, "verify", k.published(mirror), "--level", "closure")
	}
}
