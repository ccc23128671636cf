package e2e_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// aptRoot is an empty machine as apt sees it: it reads nothing of this machine's
// configuration, and knows only its own sources.
type aptRoot struct {
	t   *testing.T
	dir string
}

// aptConfiguration makes apt and dpkg work in the root alone. Languages, dates and
// signatures are checked as apt does by default, and every download that fails is
// an error. The targets are those that the packages appstream and
// command-not-found add on desktops.
const aptConfiguration = `
Dir "%[1]s";
Dir::State::status "%[1]s/var/lib/dpkg/status";
Dir::Bin::dpkg "/usr/bin/dpkg";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::http::Proxy "DIRECT";
Acquire::Retries "0";
DPkg::Options { "--root=%[1]s"; "--log=%[1]s/dpkg.log"; "--force-not-root"; "--force-bad-path"; };
Acquire::IndexTargets {
  deb::DEP-11 {
    MetaKey "$(COMPONENT)/dep11/Components-$(NATIVE_ARCHITECTURE).yml";
    ShortDescription "Components-$(NATIVE_ARCHITECTURE)";
    Description "$(RELEASE)/$(COMPONENT) $(NATIVE_ARCHITECTURE) DEP-11 Metadata";
  };
  deb::DEP-11-icons-small {
    MetaKey "$(COMPONENT)/dep11/icons-48x48.tar";
    ShortDescription "icons-48x48";
    Description "$(RELEASE)/$(COMPONENT) DEP-11 48x48 Icons";
  };
  deb::CNF {
    MetaKey "$(COMPONENT)/cnf/Commands-$(NATIVE_ARCHITECTURE)";
    ShortDescription "Commands-$(NATIVE_ARCHITECTURE)";
    Description "$(RELEASE)/$(COMPONENT) $(NATIVE_ARCHITECTURE) c-n-f Metadata";
  };
};
`

// newApt makes a root with lines of sources.list(5).
func newApt(t *testing.T, sources ...string) *aptRoot {
	t.Helper()
	need(t, "apt-get")
	a := &aptRoot{t: t, dir: tempDir(t)}
	for _, file := range []string{
		"etc/apt/sources.list.d/.keep", "etc/apt/apt.conf.d/.keep", "etc/apt/preferences.d/.keep", "etc/apt/trusted.gpg.d/.keep",
		"var/lib/apt/lists/partial/.keep", "var/cache/apt/archives/partial/.keep", "var/lib/dpkg/updates/.keep", "var/lib/dpkg/info/.keep",
		"var/log/apt/.keep", "var/lib/dpkg/status",
	} {
		write(t, filepath.Join(a.dir, file), "")
	}
	write(t, filepath.Join(a.dir, "apt.conf"), fmt.Sprintf(aptConfiguration, a.dir))
	a.sources(sources...)
	return a
}

func (a *aptRoot) sources(lines ...string) {
	a.t.Helper()
	write(a.t, filepath.Join(a.dir, "etc/apt/sources.list"), strings.Join(lines, "\n")+"\n")
}

// debLine is a line of sources.list for amd64; its suite and components default to
// "stable main".
func debLine(key, url string, suite ...string) string {
	if len(suite) == 0 {
		suite = []string{"stable", "main"}
	}
	return fmt.Sprintf("deb [signed-by=%s arch=amd64] %s %s", key, url, strings.Join(suite, " "))
}

// run runs a program of apt's in the root and returns all that it says.
func (a *aptRoot) run(program string, args ...string) (string, error) {
	c := exec.CommandContext(a.t.Context(), program, args...)
	c.Dir, c.Env = a.dir, environment(a.dir, "APT_CONFIG="+filepath.Join(a.dir, "apt.conf"))
	out, err := c.CombinedOutput()
	return string(out), err
}

var complaint = regexp.MustCompile(`(?m)^[WE]: `)

// update wants apt-get update to succeed without a word of warning.
func (a *aptRoot) update() {
	a.t.Helper()
	if out, err := a.run("apt-get", "update"); err != nil || complaint.MatchString(out) {
		a.t.Fatalf("apt-get update: %v\n%s", err, out)
	}
}

// simulates wants each of the packages to be installable, by itself.
func (a *aptRoot) simulates(packages ...string) {
	a.t.Helper()
	for _, p := range packages {
		if out, err := a.run("apt-get", "install", "-s", p); err != nil {
			a.t.Errorf("apt-get install -s %s: %v\n%s", p, err, out)
		}
	}
}

// install installs the packages for real, without what they recommend, and returns
// the names of all that is installed then.
func (a *aptRoot) install(packages ...string) []string {
	a.t.Helper()
	needRoot(a.t)
	if out, err := a.run("apt-get", append([]string{"install", "-y", "--no-install-recommends"}, packages...)...); err != nil {
		a.t.Errorf("apt-get install %s: %v\n%s", strings.Join(packages, " "), err, out)
	}
	out, err := a.run("dpkg-query", "--admindir="+filepath.Join(a.dir, "var/lib/dpkg"), "-W", "-f", "${Package}\n")
	if err != nil {
		a.t.Errorf("dpkg-query: %v\n%s", err, out)
	}
	names := strings.Fields(out)
	slices.Sort(names)
	return slices.Compact(names)
}

// available are the names of all packages that apt knows.
func (a *aptRoot) available() []string {
	a.t.Helper()
	out, err := a.run("apt-cache", "dumpavail")
	if err != nil {
		a.t.Fatalf("apt-cache dumpavail: %v\n%s", err, out)
	}
	var names []string
	for line := range strings.Lines(out) {
		if name, ok := strings.CutPrefix(line, "Package: "); ok {
			names = append(names, strings.TrimSpace(name))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// version is the version of the package that apt would install, "" for none.
func (a *aptRoot) version(name string) string {
	a.t.Helper()
	out, err := a.run("apt-cache", "policy", name)
	if err != nil {
		a.t.Fatalf("apt-cache policy: %v\n%s", err, out)
	}
	for line := range strings.Lines(out) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "Candidate: "); ok {
			return strings.TrimSuffix(v, "(none)")
		}
	}
	return ""
}
