// Package e2e_test runs the program as people do, beside the real apt, dpkg,
// dnf, zypper, rpm, nginx, squid and debootstrap, over tiny repositories made by
// package repotest.
//
// Tests that take long, or that fetch much, run in full with PROVE=1 only.
package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// binary is the program under test, beside which the others are. TestMain sets it, once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "mirrorkeeper-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "mirrorkeeper")
	// As packages have it. The checkout may belong to another user, whom git does not trust.
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", dir+"/", "../cmd/mirrorkeeper", "../cmd/fuel-createmirror")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// need returns the path of a program of the machine. Without it the test is
// skipped, or fails where everything has to be there.
func need(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/local/sbin", "/usr/sbin", "/sbin") {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	absent(t, "%s is not installed; scripts/install-tools.sh test installs it", name)
	return ""
}

// absent ends a test for which the machine lacks something.
func absent(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// needRoot ends a test that only root can do.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		absent(t, "needs root")
	}
}

// proving reports whether long proofs run in full.
func proving() bool { return os.Getenv("PROVE") == "1" }

// environment is that of every program a test starts: nothing of the user's
// settings, and no proxy.
func environment(home string, more ...string) []string {
	env := []string{"HOME=" + home, "LC_ALL=C.UTF-8", "TZ=UTC", "DEBIAN_FRONTEND=noninteractive"}
	for _, e := range os.Environ() {
		if strings.HasPrefix(e, "PATH=") {
			env = append(env, e+":/usr/local/sbin:/usr/sbin:/sbin")
		}
	}
	return append(env, more...)
}
