package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// packaged is where scripts/packages.sh has put packages of mirrorkeeper itself.
type packaged struct {
	dist, deb, rpm string
}

// makePackages makes packages of the version, as make packages does.
func makePackages(t *testing.T, version string) packaged {
	t.Helper()
	p := packaged{dist: tempDir(t)}
	c := exec.CommandContext(t.Context(), "../scripts/packages.sh")
	c.Env = append(withNfpm(t), "DIST="+p.dist, "VERSION="+version, "ARCHITECTURES=amd64", "SOURCE_DATE_EPOCH=1764547200")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("packages.sh: %v\n%s", err, out)
	}
	p.find(t)
	return p
}

// again packs the same files as another version.
func (p packaged) again(t *testing.T, version string) packaged {
	t.Helper()
	for _, format := range []string{"deb", "rpm"} {
		c := exec.CommandContext(t.Context(), nfpm(t), "package", "--config", "package/nfpm.yaml", "--packager", format, "--target", "../packages/")
		c.Dir = filepath.Join(p.dist, "stage")
		c.Env = append(withNfpm(t), "VERSION="+version, "ARCHITECTURE=amd64", "SOURCE_DATE_EPOCH=1764547200")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("nfpm: %v\n%s", err, out)
		}
	}
	p.deb = strings.ReplaceAll(p.deb, "1.0.0", version)
	p.rpm = strings.ReplaceAll(p.rpm, "1.0.0", version)
	return p
}

func (p *packaged) find(t *testing.T) {
	t.Helper()
	for pattern, path := range map[string]*string{"mirrorkeeper_*.deb": &p.deb, "mirrorkeeper-*.rpm": &p.rpm} {
		found, err := filepath.Glob(filepath.Join(p.dist, "packages", pattern))
		if err != nil || len(found) != 1 {
			t.Fatalf("%d packages %s were made", len(found), pattern)
		}
		*path = found[0]
	}
}

// nfpm is the tool that make test builds.
func nfpm(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../bin/tools/nfpm")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		absent(t, "nfpm is not there; make packages builds it")
	}
	return path
}

// withNfpm is this machine's environment, for builds.
func withNfpm(t *testing.T) []string {
	t.Helper()
	return append(os.Environ(), "PATH="+filepath.Dir(nfpm(t))+":"+os.Getenv("PATH")+":/usr/local/sbin:/usr/sbin:/sbin")
}

var library = regexp.MustCompile(`(/[^ ]+) \(0x`)

// populate puts programs of this machine into a root, with the libraries that they need.
func populate(t *testing.T, root string, programs ...string) {
	t.Helper()
	for _, name := range programs {
		program := need(t, name)
		out, err := exec.CommandContext(t.Context(), "ldd", program).CombinedOutput()
		if err != nil {
			t.Fatalf("ldd %s: %v\n%s", program, err, out)
		}
		copyFile(t, program, filepath.Join(root, "usr/bin", name))
		for _, m := range library.FindAllStringSubmatch(string(out), -1) {
			copyFile(t, m[1], filepath.Join(root, m[1]))
		}
	}
	for _, name := range []string{"sh", "kill"} {
		copyFile(t, filepath.Join(root, "usr/bin", name), filepath.Join(root, "bin", name))
	}
	write(t, filepath.Join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n")
	write(t, filepath.Join(root, "etc/group"), "root:x:0:\n")
	write(t, filepath.Join(root, "srv/.keep"), "")
	proc := filepath.Join(root, "proc")
	if err := os.MkdirAll(proc, 0o555); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "proc", "proc", proc).CombinedOutput(); err != nil {
		absent(t, "mount %s: %v\n%s", proc, err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", proc).Run() })
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	if err == nil {
		err = os.WriteFile(to, data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// scripted are the programs that the scripts of the packages, and their units, run.
var scripted = []string{"sh", "kill", "rm", "find", "systemd-sysusers", "systemd-tmpfiles"}

// installedIn is what has to be true of a root with the package.
func installedIn(t *testing.T, root string, p packaged) {
	t.Helper()
	copyFile(t, p.deb, filepath.Join(root, "srv/in", filepath.Base(p.deb)))
	inside := func(program string, args ...string) string {
		c := exec.CommandContext(t.Context(), "chroot", append([]string{root, program}, args...)...)
		c.Env = []string{"PATH=/usr/bin:/bin", "HOME=/root", "LC_ALL=C.UTF-8"}
		out, err := c.CombinedOutput()
		if err != nil {
			t.Errorf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	if out := inside("mirrorkeeper", "version"); !strings.HasPrefix(out, "mirrorkeeper 1.0.0 ") {
		t.Errorf("the program calls itself %q", out)
	}
	// The configuration that is there asks for nothing, and is in nobody's way.
	inside("mirrorkeeper", "create", "ours", "--type", "deb", "--destination", "/srv/repo", "/srv/in")
	if out, err := exec.CommandContext(t.Context(), "chroot", root, "/usr/bin/mirrorkeeper", "sync").CombinedOutput(); err == nil || !strings.Contains(string(out), "/etc/mirrorkeeper/mirrorkeeper.yaml") {
		t.Errorf("sync with the configuration of the package: %v\n%s", err, out)
	}
	for _, path := range []string{
		"usr/share/man/man1/mirrorkeeper-sync.1.gz", "usr/share/man/man1/check_mirror.1.gz", "usr/share/man/man5/mirrorkeeper.yaml.5.gz",
		"usr/share/bash-completion/completions/mirrorkeeper", "usr/share/fish/vendor_completions.d/mirrorkeeper.fish",
	} {
		if _, err := os.Stat(filepath.Join(root, path)); err != nil {
			t.Error(err)
		}
	}
	passwd, err := os.ReadFile(filepath.Join(root, "etc/passwd"))
	if err != nil || !strings.Contains(string(passwd), "\nmirrorkeeper:") {
		t.Errorf("there is no user mirrorkeeper: %v\n%s", err, passwd)
	}
	info, err := os.Stat(filepath.Join(root, "var/lib/mirrorkeeper"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the state directory: %v, %v", err, info)
	}
	programs, err := filepath.Glob("../cmd/*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, main := range programs {
		name := filepath.Base(filepath.Dir(main))
		if out, err := exec.CommandContext(t.Context(), "ldd", filepath.Join(root, "usr/bin", name)).CombinedOutput(); !strings.Contains(string(out), "not a dynamic executable") {
			t.Errorf("%s is not static: %v\n%s", name, err, out)
		}
	}
	if link, err := os.Readlink(filepath.Join(root, "usr/bin/fuel-create-mirror")); link != "fuel-createmirror" {
		t.Errorf("fuel-create-mirror leads to %q: %v", link, err)
	}
	unitsOf(t, root)
}

// unitsOf wants systemd to find nothing wrong with the units in the root, and little that
// they expose.
func unitsOf(t *testing.T, root string) {
	t.Helper()
	analyze := need(t, "systemd-analyze")
	units, err := filepath.Glob(filepath.Join(root, "usr/lib/systemd/system/mirrorkeeper-*"))
	if err != nil || len(units) < 3 {
		t.Fatalf("there are %d units", len(units))
	}
	for _, unit := range units {
		name := strings.Replace(filepath.Base(unit), "@.", "@web.", 1)
		c := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", "--recursive-errors=no", "--root="+root, name)
		if out, err := c.CombinedOutput(); err != nil || strings.Contains(string(out), "mirrorkeeper") {
			t.Errorf("systemd-analyze verify %s: %v\n%s", name, err, out)
		}
		if filepath.Ext(unit) != ".service" {
			continue
		}
		// 20 stands for 2.0, where systemd says OK; 10.0 is a service that may do everything.
		c = exec.CommandContext(t.Context(), analyze, "security", "--offline=yes", "--threshold=20", "--root="+root, name)
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("systemd-analyze security %s: %v\n%s", name, err, out)
		}
	}
}

// TestPackagesOfMirrorkeeper makes packages of the program, puts them into repositories by
// the program, and lets apt and dnf install, upgrade and remove them.
func TestPackagesOfMirrorkeeper(t *testing.T) {
	t.Parallel()
	needRoot(t)
	p := makePackages(t, "1.0.0")
	t.Run("lint", func(t *testing.T) {
		c := exec.CommandContext(t.Context(), need(t, "lintian"), "--allow-root", "--fail-on", "error", "--suppress-tags", "initial-upload-closes-no-bugs", p.deb)
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("lintian: %v\n%s", err, out)
		}
		c = exec.CommandContext(t.Context(), need(t, "rpmlint"), "-c", "../deploy/package/rpmlint.toml", p.rpm)
		if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), " 0 errors") {
			t.Errorf("rpmlint: %v\n%s", err, out)
		}
	})
	t.Run("same bytes", func(t *testing.T) {
		want := [2]string{read(t, p.deb), read(t, p.rpm)}
		q := p
		if proving() {
			q = makePackages(t, "1.0.0") // in another place, of sources that are built anew
		} else {
			p.again(t, "1.0.0")
		}
		if read(t, q.deb) != want[0] || read(t, q.rpm) != want[1] {
			t.Error("packages of the same sources differ")
		}
	})
	newer := p.again(t, "1.1.0")
	t.Run("apt", func(t *testing.T) { testDeb(t, p, newer) })
	t.Run("dnf", func(t *testing.T) { testRPM(t, p, newer) })
}

const edited = "# edited by the administrator\n"

func testDeb(t *testing.T, p, newer packaged) {
	m := newMaker(t, "deb")
	m.add("systemd 252 amd64\n")
	m.creates(done, p.deb, m.in())
	a := m.client().(*aptRoot)
	populate(t, a.dir, scripted...)
	a.update()
	a.install("mirrorkeeper")
	installedIn(t, a.dir, p)

	config := filepath.Join(a.dir, "etc/mirrorkeeper/mirrorkeeper.yaml")
	write(t, config, edited)
	write(t, filepath.Join(a.dir, "var/lib/mirrorkeeper/history.sqlite"), "")
	m.creates(done, "--add", newer.deb)
	a.update()
	does := func(args ...string) {
		t.Helper()
		if out, err := a.run("apt-get", append([]string{"-y"}, args...)...); err != nil {
			t.Errorf("apt-get %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	does("upgrade")
	if out, err := a.run("dpkg-query", "--admindir="+filepath.Join(a.dir, "var/lib/dpkg"), "-W", "-f", "${Version}", "mirrorkeeper"); err != nil || out != "1.1.0-1" {
		t.Errorf("after the upgrade the version is %q (%v)", out, err)
	}
	if got := read(t, config); got != edited {
		t.Errorf("the upgrade changed the configuration: %q", got)
	}
	does("remove", "mirrorkeeper")
	if got := read(t, config); got != edited {
		t.Errorf("removing the package changed the configuration: %q", got)
	}
	gone(t, a.dir, "usr/bin/mirrorkeeper")
	there(t, a.dir, "var/lib/mirrorkeeper/history.sqlite")

	// A signing key in the state directory keeps it; else a purge takes it, and never mirrors.
	key := filepath.Join(a.dir, "var/lib/mirrorkeeper/release-key.asc")
	write(t, key, "")
	does("purge", "mirrorkeeper")
	there(t, a.dir, "var/lib/mirrorkeeper/release-key.asc")
	gone(t, a.dir, "etc/mirrorkeeper")
	does("install", "mirrorkeeper")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	does("purge", "mirrorkeeper")
	gone(t, a.dir, "var/lib/mirrorkeeper")
	there(t, a.dir, "srv/repo/ours")
}

func testRPM(t *testing.T, p, newer packaged) {
	m := newMaker(t, "rpm")
	m.add("systemd 252 x86_64\n Provides: /bin/sh\n")
	m.creates(done, p.rpm, m.in())
	d := m.client().(*dnfRoot)
	root := filepath.Join(d.dir, "root")
	populate(t, root, scripted...)
	d.update()
	d.install("mirrorkeeper")
	installedIn(t, root, p)

	config := filepath.Join(root, "etc/mirrorkeeper/mirrorkeeper.yaml")
	write(t, config, edited)
	m.creates(done, "--add", newer.rpm)
	d.does("upgrade", "--refresh", "mirrorkeeper")
	if got := read(t, config); got != edited {
		t.Errorf("the upgrade changed the configuration: %q", got)
	}
	d.does("remove", "mirrorkeeper")
	if got := read(t, config+".rpmsave"); got != edited {
		t.Errorf("removing the package lost the configuration: %q", got)
	}
	gone(t, root, "usr/bin/mirrorkeeper")
	there(t, root, "var/lib/mirrorkeeper")
	there(t, root, "srv/repo/ours")
}

func gone(t *testing.T, root, path string) {
	t.Helper()
	if _, err := os.Lstat(filepath.Join(root, path)); err == nil {
		t.Errorf("%s is still there", path)
	}
}

func there(t *testing.T, root, path string) {
	t.Helper()
	if _, err := os.Lstat(filepath.Join(root, path)); err != nil {
		t.Errorf("%s is gone", path)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return string(data)
}
