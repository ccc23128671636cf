package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

func TestRootsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(t *testing.T, u *upstream)
		tamper func(t *testing.T, u *upstream) // after publishing
		says   []string
	}{
		"another key": {
			change: func(t *testing.T, u *upstream) { u.Key = repotest.NewKey(t) },
			says:   []string{"key"},
		},
		"no signature": {
			change: func(t *testing.T, u *upstream) { u.Suite("stable").Unsigned = true },
			says:   []string{"sign"},
		},
		"expired": {
			change: func(t *testing.T, u *upstream) { u.Suite("stable").ValidUntil = time.Now().Add(-time.Hour) },
			says:   []string{"Valid-Until|expired"},
		},
		"from the future": {
			change: func(t *testing.T, u *upstream) { u.Suite("stable").Date = time.Now().Add(48 * time.Hour) },
			says:   []string{"future|Date|made at"},
		},
		"tampered": {
			tamper: func(t *testing.T, u *upstream) {
				for _, file := range []string{"InRelease", "Release"} {
					path := filepath.Join(u.dir, "dists/stable", file)
					content, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					write(t, path, strings.Replace(string(content), "Label: Test", "Label: Evil", 1))
				}
			},
			says: []string{"signature"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			u.AddText(someText)
			if c.change != nil {
				c.change(t, u)
			}
			u.publish()
			if c.tamper != nil {
				c.tamper(t, u)
			}
			for _, config := range []string{fullMirror(u.source("debian", "file://"+u.dir)), partialMirror(u.source("debian", "file://"+u.dir), "packages: [app]")} {
				k := newKeeper(t, config)
				k.exits(failed, "sync").says(append([]string{"error:"}, c.says...)...)
				if got := readTree(t, k.published()); len(got) > 0 {
					t.Errorf("something was published: %v", got)
				}
			}
		})
	}
}

func TestRootsThatAreAcceptedOnRequest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(s *repotest.Suite)
		source []string
	}{
		"unsigned, trusted":       {func(s *repotest.Suite) { s.Unsigned = true }, []string{"trusted: true"}},
		"expired, not checked":    {func(s *repotest.Suite) { s.ValidUntil = time.Now().Add(-time.Hour) }, []string{"check-valid-until: false"}},
		"valid":                   {func(s *repotest.Suite) { s.ValidUntil = time.Now().Add(time.Hour) }, nil},
		"InRelease only":          {func(s *repotest.Suite) { s.Detached = false }, nil},
		"Release and Release.gpg": {func(s *repotest.Suite) { s.InRelease = false }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			u.AddText(someText)
			c.change(u.Suite("stable"))
			u.publish()
			k := newKeeper(t, fullMirror(u.source("debian", "file://"+u.dir, c.source...)))
			k.sync()
			wantSameTree(t, u.dir, k.published("full"), nil)
		})
	}
}

// TestARootOfAnotherSuite is a warning, as it is for apt: archives have suites of
// several names.
func TestARootOfAnotherSuite(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	if err := os.Rename(filepath.Join(u.dir, "dists/stable"), filepath.Join(u.dir, "dists/testing")); err != nil {
		t.Fatal(err)
	}
	k := newKeeper(t, fullMirror(u.source("debian", "file://"+u.dir, "suites: [testing]")))
	k.sync().says("testing.*stable|stable.*testing")
	wantSameTree(t, u.dir, k.published("full"), nil)
}

func TestAnOlderRootIsAReplay(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	old := tempDir(t)
	if err := os.CopyFS(old, os.DirFS(u.dir)); err != nil {
		t.Fatal(err)
	}
	u.AddText("new 1.0 amd64")
	u.publish()
	server := repotest.Serve(t, u.dir)
	k := newKeeper(t, quick+fullMirror(u.source("debian", server.URL)))
	k.sync()
	before := readTree(t, k.published("full"))
	server.Strike(".", repotest.From(old))
	k.exits(failed, "sync").says("older|replay")
	for path, digest := range before {
		if got := readTree(t, k.published("full"))[path]; got != digest {
			t.Fatalf("%s changed", path)
		}
	}
	server.Heal()
	k.sync()
}

func TestAnUpstreamThatShrinksStopsTheRun(t *testing.T) {
	t.Parallel()
	for _, partial := range []bool{false, true} {
		u := newUpstream(t)
		var names []string
		for i := range 60 {
			names = append(names, "package"+string(rune('a'+i%26))+string(rune('a'+i/26)))
			u.Add(repotest.Package{Name: names[i]})
		}
		u.publish()
		config := fullMirror(u.source("debian", "file://"+u.dir))
		dir := "full"
		if partial {
			config, dir = partialMirror(u.source("debian", "file://"+u.dir), `packages: ["package*"]`), "part"
		}
		k := newKeeper(t, config)
		k.sync()
		for _, name := range names[1:] {
			u.Suite("stable").Remove(name)
		}
		u.publish()
		k.exits(failed, "sync").says("shr[aiu]nk|lost", "allow-shrink")
		if got := len(packageFiles(t, k.published(dir))); got != 60 {
			t.Errorf("%d packages are left in the mirror, expected all 60", got)
		}
		k.sync("--allow-shrink")
	}
}
