package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A lock file is written, seen by plan, and mirrored, while upstream moves.
func TestLock(t *testing.T) {
	r := newRPMs(t, twoPackages)
	r.Publish(r.served)
	c := r.configured("url: URL, keys: KEY", ", packages: app")
	lock := filepath.Join(r.dir, "mirrorkeeper.lock")

	r.want(exitUsage, "not in the lock file", "sync", "-c", c, "--locked")
	r.want(exitUsage, "lock takes whole mirrors", "lock", "m/app", "-c", c)
	r.want(0, "m: locked 2 packages in "+lock+" (2 added, 0 removed)", "lock", "-c", c)
	first := read(t, lock)
	if got := strings.Count(first, "\n"); got != 4 || !strings.Contains(first, `"name":"app","version":"1.0-1"`) {
		t.Errorf("the lock file:\n%s", first)
	}
	r.want(0, "against the lock file 0 packages more, 0 less", "plan", "-c", c)
	r.want(0, "published", "sync", "-c", c, "--locked")

	r.AddText("app 2.0-1 noarch\n Requires: lib\n")
	r.Publish(r.served)
	r.want(0, "- app 1.0-1 noarch (app)\n+ app 2.0-1 noarch (app)\nm: against the lock file 1 packages more, 1 less", "plan", "-c", c)
	r.want(0, `"added": [
          {
            "name": "app",
            "version": "2.0-1",`, "plan", "-c", c, "-o", "json")
	r.want(0, `"changed": false`, "sync", "-c", c, "--locked", "-o", "json")
	if _, err := os.Stat(r.published("Packages/a/app-2.0-1.noarch.rpm")); err == nil {
		t.Error("a package that is not locked was mirrored")
	}
	if again := read(t, lock); again != first {
		t.Error("plan or sync has changed the lock file")
	}
	r.want(0, `"removed": [`, "lock", "-c", c, "-o", "json")

	c = r.configured("url: URL, keys: KEY", ", packages: [app], recommends: false")
	r.want(exitFailed, "of another selection", "sync", "-c", c, "--locked")
	r.want(0, "of another selection", "plan", "-c", c)
	c = r.configured("url: URL, keys: KEY", ", packages: app")
	r.Remove("app")
	r.AddText("app 3.0-1 noarch\n Requires: lib\n")
	r.Publish(r.served)
	r.want(exitFailed, "app 2.0-1 noarch of app: the repository has 3.0-1", "sync", "-c", c, "--locked", "--allow-shrink")

	write(t, lock, first+"<<<<<<< HEAD\n")
	r.want(exitUsage, "mirrorkeeper.lock:5: ", "plan", "-c", c)
	r.want(exitUsage, "mirrorkeeper.lock:5: ", "sync", "-c", c, "--locked")
}

// What the lock file says of other mirrors stays, but for those that are gone.
func TestLockOfSomeMirrors(t *testing.T) {
	r := newRPMs(t, twoPackages)
	r.Publish(r.served)
	more := "\n  n: {from: app, packages: lib}\n  o: {from: app}\n"
	c := r.configured("url: URL, keys: KEY", ", packages: app")
	write(t, c, strings.TrimSpace(read(t, c))+more)
	r.want(0, "n: locked 1 packages", "lock", "n", "-c", c)
	r.want(0, "m: locked 2 packages", "lock", "m", "o", "-c", c)
	lock := read(t, filepath.Join(r.dir, "mirrorkeeper.lock"))
	for _, want := range []string{`{"mirror":"m",`, `{"mirror":"n",`, `{"mirror":"o",`, `{"repository":"app","root":"sha256:`} {
		if strings.Count(lock, want) != 1 {
			t.Errorf("no %s in:\n%s", want, lock)
		}
	}
	r.want(0, "published", "sync", "-c", c, "--locked")
	c = r.configured("url: URL, keys: KEY", ", packages: app")
	r.want(0, "m: locked", "lock", "-c", c)
	if lock := read(t, filepath.Join(r.dir, "mirrorkeeper.lock")); strings.Contains(lock, `"n"`) {
		t.Errorf("a mirror that is gone is locked:\n%s", lock)
	}
}

// With --to, the lock file is in the mirror's directory.
func TestLockFromSystem(t *testing.T) {
	m := newMachine(t)
	m.useApt()
	to := filepath.Join(t.TempDir(), "out")
	system := []string{"--from-system", "--root", m.root, "app"}
	if got := mirrorkeeper(append([]string{"lock"}, system...)...); got.code != exitUsage {
		t.Errorf("without --to: %+v", got)
	}
	for _, command := range [][]string{{"lock", "--to", to}, {"sync", "--to", to, "--locked"}, {"sync", "--to", to}} {
		if got := mirrorkeeper(append(command, system...)...); got.code != 0 {
			t.Errorf("%v: %+v", command, got)
		}
	}
	if got := mirrorkeeper("verify", to, "--level", "closure"); got.code != 0 {
		t.Errorf("the lock file in the mirror: %+v", got)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// Seeds that clients refuse are told with the command line that installs them.
func TestRefusedSeedsAreWarnedOf(t *testing.T) {
	r := newRPMs(t, "app 1.0-1 noarch\napp 2.0-1 noarch\n Requires: none\n")
	r.Publish(r.served)
	c := r.configured("url: URL, keys: KEY", `, packages: [app, "app (= 2.0-1)"]`)
	r.want(exitIncomplete, "warning: client-refuses: app: ", "plan", "-c", c)
	r.want(exitIncomplete, `"command": "dnf install app-1.0-1.noarch"`, "plan", "-c", c, "-o", "json")
	r.want(exitIncomplete, "; this installs it: dnf install app-1.0-1.noarch", "sync", "-c", c)
}

// Packages that exclude each other are both mirrored, unless all are wanted together.
func TestTogether(t *testing.T) {
	r := newRPMs(t, "app 1.0-1 noarch\nother 1.0-1 noarch\n Conflicts: app\n")
	r.Publish(r.served)
	c := r.configured("url: URL, keys: KEY", ", packages: [app, other]")
	r.want(0, "m: 2 packages", "plan", "-c", c)
	if got := mirrorkeeper("plan", "-c", c); got.errs != "" {
		t.Errorf("not together, and yet:\n%s", got.errs)
	}
	r.want(exitIncomplete, "conflicts", "plan", "-c", c, "--together")
	r.want(exitIncomplete, "conflicts", "sync", "-c", c, "--together")
	c = r.configured("url: URL, keys: KEY", ", packages: [app, other], together: true, strict: true")
	r.want(exitFailed, "cannot be installed in a strict mirror", "sync", "-c", c)
}
