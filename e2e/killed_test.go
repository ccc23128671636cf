package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// changing are the system calls by which the program changes what is on disk.
var changing = []string{"linkat", "renameat,renameat2,rename", "fsync", "syncfs", "unlinkat", "mkdirat", "write"}

// TestKilledAtSystemCalls ends the program at its N-th change of what is on disk, or has
// the change fail, for many N: what is published is the old state or the new one, whole;
// the next run heals, and fetches nothing twice.
func TestKilledAtSystemCalls(t *testing.T) {
	t.Parallel()
	strace := need(t, "strace")
	u := newUpstream(t)
	u.AddText("app 1.0 amd64\n Depends: lib\nlib 1.0 amd64\ngone 1.0 amd64\n")
	u.publish()
	server := repotest.Serve(t, u.dir)
	k := newKeeper(t, "keep: {generations: 1, days: 0, grace: 1ms}\nsources:\n"+u.source("debian", server.URL)+"mirrors:\n  full: {from: [debian]}\n  part: {from: [debian], packages: ['*']}\n")
	k.sync()
	k.exits(done, "promote", "--all", "current", "stable")
	u.Suite("stable").Remove("gone")
	u.Suite("stable").Remove("lib")
	u.AddText("lib 2.0 amd64\nmore 1.0 amd64\n")
	u.publish()
	kills := 0
	for mode, inject := range []string{"signal=KILL", "error=EIO", "error=ENOSPC"} {
		for i, calls := range changing {
			step, end := 7+3*i, 8+3*i
			if !proving() && (i%3 != mode || calls == "write") {
				continue // a sample
			}
			if proving() {
				step, end = 3+6*min(mode, 1), 10_000
				if calls == "write" {
					step *= 20
				}
			}
			for n := step; n < end; n += step {
				if !killedOnce(t, k, server, strace, calls, inject, n) {
					break // there are not so many of these calls
				}
				kills++
			}
		}
	}
	if kills == 0 {
		t.Error("no run was ended")
	}
}

// killedOnce runs over a copy of the keeper's directory, ends there, and reports whether
// there was an N-th call.
func killedOnce(t *testing.T, from *keeper, server *repotest.Server, strace, calls, inject string, n int) bool {
	t.Helper()
	k := &keeper{t: t, dir: filepath.Join(tempDir(t), "k")}
	if out, err := exec.Command("cp", "-a", from.dir, k.dir).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, out)
	}
	defer os.RemoveAll(k.dir)
	server.Reset()
	c := exec.CommandContext(t.Context(), strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace="+calls, "-e", fmt.Sprintf("inject=%s:%s:when=%d", calls, inject, n), binary, "sync")
	c.Dir, c.Env = k.dir, environment(k.dir)
	ended := finish(t, c)
	name := fmt.Sprintf("%s of %s number %d", inject, calls, n)
	if ended.code == done {
		return false
	}
	for _, tree := range []string{"full", "part"} {
		if r := k.run("verify", k.published(tree), "--level", "signature"); r.code != done {
			t.Errorf("%s: what is published of %s is broken:\n%s%s\nthe run ended with %d:\n%s", name, tree, r.stdout, r.stderr, ended.code, ended.stderr)
		}
	}
	if r := k.run("sync"); r.code != done {
		t.Errorf("%s: the next run failed: %s", name, r.stderr)
	}
	for _, tree := range []string{"full", "part"} {
		if r := k.run("verify", k.published(tree), "--level", "closure"); r.code != done {
			t.Errorf("%s: after the next run %s is broken:\n%s%s", name, tree, r.stdout, r.stderr)
		}
		if _, err := os.Stat(k.published(tree, "pool/main/m/more/more_1.0_amd64.deb")); err != nil {
			t.Errorf("%s: after the next run: %v", name, err)
		}
	}
	k.sync() // what is retired goes
	if _, err := os.Stat(k.published("full/pool/main/g/gone/gone_1.0_amd64.deb")); err == nil {
		t.Errorf("%s: what upstream no longer has is still there", name)
	}
	if r := k.run("gc"); r.code != done {
		t.Errorf("%s: gc: %s", name, r.stderr)
	}
	if r := k.run("verify", k.published(), "--level", "digest"); r.code != done {
		t.Errorf("%s: after gc:\n%s", name, r.stdout)
	}
	for path, times := range countRequests(server) {
		if times > 1 && inject == "signal=KILL" && filepath.Ext(path) == ".deb" && calls != "write" {
			t.Errorf("%s: %s was fetched %d times", name, path, times)
		}
	}
	return true
}

func countRequests(server *repotest.Server) map[string]int {
	n := map[string]int{}
	for _, r := range server.Requests(allPackages) {
		if r.Status == 200 {
			n[r.Path]++
		}
	}
	return n
}
