package e2e_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// zypperRoot is an empty machine as zypper sees it.
type zypperRoot struct {
	t   *testing.T
	dir string
}

// newZypper makes a root with repositories.
func newZypper(t *testing.T, repositories ...string) *zypperRoot {
	t.Helper()
	need(t, "zypper")
	z := &zypperRoot{t: t, dir: tempDir(t)}
	write(t, filepath.Join(z.dir, "root/etc/zypp/repos.d/test.repo"), strings.Join(repositories, "\n"))
	write(t, filepath.Join(z.dir, "zypp.conf"), "[main]\narch = x86_64\n")
	return z
}

// zypperRepository is a section of a .repo file.
func zypperRepository(name, key, url string) string {
	return fmt.Sprintf("[%[1]s]\nname=%[1]s\nenabled=1\nautorefresh=1\nbaseurl=%[2]s\ntype=rpm-md\nrepo_gpgcheck=1\npkg_gpgcheck=0\ngpgkey=file://%[3]s\n", name, url, key)
}

// does wants zypper to succeed, and returns what it says.
func (z *zypperRoot) does(args ...string) string {
	z.t.Helper()
	args = append([]string{"--root", filepath.Join(z.dir, "root"), "--non-interactive", "--gpg-auto-import-keys"}, args...)
	c := exec.CommandContext(z.t.Context(), need(z.t, "zypper"), args...)
	c.Dir, c.Env = z.dir, environment(z.dir, "ZYPP_CONF="+filepath.Join(z.dir, "zypp.conf"))
	out, err := c.CombinedOutput()
	if err != nil {
		z.t.Errorf("zypper %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (z *zypperRoot) update() {
	z.t.Helper()
	z.does("refresh", "--force")
}

// install installs the packages for real, without what they recommend, and returns
// the names of all that is installed then.
func (z *zypperRoot) install(packages ...string) []string {
	z.t.Helper()
	needRoot(z.t)
	z.does(append([]string{"install", "--no-recommends"}, packages...)...)
	return installedRPMs(z.t, z.dir)
}
