package e2e_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// TestModesAndLinks looks at the tree as it is published under a strict umask.
func TestModesAndLinks(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	source := u.source("debian", "file://"+u.dir)
	k := newKeeper(t, "sources:\n"+source+"mirrors:\n  full: {from: [debian]}\n  part: {from: [debian], packages: [app]}\n")
	for range 2 { // the second run exchanges what the first published
		c := exec.CommandContext(t.Context(), "sh", "-c", "umask 077 && exec "+binary+" sync")
		c.Dir, c.Env = k.dir, environment(k.dir)
		if r := finish(t, c); r.code != done {
			t.Fatalf("exit code %d\n%s", r.code, r.stderr)
		}
		u.AddText("more 1.0 amd64")
		u.publish()
	}
	destination := k.published()
	walk(t, destination, func(path string, e fs.DirEntry) {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(filepath.Join(destination, path))
			if err != nil || filepath.IsAbs(to) || strings.HasPrefix(filepath.Clean(filepath.Join(filepath.Dir(path), to)), "..") || strings.Contains(to, stateDir) {
				t.Errorf("%s leads to %s (%v)", path, to, err)
			}
		case e.IsDir() && info.Mode().Perm() != 0o755, e.Type().IsRegular() && info.Mode().Perm() != 0o644:
			t.Errorf("%s has mode %o", path, info.Mode().Perm())
		case !e.IsDir() && !e.Type().IsRegular():
			t.Errorf("%s is a %s", path, info.Mode())
		}
	})
	if info, err := os.Stat(filepath.Join(destination, stateDir)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the state directory: %v, %v; expected mode 0700", info, err)
	}
}

// TestPublishedTimesFollowTheRoot wants a server's Last-Modified of the root to be
// upstream's Date.
func TestPublishedTimesFollowTheRoot(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.Suite("stable").Date = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	u.publish()
	k := newKeeper(t, fullMirror(u.source("debian", repotest.Serve(t, u.dir).URL)))
	k.sync()
	for _, file := range []string{"InRelease", "Release", "main/binary-amd64/Packages.xz"} {
		info, err := os.Stat(k.published("full/dists/stable", file))
		if err != nil {
			t.Fatal(err)
		}
		if !info.ModTime().Equal(u.Suite("stable").Date) {
			t.Errorf("%s is of %s, expected %s", file, info.ModTime(), u.Suite("stable").Date)
		}
	}
}

// TestClientsReadWhileMirrorsSwitch updates an apt all the time while a full and a
// partial mirror go from generation to generation: it never sees anything but a
// whole one, and can fetch what it has seen.
func TestClientsReadWhileMirrorsSwitch(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	s := u.Suite("stable")
	for i := range 30 {
		s.Add(repotest.Package{Name: fmt.Sprintf("package%02d", i), Fields: []string{"Depends: same"}})
	}
	s.Add(repotest.Package{Name: "same"})
	u.publish()
	source := u.source("debian", "file://"+u.dir)
	k := newKeeper(t, "sources:\n"+source+"mirrors:\n  full: {from: [debian]}\n  part: {from: [debian], packages: ['package*', changing]}\n")
	s.Add(repotest.Package{Name: "changing"})
	u.publish()
	k.sync()
	server := serveNginx(t, k.published())
	generations := 12
	if proving() {
		generations = 100
	}
	finished := make(chan struct{})
	readers := make(chan string, 2)
	for mirror, key := range map[string]string{"full": u.key, "part": k.published("part/key.gpg")} {
		a := newApt(t, debLine(key, server.URL+"/"+mirror))
		go func() { readers <- readOn(a, mirror, finished) }()
	}
	for i := range generations {
		s.Remove("changing")
		s.Add(repotest.Package{Name: "changing", Version: fmt.Sprintf("%d.0", i+2)})
		u.publish()
		k.sync()
	}
	close(finished)
	for range 2 {
		if problem := <-readers; problem != "" {
			t.Error(problem)
		}
	}
}

// readOn updates and downloads until the end and returns what went wrong.
func readOn(a *aptRoot, mirror string, finished <-chan struct{}) string {
	for n := 1; ; n++ {
		if out, err := a.run("apt-get", "update"); err != nil || complaint.MatchString(out) {
			return fmt.Sprintf("%s: apt-get update number %d: %v\n%s", mirror, n, err, out)
		}
		if out, err := a.run("apt-get", "download", "changing"); err != nil {
			return fmt.Sprintf("%s: apt-get download number %d: %v\n%s", mirror, n, err, out)
		}
		select {
		case <-finished:
			if n < 3 {
				return fmt.Sprintf("%s: only %d updates were made, which proves little", mirror, n)
			}
			return ""
		default:
		}
	}
}

// TestOldFilesStayForAGracePeriod wants what the old root names to be there after a
// switch, and to go when its time is over.
func TestOldFilesStayForAGracePeriod(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	source := u.source("debian", "file://"+u.dir)
	for grace, stays := range map[string]bool{"1h": true, "1ms": false} {
		k := newKeeper(t, "keep: {grace: "+grace+"}\n"+fullMirror(source))
		k.sync()
		before := readTree(t, k.published("full"))
		u.Suite("stable").Remove("other")
		u.publish()
		k.sync()
		k.sync() // every run looks for what is due
		after := readTree(t, k.published("full"))
		for path, digest := range before {
			if byDigest := strings.Contains(path, "/by-hash/") || strings.HasSuffix(path, ".deb"); byDigest && stays && after[path] != digest {
				t.Errorf("grace %s: %s is gone", grace, path)
			}
		}
		if !stays && after["pool/main/o/other/other_1.0_amd64.deb"] != "" {
			t.Errorf("grace %s: the package that is gone upstream is still there", grace)
		}
		u.AddText("other 1.0 amd64")
		u.publish()
	}
}

func TestTooLittleSpaceStopsBeforeTheFirstByte(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.Suite("stable").Add(repotest.Package{Name: "huge", Stanza: fmt.Sprintf(
		"Package: huge\nVersion: 1.0\nArchitecture: amd64\nMaintainer: Test <test@example.org>\nFilename: pool/main/h/huge/huge_1.0_amd64.deb\nSize: %d\nSHA256: %064d\nDescription: too large\n", int64(1)<<50, 7)})
	u.publish()
	server := repotest.Serve(t, u.dir)
	for _, config := range []string{fullMirror(u.source("debian", server.URL)), partialMirror(u.source("debian", server.URL), "packages: [app, huge]")} {
		k := newKeeper(t, config)
		k.exits(failed, "sync").says("space")
		if got := server.Requests(allPackages); len(got) > 0 {
			t.Errorf("packages were fetched: %v", got)
		}
	}
}

func TestStateOfANewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	k := newKeeper(t, fullMirror(u.source("debian", "file://"+u.dir)))
	k.sync()
	version := k.published(stateDir, "version")
	if _, err := os.Stat(version); errors.Is(err, fs.ErrNotExist) {
		t.Fatal("the state directory has no version")
	}
	write(t, version, "999\n")
	k.exits(failed, "sync").says("version", "newer")
}

// TestPathsThatLeaveTheTree offers packages at paths outside of the mirror.
func TestPathsThatLeaveTheTree(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"../../escaped.deb", "/tmp/escaped.deb", "pool/../../escaped.deb", ".mirrorkeeper/escaped.deb"} {
		u := newUpstream(t)
		u.AddText(someText)
		u.Suite("stable").Add(repotest.Package{Name: "evil", Stanza: "Package: evil\nVersion: 1.0\nArchitecture: amd64\nFilename: " + path + "\nSize: 4\nSHA256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\nDescription: evil\n"})
		u.publish()
		write(t, filepath.Join(u.dir, "escaped.deb"), "test")
		for _, config := range []string{fullMirror(u.source("debian", "file://"+u.dir)), partialMirror(u.source("debian", "file://"+u.dir), "packages: [app, evil]")} {
			k := newKeeper(t, config)
			k.exits(failed, "sync").says("path")
			if got := readTree(t, k.published()); len(got) > 0 {
				t.Errorf("%s: published %v", path, got)
			}
		}
	}
}
