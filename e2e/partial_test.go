package e2e_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// Two repositories: packages of A need packages of B, in every way that a relation
// can be written.
const (
	textA = `
a-app 1.0 amd64
 Depends: b-lib1 (>= 1.1), b-data, a-common (= 1.0)
 Recommends: b-doc
 Suggests: b-extra
a-common 1.0 all
a-tool 2:2.0~rc1-1 amd64
 Pre-Depends: b-base
 Depends: b-mta | mail-agent
a-old 1.0 amd64
 Depends: b-lib2 (<< 2.0)
a-virtual 1.0 amd64
 Depends: virtual-service (>= 2)
a-cycle 1.0 amd64
 Depends: b-cycle1
a-any 1.0 amd64
 Depends: b-tool:any
a-alone 1.0 amd64
`
	textBroken = `
a-broken 1.0 amd64
 Depends: a-common, no-such-package (>= 3)
`
	textB = `
b-lib1 1.0 amd64
 Depends: b-base
 Multi-Arch: same
b-lib1 1.2 amd64
 Depends: b-base
 Multi-Arch: same
b-lib2 1.5 amd64
 Depends: b-base
b-lib2 2.0 amd64
 Depends: b-base
b-base 1.0 amd64
b-data 1.0 all
b-doc 1.0 all
b-extra 1.0 all
b-mta 1.0 amd64
 Provides: mail-agent
 Conflicts: mail-agent
b-mta2 1.0 amd64
 Provides: mail-agent
 Conflicts: mail-agent
b-service1 1.0 amd64
 Provides: virtual-service (= 1)
b-service2 1.0 amd64
 Provides: virtual-service (= 2)
b-cycle1 1.0 amd64
 Depends: b-cycle2
b-cycle2 1.0 amd64
 Depends: b-cycle1
b-tool 1.0 amd64
 Multi-Arch: allowed
b-unused1 1.0 amd64
 Depends: b-base
b-unused2 1.0 amd64
 Depends: b-base
`
)

// closures are what each package of A needs, without recommendations.
var closures = map[string][]string{
	"a-app":     {"a-app", "a-common", "b-base", "b-data", "b-lib1"},
	"a-tool":    {"a-tool", "b-base", "b-mta"},
	"a-old":     {"a-old", "b-base", "b-lib2"},
	"a-virtual": {"a-virtual", "b-service2"},
	"a-cycle":   {"a-cycle", "b-cycle1", "b-cycle2"},
	"a-any":     {"a-any", "b-tool"},
	"a-alone":   {"a-alone"},
}

// repositoriesAB are A and B, served, as the sources "a" and "b".
func repositoriesAB(t *testing.T) (sources string, b *upstream) {
	t.Helper()
	a, b := newUpstream(t), newUpstream(t)
	a.AddText(textA)
	b.AddText(textB)
	a.publish()
	b.publish()
	return a.source("a", repotest.Serve(t, a.dir).URL) + b.source("b", repotest.Serve(t, b.dir).URL), b
}

// aptAB is an apt that knows the partial mirror "part" of A and B, and nothing else.
func aptAB(t *testing.T, k *keeper) *aptRoot {
	t.Helper()
	key := k.published("part/key.gpg")
	a := newApt(t, debLine(key, "file://"+k.published("part/a")), debLine(key, "file://"+k.published("part/b")))
	a.update()
	return a
}

func TestPartialMirrorHoldsExactlyTheClosure(t *testing.T) {
	t.Parallel()
	sources, _ := repositoriesAB(t)
	for seed, closure := range closures {
		t.Run(seed, func(t *testing.T) {
			t.Parallel()
			k := newKeeper(t, partialMirror(sources, "packages: ["+seed+"]", "recommends: false"))
			k.sync()
			if diff := cmp.Diff(closure, packageFiles(t, k.published("part"))); diff != "" {
				t.Errorf("the mirror's packages (-want +got):\n%s", diff)
			}
			a := aptAB(t, k)
			if diff := cmp.Diff(closure, a.available()); diff != "" {
				t.Errorf("what apt sees (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(closure, a.install(seed)); diff != "" {
				t.Errorf("what apt installs (-want +got):\n%s", diff)
			}
			k.exits(done, "verify", k.published("part"), "--level", "closure")
		})
	}
}

func TestPartialMirrorFollowsWeakDependenciesOnRequest(t *testing.T) {
	t.Parallel()
	sources, _ := repositoriesAB(t)
	for _, c := range []struct {
		options []string
		more    []string
	}{
		{nil, []string{"b-doc"}},
		{[]string{"suggests: true"}, []string{"b-doc", "b-extra"}},
		{[]string{"suggests: true", "recommends: false"}, []string{"b-extra"}},
	} {
		k := newKeeper(t, partialMirror(sources, append([]string{"packages: [a-app]"}, c.options...)...))
		k.sync()
		want := slices.Sorted(slices.Values(slices.Concat(closures["a-app"], c.more)))
		if diff := cmp.Diff(want, packageFiles(t, k.published("part"))); diff != "" {
			t.Errorf("%v: the mirror's packages (-want +got):\n%s", c.options, diff)
		}
	}
}

// TestMissionRepositories copies B whole, and A with what it needs of B.
func TestMissionRepositories(t *testing.T) {
	t.Parallel()
	sources, b := repositoriesAB(t)
	k := newKeeper(t, partialMirror(sources, `packages: ["a-*"]`, "recommends: false")+"  whole: {from: [b]}\n")
	k.sync()
	wantSameTree(t, b.dir, k.published("whole"), nil)

	want := map[string]bool{}
	for _, closure := range closures {
		for _, name := range closure {
			want[name] = true
		}
	}
	got := packageFiles(t, k.published("part"))
	for _, name := range got {
		if !want[name] {
			t.Errorf("the mirror holds %s, which nothing needs", name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("the mirror holds %v, expected %d packages", got, len(want))
	}
	a := aptAB(t, k)
	for seed := range closures {
		a.simulates(seed)
	}
	if got := a.install("a-app", "a-common", "a-tool", "a-old", "a-virtual", "a-cycle", "a-any", "a-alone"); len(got) != len(want) {
		t.Errorf("apt installs %v, expected %d packages", got, len(want))
	}
	k.exits(done, "verify", k.published("part"), "--level", "closure")
	k.exits(done, "verify", k.published("whole"), "--level", "closure")
}

func TestPartialMirrorOfTwoSourcesInOnePlace(t *testing.T) {
	t.Parallel()
	a, b := newUpstream(t), newUpstream(t)
	a.AddText(textA)
	b.AddText(textB)
	b.Suite("stable").Name = "backports"
	a.publish()
	b.publish()
	k := newKeeper(t, partialMirror(
		a.source("a", "file://"+a.dir, "path: debian")+b.source("b", "file://"+b.dir, "path: debian", "suites: [backports]"),
		"packages: [a-app]", "recommends: false"))
	k.sync()
	root := newApt(t, debLine(k.published("part/key.gpg"), "file://"+k.published("part/debian")), debLine(k.published("part/key.gpg"), "file://"+k.published("part/debian"), "backports", "main"))
	root.update()
	if diff := cmp.Diff(closures["a-app"], root.install("a-app")); diff != "" {
		t.Errorf("what apt installs (-want +got):\n%s", diff)
	}
}

func TestPartialMirrorFollowsUpstream(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	server := repotest.Serve(t, u.dir)
	k := newKeeper(t, partialMirror(u.source("debian", server.URL), "packages: [app]"))
	k.sync()
	server.Reset()

	// A version of lib that needs one package more.
	u.Suite("stable").Remove("lib")
	u.AddText("lib 1.1 amd64\n Depends: libc\nlibc 2.0 amd64\n")
	u.publish()
	k.sync()
	a := newApt(t, debLine(k.published("part/key.gpg"), "file://"+k.published("part")))
	a.update()
	if diff := cmp.Diff([]string{"app", "data", "doc", "lib", "libc"}, a.available()); diff != "" {
		t.Errorf("what apt sees (-want +got):\n%s", diff)
	}
	a.simulates("app")
	var fetched []string
	for _, r := range server.Requests(`\.deb$`) {
		fetched = append(fetched, r.Path[strings.LastIndexByte(r.Path, '/')+1:])
	}
	slices.Sort(fetched)
	if diff := cmp.Diff([]string{"lib_1.1_amd64.deb", "libc_2.0_amd64.deb"}, fetched); diff != "" {
		t.Errorf("packages fetched (-want +got):\n%s", diff)
	}
}

func TestPartialMirrorTellsWhatIsUnresolved(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(textA + textBroken)
	u.publish()
	k := newKeeper(t, partialMirror(u.source("a", "file://"+u.dir), "packages: [a-broken, a-alone]"))
	k.exits(findings, "sync").says("no-such-package")
	a := newApt(t, debLine(k.published("part/key.gpg"), "file://"+k.published("part")))
	a.update()
	a.simulates("a-alone")

	k = newKeeper(t, partialMirror(u.source("a", "file://"+u.dir), "packages: [a-broken, a-alone]", "strict: true"))
	k.exits(failed, "sync").says("no-such-package")
	if got := readTree(t, k.published()); len(got) > 0 {
		t.Errorf("a strict mirror with unresolved relations was published: %v", got)
	}
}

func TestMandatoryPackagesComeAlongOnRequest(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(`
app 1.0 amd64
base 1.0 amd64
 Essential: yes
 Depends: libbase
libbase 1.0 amd64
shell 1.0 amd64
 Priority: required
tools 1.0 amd64
 Priority: important
other 1.0 amd64
`)
	u.publish()
	k := newKeeper(t, partialMirror(u.source("debian", "file://"+u.dir), "packages: [app]", "mandatory: true"))
	k.sync()
	if diff := cmp.Diff([]string{"app", "base", "libbase", "shell", "tools"}, packageFiles(t, k.published("part"))); diff != "" {
		t.Errorf("the mirror's packages (-want +got):\n%s", diff)
	}
}
