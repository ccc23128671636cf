package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

var levels = []string{"size", "digest", "signature", "closure"}

// TestVerifyFindsWhatIsWrong damages a mirror in one way after another: every level
// from the first that can see it on has to find it, and to name it.
func TestVerifyFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		damage func(t *testing.T, dir string)
		from   string // the first level that sees it
		says   string
	}{
		"nothing": {damage: func(*testing.T, string) {}},
		"a flipped byte in a package": {
			from: "digest", says: "pool/main/l/lib/lib_1.0_amd64.deb",
			damage: func(t *testing.T, dir string) { damage(t, filepath.Join(dir, "pool/main/l/lib/lib_1.0_amd64.deb")) },
		},
		"a flipped byte in an index": {
			from: "digest", says: "Packages.xz",
			damage: func(t *testing.T, dir string) {
				damage(t, filepath.Join(dir, "dists/stable/main/binary-amd64/Packages.xz"))
			},
		},
		"a package cut short": {
			from: "size", says: "pool/main/d/data/data_1.0_all.deb",
			damage: func(t *testing.T, dir string) { cutShort(t, filepath.Join(dir, "pool/main/d/data/data_1.0_all.deb")) },
		},
		"a missing package": {
			from: "size", says: "pool/main/d/data/data_1.0_all.deb",
			damage: func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "pool/main/d/data/data_1.0_all.deb")) },
		},
		"a missing index": {
			from: "size", says: "Packages",
			damage: func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "dists/stable/main/binary-amd64")) },
		},
		"a missing root": {
			from: "size", says: "root",
			damage: func(t *testing.T, dir string) {
				for _, file := range []string{"InRelease", "Release", "Release.gpg"} {
					remove(t, filepath.Join(dir, "dists/stable", file))
				}
			},
		},
		"another root": {
			from: "digest", says: "Release",
			damage: func(t *testing.T, dir string) {
				other := newUpstream(t)
				other.AddText(someText)
				other.publish()
				for _, file := range []string{"InRelease", "Release", "Release.gpg"} {
					path := filepath.Join(dir, "dists/stable", file)
					content, err := os.ReadFile(filepath.Join(other.dir, "dists/stable", file))
					if err != nil {
						t.Fatal(err)
					}
					remove(t, path)
					write(t, path, string(content))
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUpstream(t)
			u.AddText(someText)
			u.publish()
			k := newKeeper(t, fullMirror(u.source("debian", "file://"+u.dir)))
			k.sync()
			c.damage(t, k.published("full"))
			sees := false
			for _, level := range levels {
				sees = sees || level == c.from
				if !sees {
					if c.from != "digest" || name != "another root" { // what a size check makes of it is its own affair
						k.exits(done, "verify", k.published("full"), "--level", level)
					}
					continue
				}
				if r := k.exits(findings, "verify", k.published("full"), "--level", level); !strings.Contains(r.stdout+r.stderr, c.says) {
					t.Errorf("level %s says nothing of %s:\n%s%s", level, c.says, r.stdout, r.stderr)
				}
			}
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

// cutShort replaces a file by its first half.
func cutShort(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	remove(t, path)
	write(t, path, string(content[:len(content)/2]))
}

func TestVerifyClosure(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText + textBroken)
	u.publish()
	k := newKeeper(t, fullMirror(u.source("debian", "file://"+u.dir)))
	k.sync()
	k.exits(done, "verify", k.published("full"), "--level", "signature")
	if r := k.exits(findings, "verify", k.published("full"), "--level", "closure"); !strings.Contains(r.stdout, "no-such-package") {
		t.Errorf("level closure says nothing of no-such-package:\n%s", r.stdout)
	}
}

func TestVerifyLooksForTheKey(t *testing.T) {
	t.Parallel()
	u, other := newUpstream(t), newUpstream(t)
	u.AddText(someText)
	u.publish()
	k := newKeeper(t, "") // it knows nothing of the tree
	k.exits(done, "verify", u.dir, "--level", "signature", "--key", u.key)
	k.exits(findings, "verify", u.dir, "--level", "signature", "--key", other.key)
	k.exits(misused, "verify", u.dir, "--level", "signature").says("key")
	k.exits(misused, "verify", u.dir, "--level", "deep").says("closure")
	k.exits(misused, "verify", filepath.Join(u.dir, "absent"))
	k.exits(done, "verify", repotest.Serve(t, u.dir).URL, "--suite", "stable", "--architecture", "amd64", "--level", "closure", "--key", u.key)
}

func TestSyncMendsWhatVerifyFinds(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	for config, dir := range map[string]string{
		fullMirror(u.source("debian", "file://"+u.dir)):                       "full",
		partialMirror(u.source("debian", "file://"+u.dir), "packages: [app]"): "part",
	} {
		k := newKeeper(t, config)
		k.sync()
		damage(t, k.published(dir, "pool/main/l/lib/lib_1.0_amd64.deb"))
		remove(t, k.published(dir, "pool/main/d/data/data_1.0_all.deb"))
		remove(t, k.published(dir, "dists/stable/main/binary-amd64/Packages.xz"))
		k.sync("--check", "digest")
		k.exits(done, "verify", k.published(dir), "--level", "closure")
	}
}

// TestSyncMendsTheContent damages a file with all its names.
func TestSyncMendsTheContent(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	server := repotest.Serve(t, u.dir)
	k := newKeeper(t, fullMirror(u.source("debian", server.URL)))
	k.sync()
	path := k.published("full/pool/main/l/lib/lib_1.0_amd64.deb")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 0xff
	if err := os.WriteFile(path, content, 0o644); err != nil { // in place
		t.Fatal(err)
	}
	server.Reset()
	k.sync("--check", "digest")
	k.exits(done, "verify", k.published("full"), "--level", "closure")
	if got := server.Requests(allPackages); len(got) != 1 {
		t.Errorf("one file was damaged, and fetched were %v", got)
	}
}
